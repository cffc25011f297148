"""How programs other than Excel write a workbook: the same sheet in other words, and in other formats."""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING

from importer.model import SourceOptions
from tests.sheets.binder import MADE, date, error, number, package, page, reads, relations, row, strings, styles, truth

if TYPE_CHECKING:
    from pathlib import Path

STRICT = "http://purl.oclc.org/ooxml"


def repacked(path: Path, *changes: tuple[str, str, str]) -> None:
    """Write a plain workbook with some parts changed: part, what stands there, what is to stand there."""
    rows = row(1, "a", "b") + row(2, "x", "><v>1.5</v>") + row(3, 't="s"><v>0</v>', 's="1"><v>45443</v>')
    package(path, page(rows), strings=strings("<t>shared</t>"), styles=styles(14))
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name).decode() for name in old.namelist()}
    for part, before, after in changes:
        assert before in parts[part], before
        parts[part] = parts[part].replace(before, after)
    with zipfile.ZipFile(path, "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)


PLAIN = {2: ["x", number("1.5")], 3: ["shared", date("2024-05-31")]}
SHEET, BOOK, STRINGS = "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/strings.xml"
BOOK_LINKS, LINKS = "xl/_rels/workbook.xml.rels", "_rels/.rels"


@reads("a.xlsx", "a|b", PLAIN)
def strict_open_xml(path: Path) -> None:
    """Strict workbooks name everything by other addresses."""
    parts = (SHEET, BOOK, STRINGS, BOOK_LINKS, LINKS)
    repacked(path, *((part, "http://schemas.openxmlformats.org/", f"{STRICT}/") for part in parts))


@reads("a.xlsx", "a|b", PLAIN)
def prefixed_names(path: Path) -> None:
    """The SDK of Microsoft (ClosedXML and others) puts `x:` before every name."""
    names = ("worksheet", "sheetData", "row", "c", "v", "is", "t")
    changes = [(SHEET, f"<{name}{sign}", f"<x:{name}{sign}") for name in names for sign in (" ", ">")]
    changes += [(SHEET, f"</{name}>", f"</x:{name}>") for name in names]
    usable = ("<worksheet>", "<sheetData ", "<row>", "<c>", "<v ", "<is ", "<t ")
    repacked(path, *(each for each in changes if each[1] not in usable), (SHEET, "xmlns=", "xmlns:x="))


@reads("a.xlsx", "a|b", {2: ["x", number("1")], 3: [None, error("#N/A")], 7: ["y", None]})
def cells_without_references(path: Path) -> None:
    """Cells may say where they stand, or just follow each other; empty ones count."""
    text = '<c t="str"><v>{}</v></c>'
    rows = f"<row>{text.format('a')}{text.format('b')}</row><row>{text.format('x')}<c><v>1</v></c></row>"
    rows += f'<row><c/><c t="e"><v>#N/A</v></c></row><row r="7">{text.format("y")}</row>'
    package(path, page(rows))


@reads("a.xlsx", "a|b|c", {2: ["x<y", number("2"), truth("TRUE")], 3: ["z", date("2024-05-31"), None]})
def xml_as_nobody_writes_it(path: Path) -> None:
    """Single quotes, comments, CDATA, blanks and line ends in tags, attributes in another order."""
    rows = """
      <row r='1'><c r='A1' t='str'><v>a</v></c><c t="str" r="B1"><v>b</v></c><c r="C1" t="str"><v>c</v></c></row>
      <!-- <c r="A9"><v>9</v></c> --><row r="2"
        ><c r="A2" t="str"><v><![CDATA[x<y]]></v></c><c
          r="B2"><v>2</v></c><c t="b" r="C2"><v>1</v></c></row>
      <row r="3"><c r="A3" t="str"><v>z</v></c><c s='1' r="B3" x:more="1" xmlns:x="x"><v>45443</v></c></row>"""
    package(path, page(rows), styles=styles(14))


@reads("a.xlsx", "a|b", {2: ["é", number("1")]})
def parts_in_utf_16(path: Path) -> None:
    """XML may be in UTF-16."""
    sheet = f'<?xml version="1.0" encoding="UTF-16"?>{page(row(1, "a", "b") + row(2, "é", "><v>1</v>"))}'
    package(path, sheet.encode("utf-16"))


@reads("a.xlsx", "a|b", {2: ["é", number("1")]})
def parts_with_a_mark_and_in_latin_1(path: Path) -> None:
    """A byte order mark before the XML; and an encoding that only its declaration tells."""
    sheet = f'<?xml version="1.0" encoding="ISO-8859-1"?>{page(row(1, "a", "b") + row(2, "é", "><v>1</v>"))}'
    package(path, sheet.encode("latin-1"), styles=b"\xef\xbb\xbf" + styles(14).encode())


@reads("a.xlsx", "a|b", PLAIN)
def part_names_in_other_words(path: Path) -> None:
    """Targets from the root or with `./`, capitals, backslashes; and no list of the archive's own parts."""
    repacked(
        path,
        (BOOK_LINKS, "worksheets/sheet1.xml", "/xl/Worksheets/Sheet1.xml"),
        (BOOK_LINKS, "strings.xml", "./Strings.xml"),
    )
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist() if name != LINKS}
    with zipfile.ZipFile(path, "w") as new:
        for name, content in parts.items():
            new.writestr(name.replace("/sheet1", "\\sheet1"), content)


