"""`fill_down`: an empty cell takes the one above it, within its item."""

from __future__ import annotations

import polars as pl

from importer.model import BROKEN, ROW
from tests.unit.mapping.conftest import Workshop
from tests.unit.mapping.groups import mapped, rows

GROUPED = '[source]\ngroup_by = "Handle"\n[fields]\nname = "Title"\nslug = "Slug"\n'


def test_an_empty_cell_takes_the_one_above_it() -> None:
    """Without group_by: over all rows, also over those that `where` leaves out, whatever the batches."""
    cells = rows(("G1", "A"), (None, "B"), ("G2", "off"), (None, "C"), (None, "D"), names="Group Title")
    text = (
        '[source]\nfill_down = ["Group"]\n[where]\nTitle = { not = "off" }\n[fields]\nname = "Title"\ntext = "Group"\n'
    )
    for block in (1, 40, 1000):
        found = mapped(text, cells, block=block)
        assert found.of("text") == {(2,): "G1", (3,): "G1", (5,): "G2", (6,): "G2"}


def test_filling_never_leads_out_of_one_item_into_the_next() -> None:
    """A cell that stands in the first row of an item does for its other rows, wherever they stand."""
    cells = rows(
        ("a", "A", "a", "red"), ("b", "B", "b", None), ("a", None, None, None), ("b", None, None, "blue"),
        ("b", None, None, None), (None, "C", "c", None), names="Handle Title Slug Colour",
    )  # fmt: skip
    text = GROUPED.replace("group_by", 'fill_down = ["Colour"]\ngroup_by')
    counted = text + 'text = { template = "{_row}=[{Colour}]", pick = "all", join = " " }\n'
    for block in (1, 1000):
        assert mapped(counted, cells, block=block).of("text") == {
            (2, 4): "2=red 4=red", (3, 5, 6): "3= 5=blue 6=blue", (7,): "7=",
        }  # fmt: skip


def test_a_grouping_column_that_is_filled_down_is_filled_first() -> None:
    """A block of rows under one merged cell is one item."""
    cells = rows(
        ("A", "a", "S"), (None, None, "L"), ("B", "b", "M"), (None, None, None), (None, None, "S"),
        names="Title Slug Size",
    )  # fmt: skip
    text = (
        '[source]\ngroup_by = "Title"\nfill_down = ["Title"]\n[fields]\nname = "Title"\nslug = "Slug"\n'
        'text = { from = "Size", pick = "all", join = "," }\n'
    )
    for block in (1, 1000):
        assert mapped(text, cells, block=block).of("text") == {(2, 3): "S,L", (4, 6): "M,S"}


def test_what_stands_below_a_broken_row_is_not_guessed() -> None:
    """Whether the broken row began a new group nobody can tell: rows that would take from it are broken too."""
    workshop = Workshop()
    text = '[source]\nfill_down = ["Group"]\n[fields]\nname = "Title"\ntext = "Group"\n'
    compiled = workshop.compiled(text, ["Group", "Title"])
    frame = pl.DataFrame({"Group": ["G", None, "??", None, None, "H", None], "Title": list("ABCDEFG")}).with_columns(
        pl.int_range(2, 9, dtype=pl.UInt32, eager=True).alias(ROW),
        pl.Series(BROKEN, [None, None, "too many cells", None, None, None, None], dtype=pl.String),
    )
    for size in (1, 7):
        gathered = list(compiled.gathered(frame.iter_slices(size), compiled.borders(frame.iter_slices(size))))
        made = [compiled.apply(one) for one in gathered]
        assert [text for one in made for text in one.frame.get_column("v:text")] == [
            "G",
            "G",
            "??",
            None,
            None,
            "H",
            "H",
        ]
        assert [row for one in made for row in one.problems.get_column("row")] == [4, 5, 6]


def test_our_own_file_is_filled_already() -> None:
    """In a rejects file a cell that is empty was emptied on purpose; what stands above may be another item's."""
    frame = pl.DataFrame(
        {"Group": ["G", None], "Title": ["A", "B"], "_row": ["3", "7"], "_error_code": ["x", "x"], "_error": ["", ""]}
    )
    text = '[source]\nfill_down = ["Group"]\n[fields]\nname = "Title"\ntext = "Group"\n'
    assert mapped(text, frame).of("text") == {(3,): "G", (7,): None}
