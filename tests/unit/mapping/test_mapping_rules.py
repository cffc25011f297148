# ruff: noqa: E501 - a line for each case
"""What each key of a rule makes of cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from importer.errors import MappingError
from importer.model import Kind

if TYPE_CHECKING:
    from tests.unit.mapping.conftest import Workshop

Cells = dict[str, list[str | None]]

RULES: list[tuple[str, str, str, Cells, list[Any]]] = [
    ("a column", "text", '"A"', {"A": ["x", None]}, ["x", None]),
    (
        "columns: the first filled",
        "text",
        '["B", "A"]',
        {"A": ["a", "b", None], "B": ["c", None, None]},
        ["c", "b", None],
    ),
    ("a constant", "on-sale", "true", {"A": ["x"]}, [True]),
    ("a number alone", "price", "9.5", {"A": ["x"]}, [9.5]),
    ("a date alone", "starts", "2024-05-31", {"A": ["x"]}, ["2024-05-31T00:00:00.000Z"]),
    ("value", "text", '{ value = "New" }', {"A": ["x"]}, ["New"]),
    ("template", "text", '{ template = "{A}-{B}" }', {"A": ["x", "y"], "B": ["1", None]}, ["x-1", None]),
    (
        "template with optional parts",
        "text",
        '{ template = "{A}[, {B}][ ({C})]" }',
        {"A": ["Rome", "Bonn", None], "B": ["Lazio", None, "x"], "C": ["IT", "DE", "y"]},
        ["Rome, Lazio (IT)", "Bonn (DE)", None],
    ),
    ("signs in a template", "text", '{ template = "{{[[{A}]}" }', {"A": ["x"]}, ["{[x]}"]),
    ("row number in a template", "text", '{ template = "No. {_row}" }', {"A": ["x", "y"]}, ["No. 2", "No. 3"]),
    (
        "when alone says yes or no",
        "on-sale",
        '{ when = { B = "y" } }',
        {"A": ["x", "x", "x"], "B": ["Y ", "n", None]},
        [True, False, False],
    ),
    ("when with from", "text", '{ from = "A", when = { B = "y" } }', {"A": ["1", "2"], "B": ["y", "n"]}, ["1", None]),
    ("else a column", "text", '{ from = "A", else = "B" }', {"A": [None, "a"], "B": ["b", "c"]}, ["b", "a"]),
    (
        "else a rule, and another",
        "text",
        '{ from = "A", else = { from = "B", transform = ["upper"], else = { value = "?" } } }',
        {"A": [None, "a", None], "B": ["b", "c", None]},
        ["B", "a", "?"],
    ),
    (
        "else where when does not hold",
        "text",
        '{ from = "A", when = { A = "x" }, else = "B" }',
        {"A": ["x", "y"], "B": ["1", "2"]},
        ["x", "2"],
    ),
    (
        "split and join",
        "text",
        '{ from = "A", split = ",", pick = "all", join = " + " }',
        {"A": ["a, b,,b ,c", ",", None]},
        ["a + b + c", None, None],
    ),
    ("pick first by default", "text", '{ from = "A", split = ">" }', {"A": [" > a > b", None]}, ["a", None]),
    ("pick last", "text", '{ from = "A", split = ">", pick = "last" }', {"A": ["a > b >", None]}, ["b", None]),
    (
        "pick rest",
        "text",
        '{ from = "A", split = ">", pick = "rest", join = "," }',
        {"A": ["a>b>a>c", "a", None]},
        ["b,c", None, None],
    ),
    (
        "pick min as numbers",
        "price",
        '{ from = "A", split = "|", pick = "min" }',
        {"A": ["10|9|9.50", None]},
        [9.0, None],
    ),
    (
        "pick max of columns",
        "price",
        '{ from = ["A", "B"], pick = "max" }',
        {"A": ["10", None], "B": ["9", "3"]},
        [10.0, 3.0],
    ),
    ("pick sum", "price", '{ from = "A", split = "|", pick = "sum" }', {"A": ["0.1|0.2", None]}, [0.3, None]),
    (
        "pick count, of nothing 0",
        "count",
        '{ from = ["A", "B"], pick = "count" }',
        {"A": ["x", None], "B": ["y", None]},
        [2, 0],
    ),
    (
        "pick max of dates",
        "starts",
        '{ from = "A", split = ";", pick = "max", format = "%d.%m.%Y" }',
        {"A": ["1.2.2024;1.11.2023"]},
        ["2024-02-01T00:00:00.000Z"],
    ),
    ("split at lines", "text", '{ from = "A", split = "lines", pick = "last" }', {"A": ["a\r\nb\nc"]}, ["c"]),
    (
        "split as csv over lines",
        "text",
        '{ from = "A", split = "csv", pick = "all", join = "/" }',
        {"A": ['"a\nb", c\nd']},
        ["a\nb/c/d"],
    ),
    (
        "split as csv at quotes",
        "text",
        '{ from = "A", split = "csv", pick = "last" }',
        {"A": ['5" wide, "6"" deep"']},
        ['6" deep'],
    ),
    (
        "split as json keeps digits",
        "text",
        '{ from = "A", split = "json", pick = "all", join = "/" }',
        {"A": ["[12345678901234567890123, 1.50, -2]", "1.10"]},
        ["12345678901234567890123/1.50/-2", "1.10"],
    ),
    ("split as csv", "text", '{ from = "A", split = "csv", pick = "last" }', {"A": ['a, "b, c"']}, ["b, c"]),
    (
        "split as json",
        "text",
        '{ from = "A", split = "json", pick = "all", join = "/" }',
        {"A": ['["a", 1, true, null, "b"]', '"x"']},
        ["a/1/TRUE/b", "x"],
    ),
    ("default", "text", '{ from = "A", default = "none" }', {"A": [None, "a"]}, ["none", "a"]),
    (
        "default with join",
        "text",
        '{ from = "A", split = ",", pick = "all", join = ";", default = "none" }',
        {"A": [",", "a,b"]},
        ["none", "a;b"],
    ),
    ("empty", "text", '{ from = "A", empty = "clear" }', {"A": [None, "a"]}, [None, "a"]),
    (
        "format",
        "starts",
        '{ from = "A", format = ["%d.%m.%Y", "%d.%m.%y"] }',
        {"A": ["31.05.2024"]},
        ["2024-05-31T00:00:00.000Z"],
    ),
    (
        "format of a template",
        "starts",
        '{ template = "{A} {B}", format = "%d/%m/%Y %I:%M %p" }',
        {"A": ["31/05/2024"], "B": ["02:30 PM"]},
        ["2024-05-31T14:30:00.000Z"],
    ),
    (
        "alt",
        "photo",
        '{ from = "A", alt = "B" }',
        {"A": ["https://x.example/1.jpg"], "B": ["One"]},
        [{"url": "https://x.example/1.jpg", "alt": "One"}],
    ),
    (
        "alt of the column that is used",
        "photo",
        '{ from = ["A", "B"], alt = ["C", "D"] }',
        {"A": [None], "B": ["https://x.example/2.jpg"], "C": ["One"], "D": ["Two"]},
        [{"url": "https://x.example/2.jpg", "alt": "Two"}],
    ),
    ("match by name, any case", "author", '"A"', {"A": ["ada", " Bob "]}, ["1" * 24, "2" * 24]),
    ("match by id", "author", '{ from = "A", match = "id" }', {"A": ["9" * 24]}, ["9" * 24]),
    ("missing skip", "author", '{ from = "A", missing = "skip" }', {"A": ["Nobody", "Ada"]}, [None, "1" * 24]),
    (
        "missing skip among many",
        "tags",
        '{ from = "A", missing = "skip" }',
        {"A": ["Nobody; Ada", "Nobody"]},
        [["1" * 24], None],
    ),
    (
        "missing skip of ids",
        "author",
        '{ from = "A", match = "id", missing = "skip" }',
        {"A": ["Nobody", "9" * 24]},
        [None, "9" * 24],
    ),
    ("many: split at ; and lines", "tags", '"A"', {"A": ["Ada; Bob\nada", None]}, [["1" * 24, "2" * 24], None]),
    ("many: all columns", "tags", '["A", "B"]', {"A": ["Ada", None], "B": ["Bob", None]}, [["1" * 24, "2" * 24], None]),
    ("many: one picked", "tags", '{ from = "A", pick = "last" }', {"A": ["Ada; Bob"]}, [["2" * 24]]),
    ("many: a default", "tags", '{ from = "A", default = "Ada" }', {"A": [None]}, [["1" * 24]]),
    (
        "text of a column that calculates",
        "price",
        '{ from = "A", transform = [{ multiply = "B" }] }',
        {"A": ["19.99", "2"], "B": ["100", None]},
        [1999.0, None],
    ),
]


@pytest.mark.parametrize(
    ("slug", "rule", "cells", "expected"), [one[1:] for one in RULES], ids=[one[0] for one in RULES]
)
def test_a_rule_says_what_a_row_gives(
    workshop: Workshop, slug: str, rule: str, cells: Cells, expected: list[Any]
) -> None:
    """Each key of a rule does what its line in the language says."""
    cells = {"Name": ["n"] * len(next(iter(cells.values()))), **cells}
    assert workshop.field(slug, rule, cells) == expected


def test_a_rule_may_be_a_table_of_its_own(workshop: Workshop) -> None:
    """A rule too long for one line is a table."""
    text = '[fields]\nname = "A"\n[fields.text]\nfrom = "B"\nelse = { from = "A", transform = ["lower"] }\n'
    assert workshop.run(text, {"A": ["X"], "B": [None]}).values("text") == ["x"]


def test_typed_numbers_are_canonical_whatever_the_decimal_sign(workshop: Workshop) -> None:
    """A number cell of a workbook reads `.` even where the sheet's texts have `,`: bare, coalesced, in lists, in sums."""
    cells: Cells = {"A": ["19.99", "19,99"], "B": ["1.5", "1,5"]}
    kinds = {"A": [Kind.NUMBER, Kind.TEXT], "B": [Kind.NUMBER, Kind.TEXT]}
    text = """
[source]
decimal = ","
[fields]
name = { value = "n" }
text = "A"
price = %s
"""
    for rule, expected in (
        ('"A"', [19.99, 19.99]),
        ('["A", "B"]', [19.99, 19.99]),
        ('{ from = ["A", "B"], pick = "min" }', [1.5, 1.5]),
        ('{ from = ["A", "B"], pick = "sum" }', [21.49, 21.49]),
        ('{ from = "A", pick = "sum" }', [19.99, 19.99]),
        ('{ from = "A", transform = [{ multiply = 10 }] }', [199.9, 199.9]),
        ('{ from = "A", transform = ["strip", "number"] }', [19.99, 19.99]),
        ('{ from = "A", split = "|", transform = ["number"], pick = "max" }', [19.99, 19.99]),
    ):
        outcome = workshop.run(text % rule, cells, kinds=kinds)
        assert (rule, outcome.values("price"), outcome.codes) == (rule, expected, [])
        assert outcome.values("text") == ["19.99", "19,99"]


