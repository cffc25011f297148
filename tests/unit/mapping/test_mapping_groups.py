"""`group_by`: rows with one value are one item, and rules pick among them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest

from importer.commands.checking import check_sheet
from importer.errors import MappingError, SourceError
from importer.model import BROKEN, ITEM, KIND_PREFIX, ROW, Kind, SourceOptions
from importer.sources import open_source
from tests.unit.mapping.conftest import Workshop, collection
from tests.unit.mapping.groups import frame_of, mapped, rows

GROUPED = '[source]\ngroup_by = "Handle"\n[fields]\nname = "Title"\nslug = "Slug"\n'

SHEET = rows(
    ("a", "Apron", "apron", "9", "S", "https://e.org/1.jpg", "front"),
    ("b", "Bowl", "bowl", "30", None, "https://e.org/2.jpg", None),
    ("a", None, None, "7.5", "L", "https://e.org/3.jpg", "back"),
    ("a", None, None, None, "S", "https://e.org/1.jpg", "again"),
    names="Handle Title Slug Price Size Image Alt",
)
APRON, BOWL = (2, 4, 5), (3,)


@pytest.mark.parametrize(
    ("rule", "slug", "of_apron", "of_bowl"),
    [
        ('"Price"', "price", 9, 30),
        ('{ from = "Price", pick = "last" }', "price", 7.5, 30),
        ('{ from = "Price", pick = "min" }', "price", 7.5, 30),
        ('{ from = "Price", pick = "max" }', "price", 9, 30),
        ('{ from = "Price", pick = "sum" }', "price", 16.5, 30),
        ('{ from = "Size", pick = "count" }', "count", 3, 0),
        ('{ from = "Size", pick = "all", join = ", " }', "text", "S, L", None),
        ('{ from = "Size", pick = "rest", join = ", " }', "text", "L", None),
        ('{ from = ["Size", "Price"], pick = "last" }', "text", "S", "30"),
        ('{ from = ["Size", "Price"], pick = "all", join = " " }', "text", "S 9 L 7.5", "30"),
        ('{ from = "Size", when = { Price = { empty = true } } }', "text", "S", None),
        ('{ from = "Size", transform = ["lower"], pick = "last" }', "text", "s", None),
        ('{ template = "{Size}/{Price}", pick = "all", join = " " }', "text", "S/9 L/7.5", None),
        ('{ from = "Size", default = "none" }', "text", "S", "none"),
        ('{ from = "Size", else = "Price", pick = "all", join = " " }', "text", "S L", "30"),
        (
            '{ from = "Alt", else = { from = ["Size", "Price"], pick = "last" }, pick = "all", join = " " }',
            "text", "front back again", "30",
        ),
        ('{ when = { Size = "L" } }', "on-sale", True, False),
        ("{ when = { Size = { empty = true } } }", "on-sale", False, True),
        ('{ value = "x", when = { Size = "L" } }', "text", "x", None),
        ('{ template = "{_row}", pick = "all", join = "+" }', "text", "2+4+5", "3"),
    ],
)  # fmt: skip
def test_a_rule_picks_among_the_rows_of_an_item(rule: str, slug: str, of_apron: Any, of_bowl: Any) -> None:
    """From, template, when, transform and else go row by row; pick goes over parts, columns and rows; then join."""
    found = mapped(f"{GROUPED}{slug} = {rule}\n", SHEET)
    assert found.told == []
    assert found.of(slug) == {APRON: of_apron, BOWL: of_bowl}


def test_a_field_that_holds_many_takes_all_rows_and_no_value_twice() -> None:
    """The default there is all; alt texts keep step with the images over the rows."""
    found = mapped(GROUPED + 'gallery = { from = "Image", alt = "Alt" }\n', SHEET)
    front, back = {"url": "https://e.org/1.jpg", "alt": "front"}, {"url": "https://e.org/3.jpg", "alt": "back"}
    assert found.of("gallery") == {APRON: [front, back], BOWL: [{"url": "https://e.org/2.jpg"}]}


def test_one_image_takes_the_alt_text_of_its_row() -> None:
    """The alt text belongs to the picked image, and is not looked for in other rows."""
    found = mapped(GROUPED + 'photo = { from = "Image", alt = "Alt", pick = "last" }\n', SHEET)
    assert found.of("photo")[APRON] == {"url": "https://e.org/1.jpg", "alt": "again"}
    found = mapped(GROUPED + 'gallery = { from = "Image", alt = "Alt", pick = "rest" }\n', SHEET)
    assert found.of("gallery") == {APRON: [{"url": "https://e.org/3.jpg", "alt": "back"}], BOWL: None}


def test_alt_texts_keep_step_where_cells_have_several_parts() -> None:
    """Part by part within a cell, row by row; a part without one has none, and does not take the next row's."""
    cells = rows(
        ("a", "A", "a", "https://e.org/1.jpg;https://e.org/2.jpg", "one"),
        ("a", None, None, None, "lost"),
        ("a", None, None, "https://e.org/3.jpg", "three"),
        names="Handle Title Slug Image Alt",
    )
    found = mapped(GROUPED + 'gallery = { from = "Image", alt = "Alt" }\n', cells)
    assert found.of("gallery")[2, 3, 4] == [
        {"url": "https://e.org/1.jpg", "alt": "one"},
        {"url": "https://e.org/2.jpg"},
        {"url": "https://e.org/3.jpg", "alt": "three"},
    ]


