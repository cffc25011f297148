"""A file as it lies on the disk: plain, or packed by gzip and unpacked while it is read."""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKED = b"\x1f\x8b"
"""How a gzip file begins."""

_LARGEST = 8 << 30
_HARMLESS = 256 << 20
_THINNEST = 500
"""Bytes that a file may unpack to; more than the second only if each packed byte gives no more than this many.

Sheets give 5 to 100. What gives a thousand holds nothing but one sign: it was made to fill a memory or a disk.
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that holds a sheet, as it was when it was first looked at; `stamp` tells whether anybody wrote to it."""

    path: Path
    name: str
    packed: bool
    stamp: tuple[int, int]

    def pieces(self, size: int) -> Iterator[bytes]:
        """Read its content from the beginning, up to `size` bytes at a time, unpacked.

        Raises SourceError where packed content is damaged, breaks off, or never seems to end.
        """
        if not self.packed:
            with self.path.open("rb") as file:
                while piece := file.read(size):
                    yield piece
            return
        given = lines = 0
        with self.path.open("rb") as file, gzip.GzipFile(fileobj=file) as content:
            while True:
                with self._damage_told(lines):
                    piece = content.read1(size)  # not more: what stands before a damaged place is given
                if not piece:
                    return
                given += len(piece)
                lines += piece.count(b"\n")
                self._require_bounded(given, file.tell())
                yield piece

    def start(self, size: int) -> bytes:
        """Read the first `size` bytes of its content, fewer where there are no more."""
        start = b""
        for piece in self.pieces(size):
            start += piece
            if len(start) >= size:
                break
        return start[:size]

    def require_unchanged(self) -> None:
        """Raise SourceError if somebody has written to the file meanwhile."""
        if not self.path.exists() or _stamp_of(self.path) != self.stamp:
            raise SourceError(
                f"{self.name} was changed while it was being read.",
                "Run the same command again when nobody is writing to it.",
            )

    @contextmanager
    def _damage_told(self, lines: int) -> Iterator[None]:
        try:
            yield
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            what = "breaks off after" if isinstance(error, EOFError) else "is damaged, noticed at"
            raise SourceError(
                f"{self.name}: the packed (gzip) content {what} line {lines:,}.",
                "Download or pack it again; or unpack it, look at its end, and read the unpacked file.",
            ) from error

    def _require_bounded(self, given: int, taken: int) -> None:
        if given > _LARGEST or (given > _HARMLESS and given > _THINNEST * taken):
            raise SourceError(
                f"{self.name}: the packed (gzip) content is no sheet: {taken:,} bytes of it unpack to more than"
                f" {given >> 20:,} MB.",
                "Is it the right file? If it is, unpack it and read the unpacked file.",
            )


def store(path: Path, name: str) -> Stored:
    """Look at a file: how it is stored, and when it was written."""
    with path.open("rb") as file:
        packed = file.read(len(PACKED)) == PACKED
    return Stored(path, name, packed, _stamp_of(path))


def _stamp_of(path: Path) -> tuple[int, int]:
    """Give size in bytes and time of the last change (ns): equal means that nobody wrote to the file."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns
