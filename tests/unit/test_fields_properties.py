"""What holds for any text in any field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from importer.fields import Context, reference_table
from importer.model import Kind
from importer.schema import WRITABLE_TYPES
from importer.schema.reading import day_of, instant_of, normalised, number_of

if TYPE_CHECKING:
    from tests.unit.conftest import Coercion

PEOPLE = Context(
    references=reference_table("Authors", "name", [("Ada", "1"), ("Bob", "2"), ("bob", "3")]),
    base_url="https://old.example/blog/",
    timezone="Europe/Berlin",
)
LIMITS: dict[str, dict[str, Any]] = {
    "PlainText": {"singleLine": True, "minLength": 2, "maxLength": 9},
    "RichText": {"maxLength": 9},
    "Number": {"precision": 2, "minValue": -5, "maxValue": 1e6, "allowZero": False},
    "Option": {"options": [{"id": "a1", "name": "Red"}, {"id": "b2", "name": "red "}, {"id": "c3", "name": "0"}]},
    "Image": {"acceptedExtensions": ["jpg"]},
}
LIKELY = st.sampled_from([
    "", " ", "\u00a0", "Ada", "bob", "Red", "red ", "yes", "0", "1,234.50", "-3", "0.001", "9" * 17, "2024-05-31",
    "a@b.de", "2024-03-31T02:30", "31/05/2024", "https://a.de/x y.jpg", "https://a.de/x.pdf", "/x", "x;y", "Ada;;bob",
    "#fff", "rgb(1,2,3)", "<a href='/x'>y</a>", "+49 30 123", "tel:1", "a\nb", "//[", "http://[", "<", "&",
])  # fmt: skip
TYPES = st.sampled_from(sorted(WRITABLE_TYPES))
CELL = st.one_of(st.none(), LIKELY, st.text(max_size=12), st.text(alphabet="0123456789.,-+ €%\u00a0eT:/Z", max_size=12))


def _rebuilt(text: str, decimal: str) -> float | None:
    """Read a number by other means: groups are split by hand, the rest is Decimal's."""
    point, comma = (",", ".") if decimal == "," else (".", ",")
    whole, _, fraction = text.partition(point)
    first, *groups = whole.split(comma)
    if (
        comma in fraction
        or fraction[:1] in {"+", "-"}
        or any(len(group) != 3 or not group.isdigit() for group in groups)
    ):
        return None
    if groups and not 1 <= len(first.lstrip("+-")) <= 3:
        return None
    try:
        return float(Decimal(f"{first}{''.join(groups)}.{fraction}"))
    except InvalidOperation:
        return None


@settings(max_examples=60, deadline=None)
@given(kind=TYPES, cells=st.lists(CELL, max_size=8), required=st.booleans())
def test_a_value_or_a_problem_or_nothing(coerced: Coercion, kind: str, cells: list[str | None], required: bool) -> None:
    """No text raises; a cell has a value, or a problem, or is empty, and a cell with a problem has no value."""
    outcomes = coerced(kind, cells, limits=LIMITS.get(kind), context=PEOPLE, required=required)
    for cell, outcome in zip(cells, outcomes, strict=True):
        blank = not (cell or "").strip() or (kind.startswith("Multi") and not (cell or "").strip("; \u00a0\r\n\t"))
        if outcome.codes:
            assert outcome.value is None
        elif outcome.value is None:
            assert not (cell or "").strip(";" if kind.startswith("Multi") else None).replace(";", "").strip()
        if blank:
            assert outcome.value is None
        assert len(set(outcome.codes)) == len(outcome.codes) or kind == "Number"


@settings(max_examples=60, deadline=None)
@given(kind=TYPES, cells=st.lists(CELL, min_size=2, max_size=4))
def test_a_batch_is_its_rows(coerced: Coercion, kind: str, cells: list[str | None]) -> None:
    """Where batches are cut changes nothing: all rows together are read as each alone."""
    together = coerced(kind, cells, limits=LIMITS.get(kind), context=PEOPLE)
    assert together == [coerced(kind, [cell], limits=LIMITS.get(kind), context=PEOPLE)[0] for cell in cells]


