"""One conversation about one scratch collection: its requests, and what makes a question stay open."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from importer.client import (
    NotFound,
    ReadRefused,
    ReplyKind,
    UnreadableAnswer,
    endpoints,
    read_created,
    read_page,
)
from importer.errors import CollectionChanged, Outage, PlanLimit, ScopeError, SiteUnpublished, TokenError
from importer.errors.api import Consequence, RefusalKind
from importer.pacing import Backoff
from importer.probing.answers import Answers, Unanswered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.client import ApiError, Call, Client, ListedItem, Page, Reply
    from importer.model import Clock

NEWEST_FIRST = (("sortBy", "createdOn"), ("sortOrder", "desc"))

TRIES = 5
"""How often a request that was not carried out is sent."""


class Refused(Exception):  # noqa: N818 - no error: a refusal is what is asked for
    """Webflow refused a request, in its own words."""

    def __init__(self, error: ApiError) -> None:
        super().__init__(f"{error.status}: {error.said}")
        self.error = error

    @property
    def kind(self) -> RefusalKind:
        """What the refusal is about."""
        return self.error.kind(creating=True)

    def names(self, *words: str) -> bool:
        """Whether Webflow speaks of one of these fields."""
        said = " ".join((self.error.said, *(one.param or "" for one in self.error.details))).casefold()
        return any(word in said for word in words)


@dataclass(slots=True)
class Made:
    """What one create made: the items as its answer shows them, the reply, and when it went and was answered."""

    items: tuple[ListedItem, ...]
    reply: Reply
    sent_at: float
    answered_at: float

    def by_slug(self, slug: str) -> ListedItem | None:
        """Find an item by its slug."""
        return next((item for item in self.items if item.slug == slug), None)

    def by_name(self, name: str) -> ListedItem | None:
        """Find an item by its name."""
        return next((item for item in self.items if item.name == name), None)


@dataclass(slots=True)
class Interview:
    """Asks one collection, which was made for it, and notes the answers; no other collection is written to.

    `locale` is the cmsLocaleId of a secondary locale, "" where the site has none; `lag` is how long after a refusal
    a listing is taken to show what was written (seconds).
    """

    client: Client
    clock: Clock
    collection: str
    locale: str
    lag: float
    answers: Answers = field(default_factory=Answers)
    mark: str = field(default_factory=lambda: secrets.token_hex(4))
    sortable: bool = True
    number: int = 0

    def fresh(self, word: str) -> tuple[str, str]:
        """Make up a slug and a name that nobody has."""
        self.number += 1
        return f"probe-{self.mark}-{word}-{self.number}", f"Probe {self.mark} {word} {self.number}"

    async def create(self, fields: Sequence[dict[str, str]], *, live: bool, locale: str = "") -> Made:
        """Create items in one request; raises Refused, Unanswered, or what ends the asking."""
        where = {"cmsLocaleId": locale} if locale else {}
        bodies = [orjson.dumps({"isDraft": not live, "isArchived": False, **where, "fieldData": one}) for one in fields]
        call = endpoints.create_items(self.collection, bodies, live=live, skip_invalid_files=False)
        reply, sent_at = await self._write(call)
        items = read_created(reply.body)
        if items is None:
            raise Unanswered(f"the answer to {call} cannot be read")
        return Made(tuple(items), reply, sent_at, self.clock.monotonic())

    async def update(self, item: str, fields: dict[str, str]) -> None:
        """Change a staged item; raises as `create` does."""
        await self._write(endpoints.update_items(self.collection, [orjson.dumps({"id": item, "fieldData": fields})]))

    async def delete(self, item: str) -> None:
        """Delete an item; raises as `create` does."""
        await self._write(endpoints.delete_items(self.collection, [item]))

    async def page(self, *asked: tuple[str, str], live: bool) -> Page:
        """Read a listing that fits on one page; raises Refused, Unanswered, or what ends the asking."""
        call = endpoints.items_asked(self.collection, asked, live=live)
        try:
            page = read_page(await self._read(call))
        except (NotFound, UnreadableAnswer, SiteUnpublished, CollectionChanged, PlanLimit) as error:
            raise Unanswered(f"{call} was not answered with a page of items: {error.message}") from error
        if len(page.items) != page.total:
            raise Unanswered(f"{call} shows {len(page.items)} of {page.total} items")
        return page

    async def newest(self, *, live: bool) -> Page:
        """Read a listing as runs do: newest first where Webflow takes that wish."""
        if self.sortable:
            try:
                return await self.page(*NEWEST_FIRST, live=live)
            except Refused as refused:
                self.sortable = False
                self.answers.tell("sort_created", "refused", f"GET items?sortBy=createdOn: {refused}")
        return await self.page(live=live)

    async def _read(self, call: Call) -> Any:
        """Read; a refusal counts where it comes twice, for one may come from anywhere."""
        try:
            return await self.client.read(call)
        except ReadRefused:
            try:
                return await self.client.read(call)
            except ReadRefused as error:
                raise Refused(error.error) from error

    async def _write(self, call: Call) -> tuple[Reply, float]:
        """Send a write once; again only where it was not carried out. Gives the reply, and when it went."""
        backoff = Backoff()
        sent_at = self.clock.monotonic()

        def before() -> None:
            nonlocal sent_at
            sent_at = self.clock.monotonic()

        for _ in range(TRIES):
            reply = await self.client.send(call, before=before)
            if reply.kind is ReplyKind.OK:
                return reply, sent_at
            if reply.kind is not ReplyKind.NOT_CARRIED_OUT:
                raise refusal_of(call, reply)
            await self.clock.sleep(backoff.failed())
        raise Outage(
            f"{call} was not carried out in {TRIES} tries: {reply.reason}.", "Run the same command again later."
        )


def refusal_of(call: Call, reply: Reply) -> Exception:
    """Weigh a reply that is no success: what ends the asking, a refusal, or a question that stays open."""
    error = reply.error
    if reply.kind is ReplyKind.LOST or error is None:
        return Unanswered(f"{call}: {reply.reason}")
    rule = error.rule(creating=True)
    if rule.stop in {TokenError, ScopeError} and rule.consequence is Consequence.STOP:
        return error.exception(creating=True)
    if rule.consequence is Consequence.SETTLE or error.kind(creating=True) is RefusalKind.STRAY_403:
        return Unanswered(f"{call} was answered {error.status}: {error.said}")
    return Refused(error)
