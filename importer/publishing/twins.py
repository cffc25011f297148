"""Two items of one row: the newer one is removed, the older kept (rule 7)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from importer.client import ReplyKind
from importer.client.endpoints import delete_items, unpublish_items
from importer.errors.api import Consequence, RefusalKind
from importer.model import Status
from importer.pacing import Backoff
from importer.publishing.matching import Evidence, age, is_ours
from importer.publishing.settling import wanted_of

if TYPE_CHECKING:
    from importer.client import Call, Reply
    from importer.model import Row
    from importer.publishing.ledger import Ledger
    from importer.publishing.matching import Shown, Wanted
    from importer.publishing.settling import Settled
    from importer.publishing.target import Place

TRIES = 8

REMOVE = "remove:"
"""How the facts of the state file begin that name items to be removed; their value is the locale."""

NOT_THERE = {"unpublish": {404, 409}, "delete": {404}}
"""Answers that say that there is nothing to take back: the item is not live, or not there at all."""

CONFLICT, SERVER_ERROR = 409, 500


class Twins:
    """Finds rows that became two items, and mends them; what cannot be proven ours is reported and left.

    `removed` are the ids of the items that are gone.
    """

    def __init__(self, place: Place, ledger: Ledger) -> None:
        self._place, self._ledger = place, ledger
        self._turn = asyncio.Lock()
        self.removed: list[str] = []

    async def check_altered(self) -> None:
        """Look at rows that came back under an altered slug though they had been sent before."""
        state = self._place.state
        for name, locale in state.facts(REMOVE).items():
            async with self._turn:
                await self._remove(name.removeprefix(REMOVE), locale)
        for check in state.twin_checks():
            key = (check.locale, check.key)
            row = state.rows([key])[key]
            wanted = wanted_of(state, row, self._place.timing.patience)
            if row.slug_sent is None or await self.leave_oldest(wanted, []):
                state.drop_twin_checks([key])  # else it is looked at again in the next run

    async def mend(self, settled: Settled) -> bool:
        """Deal with the items that a listing showed to be a row's besides the one that it holds; whether all are."""
        mended = True
        for wanted, item in settled.twins:
            mended = await self.leave_oldest(wanted, [item.slug]) and mended
        return mended

    async def leave_oldest(self, wanted: Wanted, slugs: list[str], *, spare_edited: bool = False) -> bool:
        """Leave a row the oldest of the items that are provably its own; whether nothing is left to do.

        One row at a time, as it stands now: the row gets the item that stays before any other is removed, so that at
        no instant the last item of a row is one that goes. With `spare_edited` a row keeps an item that was edited.
        """
        async with self._turn:
            state = self._place.state
            row = state.rows([wanted.id]).get(wanted.id)
            if row is None or row.status is Status.IN_FLIGHT:
                return row is None
            listings, keep = self._place.listings, self._place.target.shown
            found: dict[str, Shown] = {}
            for slug in dict.fromkeys((wanted.slug, row.slug or wanted.slug, *slugs)):
                found |= {item.id: item for item in await listings.by_slug(slug, keep, locale=wanted.locale)}
            evidence = self._evidence(list(found.values()))
            own = [item for item in found.values() if item.id == row.item_id or is_ours(wanted, item, evidence)]
            if not own:
                return True
            kept, *newer = sorted(own, key=lambda item: (*age(item), item.slug != wanted.slug))
            if spare_edited and any(item.id == row.item_id and _edited(item, row) for item in newer):
                return False
            for item in newer:
                state.set_fact(REMOVE + item.id, wanted.locale)  # a run that ends here leaves them to the next one
            if row.item_id is None:
                self._ledger.found([(wanted, None, kept)])
            elif kept.id != row.item_id:
                self._ledger.adopt(wanted, kept)
            return all([await self._remove(item.id, wanted.locale) for item in newer])

    async def _remove(self, item_id: str, locale: str) -> bool:
        """Unpublish and delete one item that is ours, by id, unless a row holds it; whether it is gone."""
        collection, state = self._place.target.collection, self._place.state
        if state.keys_by_item([item_id]):
            state.set_fact(REMOVE + item_id, None)
            return True
        for verb, call in (
            ("unpublish", unpublish_items(collection, [item_id], locale=locale)),
            ("delete", delete_items(collection, [item_id], locale=locale)),
        ):
            reply = await self._ask(verb, call)
            gone = reply.kind is ReplyKind.REFUSED and reply.status in NOT_THERE[verb]
            if reply.kind is not ReplyKind.OK and not gone:
                self._ledger.say(f"The twin {item_id} could not be removed ({reply.reason}); remove it in Webflow.")
                return False
        self.removed.append(item_id)
        state.forget_seen([item_id])
        state.set_fact(REMOVE + item_id, None)
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

    def _evidence(self, items: list[Shown]) -> Evidence:
        ids = [item.id for item in items]
        state = self._place.state
        return Evidence(state.keys_by_item(ids), state.first_sighting(ids))


def _edited(item: Shown, row: Row) -> bool:
    """Whether a row's item is no longer as it was sent."""
    return (item.readable, item.slug) != (row.readable, row.slug)
