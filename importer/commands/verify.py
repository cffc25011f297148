"""`verify`: read the collection and prove what the state file says; remove twins of our own where that is asked for."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from importer.client import NotFound
from importer.commands.finding import read_schema
from importer.commands.loading import prepare
from importer.commands.opening import Door, front_door
from importer.commands.options import RunOptions
from importer.commands.stopping import Stopping
from importer.commands.waiting import watched
from importer.errors import ImporterError, Locked, StateError, UsageError
from importer.model import Counts, Observer, Progress, Silent, Status
from importer.publishing import GRACE, Allowance, Listings, Place, Target, Timing, with_seen_lag
from importer.publishing.judging import Judge
from importer.publishing.ledger import Ledger
from importer.publishing.proof import Proven, prove
from importer.publishing.settling import DATE
from importer.publishing.stock import Stock, take_stock
from importer.publishing.twins import Twins
from importer.report.amounts import number_of
from importer.report.deviations import STRANGER, TWIN, twin_sentence
from importer.report.receipts import Proof, Verdict, VerifyResult
from importer.schema import collections_named, parse_collection
from importer.sources import is_address
from importer.state import State

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Sequence
    from pathlib import Path

    from importer.client import ListedItem
    from importer.commands.loading import Job
    from importer.commands.opening import Connection
    from importer.mapping import Mapping
    from importer.schema import CollectionSchema
    from importer.state import Identity

HEALER = "verify"
"""What stands in the state file where a request's run is named."""


def verify(
    mapping: Mapping | str | Path,
    options: RunOptions | None = None,
    *,
    heal: bool = False,
    both: bool = False,
    observer: Observer | None = None,
) -> VerifyResult:
    """Prove a state file against its collection; what ends it early is the result's `error`.

    Without `heal` nothing is written, and a run that is at work meanwhile ends it (Locked): what moves cannot be
    proven. With `heal` it holds the state file like a run, and removes twins. `both` reads the live list whole too.
    """
    return verify_through(front_door(), mapping, options, heal=heal, both=both, observer=observer)


def verify_through(
    door: Door,
    mapping: Mapping | str | Path,
    options: RunOptions | None = None,
    *,
    heal: bool = False,
    both: bool = False,
    observer: Observer | None = None,
) -> VerifyResult:
    """Do what `verify` does, through a door of one's own: another Webflow, another clock."""
    started = time.monotonic()
    try:
        with Stopping() as stopping:
            job = prepare(mapping, None, options or RunOptions())
            call = _Call(door, job, stopping, observer or Silent(), both=both)
            result = _healed(call) if heal else _looked(call)
    except ImporterError as error:
        result = VerifyResult(error=error)
    if result.error is not None:  # what is said of runs holds for them alone; what was removed by then is gone
        result.error.hint = result.error.hint.replace("it goes on where it stopped", "everything is read anew")
    return replace(result, seconds=time.monotonic() - started)


def parse_verdict(text: str) -> str:
    """Read the name of a verdict, "twin" or "stranger"; raises UsageError that names them all."""
    name = text.strip().lower().replace("-", "_")
    known = [*Verdict, TWIN, STRANGER]
    if name not in known:
        raise UsageError(f'"{text}" is no verdict.', f"It is one of {', '.join(known)}.")
    return name


@dataclass(frozen=True, slots=True)
class _Call:
    """What `verify` is called with."""

    door: Door
    job: Job
    stopping: Stopping
    observer: Observer
    both: bool

    @property
    def typed(self) -> str:
        """What stands behind the verb of a command that means the same."""
        return self.job.options.typed(self.job.mapping_text)

    def typed_run(self, state: State) -> str:
        """The same for `run`, which wants a sheet where the mapping names none: that of the last run."""
        if self.job.sheet is not None:
            return self.typed
        last = state.last_run()
        sheet = "SHEET" if last is None or last.source in _NOT_TO_TYPE or is_address(last.source) else last.source
        return self.job.options.typed(self.job.mapping_text, sheet)


_NOT_TO_TYPE = {"", "-", "<frame>"}
"""What the state file calls sheets that were no files; a web address may hold a secret besides."""


def _looked(call: _Call) -> VerifyResult:
    with State.open(call.job.state_path, read_only=True) as state:
        before = _at_rest(state)
        result: VerifyResult = call.door.wait(call.stopping.unless_told(_proven(call, state)))
        if _at_rest(state) != before:
            raise Locked(
                f"A run was at work with the state file {state.path} while the collection was read: nothing is proven.",
                f"Run `importer verify {call.typed}` again when no run is at work.",
            )
    return result


