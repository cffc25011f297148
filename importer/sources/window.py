"""The part of a file that is being looked at: from its first unread record on, growing as needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


LONGEST_LINE = 1 << 27
"""Bytes of a line; a longer one is no line of a sheet, and would fill the memory."""


class EndlessLine(Exception):  # noqa: N818 - told to whoever knows the row, who makes a sentence of it
    """A line is longer than any sheet has."""

    def __init__(self) -> None:
        super().__init__(f"{LONGEST_LINE >> 20} MB without a line break")


class Window:
    """UTF-8 bytes of a file, read a piece at a time; `data` begins at a record's border."""

    __slots__ = ("_pieces", "data", "ended")

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.data = b""
        self.ended = False

    def fill(self, size: int) -> None:
        """Read on until there are at least `size` bytes, or no more."""
        parts = [self.data]
        held = len(self.data)
        while held < size and not self.ended:
            piece = next(self._pieces, None)
            if piece is None:
                self.ended = True
            else:
                parts.append(piece)
                held += len(piece)
        self.data = b"".join(parts)

    def drop(self, size: int) -> None:
        """Leave behind what has been read."""
        self.data = self.data[size:]

    def fed_lines_end(self) -> int:
        """Tell where the last line that ends in LF ends, reading on if there is none yet.

        Raises EndlessLine instead of reading on for ever.
        """
        while True:
            end = self.data.rfind(b"\n") + 1
            if end or self.ended:
                return end or len(self.data)
            self._read_on(0)

    def lines_end(self, start: int) -> int:
        """Tell where the last whole line after `start` ends, reading on if there is none yet; `start` at the end.

        Raises EndlessLine instead of reading on for ever.
        """
        while True:
            feed, turn = self.data.rfind(b"\n", start) + 1, self.data.rfind(b"\r", start) + 1
            if turn == len(self.data) and not self.ended:
                turn = self.data.rfind(b"\r", start, turn - 1) + 1 if turn > start else 0  # its \n may follow
            end = max(feed, turn)
            if end > start:
                return end
            if self.ended:
                return len(self.data)
            self._read_on(start)

    def _read_on(self, start: int) -> None:
        if len(self.data) - start > LONGEST_LINE:
            raise EndlessLine
        self.fill(min(2 * max(len(self.data), 1 << 16), start + LONGEST_LINE + 1))
