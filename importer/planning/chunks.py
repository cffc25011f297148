"""Items grouped into requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model import Item

MAX_ITEMS = 100
"""Items in one request (stated for the sibling endpoints, used by integrators for /items/live)."""

MAX_ITEMS_WITH_FILES = 25
"""The same where items carry files: Webflow fetches each file while the request waits."""

MAX_BYTES = 4_000_000
"""Bytes of one body; Webflow documents no limit."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """The items of one request: all live or all staged, all of one locale."""

    items: tuple[Item, ...]

    @property
    def live(self) -> bool:
        """Whether it goes to the live endpoint."""
        return self.items[0].live

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """Locale and key of each item."""
        return tuple((item.locale, item.key) for item in self.items)

    def halves(self) -> tuple[Chunk, ...]:
        """Itself in two; a single item stays whole."""
        middle = len(self.items) // 2
        return (Chunk(self.items[:middle]), Chunk(self.items[middle:])) if middle else (self,)

    def only(self, keys: set[tuple[str, str]] | frozenset[tuple[str, str]]) -> Chunk | None:
        """The part of it with these keys, if any."""
        items = tuple(item for item in self.items if (item.locale, item.key) in keys)
        return Chunk(items) if items else None


class Chunker:
    """Collects items until a request is full; items that cannot share a request are kept apart.

    For n items of a kind it makes at most ceil(n / limit) chunks, and what the bound on bytes splits.
    """

    def __init__(self) -> None:
        self._open: dict[tuple[bool, bool, str], list[Item]] = {}
        self._bytes: dict[tuple[bool, bool, str], int] = {}

    def add(self, item: Item) -> Iterator[Chunk]:
        """Take an item; gives the chunk that it fills or overflows."""
        kind = (item.live, item.files > 0, item.locale)
        limit = MAX_ITEMS_WITH_FILES if item.files else MAX_ITEMS
        if self._open.get(kind) and self._bytes[kind] + len(item.body) > MAX_BYTES:
            yield self._take(kind)
        self._open.setdefault(kind, []).append(item)
        self._bytes[kind] = self._bytes.get(kind, 0) + len(item.body) + 1
        if len(self._open[kind]) == limit:
            yield self._take(kind)

    def rest(self) -> Iterator[Chunk]:
        """What is left, once there are no more items."""
        for kind in [kind for kind, items in self._open.items() if items]:
            yield self._take(kind)

    def _take(self, kind: tuple[bool, bool, str]) -> Chunk:
        self._bytes[kind] = 0
        return Chunk(tuple(self._open.pop(kind)))
