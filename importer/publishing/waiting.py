"""Chunks that wait to be sent: again first, then those that the sheet gives."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from importer.planning import Chunk, Chunker, Decision, Narrowing
from importer.planning.chunks import MAX_ITEMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from importer.model import Item
    from importer.planning.chunks import Kind
    from importer.publishing.matching import Key
    from importer.publishing.settling import Doubtful
    from importer.publishing.target import Todo


class End(Enum):
    """The sheet has no more rows."""

    END = 0


END = End.END


class Why(Enum):
    """Why rows are sent again: they were not carried out, they were refused, or they fail again and again."""

    AGAIN = 0
    REFUSED = 1
    FAILED = 2


@dataclass(slots=True, eq=False)
class Part:
    """The rows of a request that may have to be sent again, and what is known of them by then.

    The answer points at the `accused`; the `written` are there although the request was refused.
    """

    chunk: Chunk
    why: Why = Why.AGAIN
    accused: AbstractSet[Key] = frozenset()
    written: set[Key] = field(default_factory=set)


class Waiting:
    """The work of a run that is not under way: it is drawn from the sheet only as fast as it is sent.

    `drawn` is told each row that is; `passed_over` counts those that were drawn after the run was stopped.
    """

    def __init__(self, todos: Iterator[Todo | None], drawn: set[Key]) -> None:
        self._todos, self._drawn = todos, drawn
        self._chunker = Chunker(self._most)
        self._again: deque[Chunk] = deque()
        self._ready: deque[Chunk] = deque()
        self._narrowings: dict[Kind, Narrowing[Key]] = {}
        self._suspects: dict[Key, Item] = {}
        self._largest = MAX_ITEMS
        self.passed_over = 0
        self._claims: dict[tuple[str, str], Key] = {}
        self._held_back: list[Item] = []
        self._sent_before: set[Key] = set()
        self._doomed: dict[Key, tuple[str, str, str]] = {}
        self.costly = False
        self.exhausted = self.breath = False
        self.staged: list[Todo] = []
        self.unsettled: list[Todo] = []
        self.twins_due: float | None = None

    def next_chunk(self, *, idle: bool = True) -> Chunk | None:
        """The next chunk to send, or None while there is none (rows to publish or settle are put aside).

        The last chunk of all is not full: unless nothing is in flight (`idle`), it waits for rows that are suspected.
        """
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
                continue
            self._drawn.add((todo.item.locale, todo.item.key))
            if todo.decision is Decision.CREATE:
                self.create(todo.item)
            elif todo.decision is Decision.PUBLISH:
                self.staged.append(todo)
                if len(self.staged) >= MAX_ITEMS:
                    return None
            else:
                self.unsettled.append(todo)
                return None
        if not self._ready and (idle or not any(one.searching for one in self._narrowings.values())):
            self._ready.extend(self._chunker.rest())
        return self._ready.popleft() if self._ready else None

    def claim(self, slugs: dict[tuple[str, str], Key]) -> None:
        """Hold rows back while another one in doubt was sent with their slug; those that are free by now go on.

        What they would make, and what the other one may have made, could not be told apart.
        """
        self._claims = slugs
        held_back, self._held_back = self._held_back, []
        for item in held_back:
            self.create(item)

    def held_back(self) -> frozenset[Key]:
        """Tell the rows that are held back."""
        return frozenset((item.locale, item.key) for item in self._held_back)

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
        if not self.exhausted and len(self.staged) < MAX_ITEMS:
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
        """Send an item together with any others, unless it is to be held back: a new one, or one that is not there.

        One from an earlier run is looked up anew: somebody may hold its slug by now, or the sheet gave it another.
        """
        own = item.locale, item.key
        if self._claims.get((item.locale, item.slug.casefold()), own) != own:
            self._held_back.append(item)
        else:
            self._ready.extend(self._chunker.add(item))

    def settled(self, absent: list[Doubtful]) -> None:
        """Send rows again that were not written, by the parts in which they were put in doubt."""
        parts: dict[Part | None, list[Item]] = {}
        for one in absent:
            if one.item is not None:
                parts.setdefault(one.part, []).append(one.item)
        for part, items in parts.items():
            if part is not None:
                self.back(part, items)
            else:
                for item in items:
                    self.create(item)

    def sent_before(self, chunk: Chunk) -> frozenset[Key]:
        """Take the rows of a chunk that were looked up already."""
        before = self._sent_before.intersection(chunk.keys)
        self._sent_before -= before
        return frozenset(before)

    # Narrowing -------------------------------------------------------------------------------------------------------

    def refused(self, chunk: Chunk, named: int, *, costly: bool) -> None:
        """A chunk was refused, and so many of its rows named; `costly` says that it must be settled by a listing."""
        self.costly = costly
        narrowing = self._narrowing(chunk.kind)
        narrowing.costly = costly
        narrowing.learn(chunk.keys, named)

    def back(self, part: Part, left: Sequence[Item]) -> None:
        """Send the rows of a part again that are not there; one of them may be guilty."""
        if part.why is Why.AGAIN:
            self.again(Chunk(tuple(left)))
            return
        narrowing = self._narrowing(part.chunk.kind)
        items = {(item.locale, item.key): item for item in left}
        self._suspects.update(items)
        narrowing.costly = self.costly
        if part.why is Why.REFUSED:
            narrowing.refused(part.chunk.keys, items, accused=part.accused, written=part.written)
        else:
            narrowing.failed(list(items))
        self._take_up(narrowing)

    def passed(self, chunk: Chunk) -> None:
        """All of these rows were good."""
        narrowing = self._narrowing(chunk.kind)
        narrowing.costly = self.costly
        narrowing.passed(chunk.keys)
        self._take_up(narrowing)
        for key in chunk.keys:
            self._suspects.pop(key, None)

    def gone(self, key: Key, *, guilty: bool = False) -> None:
        """A row is published, `guilty`, or out of our hands: what is suspected with it goes on."""
        for narrowing in self._narrowings.values():
            narrowing.costly = self.costly
            narrowing.gone(key, guilty=guilty)
            self._take_up(narrowing)
        self._suspects.pop(key, None)

    def too_large(self, rows: int) -> None:
        """Make no later chunk larger than this."""
        self._largest = min(self._largest, max(1, rows))

    def _narrowing(self, kind: Kind) -> Narrowing[Key]:
        return self._narrowings.setdefault(kind, Narrowing())

    def _most(self, kind: Kind) -> int:
        return min(self._largest, self._narrowing(kind).rate.size())

    def _take_up(self, narrowing: Narrowing[Key]) -> None:
        """Take what narrowing gives to be sent."""
        groups, free = narrowing.take()
        for group in groups:
            self.again(Chunk(tuple(self._suspects[key] for key in group)))
        for key in free:
            self._sent_before.add(key)
            self.create(self._suspects.pop(key))

    def check_twins(self, due: float) -> None:
        """Look for twins of altered slugs at this moment (monotonic seconds)."""
        self.twins_due = due if self.twins_due is None else max(self.twins_due, due)

    def doom(self, item: Item, code: str, message: str, by: str = "") -> None:
        """Reject a row once a listing has shown that it was not written; `by` is the error that refused it."""
        self._doomed[item.locale, item.key] = code, message, by

    def doomed(self, key: Key) -> tuple[str, str, str] | None:
        """Why a row is rejected now that it was not written (code, sentence, error), if it is."""
        return self._doomed.pop(key, None)
