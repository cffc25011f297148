"""`doctor --probe`: what nobody knows for certain of Webflow, asked on a collection that is made and removed again."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from importer.client import (
    NotFound,
    ReadRefused,
    UnreadableAnswer,
    endpoints,
    read_collections,
    read_introspection,
    read_site,
)
from importer.commands.finding import sites_named
from importer.commands.learning import learn
from importer.commands.loading import load_mapping
from importer.commands.opening import Connection, connection, finished
from importer.commands.options import RunOptions
from importer.commands.stopping import Stopping
from importer.commands.waiting import watched
from importer.errors import DeadlinePassed, ImporterError, MappingError, Outage, ScopeError, UsageError, graver
from importer.model import Observer, Silent
from importer.probing import QUESTIONS, Answer, Answers, Interview, Scratch, interview, written_now
from importer.publishing import Timing, with_seen_lag
from importer.schema import CollectionSchema, Site, collections_named
from importer.settings import read_settings, state_path
from importer.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from importer.client import Client
    from importer.mapping import Mapping
    from importer.model import Clock
    from importer.settings import Settings

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds that an answer to a read is tried for: somebody waits."""

_MORE_TIME = "Run it again with more time."
_SCOPES = "Make a token with the scopes cms:read, cms:write and sites:read, and set WEBFLOW_TOKEN."
_BY_HAND = "Run the same command again, or delete it in Webflow: CMS, the collection's settings, Delete collection."


@dataclass(slots=True)
class Probe:
    """What was asked, on which collection, and what came of it.

    `answers` holds one for each question; `uses` says what runs do about some of them. `left` is what could not be
    removed, with the reason. `learned` says whether the answers are kept in `state`.
    """

    site: str = ""
    collection: str = ""
    name: str = ""
    answers: tuple[Answer, ...] = ()
    uses: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    requests: int = 0
    seconds: float = 0.0
    state: Path | None = None
    error: ImporterError | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """How the probe reaches Webflow, and how it waits; tests bring their own."""

    open: Callable[[Settings, RunOptions, Path | None], AbstractAsyncContextManager[Connection]]
    wait: Callable[[Coroutine[Any, Any, None]], None]


@dataclass(frozen=True, slots=True)
class _Call:
    """What one probe works with."""

    way: Way
    options: RunOptions
    settings: Settings
    mapping: Mapping | None
    mapping_path: Path | None
    state: State | None
    stopping: Stopping
    observer: Observer
    done: Probe


@dataclass(frozen=True, slots=True)
class _Spot:
    """The site that is asked, the mapping's collection on it, and what collections there are."""

    site: Site
    mapped: CollectionSchema | None
    there: tuple[CollectionSchema, ...]

    @property
    def locale(self) -> str:
        """The cmsLocaleId of a secondary locale, "" where there is none."""
        secondary = self.site.locales.secondary if self.site.locales is not None else ()
        return secondary[0].cms_locale_id if secondary else ""


def probe(
    mapping: str | Path | None = None, options: RunOptions | None = None, *, observer: Observer | None = None
) -> Probe:
    """Ask what is uncertain on a collection of its own; what ends it early is the result's `error`.

    The collection is removed in every case; where that fails, `left` names it.
    """

    def open_(settings: Settings, chosen: RunOptions, path: Path | None) -> AbstractAsyncContextManager[Connection]:
        return connection(settings, chosen, mapping_path=path)

    return probe_through(Way(open_, finished), mapping, options, observer=observer)


def probe_through(
    way: Way,
    mapping: str | Path | None = None,
    options: RunOptions | None = None,
    *,
    observer: Observer | None = None,
) -> Probe:
    """Do what `probe` does, by a way of one's own: another Webflow, another clock."""
    options = options or RunOptions()
    options = replace(options, patience=min(options.patience, PATIENCE))
    done, started = Probe(), time.monotonic()
    try:
        with Stopping() as stopping, ExitStack() as opened:
            settings = read_settings(base_url=options.base_url, token_file=options.token_file, sandbox=options.sandbox)
            loaded = None if mapping is None else load_mapping(mapping)
            path = None if loaded is None else loaded.path
            state = None
            if loaded is not None:
                settings.require_token()
                done.state = state_path(
                    path, base_url=settings.base_url, sandbox=options.sandbox, override=options.state
                )
                state = opened.enter_context(State.open(done.state))
                opened.enter_context(state.lock())
            call = _Call(way, options, settings, loaded, path, state, stopping, observer or Silent(), done)
            way.wait(_probed(call))
    except ImporterError as error:
        done.error = graver(done.error, error)
    done.seconds = time.monotonic() - started
    if done.error is not None:  # what is said of runs holds for them alone
        done.error.hint = done.error.hint.replace("it goes on where it stopped", "everything is asked anew")
    return done


