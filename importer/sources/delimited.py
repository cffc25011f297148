"""CSV and TSV: polars where its reader is right, the `csv` module where it is not, the same frames from both."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

import polars as pl

from importer.errors import SourceError
from importer.model import BROKEN, ROW
from importer.sources.dialect import DELIMITERS, Dialect, find_dialect, note_on_one_column, note_on_quotes
from importer.sources.encoding import Encoding, find_encoding, utf8_pieces
from importer.sources.header import ERROR_CODE, WIDEST, column_names, header_at, is_ours, letters, too_wide
from importer.sources.records import read_records
from importer.sources.shape import PLACE, as_meant
from importer.sources.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.model import SourceOptions
    from importer.sources.stored import Stored

BLOCK_BYTES = 7 << 19
"""Bytes of a batch: some twenty thousand rows of twelve short cells. Smaller costs more calls, larger more memory."""

_PIECES = 16
"""In how many pieces a block is read."""

_BYTES_A_QUOTE = 24
"""Where quotes stand closer than this, one pattern over all of a block is faster than to look at what is between."""

_SAMPLE = 1 << 18
_LOOK_AHEAD = 200
_ESCAPED = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Delimited:
    """A CSV file as it was found: where its rows begin, and how to read them.

    `names` are those of the columns in the file; `first` is the number of records up to the header. `notes` are
    sentences about what a person may not expect.
    """

    file: Stored
    encoding: Encoding
    dialect: Dialect
    names: tuple[str, ...]
    first: int
    ours: bool
    block_bytes: int = BLOCK_BYTES
    notes: tuple[str, ...] = ()

    @property
    def detected(self) -> str:
        """What was found out, in a line."""
        header = f"header in row {self.first}" if self.first else "no header"
        packed = "gzip, " if self.file.packed else ""
        return f"{self.file.name}: {packed}{self.encoding.label}, delimiter {self.dialect.shown}, {header}"

    def frames(self) -> Iterator[pl.DataFrame]:
        """Read the rows from the beginning: `names` as String, `PLACE` and `BROKEN`.

        Raises SourceError if the file has changed since it was opened, or has a quotation mark never closed.
        """
        self.file.require_unchanged()
        # In pieces, lest the first batch takes in a whole block beside what was read for the header.
        window = _window(self.file, self.encoding, self.dialect, max(1, self.block_bytes // _PIECES))
        if self.first:
            read_records(window, self.dialect, (self.file.name, 1), most=self.first)
        row = self.first + 1
        while True:
            window.fill(self.block_bytes)
            if not window.data:
                break
            frame = self._fast(window)
            if frame is None:
                records = read_records(window, self.dialect, (self.file.name, row), size=self.block_bytes)
                frame = frame_of(records, self.names)
            count = frame.height
            yield frame.with_columns(pl.int_range(row, row + count, dtype=pl.UInt32).alias(PLACE))
            row += count
        self.file.require_unchanged()

    def _fast(self, window: Window) -> pl.DataFrame | None:
        """Let polars read the whole records at the beginning of the window; None where it might read them wrong."""
        block = whole_records(window, self.dialect)
        if block is None or not is_plain(block, self.dialect):
            return None
        try:
            frame = pl.read_csv(
                block,
                has_header=False,
                schema=dict.fromkeys(self.names, pl.String),
                separator=self.dialect.delimiter,
                quote_char=self.dialect.quote,
                infer_schema=False,
            )
        except pl.exceptions.PolarsError:  # rows of another width: the other way says which
            return None
        window.drop(len(block))
        return frame.with_columns(pl.lit(None, pl.String).alias(BROKEN))


def open_delimited(file: Stored, options: SourceOptions, block_bytes: int = BLOCK_BYTES) -> Delimited:
    """Look at the beginning of a file and find out how to read it.

    One of our own rejects files is read as we write them, whatever the options say.
    Raises SourceError if it is empty, or if the options contradict it.
    """
    name = file.name
    if not file.start(1):
        raise SourceError(f"{name} is empty: it has no header and no rows.", "Is it the right file?")
    guessed = find_encoding(file, None, options.charset)
    ours = _ours(file, guessed)
    if ours is not None:
        dialect, header = ours
        return Delimited(file, guessed, dialect, header, 1, ours=True, block_bytes=block_bytes)
    encoding = guessed if options.encoding is None else find_encoding(file, options.encoding)
    dialect = _dialect(file, encoding, (options.delimiter, options.quote))
    window = _window(file, encoding, dialect)
    window.fill(_SAMPLE)
    notes = note_on_quotes(window.data[:_SAMPLE].decode("utf-8", "replace"), dialect, name)
    rows = _first_rows(window, dialect, name, options.header_row)
    at = header_at(rows, options.header_row, name)
    width = max(map(len, rows), default=0) if at < 0 else len(rows[at])
    if not width:
        raise SourceError(f"{name} is empty: it has no rows.", "Is it the right file?")
    if width > WIDEST:
        raise too_wide(name, width)
    header = column_names([None] * width if at < 0 else [_readable(cell) for cell in rows[at]])
    notes += note_on_one_column(rows[max(at, 0) :], name)
    return Delimited(file, encoding, dialect, header, at + 1, ours=False, block_bytes=block_bytes, notes=notes)


def _first_rows(window: Window, dialect: Dialect, name: str, header_row: int | None) -> list[list[str]]:
    """Read what it takes to find the header; without one, as much as it takes to tell how many columns there are."""
    if header_row is None:
        return read_records(window, dialect, (name, 1), size=_SAMPLE, most=_LOOK_AHEAD)
    if header_row <= 0:
        return read_records(window, dialect, (name, 1), size=_SAMPLE)
    return read_records(window, dialect, (name, 1), most=header_row)


def _ours(file: Stored, encoding: Encoding) -> tuple[Dialect, tuple[str, ...]] | None:
    """Recognise one of our rejects files, which an editor's spreadsheet may have saved in its own dialect."""
    sample = _sample(file, encoding).data
    if ROW.encode() not in sample or ERROR_CODE.encode() not in sample:
        return None
    for delimiter in DELIMITERS:
        dialect = Dialect(delimiter)
        try:
            header = read_records(_window(file, encoding, dialect), dialect, (file.name, 1), most=1)[0]
        except SourceError:
            continue  # its quotes make sense with another delimiter, or it is none of ours
        if is_ours(header):
            return dialect, column_names([as_meant(_readable(cell)) for cell in header], keep=(ROW,))
    return None


