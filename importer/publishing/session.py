"""One run's publishing: several requests in flight, doubts settled meanwhile, and an orderly stop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from importer.client.endpoints import collection
from importer.errors import (
    Bug,
    CollectionChanged,
    DeadlinePassed,
    DiskFull,
    ImporterError,
    Interrupted,
    Locked,
    PlanLimit,
    ScopeError,
    SiteUnpublished,
    SourceError,
    StateError,
    graver,
)
from importer.model import Status
from importer.planning import Decision
from importer.publishing.learned import trusted
from importer.publishing.ledger import Ledger
from importer.publishing.lookup import Lookup
from importer.publishing.refusals import Trust
from importer.publishing.sending import Sender
from importer.publishing.settling import Doubtful, Settling, age_of, wanted_of
from importer.publishing.staged import Staged
from importer.publishing.target import Allowance, LeftOver, Todo
from importer.publishing.telling import Telling, unsettled
from importer.publishing.troubles import Troubles
from importer.publishing.twins import Twins, removals
from importer.publishing.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from importer.model import Counts, Item, Observer
    from importer.publishing.matching import Key
    from importer.publishing.settling import Settled
    from importer.publishing.target import Place, Plan

GRACE = 10.0
"""Seconds that requests in flight are waited for once a run is told to stop."""

BREATH = 100
"""Rows that are written down in one go before others get a turn."""

SERIOUS = (Bug, DiskFull, Locked, StateError)
"""What ends a run whatever else has stopped it: the state file may not say what is known."""

STILL_READABLE = (SiteUnpublished, CollectionChanged, PlanLimit, ScopeError)
"""Stops after which the listing may still be read, so that refused rows need not stay in doubt."""


class Session:
    """Publishes the rows of one run and settles those in doubt; `counts` holds the verdicts.

    `concurrency` is the number of requests in flight; `allowance` bounds what is sent, also of rows in doubt from
    earlier runs.
    """

    def __init__(
        self,
        place: Place,
        counts: Counts,
        observer: Observer,
        *,
        concurrency: int = 4,
        allowance: Allowance | None = None,
    ) -> None:
        self._place = place
        self.ledger = Ledger(place, counts, observer, allowance or Allowance())
        self._concurrency = concurrency
        self._settling = Settling(place)
        self._twins = Twins(place, self.ledger)
        self._begun: set[asyncio.Task[None] | None] = set()
        self._staged = Staged(place, self.ledger, self._begun, lambda: self.stop is not None)
        self._troubles = Troubles(place)
        self._telling = Telling(place, self.ledger, self._settling, self._troubles, concurrency=concurrency)
        self._tasks: set[asyncio.Task[None]] = set()
        self._sends: set[asyncio.Task[None]] = set()
        self._look: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._breathe = self._blind = False
        self._told = self._hurry = self._signalled = False
        self._deadline: float | None = None
        self.stop: ImporterError | None = None

    async def publish(self, todos: Iterator[Todo | None], plan: Plan, *, deadline: float | None = None) -> None:
        """Publish everything that `todos` asks for, or as much as can be; why it stopped early is in `stop`.

        `todos` may give None where others should have a turn. `deadline` is a moment (monotonic seconds). Raises
        what keeps the state file from saying what is known (`SERIOUS`), and whatever is our own mistake.
        """
        self._deadline = deadline
        waiting = Waiting(todos, self.ledger.undecided)
        lookup = Lookup(self._place.listings, self._place.state, self._place.target, self._place.client, plan)
        self._waiting = waiting
        self._sender = Sender(
            self._place,
            ledger=self.ledger,
            lookup=lookup,
            settling=self._settling,
            trust=Trust(trusted(self._place.state)),
            waiting=waiting,
            troubles=self._troubles,
            begun=self._begun,
        )
        try:
            await self._alone(self._recall())
            while True:
                try:
                    self._fill()
                except SourceError as error:  # the sheet was changed meanwhile: what is in flight is waited for
                    self.halt(error)
                ended = self.stop is not None or not waiting.progressing()
                if not self._tasks and self._next_moment() is None and ended:
                    break
                await self._wait()
            await self._alone(self._close())
            await self._count_rest()
        finally:
            await self._take_back()  # what has come up by now is raised: the first wins
        self._reap()

    def interrupt(self, error: Interrupted) -> None:
        """Stop in order: nothing new is sent, what is in flight is waited for; a second time it is not."""
        self.halt(error)
        self._hurry = self._signalled
        if not self._signalled:
            self._signalled, self._stopped_at = True, self._place.clock.monotonic()
        self._wake.set()

    def left_over(self, named: frozenset[Key]) -> LeftOver:
        """Tell the rows that have no verdict; `named` are those in doubt since earlier runs that the sheet holds.

        In doubt is what the state file has in flight, and what may be live.
        """
        ledger = self.ledger
        flying = {(doubt.row.locale, doubt.row.key) for doubt in self._place.state.doubts()}
        held_back = self._waiting.held_back() if self.stop is None else frozenset()
        in_doubt = ledger.undecided & (flying | ledger.unanswered | held_back)
        not_drawn = (flying & named) - ledger.undecided
        return LeftOver(
            in_doubt=len(in_doubt) + len(not_drawn),
            not_sent=len(ledger.undecided - in_doubt) + self._waiting.passed_over - len(not_drawn),
            elsewhere=len(flying - ledger.undecided - named),
            unsettled=unsettled(self._place),
        )

    def halt(self, error: ImporterError) -> None:
        """Send nothing new, for this reason; also before anything was begun."""
        if self.stop is None:
            self._stopped_at = self._place.clock.monotonic()
            for task in self._sends - self._begun:
                task.cancel()  # nothing new is sent
        self.stop = graver(self.stop, error)
        self._told = self._told or isinstance(error, Interrupted | DeadlinePassed)

    async def _recall(self) -> None:
        """Take up what earlier runs left in doubt."""
        place = self._place
        over = place.timing.over_when_dead
        if place.server_now() is None and not over and (place.state.open_requests() or place.state.doubts()):
            await place.client.send(collection(place.target.collection))  # its `Date` tells how old the losses are
        now = place.clock.monotonic()
        server = place.server_now()
        place.state.interrupted(place.server_now(latest=True))
        latest = place.server_now(latest=True)
        if latest is not None:
            place.state.date_lost(latest)
        longest = place.timing.lag if over else place.timing.patience + place.timing.lag
        for request in place.state.open_requests():
            self._settling.open(request.id, now + max(0.0, longest - age_of(request, server)))
        doubts = place.state.doubts()
        for doubt in doubts:
            request, lost = doubt.request, doubt.request.outcome == "lost"
            age = age_of(request, server)
            due = now + max(0.0, (longest if lost else place.timing.lag) - age)
            live = request.endpoint == "items/live"
            wanted = wanted_of(place.state, doubt.row, place.timing.patience)
            self._settling.doubt(Doubtful(wanted, request.id, due, now, now - age, lost, live))
        self._waiting.claim(self._settling.claims())
        if doubts:
            self._telling.recalled(len(doubts))
        if place.state.twin_checks() or place.state.facts(removals(place)):
            self._waiting.check_twins(now + place.timing.lag)

    # Filling and waiting ---------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Start what can be started now."""
        now = self._place.clock.monotonic()
        look = self._settling.next_look()
        if self._look is None and look is not None and look <= now and self._may_settle():
            self._look = self._start(self._settle())
        if self._waiting.twins_due is not None and self._waiting.twins_due <= now and self.stop is None:
            self._waiting.twins_due = None
            self._start(self._twins.check_altered())
        self._breathe = False
        while self.stop is None and len(self._sends) < (1 if self._troubles.calm else self._concurrency):
            chunk = self._waiting.next_chunk(idle=not self._sends)
            self._attach()
            staged = self._waiting.to_publish()
            if chunk is not None:
                self._sends.add(self._start(self._sender.send(chunk)))
            if staged:
                self._sends.add(self._start(self._staged.publish(staged)))
            elif chunk is None and (self._waiting.breath or not self._waiting.progressing()):
                self._breathe = self._waiting.breath
                break
        self._telling.tell(idle=not self._sends and self.stop is None)

    def _attach(self) -> None:
        """Tell rows in doubt which item of the sheet they are; those settled meanwhile get their verdict."""
        place = self._place
        while self._waiting.unsettled:
            todo = self._waiting.unsettled.pop()
            item = todo.item
            key = (item.locale, item.key)
            doubtful = self._settling.rows.get(key)
            if doubtful is not None:
                doubtful.item = item
                if todo.unfit is not None:
                    self._waiting.doom(item, *todo.unfit)
                continue
            row = place.state.rows([key]).get(key)
            if row is None or row.status in {Status.PENDING, Status.REJECTED}:
                # Rejected: our checks had said so while it was in doubt; the sheet was corrected since.
                self._send_again(item, todo.unfit)
            elif row.status is not Status.IN_FLIGHT:
                self.ledger.settled_before(item, row, self._publish_later)

    def _publish_later(self, item: Item, item_id: str) -> bool:
        """Publish a row's item that was found as a draft, and is meant live by now; whether that will be done."""
        if self.stop is not None or not self.ledger.allowance.take():
            return False
        self._waiting.staged.append(Todo(Decision.PUBLISH, item, item_id))
        return True

    def _send_again(self, item: Item, unfit: tuple[str, str] | None) -> None:
        """Send a row from an earlier run that was not written, if it is fit to be sent and `--limit` leaves room."""
        if unfit is not None:
            self._sender.reject(item, *unfit)
        elif self.ledger.allowance.take():
            self._waiting.create(item)
        else:
            self.ledger.skipped((item.locale, item.key))

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        return task

    async def _alone(self, work: Coroutine[None, None, None]) -> None:
        """Do this while nothing else is done; the run may be told to stop meanwhile."""
        self._start(work)
        while self._tasks:
            await self._wait()

    def _may_settle(self) -> bool:
        readable = isinstance(self.stop, STILL_READABLE) and not self._told and not self._blind
        return self.stop is None or readable

    def _next_moment(self) -> float | None:
        """When something is to be done although nothing is in flight; None if nothing is."""
        if self.stop is not None:
            look = self._settling.next_look() if self._may_settle() else None
            soon = self._stopped_at + self._place.timing.lag + 1.0
            return look if look is not None and look <= soon else None
        moments = [self._settling.next_look(), self._waiting.twins_due]
        return min((moment for moment in moments if moment is not None), default=None)

    async def _wait(self) -> None:
        """Wait until a task ends, a moment comes, or somebody calls."""
        clock = self._place.clock
        moments = [None if self._look else self._next_moment(), self._deadline if self.stop is None else None]
        if self._breathe:
            moments.append(clock.monotonic())
        if self._hurry or self._told:
            moments.append(clock.monotonic() if self._hurry else self._stopped_at + GRACE)
        moments.append(clock.monotonic() + 1.0)  # what people read counts down
        pause = max(0.0, min(moment for moment in moments if moment is not None) - clock.monotonic())
        timer = asyncio.ensure_future(clock.sleep(pause))
        call = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait({*self._tasks, timer, call}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            call.cancel()
            await asyncio.wait({timer, call})
        if not timer.cancelled():
            timer.result()  # a clock that fails is no moment that came
        self._wake.clear()
        self._reap()
        if self._deadline is not None and clock.monotonic() >= self._deadline:
            self.halt(DeadlinePassed("The deadline has passed.", "Run the same command again: it goes on."))
        if self._tasks and (self._hurry or (self._told and clock.monotonic() >= self._stopped_at + GRACE)):
            await self._take_back()
            self._reap()

    def _reap(self) -> None:
        """Take the tasks that ended; what stopped one of them stops the run.

        Raises a mistake of ours, and where the run is stopped already what else must not go unsaid (`SERIOUS`).
        """
        for task in [task for task in self._tasks if task.done()]:
            self._tasks.discard(task)
            self._sends.discard(task)
            self._begun.discard(task)
            error = None if task.cancelled() else task.exception()
            if task is self._look:
                self._look, self._blind = None, error is not None
            unsaid = isinstance(error, SERIOUS) and self.stop is not None and not isinstance(self.stop, SERIOUS)
            if isinstance(error, ImporterError) and not unsaid:
                self.halt(error)
            elif error is not None:
                raise error

    async def _take_back(self) -> None:
        """Take back what is in flight; its rows stay in doubt. `_reap` tells what went wrong with it."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for task in self._tasks:
            if not task.cancelled():
                task.exception()  # taken note of, else the loop complains of those that are not the first

    # Settling --------------------------------------------------------------------------------------------------------

    async def _settle(self) -> None:
        """Look once at what became of the rows in doubt."""
        await self._apply(await self._settling.look())

    async def _apply(self, settled: Settled) -> None:
        """Give rows in doubt the verdicts that a listing showed."""
        for start in range(0, len(settled.found), BREATH):
            await self._place.clock.sleep(0)
            found = self._settling.still_free(settled, settled.found[start : start + BREATH])
            for one, _ in found:
                self._sender.settled_good(one)
            self.ledger.found([(one.wanted, one.item, shown) for one, shown in found], self._publish_later)
            self._settling.decided(one for one, _ in found)
        self._place.state.release([one.wanted.id for one in settled.absent])
        self._settling.decided(settled.absent)
        again = []
        for one in settled.absent:
            self._sender.settled_absent(one.wanted.id)
            doom = self._waiting.doomed(one.wanted.id)
            if one.item is not None and one.slug_refused:
                await self._sender.slug_refused(one.item)
            elif one.item is not None and doom is not None:
                self._sender.reject(one.item, *doom)
            elif one.item is not None and one.part is None and not self.ledger.allowance.take():
                self.ledger.skipped(one.wanted.id)
            else:
                again.append(one)
        self._waiting.settled(again)
        for one in settled.given_up:
            self._waiting.gone(one.wanted.id)
        self._waiting.claim(self._settling.claims())
        if await self._twins.mend(settled):
            self._settling.close(settled.over)

    async def _close(self) -> None:
        """Look for the twins of requests whose patience has ended, and reject what nothing excused."""
        if self.stop is None:
            for item, sentence in self._troubles.aside():
                row = self._place.state.rows([(item.locale, item.key)])[item.locale, item.key]
                if row.item_id is None:
                    self._sender.reject(item, "refused", sentence)
                else:
                    self.ledger.settled_before(item, row)
            self._troubles.require_room()
            if self._settling.expired(self._place.server_now()):
                await self._settle()
            await self._staged.settle()

    async def _count_rest(self) -> None:
        """After a stop, count the rows that the sheet still holds: those that need nothing, and those in doubt."""
        if self.stop is None or isinstance(self.stop, DiskFull):
            return
        clock = self._place.clock
        while self._waiting.skip() and not self._hurry and clock.monotonic() < self._stopped_at + 2 * GRACE:
            self._attach()
            if self._waiting.breath:
                await clock.sleep(0)
        self._attach()