async def _probed(call: _Call) -> None:
    done, stopping = call.done, call.stopping
    async with call.way.open(call.settings, call.options, call.mapping_path) as opened:
        client, clock, answers = opened.client, opened.clock, Answers()
        began = clock.monotonic()
        try:
            spot = await stopping.unless_told(_looked(call, client, answers))
            done.site = spot.site.id
            scratch = Scratch(client, clock, spot.site.id, call.state)
            await _clear(call, scratch, spot)
            stopping.check()
            left = None if call.options.deadline is None else call.options.deadline - (clock.monotonic() - began)
            await _asked(call, opened, scratch, spot, answers, left)
        finally:
            done.requests = opened.tally.sent
        if call.state is not None and spot.mapped is not None:
            done.uses = learn(call.state, done.answers, collection=spot.mapped.id, at=written_now(client))


async def _looked(call: _Call, client: Client, answers: Answers) -> _Spot:
    """Ask what the token may do and where the collection is to be made; nothing is changed yet."""
    try:
        found = read_introspection(await client.read(endpoints.introspect()))
    except (ScopeError, NotFound, ReadRefused) as error:
        answers.tell("introspect", "refused", f"GET /token/introspect: {error.message}")
    except UnreadableAnswer as error:
        call.observer.say(f"What the token may do is not told: {error.message}")
    else:
        answers.tell("introspect", "answered", "GET /token/introspect")
        missing = [one for one in ("cms:read", "cms:write", "sites:read") if one not in found.scopes]
        if missing:
            raise ScopeError(f"The token lacks {' and '.join(missing)}, which the probe needs.", _SCOPES)
    try:
        return await _spot(client, call)
    except ScopeError as error:
        raise ScopeError(f"The probe cannot see which sites there are. {error.message}", _SCOPES) from error


async def _spot(client: Client, call: _Call) -> _Spot:
    mapping = call.mapping
    sites = await sites_named(client, None if mapping is None else mapping.site)
    if mapping is None and len(sites) != 1:
        names = ", ".join(one.display_name or one.id for one in sites)
        raise UsageError(
            f"The token reaches {len(sites)} sites{f' ({names})' if names else ''}; which is to be asked?",
            "Name a mapping: the site of its collection is asked.",
        )
    spots = []
    for site in sites:
        there = read_collections(await client.read(endpoints.collections(site.id)))
        if mapping is None:
            spots.append(_Spot(site, None, there))
        else:
            spots += [_Spot(site, one, there) for one in collections_named(mapping.collection, there)]
    if mapping is not None and len(spots) != 1:
        typed = call.options.typed(call.mapping_path or mapping.name)
        raise MappingError(
            f'The collection "{mapping.collection}" was found {len(spots)} times on the sites that the token reaches.',
            f"`importer doctor {typed}`, without --probe, says what there is.",
        )
    spot = spots[0]
    if call.state is not None and spot.mapped is not None:
        call.state.require_collection(spot.mapped.id)
    if spot.site.locales is None:
        return replace(spot, site=read_site(await client.read(endpoints.site(spot.site.id))))
    return spot


async def _clear(call: _Call, scratch: Scratch, spot: _Spot) -> None:
    """Remove what an earlier probe had to leave; say what only looks like it."""
    cleared = await scratch.clear(spot.there)
    notes = call.done.notes
    notes += [f"The collection {one}, which an earlier probe left, was removed." for one in cleared.removed]
    notes += [
        f"The collection {one} is named like one of a probe, but this state file does not know it: it was left alone."
        for one in cleared.alike
    ]
    call.done.left.update(cleared.stuck)


