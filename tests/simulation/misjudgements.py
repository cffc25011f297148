"""Mistakes that the importer could have made when it finds out what became of rows: settling, looking up, twins."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from importer.client import Client
from importer.commands import run as running
from importer.publishing import judging, lookup, matching, sending, settling, twins
from importer.publishing.listing import Listings, View
from importer.publishing.lookup import Lookup
from importer.publishing.matching import Evidence, Shown, Wanted, find, is_ours
from importer.publishing.settling import Settled, Settling
from importer.publishing.target import Timing
from importer.publishing.twins import REMOVE
from importer.publishing.waiting import Waiting
from importer.state import State, book, lock, requests
from tests.flows.conftest import EVENING
from tests.simulation.mistakes import around, replaced, together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from importer.model import Row
    from importer.state import Sending

# Settling --------------------------------------------------------------------------------------------------------


def settles_nothing() -> AbstractContextManager[None]:
    """Rows in doubt are sent again without a look at the collection."""

    async def look(self: Settling) -> Settled:
        return Settled(absent=list(self.rows.values()))

    return replaced(Settling, "look", look)


def decides_before_lag() -> AbstractContextManager[None]:
    """What has taken effect is taken to be listed at once."""
    return timing(lambda timing: replace(timing, lag=0.0))


def has_no_patience() -> AbstractContextManager[None]:
    """A lost request is taken to be over."""
    return timing(lambda timing: replace(timing, patience=0.0))


def trusts_the_dead() -> AbstractContextManager[None]:
    """A request that was in flight when the process died is taken to be over."""
    return timing(lambda timing: replace(timing, over_when_dead=True))


def timing(changed: Callable[[Timing], Timing]) -> AbstractContextManager[None]:
    truly = Timing.of
    return replaced(Timing, "of", lambda patience, **named: changed(truly(patience, **named)))


def asks_by_slug_only() -> AbstractContextManager[None]:
    """A row in doubt is looked for by its slug alone."""

    async def both(self: Settling, _down_to: datetime | None, locale: str) -> tuple[View[Shown], View[Shown]]:
        view: View[Shown] = View(proven=True)
        for one in self.rows.values():
            found = await self._listings.by_slug(one.wanted.slug, self._target.shown, locale=locale)
            view.items.update({item.id: item for item in found})
        return view, view

    return replaced(Settling, "_both", both)


def reads_only_staged() -> AbstractContextManager[None]:
    """What the listing of staged items does not show is taken to be absent."""
    return _reads_only(live=False)


def reads_only_live() -> AbstractContextManager[None]:
    """What the listing of live items does not show is taken to be absent."""
    return _reads_only(live=True)


def _reads_only(*, live: bool) -> AbstractContextManager[None]:
    async def page(truly: Any, listings: Listings, offset: int, **named: Any) -> Any:
        return await truly(listings, offset, **named | ({} if named.get("slug") else {"live": live}))

    return around(Listings, "page", page)


def believes_the_first_page() -> AbstractContextManager[None]:
    """A listing counts as read when its first page was."""

    async def read(listings: Listings, keep: Any, **named: Any) -> View[Any]:
        view: View[Any] = View(proven=True)
        page = await listings.page(0, live=named["live"], locale=named.get("locale", ""))
        view.take(page, lambda item: keep(item, live=named["live"]))
        return view

    return replaced(Listings, "read", read)


def believes_any_order() -> AbstractContextManager[None]:
    """Listings are taken to come newest first, in whatever order they come."""

    def take(truly: Any, view: View[Any], *given: Any) -> int:
        known: int = truly(view, *given)
        view.ordered = view.fell = True
        return known

    return around(View, "take", take)


def believes_equal_stamps() -> AbstractContextManager[None]:
    """A page of equal stamps is taken for one that comes newest first."""

    def reaches(view: View[Any], moment: datetime | None) -> bool:
        return moment is not None and view.ordered and view.last is not None and view.last < moment

    return replaced(View, "reaches", reaches)


def forgets_the_disorder() -> AbstractContextManager[None]:
    """That a listing was out of order is not remembered."""

    def set_fact(truly: Any, state: State, name: str, value: str | None) -> None:
        if not name.startswith("unordered:"):
            truly(state, name, value)

    return around(State, "set_fact", set_fact)


def _judged(judge: Callable[[Wanted, Shown, Evidence], bool]) -> AbstractContextManager[None]:
    """Let something else than `is_ours` say whose an item is, wherever that is asked."""
    owners = (matching, settling, twins, lookup)
    return together(*(replaced(owner, "is_ours", judge) for owner in owners))


def _sent_otherwise(wanted: Wanted, **content: str) -> Wanted:
    return replace(wanted, sendings=tuple(replace(one, row=replace(one.row, **content)) for one in wanted.sendings))


def compares_no_content() -> AbstractContextManager[None]:
    """Any new item with a fitting slug is taken for the row's."""

    def judge(wanted: Wanted, item: Shown, evidence: Evidence) -> bool:
        return is_ours(_sent_otherwise(wanted, readable=item.readable, name=item.name), item, evidence)

    return _judged(judge)


