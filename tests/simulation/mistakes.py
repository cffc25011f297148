"""Mistakes that the importer could have made when it sends: each is planted by replacing a part of it for a while."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from importer.client import Client, ReplyKind
from importer.errors.api import RefusalKind
from importer.model import Status
from importer.pacing import Pacer
from importer.planning import Chunk
from importer.publishing import sending
from importer.publishing.ledger import Ledger
from importer.publishing.matching import same_name
from importer.publishing.refusals import Refusal, Trust
from importer.publishing.sending import Sender
from importer.publishing.staged import Staged
from importer.publishing.waiting import Waiting
from importer.state import Published, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from importer.client import ApiError, ListedItem, Reply
    from importer.model import Item
    from importer.publishing.target import Todo


@contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Put something else in the place of a function, method or constant, for the time being."""
    here = name in vars(owner)  # else it is a base class's
    truly = vars(owner).get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if here:
            setattr(owner, name, truly)
        else:
            delattr(owner, name)


@contextmanager
def together(*plants: AbstractContextManager[None]) -> Iterator[None]:
    """Plant several at once."""
    with ExitStack() as stack:
        for plant in plants:
            stack.enter_context(plant)
        yield


def around(owner: Any, name: str, act: Callable[..., Any]) -> AbstractContextManager[None]:
    """Let `act` stand before a method: it is called with the true one, then with what that is called with."""
    truly = getattr(owner, name)

    def acted(*given: Any, **named: Any) -> Any:
        return act(truly, *given, **named)

    return replaced(owner, name, acted)


# Requests --------------------------------------------------------------------------------------------------------


def retries_after_5xx() -> AbstractContextManager[None]:
    """A POST is sent again, as it is, after 5xx."""

    async def send(truly: Any, client: Client, call: Any, **named: Any) -> Reply:
        reply: Reply = await truly(client, call, **named)
        again = call.method == "POST" and (reply.status or 0) >= 500
        return await truly(client, call) if again else reply

    return around(Client, "send", send)


def retries_after_a_loss() -> AbstractContextManager[None]:
    """A POST is sent again, as it is, after its answer was lost."""

    async def send(truly: Any, client: Client, call: Any, **named: Any) -> Reply:
        reply: Reply = await truly(client, call, **named)
        again = call.method == "POST" and reply.kind is ReplyKind.LOST
        return await truly(client, call) if again else reply

    return around(Client, "send", send)


def records_after_sending() -> AbstractContextManager[None]:
    """A request is written down once it is answered."""

    async def send(truly: Any, client: Client, call: Any, *, before: Any = None) -> Reply:
        reply: Reply = await truly(client, call)
        if before is not None:
            before()
        return reply

    return around(Client, "send", send)


def never_records_the_answer() -> AbstractContextManager[None]:
    """What is answered is not written down: the rows stay in flight."""

    def finish(truly: Any, state: State, request: int, *, outcome: str, **named: Any) -> None:
        if outcome != "answered":
            truly(state, request, outcome=outcome, **named)

    return around(State, "finish", finish)


def done_before_the_answer() -> AbstractContextManager[None]:
    """Rows are written down as published when they are sent."""

    def begin(truly: Any, state: State, **named: Any) -> int:
        request: int = truly(state, **named)
        with state._file.transaction() as file:
            file.execute(
                "UPDATE rows SET status = 'published', item_status = 'published', slug = slug_sent,"
                " item_id = coalesce(item_id, 'sent-' || key) WHERE status = 'in_flight' AND request = ?",
                (request,),
            )
        return request

    return around(State, "begin", begin)


def lost_create_is_done() -> AbstractContextManager[None]:
    """Rows whose answer was lost are called published."""

    async def lost(_truly: Any, sender: Sender, request: int, chunk: Chunk, reply: Reply) -> None:
        given = [
            Published(item.locale, item.key, f"lost-{item.key}", item.slug, Status.PUBLISHED) for item in chunk.items
        ]
        sender._place.state.finish(request, outcome="answered", at=reply.server_time, published=given)
        sender._ledger.answered(given)

    return around(Sender, "_lost", lost)


def lost_publish_is_done() -> AbstractContextManager[None]:
    """Staged items are called published though the answer was lost."""

    async def ask(truly: Any, staged: Staged, by_id: dict[str, Todo], locale: str) -> tuple[int, Reply]:
        request, reply = await truly(staged, by_id, locale)
        if reply.kind is ReplyKind.LOST:
            reply = replace(reply, kind=ReplyKind.OK, body={"publishedItemIds": list(by_id), "errors": []})
        return request, reply

    return around(Staged, "_ask", ask)