@reads("a.xlsx", "a|b", {2: ["x", number("45443")]})
def no_styles(path: Path) -> None:
    """Without its styles, a date is a number."""
    package(path, page(row(1, "a", "b") + row(2, "x", 's="5"><v>45443</v>')))


@reads(
    "a.xlsx",
    "Name|Published|Price|Done",
    {2: ["Lamp", date("2024-05-31"), number("19.99"), truth("TRUE")], 3: ["Stool", None, None, truth("FALSE")]},
)
def as_google_sheets_exports(path: Path) -> None:
    """No dimension, custom widths, styles on everything, checkboxes as booleans, rows up to 1000 that are empty."""
    rows = row(1, *(f's="1" t="s"><v>{at}</v>' for at in range(4)), attributes=' customHeight="1" ht="15.75"')
    rows += row(2, 's="2" t="s"><v>4</v>', 's="3"><v>45443.0</v>', 's="4"><v>19.99</v>', 's="2" t="b"><v>1</v>')
    rows += row(3, 's="2" t="s"><v>5</v>', "", 's="4"/>', 's="2" t="b"><v>0</v>').replace("/></c>", "/>")
    rows += "".join(f'<row r="{at}"><c r="D{at}" s="2"/></row>' for at in range(4, 1001))
    items = [f"<t>{name}</t>" for name in ("Name", "Published", "Price", "Done", "Lamp", "Stool")]
    before = '<sheetPr><outlinePr summaryBelow="0"/></sheetPr><cols><col customWidth="1" min="1" max="6"/></cols>'
    formats = ("", "", "yyyy\\-mm\\-dd", '"€"#,##0.00')
    package(path, page(rows, before=before), strings=strings(*items), styles=styles(*formats))


@reads("a.xlsx", "Title|Day", {3: ["One", date("2024-05-31T09:05:00")]}, detected="header in row 2, below other text")
def as_apple_numbers_exports(path: Path) -> None:
    """The name of the table stands in a merged row above, every cell has a style, lines of XML end as in Windows."""
    rows = row(1, 's="1" t="s"><v>0</v>', 's="1"/>').replace("/></c>", "/>") + "\r\n"
    rows += row(2, 's="2" t="s"><v>1</v>', 's="2" t="s"><v>2</v>', 's="2" t="s"><v>3</v>') + "\r\n"
    rows = rows.replace('<c r="C2" s="2" t="s"><v>3</v></c>', "")
    rows += row(3, 's="1" t="s"><v>3</v>', 's="3"><v>45443.3784722222</v>')
    items = [f"<t>{name}</t>" for name in ("Table 1", "Title", "Day", "One")]
    rows = rows.replace('<row r="2"', '<row r="2" ht="20.25" customHeight="1"')
    merged = '<mergeCells count="1"><mergeCell ref="A1:B1"/></mergeCells>'
    package(path, page(rows, behind=merged), strings=strings(*items), styles=styles(0, 49, "d.m.yyyy, hh:mm"))


@reads("a.xlsm", "a|b", PLAIN)
def with_macros(path: Path) -> None:
    """Macros are nobody's cell, and are not run."""
    repacked(path)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0")