def test_conditions_and_constants_carry_their_own_form(workshop: Workshop) -> None:
    """A constant in the mapping is canonical: 9.5 is 9.5 and a date is a date, whatever the sheet's forms are."""
    text = """
[source]
decimal = ","
dates = ["%d.%m.%Y"]
[fields]
name = "A"
price = { from = "B", default = 9.5 }
starts = { from = "C", default = 2024-05-31 }
"""
    outcome = workshop.run(text, {"A": ["x", "y"], "B": [None, "1,5"], "C": [None, "1.2.2024"]})
    assert outcome.values("price") == [9.5, 1.5]
    assert outcome.values("starts") == ["2024-05-31T00:00:00.000Z", "2024-02-01T00:00:00.000Z"]


@pytest.mark.parametrize(
    ("slug", "rule", "code", "value"),
    [
        ("price", '{ from = "A", transform = ["number"] }', "transform_failed", "x y"),
        ("text", '{ from = "A", transform = [{ date = "%d.%m.%Y", to = "%Y" }] }', "transform_failed", "x y"),
        ("text", '{ from = "A", split = "json" }', "transform_failed", "x y"),
        ("text", '{ from = "A", split = " ", pick = "max" }', "transform_failed", "x, y"),
        ("text", '{ from = "A", split = " ", transform = ["number"], pick = "all", join = "," }', "transform_failed", "x, y"),
        ("text", '{ from = "A", transform = [{ lookup = "size" }] }', "lookup_unknown", "x y"),
        ("tags", '{ from = "A", transform = [{ lookup = "size" }] }', "lookup_unknown", "x y"),
    ],
)  # fmt: skip
def test_a_step_that_makes_nothing_of_something_is_a_problem(
    workshop: Workshop, slug: str, rule: str, code: str, value: str
) -> None:
    """The problem names the text that could not be read, and its column; an empty cell is none."""
    text = f'[lookup.size]\nS = "Small"\n[fields]\nname = {{ value = "n" }}\n{slug} = {rule}\n'
    outcome = workshop.run(text, {"A": ["x y", None]})
    assert outcome.codes == [(2, "A", slug, code)]
    assert outcome.problems[0].value == value


