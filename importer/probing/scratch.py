"""The throw-away collection: made under a name that nobody has, written down before, and removed in every case."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from importer.client import ReplyKind, endpoints, read_collections
from importer.errors import CollectionChanged, ImporterError, Outage, PlanLimit, ScopeError, TokenError
from importer.errors.api import Consequence, RefusalKind
from importer.pacing import Backoff
from importer.schema import parse_collection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.client import ApiError, Client, Reply
    from importer.model import Clock
    from importer.schema import CollectionSchema
    from importer.state import State

LIKE_OURS = re.compile(r"Importer probe [0-9a-f]{16}")
"""What the names of these collections look like."""

_FACT = "probe_made:"

_MAKES = 3
"""How often a collection is asked for, under a new name each time, where answers are lost."""

_REMOVALS = 6
"""How often its removal is tried."""

_LATE = 600.0
"""Seconds after which a request whose answer was lost makes no collection any more."""

_GONE = 404


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was found of earlier probes: ids that were removed, ids that could not be, why, and those only alike."""

    removed: tuple[str, ...] = ()
    stuck: dict[str, str] = field(default_factory=dict)
    alike: tuple[str, ...] = ()


@dataclass(slots=True)
class Scratch:
    """Makes a collection on a site and removes it; what it made is written down in `state`, where there is one.

    `made` are the names that were asked for, with the id where it is known, "" where the answer was lost.
    """

    client: Client
    clock: Clock
    site: str
    state: State | None
    made: dict[str, str] = field(default_factory=dict)

    async def make(self) -> CollectionSchema:
        """Make the collection.

        Raises ScopeError, TokenError, PlanLimit, CollectionChanged or Outage where it cannot be made.
        """
        backoff, reason = Backoff(), ""
        for _ in range(_MAKES):
            name = f"Importer probe {secrets.token_hex(8)}"
            self._remember(name, "")
            reply = await self.client.send(endpoints.create_collection(self.site, name=name, singular="Probe item"))
            if reply.kind is ReplyKind.OK:
                try:
                    schema = parse_collection(reply.body)
                except ValueError as error:
                    reason = str(error)
                else:
                    self._remember(name, schema.id)
                    return schema
            elif reply.kind is not ReplyKind.LOST and not _passing(reply.error):
                self._forget(name)  # it was not carried out, or refused: nothing was made
            if reply.error is not None and reply.kind is ReplyKind.REFUSED and not _passing(reply.error):
                raise _unmade(reply.error)
            reason = reply.reason or reason
            await self.clock.sleep(backoff.failed())
        raise Outage(
            f"The collection for the questions could not be made in {_MAKES} tries: {reason}.",
            "Run the same command again later.",
        )

    async def remove(self) -> dict[str, str]:
        """Remove what was made; gives why not, by the id (or the name) of what may still be there."""
        left: dict[str, str] = {}
        unknown = [name for name, own in self.made.items() if not own]
        if unknown:
            try:
                there = read_collections(await self.client.read(endpoints.collections(self.site)))
            except ImporterError as error:
                left.update(dict.fromkeys(unknown, error.message))
            else:
                for one in there:
                    if one.display_name in unknown:
                        self._remember(one.display_name, one.id)
        for name, own in [(name, own) for name, own in self.made.items() if own]:
            reason = await self._removed(own)
            if reason:
                left[own] = reason
            else:
                self._forget(name)
        return left

    async def clear(self, there: Iterable[CollectionSchema]) -> Cleared:
        """Remove what earlier probes left: what was written down, under the name and the id that it was made with."""
        removed: list[str] = []
        stuck: dict[str, str] = {}
        alike: list[str] = []
        kept = self._kept()
        for one in there:
            if not LIKE_OURS.fullmatch(one.display_name):
                continue
            own, _ = kept.pop(one.display_name, (None, None))
            if own is None or own not in {"", one.id}:
                alike.append(one.id)
            elif reason := await self._removed(one.id):
                stuck[one.id] = reason
            else:
                removed.append(one.id)
                self._forget(one.display_name)
        for name, (own, at) in kept.items():
            if own or self._is_late(at):
                self._forget(name)
        return Cleared(tuple(removed), stuck, tuple(alike))

    async def _removed(self, own: str) -> str:
        """Delete a collection until it is gone; gives why it is not."""
        backoff, reason = Backoff(), ""
        for _ in range(_REMOVALS):
            reply: Reply = await self.client.send(endpoints.delete_collection(own))
            if reply.kind is ReplyKind.OK or (reply.error is not None and reply.error.status == _GONE):
                return ""
            reason = reply.reason
            if reply.error is not None and reply.error.rule().stop in {TokenError, ScopeError}:
                reason = f"Webflow says: {reply.error.said}"
                if not _passing(reply.error):
                    return reason
            await self.clock.sleep(backoff.failed())
        return reason

    def _remember(self, name: str, own: str) -> None:
        self.made[name] = own
        if self.state is not None:
            now = self.client.server_now()
            at = None if now is None else now[1].isoformat()
            self.state.set_fact(_FACT + name, orjson.dumps({"site": self.site, "id": own, "at": at}).decode())

    def _forget(self, name: str) -> None:
        self.made.pop(name, None)
        if self.state is not None:
            self.state.set_fact(_FACT + name, None)

    def _kept(self) -> dict[str, tuple[str | None, str | None]]:
        """What earlier probes of this site wrote down: the id and the time, by the name."""
        facts = {} if self.state is None else self.state.facts(_FACT)
        kept = {name.removeprefix(_FACT): orjson.loads(text) for name, text in facts.items()}
        return {name: (one["id"], one["at"]) for name, one in kept.items() if one["site"] == self.site}

    def _is_late(self, at: str | None) -> bool:
        """Whether a request of that time, whose answer was lost, makes nothing any more; by the server's clock."""
        now = self.client.server_now()
        return at is not None and now is not None and (now[0] - datetime.fromisoformat(at)).total_seconds() > _LATE


def left_by_probes(state: State) -> dict[str, str]:
    """Give the collections that probes made and are not known to have removed: the id by the name, "" if not known."""
    return {name.removeprefix(_FACT): orjson.loads(text)["id"] for name, text in state.facts(_FACT).items()}


def written_now(client: Client) -> str:
    """The server's time as it is written down; "" where no answer told it."""
    now = client.server_now()
    return "" if now is None else now[0].astimezone(UTC).isoformat(timespec="seconds")


def _passing(error: ApiError | None) -> bool:
    """Whether an error may be gone at the next try: one of the server's own, or a stray 403."""
    if error is None:
        return False
    return error.rule().consequence is Consequence.SETTLE or error.kind() is RefusalKind.STRAY_403


def _unmade(error: ApiError) -> ImporterError:
    """Say why no collection is made; the words for a full plan are not known."""
    if error.rule().consequence is Consequence.STOP and issubclass(error.rule().stop or Outage, ScopeError):
        return ScopeError(
            f"The token may not make a collection, which the questions are asked on. Webflow says: {error.said}",
            "Make a token with the scopes cms:read, cms:write and sites:read, and set WEBFLOW_TOKEN.",
        )
    if error.status == 401:  # noqa: PLR2004 - not authorized
        return error.exception()
    if error.status == _GONE:
        return CollectionChanged(
            f"Webflow does not find the site that the collection is to be made on. It says: {error.said}",
            "Check that the token belongs to this site.",
        )
    return PlanLimit(
        f"Webflow makes no collection on this site. It says: {error.said}",
        "Nothing was made. The site's plan may hold no more collections.",
    )