@reads("a.xls", "a|b", PLAIN)
def new_workbook_with_an_old_ending(path: Path) -> None:
    """A workbook is what it is, whatever it is called."""
    repacked(path)


ARTICLES = {
    5: ["A", "00123", "Lamp", number("19.99"), date("2024-05-31"), "08:30:00", "30:05:00", error("#DIV/0!")],
    6: [None, "00124", "Café\ntable", number("5"), date("2024-06-01T14:30:00"), "00:00:00", "00:05:00", error("#N/A")],
    7: ["B", "00007", "Stool", number("100"), date("1903-02-01"), "23:59:59", "01:00:00", error("#NAME?")],
}
ADDRESSES = ("https://example.org/lamp?a=1&b=2", None, "https://example.org/stool")
WITH_LINKS = {at: [*cells, link] for (at, cells), link in zip(ARTICLES.items(), ADDRESSES, strict=True)}
COLUMNS = "Group|No|Name|Price|Since|Opens|Lasts|Broken"
NOTES = (
    "Hidden and not read: the sheet 'Notes'.",
    "Hidden in the spreadsheet, by hand or by a filter, and read all the same: 1 row (6).",
    'Hidden in the spreadsheet, and read all the same: the column "Price".',
    "Merged: A5:A6. Only the first cell",
    'Links behind cells: their addresses can be used as the column "Name (link)"',
)


@reads("articles.ods", f"{COLUMNS}|Name (link)", WITH_LINKS, notes=NOTES, detected="header in row 4, below other text")
@reads("articles.xlsx", f"{COLUMNS}|Name (link)", WITH_LINKS, notes=NOTES, detected="header in row 4, below other text")
def as_libreoffice_writes(path: Path) -> None:
    """All of it at once, written by LibreOffice."""
    shutil.copy(MADE / path.name, path)


@reads("odd.xlsx", f"{COLUMNS}|Name (link)", WITH_LINKS, notes=NOTES)
def open_document_with_another_ending(path: Path) -> None:
    """The content decides here too."""
    shutil.copy(MADE / "articles.ods", path)


UNTOLD = {
    5: ["A", number("123"), *ARTICLES[5][2:6], date("1900-01-01T06:05:00"), error("#DIV/0!")],
    6: [None, number("124"), *ARTICLES[6][2:]],
    7: ["B", number("7"), *ARTICLES[7][2:]],
}


@reads(
    "articles.xls",
    COLUMNS,
    UNTOLD,
    notes=(NOTES[0], "In this format, links behind cells and zeros", *NOTES[1:4]),
)
def old_excel_as_libreoffice_writes(path: Path) -> None:
    """The reader of .xls tells neither links nor formats: that is said. Durations of a day and more read as dates."""
    shutil.copy(MADE / path.name, path)


OFFICE = "".join(
    f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text", "style")
)


