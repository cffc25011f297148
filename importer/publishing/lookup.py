"""What the collection holds already: looked up before the first create of a run (rule 8)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from importer.publishing.matching import SKEW
from importer.schema.content import key_of, readable
from importer.state import SeenItem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from importer.client import Client, ListedItem
    from importer.model import Item
    from importer.planning import Chunk
    from importer.publishing.listing import Listings, View
    from importer.publishing.target import Plan, Target
    from importer.state import State

PAGE = 100
"""Items of a page, at most (Webflow's limit)."""

STAGED_FIRST = (False, True)
"""The order in which the listings are noted: what the live one shows has the last word."""


@dataclass(slots=True)
class Vetted:
    """A chunk after the look-up: what may be sent, whose item is there already, and who is in whose way."""

    free: list[Item] = field(default_factory=list)
    adopted: list[tuple[Item, ListedItem | SeenItem]] = field(default_factory=list)
    taken: list[tuple[Item, str]] = field(default_factory=list)


class Lookup:
    """Knows which slugs and keys are held, by the cheaper of two ways: the listing, or a question for each slug."""

    def __init__(self, listings: Listings, state: State, target: Target, client: Client, plan: Plan) -> None:
        self._listings, self._state, self._target, self._client = listings, state, target, client
        self._plan = plan
        self._covered: dict[str, bool] = {}
        self._fresh: set[str] = set()
        self._looking = asyncio.Lock()

    async def vet(self, chunk: Chunk) -> Vetted:
        """Tell which items of a chunk may be sent.

        An item with the key and equal readable content is the row's own, made before the state file knew of it; any
        other that holds the slug or the key is in its way. Raises what reading a listing raises.
        """
        locale = chunk.items[0].locale
        covered = await self._cover(locale)
        slugs = [item.slug for item in chunk.items]
        own = self._state.rows_by_slug(locale, slugs)
        by_slug = self._state.seen_by_slug(locale, slugs)
        by_key: Mapping[str, list[SeenItem]] = {}
        if self._target.key_field not in {None, "slug"}:
            by_key = self._state.seen_by_key(locale, [item.key for item in chunk.items])
        vetted = Vetted()
        for item in chunk.items:
            slug = item.slug.casefold()
            known = [*by_slug.get(slug, ()), *by_key.get(item.key, ())]
            if covered and not known and slug not in own:
                vetted.free.append(item)
                continue
            await self._judge(item, known, vetted)
        return vetted

    async def holder(self, item: Item) -> ListedItem | None:
        """The item that holds this slug now, if one can be read."""
        return next(iter(await self._listings.by_slug(item.slug, locale=item.locale)), None)

    async def _judge(self, item: Item, known: list[SeenItem], vetted: Vetted) -> None:
        """Decide about an item whose slug or key is, or may be, held."""
        holders: list[ListedItem | SeenItem] = [seen for seen in known if seen.item_id in self._fresh]
        if not holders:
            asked = {item.slug.casefold(): item.slug} | {seen.slug.casefold(): seen.slug for seen in known}
            for slug in asked.values():
                found = await self._listings.by_slug(slug, locale=item.locale)
                self._note(found, item.locale, live=False)
                holders += [one for one in found if self._in_the_way(item, one)]
            if not holders:
                self._state.forget_seen([seen.item_id for seen in known])
        if not holders:
            vetted.free.append(item)
            return
        held = self._state.keys_by_item([_id(one) for one in holders])
        for one in holders:
            if _id(one) not in held and self._same(item, one):
                vetted.adopted.append((item, one))
                return
        vetted.taken.append((item, self._whose(item, holders[0], held.get(_id(holders[0])))))

    def _in_the_way(self, item: Item, found: ListedItem) -> bool:
        return found.slug.casefold() == item.slug.casefold() or self._key(found) == item.key

    def _same(self, item: Item, holder: ListedItem | SeenItem) -> bool:
        """Whether an item is the row's own: its key, and equal readable content."""
        if self._target.key_field is None:
            return False
        if isinstance(holder, SeenItem):
            return holder.key == item.key and holder.readable == item.readable
        return self._key(holder) == item.key and readable(holder.field_data, self._target.schema) == item.readable

    def _whose(self, item: Item, holder: ListedItem | SeenItem, row: tuple[str, str] | None) -> str:
        """Say who holds the slug or the key."""
        name = f'"{holder.name}" ({_id(holder)})'
        if row is not None:
            return f'The slug "{item.slug}" belongs to the item {name}, which the row with key "{row[1]}" made.'
        if holder.slug.casefold() == item.slug.casefold():
            return f'The slug "{item.slug}" belongs to an item of the collection already: {name}.'
        return f'An item of the collection has the key "{item.key}" already: {name}, slug "{holder.slug}".'

    async def _cover(self, locale: str) -> bool:
        """Look up a locale once; gives whether every item of it is known (else each slug is asked for)."""
        async with self._looking:
            if locale not in self._covered:
                self._covered[locale] = await self._look(locale, self._plan.creates.get(locale, 0))
        return self._covered[locale]

    async def _look(self, locale: str, creates: int) -> bool:
        pages = [await self._listings.page(0, live=live, locale=locale) for live in STAGED_FIRST]
        began = self._client.server_time
        for page, live in zip(pages, STAGED_FIRST, strict=True):
            self._note(page.items, locale, live=live)
        total = max(page.total for page in pages)
        complete = all(len(page.items) >= page.total for page in pages)
        if not complete:
            since, before = self._last(locale)
            unseen = max(0, total - before) if since else total
            by_listing = -(-unseen // PAGE)
            if creates < by_listing and not self._must_list(since):
                return False
            views = [await self._list(since, locale, live=live) for live in STAGED_FIRST]
            complete = all(view.proven for view in views)
        if complete:
            self._state.set_fact(self._fact(locale), f"{began.isoformat() if began else ''} {total}")
        return complete

    def _must_list(self, since: datetime | None) -> bool:
        """Whether only a listing can find an item by its key: the key is a field that Webflow cannot filter by."""
        return since is None and self._target.key_field not in {None, "slug"}

    async def _list(self, since: datetime | None, locale: str, *, live: bool) -> View:
        unordered = f"unordered:{self._target.collection}"
        down_to = since - SKEW if since and not self._state.fact(unordered) else None
        view = await self._listings.read(live=live, down_to=down_to, locale=locale, overlapping=False)
        if not view.ordered:
            self._state.set_fact(unordered, "yes")
        self._note(view.items.values(), locale, live=live)
        return view

    def _note(self, items: Iterable[ListedItem], locale: str, *, live: bool) -> None:
        """Keep what was shown, and the greatest `createdOn` as the watermark."""
        shown = list(items)
        if not shown:
            return
        self._fresh.update(item.id for item in shown)
        self._state.note_seen(
            [
                SeenItem(
                    item_id=item.id,
                    locale=locale,
                    slug=item.slug,
                    name=item.name,
                    key=self._key(item),
                    readable=readable(item.field_data, self._target.schema),
                    created_on=item.created_on,
                    live=live,
                )
                for item in shown
            ]
        )
        newest = max((item.created_on for item in shown if item.created_on), default=None)
        if newest is not None:
            self._state.raise_watermark(self._target.collection, newest)

    def _key(self, item: ListedItem) -> str | None:
        return key_of(item.field_data, self._target.key_field)

    def _fact(self, locale: str) -> str:
        return f"looked_up:{self._target.collection}:{locale}"

    def _last(self, locale: str) -> tuple[datetime | None, int]:
        """When the last complete look-up began (server time), and how many items there were."""
        kept = self._state.fact(self._fact(locale))
        if not kept:
            return None, 0
        moment, _, total = kept.rpartition(" ")
        return (datetime.fromisoformat(moment) if moment else None), int(total)


def _id(holder: ListedItem | SeenItem) -> str:
    return holder.item_id if isinstance(holder, SeenItem) else holder.id
