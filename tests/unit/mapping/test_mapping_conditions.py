"""What conditions ask, in `where` and `when`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.model import Kind

if TYPE_CHECKING:
    from tests.unit.mapping.conftest import Workshop

Cells = dict[str, list[str | None]]

CELLS: Cells = {
    "A": ["Active", " draft ", None, "Total 2024", "19.5", "2026-03-10T23:30:00-05:00"],
    "B": ["x", "x", "y", "y", None, None],
}


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ('A = "active"', [2]),
        ('A = ["ACTIVE", "Draft"]', [2, 3]),
        ('A = { not = "active" }', [3, 4, 5, 6, 7]),
        ('A = { not = ["active", "draft"] }', [4, 5, 6, 7]),
        ('A = { not = { like = "total*" } }', [2, 3, 4, 6, 7]),
        ("A = { empty = true }", [4]),
        ("A = { empty = false }", [2, 3, 5, 6, 7]),
        ('A = { like = "*a*t*" }', [2, 3]),
        ('A = { like = "total 2024" }', [5]),
        ("A = { min = 19.5 }", [6]),
        ("A = { min = 19, max = 19.4 }", []),
        ("A = 19.50", [6]),
        ('A = { min = "today" }', [7]),
        ('A = { max = "today" }', [7]),
        ("A = { min = 2026-03-11 }", []),
        ('A = { max = "2026-03-10" }', [7]),
        ('A = { empty = false, not = ["active", "Total 2024"] }', [3, 6, 7]),
        ('A = ["active", "draft"]\nB = "x"', [2, 3]),
        ("_row = { min = 4, max = 5 }", [4, 5]),
        ('" a " = "active"', [2]),
    ],
)
def test_where_says_which_rows_count(workshop: Workshop, where: str, rows: list[int]) -> None:
    """All lines of a table hold; text is compared without case and outer blanks; a date by its own day."""
    outcome = workshop.run(f'[fields]\nname = {{ value = "n" }}\n[where]\n{where}\n', CELLS)
    assert outcome.column("_row") == rows
    assert outcome.mapped.left_out == 6 - len(rows)


def test_of_a_list_of_tables_any_may_hold(workshop: Workshop) -> None:
    """Several tables are alternatives, in `where` as in `when`."""
    text = '[[where]]\nA = "active"\n[[where]]\nB = "y"\nA = { empty = true }\n'
    text += '[fields]\nname = { value = "n" }\non-sale = { when = [{ A = "active" }, { B = "z" }] }\n'
    outcome = workshop.run(text, CELLS)
    assert outcome.column("_row") == [2, 4]
    assert outcome.values("on-sale") == [True, False]


def test_numbers_and_dates_are_read_as_the_sheet_writes_them(workshop: Workshop) -> None:
    """Limits compare with what a cell means: German numbers and dates, and native cells."""
    text = """
