"""Odd layouts: titles, merged cells, hidden things, links, and where a table stands on its sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openpyxl

from importer.model import SourceOptions
from tests.sheets.binder import MAIN, RELATED, complains, number, package, page, reads, relations, row, styles

if TYPE_CHECKING:
    from pathlib import Path


@reads(
    "a.xlsx",
    "Artikel|Name|Preis|Bestand",
    {7: ["A-1", "Lampe", number("19.99"), number("3")], 8: ["A-2", "Hocker", number("59"), None]},
    detected="sheet 'T', header in row 6, below other text",
)
def title_block(path: Path) -> None:
    """A title, a line of two cells, an address and a date stand above the table."""
    rows = row(1, "Preisliste 2026") + row(2, "Muster GmbH", "", "", "Tel. 030 1234") + row(3, "Stand: 01.03.2026")
    rows += row(4, "Kunde:", "Beispiel AG", "Nr.:") + row(6, "Artikel", "Name", "Preis", "Bestand")
    rows += row(7, "A-1", "Lampe", "><v>19.99</v>", "><v>3</v>") + row(8, "A-2", "Hocker", "><v>59</v>")
    package(path, page(rows))


@reads(
    "a.xlsx",
    "Name|Length|Width|Price",
    {3: ["(text)", "(cm)", "(cm)", "(EUR)"], 4: ["Shelf", number("80"), number("30"), number("49")]},
    detected="header in row 2, below other text",
    notes=(),
)
def groups_above_and_units_below(path: Path) -> None:
    """A row of groups is passed over; a row of units is a row, which the mapping leaves out with [where]."""
    rows = row(1, "", "Size") + row(2, "Name", "Length", "Width", "Price") + row(3, "(text)", "(cm)", "(cm)", "(EUR)")
    package(path, page(rows + row(4, "Shelf", "><v>80</v>", "><v>30</v>", "><v>49</v>")))


@reads("a.xlsx", "Word|Meaning", {4: ["CMS", "a system"]}, detected="header in row 3, below other text")
def title_of_a_narrow_table(path: Path) -> None:
    """Above a table of two columns, a title is told by the blank row below it; merged cells hold it."""
    rows = row(1, "Glossary") + row(3, "Word", "Meaning") + row(4, "CMS", "a system")
    package(path, page(rows, behind='<mergeCells count="1"><mergeCell ref="A1:B1"/></mergeCells>'))


@reads("a.xlsx", "Notes|B|C", {2: ["a", "b", "c"], 3: ["d", "e", "f"]}, options=SourceOptions(header_row=1))
@reads("a.xlsx", "a|b|c", {3: ["d", "e", "f"]}, detected="header in row 2, below other text")
@reads(
    "a.xlsx",
    "A|B|C",
    {1: ["Notes", None, None], 2: ["a", "b", "c"], 3: ["d", "e", "f"]},
    options=SourceOptions(header_row=0),
)
def header_that_was_guessed_wrong(path: Path) -> None:
    """What was taken for the header is said, and `header_row` overrules it."""
    package(path, page(row(1, "Notes") + row(2, "a", "b", "c") + row(3, "d", "e", "f")))


@reads("a.xlsx", "2024|2025|2026", {2: [number("1"), number("2"), number("3")]}, detected="header in row 1")
def header_of_numbers(path: Path) -> None:
    """Years are names of columns."""
    cells = ("><v>2024</v>", "><v>2025</v>", "><v>2026</v>")
    package(path, page(row(1, *cells) + row(2, "><v>1</v>", "><v>2</v>", "><v>3</v>")))


@reads("a.xlsx", "Name|B|Name (2)|D|name", {2: ["x", number("1"), "y", number("2"), "z"]})
def header_with_gaps_and_doubles(path: Path) -> None:
    """Columns without a name go by their letters, the second of a name gets a number."""
    package(path, page(row(1, "Name", "", "Name", " ", "name") + row(2, "x", "><v>1</v>", "y", "><v>2</v>", "z")))


@reads("a.xlsx", "a|b", {5: ["x", None], 9: [None, "y"]}, detected="header in row 4")
def table_away_from_the_corner(path: Path) -> None:
    """Blank rows and columns around and in a table shift nothing; styled ones are blank."""
    rows = '<row r="4"><c r="C4" t="str"><v>a</v></c><c r="D4" t="str"><v>b</v></c></row>'
    rows += '<row r="5"><c r="C5" t="str"><v>x</v></c></row><row r="9"><c r="D9" t="str"><v>y</v></c></row>'
    rows += '<row r="1048576" s="1"><c r="A1048576" s="1"/><c r="XFD1048576" s="1"/></row>'
    package(path, page(rows), styles=styles(14))


@reads("a.xlsx", "a|b", {})
def header_and_nothing_else(path: Path) -> None:
    """A sheet may have no rows yet."""
    package(path, page(row(1, "a", "b")))


@complains("a.xlsx", "a.xlsx (sheet 'T'): the table would reach to cell XFD1048576, with 4 of its cells filled.")
def cell_far_away(path: Path) -> None:
    """One stray cell in the last corner would have the reader make room for 17 milliards of cells."""
    stray = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    package(path, page(row(1, "a", "b") + row(2, "x") + stray))


@complains("a.xlsx", "a.xlsx (sheet 'T'): the table would reach to cell NANA")
def column_that_no_sheet_has(path: Path) -> None:
    """A place of four letters: a quarter of a million columns would be made (found by fuzzing)."""
    package(path, page('<row r="1"><c r="NaNA1" t="str"><v>a</v></c><c r="B1" t="str"><v>b</v></c></row>'))


@complains("a.xlsx", "a.xlsx (sheet 'T'): the table would reach to cell XFE")
def text_far_away_that_is_written_oddly(path: Path) -> None:
    """Nothing but texts, one of them with two blanks before its place (found by fuzzing)."""
    package(path, page(row(1, "a", "b") + '<row r="2"><c  r="XFE2" t="str"><v>x</v></c></row>'))


@complains("a.xlsx", "a.xlsx (sheet 'T'): the table would reach to cell Z9000000")
def place_in_another_row(path: Path) -> None:
    """A cell that says that it stands millions of rows below the row that it is written in."""
    package(path, page(row(1, "a", "b") + '<row r="2"><c r="A9000000" t="str"><v>x</v></c></row>'))


@reads(
    "a.xlsx",
    "Group|Name|Note",
    {2: ["Lamps", "A", "all"], 3: [None, "B", None], 4: ["Stools", "C", "wide"], 5: [None, "D", None]},
    notes=(
        "Merged: A2:A3, A4:A5, C2:C3. Only the first cell of each holds the value, the others are empty; fill_down =",
    ),
)
def cells_merged_down(path: Path) -> None:
    """Only the first of merged cells has the value: `fill_down` gives it to all rows, and the note says so."""
    rows = row(1, "Group", "Name", "Note") + row(2, "Lamps", "A", "all") + row(3, "", "B")
    rows += row(4, "Stools", "C", "wide") + row(5, "", "D")
    areas = "".join(f'<mergeCell ref="{area}"/>' for area in ("A2:A3", "A4:A5", "C2:C3", "C4:C4", "F2:F9"))
    package(path, page(rows, behind=f"<mergeCells>{areas}</mergeCells>"))


@reads(
    "a.xlsx",
    "Name|Size|C",
    {2: ["Shelf", number("80"), number("30")], 3: ["on request", None, None]},
    notes=(
        "Merged in the header: B1:C1. Only the first column of each has the name; the others go by their letters.",
        "Merged: A3:C3. Only the first cell of each holds the value, the others are empty.",
    ),
)
def cells_merged_across(path: Path) -> None:
    """Merged headers cost a column its name."""
    rows = row(1, "Name", "Size") + row(2, "Shelf", "><v>80</v>", "><v>30</v>") + row(3, "on request")
    merged = '<mergeCells><mergeCell ref="B1:C1"/><mergeCell ref="A3:C3"/></mergeCells>'
    package(path, page(rows, behind=merged))


@reads(
    "a.xlsx",
    "a|b",
    {2: ["v", "1"], 3: ["w", "2"], 4: ["x", "3"], 6: ["y", "4"]},
    notes=(
        "Hidden in the spreadsheet, by hand or by a filter, and read all the same: 3 rows (3 to 4, 6). If they are",
    ),
)
def rows_hidden_by_a_filter(path: Path) -> None:
    """They are part of the table, and read; that they are is said. Hidden rows that are empty are nothing."""
    rows = row(1, "a", "b") + row(2, "v", "1") + row(3, "w", "2", attributes=' hidden="1"')
    rows += row(4, "x", "3", attributes=' spans="1:2" hidden="true" ht="12"') + '<row r="5" hidden="1"/>'
    rows += row(6, "y", "4", attributes=' hidden="1"') + '<row r="7" hidden="1"><c r="A7" s="1"/></row>'
    package(path, page(rows, behind='<autoFilter ref="A1:B6"><filterColumn colId="0"/></autoFilter>'))


@reads(
    "a.xlsx",
    "a|b|c",
    {2: ["1", "2", "3"]},
    notes=('Hidden in the spreadsheet, and read all the same: the columns "b", "c".',),
)
def columns_hidden(path: Path) -> None:
    """A hidden column is one like any other."""
    columns = '<cols><col min="2" max="16384" hidden="1"/></cols>'
    package(path, page(row(1, "a", "b", "c") + row(2, "1", "2", "3"), before=columns))


def several_sheets(path: Path) -> None:
    """The first sheet that is not hidden is read, if none is asked for; a chart is no table."""
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "Draft"
    first.sheet_state = "veryHidden"
    first.append(["draft"])
    book.create_chartsheet("Chart")
    for name in ("Articles", "Prices 2026", "Old"):
        sheet = book.create_sheet(name)
        sheet.append([f"of {name}"])
        sheet.append(["x"])
    book["Old"].sheet_state = "hidden"
    book.save(path)


reads(
    "a.xlsx",
    "of Articles",
    {2: ["x"]},
    detected="sheet 'Articles' (the first of 2)",
    notes=("Hidden and not read: the sheets 'Draft', 'Old'. `sheet` in [source] takes another sheet.",),
)(several_sheets)
reads("a.xlsx", "of Prices 2026", {2: ["x"]}, options=SourceOptions(sheet=" prices 2026"))(several_sheets)
reads("a.xlsx", "draft", {}, options=SourceOptions(sheet=1), detected="sheet 'Draft',")(several_sheets)
reads("a.xlsx", "of Old", {2: ["x"]}, options=SourceOptions(sheet="Old"))(several_sheets)
complains("a.xlsx", "a.xlsx (sheet 'Chart') is a chart, not a table.", options=SourceOptions(sheet=2))(several_sheets)
complains("a.xlsx", "a.xlsx has no sheet 'Price'.", options=SourceOptions(sheet="Price"))(several_sheets)
complains("a.xlsx", "a.xlsx has 5 sheets, so there is no number 6.", options=SourceOptions(sheet=6))(several_sheets)


@reads(
    "a.xlsx",
    "Name|Contact|Name (link)|Contact (link)",
    {
        2: ["Lamp", "Ann", "https://example.org/a?b=1&c=2", "mailto:ann@example.org"],
        3: ["Stool", None, "https://example.org/stools#oak", None],
        4: ["Shelf", None, "https://example.org/range", None],
        5: ["Table", None, "https://example.org/range", None],
        6: ["Below", None, None, None],
    },
    notes=('Links behind cells: their addresses can be used as the columns "Name (link)", "Contact (link)".',),
)
def links_behind_cells(path: Path) -> None:
    """A cell's text is its text; its address is in a column of its own. Places in the workbook are no addresses."""
    rows = row(1, "Name", "Contact") + row(2, "Lamp", "Ann")
    rows += "".join(row(3 + at, name) for at, name in enumerate(("Stool", "Shelf", "Table", "Below")))
    links = (
        '<hyperlink ref="A1" r:id="l4"/><hyperlink ref="A2" r:id="l1" tooltip="x"/><hyperlink ref="B2" r:id="l2"/>'
        '<hyperlink ref="A3" r:id="l3" location="oak"/><hyperlink ref="A4:A5" r:id="l4"/>'
        '<hyperlink ref="A6" location="T!A1" display="Below"/><hyperlink ref="A6" r:id="none"/>'
    )
    related = relations(
        "l1 hyperlink https://example.org/a?b=1&amp;c=2",
        "l2 hyperlink mailto:ann@example.org",
        "l3 hyperlink https://example.org/stools",
        "l4 hyperlink https://example.org/range",
    )
    package(path, page(rows, behind=f"<hyperlinks>{links}</hyperlinks>"), links=related)