@settings(max_examples=50, deadline=None)
@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4),
    st.sampled_from([".", ","]),
    st.sampled_from(["{}", " {} ", "€ {}", "{}\u00a0€", "{} %"]),
    st.booleans(),
)
@example(Decimal("19.99"), ",", "{}", False)
def test_written_number_is_the_number_read(number: Decimal, decimal: str, frame: str, separated: bool) -> None:
    """A decimal written in any of the ways that people write it is read as the nearest JSON number."""
    text = f"{number:,}" if separated else f"{number:f}"
    if decimal == ",":
        text = text.translate(str.maketrans(",.", ".,"))
    cells = pl.DataFrame({"cell": [frame.format(text)]})
    read = cells.select(number_of(pl.col("cell"), decimal)).item()
    assert repr(read) == repr(float(number) + 0.0)


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet="0123456789.,-+", max_size=8), st.sampled_from([".", ","]))
@example("1,234", ".")
@example("12,345,67", ".")
def test_numbers_agree_with_an_oracle(text: str, decimal: str) -> None:
    """What Python's Decimal reads is read alike, and where it reads nothing, nothing is read."""
    read = pl.DataFrame({"cell": [text]}).select(number_of(pl.col("cell"), decimal)).item()
    assert read == _rebuilt(text, decimal)


@settings(max_examples=50, deadline=None)
@given(
    st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29)),  # noqa: DTZ001 - a wall clock's time
    st.sampled_from(["T", " "]),
    st.sampled_from(["auto", "seconds", "milliseconds", "microseconds", "minutes"]),
    st.one_of(st.none(), st.integers(-14 * 60, 14 * 60)),
)
def test_dates_agree_with_an_oracle(moment: datetime, separator: str, detail: str, offset: int | None) -> None:
    """Whatever Python writes as ISO 8601 is read as the same instant and the same day."""
    zoned = moment if offset is None else moment.replace(tzinfo=timezone(timedelta(minutes=offset)))
    text = zoned.isoformat(separator, detail)
    meant = datetime.fromisoformat(text)
    meant = meant if meant.tzinfo else meant.replace(tzinfo=UTC)
    instant, day = pl.DataFrame({"cell": [text]}).select(
        instant_of(pl.col("cell")).alias("instant"), day_of(pl.col("cell")).alias("day")
    ).row(0)  # fmt: skip
    assert (instant, day) == (meant.astimezone(UTC), moment.date())


@settings(max_examples=50, deadline=None)
@given(
    st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2036, 1, 1)),  # noqa: DTZ001 - a wall clock's time
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
)
@example(datetime(2024, 3, 31, 2, 30), "Europe/Berlin")  # noqa: DTZ001 - a time that is skipped
@example(datetime(2024, 10, 27, 2, 30), "Europe/Berlin")  # noqa: DTZ001 - a time that comes twice
def test_wall_clocks_agree_with_an_oracle(moment: datetime, zone: str) -> None:
    """A time without a zone is that of `timezone`: skipped times are none, of doubled ones it is the earlier."""
    meant = moment.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
    skipped = meant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != moment
    cells = pl.DataFrame({"cell": [moment.isoformat()]})
    read = cells.select(instant_of(pl.col("cell"), timezone=zone)).item()
    assert read == (None if skipped else meant)


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_names_are_compared_in_one_form(name: str) -> None:
    """The form of comparison does not change when it is taken again, nor with case and outer blanks of ASCII."""
    cells = pl.DataFrame({"cell": [name, f" {name}\t"]})
    once = cells.select(normalised(pl.col("cell"))).to_series()
    assert once[0] == once[1]
    assert once.to_frame("cell").select(normalised(pl.col("cell"))).to_series().to_list() == once.to_list()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(st.characters(exclude_categories=["C"]), max_size=5), st.sampled_from(["1", "2", "3"])),
        max_size=8,
    )
)
def test_every_item_is_found_by_its_own_name(coerced: Coercion, pairs: list[tuple[str, str]]) -> None:
    """Each name finds its item, unless others have that name too; blank names find nothing."""
    table = reference_table("Authors", "name", pairs)
    outcomes = coerced("Reference", [name for name, _ in pairs], context=Context(references=table))
    for (name, item), outcome in zip(pairs, outcomes, strict=True):
        assert outcome.value in {item, None}
        assert outcome.codes in {(), ("reference_ambiguous",)}
        assert (outcome.value is None) == (outcome.codes != () or not name.strip())


def test_kinds_may_be_missing(coerced: Coercion) -> None:
    """A cell whose kind is not known is text."""
    assert coerced("Number", ["1,5"], kinds=[Kind.TEXT], context=Context(decimal=","))[0].value == 1.5