def _at_rest(state: State) -> tuple[object, ...]:
    """Give what any run changes; raises Locked while one is at work."""
    try:
        with state.lock():
            pass
    except StateError:
        pass  # a folder that may only be read has no locks; a run elsewhere shows in what is compared
    last = state.last_run()
    return state.latest_request(), None if last is None else (last.run, last.verdict)


async def _proven(call: _Call, state: State) -> VerifyResult:
    async with call.door.open(call.job) as opened:
        look = await _look(call, state, opened)
        await look.take_stock()
        return look.result(look.prove())


def _healed(call: _Call) -> VerifyResult:
    path = call.job.state_path
    if not path.is_file() or not path.stat().st_size:
        State.open(path, read_only=True).close()  # says what is wrong; else a new file would be made
    with State.open(path) as state, state.lock():
        result: VerifyResult = call.door.wait(_healing(call, state))
    return result


async def _healing(call: _Call, state: State) -> VerifyResult:
    async with call.door.open(call.job) as opened:
        look = await call.stopping.unless_told(_look(call, state, opened))
        ledger = Ledger(look.place, Counts(), call.observer, Allowance())
        twins = Twins(look.place, ledger, says_stuck=False)  # what is said at the end is what holds then
        await _in_order(twins.check_altered(strict=True), call.stopping, opened)  # what an earlier run or healing began
        await call.stopping.unless_told(look.take_stock())
        error: ImporterError | None = None
        try:
            found = look.prove().doubled
            for number, doubled in enumerate(found):
                left = look.place.client.requests_left()
                call.observer.progress(Progress(len(found), number, 0, left))
                leaving = twins.leave_oldest(doubled.wanted, list(doubled.slugs), strict=True)
                await _in_order(leaving, call.stopping, opened)
        except ImporterError as stop:
            error = stop  # what was removed by then is known, and so is all else
        look.forget(twins.removed)
        result = look.result(look.prove(), removed=len(twins.removed), stuck=twins.stuck)
        idle = error is None and not found and not twins.removed and not (result.proof and result.proof.twins)
        notes = ("There was nothing to heal.",) if idle else ()
        return replace(result, notes=notes + result.notes, error=error)


async def _in_order(work: Coroutine[None, None, object], stopping: Stopping, opened: Connection) -> None:
    """Await work that sends; once a signal came it has `GRACE` to end, and none after a second one.

    Raises Interrupted then. A request that is cut off stays in the state file; what it removes is asked for again.
    """
    task = asyncio.ensure_future(work)
    heard = asyncio.Event()

    def told(_: object) -> None:
        if heard.is_set():
            task.cancel()
        heard.set()

    async def overdue() -> None:
        await heard.wait()
        await opened.clock.sleep(GRACE)

    timer = asyncio.ensure_future(overdue())
    try:
        with stopping.telling(told):
            await asyncio.wait((task, timer), return_when=asyncio.FIRST_COMPLETED)
    finally:
        task.cancel()
        timer.cancel()
        await asyncio.wait((task, timer))
    if not task.cancelled():
        task.result()
    stopping.check()


async def _look(call: _Call, state: State, opened: Connection) -> _Look:
    """Put together what the proof needs to know; asks Webflow only where the state does not keep the schema."""
    job, identity = call.job, state.identity
    if identity is None:
        raise StateError(
            f"The state file {state.path} tells of no collection: nothing was run.",
            f"Run something first: `importer run {call.typed_run(state)}`.",
        )
    schema = await _schema(opened, state, job, identity.collection)
    place = Place(
        client=opened.client,
        state=state,
        clock=opened.clock,
        target=Target(schema),
        timing=with_seen_lag(Timing.of(job.options.patience, embedded=opened.embedded), state),
        listings=Listings(opened.client, schema.id, newest_first=False),  # read whole, and no wish is refused
        run=HEALER,
        source="",
    )
    return _Look(call, place, opened, identity)


async def _schema(opened: Connection, state: State, job: Job, collection: str) -> CollectionSchema:
    """Give the schema by which the rows were sent, as the state keeps it; raises StateError for another collection."""
    kept = state.cache("schema", job.mapping.collection)
    if kept is not None:
        schema = parse_collection(kept)
        state.require_collection(schema.id)
        return schema
    try:
        schema = await read_schema(opened.client, collection)
    except NotFound as error:
        raise _gone(state, collection) from error
    if not collections_named(job.mapping.collection, [schema]):
        raise StateError(
            f'The state file {state.path} belongs to the collection "{schema.slug}" ({schema.id}),'
            f' the mapping names "{job.mapping.collection}".',
            "Name the state file of this mapping with --state PATH, or correct the collection in the mapping.",
        )
    return schema


