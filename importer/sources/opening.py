"""Opening a sheet: which kind of file it is, and what its columns are."""

from __future__ import annotations

import codecs
import difflib
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from importer.errors import SourceError
from importer.model import BROKEN, KIND_PREFIX, ROW
from importer.sources.delimited import BLOCK_BYTES, open_delimited
from importer.sources.frame import as_texts
from importer.sources.header import column_names, header_at, is_ours
from importer.sources.shape import PLACE, Shape, kept
from importer.sources.source import Found, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.model import SourceOptions
    from importer.sources.workbook import Column

_TEXT = frozenset({".csv", ".tsv", ".tab", ".txt"})
_WORKBOOK = frozenset({".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"})
_MAGIC = (
    (b"PK\x03\x04", "a workbook or another archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "compressed (gzip)"),
    (b"PAR1", "a Parquet file"),
)
_LOOK_AHEAD = 200
_START = 1024
_PLAIN = re.compile(rb"[\t\n\r -~\x80-\xff]*")
_PAGE = re.compile(rb"\s*(?:<!doctype html|<html|<\?xml)", re.IGNORECASE)
_A_PAGE = "a web page (HTML) or XML"
_RENAME = "Give it the ending that it should have."
_REMEDIES = {
    _A_PAGE: "Export the sheet as CSV or as a workbook again; what was saved may be a page that asks to log in.",
    "empty": "Save or download it again.",
}
_BINARY = re.compile("[\x00-\x08\x0e-\x1f\x7f]")


def open_source(
    where: str | Path | pl.DataFrame, options: SourceOptions, *, name: str | None = None, block_bytes: int = BLOCK_BYTES
) -> Source:
    """Open a CSV, TSV, XLSX, XLSM, XLS, XLSB or ODS file, standard input (`-`, a CSV), or a frame.

    `block_bytes` bounds a batch. Raises SourceError, a sentence for each thing that can be wrong with a file.
    """
    if isinstance(where, pl.DataFrame):
        return _open_frame(where, options, name or "<frame>", block_bytes)
    if str(where) == "-":
        return _open_input(options, name or "standard input", block_bytes)
    path = Path(where)
    if "\0" in str(path):
        raise SourceError(f"{str(path)!r} is no path: it holds a NUL.", "Write the name of a file.")
    try:
        return _open_file(path, options, name or path.name, block_bytes)
    except FileNotFoundError:
        raise SourceError(f"There is no file {path}.", _files_nearby(path)) from None
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read: {error.strerror or error}.", "Check the path, and who may read it."
        ) from error


def _open_file(path: Path, options: SourceOptions, name: str, block_bytes: int) -> Source:
    if path.is_dir():
        raise SourceError(f"{path} is a folder, not a sheet.", "Name one of the files in it.")
    if path.exists() and not path.is_file():
        raise SourceError(
            f"{path} is no ordinary file, and a sheet is read twice.", "Pipe it in instead: `-` is standard input."
        )
    with path.open("rb") as file:
        start = file.read(_START)
    suffix = path.suffix.lower()
    if suffix not in _TEXT | _WORKBOOK:
        ending = f"files that end in {suffix!r} are not known" if suffix else "its name has no ending"
        raise SourceError(
            f"{name}: {ending}, so nobody can tell what kind of sheet it is.",
            f"Sheets are {' '.join(sorted(_TEXT | _WORKBOOK))}; export it as one of these.",
        )
    what = _other_kind(start, workbook=suffix in _WORKBOOK)
    if what is not None:
        called = "workbook" if suffix in _WORKBOOK else "text file"
        raise SourceError(f"{name} is called a {called}, but it is {what}.", _REMEDIES.get(what, _RENAME))
    if suffix in _WORKBOOK:
        return _open_workbook(path, options, name, block_bytes)
    return _delimited(path, options, name, block_bytes)


def _other_kind(start: bytes, *, workbook: bool) -> str | None:
    """Tell by its first bytes that a file is not of the kind that its name says; None where it may be."""
    if _PAGE.match(start.removeprefix(codecs.BOM_UTF8)):
        return _A_PAGE
    if not workbook:
        return next((what for magic, what in _MAGIC if start.startswith(magic)), None)
    if not start:
        return "empty"
    return "text" if _PLAIN.fullmatch(start) else None


def _delimited(path: Path, options: SourceOptions, name: str, block_bytes: int) -> Source:
    found = open_delimited(path, options, name, block_bytes)
    if any(map(_BINARY.search, found.names)):
        raise SourceError(
            f"{name} is no text: its header holds signs that cannot be shown.",
            "Is it the right file? Export the sheet as CSV again; `encoding` in [source] says how it is written.",
        )
    columns = kept(found.names, ours=found.ours)
    shape = Shape(name, columns, (), options.null_values, numbered=found.ours, neutralised=found.ours)
    return Source(found, shape, Found(found.detected, ours=found.ours))


