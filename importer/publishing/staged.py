"""Staged items that are now meant live: published by id, and asked for again until it is known (rule 5)."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from importer.client import ReplyKind, UnreadableAnswer, read_published
from importer.client.endpoints import publish_items
from importer.client.wire import WRITE_TIMEOUT
from importer.errors import Outage
from importer.errors.api import Consequence, RefusalKind
from importer.model import Status
from importer.pacing import Backoff
from importer.planning.chunks import MAX_ITEMS
from importer.state import Adopted, Published, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from importer.client import Reply
    from importer.publishing.ledger import Ledger
    from importer.publishing.target import Place, Todo

PUBLISHING = "publishing:"
"""How the facts of the state file begin that name items (by id) which may be live; their value says since when.

Facts about a collection besides the mapping's own say its id there as well."""

TRIES = 10

STRAY = 3
"""Stray 403s after which the run stops; publishing by id may be repeated."""


def publishings(place: Place) -> str:
    """Give how the facts begin that name items of the collection of this place which may be live."""
    return f"{PUBLISHING[:-1]} in {place.target.collection}:" if place.state.aside else PUBLISHING


class Staged:
    """Publishes staged items; the row of each stays `staged` until Webflow has said that it is live.

    Once the run is `stopped`, nothing more is asked for.
    """

    def __init__(
        self, place: Place, ledger: Ledger, begun: set[asyncio.Task[None] | None], stopped: Callable[[], bool]
    ) -> None:
        self._place, self._ledger, self._begun, self._stopped = place, ledger, begun, stopped
        self._fact = publishings(place)

    async def publish(self, todos: Sequence[Todo]) -> None:
        """Publish these items, a hundred to a request (each of one locale).

        Raises the ImporterError that ends the run.
        """
        for locale in sorted({todo.item.locale for todo in todos}):
            mine = [todo for todo in todos if todo.item.locale == locale]
            for start in range(0, len(mine), MAX_ITEMS):
                await self._publish(mine[start : start + MAX_ITEMS], locale)

    async def _publish(self, todos: Sequence[Todo], locale: str) -> None:
        place, backoff = self._place, Backoff()
        by_id = {todo.item_id: todo for todo in todos}
        stray = 0
        for _ in range(TRIES):
            if self._stopped():
                return
            request, reply = await self._ask(by_id, locale)
            if reply.kind is ReplyKind.OK and self._record(request, by_id, reply):
                return
            error = reply.error
            if reply.kind is not ReplyKind.REFUSED or error is None or error.rule().consequence is Consequence.SETTLE:
                if reply.kind is not ReplyKind.NOT_CARRIED_OUT:
                    self._unanswered(by_id)
                place.state.finish(request, outcome="repeated", at=place.ended(reply))
                await place.clock.sleep(backoff.failed())
                continue
            rule = error.rule()
            place.state.finish(request, outcome=f"refused:{error.code or error.status}", at=place.ended(reply))
            if error.kind() is RefusalKind.STRAY_403 and stray < STRAY:
                stray += 1
                await place.clock.sleep(backoff.failed())
                continue
            if rule.consequence is not Consequence.REJECT:
                raise error.exception()
            if len(todos) > 1:
                for todo in todos:
                    await self._publish([todo], locale)
                return
            self._refuse(todos[0], rule.problem or "refused", f"{rule.sentence} Webflow says: {error.said}")
            return
        raise Outage(
            f"{len(todos)} staged items could not be published in {TRIES} tries: {reply.reason}.",
            "Run the same command again later: it goes on where it stopped.",
        )

    async def settle(self) -> None:
        """See which items are live whose publishing was never answered, and is not asked for again.

        Their rows left the sheet, or are meant as drafts by now. Raises what reading a listing raises.
        """
        place, state = self._place, self._place.state
        asked = {name.removeprefix(self._fact): at for name, at in state.facts(self._fact).items()}
        rows = {row.item_id: row for row in state.rows(list(state.keys_by_item(list(asked)).values())).values()}
        open_ = {item_id: row for item_id, row in rows.items() if row.status is Status.STAGED}
        for locale in sorted({row.locale for row in open_.values()}):
            view = await place.listings.read(place.target.shown, live=True, locale=locale)
            for item_id in view.items.keys() & open_.keys():
                row, item = open_.pop(item_id), view.items[item_id]
                published = Published(row.locale, row.key, item.id, item.slug, Status.PUBLISHED, item.last_published)
                state.adopt([Adopted(published)])
                self._ledger.live_after_all((row.locale, row.key))
        now = place.server_now()
        lasts = timedelta(seconds=WRITE_TIMEOUT + place.timing.patience + place.timing.lag)
        over = [
            item_id
            for item_id, at in asked.items()
            if item_id not in open_ or (now is not None and at and now >= datetime.fromisoformat(at) + lasts)
        ]
        state.set_facts(dict.fromkeys(self._names(over)))

    def _unanswered(self, by_id: dict[str, Todo]) -> None:
        """Nobody knows whether these are live now."""
        self._ledger.unanswered.update((todo.item.locale, todo.item.key) for todo in by_id.values())

    async def _ask(self, by_id: dict[str, Todo], locale: str) -> tuple[int, Reply]:
        place = self._place
        request = 0

        def before() -> None:
            nonlocal request
            request = place.state.begin(
                run=place.run, verb="publish", endpoint="items/publish", watermark=None, at=place.server_now(), sent=[]
            )
            asked = place.server_now(latest=True)
            place.state.set_facts(dict.fromkeys(self._names(by_id), asked.isoformat() if asked else ""))
            self._begun.add(asyncio.current_task())

        call = publish_items(place.target.collection, list(by_id), locale=locale)
        try:
            reply = await place.client.send(call, before=before)
        except asyncio.CancelledError:
            if request:
                self._unanswered(by_id)
            raise
        return request, reply

    def _record(self, request: int, by_id: dict[str, Todo], reply: Reply) -> bool:
        """Write down which items are live now; the answer may be partial. Whether it could be read."""
        try:
            ids, errors = read_published(reply.body)
        except UnreadableAnswer:
            return False  # publishing is asked for again: it does no harm twice
        rows = self._place.state.rows([(todo.item.locale, todo.item.key) for todo in by_id.values()])
        published = [
            Published(
                todo.item.locale,
                todo.item.key,
                item_id,
                rows[todo.item.locale, todo.item.key].slug or todo.item.slug,
                Status.PUBLISHED,
            )
            for item_id, todo in by_id.items()
            if item_id in ids
        ]
        self._place.state.finish(request, outcome="answered", at=self._place.ended(reply), published=published)
        self._place.state.set_facts(dict.fromkeys(self._names(by_id)))
        self._ledger.updated([(one.locale, one.key) for one in published])
        for item_id, todo in by_id.items():
            if item_id not in ids:
                reason = next((text for text in errors if item_id in text), "; ".join(errors) or "without a reason")
                self._refuse(todo, "refused", f"Webflow did not publish the staged item {item_id}: {reason}")
        self._ledger.tell()
        return True

    def _refuse(self, todo: Todo, code: str, message: str) -> None:
        """The item stays staged; the row is told why it is not live."""
        item = todo.item
        self._place.state.tell_error(Refused(item.locale, item.key, code, message), self._place.run)
        self._ledger.refused(item, code, message)

    def _names(self, ids: Iterable[str]) -> list[str]:
        return [self._fact + item_id for item_id in ids]