def _sample(file: Stored, encoding: Encoding) -> Window:
    window = Window(utf8_pieces(file, encoding, _SAMPLE))
    window.fill(_SAMPLE)
    return window


def _dialect(file: Stored, encoding: Encoding, asked: tuple[str | None, str | None]) -> Dialect:
    window = _sample(file, encoding)
    whole = window.ended and len(window.data) <= _SAMPLE
    sample = window.data[:_SAMPLE].decode("utf-8", "replace")
    return find_dialect(sample, *asked, file.name, whole=whole)


def _window(file: Stored, encoding: Encoding, dialect: Dialect, piece: int = _SAMPLE) -> Window:
    """Begin at the first record that a spreadsheet shows, reading `piece` bytes at a time."""
    window = Window(utf8_pieces(file, encoding, piece))
    if dialect.sep_line:
        plain = Dialect(dialect.delimiter, quote=None)
        read_records(window, plain, ("", 1), most=1)
    return window


def whole_records(window: Window, dialect: Dialect) -> bytes | None:
    """Cut the window after its last line end that is outside quotes; None if there is none (yet)."""
    data = window.data
    if window.ended and data and not data.endswith(b"\n"):
        data += b"\n"
    quote = (dialect.quote or "").encode()
    end = data.rfind(b"\n") + 1
    quotes = data.count(quote, 0, end) if quote else 0
    while end and quotes % 2:
        before = data.rfind(b"\n", 0, end - 1) + 1
        quotes -= data.count(quote, before, end)
        end = before
    return data[:end] if end else None