def _open_input(options: SourceOptions, name: str, block_bytes: int) -> Source:
    """Keep standard input in a temporary file, for it can be read only once and every sheet is read twice."""
    with tempfile.NamedTemporaryFile(prefix="importer-", suffix=".csv", delete=False) as file:
        path = Path(file.name)
        try:
            shutil.copyfileobj(sys.stdin.buffer, file)
            file.flush()
            source = _delimited(path, options, name, block_bytes)
        except BaseException:  # whatever it was (a full disk, Ctrl-C), the copy goes
            path.unlink(missing_ok=True)
            raise
    source.on_close(partial(path.unlink, missing_ok=True))
    return source


def _open_workbook(path: Path, options: SourceOptions, name: str, block_bytes: int) -> Source:
    from importer.sources.workbook import Column, read_sheet  # two readers of workbooks: starting is quicker without

    sheet = read_sheet(path, options.sheet, name)
    columns, here = sheet.columns, f"{name} (sheet {sheet.name!r})"
    height = len(columns[0].texts) if columns else 0
    top = [column.texts.head(max(_LOOK_AHEAD, options.header_row or 0)).to_list() for column in columns]
    rows = [list(row) for row in zip(*top, strict=True)]
    ours = bool(rows) and is_ours(rows[0])
    at = 0 if ours else header_at(rows, options.header_row, here)
    if not height:
        raise SourceError(f"{here} is empty: it has no rows.", "Is it the right sheet?")
    header = [None] * len(columns) if at < 0 else rows[at]
    body = [Column(each.texts[at + 1 :], each.kinds[at + 1 :] if each.kinds is not None else None) for each in columns]
    names = column_names(header, keep=(ROW,) if ours else ())
    shown = [place for place, cells in enumerate(body) if header[place] or cells.texts.null_count() < len(cells.texts)]
    table = _table(body, names, shown, first=at + 2)
    columns_shown = kept(tuple(names[place] for place in shown), ours=ours)
    kinds = tuple(column for column in columns_shown if KIND_PREFIX + column in table.columns)
    shape = Shape(name, columns_shown, kinds, options.null_values, numbered=ours)
    where = f"header in row {at + 1}" if at >= 0 else "no header"
    errors = "" if sheet.errors else "; in this format an error such as #REF! reads as an empty cell"
    detected = f"{name}: sheet {sheet.name!r}, {where}{errors}"
    return Source(_Held(table, block_bytes), shape, Found(detected, sheet.name, ours=ours))


def _table(body: Sequence[Column], names: Sequence[str], shown: Sequence[int], first: int) -> pl.DataFrame:
    """Put columns together, with the kinds of those that are not all text; the first row has the number `first`."""
    data = {names[place]: body[place].texts for place in shown}
    for place in shown:
        kinds = body[place].kinds
        if kinds is not None and kinds.max():
            data[KIND_PREFIX + names[place]] = kinds
    return _numbered(pl.DataFrame(data), first)


def _numbered(table: pl.DataFrame, first: int) -> pl.DataFrame:
    return table.with_columns(
        pl.int_range(first, first + pl.len(), dtype=pl.UInt32).alias(PLACE), pl.lit(None, pl.String).alias(BROKEN)
    )


def _open_frame(frame: pl.DataFrame, options: SourceOptions, name: str, block_bytes: int) -> Source:
    ours = is_ours(frame.columns)
    names = column_names(frame.columns, keep=(ROW,))
    texts, kinds, unreadable = as_texts(frame, names)
    columns = kept(tuple(each for each in names if each not in unreadable), ours=ours)
    with_kinds = tuple(each for each in kinds if each in columns)
    shape = Shape(name, columns, with_kinds, options.null_values, numbered=ROW in texts.columns)
    left_out = f", left out: {', '.join(f'{each} ({kind})' for each, kind in unreadable.items())}" if unreadable else ""
    detected = f"{name}: rows {frame.height}, columns {len(columns)}{left_out}"
    held = _Held(_numbered(texts, 2), block_bytes)
    return Source(held, shape, Found(detected, ours=ours, unreadable=unreadable))


@dataclass(frozen=True, slots=True)
class _Held:
    """A sheet that is held whole."""

    table: pl.DataFrame
    block_bytes: int

    def frames(self) -> Iterator[pl.DataFrame]:
        """Give it out in slices of about `block_bytes`."""
        rows = self.table.height * self.block_bytes // max(1, int(self.table.estimated_size()))
        yield from self.table.iter_slices(max(1, rows))


def _files_nearby(path: Path) -> str:
    """Say what there is instead of a file that is not there."""
    if not path.parent.is_dir():
        return f"There is no folder {path.parent} either."
    near = difflib.get_close_matches(path.name, [each.name for each in path.parent.iterdir()], n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Nothing in the folder {path.parent} has a name like it."
