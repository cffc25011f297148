"""Chunks that wait to be sent: again first, then those that the sheet gives."""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING

from importer.planning import Chunk, Chunker, Decision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model import Item
    from importer.publishing.matching import Key
    from importer.publishing.settling import Doubtful
    from importer.publishing.target import Todo

MOST = 100
"""Staged items that one request publishes."""


class End(Enum):
    """The sheet has no more rows."""

    END = 0


END = End.END


class Waiting:
    """The work of a run that is not under way: it is drawn from the sheet only as fast as it is sent.

    `drawn` is told each row that is; `passed_over` counts those that were drawn after the run was stopped.
    """

    def __init__(self, todos: Iterator[Todo | None], drawn: set[Key]) -> None:
        self._todos, self._drawn = todos, drawn
        self._chunker, self._resent = Chunker(), Chunker()
        self._again: deque[Chunk] = deque()
        self._ready: deque[Chunk] = deque()
        self._parts = self.passed_over = 0
        self._sent_before: set[Key] = set()
        self._doomed: dict[Key, str] = {}
        self.exhausted = self.breath = False
        self.staged: list[Todo] = []
        self.unsettled: list[Todo] = []
        self.twins_due: float | None = None

    def next_chunk(self) -> Chunk | None:
        """The next chunk to send, or None while there is none (rows to publish or settle are put aside)."""
        self.breath = False
        if self._again:
            return self._again.popleft()
        while not self._ready and not self.exhausted:
            todo = next(self._todos, END)
            if todo is None:
                self.breath = True
                return None
            if isinstance(todo, End):
                self.exhausted = True
                self._ready.extend(self._chunker.rest())
                self._again.extend(self._resent.rest())
                continue
            self._drawn.add((todo.item.locale, todo.item.key))
            if todo.decision is Decision.CREATE:
                self._ready.extend(self._chunker.add(todo.item))
            elif todo.decision is Decision.PUBLISH:
                self.staged.append(todo)
                if len(self.staged) >= MOST:
                    return None
            else:
                self.unsettled.append(todo)
                return None
        if self._ready:
            return self._ready.popleft()
        return self._again.popleft() if self._again else None

    def skip(self) -> bool:
        """Draw the next row of the sheet only to count it; whether there was one."""
        todo = next(self._todos, END)
        self.breath = todo is None
        if isinstance(todo, End):
            return False
        if todo is not None and todo.decision is Decision.SETTLE:
            self._drawn.add((todo.item.locale, todo.item.key))
            self.unsettled.append(todo)
        elif todo is not None:
            self.passed_over += 1
        return True

    def to_publish(self) -> list[Todo]:
        """Staged items that are to be published now: a request full of them, or the last ones of the sheet."""
        if not self.exhausted and len(self.staged) < MOST:
            return []
        todos, self.staged = self.staged, []
        return todos

    def progressing(self) -> bool:
        """Whether there is work that needs no waiting, or rows of the sheet that were not drawn yet."""
        return bool(self._again or self._ready or not self.exhausted)

    def again(self, chunk: Chunk) -> None:
        """Send a chunk again before anything new; it needs no second look-up."""
        self._sent_before.update(chunk.keys)
        self._again.append(chunk)

    def create(self, item: Item) -> None:
        """Send an item that turned out not to be there, together with others."""
        self._sent_before.add((item.locale, item.key))
        self._again.extend(self._resent.add(item))

    def settled(self, absent: list[Doubtful]) -> None:
        """Send rows again that were not written, in the parts in which they were put in doubt."""
        parts: dict[int, list[Item]] = {}
        for one in absent:
            if one.item is not None:
                parts.setdefault(-1 if one.part is None else one.part, []).append(one.item)
        chunker = Chunker()
        for part, items in sorted(parts.items()):
            if part < 0:
                for item in items:
                    self._sent_before.add((item.locale, item.key))
                    self._again.extend(chunker.add(item))
                self._again.extend(chunker.rest())
            else:
                self.again(Chunk(tuple(items)))

    def vetted(self, chunk: Chunk) -> bool:
        """Whether a chunk was looked up already."""
        seen = all(key in self._sent_before for key in chunk.keys)
        self._sent_before.difference_update(chunk.keys)
        return seen

    def next_part(self) -> int:
        """A number for rows that are sent again together."""
        self._parts += 1
        return self._parts

    def check_twins(self, due: float) -> None:
        """Look for twins of altered slugs at this moment (monotonic seconds)."""
        self.twins_due = due if self.twins_due is None else max(self.twins_due, due)

    def doom(self, item: Item, message: str) -> None:
        """Reject a row (`server_error`) once a listing has shown that it was not written."""
        self._doomed[item.locale, item.key] = message

    def doomed(self, key: Key) -> str | None:
        """Why a row is rejected now that it was not written, if it is."""
        return self._doomed.pop(key, None)