def is_plain(block: bytes, dialect: Dialect) -> bool:
    """Whether polars and the `csv` module read a block of whole records alike, but for rows of another width.

    That is: UTF-8, lines that end in LF or CRLF, and every quote opens or closes a cell or is doubled inside one.
    """
    if dialect.spaced or len(dialect.delimiter.encode()) > 1 or len((dialect.quote or "").encode()) > 1:
        return False
    if block.startswith(b"\xef\xbb\xbf"):  # polars would take it for a mark
        return False
    if dialect.quote is None or dialect.quote.encode() not in block:
        turns = block.count(b"\r")
        if turns and turns != block.count(b"\r\n"):
            return False
        return block.isascii() or _text_of(block) is not None
    text = _text_of(block)
    many = block.count(dialect.quote.encode(), 0, _SAMPLE) * _BYTES_A_QUOTE > min(len(block), _SAMPLE)
    tell = _fits_pattern if many else encloses_cells
    return text is not None and tell(text, dialect.delimiter, dialect.quote)


def _text_of(block: bytes) -> pl.Series | None:
    """Read a block as UTF-8, None where it is none."""
    try:
        return pl.Series([block], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.ComputeError:
        return None


def encloses_cells(text: pl.Series, delimiter: str, quote: str) -> bool:
    """Whether every quote of whole records (one text) opens or closes a cell, or is doubled inside one.

    Tells the same as `plain_pattern`, but faster where quotes are few: what stands between them is looked at, each
    second piece of which is outside of cells that are enclosed, and empty where a quote is doubled.
    """
    pieces = text.str.split(quote).explode()
    if not len(pieces) % 2:  # one is never closed
        return False
    outside = pieces.gather_every(2)
    before, after = outside.head(-1).str, outside.tail(-1).str
    opened = (outside.head(-1) == "") | before.ends_with(delimiter) | before.ends_with("\n")
    closed = (outside.tail(-1) == "") | after.contains(rf"\A(?:\x{ord(delimiter):02x}|\r?\n)")
    turns = outside.str.contains(r"\r(?:[^\n]|\z)")
    return bool(opened.all() and closed.all() and not turns.any() and outside.tail(1).str.ends_with("\n").item())


def _fits_pattern(text: pl.Series, delimiter: str, quote: str) -> bool:
    return bool(text.str.contains(plain_pattern(delimiter, quote)).item())


def plain_pattern(delimiter: str, quote: str) -> str:
    """Write what a block of whole records looks like that both read alike."""
    delimiter, quote = f"\\x{ord(delimiter):02x}", f"\\x{ord(quote):02x}"
    cell = f"(?:{quote}(?:[^{quote}]|{quote}{quote})*{quote}|[^{quote}{delimiter}\\r\\n]*)"
    return rf"\A(?:{cell}(?:{delimiter}{cell})*\r?\n)*\z"


def frame_of(records: Sequence[Sequence[str]], names: tuple[str, ...]) -> pl.DataFrame:
    """Turn records of any width into a frame; empty cells are null, and a row that cannot be one says why."""
    width = len(names)
    broken = [_beyond(record, names) if len(record) > width else None for record in records]
    columns = list(zip_longest(*(record[:width] for record in records)))
    columns += [(None,) * len(records)] * (width - len(columns))
    data = {}
    for name, cells in zip(names, columns, strict=True):
        if _ESCAPED.search("".join(cell for cell in cells if cell)):
            for index, cell in enumerate(cells):
                if cell and _ESCAPED.search(cell):
                    broken[index] = broken[index] or f"a sign in column {name} is not in the file's encoding"
            cells = tuple(cell and _readable(cell) for cell in cells)  # noqa: PLW2901 - the same cells, readable
        data[name] = pl.Series([cell or None for cell in cells], dtype=pl.String)
    return pl.DataFrame(data).with_columns(pl.Series(BROKEN, broken, dtype=pl.String))


def _beyond(record: Sequence[str], names: tuple[str, ...]) -> str | None:
    """Name the first filled cell beyond the header; empty ones do no harm."""
    for position in range(len(names), len(record)):
        text = _readable(record[position]).strip().strip("\0")
        if text:
            shown = text if len(text) <= 40 else f"{text[:39]}…"  # noqa: PLR2004 - a glance is enough
            return (
                f"column {letters(position)} holds {shown!r}, but the header ends with column {letters(len(names) - 1)}"
            )
    return None


def _readable(text: str) -> str:
    """Show bytes that are not in the encoding as the sign for such."""
    return _ESCAPED.sub("\ufffd", text)