def takes_old_items() -> AbstractContextManager[None]:
    """An item that was made before the row was ever sent is taken for the row's."""

    def judge(wanted: Wanted, item: Shown, evidence: Evidence) -> bool:
        sendings = tuple(replace(one, watermark=None) for one in wanted.sendings)
        return is_ours(replace(wanted, sendings=sendings), item, evidence)

    return _judged(judge)


def takes_seen_items() -> AbstractContextManager[None]:
    """An item that was seen before the row was ever sent is taken for the row's."""
    return _judged(lambda wanted, item, evidence: is_ours(wanted, item, replace(evidence, sighted={})))


def takes_held_items() -> AbstractContextManager[None]:
    """An item that another row holds is taken for the row's."""
    return _judged(lambda wanted, item, evidence: is_ours(wanted, item, replace(evidence, held={})))


def _found(look: Callable[..., Any]) -> AbstractContextManager[None]:
    return replaced(settling, "find", look)


def gives_one_item_to_two() -> AbstractContextManager[None]:
    """Each row takes the item that fits it, whoever else takes it."""

    def look(wanted: Sequence[Wanted], items: Any, evidence: Evidence, **named: Any) -> dict[Any, Shown]:
        found: dict[Any, Shown] = {}
        for one in wanted:
            found |= find([one], items, replace(evidence, held={}), suffixed=named["suffixed"])
        return found

    return together(_found(look), replaced(Settling, "still_free", lambda _settling, _settled, found: found))


def takes_what_another_row_asked_for() -> AbstractContextManager[None]:
    """An item under the slug of another row in doubt is taken for a suffixed one."""

    def look(wanted: Sequence[Wanted], items: Any, evidence: Evidence, **named: Any) -> dict[Any, Shown]:
        found: dict[Any, Shown] = {}
        for one in wanted:
            left = [item for item in items if item.id not in {shown.id for shown in found.values()}]
            found |= find([one], left, evidence, suffixed=named["suffixed"])
        return found

    return _found(look)


def takes_what_is_under_way() -> AbstractContextManager[None]:
    """An item that a request under way is making is taken for a suffixed one."""
    return _found(lambda wanted, items, evidence, **named: find(wanted, items, evidence, suffixed=named["suffixed"]))


def takes_suffixed_at_once() -> AbstractContextManager[None]:
    """A suffixed slug counts in any listing, not only in the one that decides."""

    def look(wanted: Sequence[Wanted], items: Any, evidence: Evidence, **named: Any) -> dict[Any, Shown]:
        return find(wanted, items, evidence, suffixed={one.id for one in wanted}, claimed=named["claimed"])

    return _found(look)


# Time ------------------------------------------------------------------------------------------------------------


def _wrong(*, right_until: float) -> datetime:
    """What a computer's own clock shows, that is set twenty minutes forward at some moment (seconds)."""
    now = asyncio.get_running_loop().time()
    return datetime.fromtimestamp(EVENING + now, UTC) + timedelta(minutes=20) * (now > right_until)


def own_clock_tells_patience() -> AbstractContextManager[None]:
    """The moment of a loss is written down, and its age told, by the computer's own clock."""

    def now(_client: Client) -> tuple[datetime, datetime]:
        return (_wrong(right_until=20.0),) * 2

    return replaced(Client, "server_now", now)


def own_clock_tells_the_window() -> AbstractContextManager[None]:
    """An item is the row's if the computer's own clock says that it was made since the row was sent."""

    async def post(truly: Any, *given: Any) -> Any:
        with replaced(State, "watermark", lambda _state, _collection: _wrong(right_until=-1)):
            return await truly(*given)

    return around(sending, "post", post)


def keeps_the_last_watermark() -> AbstractContextManager[None]:
    """A row has the watermark of its last send."""

    def sendings(truly: Any, state: State, row: Row) -> list[Sending]:
        found: list[Sending] = truly(state, row)
        return [replace(one, watermark=found[-1].watermark) for one in found]

    return around(State, "sendings", sendings)


def allows_no_skew() -> AbstractContextManager[None]:
    """Two stamps of the server are taken to be in their true order."""
    return together(*(replaced(owner, "SKEW", timedelta(0)) for owner in (matching, settling, lookup)))


