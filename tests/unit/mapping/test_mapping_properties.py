"""What holds for any sheet: nothing raises, batches do not matter, every row is good or has a problem."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.mapping import items_of, problems_of
from importer.model import ROW, Kind
from importer.schema.content import ARCHIVED, archived_part, parts, readable
from tests.unit.mapping.conftest import Workshop, frame_of

if TYPE_CHECKING:
    from importer.mapping import Compiled, Mapped

TEXT = """
key = { from = "A", else = "B" }
[source]
decimal = ","
dates = ["%d.%m.%Y"]
base_url = "https://old.example"
[where]
A = { not = ["total", { like = "x*" }] }
[lookup.size]
S = "Small"
[fields]
name = { template = "{A}[ ({B})]", else = "C" }
slug = { from = "A", else = { from = "B", transform = ["slugify"] } }
text = { from = ["A", "B"], transform = ["strip_html", { truncate = 20 }], default = "none" }
more = { from = "B", split = "json", pick = "all", join = "; " }
sku = { from = "C", split = "csv", pick = "rest", join = "," }
html = { from = "B", transform = ["markdown", "html_clean"] }
price = { from = ["B", "A"], transform = ["number", { multiply = 2 }, { round = 1 }] }
count = { from = ["A", "B", "C"], pick = "count" }
starts = { from = "C", format = ["%d.%m.%Y", "unix"], else = { value = 2024-05-31 } }
on-sale = { when = [{ A = { min = 5 } }, { C = { max = "today" } }] }
size = { from = "B", transform = [{ lookup = "size", missing = "skip" }] }
link = { from = "A", when = { A = { like = "http*" } } }
photo = { from = ["A", "B"], alt = ["B", "C"] }
gallery = { from = ["A", "C"], alt = ["B", "B"], else = { from = "B", transform = ["urls"] } }
author = { from = "A", missing = "skip" }
tags = { from = "B", split = "|", transform = ["title", { extract_all = "[a-z]+" }], missing = "skip" }
[item]
draft = "C"
archived = { when = { B = { empty = true } } }
locale = { from = "C", when = { C = { like = "??*" } } }
"""
TEXT = TEXT.replace('not = ["total", { like = "x*" }]', 'not = ["total"]')

COLUMNS = ("A", "B", "C")

CELL = st.one_of(
    st.none(),
    st.text(min_size=1, max_size=25),
    st.sampled_from(
        ["total", "Ada", "Ada|Bob|zed", "S", "yes", "1.234,5", "31.05.2024", '["a", {"b": 1}]', 'x, "y, z"']
    ),
    st.sampled_from(
        ["https://x.example/1.jpg; /2.jpg", "a\nb;c", "<p>x &amp; y</p>", "# h", "\u00a0", "fr-FR", "'", "{", "-0"]
    ),
)
ROWS = st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=40)


@cache
def compiled(*, typed: bool) -> Compiled:
    """Compile it once: that is what a run does."""
    return Workshop().compiled(TEXT, COLUMNS, kinds=frozenset({"A"}) if typed else frozenset())


def sheet(rows: list[tuple[str | None, ...]]) -> pl.DataFrame:
    """Make the frame of rows, without cells that are only blanks: sources give none."""
    cells = {name: [row[at] if (row[at] or "").strip() else None for row in rows] for at, name in enumerate(COLUMNS)}
    return frame_of(cells)


def told(mapped: Mapped, compiled: Compiled) -> list[Any]:
    """Everything that a batch came to."""
    return [mapped.frame.rows(), mapped.left_out, problems_of(mapped.problems, compiled)]


@settings(max_examples=20, deadline=None)
@given(ROWS)
def test_any_cells_give_items_or_problems(rows: list[tuple[str | None, ...]]) -> None:
    """Nothing raises; rows left out, good ones and guilty ones add up; a good row makes an item, with key and slug."""
    frame = sheet(rows)
    mapped = compiled(typed=False).apply(frame)
    guilty = mapped.problems.get_column("row").unique()
    assert mapped.left_out + mapped.frame.height == len(rows)
    assert set(guilty) <= set(mapped.frame.get_column(ROW))
    good = mapped.frame.filter(~pl.col(ROW).is_in(guilty.implode()))
    items = list(items_of(good, compiled(typed=False)))
    assert len(items) + len(guilty) == mapped.frame.height
    for item in items:
        assert item.key
        sent, schema = orjson.loads(item.body)["fieldData"], compiled(typed=False).schema
        assert item.readable == readable(sent, schema)
        archived = {} if item.live else {ARCHIVED: archived_part(archived=item.archived)}
        assert orjson.loads(item.parts) == parts(sent, schema) | archived
        assert re.fullmatch(r"[_a-zA-Z0-9][-_a-zA-Z0-9]*", item.slug)
        assert item.name
    for problem in problems_of(mapped.problems, compiled(typed=False)):
        assert problem.message
        assert problem.fix


@settings(max_examples=10, deadline=None)
@given(ROWS, st.integers(min_value=1, max_value=25))
def test_borders_of_batches_do_not_matter(rows: list[tuple[str | None, ...]], size: int) -> None:
    """Row by row, or in one batch: the same values, problems and hashes."""
    frame, one = sheet(rows), compiled(typed=False)
    whole = told(one.apply(frame), one)
    parts = [told(one.apply(frame.slice(at, size)), one) for at in range(0, frame.height, size)]
    assert [row for part in parts for row in part[0]] == whole[0]
    assert sum(part[1] for part in parts) == whole[1]
    assert [problem for part in parts for problem in part[2]] == whole[2]


@settings(max_examples=10, deadline=None)
@given(ROWS, st.integers(min_value=1, max_value=25))
def test_suspects_of_many_batches_are_judged_together(rows: list[tuple[str | None, ...]], size: int) -> None:
    """A large sheet is judged some thousand suspects at a time: the same problems as batch by batch."""
    frame, one = sheet(rows), compiled(typed=False)
    suspects = [one.apply(frame.slice(at, size)).suspects for at in range(0, frame.height, size)]
    assert one.judged(pl.concat(suspects)).equals(one.apply(frame).problems)


@settings(max_examples=10, deadline=None)
@given(ROWS, st.lists(st.sampled_from(list(Kind)), min_size=40, max_size=40))
def test_typed_cells_never_raise_either(rows: list[tuple[str | None, ...]], kinds: list[Kind]) -> None:
    """A workbook may call anything a number or a date."""
    frame = sheet(rows).with_columns(pl.Series("\x00kind:A", [int(one) for one in kinds[: len(rows)]], dtype=pl.UInt8))
    mapped = compiled(typed=True).apply(frame)
    assert mapped.left_out + mapped.frame.height == len(rows)
    errors = frame.filter((pl.col("\x00kind:A") == Kind.ERROR) & pl.col("A").is_not_null())
    codes = [one.code for one in problems_of(mapped.problems, compiled(typed=True))]
    assert codes.count("cell_error") == errors.height


@settings(max_examples=10, deadline=None)
@given(ROWS)
def test_no_guilty_row_stands_outside_of_its_gate(rows: list[tuple[str | None, ...]]) -> None:
    """Checks look only where a cell gave no value: nowhere else can anything be wrong."""
    one = compiled(typed=False)
    work = one.worked(sheet(rows))
    for plan in one.planned:
        if plan.gate is not None:
            outside = plan.when.fill_null(value=False) & ~pl.col(plan.gate)
            assert work.filter(outside).is_empty(), plan.code


def _oracle(a: str | None, b: str | None) -> dict[str, Any]:
    """A few rules in plain Python."""
    parts = [part.strip() for part in (a or "").split(",") if part.strip()]
    return {
        "text": a if a is not None else b,
        "more": ", ".join(dict.fromkeys(parts)) or None,
        "sku": None if a is None else f"{a}-{b}" if b is not None else f"{a}",
        "count": (a is not None) + (b is not None),
        "on-sale": (a or "").strip().lower() in {"x", "y"},
    }


PLAIN = st.one_of(st.none(), st.text(alphabet="xyXY ,", min_size=1, max_size=6).filter(lambda text: text.strip() != ""))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(PLAIN, PLAIN), min_size=1, max_size=8))
def test_rules_mean_what_plain_python_says(rows: list[tuple[str | None, str | None]]) -> None:
    """First filled column, parts joined once each, optional parts, counts and conditions, against an oracle."""
    text = """
[fields]
name = { value = "n" }
text = ["A", "B"]
more = { from = "A", split = ",", pick = "all", join = ", " }
sku = { template = "{A}[-{B}]" }
count = { from = ["A", "B"], pick = "count" }
on-sale = { when = { A = ["x", "Y"] } }
"""
    outcome = Workshop().run(text, {"A": [row[0] for row in rows], "B": [row[1] for row in rows]})
    for slug in ("text", "more", "sku", "count", "on-sale"):
        assert outcome.values(slug) == [_oracle(*row)[slug] for row in rows]