def test_quotes_that_make_no_sense_are_no_csv(workshop: Workshop) -> None:
    """One that is never closed would swallow the parts behind it."""
    text = '[fields]\nname = "A"\ntext = { from = "B", split = "csv" }\n'
    outcome = workshop.run(text, {"A": ["x", "y"], "B": ['"a, b', '"a" b, c']})
    assert outcome.codes == [(2, "B", "text", "transform_failed"), (3, "B", "text", "transform_failed")]


def test_the_column_that_gave_the_value_is_blamed(workshop: Workshop) -> None:
    """Of several columns, or behind an else, a problem names the one that the wrong text stands in."""
    rule = '{ from = ["A", "B"], else = { from = "C" } }'
    cells: Cells = {"A": ["x", None, None, None], "B": ["1", "x", None, None], "C": ["1", "1", "x", None]}
    outcome = workshop.run(f'[fields]\nname = {{ value = "n" }}\nprice = {rule}\n', cells)
    assert [(row, column) for row, column, _, _ in outcome.codes] == [(2, "A"), (3, "B"), (4, "C")]


@pytest.mark.parametrize(
    "rule", ['{ from = "A", split = ",", pick = "all" }', '{ from = ["A", "Name"], pick = "rest" }']
)
def test_several_values_in_a_field_of_one_are_a_mistake(workshop: Workshop, rule: str) -> None:
    """A field of one value needs `join` for several."""
    with pytest.raises(MappingError, match=r"fields\.text\.pick: .*gives several values"):
        workshop.field("text", rule, {"Name": ["n"], "A": ["a,b"]})


