"""Rows whose outcome is unknown: what is waited for, and the listing that settles them (rules 3, 4 and 7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from importer.client.endpoints import PAGE
from importer.model import Status
from importer.publishing.learned import is_unordered, learn_unordered
from importer.publishing.matching import SKEW, Evidence, Shelves, Wanted, find, is_ours

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from importer.model import Item, Row
    from importer.publishing.listing import View
    from importer.publishing.matching import Key, Shown
    from importer.publishing.target import Place
    from importer.publishing.waiting import Part
    from importer.state import Request, State

TRIES = 5
"""How many listings that prove nothing are read for a row before it is left in doubt for the next run."""

TOGETHER = 1.0
"""Seconds within which moments to look are one: a listing serves all the rows that it is read for."""

DATE = timedelta(seconds=1)
"""What a `Date` may leave out: it has whole seconds."""

MEANWHILE = 4
"""Pages that may have come on top of what a request wrote before a glance is taken."""


@dataclass(slots=True)
class Doubtful:
    """A row in doubt.

    `due` is the moment (monotonic seconds) from which on a listing decides, `look` when to look next. `ended` is when
    its request was over, or `lost`; `live` says which listing shows what it wrote. `part` tells which rows are to be
    sent again together; `item` is None while (or because) the sheet has not named the row. `glances` counts the looks
    that were too early to decide.
    """

    wanted: Wanted
    request: int
    due: float
    look: float
    ended: float
    lost: bool
    live: bool
    item: Item | None = None
    part: Part | None = None
    slug_refused: bool = False
    tries: int = 0
    glances: int = 0


@dataclass(slots=True)
class Settled:
    """What one look settled: rows that were found, rows that were not written, twins of rows, rows given up.

    `proven` says that the listings it read can have left out nothing. `over` are the requests that need no further
    look, once the twins are dealt with.
    """

    found: list[tuple[Doubtful, Shown]] = field(default_factory=list)
    absent: list[Doubtful] = field(default_factory=list)
    twins: list[tuple[Wanted, Shown]] = field(default_factory=list)
    given_up: list[Doubtful] = field(default_factory=list)
    over: list[int] = field(default_factory=list)
    proven: bool = True


def wanted_of(state: State, row: Row, patience: float, *, ever: bool = False) -> Wanted:
    """What is looked for, for a row with the content that it was sent with last; `ever`: with any that was sent."""
    sendings = tuple(one for one in state.sendings(row) if ever or one.row.readable == row.readable)
    return Wanted(row.locale, row.key, row.slug_sent or "", sendings, timedelta(seconds=patience))


def age_of(request: Request, server: datetime | None) -> float:
    """Seconds that have surely passed since a request was lost or over, by the server's clock; 0 where nobody can tell.

    The `Date` of its answer leaves out up to a second; when it was sent does not tell when it was over.
    """
    ended = request.lost_at or (request.answered_at and request.answered_at + DATE)
    if ended is None or server is None:
        return 0.0
    return max(0.0, (server - ended).total_seconds())


class Settling:
    """Holds the rows in doubt and the lost requests, and looks for what became of them."""

    def __init__(self, place: Place) -> None:
        self._listings, self._state, self._target = place.listings, place.state, place.target
        self._timing, self._clock = place.timing, place.clock
        self.rows: dict[Key, Doubtful] = {}
        self._open: dict[int, float] = {}
        self._given_up: dict[Key, Doubtful] = {}

    def doubt(self, doubtful: Doubtful) -> None:
        """Take a row in doubt."""
        self.rows[doubtful.wanted.id] = doubtful

    def open(self, request: int, due: float) -> None:
        """Take a request that stays open until `due`: its twins are looked for then (rule 7)."""
        self._open[request] = due

    def soon(self) -> float:
        """When to look first for what may be there already: at once, but where each look reads the whole listing."""
        return self._clock.monotonic() + (self._timing.lag if self._unordered else 0.0)

    def next_look(self) -> float | None:
        """When to look next, or None while nothing is in doubt; moments that lie close together are one."""
        first = min((one.look for one in self.rows.values()), default=None)
        if first is None:
            return None
        return max(one.look for one in self.rows.values() if one.look <= first + TOGETHER)

    def expired(self, server: datetime | None) -> bool:
        """Whether the patience of an open request has ended, so that its twins can be looked for.

        Those that were opened again are over: Webflow answered them, if not with the truth. `server` is its time.
        """
        now = self._clock.monotonic()
        for request in self._state.open_requests():
            self._open.setdefault(request.id, now + max(0.0, self._timing.lag - age_of(request, server)))
        return any(due <= now for due in self._open.values())

    async def look(self) -> Settled:
        """Read the listings once and settle what they settle; rows stay in doubt until they are `decided`.

        While no row can be decided, a glance at the newest items is enough: it may find what was written, and that
        it does not proves nothing. Raises what reading a listing raises; the rows are then as much in doubt as before.
        """
        settled = Settled()
        began = self._clock.monotonic()
        requests = [request for request, due in self._open.items() if due <= began]
        suspects, later = self._suspects(requests)
        for locale in sorted({one.wanted.locale for one in self.rows.values()} | {w.locale for w in suspects}):
            rows = [one for one in self.rows.values() if one.wanted.locale == locale]
            await self._look_in(locale, rows, [w for w in suspects if w.locale == locale], settled, began)
        self.decided(settled.given_up)
        self._given_up |= {one.wanted.id: one for one in settled.given_up}
        done = {one.wanted.id for one in [*(f[0] for f in settled.found), *settled.absent]}
        unsettled = {one.request for one in [*self.rows.values(), *settled.given_up] if one.wanted.id not in done}
        # What was found may be an earlier request's: then this one's own item is a twin, and is looked for once more.
        later |= {one.request for one, _ in settled.found if len(one.wanted.sendings) > 1}
        if settled.proven:
            settled.over = [request for request in requests if request not in unsettled | later]
        return settled

    def still_free(self, settled: Settled, found: list[tuple[Doubtful, Shown]]) -> list[tuple[Doubtful, Shown]]:
        """Leave out what a look-up gave to another row meanwhile: such a row stays in doubt until the next look."""
        held = self._state.keys_by_item([shown.id for _, shown in found])
        free = [(one, shown) for one, shown in found if held.get(shown.id, one.wanted.id) == one.wanted.id]
        late = {one.request for one, shown in found if held.get(shown.id, one.wanted.id) != one.wanted.id}
        settled.over = [request for request in settled.over if request not in late]
        return free

    def decided(self, rows: Iterable[Doubtful]) -> None:
        """Let rows go; until then the sheet may still name them."""
        for one in rows:
            self.rows.pop(one.wanted.id, None)

    def claims(self) -> dict[tuple[str, str], Key]:
        """Tell which rows in doubt were sent with which slugs (locale, slug without case), also those given up."""
        found = {**self._given_up, **self.rows}
        return {(one.wanted.locale, one.wanted.slug.casefold()): key for key, one in found.items()}

    def close(self, requests: Iterable[int]) -> None:
        """Close requests whose patience has ended and whose twins were dealt with."""
        for request in requests:
            self._state.close_request(request)
            self._open.pop(request, None)

    async def _look_in(
        self, locale: str, rows: list[Doubtful], suspects: list[Wanted], settled: Settled, began: float
    ) -> None:
        """Look in one locale."""
        glance = not suspects and all(one.due > began for one in rows)
        since = [one.wanted.since for one in rows] + [wanted.since for wanted in suspects]
        down_to = None if None in since or not since else min(moment for moment in since if moment) - SKEW
        if glance and not self._unordered:
            items, proven = await self._newest(rows, down_to, locale), False
        else:
            live, staged = await self._both(down_to, locale)
            items, proven = {**staged.items, **live.items}, live.proven and staged.proven
        evidence = self._evidence(items)
        deciding = {one.wanted.id for one in rows if proven and one.due <= began}
        # Items that a request under way is making now are nobody else's, whatever they look like (rule 4).
        claimed = self._state.flying_slugs(locale)
        # Nor is one, for its suffix, under the very slug of a row that Webflow says it has not carried out.
        asked = claimed | self._state.asked_slugs(locale)
        found = find([one.wanted for one in rows], items.values(), evidence, suffixed=deciding, claimed=asked)
        for one in rows:
            item = found.get(one.wanted.id)
            if item is not None:
                settled.found.append((one, item))
            elif one.wanted.id in deciding:
                settled.absent.append(one)
            elif one.due > began:
                one.look = self._next_glance(one, began)
            else:
                one.tries += 1
                one.look = self._clock.monotonic() + max(1.0, self._timing.lag)
                if one.tries >= TRIES:
                    settled.given_up.append(one)
        settled.proven = settled.proven and proven
        if proven:
            free = [item for item in items.values() if item.slug.casefold() not in claimed]
            settled.twins.extend(self._twins(suspects, free, evidence, {item.id for item in found.values()}))

    def _next_glance(self, one: Doubtful, began: float) -> float:
        """When to look next for a row that is not due yet: each time twice as long later, so that few looks do."""
        one.glances += 1
        gap = max(1.0, self._timing.lag) * 2.0 ** (one.glances - 1)
        return one.due if self._unordered else min(one.due, began + gap)

    async def _newest(self, rows: list[Doubtful], down_to: datetime | None, locale: str) -> dict[str, Shown]:
        """The newest items of the listings that show what these rows wrote: a few pages more than the rows fill."""
        pages = -(-len(rows) // PAGE) + MEANWHILE
        items: dict[str, Shown] = {}
        for live in sorted({one.live for one in rows}):
            view = await self._listings.newest(
                self._target.shown, live=live, pages=pages, down_to=down_to, locale=locale
            )
            self._watch(view)
            items |= view.items
        return items

    @property
    def _unordered(self) -> bool:
        return is_unordered(self._state, self._target.collection)

    async def _both(self, down_to: datetime | None, locale: str) -> tuple[View[Shown], View[Shown]]:
        """Both listings; one that is out of order is remembered, and from then on read whole."""
        moment = None if self._unordered else down_to
        views = []
        for live in (True, False):
            view = await self._listings.read(self._target.shown, live=live, down_to=moment, locale=locale)
            self._watch(view)
            views.append(view)
        return views[0], views[1]

    def _watch(self, view: View[Shown]) -> None:
        """Remember a listing that was out of order, for good: the next one may be in order by chance."""
        if not view.ordered and not self._unordered:
            learn_unordered(self._state, self._target.collection)

    def _evidence(self, items: Iterable[str]) -> Evidence:
        ids = list(items)
        return Evidence(self._state.keys_by_item(ids), self._state.first_sighting(ids))

    def _suspects(self, requests: list[int]) -> tuple[list[Wanted], set[int]]:
        """Rows of requests whose patience has ended, that may have a twin: sent more than once, or not published.

        A row in doubt is no suspect; where another request carried it last, its twins of this one are looked for later.
        So are those of a row that was given up, or is under way: it stays in doubt, and so its request stays open.
        """
        patience = timedelta(seconds=self._timing.patience)
        suspects: list[Wanted] = []
        later: set[int] = set()
        for request in requests:
            carried = self._state.request_rows(request)
            rows = self._state.rows([(one.locale, one.key) for one in carried])
            for one in carried:
                row, doubtful = rows.get((one.locale, one.key)), self.rows.get((one.locale, one.key))
                if doubtful is not None and doubtful.request != request:
                    later.add(request)
                if row is None or doubtful is not None:
                    continue
                if row.status is Status.IN_FLIGHT:
                    later.add(request)
                elif row.attempts > 1 or row.item_id is None:
                    sending = tuple(sent for sent in self._state.sendings(row) if sent.request == request)
                    suspects.append(Wanted(one.locale, one.key, one.slug, sending, patience))
        return suspects, later

    def _twins(
        self, suspects: list[Wanted], items: Iterable[Shown], evidence: Evidence, taken: set[str]
    ) -> list[tuple[Wanted, Shown]]:
        """Items that are provably a row's, besides the one that it holds."""
        shelves = Shelves(item for item in items if item.id not in taken and item.id not in evidence.held)
        return [
            (wanted, item)
            for wanted in suspects
            for item in shelves.under(wanted.slug)
            if is_ours(wanted, item, evidence)
        ]
