"""Looking over the records of an .xls or .xlsb: how far a sheet reaches, its errors, and what is hidden or merged.

`fastexcel` makes room for every cell up to the last one, gives nothing for errors, and tells nothing of the rest.
The records stand in [MS-XLS] and [MS-XLSB].
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.sources.header import letters
from importer.sources.refusals import damaged, protected, sprawling
from importer.sources.sheet import Area, Tab
from importer.sources.survey import is_sprawling

if TYPE_CHECKING:
    from collections.abc import Iterator

_ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"
}  # fmt: skip


@dataclass(slots=True)
class BinarySurvey:
    """What was found; rows and columns count from 0."""

    cells: int = 0
    bottom: int = 0
    right: int = 0
    errors: list[tuple[int, int, str]] = field(default_factory=list)
    hidden_rows: dict[int, bool] = field(default_factory=dict)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[Area] = field(default_factory=list)

    def add(self, row: int, column: int, error: int | None = None) -> None:
        """Count a cell that holds something."""
        self.cells += 1
        self.bottom, self.right = max(self.bottom, row), max(self.right, column)
        if error is not None:
            self.errors.append((row, column, _ERRORS.get(error, "#ERROR!")))
        if row in self.hidden_rows:
            self.hidden_rows[row] = True

    def refuse_sprawling(self, name: str, sheet: str) -> None:
        """Refuse a sheet with a stray cell far away."""
        if is_sprawling(self.bottom + 1, self.right + 1, self.cells):
            raise sprawling(name, sheet, f"{letters(self.right)}{self.bottom + 1}", self.cells)


def survey_xlsb(content: bytes, name: str) -> BinarySurvey:
    """Look over the part of a sheet of an .xlsb."""
    found = BinarySurvey()
    row = 0
    try:
        for kind, at, size in _records_of_xlsb(content):
            if kind == 0:
                row = struct.unpack_from("<I", content, at)[0]
                if size > 11 and content[at + 11] & 0x10:  # noqa: PLR2004 - where the flag stands
                    found.hidden_rows[row] = False
            elif 2 <= kind <= 11:  # noqa: PLR2004 - the kinds of cells that are not blank
                column = struct.unpack_from("<I", content, at)[0]
                found.add(row, column, content[at + 8] if kind in {3, 11} else None)
            elif kind == 60:  # noqa: PLR2004 - the look of columns
                first, last = struct.unpack_from("<II", content, at)
                if content[at + 16] & 1:
                    found.hidden_columns.update(range(first, min(last + 1, 16_384)))
            elif kind == 176:  # noqa: PLR2004 - merged cells
                top, bottom, left, right = struct.unpack_from("<IIII", content, at)
                found.merged.append(Area(top, left, bottom, right))
    except (struct.error, IndexError):
        raise damaged(name, "a record ends too early") from None
    return found


def tabs_of_xlsb(content: bytes, name: str) -> list[tuple[Tab, str]]:
    """List the sheets of an .xlsb, each with the relation that leads to its part."""
    tabs = []
    try:
        for kind, at, _ in _records_of_xlsb(content):
            if kind == 156:  # noqa: PLR2004 - a sheet in the list
                state = struct.unpack_from("<I", content, at)[0]
                identity, after = _wide_text(content, at + 8)
                tabs.append((Tab(_wide_text(content, after)[0], state == 0), identity))
    except (struct.error, IndexError):
        raise damaged(name, "a record ends too early") from None
    return tabs


def _wide_text(content: bytes, at: int) -> tuple[str, int]:
    """Read a text, and where it ends."""
    length = struct.unpack_from("<I", content, at)[0]
    if length == 0xFFFFFFFF:  # noqa: PLR2004 - means none
        return "", at + 4
    end = at + 4 + 2 * length
    return content[at + 4 : end].decode("utf-16-le", errors="replace"), end


def _records_of_xlsb(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Give kind, place and size of each record; both numbers are written in parts of seven bits."""
    at, end = 0, len(content)
    while at < end:
        kind = content[at]
        at += 1
        if kind & 0x80:
            kind = kind & 0x7F | (content[at] & 0x7F) << 7
            at += 1
        size = shift = 0
        while True:
            part = content[at]
            at += 1
            size |= (part & 0x7F) << shift
            shift += 7
            if part < 0x80 or shift > 21:  # noqa: PLR2004 - a size has four parts at most
                break
        yield kind, at, size
        at += size


