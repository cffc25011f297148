"""Text encodings: find out which one a file has, and read any of them as UTF-8."""

from __future__ import annotations

import codecs
import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from importer.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.sources.stored import Stored

NOT_A_CHARACTER = b"\xff"
"""Stands in our UTF-8 for bytes that are not in the file's encoding; it is never valid in UTF-8."""

_REPLACEMENT = "\ufffd"
_CHUNK = 1 << 20
_LOOK = 4096
_LONGEST_SIGN, _BEGINS, _INSIDE = 4, 0xC0, 0x80
"""UTF-8: bytes of the longest sign, the least byte that begins a sign of several, the high bits of those that go on."""

_MOST = 0.7
_FEW = 0.05

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LABELS = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16 (big endian)",
    "utf-32-le": "UTF-32",
    "utf-32-be": "UTF-32 (big endian)",
    "cp1252": "Windows-1252",
}
_SAID_OF_ANYTHING = frozenset({"ascii", "utf-8", "utf-8-sig", "iso8859-1", "cp1252", "utf-16", "utf-32"})
"""Encodings that servers name by default, or that the bytes tell better."""

_COMMON = ("utf-8", "utf-16", "windows-1252", "iso-8859-1", "iso-8859-15", "windows-1250", "windows-1251", "macroman")


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the bytes of a file become text; `mark` is the number of bytes of its byte order mark.

    `guessed`: nothing says so but that the file is nothing else that can be told.
    """

    codec: str
    mark: int = 0
    guessed: bool = False

    @property
    def label(self) -> str:
        """Its name as people write it."""
        return _LABELS.get(self.codec, self.codec)


def find_encoding(file: Stored, named: str | None, charset: str | None = None) -> Encoding:
    """Tell the encoding: as named by the mapping, by its mark, or by what the whole file's bytes can be.

    `charset` is what a server called it, who often does not know: it counts where the bytes do not say otherwise.
    Raises SourceError for a name that Python does not know, and where the mark says otherwise.
    """
    start = file.start(_LOOK)
    marked = next((Encoding(codec, len(mark)) for mark, codec in _MARKS if start.startswith(mark)), None)
    if named is not None:
        return _as_named(named, marked, file.name)
    if marked is not None:
        return marked
    unmarked = _utf16_without_mark(start)
    if unmarked is not None:
        return Encoding(unmarked)
    told = _told(charset)
    if told is None:
        return Encoding("utf-8") if _is_utf8(file) else Encoding("cp1252", guessed=True)
    utf8 = is_strict_utf8(file) and not all(piece.isascii() for piece in file.pieces(_CHUNK))
    return Encoding("utf-8" if utf8 else told)


def utf8_pieces(file: Stored, encoding: Encoding, size: int = _CHUNK) -> Iterator[bytes]:
    """Read a file as UTF-8, a piece of `size` bytes at a time; what is not in the encoding becomes `NOT_A_CHARACTER`.

    A UTF-8 file comes as it is, damaged places included.
    """
    pieces = _without_mark(file.pieces(size), encoding.mark)
    if encoding.codec == "utf-8":
        yield from pieces
        return
    decoder = codecs.getincrementaldecoder(encoding.codec)("replace")
    for piece in pieces:
        yield _marked(decoder.decode(piece))
    yield _marked(decoder.decode(b"", final=True))


def _without_mark(pieces: Iterator[bytes], mark: int) -> Iterator[bytes]:
    for piece in pieces:
        rest = piece[mark:]
        mark -= len(piece) - len(rest)
        if rest:
            yield rest


def _marked(text: str) -> bytes:
    """Encode, with the decoder's replacement characters as bytes that no reader takes for text."""
    return text.encode("utf-8", "surrogatepass").replace(_REPLACEMENT.encode(), NOT_A_CHARACTER)


def _as_named(named: str, marked: Encoding | None, name: str) -> Encoding:
    try:
        info = codecs.lookup(named.strip())
        "".encode(info.name)  # codecs such as base64 are known too, but make no text
    except (LookupError, ValueError):
        near = difflib.get_close_matches(named.strip().lower(), _COMMON, n=1, cutoff=0.5)
        raise SourceError(
            f"{name}: the encoding {named!r} is not known.",
            f"Did you mean {near[0]!r}?" if near else f"Encodings are, for example: {', '.join(_COMMON)}.",
        ) from None
    codec = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(info.name, info.name)
    if marked is None:
        return Encoding(codec)
    if codec == marked.codec or info.name in {"utf-16", "utf-32"}:
        return marked
    raise SourceError(
        f"{name}: the mapping says the encoding is {named!r}, but the file begins with the mark of {marked.label}.",
        "Take `encoding` out of [source]; the mark tells it.",
    )


def _told(charset: str | None) -> str | None:
    """Give the codec that a server names, unless it is one that they name without having looked."""
    try:
        codec = codecs.lookup(charset or "").name
        "".encode(codec)
    except (LookupError, ValueError):
        return None
    return None if codec in _SAID_OF_ANYTHING else codec


def _utf16_without_mark(start: bytes) -> str | None:
    """Tell UTF-16 by its zero bytes: every other byte of Latin text is one, and text has no others."""
    pairs = len(start) // 2
    if not pairs:
        return None
    first, second = start[0 : pairs * 2 : 2].count(0) / pairs, start[1 : pairs * 2 : 2].count(0) / pairs
    if second > _MOST and first < _FEW:
        return "utf-16-le"
    if first > _MOST and second < _FEW:
        return "utf-16-be"
    return None


def _is_utf8(file: Stored) -> bool:
    """Look at the whole file: UTF-8 if all of it is, or if no fewer of its signs are right than wrong."""
    if is_strict_utf8(file):
        return True
    right = wrong = 0
    for text in _decoded(file):
        bad = text.count(_REPLACEMENT)
        wrong += bad
        right += len(text) - len(text.encode("ascii", "ignore")) - bad
    return bool(right) and right >= wrong


def is_strict_utf8(file: Stored, size: int = _CHUNK) -> bool:
    """Tell whether all of a file is UTF-8, `size` bytes at a time; polars tells it 10 times faster than a decoder."""
    rest = b""
    for piece in file.pieces(size):
        data = rest + piece
        end = len(data)
        while end > len(data) - _LONGEST_SIGN and end and data[end - 1] & 0xC0 == _INSIDE:
            end -= 1
        if end and data[end - 1] >= _BEGINS:
            end -= 1  # the sign that begins here may go on in the next chunk
        if not data.isascii() and not _is_text(data[:end]):
            return False
        rest = data[end:]
    return _is_text(rest)


def _is_text(data: bytes) -> bool:
    try:
        pl.Series([data], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.ComputeError:
        return False
    return True


def _decoded(file: Stored) -> Iterator[str]:
    """Read a file as UTF-8, passing over the pieces that are ASCII."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for piece in file.pieces(_CHUNK):
        if not piece.isascii() or decoder.getstate()[0]:
            yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)
