"""Reading a collection's listing so that it proves something: down to a moment, or whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.client import ReadRefused, read_page
from importer.client.endpoints import items_page

if TYPE_CHECKING:
    from datetime import datetime

    from importer.client import Client, ListedItem, Page

STRICT_PASSES = 3
"""How often a listing whose pages shift is read from the top again, each time forgetting what was read before."""

PASSES = 15
"""How often it is read in all; the later passes gather what each of them shows."""

PAGE = 100
"""Items of a page, at most (Webflow's limit)."""


@dataclass(slots=True)
class View:
    """What one listing showed.

    `proven`: nothing asked for can be missing, for it was read whole, or newest first down to the moment.
    `ordered` turns false with the first stamp that is newer than the one before it, `fell` true with the first older.
    """

    items: dict[str, ListedItem] = field(default_factory=dict)
    total: int = 0
    proven: bool = False
    ordered: bool = True
    fell: bool = False
    last: datetime | None = None

    def take(self, page: Page) -> int:
        """Take in a page and watch its order; gives how many of its items were known already."""
        known = 0
        self.total = page.total
        for item in page.items:
            if item.id in self.items:
                known += 1
                continue
            self.items[item.id] = item
            if item.created_on is None or (self.last is not None and item.created_on > self.last):
                self.ordered = False
            elif self.last is not None and item.created_on < self.last:
                self.fell = True
            self.last = item.created_on
        return known

    def reaches(self, moment: datetime | None) -> bool:
        """Whether it went newest first beyond a moment; one page of equal stamps shows no order."""
        return moment is not None and self.ordered and self.fell and self.last is not None and self.last < moment


class Listings:
    """The two listings of a collection: `/items` and `/items/live`."""

    def __init__(self, client: Client, collection: str) -> None:
        self._client = client
        self._collection = collection
        self._sortable = True

    async def page(self, offset: int, *, live: bool, locale: str = "", slug: str | None = None) -> Page:
        """Read one page, newest first where Webflow takes that wish (the OpenAPI description of May 2026 has it).

        Raises what `Client.read` raises, and UnreadableAnswer if the answer is not a page.
        """
        while True:
            newest_first = self._sortable and slug is None
            call = items_page(
                self._collection,
                live=live,
                offset=offset,
                limit=PAGE,
                newest_first=newest_first,
                slug=slug,
                locale=locale or None,
            )
            try:
                return read_page(await self._client.read(call))
            except ReadRefused:
                if not newest_first:
                    raise
                self._sortable = False

    async def by_slug(self, slug: str, *, locale: str = "") -> list[ListedItem]:
        """The items of both listings that have this slug, without case, each once."""
        found: dict[str, ListedItem] = {}
        for live in (True, False):
            page = await self.page(0, live=live, locale=locale, slug=slug)
            for item in page.items:
                if item.slug.casefold() == slug.casefold():
                    found.setdefault(item.id, item)
        return list(found.values())

    async def read(
        self, *, live: bool, down_to: datetime | None = None, locale: str = "", overlapping: bool = True
    ) -> View:
        """Read newest first down to a moment; whole without one, or where the order cannot be believed.

        `overlapping` pages share one item, so that an item that vanishes meanwhile cannot hide another.
        """
        for _ in range(STRICT_PASSES):
            view = View()
            await self._pass(view, live=live, down_to=down_to, locale=locale, overlapping=overlapping)
            if view.proven:
                return view
        for _ in range(PASSES - STRICT_PASSES):
            await self._pass(view, live=live, down_to=None, locale=locale, overlapping=False)
            if view.proven:
                return view
        return view

    async def _pass(self, view: View, *, live: bool, down_to: datetime | None, locale: str, overlapping: bool) -> None:
        """Read from the top once; `view.proven` tells whether that was enough."""
        view.last = None
        offset = 0
        while True:
            page = await self.page(offset, live=live, locale=locale)
            known = view.take(page)
            if offset and overlapping and page.items and not known:
                return  # an item vanished meanwhile: what stood at the border may have been passed over
            end = offset + len(page.items)
            if end >= page.total or not page.items:
                view.proven = len(view.items) >= page.total
                return
            if view.reaches(down_to):
                view.proven = True
                return
            offset = max(end - 1, 1) if overlapping else end
