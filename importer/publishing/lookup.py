"""What the collection holds already: looked up before the first create of a run (rule 8)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from importer.client.endpoints import PAGE
from importer.model import Status
from importer.publishing.learned import is_unordered, learn_unordered
from importer.publishing.listing import View
from importer.publishing.matching import SKEW, Evidence, Shown, Wanted, is_ours, status_of
from importer.state import SeenItem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importer.client import Client, ListedItem, Page
    from importer.model import Item, Row
    from importer.planning import Chunk
    from importer.publishing.listing import Listings
    from importer.publishing.matching import Key
    from importer.publishing.target import Plan, Target
    from importer.state import State

REFERENCE_UNMADE = "reference_unmade"
"""The problem of a row that is not sent because what it refers to is not there."""

STAGED_FIRST = (False, True)
"""The order in which the listings are noted: what the live one shows has the last word."""


@dataclass(slots=True)
class Vetted:
    """A chunk after the look-up: what may be sent, whose item is there already, and who is in whose way.

    `adopted` are items that are as the sheet has them, `made` those that an earlier send of the row made.
    """

    free: list[Item] = field(default_factory=list)
    adopted: list[tuple[Item, Shown]] = field(default_factory=list)
    made: list[tuple[Item, Wanted, Shown]] = field(default_factory=list)
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

        An item that an earlier send made is the row's own, with what that send carried; so is one with the key and
        equal readable content, made before the state file knew of it. Any other that holds the slug or the key is in
        its way. Raises what reading a listing raises.
        """
        locale = chunk.items[0].locale
        covered = await self._cover(locale)
        slugs = [item.slug for item in chunk.items]
        own = self._state.rows_by_slug(locale, slugs)
        by_slug = self._state.seen_by_slug(locale, slugs)
        by_key: Mapping[str, list[SeenItem]] = {}
        if self._target.key_field not in {None, "slug"}:
            by_key = self._state.seen_by_key(locale, [item.key for item in chunk.items])
        moved = self._moved(chunk)
        vetted = Vetted()
        for item in chunk.items:
            if item.key in moved and await self._made_elsewhere(item, moved[item.key], vetted, covered=covered):
                continue
            slug = item.slug.casefold()
            known = [*by_slug.get(slug, ()), *by_key.get(item.key, ())]
            if covered and not known and slug not in own:
                vetted.free.append(item)
                continue
            await self._judge(item, known, vetted)
        return self._still(vetted)

    def _moved(self, chunk: Chunk) -> dict[str, Row]:
        """The rows of a chunk that were sent before and are not known to have been refused: perhaps by another slug."""
        rows = self._state.rows(chunk.keys)
        return {key: row for (_, key), row in rows.items() if row.attempts and _may_have_been_made(row)}

    async def _made_elsewhere(self, item: Item, row: Row, vetted: Vetted, *, covered: bool) -> bool:
        """Look for what an earlier send of a row made under another slug, though it is said to have done nothing.

        A 429 may have been wrong, and what a lost request does may come later than its patience. What is not there may
        not be listed yet, or under a suffix: it is looked for once more later. What another row under way was sent
        with is that one's, whatever it looks like (rule 4): keys may have moved to other rows of the sheet.
        """
        slugs = {sending.row.slug.casefold(): sending.row.slug for sending in self._state.sendings(row)}
        slugs.pop(item.slug.casefold(), None)
        if not slugs:
            return False
        seen = self._state.seen_by_slug(item.locale, list(slugs.values()))
        holders: list[Shown] = []
        for folded, slug in slugs.items():
            shown = [_shown(one) for one in seen.get(folded, ()) if one.item_id in self._fresh]
            if not shown and (folded in seen or not covered):
                shown = await self._listings.by_slug(slug, self._target.shown, locale=item.locale)
                self._note(shown, item.locale)
            holders += shown
        flying = self._state.flying_slugs(item.locale) if holders else frozenset()
        holders = [one for one in holders if one.slug.casefold() not in flying]
        made = self._made(item, holders, self._state.keys_by_item([one.id for one in holders]))
        if made is None:
            self._state.doubt_denials([(item.locale, item.key)])
            return False
        vetted.made.append((item, *made))
        return True

    def _still(self, vetted: Vetted) -> Vetted:
        """Leave out items that were given to another row while the look-up asked about others: they are in the way."""
        given = [*vetted.adopted, *((item, shown) for item, _, shown in vetted.made)]
        held = self._state.keys_by_item([shown.id for _, shown in given])
        others = {shown.id for item, shown in given if held.get(shown.id, own := (item.locale, item.key)) != own}
        return Vetted(
            vetted.free,
            [(item, shown) for item, shown in vetted.adopted if shown.id not in others],
            [(item, wanted, shown) for item, wanted, shown in vetted.made if shown.id not in others],
            vetted.taken
            + [(item, self._whose(item, shown, held[shown.id])) for item, shown in given if shown.id in others],
        )

    async def holder(self, item: Item) -> Shown | None:
        """The item that holds this slug now, if one can be read."""
        return next(iter(await self._listings.by_slug(item.slug, self._target.shown, locale=item.locale)), None)

    async def _judge(self, item: Item, known: list[SeenItem], vetted: Vetted) -> None:
        """Decide about an item whose slug or key is, or may be, held."""
        holders = [_shown(seen) for seen in known if seen.item_id in self._fresh]
        if not holders:
            asked = {item.slug.casefold(): item.slug} | {seen.slug.casefold(): seen.slug for seen in known}
            for slug in asked.values():
                found = await self._listings.by_slug(slug, self._target.shown, locale=item.locale)
                self._note(found, item.locale)
                holders += [one for one in found if self._in_the_way(item, one)]
            if not holders:
                self._state.forget_seen([seen.item_id for seen in known])
        if not holders:
            vetted.free.append(item)
            return
        held = self._state.keys_by_item([one.id for one in holders])
        given = {shown.id for _, _, shown in vetted.made}
        made = self._made(item, [one for one in holders if one.id not in given], held)
        if made is not None:
            vetted.made.append((item, *made))
            return
        for one in holders:
            if one.id not in held and self._same(item, one):
                vetted.adopted.append((item, one))
                return
        vetted.taken.append((item, self._whose(item, holders[0], held.get(holders[0].id))))

    def _made(self, item: Item, holders: list[Shown], held: Mapping[str, Key]) -> tuple[Wanted, Shown] | None:
        """Rule 6: the item among the holders that an earlier send of the row made, with whatever content, if any."""
        row = self._state.rows([(item.locale, item.key)]).get((item.locale, item.key))
        if row is None:
            return None
        evidence = Evidence(held, self._state.first_sighting([one.id for one in holders]))
        for sending in reversed(self._state.sendings(row)):
            wanted = Wanted(row.locale, row.key, sending.row.slug, (sending,))
            for one in holders:
                if one.slug.casefold() == wanted.slug.casefold() and is_ours(wanted, one, evidence):
                    return wanted, one
        return None

    def _in_the_way(self, item: Item, found: Shown) -> bool:
        return found.slug.casefold() == item.slug.casefold() or found.key == item.key

    def _same(self, item: Item, holder: Shown) -> bool:
        """Whether an item is the row's own: its key, and equal readable content."""
        return self._target.key_field is not None and (holder.key, holder.readable) == (item.key, item.readable)

    def _whose(self, item: Item, holder: Shown, row: Key | None) -> str:
        """Say who holds the slug or the key."""
        name = f'"{holder.name}" ({holder.id})'
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
        pages, began = [], None
        for live in STAGED_FIRST:
            pages.append(await self._listings.page(0, live=live, locale=locale))
            began = began or self._client.server_time  # the second page may be long in coming
        for page, live in zip(pages, STAGED_FIRST, strict=True):
            self._note([self._target.shown(item, live=live) for item in page.items], locale)
            self._watch(page)
        total = max(page.total for page in pages)
        complete = all(len(page.items) >= page.total for page in pages)
        if not complete:
            since = self._last(locale)
            larger = pages[1].total > pages[0].total
            if not self._must_list(since) and await self._is_far(since, locale, creates, total, live=larger):
                return False
            proofs = [await self._list(since, locale, live=live) for live in STAGED_FIRST]
            complete = all(proofs)
        if complete:
            self._state.set_fact(self._fact(locale), began.isoformat() if began else "")
        return complete

    async def _is_far(self, since: datetime | None, locale: str, pages: int, total: int, *, live: bool) -> bool:
        """Whether a listing down to the moment takes more than so many pages; the last item of them tells.

        How many items came since the last look-up cannot be told from the totals, for others may be gone.
        """
        if pages * PAGE >= total:
            return False
        if since is None or not pages or self._unordered:
            return True
        page = await self._listings.page(pages * PAGE - 1, live=live, locale=locale)
        stamp = page.items[0].created_on if page.items else None
        return stamp is not None and stamp >= since - SKEW

    def _watch(self, page: Page) -> None:
        """Remember that the newest page was out of order, for good: another listing may be in order by chance."""
        view: View[None] = View()
        view.take(page, lambda _item: None)
        if not view.ordered:
            learn_unordered(self._state, self._target.collection)

    def _must_list(self, since: datetime | None) -> bool:
        """Whether only a listing can find an item by its key: the key is a field that Webflow cannot filter by."""
        return since is None and self._target.key_field not in {None, "slug"}

    async def _list(self, since: datetime | None, locale: str, *, live: bool) -> bool:
        """Read a listing and note what it shows, page by page; whether it left out nothing."""
        down_to = since - SKEW if since and not self._unordered else None

        def note(items: Sequence[ListedItem]) -> None:
            self._note([self._target.shown(item, live=live) for item in items], locale)

        view = await self._listings.read(
            nothing, live=live, down_to=down_to, locale=locale, overlapping=False, note=note
        )
        if not view.ordered:
            learn_unordered(self._state, self._target.collection)
        return view.proven

    def _note(self, shown: Sequence[Shown], locale: str) -> None:
        """Keep what was shown, and the greatest `createdOn` as the watermark."""
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
                    key=item.key,
                    readable=item.readable,
                    created_on=item.created_on,
                    live=status_of(item) is Status.PUBLISHED,
                )
                for item in shown
            ]
        )
        newest = max((item.created_on for item in shown if item.created_on), default=None)
        if newest is not None:
            self._state.raise_watermark(self._target.collection, newest)

    @property
    def _unordered(self) -> bool:
        return is_unordered(self._state, self._target.collection)

    def _fact(self, locale: str) -> str:
        return f"looked_up_at:{self._target.collection}:{locale}"

    def _last(self, locale: str) -> datetime | None:
        """When the last complete look-up began (server time)."""
        moment = self._state.fact(self._fact(locale))
        return datetime.fromisoformat(moment) if moment else None


def nothing(item: ListedItem, *, live: bool) -> None:
    """Keep nothing of a listed item: what is needed of it is in the state file."""


def _may_have_been_made(row: Row) -> bool:
    """Whether a row without an item may have one all the same: nobody, or none but we ourselves, refused it last."""
    if row.status is not Status.REJECTED:
        return row.status is Status.PENDING
    return row.error_source == "check" or row.error_code == REFERENCE_UNMADE


def _shown(seen: SeenItem) -> Shown:
    return Shown(
        id=seen.item_id,
        locale=seen.locale,
        slug=seen.slug,
        name=seen.name,
        key=seen.key,
        readable=seen.readable,
        created_on=seen.created_on,
        last_published=None,
        is_draft=not seen.live,
        is_archived=False,
        live=seen.live,
    )