def _gone(state: State, collection: str) -> StateError:
    return StateError(
        f"The collection {collection}, of which the state file {state.path} tells, is not there,"
        " or the token does not reach it.",
        "Was it removed (or the sandbox's file)? Then the state file tells of items that are gone: remove it too.",
    )


class _Look:
    """One look at the collection: what is listed in each locale that rows were sent in, and what that proves."""

    def __init__(self, call: _Call, place: Place, opened: Connection, identity: Identity) -> None:
        self.place = place
        self._call, self._opened, self._identity = call, opened, identity
        self._stocks: dict[str, Stock] = {}
        self._waited = False
        self._read = 0

    async def take_stock(self) -> None:
        """Read the listings, locale by locale."""
        for locale in self.place.state.sent_locales() or [""]:
            reading = take_stock(
                self.place.listings,
                self.place.target,
                locale=locale,
                both=self._call.both,
                listed=self._listed,
                note=self._note,
            )
            try:
                self._stocks[locale] = await watched(reading, self._opened, self._call.observer)
            except NotFound as error:
                raise _gone(self.place.state, self.place.target.collection) from error

    def forget(self, removed: Sequence[str]) -> None:
        """Leave out items that were removed since."""
        for stock in self._stocks.values():
            stock.forget(removed)

    def prove(self) -> Proven:
        """Hold what was listed against the state file, as it stands now."""
        judge = Judge(self.place.target.schema, frozenset(self._call.job.mapping.fields))
        return prove(self.place.state, self._stocks, judge, patience=timedelta(seconds=self.place.timing.patience))

    def result(self, proven: Proven, *, removed: int = 0, stuck: dict[str, str] | None = None) -> VerifyResult:
        """Give what is proven, with what a person should know of it; `stuck` twins could not be removed just now."""
        schema, stuck = self.place.target.schema, stuck or {}
        twins = [
            replace(one, stuck=stuck[one.item_id], healable=False) if one.item_id in stuck else one
            for one in proven.twins
        ]
        proof = Proof(
            mapping=self._call.job.mapping_text,
            typed=self._call.typed,
            typed_run=self._call.typed_run(self.place.state),
            site=self._identity.site,
            collection_id=schema.id,
            collection_slug=schema.slug,
            state=self.place.state.path,
            receipts=tuple(proven.receipts),
            twins=tuple(twins),
            strangers=tuple(proven.strangers),
            listed=proven.listed,
            held=proven.held,
            unsettled=proven.unsettled,
            removed=removed,
            whole=proven.whole,
            tally=self._opened.tally,
        )
        told = [twin_sentence(one, proof) for one in twins if one.stuck]
        return VerifyResult(proof=proof, notes=(*told, *self._notes(proven)))

    def _notes(self, proven: Proven) -> Iterator[str]:
        if any(stock.read_both for stock in self._stocks.values()) and not self._call.both:
            yield (
                "Webflow's staged list and the number of live items do not agree, so the live list was read whole too."
            )
        if not proven.whole:
            yield (
                "The listing kept changing while it was read, so what was not seen may be there all the same;"
                f" run `importer verify {self._call.typed}` again when nobody is editing the collection."
            )
        pending = len(self.place.state.open_requests())
        if pending:
            yield (
                f"{number_of(pending, 'request', 'requests')} of earlier runs left rows in doubt for a while and may"
                " have made a second item of one: the next run looks for that by itself, once its patience has ended."
            )
        beside = self.place.state.count_beside()
        made = beside[Status.PUBLISHED] + beside[Status.STAGED]
        if made:
            yield (
                f"{number_of(made, 'item', 'items')} of other collections, to which rows refer, are not looked at here"
                ' (missing = "create" made them); that the rows refer to them is.'
            )

    async def _listed(self) -> bool:
        """Wait until what was written last must be listed; whether that took any time."""
        state, lag = self.place.state, self.place.timing.lag
        if self._waited or not lag or not state.latest_request():
            return False
        self._waited = True
        written, now = state.latest_moment(), self.place.server_now()
        since = (now - written - DATE).total_seconds() if now is not None and written is not None else 0.0
        pause = lag - max(0.0, since)
        if pause <= 0:
            return False
        self._call.observer.say(
            "What was written last is listed with a delay: the reading begins in"
            f" {number_of(math.ceil(pause), 'second', 'seconds')}, so that it is seen."
        )
        await self.place.clock.sleep(pause)
        return True

    def _note(self, items: Sequence[ListedItem]) -> None:
        self._read += len(items)
        self._call.observer.progress(Progress(0, self._read, 0, self.place.client.requests_left(), unit="item"))
