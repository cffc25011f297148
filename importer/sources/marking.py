"""Cells of Open XML sheets: what is no text is marked in the XML, so that one reading as texts tells what each was.

`fastexcel` gives numbers as text with nine decimals, gives nothing for errors and for formulas without a result, and
knows of no number formats. So before it reads a sheet, each such cell is made a text cell: a mark, a letter for what
it was (number, boolean, error, date or formula), its style, `;`, and its value as it stands in the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from importer.sources.header import column_number, letters

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = "\x01"
"""Begins the text of a marked cell; XML cannot hold it, and who smuggles it in has typed a cell and no more."""

_PIECE = 1 << 22
_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")

_START = rb'<@c r="([A-Z]{1,3}+[0-9]{1,7}+)"(?: s="([0-9]{1,6}+)")?+'
_VALUE = _START + rb'(?: t="([bn])")?+><@v>(?!<)'
"""A number or a truth value, up to its value: nearly all that there is to mark."""

_ANY = (
    _START + rb'(?: t="([bden])")?+(?: (?:cm|vm|ph)="[^"]*+")*+\s*+'
    rb"(?:/>|>\s*+(<@f(?:\s[^>]*+)?(?:(?<=/)>|>([^<]*+)</@f>)\s*+)?"
    rb"(?:(?:<@v\s*+/>|<@v></@v>)?\s*+(</@c>)|<@v(?:\s[^>/]*+)?>))"
)
"""A cell whose value is no text, up to its value; or all of it, where it has none."""

_TEXTS = (b' t="s', b' t="inlineStr"')
"""How cells of text are told: by `s` or `str`, or `inlineStr`. No other kind of cell begins with these."""


class _Patterns(NamedTuple):
    value: re.Pattern[bytes]
    any: re.Pattern[bytes]


@lru_cache(maxsize=8)
def _patterns(prefix: bytes) -> _Patterns:
    return _Patterns(*(re.compile(each.replace(b"@", prefix)) for each in (_VALUE, _ANY)))


def pieces(content: bytes, start: int, end: int, prefix: bytes) -> Iterator[bytes]:
    """Cut rows into pieces of some megabytes, none of them within a row."""
    closing = b"</" + prefix + b"row>"
    while start < end:
        cut = content.find(closing, start + _PIECE, end)
        cut = end if cut < 0 else cut + len(closing)
        yield content[start:cut]
        start = cut


def mark(rows: bytes, prefix: bytes) -> tuple[bytes, int] | None:
    """Mark the cells of some rows, and leave out empty ones; say how many are left.

    Gives None where not every cell is written as programs usually write them; `Usual` writes them so.
    """
    if b"<!" in rows:
        return None
    opening = b"<" + prefix + b"c"
    head = opening + b' r="'
    cells, texts = rows.count(opening), sum(rows.count(each) for each in _TEXTS)
    if rows.count(head) != cells:
        return None  # where each cell stands is what `Survey` looks for
    if cells == texts:
        return rows, cells
    patterns = _patterns(prefix)
    parts = patterns.value.split(rows)
    count = len(parts) // 4
    number, boolean = (b'" t="str"><' + prefix + b"v>" + MARK.encode() + letter for letter in (b"n", b"b"))
    made: list[bytes] = [head] * (6 * count + 1)
    made[::6], made[2::6] = parts[::4], parts[1::4]
    made[3::6] = [boolean if kind == b"b" else number for kind in parts[3::4]]
    made[4::6], made[5::6] = [style or b"" for style in parts[2::4]], [b";"] * count
    marked = b"".join(made)
    if count + texts == cells:
        return marked, cells
    marked, more = patterns.any.subn(_Marker(prefix), marked)
    return (marked, marked.count(opening)) if count + texts + more == cells else None


class _Marker:
    """Marks one cell of any kind."""

    def __init__(self, prefix: bytes) -> None:
        begin = b"<" + prefix + b'c r="%b" t="str"><' + prefix + b"v>" + MARK.encode()
        end = b"</" + prefix + b"v></" + prefix + b"c>"
        self._value = begin + b"%b%b;"
        self._whole = begin + b"%b;%b" + end

    def __call__(self, cell: re.Match[bytes]) -> bytes:
        place, style, kind, formula, code, end = cell.groups()
        if end is None and not cell[0].endswith(b"/>"):
            return self._value % (place, kind or b"n", style or b"")
        if kind == b"e":
            return self._whole % (place, b"e", b"#ERROR!")
        if formula is not None and kind in {None, b"n"}:
            return self._whole % (place, b"f", code or b"")
        return b""


@dataclass(slots=True)
class Usual:
    """Writes the cells of a sheet as most programs do: no prefixes, no CDATA, attributes in one order, each placed."""

    pieces: list[str] = field(default_factory=list)
    inside: bool = False
    row: int = 0
    column: int = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Write the beginning of an element, if it stands in the rows."""
        if not self.inside:
            self.inside = tag == "sheetData"
            return
        kept: dict[str, str] = {}
        if tag == "row":
            self.row = int(attributes["r"]) if attributes.get("r", "").isdecimal() else self.row + 1
            kept = {"r": f"{self.row}", "hidden": attributes.get("hidden", "0")}
            self.column = 0
        elif tag == "c":
            place = _PLACE.fullmatch(attributes.get("r", ""))
            self.column = column_number(place[1]) if place else self.column
            kept = {"r": f"{letters(self.column)}{place[2] if place else self.row}"}
            kept |= {key: attributes[key] for key in ("s", "t") if key in attributes}
            self.column += 1
        self.pieces.append(f"<{tag}{''.join(f' {key}={quoteattr(value)}' for key, value in kept.items())}>")

    def end(self, tag: str) -> None:
        """Write its end."""
        if tag == "sheetData":
            self.inside = False
        elif self.inside:
            self.pieces.append(f"</{tag}>")

    def text(self, piece: str) -> None:
        """Write text."""
        if self.inside:
            self.pieces.append(escape(piece))
