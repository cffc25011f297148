"""Compound files, the small file systems that old workbooks are: a stream of one is taken out."""

from __future__ import annotations

import struct

_END = 0xFFFFFFFA
"""Numbers of sectors from here on mean an end, or none."""
_ENTRY = 128


def stream_of(content: bytes, names: tuple[str, ...]) -> bytes | None:
    """Give the first stream that has one of these names; None if there is none, or the file is broken."""
    try:
        return _Compound(content).stream(names)
    except (struct.error, IndexError, ValueError):
        return None


class _Compound:
    """Reads sectors; chains of them are told by a table ([MS-CFB])."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        shift, small = struct.unpack_from("<HH", content, 30)
        if not (7 <= shift <= 16 and 4 <= small <= shift):  # noqa: PLR2004 - sizes that are in use, and room
            raise ValueError
        self._size, self._small_size = 1 << shift, 1 << small
        self._table = self._read_table()
        directory, _, self._least, small_table = struct.unpack_from("<IIII", content, 48)
        self._entries = self._chain(directory)
        self._small_table = _numbers(self._chain(small_table))
        root = self._entries[:_ENTRY]
        self._small = self._chain(struct.unpack_from("<I", root, 116)[0]) if len(root) == _ENTRY else b""

    def stream(self, names: tuple[str, ...]) -> bytes | None:
        for at in range(0, len(self._entries) - _ENTRY + 1, _ENTRY):
            entry = self._entries[at : at + _ENTRY]
            length = struct.unpack_from("<H", entry, 64)[0]
            if entry[: max(0, length - 2)].decode("utf-16-le", errors="replace") in names:
                first, size = struct.unpack_from("<II", entry, 116)
                if size >= self._least:
                    return self._chain(first)[:size]
                return _chained(self._small, 0, self._small_size, self._small_table, first)[:size]
        return None

    def _read_table(self) -> tuple[int, ...]:
        """Gather the table from its sectors; those beyond 109 are listed in sectors of their own."""
        listed = list(struct.unpack_from("<109I", self._content, 76))
        following, count = struct.unpack_from("<II", self._content, 68)
        for _ in range(min(count, len(self._content) // self._size)):
            if following >= _END:
                break
            *more, following = _numbers(self._sector(following))
            listed += more
        return _numbers(b"".join(self._sector(each) for each in listed if each < _END))

    def _sector(self, number: int) -> bytes:
        begin = (number + 1) * self._size
        return self._content[begin : begin + self._size]

    def _chain(self, first: int) -> bytes:
        return _chained(self._content, self._size, self._size, self._table, first)


def _chained(content: bytes, start: int, size: int, table: tuple[int, ...], first: int) -> bytes:
    """Put the sectors of a chain together, which begin at `start`; a chain that bites its tail ends there."""
    parts: list[bytes] = []
    while first < _END and len(parts) <= len(table):
        parts.append(content[start + first * size : start + (first + 1) * size])
        first = table[first]
    return b"".join(parts)


def _numbers(content: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(content) // 4}I", content[: len(content) // 4 * 4])
