"""Opening a sheet: which kind of file it is, and what its columns are."""

from __future__ import annotations

import difflib
import re
import shutil
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import polars as pl

from importer.errors import SourceError
from importer.errors.addresses import without_secrets
from importer.model import ROW
from importer.sources.delimited import BLOCK_BYTES, open_delimited
from importer.sources.frame import as_texts
from importer.sources.garbled import notes_on
from importer.sources.header import column_names, is_ours
from importer.sources.held import Held, numbered
from importer.sources.json_lines import open_json_lines
from importer.sources.kinds import FileKind, kind_by_content, kind_of
from importer.sources.parquet import open_parquet
from importer.sources.shape import Shape, kept
from importer.sources.source import Found, Source
from importer.sources.stored import store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.model import SourceOptions
    from importer.sources.json_lines import JsonLines
    from importer.sources.parquet import Parquet
    from importer.sources.stored import Stored

_OTHER_SCHEME = re.compile(r"(?:^|[/\\])[A-Za-z][A-Za-z0-9+.-]+:[/\\]")
"""An address of another kind than the web's, as a `Path` shows it: `ftp:/host/a.csv`; a drive has but one letter."""

_BINARY = re.compile("[\x00-\x08\x0e-\x1f\x7f]")


def open_source(
    where: str | Path | pl.DataFrame, options: SourceOptions, *, name: str | None = None, block_bytes: int = BLOCK_BYTES
) -> Source:
    """Open a file of any kind that `kinds` knows, standard input (`-`, a CSV, packed or not), or a frame.

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
        raise SourceError(f"There is no file {path}.", _where_else(path)) from None
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
    file = store(path, name)
    kind, _ = kind_of(file)
    return _reading(file, kind, options, block_bytes)


def open_fetched(
    path: Path, options: SourceOptions, address: str, *, charset: str | None = None, block_bytes: int = BLOCK_BYTES
) -> Source:
    """Open what was fetched from a web address into a file, which is removed when the source is closed.

    Its kind is told by the ending of the address, or by its content; `charset` is what the server called its encoding.
    Raises SourceError, as `open_source` does.
    """
    try:
        file = store(path, without_secrets(address))
        kind, ending = kind_by_content(file, urlsplit(address).path)
        if kind is FileKind.WORKBOOK:  # what reads workbooks goes by the ending
            path = path.rename(path.with_suffix(ending))
            file = replace(file, path=path)
        source = _reading(file, kind, replace(options, charset=charset), block_bytes)
    except BaseException:  # whatever it was, the copy goes
        path.unlink(missing_ok=True)
        raise
    source.on_close(partial(path.unlink, missing_ok=True))
    return source


def _reading(file: Stored, kind: FileKind, options: SourceOptions, block_bytes: int) -> Source:
    source = _read_as(kind, file, options, block_bytes)
    vain = [] if source.ours else [name for name in _MEANINGLESS[kind] if getattr(options, name) is not None]
    if vain:  # rejects of a workbook are a CSV, and go back in with the same mapping
        said = ", ".join(f"`{name}`" for name in vain)
        source.notes += (
            f"{file.name} is a {kind.value}: {said} in [source] {'say' if vain[1:] else 'says'} nothing about it.",
        )
    return source


_MEANINGLESS = {
    FileKind.TEXT: ("sheet",),
    FileKind.WORKBOOK: ("encoding", "delimiter", "quote"),
    FileKind.LINES: ("sheet", "header_row", "delimiter", "quote"),
    FileKind.PARQUET: ("sheet", "header_row", "encoding", "delimiter", "quote"),
}
"""What a mapping may say of sheets that makes no sense for one of this kind."""


def _read_as(kind: FileKind, file: Stored, options: SourceOptions, block_bytes: int) -> Source:
    if kind is FileKind.WORKBOOK:
        from importer.sources.workbook import open_workbook  # a reader of its own: starting is quicker without

        return open_workbook(file.path, options, file.name, block_bytes)
    if kind is FileKind.TEXT:
        return _delimited(file, options, block_bytes)
    if kind is FileKind.LINES:
        lines = open_json_lines(file, options, block_bytes)
        names = [each for each in lines.names if each not in lines.unreadable]
        notes = notes_on(file, lines.encoding, lines.frames, (0, names))
        return _typed(lines, options, f"JSON lines, {lines.encoding.label}", notes)
    return _typed(open_parquet(file, block_bytes), options, "Parquet")


def _typed(found: JsonLines | Parquet, options: SourceOptions, what: str, notes: tuple[str, ...] = ()) -> Source:
    """Make a source of a file whose columns have names, and cells have types."""
    name, packed = found.file.name, "gzip, " if found.file.packed else ""
    columns = kept(tuple(each for each in found.names if each not in found.unreadable), ours=False)
    shape = Shape(name, columns, tuple(each for each in found.typed if each in columns), options.null_values)
    detected = f"{name}: {packed}{what}, columns {len(columns)}{_left_out(found.unreadable)}"
    return Source(found, shape, Found(detected, notes=notes, unreadable=found.unreadable))


def _left_out(unreadable: Mapping[str, str]) -> str:
    return f", left out: {', '.join(f'{each} ({kind})' for each, kind in unreadable.items())}" if unreadable else ""


def _delimited(file: Stored, options: SourceOptions, block_bytes: int) -> Source:
    found = open_delimited(file, options, block_bytes)
    if any(map(_BINARY.search, found.names)):
        raise SourceError(
            f"{file.name} is no text: its header holds signs that cannot be shown.",
            "Is it the right file? Export the sheet as CSV again; `encoding` in [source] says how it is written.",
        )
    columns = kept(found.names, ours=found.ours)
    shape = Shape(file.name, columns, (), options.null_values, numbered=found.ours, neutralised=found.ours)
    garbled = () if found.ours else notes_on(file, found.encoding, found.frames, (found.first, found.names))
    return Source(found, shape, Found(found.detected, ours=found.ours, notes=(*found.notes, *garbled)))


def _open_input(options: SourceOptions, name: str, block_bytes: int) -> Source:
    """Keep standard input in a temporary file, for it can be read only once and every sheet is read twice."""
    with tempfile.NamedTemporaryFile(prefix="importer-", suffix=".csv", delete=False) as file:
        path = Path(file.name)
        try:
            shutil.copyfileobj(sys.stdin.buffer, file)
            file.flush()
            source = _delimited(store(path, name), options, block_bytes)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise SourceError(
                f"{name} cannot be kept while it is read: {error.strerror or error}.",
                f"Make room in the folder for temporary files ({tempfile.gettempdir()}; TMPDIR names another).",
            ) from error
        except BaseException:  # whatever it was (Ctrl-C), the copy goes
            path.unlink(missing_ok=True)
            raise
    source.on_close(partial(path.unlink, missing_ok=True))
    return source


def _open_frame(frame: pl.DataFrame, options: SourceOptions, name: str, block_bytes: int) -> Source:
    ours = is_ours(frame.columns)
    names = column_names(frame.columns, keep=(ROW,))
    texts, kinds, unreadable = as_texts(frame, names)
    columns = kept(tuple(each for each in names if each not in unreadable), ours=ours)
    with_kinds = tuple(each for each in kinds if each in columns)
    shape = Shape(name, columns, with_kinds, options.null_values, numbered=ROW in texts.columns)
    detected = f"{name}: rows {frame.height}, columns {len(columns)}{_left_out(unreadable)}"
    held = Held(numbered(texts, 2), block_bytes)
    return Source(held, shape, Found(detected, ours=ours, unreadable=unreadable))


def _where_else(path: Path) -> str:
    if _OTHER_SCHEME.search(str(path)):
        return "Of addresses only those that begin with https:// are fetched: download the sheet, and name the file."
    return _files_nearby(path)


def _files_nearby(path: Path) -> str:
    """Say what there is instead of a file that is not there."""
    if not path.parent.is_dir():
        return f"There is no folder {path.parent} either."
    near = difflib.get_close_matches(path.name, [each.name for each in path.parent.iterdir()], n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Nothing in the folder {path.parent} has a name like it."
