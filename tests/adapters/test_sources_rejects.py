"""Our own rejects files: corrected, they run in with the same mapping, whatever its [source] says."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.errors import SourceError
from importer.model import BROKEN, ROW, SourceOptions
from importer.sources import open_source

ODD = SourceOptions(encoding="utf-16", delimiter="|", quote="'", header_row=4, sheet="Prices")
NOTES = ("_error_code", "_error", "_fix")

cells = st.text(alphabet="=+-@\t\r'ab,;\"\n é", max_size=5)


def rejects(rows: list[tuple[str, ...]], columns: tuple[str, ...], delimiter: str = ",") -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([*map(neutralised, columns), ROW, *NOTES])
    for number, row in enumerate(rows):
        writer.writerow([*map(neutralised, row), 10 + 3 * number, "required", "It is empty.", "Fill it in."])
    return text.getvalue()


def neutralised(cell: str) -> str:
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r", "'"} else cell


def read(path: Path, options: SourceOptions = ODD) -> list[tuple[object, ...]]:
    with open_source(path, options) as source:
        assert source.ours
        return [row for batch in source.batches() for row in batch.select(ROW, *source.columns).iter_rows()]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(cells, cells), max_size=6),
    st.tuples(cells.filter(str.strip), cells.filter(str.strip)).filter(lambda names: names[0] != names[1]),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_cells_come_back_as_they_were_before_they_were_neutralised(
    rows: list[tuple[str, str]], columns: tuple[str, str], delimiter: str, encoding: str
) -> None:
    """Also when a spreadsheet program saved the file with its own delimiter and encoding."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rejects.csv"
        path.write_bytes(rejects(list(rows), columns, delimiter).encode(encoding))
        with open_source(path, ODD) as source:
            assert source.columns == columns
        filled = [(10 + 3 * number, *row) for number, row in enumerate(rows) if any(map(str.strip, row))]
        assert read(path) == [(number, *(cell if cell.strip() else None for cell in row)) for number, *row in filled]


def test_rows_keep_the_numbers_of_the_sheet_that_they_came_from(tmp_path: Path) -> None:
    """The notes are not columns; `_row` is the row number."""
    path = tmp_path / "rejects.csv"
    path.write_text(rejects([("Ann", "'x"), ("Ben", "=1")], ("Name", "Code")))
    assert read(path) == [(10, "Ann", "'x"), (13, "Ben", "=1")]
    with open_source(path, ODD) as source:
        assert source.columns == ("Name", "Code")
        assert source.detected == "rejects.csv: UTF-8, delimiter ',', header in row 1"


def test_only_our_own_files_are_undone(tmp_path: Path) -> None:
    """An apostrophe in anybody else's file is an apostrophe."""
    path = tmp_path / "sheet.csv"
    path.write_text("Name,_row\n'=x,7\n''y,8\n")
    with open_source(path, SourceOptions()) as source:
        assert not source.ours
        assert source.columns == ("Name", "_row (2)")
        assert [row for batch in source.batches() for row in batch.select(ROW, "Name").iter_rows()] == [
            (2, "'=x"),
            (3, "''y"),
        ]


def test_a_workbook_of_ours_is_read_as_it_stands(tmp_path: Path) -> None:
    """Its cells are typed, so nothing was neutralised; the row number is a number."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["Name", "Price", ROW, *NOTES])
    page.append(["'=x", 1.5, 12, "required", "", ""])
    page.append(["Ben", 2, "40", "required", "", ""])
    book.save(tmp_path / "rejects.xlsx")
    assert read(tmp_path / "rejects.xlsx", SourceOptions(header_row=3)) == [(12, "'=x", "1.5"), (40, "Ben", "2")]


@pytest.mark.parametrize(("written", "shown"), [("", "nothing"), ("x", "'x'"), ("0", "'0'"), ("1.5", "'1.5'")])
def test_a_row_without_its_number_is_told(tmp_path: Path, written: str, shown: str) -> None:
    """Such a row could be sent under another's name; where it stands in the file is named."""
    path = tmp_path / "rejects.csv"
    path.write_text(f"Name,_row,_error_code\nAnn,5,required\n\nBen,{written},required\n")
    with pytest.raises(SourceError, match=rf"rejects.csv, row 4: the column _row holds {shown}"):
        read(path)


@pytest.mark.parametrize(
    ("cell", "code", "told", "held"),
    [
        ("=A1&B1", "cell_error", 'The cell (column "A") holds the formula "=A1&B1" and no result of it.', True),
        ("#N/A", "required | cell_error", 'The cell (column "A") holds the error "#N/A" of the spreadsheet.', True),
        ("12345678901234570", "digits_lost", 'It holds the number "12345678901234570", whose last ...', True),
        ("12345678901234567", "digits_lost", 'It holds the number "12345678901234570", whose last ...', False),
        ("=A1&B1", "", 'The cell (column "A") holds the formula "=A1&B1" and no result of it.', False),
        ("Food", "cell_error", 'The cell (column "A") holds the error "#N/A" of the spreadsheet.', False),
        ("=" + "B" * 80, "cell_error", f'The cell holds the formula "={"B" * 58}…" and no result of it.', True),
    ],
)
def test_an_error_that_was_left_as_it_is_stays_one(tmp_path: Path, cell: str, code: str, told: str, held: bool) -> None:
    """In a CSV it would be mere text, and go out as the name of an item."""
    path = tmp_path / "rejects.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("A", ROW, *NOTES), (neutralised(cell), 2, code, told, "Mend it.")])
    with open_source(path, SourceOptions()) as source:
        (row,) = pl.concat(source.batches()).iter_rows(named=True)
    assert row["A"] == cell
    assert (row[BROKEN] is not None) == held