def throttled_is_done() -> AbstractContextManager[None]:
    """What was answered 429 is not sent again."""

    def again(truly: Any, waiting: Waiting, chunk: Chunk) -> None:
        if not throttled:
            truly(waiting, chunk)

    throttled: list[bool] = []

    async def send(truly: Any, client: Client, call: Any, **named: Any) -> Reply:
        reply: Reply = await truly(client, call, **named)
        if reply.status == 429:
            throttled.append(True)
        else:
            throttled.clear()
        return reply

    return together(around(Client, "send", send), around(Waiting, "again", again))


def heeds_no_limit() -> AbstractContextManager[None]:
    """Requests go out as fast as they can."""
    return replaced(Pacer, "wait", lambda *_given: 0.0)


# Answers ---------------------------------------------------------------------------------------------------------


def ignores_the_returned_slug() -> AbstractContextManager[None]:
    """The sent slug is written down, whatever slug came back."""

    def answer(truly: Any, ledger: Ledger, item: Item, listed: ListedItem, status: Status) -> Published:
        return truly(ledger, item, replace(listed, slug=item.slug), status)  # type: ignore[no-any-return]

    return around(Ledger, "answer", answer)


def matches_by_position() -> AbstractContextManager[None]:
    """The first item of an answer goes to the first row, and so on."""

    def match(items: Any, answered: Any, _schema: Any) -> dict[tuple[str, str], Any]:
        return {(item.locale, item.key): one for item, one in zip(items, answered, strict=False)}

    return replaced(sending, "match_answer", match)


def matches_by_name() -> AbstractContextManager[None]:
    """The items of an answer are matched by their names alone."""

    def match(items: Any, answered: Any, _schema: Any) -> dict[tuple[str, str], Any]:
        matched = {}
        left = list(answered)
        for item in items:
            fitting = [one for one in left if same_name(one.name, item.name)]
            if fitting:
                matched[item.locale, item.key] = fitting[0]
                left.remove(fitting[0])
        return matched

    return replaced(sending, "match_answer", match)


def unshown_is_not_made() -> AbstractContextManager[None]:
    """A row that the answer does not show is sent again at once."""

    async def record(truly: Any, sender: Sender, request: int, chunk: Chunk, created: Any, reply: Reply) -> None:
        await truly(sender, request, chunk, created, reply)
        for key in chunk.keys:
            doubtful = sender._settling.rows.pop(key, None)
            if doubtful is not None and doubtful.item is not None:
                sender._place.state.release([key])
                sender._waiting.again(Chunk((doubtful.item,)))

    return around(Sender, "_record", record)


def trusts_every_refusal() -> AbstractContextManager[None]:
    """A refused chunk is taken to have written nothing."""
    return replaced(Trust, "whole", lambda _trust, _code: True)


def trusts_after_one_guilty() -> AbstractContextManager[None]:
    """Refusals are trusted as whole once a guilty row was found, whatever stood ahead of it."""
    return replaced(Refusal, "proves_whole", lambda refusal: bool(refusal.guilty))


def rejects_the_chunk() -> AbstractContextManager[None]:
    """All rows of a refused chunk are rejected."""

    async def narrow(_truly: Any, sender: Sender, request: int, chunk: Chunk, reply: Reply, error: ApiError) -> None:
        sender._finish(request, "refused", reply, pending=chunk.keys)
        for item in chunk.items:
            sender.reject(item, "refused", error.said)

    return around(Sender, "_narrow", narrow)


def slug_taken_is_a_rejection() -> AbstractContextManager[None]:
    """A slug that is taken rejects the row, also where an earlier send of it may hold it."""

    async def alone(truly: Any, sender: Sender, request: int, item: Item, reply: Reply, error: ApiError) -> None:
        if error.kind(creating=True) is not RefusalKind.SLUG_TAKEN:
            await truly(sender, request, item, reply, error)
            return
        sender._finish(request, "refused", reply, pending=[(item.locale, item.key)])
        await sender.slug_refused(item)

    return around(Sender, "_refused_alone", alone)


def rejects_without_settling() -> AbstractContextManager[None]:
    """A row that is given up after server errors is rejected before a listing has told what became of it."""

    def doom(truly: Any, sender: Sender, chunk: Chunk, failures: int, said: str) -> bool:
        doomed: bool = truly(sender, chunk, failures, said)
        if doomed:
            sender.reject(chunk.items[0], "server_error", said)
        return doomed

    return around(Sender, "_doom_if_alone", doom)
