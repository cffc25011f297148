"""CSV dialects: which delimiter, which quote, and Excel's own `sep=` line."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

DELIMITERS = (",", ";", "\t", "|")
_SEP_LINE = re.compile(r'"?sep=(.)"?(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
_RECORDS = 200
_SHOWN = 40
_NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What separates the cells of a line, and what encloses those that hold a separator (None: nothing does).

    `sep_line` is true where the file's first line says so (`sep=;`); spreadsheets do not show that line.
    `spaced`: blanks after a delimiter belong to neither cell, as people write (`1, "two, three"`).
    """

    delimiter: str
    quote: str | None = '"'
    sep_line: bool = False
    spaced: bool = False

    @property
    def shown(self) -> str:
        """The delimiter as people write it."""
        return "tab" if self.delimiter == "\t" else f"'{self.delimiter}'"


def find_dialect(sample: str, delimiter: str | None, quote: str | None, name: str, *, whole: bool) -> Dialect:
    """Tell the dialect from the beginning of a file; `whole` says that the sample is all of it.

    Raises SourceError if the delimiter or quote asked for cannot be one.
    """
    enclosing = _quote(quote, name)
    line = _SEP_LINE.match(sample)
    if line is not None:
        sample = sample[line.end() :]
    if delimiter is not None:
        chosen = _delimiter(delimiter, enclosing, name)
    elif line is not None:
        chosen = line[1]
    else:
        chosen = max(DELIMITERS, key=lambda each: _fit(sample, each, enclosing, whole=whole))
    spaced = enclosing is not None and _is_spaced(sample, chosen, enclosing)
    return Dialect(chosen, enclosing, sep_line=line is not None, spaced=spaced)


def _is_spaced(sample: str, delimiter: str, quote: str) -> bool:
    """Tell whether quotes stand behind blanks, and each of them encloses a cell to its end.

    A cell that begins with its quote is passed over as a whole: what stands in it begins no cell.
    """
    sign, border = re.escape(quote), rf"{re.escape(delimiter)}\r\n"
    if not re.search(rf"{re.escape(delimiter)} +{sign}", sample):
        return False
    enclosed = rf"{sign}(?:[^{sign}]|{sign}{sign})*+{sign}"
    cell = re.compile(
        rf"(?:{enclosed} *(?=[{border}]|\Z)|( +{enclosed} *(?=[{border}]|\Z))|([^{border}]*))(?:[{border}]|\Z)"
    )
    found, at = False, 0
    while at < len(sample):
        whole = cell.match(sample, at)
        if whole is None:
            return False  # a quote that is never closed is told where rows are read
        if whole[2] and whole[2].lstrip(" ").startswith(quote) and whole[2].startswith(" "):
            return False
        found = found or whole[1] is not None
        at = whole.end()
    return found


def note_on_quotes(sample: str, dialect: Dialect, name: str) -> tuple[str, ...]:
    """Say where, in the beginning of a file, text stands behind a closing quote, such as `"Best" shop`.

    Spreadsheets and the `csv` module read such cells without both quotes; who wrote them may have meant otherwise.
    """
    quote = dialect.quote
    if quote is None:
        return ()
    sign, border = re.escape(quote), rf"{re.escape(dialect.delimiter)}\r\n"
    if not re.search(f"[^{border}{sign}]{sign}[^{border}{sign}]", sample):
        return ()
    blanks = " *" if dialect.spaced else ""
    cell = re.compile(rf"{blanks}({sign}(?:[^{sign}]|{sign}{sign})*+{sign})?([^{border}]*)(?:\r\n|[{border}]|\Z)")
    at, line = 0, 1 + dialect.sep_line
    while at < len(sample):
        found = cell.match(sample, at)
        if found is None or (found[1] is None and found[2].startswith(quote)):
            return ()  # a quote that is never closed is told where rows are read
        if found[1] and found[2]:
            text = (found[1] + found[2]).replace("\r", " ").replace("\n", " ")
            shown = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
            sentence = (
                f"{name}, line {line}: text stands behind a closing quotation mark ({shown}). Such marks are taken "
                'off, as spreadsheets do. If marks mean nothing in this file, write quote = "" in [source]; '
                f"else export it again, with every {quote} inside a cell doubled."
            )
            return (sentence,)
        line += found[0].count("\n") or found[0].count("\r")
        at = found.end()
    return ()


def _quote(quote: str | None, name: str) -> str | None:
    if quote is None:
        return '"'
    if not quote:
        return None
    if len(quote) != 1 or quote in "\r\n\t ":
        raise SourceError(f"{name}: quote = {quote!r} is not one sign.", 'Write one sign, or "" for none.')
    return quote


def _delimiter(delimiter: str, quote: str | None, name: str) -> str:
    sign = _NAMES.get(delimiter.lower(), delimiter)
    if len(sign) != 1 or sign in "\r\n" or sign == quote:
        raise SourceError(f"{name}: delimiter = {delimiter!r} is not one sign.", "Write ',' ';' '|' or 'tab'.")
    return sign


def _fit(sample: str, delimiter: str, quote: str | None, *, whole: bool) -> tuple[bool, float, bool, int]:
    """Say how well a delimiter fits: it is in the header, rows are as wide, no blanks follow it, many columns."""
    rows = [row for row in _records(sample, delimiter, quote, whole=whole) if any(map(str.strip, row))]
    widths = [len(row) for row in rows]
    in_header = bool(widths) and widths[0] > 1
    width = widths[0] if in_header else Counter(widths or [0]).most_common(1)[0][0]
    share = round(widths.count(width) / len(widths), 1) if widths else 0.0
    if width <= 1 or not (in_header or (width > 2 and share >= 0.5)):  # noqa: PLR2004 - three columns, half of the rows
        # in one column of sentences there may be a comma here and there; only a table that is wider has titles above it
        return False, 0.0, False, 0
    behind = [cell for row in rows for cell in row[1:] if cell]
    tight = 2 * sum(cell.startswith(" ") for cell in behind) <= len(behind)
    return in_header, share, tight, width


def _records(sample: str, delimiter: str, quote: str | None, *, whole: bool) -> list[list[str]]:
    lines = io.StringIO(sample, newline="")
    reader = (
        csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
        if quote is None
        else csv.reader(lines, delimiter=delimiter, quotechar=quote)
    )
    rows: list[list[str]] = []
    try:
        for row in reader:
            rows.append(row)
            if len(rows) == _RECORDS:
                return rows
    except csv.Error:  # a cell too long for a look; the reading itself says what is wrong, if anything is
        return rows
    return rows if whole or len(rows) == 1 else rows[:-1]


def note_on_one_column(rows: Sequence[Sequence[str | None]], name: str) -> tuple[str, ...]:
    """Say that each row, from the header on, is one cell that holds a delimiter: whole rows stand in quotes.

    Excel writes such files of a sheet into which a CSV was pasted; `delimiter` may be wrong, too.
    """
    filled = [row for row in rows if any(row)]
    cells = [row[0] or "" for row in filled if len(row) == 1]
    if len(cells) != len(filled) or len(cells) < _SEVERAL:
        return ()
    sign = next((one for one in ";,\t|" if all(one in cell for cell in cells)), None)
    if sign is None:
        return ()
    shown = "tab" if sign == "\t" else sign
    sentence = (
        f'{name}: each row is one cell, such as {cells[0]!r}. If "{shown}" parts cells, say delimiter = "{shown}" in'
        " [source]; where each row stands in quotation marks as a whole, export the sheet again without them."
    )
    return (sentence,)


_SEVERAL = 2
"""Rows that a header makes sense with."""
