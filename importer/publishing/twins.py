"""Two items of one row: the newer one is removed, the older kept (rule 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.client import NotFound, ReplyKind
from importer.client.endpoints import delete_items, unpublish_items
from importer.client.endpoints import item as item_call
from importer.errors.api import Consequence, RefusalKind
from importer.model import Status
from importer.pacing import Backoff
from importer.publishing.matching import Evidence, is_ours
from importer.publishing.settling import status_of, wanted_of

if TYPE_CHECKING:
    from importer.client import Call, ListedItem, Reply
    from importer.publishing.ledger import Ledger
    from importer.publishing.matching import Wanted
    from importer.publishing.settling import Settled
    from importer.publishing.target import Place

TRIES = 8


class Twins:
    """Finds rows that became two items, and mends them; what cannot be proven ours is reported and left."""

    def __init__(self, place: Place, ledger: Ledger) -> None:
        self._place, self._ledger = place, ledger

    async def check_altered(self) -> None:
        """Look at rows that came back under an altered slug though they had been sent before."""
        place = self._place
        checks = place.state.twin_checks()
        rows = place.state.rows([(check.locale, check.key) for check in checks])
        for check in checks:
            row = rows[check.locale, check.key]
            if row.item_id is not None and row.slug_sent:
                wanted = wanted_of(row, check.request)
                found = await place.listings.by_slug(row.slug_sent, locale=row.locale)
                evidence = self._evidence(found)
                older = next(
                    (item for item in found if item.id != row.item_id and is_ours(wanted, item, evidence)), None
                )
                if older is not None:
                    if not await self._remove(row.item_id, row.locale):
                        continue  # looked at again in the next run
                    status = status_of(older, live=row.status is Status.PUBLISHED)
                    found_again = (older.id, older.slug, status, older.last_published)
                    place.state.adopt(row.locale, row.key, found_again)
            place.state.drop_twin_checks([(check.locale, check.key)])

    async def mend(self, settled: Settled) -> bool:
        """Deal with the items that a listing showed to be a row's besides the one that it holds; whether all are."""
        place, mended = self._place, True
        for wanted, item in settled.twins:
            row = place.state.rows([wanted.id]).get(wanted.id)
            if row is None or item.id in place.state.keys_by_item([item.id]):
                continue
            if row.item_id is None:
                if row.status is not Status.IN_FLIGHT:
                    self._ledger.found(wanted.id, None, item, status_of(item, live=False), wanted.slug)
            elif row.item_id != item.id:
                mended = await self._remove_newer(row.item_id, item, wanted) and mended
        return mended

    async def _remove_newer(self, held: str, item: ListedItem, wanted: Wanted) -> bool:
        """Remove the item that is not the row's, if the row's own is still there."""
        try:
            await self._place.client.read(item_call(self._place.target.collection, held, live=False))
        except NotFound:
            self._ledger.say(
                f'The item {held} of the row "{wanted.key}" is gone from the collection; its twin {item.id} was left.'
            )
            return True
        return await self._remove(item.id, wanted.locale)

    async def _remove(self, item_id: str, locale: str) -> bool:
        """Unpublish and delete one item that is ours, by id; asked for again until it is answered."""
        collection = self._place.target.collection
        for verb, call in (
            ("unpublish", unpublish_items(collection, [item_id], locale=locale)),
            ("delete", delete_items(collection, [item_id], locale=locale)),
        ):
            reply = await self._ask(verb, call)
            gone = reply.status in {404, 409} and reply.kind is ReplyKind.REFUSED
            if reply.kind is not ReplyKind.OK and not (gone and verb == "unpublish") and reply.status != 404:  # noqa: PLR2004
                self._ledger.say(f"The twin {item_id} could not be removed ({reply.reason}); remove it in Webflow.")
                return False
        self._place.state.forget_seen([item_id])
        self._ledger.counts.removed += 1
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
            place.state.finish(request, outcome=outcome, at=reply.server_time)
            error = reply.error
            if error is not None and error.status != 409 and error.rule().consequence is Consequence.STOP:  # noqa: PLR2004
                raise error.exception()
            stray = error is not None and error.kind() is RefusalKind.STRAY_403
            if reply.kind in {ReplyKind.OK, ReplyKind.REFUSED} and (reply.status or 0) < 500 and not stray:  # noqa: PLR2004
                return reply
            await place.clock.sleep(backoff.failed())
        return reply

    def _evidence(self, items: list[ListedItem]) -> Evidence:
        ids = [item.id for item in items]
        state = self._place.state
        return Evidence(self._place.target.schema, state.keys_by_item(ids), state.first_sighting(ids))