@pytest.mark.parametrize(
    ("header", "written"),
    [
        ("Price\N{NO-BREAK SPACE}(EUR)", "Price (EUR)"),
        ("Price\N{NARROW NO-BREAK SPACE}(EUR) ", "price  (eur)"),
        ("Price\n(EUR)", "Price (EUR)"),
        ("Gro\u0308\N{LATIN SMALL LETTER SHARP S}e", "Gr\N{LATIN SMALL LETTER O WITH DIAERESIS}\N{LATIN SMALL LETTER SHARP S}e"),
    ],
)  # fmt: skip
def test_headers_go_by_what_can_be_seen_of_them(workshop: Workshop, header: str, written: str) -> None:
    """A no-break blank, a line break, or an accent that is a sign of its own (as on a Macintosh) is no other column."""
    cells: dict[str, list[str | None]] = {"Title": ["a"], header: ["x"]}
    assert workshop.field("text", f'"{written}"', cells) == ["x"]
    filtered = workshop.run(f'[where]\n"{written}" = "y"\n[fields]\nname = "Title"\n', cells)
    assert filtered.values("name") == []


def test_a_column_as_it_is_written_comes_before_its_likes(workshop: Workshop) -> None:
    """Two headers that look the same are told apart by their signs, and only by them."""
    cells: dict[str, list[str | None]] = {"Title": ["a"], "A\N{NO-BREAK SPACE}B": ["x"], "A B": ["y"]}
    assert workshop.field("text", '"A B"', cells) == ["y"]
    assert workshop.field("text", '"A\N{NO-BREAK SPACE}B"', cells) == ["x"]
    with pytest.raises(MappingError, match='there is no column "a b"'):
        workshop.field("text", '"a b"', cells)


def test_a_calculation_that_fails_names_the_other_column_too(workshop: Workshop) -> None:
    """The wrong cell may stand there: nobody should look for it in the right one."""
    rule = 'price = { from = "A", transform = [{ divide = "B" }] }'
    outcome = workshop.run(f'[fields]\nname = "A"\n{rule}\n', {"A": ["10", "x", "10"], "B": ["x", "2", "0"]})
    assert [one.message for one in outcome.problems] == [
        f'The transform "divide" can make nothing of "{value}" and the column "B" for the field "price".'
        for value in ("10", "x", "10")
    ]
    fix = "Correct the one of the two cells that is no number (or a 0 to divide by), or change the transform"
    assert {one.fix for one in outcome.problems} == {f"{fix} in the mapping file."}


def test_a_column_as_operand_needs_one_value(workshop: Workshop) -> None:
    """Parts cannot be calculated with a column."""
    with pytest.raises(MappingError, match="needs one value and not several"):
        workshop.field("tags", '{ from = "A", transform = [{ add = "A" }] }', {"A": ["1"]})


def test_a_failed_step_is_no_missing_value(workshop: Workshop) -> None:
    """A required field whose transform failed has one problem: its cell is filled, with something wrong."""
    text = '[fields]\nname = { from = "A", transform = ["number"] }\nslug = { from = "A", transform = ["slugify"] }\n'
    outcome = workshop.run(text, {"A": ["日本", None]})
    assert [(row, field, code) for row, _, field, code in outcome.codes] == [
        (2, "name", "transform_failed"),
        (2, "slug", "transform_failed"),
        (3, "name", "required"),
        (3, "slug", "required"),
    ]
