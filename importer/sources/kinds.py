"""What kind of file a sheet lies in: by its ending, held against its first bytes."""

from __future__ import annotations

import codecs
import re
import zipfile
from enum import Enum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from importer.errors import SourceError
from importer.sources.stored import PACKED

if TYPE_CHECKING:
    from pathlib import PurePath

    from importer.sources.stored import Stored


class FileKind(Enum):
    """The readers that there are, each with what people call such a file."""

    TEXT = "text file"
    WORKBOOK = "workbook"
    LINES = "file of JSON lines"
    PARQUET = "Parquet file"


_ENDINGS = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt"), FileKind.TEXT),
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"), FileKind.WORKBOOK),
    **dict.fromkeys((".ndjson", ".jsonl"), FileKind.LINES),
    ".parquet": FileKind.PARQUET,
}
_GZIP = ".gz"
_PARQUET, _ZIP, _OLE = b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_MAGIC = (
    (_ZIP, "a workbook or another archive"),
    (_OLE, "an old Excel workbook"),
    (b"%PDF", "a PDF"),
    (PACKED, "compressed (gzip)"),
    (_PARQUET, "a Parquet file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format 3\0", "a database"),
)
_PARTS = {"xl/workbook.xml": ".xlsx", "xl/workbook.bin": ".xlsb", "content.xml": ".ods"}
"""By which of its parts an archive is told to be a workbook, and of which kind."""

_START = 1024
_ADDRESS = re.compile(r"\s*https?:/", re.IGNORECASE)
_PLAIN = re.compile(rb"[\t\n\r -~\x80-\xff]*")
_PAGE = re.compile(rb"\s*(?:<!doctype html|<html|<\?xml)", re.IGNORECASE)
_OBJECT = re.compile(rb'\s*\{\s*(?:"[^\n]*)?\}\s*(?:\n|\Z)')
_A_PAGE = "a web page (HTML) or XML"
_RENAME = "Give it the ending that it should have."
_REMEDIES = {
    _A_PAGE: "Export the sheet as CSV or as a workbook again; what was saved may be a page that asks to log in.",
    "empty": "Save or download it again.",
    "a picture": "Is it the right file?",
    "a database": "Export the table as CSV, and read that.",
    "compressed (gzip)": "Unpack it, and read the unpacked file; only text may stay packed (.csv.gz).",
}


def is_address(sheet: object) -> bool:
    """Whether a sheet is named by a web address; a `Path` made of one has lost a `/`, and is none any more."""
    return isinstance(sheet, str) and _ADDRESS.match(sheet) is not None


def kind_of(file: Stored) -> tuple[FileKind, str]:
    """Tell the kind of a file and its ending (`.csv`, also of a `.csv.gz`); raises SourceError where both disagree."""
    ending = _ending(file.path)
    kind = _ENDINGS.get(ending)
    if kind is None and not (file.packed and not ending):
        said = f"files that end in {ending!r} are not known" if ending else "its name has no ending"
        raise SourceError(
            f"{file.name}: {said}, so nobody can tell what kind of sheet it is.",
            f"Sheets are {' '.join(sorted(_ENDINGS))}; export it as one of these.",
        )
    return _as_called(file, kind or FileKind.TEXT, ending or ".csv")


def kind_by_content(file: Stored, address: str) -> tuple[FileKind, str]:
    """Tell the kind of what came from an address, by the ending of that, and by its content where it has none."""
    ending = _ending(PurePosixPath(address))
    if ending not in _ENDINGS:
        ending = _ending_by_content(file)
    return _as_called(file, _ENDINGS[ending], ending)


def _ending(path: PurePath) -> str:
    plain = path.with_suffix("") if path.suffix.lower() == _GZIP else path
    return plain.suffix.lower()


def _ending_by_content(file: Stored) -> str:
    start = file.start(_START).removeprefix(codecs.BOM_UTF8)
    if start.startswith(_ZIP) and zipfile.is_zipfile(file.path):
        with zipfile.ZipFile(file.path) as archive:
            parts = set(archive.namelist())
        return next((ending for part, ending in _PARTS.items() if part in parts), ".csv")
    if start.startswith(_OLE):
        return ".xls"
    if start.startswith(_PARQUET):
        return ".parquet"
    return ".ndjson" if _OBJECT.match(start) else ".csv"


def _as_called(file: Stored, kind: FileKind, ending: str) -> tuple[FileKind, str]:
    """Hold what a file is called against its first bytes."""
    what = _other_kind(file, kind)
    if what is not None:
        raise SourceError(f"{file.name} is called a {kind.value}, but it is {what}.", _REMEDIES.get(what, _RENAME))
    return kind, ending


def _other_kind(file: Stored, kind: FileKind) -> str | None:
    """Tell by its first bytes that a file is not of the kind that its name says; None where it may be."""
    if file.packed and kind in {FileKind.WORKBOOK, FileKind.PARQUET}:
        return "compressed (gzip)"
    start = file.start(_START)
    if _PAGE.match(start.removeprefix(codecs.BOM_UTF8)):
        return _A_PAGE
    if kind in {FileKind.TEXT, FileKind.LINES}:
        return next((what for magic, what in _MAGIC if start.startswith(magic)), None)
    if not start:
        return "empty"
    if kind is FileKind.PARQUET and start.startswith(_PARQUET):
        return None
    return "text" if _PLAIN.fullmatch(start) else None