def test_alt_texts_keep_step_where_another_rule_gives_the_images() -> None:
    """Images of `else` without alt texts have none, and do not take those of the next row."""
    cells = rows(
        ("a", "A", "a", None, "lost", "https://e.org/1.jpg;https://e.org/2.jpg"),
        ("a", None, None, "https://e.org/3.jpg", "three", None),
        names="Handle Title Slug Image Alt Old",
    )
    found = mapped(GROUPED + 'gallery = { from = "Image", alt = "Alt", else = "Old" }\n', cells)
    assert found.of("gallery")[2, 3] == [
        {"url": "https://e.org/1.jpg"}, {"url": "https://e.org/2.jpg"}, {"url": "https://e.org/3.jpg", "alt": "three"},
    ]  # fmt: skip


def test_draft_archived_locale_and_key_are_rules_over_rows_too() -> None:
    """A condition alone holds where any row holds; a column gives the first row that says anything."""
    text = 'key = { from = "Code" }\n' + GROUPED + (
        '[item]\ndraft = { when = { State = "draft" } }\narchived = "Gone"\nlocale = "Lang"\n'
    )  # fmt: skip
    cells = rows(
        ("a", "A", "a", None, "ready", None, None),
        ("a", None, None, " 5.0", "draft", "yes", "fr"),
        ("b", "B", "b", "6", "ready", None, None),
        names="Handle Title Slug Code State Gone Lang",
    )
    found = mapped(text, cells)
    assert [(one.key, one.draft, one.archived, one.locale) for one in found.items] == [
        ("5", True, True, "b" * 24),
        ("6", False, False, ""),
    ]


def test_values_are_compared_as_keys_are() -> None:
    """Trimmed, in NFC, whole numbers without `.0`; capital letters are other letters, as in every key but a slug."""
    cells = rows(
        ("cafe\u0301", "A", "a"), (" caf\u00e9 ", None, None), ("5.0", "B", "b"), ("5", None, None), ("X", "C", "c"),
        ("x", "D", "d"), names="Handle Title Slug",
    )  # fmt: skip
    assert [one.rows for one in mapped(GROUPED, cells).items] == [(2, 3), (4, 5), (6,), (7,)]


def test_the_first_of_several_columns_that_is_filled_groups_rows() -> None:
    """WooCommerce's variations name their parent's SKU in a column of its own; the parent has but its SKU."""
    text = '[source]\ngroup_by = ["Parent", "SKU"]\n[fields]\nname = "Title"\nslug = "Slug"\nsku = "SKU"\n'
    cells = rows(
        (None, "p1", "Plaid", "plaid"), (None, "p2", "Pot", "pot"), ("p2", "p2-a", None, None),
        ("p1", "p1-a", None, None), ("p1", "p1-b", None, None), (None, None, "Alone", "alone"),
        names="Parent SKU Title Slug",
    )  # fmt: skip
    assert mapped(text, cells).of("sku") == {(2, 5, 6): "p1", (3, 4): "p2", (7,): None}