@reads(
    "a.xlsx",
    "Name|Name (link)|C|Name (link) (2)",
    {
        2: ["Lamp", "own", None, 'https://example.org/"lamp"'],
        3: ["Stool", None, None, None],
        4: ["Here", None, None, None],
    },
    notes=(
        'Links behind cells: their addresses can be used as the column "Name (link)"',
        'Links that a formula works out: 1, the first in row 3 of "Name".',
    ),
)
def links_of_formulas(path: Path) -> None:
    """HYPERLINK() with the address in it is a link; where it is worked out from other cells, that is said."""
    rows = row(1, "Name", "Name (link)", "C")
    rows += row(2, 't="str"><f>HYPERLINK("https://example.org/""lamp""", "Lamp")</f><v>Lamp</v>', "own")
    rows += row(3, 't="str"><f>HYPERLINK("https://example.org/"&amp;B2,"Stool")</f><v>Stool</v>')
    rows += row(4, 't="str"><f>HYPERLINK("#T!A1","Here")</f><v>Here</v>')
    package(path, page(rows))


@reads("a.xlsx", "a|b", {2: ["x", number("1")], 3: ["Total", number("1")]})
def totals_row(path: Path) -> None:
    """A row of totals is a row: what counts is said by [where]."""
    total = row(3, "Total", "><f>SUBTOTAL(109,B2:B2)</f><v>1</v>")
    package(path, page(row(1, "a", "b") + row(2, "x", "><v>1</v>") + total))


@complains("a.xlsx", "a.xlsx (sheet 'T') is empty: it has no header and no rows.")
def empty_sheet(path: Path) -> None:
    """Nothing in it but styles."""
    package(path, f'<worksheet xmlns="{MAIN}" xmlns:r="{RELATED}"><sheetData/></worksheet>')
