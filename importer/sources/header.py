"""Columns: which row is the header, and how each column is called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from importer.errors import SourceError
from importer.model import ROW

if TYPE_CHECKING:
    from collections.abc import Sequence

ERROR_CODE = "_error_code"
ERROR = "_error"
NOTES = (ERROR_CODE, ERROR, "_fix")
"""The columns of our rejects files that are read by people only."""

_TITLES_ABOVE = 3
"""Rows above the header (a title, a date) are told only from tables at least this wide, or by a blank row between."""

_NEARBY = 30
"""Rows below, by which it is told how wide the table is at a row."""

_VALUE = re.compile(r"[\W\d_]*|[0-9]{4}-[0-9]{2}-[0-9]{2}T.*|TRUE|FALSE")
_LABEL = re.compile(r":\s*$")


WIDEST = 16_384
"""Columns of the widest sheet that a spreadsheet program makes (XFD)."""

_UNSEEN = "\ufeff\u200b"
"""Signs without a look, which exports leave before the first header (a byte order mark written twice)."""


def too_wide(name: str, width: int) -> SourceError:
    """Say that there are more columns than a sheet has; mostly the file is no sheet."""
    return SourceError(
        f"{name} has {width:,} columns, and no spreadsheet has more than {WIDEST:,}.",
        "Is it the right file, and the right delimiter?",
    )


def letters(position: int) -> str:
    """Name a column as spreadsheets do: 0 is A, 26 is AA."""
    name = ""
    position += 1
    while position:
        position, letter = divmod(position - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def column_number(name: str) -> int:
    """Count columns from 0 by their letters: A is 0, AA is 26."""
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def is_ours(header: Sequence[str | None]) -> bool:
    """Whether a header is that of one of our rejects files."""
    return ROW in header and ERROR_CODE in header


def column_names(
    header: Sequence[str | None], *, keep: Sequence[str] = (), places: Sequence[int] | None = None
) -> tuple[str, ...]:
    """Name the columns as mappings address them: as written, a letter if blank, the second of a name with " (2)".

    `_row` is ours, so a column of that name counts as a second one, unless it is among `keep`. `places` are where the
    columns stand on their sheet (from 0), if not side by side from its beginning.
    """
    taken = {ROW} - set(keep)
    names = []
    for position, written in zip(range(len(header)) if places is None else places, header, strict=True):
        # a zero byte is how columns of our own begin; no spreadsheet shows one
        name = (written or "").replace("\0", "").strip(_UNSEEN)
        name = name if name.strip() else letters(position)
        unique, count = name, 1
        while unique in taken:
            count += 1
            unique = f"{name} ({count})"
        taken.add(unique)
        names.append(unique)
    return tuple(names)


def find_header(rows: Sequence[Sequence[str | None]]) -> int | None:
    """Find the header among the first rows of a sheet (0-based); None if all of them are blank.

    It is the first row that is not blank, unless text stands above the table: a title, "As of: 01.03.2026", an
    address, a row of groups. Such rows fill half the table's width or less, and the header below them has a name
    wherever the rows below it have cells.
    """
    filled = [sum(bool(cell and cell.strip()) for cell in row) for row in rows]
    used = [index for index, count in enumerate(filled) if count]
    if not used:
        return None
    for index in used:
        below = sorted(filled[each] for each in used if index < each <= index + _NEARBY)
        if not below:
            break
        usual = below[(len(below) - 1) * 3 // 4]
        if not _stands_above(rows, index, filled, usual):
            return index if index == used[0] or _names(rows[index]) else used[0]
    return used[0]


def _stands_above(rows: Sequence[Sequence[str | None]], index: int, filled: Sequence[int], usual: int) -> bool:
    """Tell whether a row is text above a table: the rows below it usually have `usual` cells."""
    count = filled[index]
    if usual >= _TITLES_ABOVE:
        labels = count < usual and any(_LABEL.search(cell) for cell in rows[index] if cell)
        return count * 2 <= usual or labels
    return count == 1 and usual > 1 and filled[index + 1] == 0


def _names(row: Sequence[str | None]) -> bool:
    """Tell whether a row may be a header: most of its cells are words, no numbers and dates."""
    cells = [cell for cell in row if cell and cell.strip()]
    return sum(not _VALUE.fullmatch(cell) for cell in cells) * 2 > len(cells)


def header_at(rows: Sequence[Sequence[str | None]], header_row: int | None, name: str) -> int:
    """Give the header's position among the rows (0-based), or -1 for a sheet without one (`header_row = 0`).

    Raises SourceError if all is blank, or if the row asked for is beyond the end or blank.
    """
    if header_row == 0:
        return -1
    if header_row is None:
        found = find_header(rows)
        if found is None:
            raise SourceError(f"{name} is empty: it has no header and no rows.", "Is it the right file and sheet?")
        return found
    if header_row < 0:
        raise SourceError(f"{name}: header_row = {header_row} is no row.", "Rows count from 1; 0 means: no header.")
    if header_row > len(rows):
        raise SourceError(
            f"{name}: header_row = {header_row}, but there are only {len(rows)} rows.",
            "Rows count from 1, as the spreadsheet shows them; without `header_row` the header is looked for.",
        )
    if not any(cell and cell.strip() for cell in rows[header_row - 1]):
        raise SourceError(
            f"{name}, row {header_row}: the header should be here (header_row = {header_row}), but the row is blank.",
            "Rows count from 1, as the spreadsheet shows them; without `header_row` the header is looked for.",
        )
    return header_row - 1