def test_an_item_counts_once_and_a_row_counts_as_read() -> None:
    """`read` counts rows, `left_out` those that do not pass `where`, `total` items."""
    text = GROUPED + '[where]\nSize = { not = "L" }\n'
    sheet = mapped(text, SHEET).sheet
    assert (sheet.read, sheet.left_out, sheet.total, sheet.good) == (4, 1, 2, 2)
    assert [one.rows for one in mapped(text, SHEET).items] == [(3,), (2, 5)]
    late = mapped(GROUPED.replace("Title", "Size") + '[where]\nTitle = { not = "Apron" }\n', SHEET)
    assert [(one.row, one.rows) for one in late.items] == [(3, (3,)), (4, (4, 5))]


@pytest.mark.parametrize(
    ("rule", "slug", "told"),
    [
        ('"When"', "starts", (4, "When", "not_a_date", "soon")),
        ('{ from = "Price", pick = "last" }', "price", (5, "Price", "not_a_number", "dear")),
        ('{ from = "Price", pick = "max" }', "price", (5, "Price", "transform_failed", "dear")),
        ('{ from = "Price", transform = ["number"] }', "price", (5, "Price", "transform_failed", "dear")),
        ('{ from = ["Wrong", "Image"] }', "gallery", (5, "Image", "file_invalid", "3.jpg")),
        ('{ from = "When", pick = "all", join = "; " }', "link", (4, "When", "link_invalid", "soon; sooner")),
        ('{ from = "Image" }', "gallery", (5, "Image", "file_invalid", "3.jpg")),
        ('{ from = "Nothing" }', "sku", (2, "Nothing", "required", None)),
    ],
)
def test_a_problem_names_the_row_it_stands_on(rule: str, slug: str, told: tuple[Any, ...]) -> None:
    """A bad value that was picked from row 5 of an item that begins in row 2 is a problem of row 5."""
    cells = rows(
        ("a", "A", "a", "8", None, "https://e.org/1.jpg", None, None),
        ("b", "B", "b", "5", None, None, None, "x"),
        ("a", None, None, None, "soon", "https://e.org/2.jpg", None, None),
        ("a", None, None, "dear", "sooner", "https://e.org/4.jpg; 3.jpg", None, None),
        names="Handle Title Slug Price When Image Wrong Nothing",
    )
    found = mapped(f"{GROUPED}{slug} = {rule}\n", cells, schema=collection("sku") if slug == "sku" else None)
    assert found.told == [told]
    assert list(found.sheet.bad) == [2]
    assert (found.sheet.total, found.sheet.good) == (2, 1)


def test_wrong_parts_of_several_rows_are_told_row_by_row() -> None:
    """One problem for each row, each with its own parts and its own column."""
    cells = rows(
        ("a", "A", "a", "1.jpg", None),
        ("a", None, None, "https://e.org/2.jpg;two.jpg;deux.jpg", None),
        ("a", None, None, None, "3.jpg"),
        names="Handle Title Slug Image More",
    )
    found = mapped(GROUPED + 'gallery = ["Image", "More"]\n', cells)
    assert sorted(found.told) == [
        (2, "Image", "file_invalid", "1.jpg"),
        (3, "Image", "file_invalid", "two.jpg; deux.jpg"),
        (4, "More", "file_invalid", "3.jpg"),
    ]


def test_of_an_item_with_a_broken_row_nothing_else_is_said() -> None:
    """Nobody can tell what a broken row says, so the whole item waits; the problem names the broken row."""
    workshop = Workshop()
    text = GROUPED + 'starts = "When"\nprice = { from = "When", transform = ["number"] }\n'
    compiled = workshop.compiled(text, ["Handle", "Title", "Slug", "When"])
    frame = pl.DataFrame(
        {"Handle": ["a", "a", "b"], "Title": ["A", None, "B"], "Slug": ["a", None, "b"], "When": ["soon", None, "late"]}
    ).with_columns(
        pl.Series(ROW, [2, 3, 4], dtype=pl.UInt32), pl.Series(BROKEN, [None, "too many cells", None], dtype=pl.String)
    )
    borders = compiled.borders([frame])
    (gathered,) = compiled.gathered(iter([frame]), borders)
    made = compiled.apply(gathered)
    told = [(item, row, compiled.checks[check].code) for item, row, check, *_ in made.problems.iter_rows()]
    assert sorted(told) == [(2, 3, "row_broken"), (4, 4, "not_a_date"), (4, 4, "transform_failed")]
    assert made.frame.get_column("_key").to_list() == [None, "b"]


