"""Write `articles.ods`, `.xls` and `.xlsx` with LibreOffice (7.4): `python tests/sheets/books/make.py`."""

from __future__ import annotations

import datetime as dt
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.comments import Comment

HERE = Path(__file__).parent
HEADER = ("Group", "No", "Name", "Price", "Since", "Opens", "Lasts", "Broken")
ROWS: tuple[tuple[Any, ...], ...] = (
    ("A", 123, "Lamp", 19.99, dt.date(2024, 5, 31), dt.time(8, 30), dt.timedelta(hours=30, minutes=5), "=1/0"),
    (None, 124, "Café\ntable", 5, dt.datetime(2024, 6, 1, 14, 30), dt.time(0), dt.timedelta(minutes=5), "=NA()"),  # noqa: DTZ001 - a cell has no zone
    ("B", 7, '=HYPERLINK("https://example.org/stool","Stool")', 100, dt.date(1903, 2, 1), dt.time(23, 59, 59),
     dt.timedelta(hours=1), "=FOO(1)"),
)  # fmt: skip


def write(path: Path) -> None:
    """Write the workbook that LibreOffice is to calculate."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Articles"
    sheet.append(["Preisliste 2026"])
    sheet.append(["Stand:", dt.date(2026, 3, 1)])
    sheet.append([])
    for cells in (HEADER, *ROWS):
        sheet.append(cells)
    for at in (5, 6, 7):
        sheet.cell(at, 2).number_format = "00000"
        sheet.cell(at, 7).number_format = "[h]:mm:ss"
    sheet.merge_cells("A1:H1")
    sheet.merge_cells("A5:A6")
    sheet["C5"].hyperlink = "https://example.org/lamp?a=1&b=2"
    sheet["C5"].comment = Comment("not part of the cell", "Ann")
    sheet.row_dimensions[6].hidden = True
    sheet.column_dimensions["D"].hidden = True
    notes = book.create_sheet("Notes")
    notes.sheet_state = "hidden"
    notes.append(["secret"])
    book.save(path)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "articles.xlsx"
        write(source)
        for form in ("ods", "xls", "xlsx"):
            subprocess.run(["soffice", "--headless", "--convert-to", form, "--outdir", HERE, source], check=True)
