"""Two items of one row: the newer one is removed, the older kept (rule 7)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson

from importer.client import ReplyKind
from importer.client.endpoints import delete_items, unpublish_items
from importer.errors.api import Consequence, RefusalKind
from importer.model import Status
from importer.pacing import Backoff
from importer.publishing.judging import Judge
from importer.publishing.matching import Evidence, age, is_ours
from importer.publishing.settling import DATE, wanted_of
from importer.publishing.stock import Sight

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.client import Call, ListedItem, Reply
    from importer.model import Row
    from importer.publishing.ledger import Ledger
    from importer.publishing.matching import Key, Wanted
    from importer.publishing.settling import Settled
    from importer.publishing.target import Place
    from importer.state import Standing

TRIES = 8

REMOVE = "remove:"
"""How the facts of the state file begin that name items to be removed; JSON says of which row: locale, slug, key.

The slug is the item's. Facts about a collection besides the mapping's own say its id there as well."""

NOT_THERE = {"unpublish": {404, 409}, "delete": {404}}
"""Answers that say that there is nothing to take back: the item is not live, or not there at all."""

CONFLICT, SERVER_ERROR = 409, 500


def removals(place: Place) -> str:
    """Give how the facts begin that name items to be removed from the collection of this place."""
    return f"{REMOVE[:-1]} from {place.target.collection}:" if place.state.aside else REMOVE


class Twins:
    """Finds rows that became two items, and mends them; what cannot be proven ours is reported and left.

    `removed` are the ids of the items that are gone; `stuck` are those that could not be removed, with the reason,
    which is said at once unless somebody else says it at the end.
    """

    def __init__(self, place: Place, ledger: Ledger, *, says_stuck: bool = True) -> None:
        self._place, self._ledger = place, ledger
        self._says_stuck = says_stuck
        self._judge = Judge(place.target.schema, None)
        self._remove_fact = removals(place)
        self._turn = asyncio.Lock()
        self.removed: list[str] = []
        self.stuck: dict[str, str] = {}

    async def check_altered(self, *, strict: bool = False) -> None:
        """Look at rows that came back under an altered slug though they had been sent before; `strict` as below."""
        state = self._place.state
        for name, told in state.facts(self._remove_fact).items():
            await self._go_on(name.removeprefix(self._remove_fact), *orjson.loads(told))
        for check in state.twin_checks():
            key = (check.locale, check.key)
            row = state.rows([key])[key]
            wanted = wanted_of(state, row, self._place.timing.patience)
            if row.slug_sent is None or await self.leave_oldest(wanted, [], strict=strict):
                state.drop_twin_checks([key])  # else it is looked at again in the next run

    async def _go_on(self, item_id: str, locale: str, slug: str, key: str) -> None:
        """Take up a removal that was begun, if it is still one of a twin: else the row's last item might go.

        Somebody may have removed or renamed the row's item since, or worked on the other one.
        """
        state = self._place.state
        row = state.rows([(locale, key)]).get((locale, key))
        if row is not None and row.item_id not in {None, item_id}:
            wanted = wanted_of(state, row, self._place.timing.patience, ever=True)
            wanted = replace(wanted, patience=None)  # that it came in time was seen when the removal was written down
            if not await self.leave_oldest(wanted, [slug], strict=True, beside=True):
                return
        state.set_fact(self._remove_fact + item_id, None)

    async def mend(self, settled: Settled) -> bool:
        """Deal with the items that a listing showed to be a row's besides the one that it holds; whether all are."""
        twins: dict[Key, tuple[Wanted, list[str]]] = {}
        for wanted, item in settled.twins:  # one that several requests may have made is named for each of them
            one, slugs = twins.setdefault(wanted.id, (wanted, []))
            sendings = {sending.request: sending for sending in (*one.sendings, *wanted.sendings)}
            in_order = tuple(sendings[request] for request in sorted(sendings))
            twins[wanted.id] = replace(one, sendings=in_order), [*slugs, wanted.slug, item.slug]
        return all([await self.leave_oldest(wanted, slugs) for wanted, slugs in twins.values()])

    async def leave_oldest(
        self, wanted: Wanted, slugs: list[str], *, strict: bool = False, beside: bool = False
    ) -> bool:
        """Leave a row the oldest of the items that are provably its own; whether nothing is left to do.

        One row at a time, as it stands now: the row gets the item that stays before any other is removed, so that at
        no instant the last item of a row is one that goes. Nothing goes that somebody worked on, nor what is live for
        what is not. With `strict` nobody can have worked on what goes, which may have stood there for weeks; with
        `beside` nothing goes unless the row's item is found.
        """
        async with self._turn:
            state = self._place.state
            row = state.rows([wanted.id]).get(wanted.id)
            if row is None or row.status is Status.IN_FLIGHT:
                return row is None
            found = await self._found(wanted.locale, (wanted.slug, row.slug or wanted.slug, *slugs))
            if row.item_id not in {None, *found} and self._is_new(row):
                return False  # its own item is not listed yet
            standing = state.standing_of(*wanted.id)  # it may have been sent meanwhile, or given another item
            if standing is None or (standing.row.status, standing.row.item_id) != (row.status, row.item_id):
                return standing is None
            own = self._own(wanted, standing, found)
            own = self._untouched(wanted, standing, own, strict=strict)
            if not own or (beside and row.item_id not in found):
                return True
            live = {versions[0].shown.id for versions in own if any(one.shown.live for one in versions)}
            if not self._judge.may_remove(standing, own, live, strict=strict):
                if not strict:  # else it is in what `verify` says
                    ids = " and ".join(versions[0].shown.id for versions in own)
                    self._ledger.say(
                        f'The row with key "{wanted.key}" is there twice, as the items {ids}. Somebody has worked on'
                        " one of them or taken one off the site, so both are left: remove one in Webflow."
                    )
                return True
            kept, *newer = (versions[0].shown for versions in own)
            for item in newer:
                told = orjson.dumps([wanted.locale, item.slug, wanted.key]).decode()
                state.set_fact(self._remove_fact + item.id, told)  # a run that ends here leaves them to the next one
            if row.item_id is None:
                self._ledger.found([(wanted, None, kept)])
            elif kept.id != row.item_id:
                self._ledger.adopt(wanted, kept)
            return all([await self._remove(item.id, wanted.locale) for item in newer])

    def _is_new(self, row: Row) -> bool:
        """Whether the item that a row holds may have been made so lately that no listing shows it yet."""
        now, latest = self._place.server_now(), self._place.state.sendings(row)[-1:]
        lag = timedelta(seconds=self._place.timing.lag)
        return now is not None and any(one.ended and now < one.ended + DATE + lag for one in latest)

    async def _remove(self, item_id: str, locale: str) -> bool:
        """Unpublish and delete one item that is ours, by id, unless a row holds it; whether it is gone."""
        collection, state = self._place.target.collection, self._place.state
        if state.keys_by_item([item_id]):
            state.set_fact(self._remove_fact + item_id, None)
            return True
        for verb, call in (
            ("unpublish", unpublish_items(collection, [item_id], locale=locale)),
            ("delete", delete_items(collection, [item_id], locale=locale)),
        ):
            reply = await self._ask(verb, call)
            gone = reply.kind is ReplyKind.REFUSED and reply.status in NOT_THERE[verb]
            if reply.kind is not ReplyKind.OK and not gone:
                self.stuck[item_id] = reply.reason
                if self._says_stuck:
                    self._ledger.say(f"The twin {item_id} could not be removed ({reply.reason}); remove it in Webflow.")
                return False
        self.removed.append(item_id)
        self.stuck.pop(item_id, None)
        state.forget_seen([item_id])
        state.set_fact(self._remove_fact + item_id, None)
        self._ledger.counts.removed += reply.kind is ReplyKind.OK
        return True

    async def _ask(self, verb: str, call: Call) -> Reply:
        """Send a request that may be repeated (rule 5), written down like any other that writes."""
        place, backoff = self._place, Backoff()
        for _ in range(TRIES):
            request = 0

            def before() -> None:
                nonlocal request
                request = place.state.begin(
                    run=place.run, verb=verb, endpoint=call.path, watermark=None, at=place.server_now(), sent=[]
                )

            reply = await place.client.send(call, before=before)
            outcome = {ReplyKind.OK: "answered", ReplyKind.LOST: "repeated"}.get(reply.kind, str(reply.kind))
            place.state.finish(request, outcome=outcome, at=place.ended(reply))
            error = reply.error
            if error is not None and error.status != CONFLICT and error.rule().consequence is Consequence.STOP:
                raise error.exception()
            stray = error is not None and error.kind() is RefusalKind.STRAY_403
            if reply.kind in {ReplyKind.OK, ReplyKind.REFUSED} and (reply.status or 0) < SERVER_ERROR and not stray:
                return reply
            await place.clock.sleep(backoff.failed())
        return reply

    async def _found(self, locale: str, slugs: Iterable[str]) -> dict[str, list[Sight]]:
        """Give the versions of each item that has one of these slugs, by id."""
        found: dict[str, list[Sight]] = {}
        for slug in dict.fromkeys(slugs):
            versions = await self._place.listings.versions(slug, self._sight, locale=locale)
            for item_id, more in versions.items():
                known = {one.shown.live for one in found.setdefault(item_id, [])}
                found[item_id] += [one for one in more if one.shown.live not in known]
        return found

    def _sight(self, item: ListedItem, *, live: bool) -> Sight:
        return Sight.of(item, self._place.target, live=live)

    def _own(self, wanted: Wanted, standing: Standing, found: dict[str, list[Sight]]) -> list[list[Sight]]:
        """Those of the items that are a row's own, oldest first: the one that it holds, and those that it made."""
        evidence = self._evidence(found)
        own = [
            versions
            for item_id, versions in found.items()
            if item_id == standing.row.item_id or is_ours(wanted, versions[0].shown, evidence)
        ]
        return sorted(own, key=lambda one: (*age(one[0].shown), one[0].shown.slug != wanted.slug))

    def _untouched(
        self, wanted: Wanted, standing: Standing, own: list[list[Sight]], *, strict: bool
    ) -> list[list[Sight]]:
        """The row's item, and those of the others that nobody has worked on; the oldest, where there is none."""
        evidence = self._evidence(versions[0].shown.id for versions in own)
        untouched = [
            versions
            for versions in own
            if versions[0].shown.id == standing.row.item_id
            or self._judge.as_made(standing, versions, wanted, evidence, strict=strict)
        ]
        return untouched or own[:1]

    def _evidence(self, item_ids: Iterable[str]) -> Evidence:
        ids = list(item_ids)
        state = self._place.state
        return Evidence(state.keys_by_item(ids), state.first_sighting(ids))
