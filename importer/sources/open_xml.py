"""Workbooks in Open XML (.xlsx, .xlsm): what belongs to a sheet, and how it is read."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import quoteattr

import fastexcel
import polars as pl

from importer.sources.header import column_number, letters
from importer.sources.links import address_of, formula_links, spread
from importer.sources.marked_cells import Reading, Usual, mark_cells
from importer.sources.markup import Tags, is_true, walk
from importer.sources.number_formats import NumberFormat, number_format
from importer.sources.refusals import damaged, something_else, sprawling
from importer.sources.sheet import Area, Column, Sheet, Tab

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from importer.sources.archive import Archive

_AREA = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Z]{1,3})\$?([0-9]{1,7}))?")
_OTHERS = {
    "word/document.xml": "a text document",
    "ppt/presentation.xml": "a presentation",
    "index/document.iwa": "a document of Apple Numbers, Pages or Keynote",
}
_MOST_CELLS = 10_000_000
_SPARSE = 10
"""A sheet larger than that is read only if one in so many of its cells is filled: the reader makes room for all."""

_NAME = "xl/worksheets/sheet1.xml"
_SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


@dataclass(frozen=True, slots=True)
class Book:
    """What a workbook says of itself: its sheets with the parts they stand in, its styles, its calendar."""

    tabs: tuple[Tab, ...]
    parts: Mapping[str, str]
    strings: str | None
    styles: str | None
    since_1904: bool


class _Relation(NamedTuple):
    kind: str
    identity: str
    target: str


class _Parts(NamedTuple):
    """A sheet taken apart: what stands before its rows, the rows, what stands behind them, the prefix of its tags."""

    before: bytes
    rows: bytes
    behind: bytes
    prefix: bytes

    def without_rows(self) -> bytes:
        return self.before + b"<" + self.prefix + b"sheetData/>" + self.behind

    def whole(self) -> bytes:
        name = self.prefix + b"sheetData>"
        return self.before + b"<" + name + self.rows + b"</" + name + self.behind


def open_book(archive: Archive) -> Book:
    """Read what a workbook is made of. Raises SourceError if the archive is none."""
    for part, what in _OTHERS.items():
        if archive.has(part):
            raise something_else(archive.name, what)
    roots = (each.target for each in _relations(archive, "") if each.kind == "officeDocument")
    where = _part(next(roots, "/xl/workbook.xml"), "")
    if not archive.has(where):
        raise damaged(archive.name, "it has no list of sheets")
    tags = Tags(frozenset({"sheet", "workbookPr"}))
    walk(archive.read_xml(where), tags, archive.name, where)
    related = {each.identity: each for each in _relations(archive, where)}
    tabs: list[Tab] = []
    parts: dict[str, str] = {}
    for tag, sheet in tags.found:
        if tag == "sheet" and "name" in sheet:
            relation = related.get(sheet.get("id", ""), _Relation("", "", ""))
            shown = sheet.get("state", "visible") == "visible"
            tabs.append(Tab(sheet["name"], shown, relation.kind == "worksheet"))
            parts.setdefault(sheet["name"], _part(relation.target, where))
    since_1904 = any(tag == "workbookPr" and is_true(each.get("date1904")) for tag, each in tags.found)
    kinds = {each.kind: _part(each.target, where) for each in related.values()}
    strings, styles = (kinds.get(kind, "") for kind in ("sharedStrings", "styles"))
    return Book(
        tuple(tabs),
        parts,
        strings if archive.has(strings) else None,
        styles if archive.has(styles) else None,
        since_1904,
    )


def read_open_xml(archive: Archive, book: Book, tab: Tab) -> Sheet:
    """Read a sheet. Raises SourceError if it is broken, or reaches further than can be held."""
    part = book.parts[tab.name]
    parts = _taken_apart(archive.read_xml(part), archive.name, part)
    marked = mark_cells(parts.rows, parts.prefix)
    if marked is None:
        usual = Usual()
        walk(parts.whole(), usual, archive.name, part)
        parts = parts._replace(
            rows="".join(usual.pieces).encode(), prefix=b"", before=b"<worksheet>", behind=b"</worksheet>"
        )
        marked = mark_cells(parts.rows, b"")
        if marked is None:
            raise damaged(archive.name, f"its part {part} has cells of an unknown kind")
    _refuse_sprawling(marked, parts.prefix, archive.name, tab.name)
    reading = Reading(_formats(archive, book), book.since_1904)
    texts = _texts(_packed(archive, book, marked, parts.prefix))
    height = max((len(cells) for cells in texts.values()), default=0)
    width = max(texts, default=-1) + 1
    around = Tags(frozenset({"col", "mergeCell", "hyperlink"}))
    walk(parts.without_rows(), around, archive.name, part)
    targets = {each.identity: each.target for each in _relations(archive, part) if each.kind == "hyperlink"}
    links = spread(_linked(around, targets), height, width)
    by_formula, worked_out = formula_links(parts.rows, parts.prefix)
    empty = Column(pl.Series([None] * height, dtype=pl.String))
    return Sheet(
        tuple(reading.column(texts[place]) if place in texts else empty for place in range(width)),
        hidden_rows=tuple(_hidden_rows(marked, parts.prefix)),
        hidden_columns=frozenset(_hidden_columns(around, width)),
        merged=tuple(area for tag, each in around.found if tag == "mergeCell" and (area := _area(each.get("ref")))),
        links=links | by_formula,
        worked_out=tuple(worked_out),
        percents=frozenset(place for place, cells in texts.items() if reading.percent(cells)),
    )


def _relations(archive: Archive, part: str) -> list[_Relation]:
    """Read where a part points to; "" is the archive as a whole."""
    folder, file = posixpath.split(part)
    where = posixpath.join(folder, "_rels", f"{file}.rels")
    if not archive.has(where):
        return []
    tags = Tags(frozenset({"Relationship"}))
    walk(archive.read_xml(where), tags, archive.name, where)
    return [
        _Relation(each.get("Type", "").rpartition("/")[2], each.get("Id", ""), each.get("Target", ""))
        for _, each in tags.found
    ]


def _part(target: str, source: str) -> str:
    """Give the part that a relation of another part points to."""
    if target.startswith("/"):
        return target.lstrip("/")
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), target)) if target else ""


def _taken_apart(content: bytes, name: str, part: str) -> _Parts:
    """Find the rows of a sheet: they are nearly all of it, and all else is small."""
    opening = re.search(rb"<((?:[A-Za-z_][\w.-]*:)?)sheetData(?:\s[^>]*?)?(/?)>", content)
    if opening is None:
        raise damaged(name, f"its part {part} has no rows")
    if opening[2]:
        return _Parts(content[: opening.start()], b"", content[opening.end() :], opening[1])
    closing = b"</" + opening[1] + b"sheetData>"
    end = content.rfind(closing)
    if end < 0:
        raise damaged(name, f"its part {part} ends too early")
    return _Parts(content[: opening.start()], content[opening.end() : end], content[end + len(closing) :], opening[1])


def _formats(archive: Archive, book: Book) -> list[NumberFormat]:
    """Read which number format each style has."""
    if book.styles is None:
        return []
    content = archive.read_xml(book.styles)
    codes, styles = Tags(frozenset({"numFmt"}), within="numFmts"), Tags(frozenset({"xf"}), within="cellXfs")
    walk(content, codes, archive.name, book.styles)
    walk(content, styles, archive.name, book.styles)
    by_number = {each.get("numFmtId"): each.get("formatCode") for _, each in codes.found}
    numbers = [each.get("numFmtId", "0") for _, each in styles.found]
    made = {
        number: number_format(int(number) if number.isdecimal() else 0, by_number.get(number)) for number in {*numbers}
    }
    return [made[number] for number in numbers]


def _packed(archive: Archive, book: Book, rows: bytes, prefix: bytes) -> bytes:
    """Pack a workbook that has nothing but the one sheet, its cells marked."""
    packed = io.BytesIO()
    target = quoteattr(f"{_RELATIONS}/sharedStrings")
    strings = f'<Relationship Id="s" Type={target} Target="sharedStrings.xml"/>' if book.strings else ""
    declared = b" xmlns:" + prefix.removesuffix(b":") if prefix else b" xmlns"
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("_rels/.rels", _related("", "officeDocument", "xl/workbook.xml"))
        file.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_SPREADSHEET}" xmlns:r="{_RELATIONS}"><sheets><sheet name="1" sheetId="1" r:id="r"/>'
            "</sheets></workbook>",
        )
        file.writestr("xl/_rels/workbook.xml.rels", _related(strings, "worksheet", "worksheets/sheet1.xml"))
        if book.strings:
            file.writestr("xl/sharedStrings.xml", archive.read_xml(book.strings))
        with file.open(_NAME, "w", force_zip64=True) as part:
            part.write(b"<%bworksheet%b=%b><%bsheetData>" % (prefix, declared, f'"{_SPREADSHEET}"'.encode(), prefix))
            part.write(rows)
            part.write(b"</%bsheetData></%bworksheet>" % (prefix, prefix))
    return packed.getvalue()


def _related(more: str, kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{_PACKAGE}">{more}<Relationship Id="r" Type="{_RELATIONS}/{kind}" Target="{target}"/>'
        "</Relationships>"
    )


def _texts(packed: bytes) -> dict[int, pl.Series]:
    """Read the sheet's cells as texts, each column from the sheet's first row on."""
    loaded = fastexcel.read_excel(packed).load_sheet(0, header_row=None, skip_rows=0, dtypes="string")
    columns = loaded.to_polars().get_columns()
    return {info.absolute_index: cells for info, cells in zip(loaded.selected_columns, columns, strict=True)}


def _refuse_sprawling(rows: bytes, prefix: bytes, name: str, sheet: str) -> None:
    """Refuse a sheet with a stray cell far away: the reader would make room for every cell up to it."""
    cells = rows.count(b"<" + prefix + b"c ")
    low = re.findall(rb'<%brow\b[^>]*? r="([0-9]{4,7})"[^>]*>\s*<' % prefix, rows)
    bottom = max(map(int, low), default=999)
    wide = {*re.findall(rb'<%bc r="([A-Z]{2,3})[0-9]' % prefix, rows)}
    right = max((column_number(each.decode()) for each in wide), default=25)
    if bottom * (right + 1) > max(_MOST_CELLS, cells * _SPARSE):
        raise sprawling(name, sheet, f"{letters(right)}{bottom}", cells)


def _hidden_rows(rows: bytes, prefix: bytes) -> Iterator[int]:
    """Give the rows (from 0) that are hidden, by hand or by a filter, and hold anything."""
    if b" hidden=" not in rows:
        return
    number = 0
    for row in re.finditer(rb"<%brow\b([^>]*)>" % prefix, rows):
        told = re.search(rb'\br="([0-9]{1,7})"', row[1])
        number = int(told[1]) if told else number + 1
        filled = rows[row.end() : row.end() + 20].lstrip().startswith(b"<" + prefix + b"c")
        if filled and re.search(rb'\bhidden="(?:1|true)"', row[1]):
            yield number - 1


def _hidden_columns(around: Tags, width: int) -> Iterator[int]:
    for tag, each in around.found:
        first, last = each.get("min", ""), each.get("max", "")
        if tag == "col" and is_true(each.get("hidden")) and first.isdecimal() and last.isdecimal():
            yield from range(int(first) - 1, min(int(last), width))


def _linked(around: Tags, targets: Mapping[str, str]) -> Iterator[tuple[Area, str]]:
    for tag, each in around.found:
        area = _area(each.get("ref")) if tag == "hyperlink" else None
        address = address_of(each, targets.get(each.get("id", "")))
        if area and address:
            yield area, address


def _area(reference: str | None) -> Area | None:
    """Read `A2:B5`, or `A2` alone."""
    found = _AREA.fullmatch(reference or "")
    if found is None:
        return None
    left, top, right, bottom = found.groups()
    return Area(int(top) - 1, column_number(left), int(bottom or top) - 1, column_number(right or left))
