"""Looking over the rows of an Open XML sheet: how far they reach, what is hidden in them, and what is linked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from importer.sources.header import column_number, letters
from importer.sources.links import formula_links
from importer.sources.refusals import sprawling

_MOST_CELLS = 10_000_000
_SPARSE = 10
"""A sheet larger than that is read only if one in so many of its cells is filled: the reader makes room for all."""

_HIGHEST, _WIDEST = 1_048_576, 16_384


def is_sprawling(height: int, width: int, cells: int) -> bool:
    """Tell whether nearly all cells of a large sheet are empty, or it is larger than sheets can be."""
    return height > _HIGHEST or width > _WIDEST or height * width > max(_MOST_CELLS, cells * _SPARSE)


@dataclass(slots=True)
class Survey:
    """Gathers over the pieces of a sheet, whose tags have this prefix.

    `bottom` is the last row as the sheet counts, 0 below a thousand; else rows and columns count from 0.
    """

    prefix: bytes
    cells: int = 0
    bottom: int = 0
    right: int = 25
    hidden: list[int] = field(default_factory=list)
    links: dict[tuple[int, int], str] = field(default_factory=dict)
    worked_out: list[tuple[int, int]] = field(default_factory=list)
    row: int = 0

    def add(self, rows: bytes, marked: bytes, cells: int) -> None:
        """Look over a piece, as it was and with its cells marked."""
        self.cells += cells
        low = re.findall(rb'<%brow\b[^>]*? r="([0-9]{4,})"[^>]*>\s*<%bc' % (self.prefix, self.prefix), marked)
        lost = re.findall(rb'<%bc r="[A-Za-z]+([0-9]{7,})"' % self.prefix, marked)  # cells that say another row
        self.bottom = max(self.bottom, *map(int, low), *map(int, lost), 0)
        wide = {*re.findall(rb'<%bc r="([A-Za-z]{2,})[0-9]' % self.prefix, marked)}
        self.right = max(self.right, *(column_number(each.decode().upper()) for each in wide), 0)
        if b" hidden=" in marked or self.row:
            self._find_hidden(marked)
        if b"HYPERLINK" in rows:
            addresses, worked_out = formula_links(rows, self.prefix)
            self.links |= addresses
            self.worked_out += worked_out

    def refuse_sprawling(self, name: str, sheet: str) -> None:
        """Refuse a sheet with a stray cell far away: the reader would make room for every cell up to it."""
        if is_sprawling(self.bottom, self.right + 1, self.cells):
            raise sprawling(name, sheet, f"{letters(self.right)}{self.bottom}", self.cells)

    def _find_hidden(self, rows: bytes) -> None:
        """Find the rows that are hidden, by hand or by a filter, and hold anything."""
        for row in re.finditer(rb"<%brow\b([^>]*)>" % self.prefix, rows):
            told = re.search(rb'\br="([0-9]{1,7})"', row[1])
            self.row = int(told[1]) if told else self.row + 1
            filled = rows[row.end() : row.end() + 20].lstrip().startswith(b"<%bc" % self.prefix)
            if filled and re.search(rb'\bhidden="(?:1|true)"', row[1]):
                self.hidden.append(self.row - 1)
