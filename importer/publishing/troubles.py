"""When to slow down and when to give up: outages, stray 403s, limits of the plan, a schema that changed."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from importer.client import ReplyKind
from importer.client.endpoints import collection
from importer.errors import CollectionChanged, Outage, PlanLimit
from importer.errors.api import RefusalKind
from importer.pacing import Backoff
from importer.schema import parse_collection

if TYPE_CHECKING:
    from importer.client import Reply
    from importer.model import Item
    from importer.planning import Chunk
    from importer.publishing.matching import Key
    from importer.publishing.target import Place

GIVE_UP = 10
"""Failures in a row after which a run stops, once `patience` has passed without success too."""

ALWAYS_GIVE_UP = 40
"""Failures in a row after which it stops whatever the time."""

SCHEMA_HOLDS = 60.0
"""Seconds that a schema is taken to be the same after it was read, while refusals are about values."""

THROTTLED = 20
"""Writes in a row that may be answered 429; the pacer has waited after each of them."""


UNEXPLAINED = 3
"""Rows refused alone for one reason that names no field, and nothing written meanwhile: the plan is full."""


class Troubles:
    """Counts what goes wrong between two successes; `calm` means: one request in flight.

    `pausing` says after what failure, and until when (monotonic seconds), nothing is sent.
    """

    SERVER_ERRORS = 3
    """5xx answers after which a chunk is narrowed, or a single row rejected."""

    FORBIDDEN = 3
    """Stray 403s in a row after which the run stops."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._backoff = Backoff()
        self._failures = 0
        self._failing_since: float | None = None
        self._forbidden = 0
        self._throttled = 0
        self._successes = 0
        self._errors: dict[Key, tuple[int, int, int]] = {}
        self._unexplained: dict[str, list[tuple[Item, str, int]]] = {}
        self._written_by = 0
        self._one_look = asyncio.Lock()
        self._same_until = -math.inf
        self.calm = False
        self.pausing: tuple[str, float] | None = None

    def succeeded(self, chunk: Chunk, request: int) -> None:
        """A request that writes succeeded (by its number in the state file)."""
        self._written_by = max(self._written_by, request)
        self.written()
        for key in chunk.keys:
            self.forget(key)

    def written(self) -> None:
        """Something was written, as its answer or a listing shows: this is no outage."""
        self._successes += 1
        self._failures = self._forbidden = self._throttled = 0
        self._failing_since = None
        self._backoff.succeeded()
        self.calm = False

    def forget(self, key: Key) -> None:
        """A row has its verdict: its failures no longer count."""
        self._errors.pop(key, None)

    async def not_carried_out(self, reply: Reply) -> None:
        """A 429 is the pacer's business, a connection that never opened has its pause; both end a run if they stay."""
        if reply.status is None:
            await self.failed(reply)
            return
        self._throttled += 1
        if self._throttled >= THROTTLED and reply.error is not None:
            raise reply.error.exception()

    async def failed(self, reply: Reply) -> None:
        """Pause after a failure; raises Outage once it has lasted too long."""
        now = self._place.clock.monotonic()
        self._failures += 1
        self._failing_since = now if self._failing_since is None else self._failing_since
        lasted = now - self._failing_since
        if (self._failures >= GIVE_UP and lasted >= self._place.timing.patience) or self._failures >= ALWAYS_GIVE_UP:
            raise Outage(
                f"Webflow took nothing in {self._failures} tries ({lasted:.0f} s): {reply.reason}.",
                "Run the same command again later: it goes on where it stopped.",
            )
        self.calm = True
        pause = self._backoff.failed()
        self.pausing = reply.reason, now + pause
        await self._place.clock.sleep(pause)

    def server_error(self, chunk: Chunk) -> int:
        """Count a 5xx, or a lost answer, for each row of a chunk; gives how often all of them had one.

        For a row alone only those count that it had alone: what others had with it may be their fault, or nobody's.
        """
        alone = len(chunk.keys) == 1
        for key in chunk.keys:
            together, by_itself, since = self._errors.get(key, (0, 0, self._successes))
            self._errors[key] = (together + 1, by_itself + alone, since)
        return min(self._errors[key][alone] for key in chunk.keys)

    def others_succeed(self, chunk: Chunk) -> bool:
        """Whether another request succeeded since the first 5xx of this chunk."""
        return any(self._successes > self._errors[key][2] for key in chunk.keys)

    async def forbidden(self) -> bool:
        """After a stray 403: whether a single request with the same token succeeds, so that nothing was carried out."""
        self._forbidden += 1
        self.calm = True
        if self._forbidden > self.FORBIDDEN:
            return False
        for _ in range(self.FORBIDDEN):
            await self._place.clock.sleep(self._backoff.failed())
            reply = await self._place.client.send(collection(self._place.target.collection))
            if reply.kind is ReplyKind.OK:
                return True
        return False

    async def require_same_schema(self, kind: RefusalKind) -> None:
        """Raise CollectionChanged if the collection is no longer the one that the sheet was checked against.

        Where a refusal does not speak of the schema, a look within the last minute is enough: it is for each refusal.
        """
        async with self._one_look:
            now = self._place.clock.monotonic()
            if kind is RefusalKind.SCHEMA or now >= self._same_until:
                await self._compare_schema()
                self._same_until = now + SCHEMA_HOLDS

    async def _compare_schema(self) -> None:
        now = parse_collection(await self._place.client.read(collection(self._place.target.collection)))
        before = self._place.target.schema
        if now.fields != before.fields:
            names = {field.slug for field in now.fields} ^ {field.slug for field in before.fields}
            what = f" ({', '.join(sorted(names))})" if names else ""
            raise CollectionChanged(
                f'The fields of "{before.display_name or before.slug}" were changed{what} during the run.',
                "Publish the site if it is not, then run the same command again: the sheet is checked anew.",
            )

    def put_aside(self, reason: str, item: Item, sentence: str, latest: int) -> list[tuple[Item, str]]:
        """Put a row aside that was refused without naming a field or a value; `sentence` says so to people.

        `latest` is the newest request by now. Gives the rows that are at fault themselves: a request that was begun
        after their refusal has written something. Raises PlanLimit where one row after the other is refused for this
        reason and nothing is written: then it is no matter of the rows.
        """
        rows = self._unexplained.setdefault(reason, [])
        guilty = self._at_fault(rows)
        rows.append((item, sentence, latest))
        if len(rows) >= UNEXPLAINED:
            raise self._full(reason)
        return guilty

    def aside(self) -> list[tuple[Item, str]]:
        """The rows put aside that are at fault, once the run is at its end; one alone is, for nothing excuses it."""
        guilty = []
        for rows in self._unexplained.values():
            guilty += self._at_fault(rows)
            if len(rows) == 1:
                guilty += [(item, sentence) for item, sentence, _ in rows]
                rows.clear()
        return guilty

    def require_room(self) -> None:
        """Raise PlanLimit where several rows are still put aside for one reason: nothing was written since."""
        full = next((reason for reason, rows in self._unexplained.items() if rows), None)
        if full is not None:
            raise self._full(full)

    def _at_fault(self, rows: list[tuple[Item, str, int]]) -> list[tuple[Item, str]]:
        """Take out the rows since whose refusal something was written."""
        guilty = [(item, sentence) for item, sentence, latest in rows if self._written_by > latest]
        rows[:] = [row for row in rows if self._written_by <= row[2]]
        return guilty

    def _full(self, reason: str) -> PlanLimit:
        self._unexplained.clear()
        return PlanLimit(
            f"Webflow refuses one item after another and names no field: {reason}",
            "Compare the number of items with what the site's plan allows; then run the same command again.",
        )