async def _asked(
    call: _Call, opened: Connection, scratch: Scratch, spot: _Spot, answers: Answers, seconds: float | None
) -> None:
    """Make the collection, ask, and remove it, whatever happens meanwhile."""
    done, stopping, say = call.done, call.stopping, call.observer.say
    reason = "the asking ended before"
    if seconds is not None and seconds <= 0:
        raise DeadlinePassed("The deadline passed before anything was asked; nothing was made.", _MORE_TIME)
    say(
        f'A collection "Importer probe ..." is made on the site "{spot.site.display_name or spot.site.id}", asked in'
        " about 30 requests, and removed again, which takes half a minute. Nothing else is changed."
    )
    try:
        own = await scratch.make()  # not cut off: nobody would know whether it was made
        done.collection, done.name = own.id, own.display_name
        say(f'"{own.display_name}" ({own.id}) is made.')
        stopping.check()
        timing = Timing.of(call.options.patience, embedded=opened.embedded)
        timing = timing if call.state is None else with_seen_lag(timing, call.state)
        talk = Interview(opened.client, opened.clock, own.id, spot.locale, timing.lag, answers)
        asking = watched(interview(talk), opened, call.observer)
        await stopping.unless_told(_within(asking, seconds, opened.clock))
    except ImporterError as error:
        done.error, reason = error, f"the asking ended before: {error.message}"
    finally:
        done.answers = answers.all(reason)
        if scratch.made:
            late = "The deadline has passed, but this is waited for: " if isinstance(done.error, DeadlinePassed) else ""
            say(f"{late}{'t' if late else 'T'}he collection is removed.")
            await watched(_remove(call, scratch), opened, call.observer, aloud=True)
    if done.left:
        kept = ", ".join(f"{own} ({why})" for own, why in done.left.items())
        left = Outage(f"Not removed from the site: the collection {kept}.", _BY_HAND)
        say(f"{left.message} {left.hint}")
        done.notes.append(f"{left.message} {left.hint}")
        done.error = graver(done.error, left)


async def _remove(call: _Call, scratch: Scratch) -> None:
    """Remove the collection; a second Ctrl-C ends that too."""
    removing = asyncio.ensure_future(scratch.remove())
    heard: list[object] = []

    def hear(signal: object) -> None:
        heard.append(signal)
        if len(heard) > 1:
            removing.cancel()

    with call.stopping.telling(hear):
        await asyncio.wait({removing})
    if removing.cancelled():
        call.done.left.update({own or name: "its removal was cut off" for name, own in scratch.made.items()})
        return
    call.done.left.update(removing.result())
    call.done.notes += [
        f'Whether "{name}" was made is not known: the request was not answered, and it is not listed. If it comes up,'
        + (" the next probe removes it." if scratch.state is not None else " delete it in Webflow.")
        for name, own in scratch.made.items()
        if not own and name not in call.done.left
    ]


async def _within(work: Coroutine[Any, Any, T], seconds: float | None, clock: Clock) -> T:
    """Await work for so many seconds; raises DeadlinePassed."""
    if seconds is None:
        return await work
    task = asyncio.ensure_future(work)
    timer = asyncio.ensure_future(clock.sleep(max(0.0, seconds)))
    try:
        await asyncio.wait((task, timer), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise DeadlinePassed("The deadline passed before everything was asked.", _MORE_TIME)
    finally:
        task.cancel()
        timer.cancel()
        await asyncio.wait((task, timer))


def as_json(done: Probe) -> dict[str, Any]:
    """Give the probe for the JSON object."""
    return {
        "site": done.site,
        "collection": {"id": done.collection, "name": done.name, "removed": bool(done.collection) and not done.left},
        "left": done.left,
        "requests": done.requests,
        "state": None if done.state is None else str(done.state),
        "notes": done.notes,
        "answers": [
            {
                "name": one.name,
                "question": QUESTIONS[one.name],
                "answer": one.answer,
                "seen": one.seen,
                "confidence": "seen once" if one.known else "",
                "used": done.uses.get(one.name, ""),
            }
            for one in done.answers
        ],
    }


def lines(done: Probe) -> Iterator[str]:
    """Say in lines what was answered, and which of it runs heed."""
    for one in done.answers:
        yield QUESTIONS[one.name]
        yield f"    {one.answer}: {one.seen}"
        if one.name in done.uses:
            yield f"    -> {done.uses[one.name]}"
    yield ""
    yield from done.notes
    if done.collection and not done.left:
        yield f'"{done.name}" ({done.collection}) was made, asked and removed again: {done.requests} requests in all.'
    known = sum(one.known for one in done.answers)
    yield f"{known} of {len(done.answers)} questions are answered, each seen once."
    if done.state is None:
        yield "Nothing is kept, for no mapping is named: runs use the answers that are in a mapping's state file."
    elif not done.uses:
        yield f"The answers are kept in {done.state}. Runs go on as before: they are right under every one of them."
    else:
        yield f"The answers are kept in {done.state}. Runs heed those marked with ->; they are right under every other."
