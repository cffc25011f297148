"""Workbooks in Open XML (.xlsx, .xlsm): what belongs to a sheet, and how it is read."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import fastexcel
import polars as pl

from importer.sources.header import column_number
from importer.sources.links import address_of, spread
from importer.sources.marked_cells import Reading
from importer.sources.marking import Usual, mark, pieces
from importer.sources.markup import Tags, is_true, walk
from importer.sources.number_formats import NumberFormat, number_format
from importer.sources.refusals import damaged, something_else
from importer.sources.sheet import Area, Column, Sheet, Tab
from importer.sources.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from importer.sources.archive import Archive

_AREA = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Z]{1,3})\$?([0-9]{1,7}))?")
_OTHERS = {
    "word/document.xml": "a text document",
    "ppt/presentation.xml": "a presentation",
    "index/document.iwa": "a document of Apple Numbers, Pages or Keynote",
}
_SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


@dataclass(frozen=True, slots=True)
class OpenXml:
    """An open workbook: its sheets with the parts that they stand in, its texts and styles, its calendar."""

    archive: Archive
    tabs: tuple[Tab, ...]
    parts: tuple[str, ...]
    strings: str | None
    styles: str | None
    since_1904: bool

    def read(self, place: int) -> Sheet:
        """Read a sheet by its place. Raises SourceError if it is broken, or reaches further than can be held."""
        return _read(self, place)


class _Relation(NamedTuple):
    kind: str
    identity: str
    target: str


class _Page(NamedTuple):
    """The XML of a sheet, where its rows begin and end in it, and the prefix of its tags."""

    content: bytes
    before: int
    start: int
    end: int
    behind: int
    prefix: bytes

    def without_rows(self) -> bytes:
        empty = b"<" + self.prefix + b"sheetData/>"
        return self.content[: self.before] + empty + self.content[self.behind :]


def open_book(archive: Archive) -> OpenXml:
    """Read what a workbook is made of. Raises SourceError if the archive is none."""
    for part, what in _OTHERS.items():
        if archive.has(part):
            raise something_else(archive.name, what)
    roots = (each.target for each in relations(archive, "") if each.kind == "officeDocument")
    where = part_of(next(roots, "/xl/workbook.xml"), "")
    if not archive.has(where):
        raise damaged(archive.name, "it has no list of sheets")
    tags = Tags(frozenset({"sheet", "workbookPr"}))
    walk([archive.read_xml(where)], tags, archive.name, where)
    related = {each.identity: each for each in relations(archive, where)}
    tabs: list[Tab] = []
    parts: list[str] = []
    for tag, sheet in tags.found:
        if tag == "sheet" and "name" in sheet:
            relation = related.get(sheet.get("id", ""), _Relation("", "", ""))
            shown = sheet.get("state", "visible") == "visible"
            tabs.append(Tab(sheet["name"], shown, relation.kind == "worksheet"))
            parts.append(part_of(relation.target, where))
    since_1904 = any(tag == "workbookPr" and is_true(each.get("date1904")) for tag, each in tags.found)
    kinds = {each.kind: part_of(each.target, where) for each in related.values()}
    strings, styles = (kinds.get(kind, "") for kind in ("sharedStrings", "styles"))
    return OpenXml(
        archive,
        tuple(tabs),
        tuple(parts),
        strings if archive.has(strings) else None,
        styles if archive.has(styles) else None,
        since_1904,
    )


def _read(book: OpenXml, place: int) -> Sheet:
    archive, part = book.archive, book.parts[place]
    page = _page(archive.read_xml(part), archive.name, part)
    around = Tags(frozenset({"col", "mergeCell", "hyperlink"}))
    walk([page.without_rows()], around, archive.name, part)
    packed, survey = _marked(book, page, part)
    del page
    survey.refuse_sprawling(archive.name, book.tabs[place].name)
    texts = _texts(packed)
    del packed
    reading = Reading(_formats(book), book.since_1904)
    height = max((len(cells) for cells in texts.values()), default=0)
    width = max(texts, default=-1) + 1
    empty = Column(pl.Series([None] * height, dtype=pl.String))
    percents = frozenset(place for place, cells in texts.items() if reading.percent(cells))
    targets = {each.identity: each.target for each in relations(archive, part) if each.kind == "hyperlink"}
    return Sheet(
        tuple(reading.column(texts.pop(place)) if place in texts else empty for place in range(width)),
        hidden_rows=tuple(survey.hidden),
        hidden_columns=frozenset(_hidden_columns(around, width)),
        merged=tuple(area for tag, each in around.found if tag == "mergeCell" and (area := _area(each.get("ref")))),
        links=spread(_linked(around, targets), height, width) | survey.links,
        worked_out=tuple(survey.worked_out),
        percents=percents,
    )


def _marked(book: OpenXml, page: _Page, part: str) -> tuple[bytes, Survey]:
    """Pack a workbook of this one sheet with its cells marked, and look it over meanwhile."""
    made = _packed(book, page)
    if made is None:
        usual = Usual()
        walk([page.content], usual, book.archive.name, part)
        content = "".join(usual.pieces).encode()
        made = _packed(book, _Page(content, 0, 0, len(content), len(content), b""))
    if made is None:
        raise damaged(book.archive.name, f"its part {part} has cells of an unknown kind")
    return made


def relations(archive: Archive, part: str) -> list[_Relation]:
    """Read where a part points to; "" is the archive as a whole."""
    folder, file = posixpath.split(part)
    where = posixpath.join(folder, "_rels", f"{file}.rels")
    if not archive.has(where):
        return []
    tags = Tags(frozenset({"Relationship"}))
    walk([archive.read_xml(where)], tags, archive.name, where)
    return [
        _Relation(each.get("Type", "").rpartition("/")[2], each.get("Id", ""), each.get("Target", ""))
        for _, each in tags.found
    ]


def part_of(target: str, source: str) -> str:
    """Give the part that a relation of another part points to."""
    if target.startswith("/"):
        return target.lstrip("/")
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), target)) if target else ""


def _page(content: bytes, name: str, part: str) -> _Page:
    """Find the rows of a sheet: they are nearly all of it, and all else is small."""
    opening = re.search(rb"<((?:[A-Za-z_][\w.-]*:)?)sheetData(?:\s[^>]*?)?(/?)>", content)
    if opening is None:
        raise damaged(name, f"its part {part} has no rows")
    if opening[2]:
        return _Page(content, opening.start(), opening.end(), opening.end(), opening.end(), opening[1])
    closing = b"</" + opening[1] + b"sheetData>"
    end = content.rfind(closing)
    if end < opening.end():
        raise damaged(name, f"its part {part} ends too early")
    return _Page(content, opening.start(), opening.end(), end, end + len(closing), opening[1])


def _formats(book: OpenXml) -> list[NumberFormat]:
    """Read which number format each style has."""
    if book.styles is None:
        return []
    content = book.archive.read_xml(book.styles)
    codes, styles = Tags(frozenset({"numFmt"}), within="numFmts"), Tags(frozenset({"xf"}), within="cellXfs")
    walk([content], codes, book.archive.name, book.styles)
    walk([content], styles, book.archive.name, book.styles)
    by_number = {each.get("numFmtId"): each.get("formatCode") for _, each in codes.found}
    numbers = [each.get("numFmtId", "0") for _, each in styles.found]
    made = {
        number: number_format(int(number) if number.isdecimal() else 0, by_number.get(number)) for number in {*numbers}
    }
    return [made[number] for number in numbers]


def _packed(book: OpenXml, page: _Page) -> tuple[bytes, Survey] | None:
    """Do that; None if cells are not written as usual."""
    packed, survey, prefix = io.BytesIO(), Survey(page.prefix), page.prefix
    strings = f'<Relationship Id="s" Type="{_RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>'
    space = (b":" + prefix[:-1] if prefix else b"") + b'="' + _SPREADSHEET.encode() + b'"'
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("_rels/.rels", _related("", "officeDocument", "xl/workbook.xml"))
        file.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_SPREADSHEET}" xmlns:r="{_RELATIONS}"><sheets><sheet name="1" sheetId="1" r:id="r"/>'
            "</sheets></workbook>",
        )
        related = _related(strings if book.strings else "", "worksheet", "worksheets/sheet1.xml")
        file.writestr("xl/_rels/workbook.xml.rels", related)
        if book.strings:
            file.writestr("xl/sharedStrings.xml", book.archive.read_xml(book.strings))
        with file.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(b"<%bworksheet xmlns%b><%bsheetData>" % (prefix, space, prefix))
            for rows in pieces(page.content, page.start, page.end, prefix):
                marked = mark(rows, prefix)
                if marked is None:
                    return None
                survey.add(rows, *marked)
                part.write(marked[0])
            part.write(b"</%bsheetData></%bworksheet>" % (prefix, prefix))
    return packed.getvalue(), survey


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
