"""Reading a collection's listing so that it proves something: down to a moment, or whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from importer.client import ReadRefused, read_page
from importer.client.endpoints import PAGE, items_page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from importer.client import Client, ListedItem, Page

STRICT_PASSES = 3
"""How often a listing whose pages shift is read from the top again, each time forgetting what was read before."""

PASSES = 15
"""How often it is read in all; the later passes gather what each of them shows."""

SECOND = timedelta(seconds=1)
"""What a `Date` may leave out."""

TICK = timedelta(milliseconds=1)
"""What two stamps differ by at least."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Keep(Protocol[T_co]):
    """What is kept of an item; `live` says which listing shows it."""

    def __call__(self, item: ListedItem, /, *, live: bool) -> T_co:
        """Give it."""


@dataclass(frozen=True, slots=True)
class _Reading(Generic[T]):
    """Which listing is read, what is kept of its items, and who is told of its pages."""

    keep: Keep[T]
    live: bool
    locale: str
    note: Callable[[Sequence[ListedItem]], None] | None


@dataclass(slots=True)
class View(Generic[T]):
    """What one listing showed, in one pass or gathered in several.

    `proven`: nothing asked for can be missing, for it was read whole, or newest first down to the moment.
    `ordered` turns false with the first stamp that is newer than the one before it, `fell` true with the first older.
    `at_first` is the total when the reading began, `began` the server's time then, `younger` counts the items that
    were made since; `steady` turns false with another total, `shrank` true with a smaller one.

    Where pages share an item (`overlapping`, or no answer tells the time), one that vanishes shows. Else only numbers
    tell, and what was made just then must not stand in for it: of the same second, what is newer than all that the
    first page shows counts as younger.
    """

    items: dict[str, T] = field(default_factory=dict)
    proven: bool = False
    ordered: bool = True
    fell: bool = False
    last: datetime | None = None
    at_first: int = -1
    began: datetime | None = None
    younger: int = 0
    steady: bool = True
    shrank: bool = False
    overlapping: bool = False

    def begin(self, page: Page, now: datetime | None) -> None:
        """Take note of the first page of all; `now` has whole seconds."""
        if self.at_first < 0:
            self.at_first = page.total
            self.overlapping = self.overlapping or now is None
            if now is not None:
                shown = [item.created_on for item in page.items if item.created_on is not None]
                sure = max([now - TICK, *shown])
                self.began = now + SECOND if self.overlapping else min(sure, now + SECOND)

    def take(self, page: Page, keep: Callable[[ListedItem], T]) -> int:
        """Take in a page and watch its order; gives how many of its items were known already."""
        known = 0
        self.steady = self.steady and page.total == self.at_first
        self.shrank = self.shrank or page.total < self.at_first
        for item in page.items:
            if item.id in self.items:
                known += 1
                continue
            self.items[item.id] = keep(item)
            if self.began is not None and item.created_on is not None and item.created_on > self.began:
                self.younger += 1
            if item.created_on is None or (self.last is not None and item.created_on > self.last):
                self.ordered = False
            elif self.last is not None and item.created_on < self.last:
                self.fell = True
            self.last = item.created_on
        return known

    def reaches(self, moment: datetime | None) -> bool:
        """Whether it went newest first beyond a moment; one page of equal stamps shows no order."""
        return moment is not None and self.ordered and self.fell and self.last is not None and self.last < moment

    @property
    def old(self) -> int:
        """How many of the items that were shown were there when the reading began, as far as stamps tell."""
        return len(self.items) - self.younger

    def gathered(self) -> bool:
        """Whether several passes together showed all that was there when the first of them began.

        What was deleted since counts, for it was there then; what was made since must not stand in for what was not
        shown. Without a time the two cannot be told apart, unless the total stayed what it was.
        """
        return self.old == self.at_first and (self.began is not None or self.steady)

    def hopeless(self) -> bool:
        """Whether more passes will not make it a proof: it must begin anew."""
        return self.old > self.at_first or self.shrank or (self.began is None and not self.steady)


class Listings:
    """The two listings of a collection: `/items` and `/items/live`; `newest_first` where Webflow takes that wish."""

    def __init__(self, client: Client, collection: str, *, newest_first: bool = True) -> None:
        self._client = client
        self._collection = collection
        self._sortable = newest_first

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

    async def by_slug(self, slug: str, keep: Keep[T], *, locale: str = "") -> list[T]:
        """What is kept of the items of both listings that have this slug, without case, each once."""
        return [versions[0] for versions in (await self.versions(slug, keep, locale=locale)).values()]

    async def versions(self, slug: str, keep: Keep[T], *, locale: str = "") -> dict[str, list[T]]:
        """What is kept of each version of the items that have this slug, without case, by id; the live one first."""
        found: dict[str, list[T]] = {}
        for live in (True, False):
            page = await self.page(0, live=live, locale=locale, slug=slug)
            for item in page.items:
                if item.slug.casefold() == slug.casefold():
                    found.setdefault(item.id, []).append(keep(item, live=live))
        return found

    async def newest(
        self, keep: Keep[T], *, live: bool, pages: int, down_to: datetime | None, locale: str = ""
    ) -> View[T]:
        """Read so many pages from the top, or down to a moment; that an item is not on them proves nothing."""
        view: View[T] = View()
        for number in range(pages):
            page = await self.page(number * PAGE, live=live, locale=locale)
            view.take(page, lambda item: keep(item, live=live))
            oldest = page.items[-1].created_on if page.items else None
            if oldest is None or (number + 1) * PAGE >= page.total or (down_to is not None and oldest < down_to):
                break
        return view

    async def read(
        self,
        keep: Keep[T],
        *,
        live: bool,
        down_to: datetime | None = None,
        locale: str = "",
        overlapping: bool = True,
        note: Callable[[Sequence[ListedItem]], None] | None = None,
    ) -> View[T]:
        """Read newest first down to a moment; whole without one, or where the order cannot be believed.

        `keep` gives what the view keeps of an item, `note` is told each page. `overlapping` pages share one item, so
        that an item that vanishes meanwhile cannot hide another; without it a first pass takes fewer requests.
        """
        reading = _Reading(keep, live, locale, note)
        view: View[T] = View()
        for number in range(STRICT_PASSES):
            view = View(overlapping=overlapping or number > 0)
            await self._pass(view, reading, down_to=down_to)
            if view.proven:
                return view
        view = View(ordered=view.ordered)
        for _ in range(PASSES - STRICT_PASSES):
            await self._pass(view, reading, down_to=None)
            view.proven = view.gathered()
            if view.proven:
                break
            if view.hopeless():
                view = View(ordered=view.ordered)
        return view

    async def _pass(self, view: View[T], reading: _Reading[T], *, down_to: datetime | None) -> None:
        """Read from the top once; `view.proven` tells whether that was enough."""
        view.last = None
        offset = 0
        while True:
            page = await self.page(offset, live=reading.live, locale=reading.locale)
            if reading.note is not None:
                reading.note(page.items)
            if not offset:
                view.begin(page, self._client.server_time)
            known = view.take(page, lambda item: reading.keep(item, live=reading.live))
            if offset and view.overlapping and page.items and not known:
                return  # an item vanished meanwhile: what stood at the border may have been passed over
            end = offset + len(page.items)
            following = max(end - 1, 1) if view.overlapping else end
            if end >= page.total or not page.items or following <= offset:  # a total may count what is not shown
                view.proven = view.old >= view.at_first
                return
            if view.reaches(down_to):
                view.proven = True
                return
            offset = following