def open_document(path: Path, tables: str, *, automatic: str = "", manifest: str = "") -> None:
    """Pack an .ods of these tables."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        file.writestr("META-INF/manifest.xml", f"<manifest>{manifest}</manifest>")
        file.writestr(
            "content.xml",
            (
                f"<office:document-content{OFFICE}><office:automatic-styles>{automatic}</office:automatic-styles>"
                f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
            ).encode(errors="surrogateescape"),
        )


def told(text: str, attributes: str = 'office:value-type="string"') -> str:
    """Write a cell of OpenDocument."""
    return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"


@reads(
    "a.ods",
    "text|more",
    {
        2: ["two  blanks\tand\nlines", "one\n\nthree"],
        3: ["said", "x"],
        4: ["said", "x"],
        6: ["no type", error("=SUM([.A1])")],
        7: ["outer", error("Err:502")],
    },
)
def open_document_texts(path: Path) -> None:
    """Blanks, tabs and line breaks are elements, notes and drawings no text; equal rows and cells are written once."""
    cells = told('two <text:s text:c="1"/>blanks<text:tab/>and<text:line-break/><text:span>lines</text:span>')
    note = "<office:annotation><text:p>no text</text:p></office:annotation>"
    cells += f"<table:table-cell>{note}<text:p>one</text:p><text:p/><text:p>three</text:p></table:table-cell>"
    twice = '<table:table-row table:number-rows-repeated="2">{}</table:table-row>'
    rows = f"<table:table-row>{told('text')}{told('more')}</table:table-row><table:table-row>{cells}</table:table-row>"
    rows += twice.format(told("said") + told("x"))
    rows += '<table:table-row><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    rows += (
        f"<table:table-row>{told('no type', '')}<table:table-cell table:formula='of:=SUM([.A1])'/></table:table-row>"
    )
    nested = "<table:table><table:table-row><table:table-cell/></table:table-row></table:table>"
    rows += f"<table:table-row>{told('outer')}{told('Err:502', 'table:formula=' + chr(34) + 'of:=X(' + chr(34))}"
    rows += "</table:table-row>"
    rows += '<table:table-row table:number-rows-repeated="1048570"><table:table-cell/></table:table-row>'
    open_document(path, f'<table:table table:name="T">{rows}</table:table>{nested}')


@reads(
    "a.ods",
    "of &B",
    {2: ["x"]},
    notes=("Hidden and not read: the sheet 'A'.",),
    detected="sheet '&B' (the first of 2)",
)
@reads("a.ods", "of C", {2: ["x"]}, options=SourceOptions(sheet=3))
def open_document_of_several_sheets(path: Path) -> None:
    """A sheet is hidden by its style."""
    properties = '<style:table-properties table:display="false"/>'
    hidden = f'<style:style style:name="s1" style:family="table">{properties}</style:style>'
    tables = "".join(
        f'<table:table table:name="{name}"{style}><table:table-row>{told(f"of {name}")}</table:table-row>'
        f"<table:table-row>{told('x')}</table:table-row></table:table>"
        for name, style in (("A", ' table:style-name="s1"'), ("&amp;B", ""), ("C", ' table:style-name="s2"'))
    )
    open_document(path, tables, automatic=hidden)


def record(kind: int, content: bytes) -> bytes:
    """Write a record of the binary format of Excel: its number and its length in parts of seven bits."""
    head = bytes([kind]) if kind < 128 else bytes([kind & 127 | 128, kind >> 7])
    size = len(content)
    return head + (bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])) + content


def wide(text: str) -> bytes:
    """Write a text of the binary format."""
    return len(text).to_bytes(4, "little") + text.encode("utf-16-le")


def binary_workbook(path: Path, *, corner: int = 0) -> None:
    """Pack an .xlsb: a row of names, a row of a text, a number, a truth and an error; `corner`: a cell in a far row."""

    def cell(column: int, content: bytes, kind: int) -> bytes:
        return record(kind, column.to_bytes(4, "little") + bytes(4) + content)

    def line(at: int) -> bytes:
        return record(0, at.to_bytes(4, "little") + bytes(13))

    names = b"".join(cell(at, wide(name), 6) for at, name in enumerate("abcd"))
    values = cell(0, wide("x"), 6) + cell(1, bytes.fromhex("000000000000f83f"), 5) + cell(2, b"\1", 4)
    values += cell(3, b"\x2a", 3)
    far = line(corner) + cell(16_383, wide("far"), 6) if corner else b""
    area = b"".join(each.to_bytes(4, "little") for each in (0, max(1, corner), 0, 16_383 if corner else 3))
    sheet = record(129, b"") + record(148, area) + record(145, b"") + line(0) + names + line(1) + values + far
    book = record(131, b"") + record(143, b"")
    book += record(156, bytes(4) + (1).to_bytes(4, "little") + wide("r1") + wide("T")) + record(144, b"")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("_rels/.rels", relations("r1 officeDocument xl/workbook.bin"))
        file.writestr("xl/workbook.bin", book + record(132, b""))
        file.writestr("xl/_rels/workbook.bin.rels", relations("r1 worksheet worksheets/sheet1.bin"))
        file.writestr("xl/worksheets/sheet1.bin", sheet + record(146, b"") + record(130, b""))


@reads(
    "a.xlsb",
    "a|b|c|d",
    {2: ["x", number("1.5"), truth("TRUE"), error("#N/A")]},
    notes=("In this format, links behind cells and zeros",),
)
def binary_excel(path: Path) -> None:
    """The binary format of Excel."""
    binary_workbook(path)
