"""Items grouped into requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.model import Item

Kind: TypeAlias = tuple[bool, bool, str]
"""What items must share to share a request: live or staged, with files or without, and the locale."""

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
    def kind(self) -> Kind:
        """What its items have in common."""
        return _kind(self.items[0])

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """Locale and key of each item."""
        return tuple((item.locale, item.key) for item in self.items)

    def only(self, keys: set[tuple[str, str]] | frozenset[tuple[str, str]]) -> Chunk | None:
        """The part of it with these keys, if any."""
        items = tuple(item for item in self.items if (item.locale, item.key) in keys)
        return Chunk(items) if items else None


def _kind(item: Item) -> Kind:
    return item.live, item.files > 0, item.locale


def _any_size(_kind: Kind) -> int:
    return MAX_ITEMS


class Chunker:
    """Collects items until a request is full; items that cannot share a request are kept apart.

    For n items of a kind it makes at most ceil(n / limit) chunks, and what the bound on bytes splits. `most` may lower
    the limit of a kind, and changes meanwhile.
    """

    def __init__(self, most: Callable[[Kind], int] = _any_size) -> None:
        self._most = most
        self._open: dict[Kind, list[Item]] = {}
        self._bytes: dict[Kind, int] = {}

    def add(self, item: Item) -> Iterator[Chunk]:
        """Take an item; gives the chunks that it fills or overflows."""
        kind = _kind(item)
        if self._open.get(kind) and self._bytes[kind] + len(item.body) > MAX_BYTES:
            yield from self._take(kind)
        self._open.setdefault(kind, []).append(item)
        self._bytes[kind] = self._bytes.get(kind, 0) + len(item.body) + 1
        if len(self._open[kind]) >= self._limit(kind):
            yield from self._take(kind)

    def rest(self) -> Iterator[Chunk]:
        """What is left, once there are no more items."""
        for kind in [kind for kind, items in self._open.items() if items]:
            yield from self._take(kind)

    def _limit(self, kind: Kind) -> int:
        _, files, _ = kind
        return min(MAX_ITEMS_WITH_FILES if files else MAX_ITEMS, self._most(kind))

    def _take(self, kind: Kind) -> Iterator[Chunk]:
        """Take what is open, in several chunks where the limit is lower by now."""
        self._bytes[kind] = 0
        items, limit = self._open.pop(kind), self._limit(kind)
        for start in range(0, len(items), limit):
            yield Chunk(tuple(items[start : start + limit]))
