"""The archives that workbooks are: their parts are unpacked only if that costs no more than a sheet is worth."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.sources.refusals import booby_trapped, crowded, cut_off, damaged, protected, swollen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_MOST_PARTS = 20_000
_MOST_BYTES = 4_000_000_000
"""Cells in a million rows and fifty columns."""
_SMALL = 200_000_000
_MOST_SWOLLEN = 250
"""Sheets are packed to a tenth or a fiftieth; only rows that are all the same come near to this."""

_STORED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, UnicodeDecodeError, NotImplementedError)
_FIRST = re.compile(rb"<(?:(!DOCTYPE)|[A-Za-z_])", re.IGNORECASE)
_DECLARATION = re.compile(rb"""\s*<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["'][^>]*\?>""")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF8 = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Archive:
    """An open archive; `name` is what messages call it, `parts` are its entries by their names in lower case."""

    name: str
    _file: zipfile.ZipFile
    parts: Mapping[str, zipfile.ZipInfo]

    def has(self, part: str) -> bool:
        """Tell whether there is such a part; programs disagree about capitals in their names."""
        return part.lower() in self.parts

    def read(self, part: str) -> bytes:
        """Unpack a part. Raises SourceError if it is not there, is broken, or is not worth its size."""
        info = self.parts.get(part.lower())
        if info is None:
            raise damaged(self.name, f"it has no part {part}")
        if info.flag_bits & 1:
            raise protected(self.name)
        if info.compress_type not in _STORED:
            raise damaged(self.name, f"its part {part} is packed in an unknown way")
        ratio = info.file_size / max(1, info.compress_size)
        if info.file_size > _MOST_BYTES or (info.file_size > _SMALL and ratio > _MOST_SWOLLEN):
            raise swollen(self.name, part, info.file_size)
        try:
            return self._file.read(info)
        except _BROKEN as error:
            raise damaged(self.name, f"its part {part}: {error}") from None

    def read_xml(self, part: str) -> bytes:
        """Unpack a part that is XML, as UTF-8. Raises SourceError also if it declares a document type."""
        content = _as_utf8(self.read(part), self.name, part)
        first = _FIRST.search(content)
        if first is not None and first[1]:
            raise booby_trapped(self.name, part)
        return content


@contextmanager
def open_archive(path: Path, name: str) -> Iterator[Archive]:
    """Open a workbook that is an archive. Raises SourceError if it is none, or is cut off."""
    with path.open("rb") as file:
        start = file.read(4)
    try:
        packed = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise (cut_off(name) if start.startswith(b"PK") else damaged(name, _told(error))) from None
    with packed:
        entries = packed.infolist()
        if len(entries) > _MOST_PARTS:
            raise crowded(name, len(entries))
        yield Archive(name, packed, {_plain(entry.filename): entry for entry in entries})


def _plain(part: str) -> str:
    return part.replace("\\", "/").removeprefix("/").lower()


def _told(error: Exception) -> str:
    text = str(error)
    return text[:1].lower() + text[1:]


def _as_utf8(content: bytes, name: str, part: str) -> bytes:
    """Write XML in UTF-8, whatever it is in; nearly always it is."""
    if content.startswith(_UTF8):
        content = content.removeprefix(_UTF8)
    declared = _DECLARATION.match(content)
    encoding = "utf-16" if content.startswith(_UTF16) else declared[1].decode().lower() if declared else "utf-8"
    if encoding in {"utf-8", "utf8", "us-ascii", "ascii"}:
        return content
    try:
        text = content.decode(encoding)
    except (LookupError, UnicodeError):
        raise damaged(name, f"its part {part} is not in the encoding {encoding}") from None
    return re.sub(r"\A\s*<\?xml[^>]*\?>", "", text).encode()
