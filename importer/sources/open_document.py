"""Workbooks of LibreOffice and others in OpenDocument (.ods): an own reader, for its cells say all that they are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.sax.saxutils import unescape

import polars as pl

from importer.model import Kind
from importer.sources.canonical import number_text
from importer.sources.header import letters
from importer.sources.links import formula_address
from importer.sources.markup import walk
from importer.sources.refusals import damaged, protected, sprawling
from importer.sources.sheet import Area, Column, Sheet, Tab

if TYPE_CHECKING:
    from importer.sources.archive import Archive

_CONTENT, _MANIFEST = "content.xml", "META-INF/manifest.xml"
_MOST_CELLS = 20_000_000

_TABLE = re.compile(rb"<table:table\s([^>]*)>")
_ENDS = re.compile(rb"<(/?)table:table(?=[\s>/])[^>]*?(/?)>")
_HIDING = re.compile(
    rb'<style:style\s(?=[^>]*style:family="table")[^>]*style:name="([^"]*)"[^>]*>\s*'
    rb'<style:table-properties\s[^>]*table:display="false"'
)
_QUOTES = {"&quot;": '"', "&apos;": "'"}
_ATTRIBUTE = re.compile(rb'table:(name|style-name)="([^"]*)"')

_NUMBERS = frozenset({"float", "currency", "percentage"})
_HIDDEN = frozenset({"collapse", "filter"})
_CELLS = frozenset({"table:table-cell", "table:covered-table-cell"})
_TRUTHS = {"of:=TRUE()": "TRUE", "of:=FALSE()": "FALSE"}
"""What LibreOffice makes of the truths in a sheet of Excel; it writes numbers beside them."""
_ERROR = re.compile(r"#(?:REF!|DIV/0!|N/A|NAME\?|NUM!|VALUE!|NULL!)|Err:[0-9]+")
_PADDED = re.compile(r"0[0-9]+(?:[ /-][0-9]+)*")
_TIME = re.compile(r"(-?)PT(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:[.,][0-9]+)?S)?")
_MIDNIGHT = re.compile(r"T00:00:00(?:\.0+)?$")
_BLANKS = re.compile(r"[ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """An open workbook: its sheets, and how one of them is read."""

    tabs: tuple[Tab, ...]
    _content: bytes
    _name: str

    def read(self, place: int) -> Sheet:
        """Read a sheet by its place among the others. Raises SourceError if it is broken, or holds too much."""
        cells = _Cells(self._name, self.tabs[place].name)
        walk(_table(self._content, place, self._name), cells, self._name, _CONTENT, prefixes=True)
        height = 1 + max((rows[-1] for rows, _, _ in cells.columns.values()), default=-1)
        width = 1 + max(cells.columns, default=-1)
        empty = Column(pl.Series([None] * height, dtype=pl.String))
        return Sheet(
            tuple(_column(*cells.columns[at], height) if at in cells.columns else empty for at in range(width)),
            hidden_rows=tuple(cells.hidden_rows),
            hidden_columns=frozenset(at for at in cells.hidden_columns if at < width),
            merged=tuple(cells.merged),
            links=cells.links,
            worked_out=tuple(cells.worked_out),
            percents=frozenset(cells.percents),
        )


def open_document(archive: Archive) -> OpenDocument:
    """List the sheets. Raises SourceError if the file wants a password, or is no workbook."""
    if archive.has(_MANIFEST) and b"encryption-data" in archive.read(_MANIFEST):
        raise protected(archive.name)
    content = archive.read_xml(_CONTENT)
    hiding = {style.decode() for style in _HIDING.findall(content)}
    tabs = []
    for table in _TABLE.finditer(content):
        told = {key.decode(): unescape(value.decode(), _QUOTES) for key, value in _ATTRIBUTE.findall(table[1])}
        tabs.append(Tab(told.get("name", ""), told.get("style-name", "") not in hiding))
    return OpenDocument(tuple(tabs), content, archive.name)


def _table(content: bytes, place: int, name: str) -> bytes:
    """Cut the XML of one table out; a table in a cell of another is part of that one."""
    start = [each.start() for each in _TABLE.finditer(content)][place]
    depth = 0
    for tag in _ENDS.finditer(content, start):
        if tag[1]:
            depth -= 1
        elif not tag[2]:
            depth += 1
        if depth <= 0:
            return content[start : tag.end()]
    raise damaged(name, f"its part {_CONTENT} ends too early")


def _column(rows: list[int], texts: list[str], kinds: list[int], height: int) -> Column:
    """Put the cells of a column where they stand."""
    written = pl.DataFrame({"text": texts, "kind": pl.Series(kinds, dtype=pl.UInt8)})
    number = pl.col("text").cast(pl.Float64, strict=False)
    text = pl.when(pl.col("kind") == Kind.NUMBER).then(number_text(number)).otherwise("text")
    made = written.select(pl.coalesce(text, "text").alias("text")).get_column("text")
    column = pl.Series([None] * height, dtype=pl.String).scatter(rows, made)
    if not any(kinds):
        return Column(column)
    return Column(column, pl.zeros(height, pl.UInt8, eager=True).scatter(rows, kinds))


@dataclass(slots=True)
class _Cells:
    """Walks through a table; `columns` holds rows, texts and kinds of the cells that hold anything."""

    name: str
    sheet: str
    columns: dict[int, tuple[list[int], list[str], list[int]]] = field(default_factory=dict)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[Area] = field(default_factory=list)
    links: dict[tuple[int, int], str] = field(default_factory=dict)
    worked_out: list[tuple[int, int]] = field(default_factory=list)
    percents: set[int] = field(default_factory=set)
    row: int = 0
    column: int = 0
    declared: int = 0
    count: int = 0
    times: int = 1
    hidden: bool = False
    filled: list[tuple[int, int, str, int]] = field(default_factory=list)
    cell: dict[str, str] | None = None
    pieces: list[str] = field(default_factory=list)
    paragraphs: int = 0
    address: str = ""
    muted: int = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """A row, a cell, or something in a cell."""
        if self.muted or tag.startswith("draw:") or tag == "office:annotation":
            self.muted += 1
        elif tag in _CELLS and self.cell is None:
            self.cell = attributes
            self.pieces, self.paragraphs, self.address = [], 0, ""
        elif self.cell is not None:
            self._inside(tag, attributes)
        elif tag == "table:table-row":
            self.times = _count(attributes, "table:number-rows-repeated")
            self.hidden = attributes.get("table:visibility") in _HIDDEN
            self.column, self.filled = 0, []
        elif tag == "table:table-column":
            spread = range(self.declared, self.declared + _count(attributes, "table:number-columns-repeated"))
            self.declared = spread.stop
            if attributes.get("table:visibility") in _HIDDEN:
                self.hidden_columns.update(spread[:20_000])

    def _inside(self, tag: str, attributes: dict[str, str]) -> None:
        """A paragraph, or a blank, or a link in one."""
        if tag in {"text:p", "text:h"}:
            self.paragraphs += 1
            if self.paragraphs > 1:
                self.pieces.append("\n")
        elif tag == "text:s":
            self.pieces.append(" " * min(_count(attributes, "text:c"), 10_000))
        elif tag == "text:tab":
            self.pieces.append("\t")
        elif tag == "text:line-break":
            self.pieces.append("\n")
        elif tag == "text:a":
            self.address = self.address or attributes.get("xlink:href", "")

    def text(self, piece: str) -> None:
        """Text of a paragraph; what stands between elements is the layout of the XML."""
        if self.paragraphs and not self.muted and self.cell is not None:
            self.pieces.append(_BLANKS.sub(" ", piece))

    def end(self, tag: str) -> None:
        """A cell or a row is complete."""
        if self.muted:
            self.muted -= 1
        elif tag in _CELLS and self.cell is not None:
            cell, self.cell = self.cell, None
            repeated = _count(cell, "table:number-columns-repeated")
            found = _read(cell, "".join(self.pieces))
            if found is not None:
                self._keep(cell, repeated, *found)
            self._span(cell)
            self.column += repeated
        elif tag == "table:table-row":
            self._end_row()

    def _keep(self, cell: dict[str, str], repeated: int, text: str, kind: int) -> None:
        self.filled.append((self.column, repeated, text, kind))
        if cell.get("office:value-type") == "percentage":
            self.percents.add(self.column)
        formula = cell.get("table:formula", "").partition("=")[2]
        if "HYPERLINK" in formula.upper():
            address = formula_address(formula)
            if address is None:
                self.worked_out.append((self.row, self.column))
            else:
                self.address = self.address or address
        if self.address and not self.address.startswith("#"):
            self.links[self.row, self.column] = self.address

    def _span(self, cell: dict[str, str]) -> None:
        down = _count(cell, "table:number-rows-spanned")
        right = _count(cell, "table:number-columns-spanned")
        if down > 1 or right > 1:
            self.merged.append(Area(self.row, self.column, self.row + down - 1, self.column + right - 1))

    def _end_row(self) -> None:
        """Keep the cells of a row as often as it is repeated."""
        wide = sum(repeated for _, repeated, _, _ in self.filled)
        self.count += wide * self.times
        if self.count > _MOST_CELLS:
            column, repeated = self.filled[-1][:2]
            corner = f"{letters(column + repeated - 1)}{self.row + self.times}"
            raise sprawling(self.name, self.sheet, corner, self.count)
        rows = range(self.row, self.row + self.times)
        for first, repeated, text, kind in self.filled:
            for column in range(first, first + repeated):
                places, texts, kinds = self.columns.setdefault(column, ([], [], []))
                places.extend(rows)
                texts.extend([text] * self.times)
                kinds.extend([kind] * self.times)
        if self.hidden and self.filled:
            self.hidden_rows.extend(rows)
        self.row = rows.stop


def _count(attributes: dict[str, str], name: str) -> int:
    """Read how often something stands there; once, if nothing is said."""
    told = attributes.get(name, "1")
    return max(1, int(told)) if told.isascii() and told.isdecimal() and len(told) < 10 else 1  # noqa: PLR2004 - digits


def _read(cell: dict[str, str], shown: str) -> tuple[str, int] | None:  # noqa: PLR0911 - one for each type
    """Give text and kind of a cell; None if it is empty."""
    formula = cell.get("table:formula")
    if cell.get("calcext:value-type") == "error" or (formula and _ERROR.fullmatch(shown)):
        return shown or "#ERROR!", Kind.ERROR
    type_ = cell.get("office:value-type")
    value = cell.get(f"office:{'' if type_ in _NUMBERS else f'{type_}-'}value", "")
    if formula in _TRUTHS:
        return _TRUTHS[formula], Kind.BOOLEAN
    if type_ in _NUMBERS and value:
        return _number(value, shown)
    if type_ == "date" and value:
        return _MIDNIGHT.sub("", value), Kind.DATE
    if type_ == "time" and (lapse := _TIME.fullmatch(value)):
        sign, *parts = lapse.groups("0")
        return f"{sign.strip('0')}{':'.join(part.zfill(2) for part in parts)}", Kind.TEXT
    if type_ == "boolean" and value:
        return ("TRUE" if value == "true" else "FALSE"), Kind.BOOLEAN
    text = shown or value
    if text:
        return text, Kind.TEXT
    if formula and type_ is None:
        return "=" + formula.partition("=")[2], Kind.ERROR
    return None


def _number(value: str, shown: str) -> tuple[str, int]:
    """Give a number, or the text that is shown where leading zeros make an identifier of it."""
    if _PADDED.fullmatch(shown) and re.sub(r"[^0-9]", "", shown).lstrip("0") == value.lstrip("0"):
        return shown, Kind.TEXT
    try:
        float(value)
    except ValueError:
        return shown or value, Kind.TEXT
    return value, Kind.NUMBER