[source]
decimal = ","
dates = ["%d.%m.%Y"]
[where]
A = { min = 1000.5 }
B = { max = 2024-12-31 }
[fields]
name = { value = "n" }
"""
    cells: Cells = {"A": ["1.000,5", "999,9", "1000.5", "x"], "B": ["31.12.2024", "1.1.2024", "2024-06-01", "1.1.2024"]}
    kinds = {"A": [Kind.TEXT, Kind.TEXT, Kind.NUMBER, Kind.TEXT], "B": [Kind.TEXT, Kind.TEXT, Kind.DATE, Kind.TEXT]}
    assert workshop.run(text, cells, kinds=kinds).column("_row") == [2, 4]


def test_a_broken_row_is_never_left_out(workshop: Workshop) -> None:
    """Nobody can tell whether a row that could not be read passes: it is a problem, and the only one of its row."""
    text = '[where]\nA = "active"\n[fields]\nname = "B"\n'
    outcome = workshop.run(text, {"A": ["x", "active", "x"], "B": [None, None, "n"]}, broken=["torn", None, None])
    assert outcome.codes == [(2, None, None, "row_broken"), (3, "B", "name", "required")]
    assert outcome.mapped.left_out == 1
    assert outcome.column("_key") == [None, None]


def test_a_row_is_not_left_out_for_an_error_in_a_cell_that_where_asks_about(workshop: Workshop) -> None:
    """Nobody can tell whether it passes, so it is said; where another cell leaves it out anyway, it is left out."""
    text = '[where]\nA = "active"\nB = { not = "Total" }\n[fields]\nname = "B"\n'
    cells: Cells = {"A": ["#N/A", "#N/A", "active", "draft"], "B": ["a", "Total", "b", "c"]}
    kinds = {"A": [Kind.ERROR, Kind.ERROR, Kind.TEXT, Kind.TEXT]}
    outcome = workshop.run(text, cells, kinds=kinds)
    assert outcome.codes == [(2, "A", None, "cell_error")]
    assert outcome.column("_row") == [2, 4]
    assert outcome.mapped.left_out == 2
    either = workshop.run(text.replace("[where]", "[[where]]").replace("\nB", "\n[[where]]\nB"), cells, kinds=kinds)
    assert either.column("_row") == [2, 3, 4, 5]


def test_an_error_of_the_spreadsheet_counts_as_empty(workshop: Workshop) -> None:
    """`#N/A` in a used cell is a problem of its own; no rule and no condition reads it as text."""
    text = '[where]\nB = { not = "#N/A" }\n[fields]\nname = "A"\ntext = "B"\n'
    cells: Cells = {"A": ["a", "b"], "B": ["#N/A", "x"], "C": ["#REF!", "y"]}
    kinds = {"B": [Kind.ERROR, Kind.TEXT], "C": [Kind.ERROR, Kind.TEXT]}
    outcome = workshop.run(text, cells, kinds=kinds)
    assert outcome.codes == [(2, "B", None, "cell_error")]
    assert outcome.problems[0].value == "#N/A"
    assert outcome.values("text") == [None, "x"]


@pytest.mark.parametrize(
    "text",
    [
        '[fields]\nname = "A"\nslug = "B"\n',
        '[fields]\nname = { from = ["C", "A"] }\nslug = "B"\n',
        '[fields]\nname = { template = "{A}" }\nslug = "B"\n',
        'key = { from = "A" }\n[fields]\nname = "B"\nslug = "B"\n',
    ],
)
def test_an_error_in_a_required_cell_is_one_problem(workshop: Workshop, text: str) -> None:
    """The cell is not empty: the error in it is told, and nothing else."""
    cells: Cells = {"A": ["#N/A", None], "B": ["b", "c"], "C": [None, None]}
    kinds = {"A": [Kind.ERROR, Kind.TEXT]}
    outcome = workshop.run(text, cells, kinds=kinds)
    assert outcome.codes[0] == (2, "A", None, "cell_error")
    assert [code for row, _, _, code in outcome.codes if row == 3] in (["required"], ["key_empty"])
    assert len(outcome.codes) == 2


def test_a_formula_without_a_result_is_no_error_of_the_spreadsheet(workshop: Workshop) -> None:
    """Programs write formulas that nobody has calculated yet: a spreadsheet program does so when it saves."""
    outcome = workshop.run('[fields]\nname = "A"\n', {"A": ["=B1&C1"]}, kinds={"A": [Kind.ERROR]})
    (problem,) = outcome.problems
    assert (problem.code, problem.column, problem.value) == ("cell_error", "A", "=B1&C1")
    assert problem.message == 'The cell (column "A") holds the formula "=B1&C1" and no result of it.'
    assert problem.fix.startswith("Open the file in Excel or LibreOffice")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[fields]\nname = "B"\nsku = "A"\n', True),
        ('[fields]\nname = { template = "No. {A}" }\n', True),
        ('key = { from = "A" }\n[fields]\nname = "B"\n', True),
        ('[fields]\nname = "B"\nprice = "A"\n', False),
        ('[where]\nA = { min = 5 }\n[fields]\nname = "B"\n', False),
    ],
)
def test_a_number_that_lost_its_last_digits_is_told_where_they_matter(
    workshop: Workshop, text: str, told: bool
) -> None:
    """A workbook keeps 15 digits: of longer numbers nobody knows the rest, and identifiers must be right."""
    cells: Cells = {
        "A": ["12345678901234570", "9007199254740992", "1234567890123.4567", "12345678901234570", "-99999999999999990"],
        "B": ["a", "b", "c", "d", "e"],
    }
    kinds = {"A": [Kind.NUMBER, Kind.NUMBER, Kind.NUMBER, Kind.TEXT, Kind.NUMBER]}
    outcome = workshop.run(text, cells, kinds=kinds)
    found = [one for one in outcome.problems if one.code == "digits_lost"]
    assert [(one.row, one.column) for one in found] == ([(2, "A"), (6, "A")] if told else [])
    assert all("as text" in one.fix for one in found)