def survey_xls(stream: bytes, name: str) -> list[tuple[bool, bool, BinarySurvey]]:
    """Look over the sheets of an .xls: whether each is shown, and a table, and what is in it.

    Raises SourceError if the file wants a password, or is broken.
    """
    sheets = []
    try:
        for kind, at, _ in _records_of_xls(stream, 0):
            if kind == 0x2F:  # noqa: PLR2004 - how the rest is encrypted
                raise protected(name)
            if kind == 0xFC and struct.unpack_from("<I", stream, at + 4)[0] > len(stream):  # noqa: PLR2004 - all texts
                raise damaged(name, "it promises more texts than it holds")
            if kind == 0x85:  # noqa: PLR2004 - where a sheet begins, whether it is shown, and what it is
                start, state, what = struct.unpack_from("<IBB", stream, at)
                found = BinarySurvey()
                for each, place, size in _records_of_xls(stream, start):
                    if each == 0x200 and not _is_sane(stream[place : place + size]):  # noqa: PLR2004 - how far it reaches
                        raise damaged(name, "a sheet says that it has more cells than there can be")
                    _look(found, stream[place : place + size], each)
                sheets.append((state & 3 == 0, what == 0, found))
    except (struct.error, IndexError):
        raise damaged(name, "a record ends too early") from None
    return sheets


def _is_sane(dimensions: bytes) -> bool:
    """Tell whether a sheet says that it ends where sheets can end: the reader makes room for that many cells."""
    if len(dimensions) < 12:  # noqa: PLR2004 - as older versions write it
        return True
    top, bottom, left, right = struct.unpack_from("<IIHH", dimensions)
    return bool(top <= bottom <= 65_536 and left <= right <= 256)  # noqa: PLR2004 - the size of a sheet


def _records_of_xls(stream: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Give kind, place and size of each record up to the end of this part; parts of charts in it are passed over."""
    depth = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        depth += (kind == 0x809) - (kind == 0x0A)  # noqa: PLR2004 - begin and end of a part
        if depth <= 0:
            return
        if depth == 1:
            yield kind, at + 4, size
        at += 4 + size


def _look(found: BinarySurvey, record: bytes, kind: int) -> None:  # noqa: C901 - one case for each kind of record
    """Take note of one record."""
    match kind:
        case 0x0FD | 0x204 | 0x203 | 0x27E | 0x0D6:  # texts and numbers
            found.add(*struct.unpack_from("<HH", record))
        case 0x0BD:  # several numbers beside each other
            row, first = struct.unpack_from("<HH", record)
            for column in range(first, struct.unpack_from("<H", record, len(record) - 2)[0] + 1):
                found.add(row, column)
        case 0x205:  # a boolean or an error
            row, column = struct.unpack_from("<HH", record)
            found.add(row, column, record[6] if record[7] else None)
        case 0x006 | 0x206 | 0x406:  # a formula; its result is a number, or says what it is
            error = record[6] == 2 and record[12:14] == b"\xff\xff"  # noqa: PLR2004 - means an error
            row, column = struct.unpack_from("<HH", record)
            found.add(row, column, record[8] if error else None)
        case 0x208:  # the look of a row
            if record[12] & 0x20:
                found.hidden_rows[struct.unpack_from("<H", record)[0]] = False
        case 0x07D:  # the look of columns
            first, last = struct.unpack_from("<HH", record)
            if record[8] & 1:
                found.hidden_columns.update(range(first, min(last + 1, 256)))
        case 0x0E5:  # merged cells
            for at in range(2, len(record) - 7, 8):
                top, bottom, left, right = struct.unpack_from("<HHHH", record, at)
                found.merged.append(Area(top, left, bottom, right))
