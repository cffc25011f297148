"""A polars frame is a sheet like any other."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from importer.model import BROKEN, KIND_PREFIX, ROW, Kind, SourceOptions
from importer.sources import open_source

NOON = dt.datetime(2024, 5, 31, 12, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("cells", "texts", "kind"),
    [
        (pl.Series(["007", " ", None]), ["007", None, None], None),
        (pl.Series([1, -2, None]), ["1", "-2", None], Kind.NUMBER),
        (pl.Series([2**53, -(2**53)]), ["9007199254740992", "-9007199254740992"], Kind.NUMBER),
        (pl.Series([2**64 - 1], dtype=pl.UInt64), ["18446744073709551615"], Kind.TEXT),
        (pl.Series([19.99, 5.0, 1e-7, None]), ["19.99", "5", "0.0000001", None], Kind.NUMBER),
        (pl.Series([0.1 + 0.2, 6.6 * 3, 19.999999999999996]), ["0.3", "19.8", "20"], Kind.NUMBER),
        (pl.Series([1234567890123456.5, 123456.123456789]), ["1234567890123456.5", "123456.123456789"], Kind.NUMBER),
        (pl.Series([0.1], dtype=pl.Float32), ["0.1"], Kind.NUMBER),
        (pl.Series([Decimal("19.90")]), ["19.90"], Kind.NUMBER),
        (pl.Series([True, False, None]), ["TRUE", "FALSE", None], Kind.BOOLEAN),
        (pl.Series([dt.date(2024, 5, 31)]), ["2024-05-31"], Kind.DATE),
        (pl.Series([NOON.replace(tzinfo=None)]), ["2024-05-31T12:00:00"], Kind.DATE),
        (pl.Series([NOON]), ["2024-05-31T10:00:00.000Z"], Kind.DATE),
        (pl.Series([dt.time(8, 15)]), ["08:15:00"], None),
        (pl.Series([dt.timedelta(hours=30, seconds=5)]), ["30:00:05"], None),
        (pl.Series([-dt.timedelta(minutes=90)]), ["-01:30:00"], None),
        (pl.Series(["a", "b"], dtype=pl.Categorical), ["a", "b"], None),
        (pl.Series([None, None]), [None, None], None),
    ],
)
def test_cells_of_any_type_have_one_text(cells: pl.Series, texts: list[str | None], kind: Kind | None) -> None:
    """Canonical, as from a workbook, with the kind beside it."""
    frame = pl.DataFrame({"x": cells, "y": "-"})
    with open_source(frame, SourceOptions()) as source:
        batch = pl.concat(source.batches())
        assert batch["x"].to_list() == texts
        assert (KIND_PREFIX + "x" in batch.columns) == (kind is not None)
        if kind is not None:
            assert set(batch[KIND_PREFIX + "x"].drop_nulls()) == {kind}


def test_what_is_no_number_is_an_error_cell() -> None:
    """NaN and infinity are told, not sent."""
    with open_source(pl.DataFrame({"x": [float("nan"), float("inf"), 1.0]}), SourceOptions()) as source:
        assert next(source.batches()).select("x", KIND_PREFIX + "x").rows() == [
            ("NaN", Kind.ERROR),
            ("inf", Kind.ERROR),
            ("1", Kind.NUMBER),
        ]


def test_rows_count_as_if_there_were_a_header() -> None:
    """The first row is row 2, unless the frame numbers its rows itself; blank ones are left out."""
    with open_source(pl.DataFrame({"x": ["a", None, "c"]}), SourceOptions()) as source:
        assert (source.name, source.columns, source.ours) == ("<frame>", ("x",), False)
        assert source.detected == "<frame>: rows 3, columns 1"
        assert next(source.batches()).rows() == [("a", 2, None), ("c", 4, None)]
    with open_source(pl.DataFrame({"_row": [70, 9], "x": ["a", "b"]}), SourceOptions(), name="mine") as source:
        assert (source.name, source.columns) == ("mine", ("x",))
        assert next(source.batches()).select(ROW, "x").rows() == [(70, "a"), (9, "b")]


@pytest.mark.parametrize("cell", [["a"], {"a": 1}, b"a"])
def test_columns_that_cannot_be_cells_are_left_out_and_named(cell: object) -> None:
    """Nothing is wrong with them as long as the mapping does not ask for them."""
    with open_source(pl.DataFrame({"x": ["a"], "odd": [cell]}), SourceOptions()) as source:
        assert source.columns == ("x",)
        assert list(source.unreadable) == ["odd"]
        assert "left out: odd (" in source.detected
        assert pl.concat(source.batches()).get_column("x").to_list() == ["a"]


def test_batches_are_bounded_and_alike() -> None:
    """The same columns in each, and each row once."""
    frame = pl.DataFrame({"x": range(1000), "y": "text"})
    with open_source(frame, SourceOptions(null_values=("999",)), block_bytes=500) as source:
        batches = list(source.batches())
        assert len(batches) > 10
        assert pl.concat(batches)[ROW].to_list() == list(range(2, 1002))
        assert pl.concat(batches)["x"][-1] is None
        assert all(batch.columns == ["x", "y", ROW, KIND_PREFIX + "x", BROKEN] for batch in batches)
        assert [batch.rows() for batch in source.batches()] == [batch.rows() for batch in batches]