def test_an_error_in_the_grouping_column_is_told_and_joins_no_rows() -> None:
    """Two cells that both read #REF! are not one product."""
    workshop = Workshop()
    compiled = workshop.compiled(GROUPED, ["Handle", "Title", "Slug"], kinds=frozenset({"Handle"}))
    frame = pl.DataFrame(
        {"Handle": ["#REF!", "#REF!", "a"], "Title": ["A", "B", "C"], "Slug": ["a", "b", "c"]}
    ).with_columns(
        pl.Series(KIND_PREFIX + "Handle", [int(Kind.ERROR), int(Kind.ERROR), int(Kind.TEXT)], dtype=pl.UInt8),
        pl.Series(ROW, [2, 3, 4], dtype=pl.UInt32),
        pl.lit(None, pl.String).alias(BROKEN),
    )
    (gathered,) = compiled.gathered(iter([frame]), compiled.borders([frame]))
    assert gathered.get_column(ITEM).to_list() == [2, 3, 4]
    made = compiled.apply(gathered)
    assert [(row, compiled.checks[check].code) for _, row, check, *_ in made.problems.iter_rows()] == [
        (2, "cell_error"), (3, "cell_error"),
    ]  # fmt: skip


def test_what_is_wrong_in_any_row_is_not_called_missing_besides() -> None:
    """A field that no row fills since a cell holds an error, or a transform failed, is told once: where that is."""
    text = GROUPED + 'sku = { from = "Code", transform = ["number"] }\n'
    cells = rows(("a", "A", "a", None), ("a", None, None, "x"), names="Handle Title Slug Code")
    assert mapped(text, cells, schema=collection("sku")).told == [(3, "Code", "transform_failed", "x")]
    frame = pl.DataFrame(
        {"Handle": ["a", "a"], "Title": ["A", None], "Slug": ["a", None], "Code": pl.Series([None, float("nan")])}
    )
    found = mapped(GROUPED + 'sku = "Code"\n', frame, schema=collection("sku"))
    assert [one[:3] for one in found.told] == [(3, "Code", "cell_error")]


def test_the_rows_of_a_rejected_item_stay_together() -> None:
    """However many are rejected, and whether they were kept or are read again: each batch has whole items."""
    cells = rows(
        *((f"i{at % 450}", "A" if at < 450 else None, f"no slug {at % 450}", "x") for at in range(1350)),
        names="Handle Title Slug X",
    )
    frame = frame_of(cells)
    compiled = Workshop().compiled(GROUPED, frame.columns)
    with open_source(frame, SourceOptions(), block_bytes=4000) as source:
        sheet = check_sheet(source, compiled)
        for one in (sheet, replace(sheet, kept=None)):
            batches = list(one.guilty(source))
            assert (one.kept is None) is (one is not sheet)
            assert len(batches) > 1
            assert sum(batch.height for batch in batches) == 1350
            assert all(set(batch.group_by(ITEM).len().get_column("len")) == {3} for batch in batches)


def test_the_hash_of_an_item_is_over_the_cells_of_all_its_rows_in_order() -> None:
    """A cell that changes, two rows that change places, and a row more each make another item of it."""
    text = GROUPED + 'text = { from = "Size", pick = "all", join = " " }\n'

    def hashes(*sizes: str) -> set[str]:
        cells = rows(*(("a", "A", "a", size) for size in sizes), names="Handle Title Slug Size")
        return {one.source_hash for one in mapped(text, cells).items}

    seen = [hashes("S", "L"), hashes("L", "S"), hashes("S", "M"), hashes("S", "L", "L"), hashes("S")]
    assert len(set.union(*seen)) == len(seen)
    assert hashes("S", "L") == seen[0]


