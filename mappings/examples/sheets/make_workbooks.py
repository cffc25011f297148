"""Make the two workbooks among the example sheets again: `python mappings/examples/sheets/make_workbooks.py`."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook
from openpyxl.styles import Font

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

HERE = Path(__file__).parent
STAMP = (2024, 3, 1, 0, 0, 0)

PRICES: dict[str, list[tuple[Any, ...]]] = {
    "Töpferscheiben": [
        (417, "Scheibe Möwe 400", 1, "1.249,00 €", 0.19, "01.03.2024"),
        (418, "Scheibe Möwe 600, leise", 1, "1.890,50 €", 0.19, "01.03.2024"),
        (902, "Spritzschale, groß", 2, "64,90 €", 0.19, datetime(2024, 4, 15)),  # noqa: DTZ001 - a cell has no zone
    ],
    "Tone": [
        (1101, "Steinzeugton, weiß", 10, "13,80 €", 0.19, "01.03.2024"),
        (1102, "Porzellanmasse", 10, 24.4, 0.19, "01.03.2024"),
        (1107, "Gießmasse", 20, "9,95 €", 0.19, None),
    ],
    "Bücher": [(2001, "Glasuren für Mutige", 1, "29,00 €", 0.07, "01.03.2024")],
}
"""Group -> Artikel-Nr., Bezeichnung, VE, Preis netto, MwSt., Gültig ab. Prices were typed as text, but for one."""

STORES: tuple[tuple[Any, ...], ...] = (
    ("B-01", "Tonladen", "Oranienstraße 12", "10999", "Berlin", "DE", 52.501234, 13.41765, "+49 30 5550101",
     None, "10-18", "10-18", "10-18", "10-19", "10-16", None, "open"),
    ("D-04", "Tonladen", "Königstraße 3", "01097", "Dresden", "DE", 51.0601, 13.743, "+49 351 5550104",
     "9-17", "9-17", "9-17", "9-17", "9-17", None, None, "open"),
    ("W-02", "Tonladen Wien", "Gumpendorfer Straße 8", "1060", "Wien", "AT", 48.19984, 16.35887, None,
     None, "11-18", "11-18", "11-18", "11-18", "10-15", None, "open"),
    ("Z-01", "Tonladen Zürich", "Langstrasse 21", "8004", "Zürich", "CH", 47.37585, 8.52602, "+41 44 5550101",
     None, None, "12-18", "12-18", "12-18", "10-17", None, "opening soon"),
    ("S-09", "Argile", "3 rue des Juifs", "67000", "Strasbourg", "FR", 48.58243, 7.75269, "+33 3 88555010",
     "14-18", "10-18", "10-18", "10-18", "10-18", "10-18", None, "open"),
    ("H-03", "Tonladen", "Bahrenfelder Straße 77", "22765", "Hamburg", "DE", 53.55267, 9.92891, None,
     None, None, None, None, None, None, None, "closed"),
)  # fmt: skip

COUNTRIES = (("DE", "Germany"), ("AT", "Austria"), ("CH", "Switzerland"), ("FR", "France"))


def price_list() -> Workbook:
    """A price list as a German office keeps it: a title, groups in merged cells, a sum at the end."""
    book = Workbook()
    sheet = book.create_sheet("Preise", 0)
    del book["Sheet"]
    sheet.append(["Preisliste Frühjahr 2024"])
    sheet.append(["Stand: 01.03.2024, alle Preise netto zzgl. MwSt."])
    sheet.append([])
    sheet.append(["Warengruppe", "Artikel-Nr.", "Bezeichnung", "VE", "Preis netto", "MwSt.", "Gültig ab"])
    sheet["A1"].font = Font(bold=True, size=16)
    for group, articles in PRICES.items():
        first = sheet.max_row + 1
        for number, article in enumerate(articles):
            sheet.append([None if number else group, *article])
            sheet.cell(sheet.max_row, 2).number_format = "00000"
            sheet.cell(sheet.max_row, 5).number_format = '#,##0.00" €"'
            sheet.cell(sheet.max_row, 6).number_format = "0%"
            sheet.cell(sheet.max_row, 7).number_format = "dd.mm.yyyy"
        if len(articles) > 1:
            sheet.merge_cells(start_row=first, end_row=sheet.max_row, start_column=1, end_column=1)
    sheet.append(["Summe", None, None, None, "3.281,55 €"])
    return book


def stores() -> Workbook:
    """A list of stores, and on a second sheet what its country codes mean."""
    book = Workbook()
    sheet = book.create_sheet("Stores", 0)
    del book["Sheet"]
    days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    sheet.append(
        ["Code", "Name", "Street", "Postcode", "City", "Country", "Latitude", "Longitude", "Phone", *days, "Status"]
    )
    fill(sheet, STORES)
    countries = book.create_sheet("Countries")
    countries.append(["Code", "Country"])
    fill(countries, COUNTRIES)
    return book


def fill(sheet: Worksheet, rows: tuple[tuple[Any, ...], ...]) -> None:
    """Write rows below those that are there."""
    for row in rows:
        sheet.append(list(row))


def write(name: str, book: Workbook) -> None:
    """Write a workbook in which no time of day is kept, so that it is the same each time."""
    written = io.BytesIO()
    book.save(written)
    with zipfile.ZipFile(written) as old, zipfile.ZipFile(HERE / name, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            content = re.sub(
                rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*", rb"\g<1>2024-03-01T00:00:00Z", old.read(part)
            )
            new.writestr(zipfile.ZipInfo(part, date_time=STAMP), content, zipfile.ZIP_DEFLATED)


def main() -> int:
    """Write both."""
    write("preisliste.xlsx", price_list())
    write("stores.xlsx", stores())
    return 0


if __name__ == "__main__":
    sys.exit(main())
