"""Records by Python's `csv` module: the slow way, right for whatever people call CSV."""

from __future__ import annotations

import csv
import io
from contextlib import contextmanager
from typing import TYPE_CHECKING

from importer.errors import SourceError
from importer.sources.window import EndlessLine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.sources.dialect import Dialect
    from importer.sources.window import Window

LONGEST_CELL = 1 << 26
"""A longer cell (in characters) is no text; mostly a quotation mark was never closed."""


class _Lines:
    """The lines of a window for `csv.reader`, counting the bytes given out; lines may end in LF, CRLF or CR."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self.given = 0
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        while True:
            start = self.given
            end = self._window.lines_end(start)
            if end == start:
                self.ended = True
                return
            text = self._window.data[start:end].decode("utf-8", "surrogateescape")
            ascii_only = text.isascii()
            for line in io.StringIO(text, newline=""):
                self.given += len(line) if ascii_only else len(line.encode("utf-8", "surrogateescape"))
                yield line


def read_records(
    window: Window, dialect: Dialect, where: tuple[str, int], *, size: int = 1 << 62, most: int = 1 << 62
) -> list[list[str]]:
    """Read records off the window until they make up `size` bytes, or are `most`; blank lines are records of no cells.

    Bytes that are not UTF-8 come as lone surrogates. `where` is the file's name and the row of the first record.
    Raises SourceError naming the row where a quotation mark opens that is never closed.
    """
    name, row = where
    lines = _Lines(window)
    records: list[list[str]] = []
    with _long_cells():
        try:
            for record in _reader(lines, dialect):
                if lines.ended:
                    raise _unclosed(name, row + len(records), dialect)
                records.append(record)
                if len(records) >= most or lines.given >= size:
                    break
        except csv.Error:  # the one thing that it refuses
            raise SourceError(
                f"{name}, row {row + len(records)}: a cell holds more than {LONGEST_CELL >> 20} million characters.",
                'Is a quotation mark opened there that is never closed? Close it, or write quote = "" in [source].',
            ) from None
        except EndlessLine as error:
            raise SourceError(
                f"{name}, row {row + len(records)}: the row has no end ({error}).",
                "Is it the right file? Export the sheet as CSV again.",
            ) from error
    window.drop(lines.given)
    return records


def _reader(lines: _Lines, dialect: Dialect) -> Iterator[list[str]]:
    if dialect.quote is None:
        return csv.reader(lines, delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote, skipinitialspace=dialect.spaced)


def _unclosed(name: str, row: int, dialect: Dialect) -> SourceError:
    return SourceError(
        f"{name}, row {row}: a quotation mark ({dialect.quote}) opens here and is never closed, "
        "so nobody can tell where the rows below begin.",
        'Close it, or write quote = "" in [source] if quotation marks mean nothing in this file.',
    )


@contextmanager
def _long_cells() -> Iterator[None]:
    """Let `csv` read cells of more than 128 kB (articles with pictures in them) while we read; the limit is global."""
    before = csv.field_size_limit(LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)
