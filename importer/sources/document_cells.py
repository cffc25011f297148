"""The cells of an OpenDocument sheet, which say all that they are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from itertools import pairwise
from typing import TYPE_CHECKING

from importer.model import Kind
from importer.sources.header import letters
from importer.sources.links import formula_address
from importer.sources.refusals import sprawling
from importer.sources.sheet import Area

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_CELLS = 20_000_000
_MANY = 1_000

_START = re.compile(rb"<table:table-row(?=[\s>/])")
_ROW = re.compile(r"<table:table-row((?:\s[^<>]*)?)>(.*)</table:table-row>", re.DOTALL)
_SIMPLE = re.compile(
    r'<table:(?:covered-)?table-cell((?:\s++[\w:.-]++="[^"<]*+")*+)\s*+'
    r"(?:(/)>|>(?:(<text:p>)([^<]*+)</text:p>)?</table:(?:covered-)?table-cell>)"
)
"""A cell of one paragraph or none, without anything in it but text: nearly all are."""
_PLAIN = frozenset({
    'office:value-type="string"', 'office:value-type="string" calcext:value-type="string"'
})  # fmt: skip
_TEXT = {"office:value-type": "string"}
"""What a cell of text says of itself."""
_ATTRIBUTE = re.compile(r'([\w:.-]+)="([^"]*)"')

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


@dataclass(slots=True)
class Kept:
    """The cells of a column that hold anything: their rows and texts, and the kinds of those that are no text."""

    rows: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    kinds: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Cells:
    """Walks through a table, and keeps what its cells hold by their columns."""

    name: str
    sheet: str
    columns: dict[int, Kept] = field(default_factory=dict)
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
    any_text: bool = False
    filled: list[tuple[int, int, str, int]] = field(default_factory=list)
    cell: dict[str, str] | None = None
    pieces: list[str] = field(default_factory=list)
    paragraphs: int = 0
    address: str = ""
    muted: int = 0
    known: dict[str, dict[str, str]] = field(default_factory=dict)

    def take(self, table: bytes) -> Iterator[bytes]:
        """Take the rows of simple cells; give the rest, piece by piece, to be walked through meanwhile.

        Where a table stands in a cell of this one, all of it is to be walked through.
        """
        starts = [each.start() for each in _START.finditer(table)]
        if table.count(b"<table:table ") > 1 or table.count(b"<table:table>") or not starts:
            yield table
            return
        yield table[: starts[0]]
        for start, end in pairwise([*starts, len(table)]):
            piece = table[start:end]
            if not self._take_row(piece):
                yield piece

    def _take_row(self, piece: bytes) -> bool:
        """Take a row, unless anything in it is not simple."""
        try:
            row = _ROW.fullmatch(piece.decode())
        except UnicodeDecodeError:
            return False
        if row is None:
            return False
        cells = _SIMPLE.findall(row[2])
        if sum(1 if closed else 4 if paragraph else 2 for _, closed, paragraph, _ in cells) != row[2].count("<"):
            return False
        self._begin_row(self._attributes(row[1]))
        for told, _, _, text in cells:
            cell = self.known.get(told)
            if cell is None:
                cell = self._attributes(told)
            shown = unescape(text) if "&" in text else text
            if "  " in shown or not shown.isprintable():
                shown = _BLANKS.sub(" ", shown)
            if shown and cell is _TEXT and self.times == 1:
                self._put(self.column, shown)
                self.column += 1
            elif shown or cell:
                self.address = ""
                self._end_cell(cell, shown)
            else:
                self.column += 1
        self._end_row()
        return True

    def _attributes(self, told: str) -> dict[str, str]:
        """Read attributes; those that many cells have are read once."""
        attributes = _TEXT if told.strip() in _PLAIN else dict(_ATTRIBUTE.findall(told))
        if "&" in told:
            attributes = {name: unescape(value) for name, value in attributes.items()}
        if "value=" not in told and len(self.known) < _MANY:
            self.known[told] = attributes
        return attributes

    def _put(self, column: int, text: str) -> None:
        """Keep the text of a cell of this row."""
        kept = self._column(column)
        kept.rows.append(self.row)
        kept.texts.append(text)
        self.any_text = True

    def _column(self, column: int) -> Kept:
        kept = self.columns.get(column)
        if kept is None:
            kept = self.columns[column] = Kept()
        return kept

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
            self._begin_row(attributes)
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
            self._end_cell(cell, "".join(self.pieces))
        elif tag == "table:table-row":
            self._end_row()

    def _begin_row(self, attributes: dict[str, str]) -> None:
        self.times = _count(attributes, "table:number-rows-repeated")
        self.hidden = attributes.get("table:visibility") in _HIDDEN
        self.column, self.filled, self.any_text = 0, [], False

    def _end_cell(self, cell: dict[str, str], text: str) -> None:
        repeated = _count(cell, "table:number-columns-repeated")
        found = _read(cell, text)
        if found is not None:
            self._keep(cell, repeated, *found)
        self._span(cell)
        self.column += repeated

    def _keep(self, cell: dict[str, str], repeated: int, text: str, kind: int) -> None:
        self.filled.append((self.column, repeated, text, kind))
        if cell.get("office:value-type") == "percentage":
            self.percents.add(self.column)
        formula = cell.get("table:formula", "").partition("=")[2]
        if formula and "HYPERLINK" in formula.upper():
            address = formula_address(formula)
            if address is None:
                self.worked_out.append((self.row, self.column))
            else:
                self.address = self.address or address
        if self.address and not self.address.startswith("#"):
            self.links[self.row, self.column] = self.address

    def _span(self, cell: dict[str, str]) -> None:
        if "table:number-rows-spanned" not in cell and "table:number-columns-spanned" not in cell:
            return
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
            if repeated == self.times == 1:  # nearly all are
                kept = self._column(first)
                kept.rows.append(self.row)
                kept.texts.append(text)
                if kind:
                    kept.kinds[self.row] = kind
                continue
            for column in range(first, first + repeated):
                kept = self._column(column)
                kept.rows.extend(rows)
                kept.texts.extend([text] * self.times)
                if kind:
                    kept.kinds.update(dict.fromkeys(rows, kind))
        if self.hidden and (self.filled or self.any_text):
            self.hidden_rows.extend(rows)
        self.row = rows.stop


def _count(attributes: dict[str, str], name: str) -> int:
    """Read how often something stands there; once, if nothing is said."""
    told = attributes.get(name)
    if told is None:
        return 1
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