# Runs ------------------------------------------------------------------------------------------------------------


def forgets_what_left_the_sheet() -> AbstractContextManager[None]:
    """Rows in doubt that are no longer in the sheet are forgotten."""

    async def published(truly: Any, current: Any) -> None:
        gone = [(doubt.row.locale, doubt.row.key) for doubt in current.state.doubts()]
        current.state.release([key for key in gone if key not in current.in_doubt])
        await truly(current)

    return around(running, "_published", published)


def sends_before_settling() -> AbstractContextManager[None]:
    """A row in doubt that the sheet names is sent again as it stands there."""

    async def published(truly: Any, current: Any) -> None:
        current.state.release(list(current.in_doubt))
        await truly(current)

    return around(running, "_published", published)


def asks_no_rule_of_identity() -> AbstractContextManager[None]:
    """Changed rules of key and slug do not stop a run."""
    return replaced(running, "require_same_identity", lambda *_given: None)


def forgets_to_look_for_twins() -> AbstractContextManager[None]:
    """Rows that come back under an altered slug are not looked at again."""

    def finish(truly: Any, state: State, request: int, **named: Any) -> None:
        truly(state, request, **named | {"twin_checks": ()})

    return together(around(State, "finish", finish), replaced(Waiting, "check_twins", lambda _waiting, _due: None))


def never_looks_for_late_twins() -> AbstractContextManager[None]:
    """When the patience of a lost request ends, nobody looks for what it brought."""
    return replaced(Settling, "_suspects", lambda _settling, _requests: ([], set()))


def believes_denials() -> AbstractContextManager[None]:
    """What Webflow says that it did not do is not looked for, though the row shows that it may have been done."""
    return replaced(requests, "doubt_denials", lambda _connection, _collection, _keys: None)


def looks_for_twins_at_once() -> AbstractContextManager[None]:
    """A row that came back under an altered slug is looked at before `lag` is over, and its denials are believed."""
    early = around(Waiting, "check_twins", lambda truly, waiting, due: truly(waiting, due - 10.0))
    return together(early, believes_denials())


def removes_whatever_holds_the_slug() -> AbstractContextManager[None]:
    """What holds the slug that was sent is taken for the twin, whoever made it."""
    mistaken = [replaced(module, "is_ours", lambda _wanted, _item, _evidence: True) for module in (twins, judging)]
    return together(*mistaken)


def removes_without_a_note() -> AbstractContextManager[None]:
    """A twin is removed without its being written down first, and what was denied is believed."""

    def set_fact(truly: Any, state: State, name: str, value: str | None) -> None:
        if not name.startswith(REMOVE):
            truly(state, name, value)

    return together(around(State, "set_fact", set_fact), believes_denials())


def looks_nothing_up() -> AbstractContextManager[None]:
    """Rows are sent without a look at what the collection holds."""

    async def vet(_lookup: Lookup, chunk: Any) -> lookup.Vetted:
        return lookup.Vetted(free=list(chunk.items))

    return replaced(Lookup, "vet", vet)


def takes_any_holder() -> AbstractContextManager[None]:
    """An item that has the row's slug is taken for the row's own, whatever it holds."""
    return replaced(
        Lookup, "_same", lambda self, item, holder: self._target.key_field is not None and holder.key == item.key
    )


def believes_old_sightings() -> AbstractContextManager[None]:
    """An item that was seen once is taken to be there still."""

    async def judge(truly: Any, self: Lookup, item: Any, known: Any, vetted: Any) -> None:
        self._fresh.update(seen.item_id for seen in known)
        await truly(self, item, known, vetted)

    return around(Lookup, "_judge", judge)


def never_knows_its_own() -> AbstractContextManager[None]:
    """What holds a row's slug is never taken for what an earlier send of the row made."""
    return replaced(Lookup, "_made", lambda _lookup, _item, _holders, _held: None)


def frees_the_lock_by_age() -> AbstractContextManager[None]:
    """A lock is free when its holder has given no sign of life for a while."""
    truly = lock.held

    @contextmanager
    def held(state: Path) -> Iterator[lock.Heartbeat]:
        told = state.with_name(f"{state.name}.lock.json")
        with suppress(OSError, ValueError):  # nobody has told anything
            alive = datetime.fromisoformat(orjson.loads(told.read_bytes())["heartbeat"])
            if datetime.now(UTC) - alive > timedelta(minutes=5):
                state.with_name(f"{state.name}.lock").unlink()  # its holder must be dead
        with truly(state) as heartbeat:
            yield heartbeat

    return replaced(book, "held", held)