def test_a_value_keeps_what_it_was_in_its_workbook() -> None:
    """Numbers, dates and answers are read as what the cell was in the row that was picked."""
    frame = pl.DataFrame(
        {
            "Handle": ["a", "a", "b"],
            "Title": ["A", None, "B"],
            "Slug": ["a", None, "b"],
            "Price": pl.Series([None, 19.5, 7.25], dtype=pl.Float64),
            "Start": pl.Series([None, date(2024, 5, 31), None], dtype=pl.Date),
            "Sale": pl.Series([None, True, None], dtype=pl.Boolean),
        }
    )
    text = GROUPED.replace("group_by", 'decimal = ","\ndates = ["%d.%m.%Y"]\ngroup_by') + (
        'price = "Price"\nstarts = "Start"\non-sale = "Sale"\ncount = { from = "Price", pick = "count" }\n'
        'text = { from = "Price", pick = "all", join = ";" }\n'
        'more = { from = "Price", transform = ["number"], pick = "all", join = ";" }\n'
        'sku = { from = "Price", pick = "max" }\n'
    )
    found = mapped(text, frame)
    assert found.told == []
    assert found.fields[2, 3] == {
        "name": "A", "slug": "a", "price": 19.5, "starts": "2024-05-31T00:00:00.000Z", "on-sale": True, "count": 1,
        "text": "19.5", "more": "19.5", "sku": "19,5",
    }  # fmt: skip
    assert (found.of("price")[4,], found.of("on-sale")[4,]) == (7.25, None)


def test_references_are_gathered_from_all_rows() -> None:
    """A multi-reference holds what any row names, each once; an unknown one is told in its own row."""
    cells = rows(
        ("a", "A", "a", "Ada; Bob"), ("b", "B", "b", "Ada"), ("a", None, None, "Bob;Ada"), ("b", None, None, "Nobody"),
        names="Handle Title Slug Tags",
    )  # fmt: skip
    found = mapped(GROUPED + 'tags = "Tags"\nauthor = { from = "Tags", split = ";", pick = "last" }\n', cells)
    assert found.of("tags") == {(2, 4): ["1" * 24, "2" * 24], (3, 5): None}
    assert found.of("author")[2, 4] == "1" * 24
    assert [one[:3] for one in found.told] == [(5, "Tags", "reference_unknown")] * 2


def test_a_sheet_that_changes_between_two_readings_is_refused() -> None:
    """With more rows, or with fewer: no row is lost in silence."""
    compiled = Workshop().compiled(GROUPED, ["Handle", "Title", "Slug"])
    frame = pl.DataFrame({name: ["a", "b", "a"] for name in ("Handle", "Title", "Slug")}).with_columns(
        pl.int_range(2, 5, dtype=pl.UInt32, eager=True).alias(ROW), pl.lit(None, pl.String).alias(BROKEN)
    )
    borders = compiled.borders([frame])
    for other in (frame.head(2), pl.concat([frame, frame])):
        with pytest.raises(SourceError, match="changed while it was being read"):
            list(compiled.gathered(iter([other]), borders))


def test_columns_of_group_by_and_fill_down_must_be_there() -> None:
    """A wrong one is a mistake of the mapping, with the nearest right word; a row's number groups nothing."""
    workshop = Workshop()
    text = '[source]\ngroup_by = "Handel"\nfill_down = ["_row"]\n[fields]\nname = "Title"\n'
    with pytest.raises(MappingError) as raised:
        workshop.compiled(text, ["Handle", "Title"])
    told = "\n".join(raised.value.mistakes)
    assert 'source.group_by: there is no column "Handel" in the sheet; did you mean "Handle"?' in told
    assert "source.fill_down" in told


def test_rows_of_an_item_are_put_in_the_order_of_their_numbers() -> None:
    """A rejects file that somebody has sorted by another column still gives the item it was."""
    frame = pl.DataFrame(
        {"Handle": ["a", "b", "a"], "Title": [None, "B", "A"], "Slug": [None, "b", "a"], "Size": ["L", None, "S"]}
    ).with_columns(pl.Series("_row", [9, 5, 3]))
    found = mapped(GROUPED + 'text = { from = "Size", pick = "all", join = " " }\n', frame)
    assert found.of("text") == {(3, 9): "S L", (5,): None}
