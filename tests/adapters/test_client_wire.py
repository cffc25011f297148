"""The client against real sockets: what each way of answering, or not answering, is taken for."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson
import pytest

from importer.client import Client, NotFound, ReadRefused, Reply, ReplyKind, connect, endpoints
from importer.client.wire import Call
from importer.errors import CollectionChanged, Outage, ScopeError, TokenError, UsageError
from importer.model import SystemClock, Tally
from importer.pacing import Pacer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from importer.errors import ImporterError

DATE = "Wed, 21 Oct 2026 07:28:00 GMT"
LIMITS = "X-RateLimit-Limit: 6000\r\nX-RateLimit-Remaining: 5999\r\nRetry-After: 60\r\n"
BREAK = b"break"
HANG = b"hang"


def answer(status: str, body: str = "", *, headers: str = LIMITS, length: int | None = None) -> bytes:
    """Write an answer as it goes over the wire; `length` is the one announced."""
    said = len(body.encode()) if length is None else length
    kind = "text/html" if body.startswith("<") else "application/json"
    return (
        f"HTTP/1.1 {status}\r\nDate: {DATE}\r\nContent-Type: {kind}\r\nContent-Length: {said}\r\n{headers}\r\n{body}"
    ).encode()


def envelope(code: str | None, message: str = "Because", details: object = ()) -> str:
    """Write an error as Webflow does."""
    return orjson.dumps({"message": message, "code": code, "externalReference": None, "details": details}).decode()


@dataclass(slots=True)
class Quick:
    """A clock whose sleeps pass at once; `slept` is what was slept."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.slept.append(seconds)
        self.now += seconds


@dataclass(slots=True)
class Wire:
    """A server that answers each request with the next of `answers`, the last one for ever, and keeps what it got."""

    answers: list[bytes]
    port: int = 0
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                body = await reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b""
                self.heads.append(head)
                self.bodies.append(body)
                said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if said is BREAK:
                    break
                if said is HANG:
                    await asyncio.sleep(30)
                writer.write(said)
                await writer.drain()
                if b"ruptly" in said:
                    break
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@dataclass(slots=True)
class Line:
    wire: Wire
    client: Client
    tally: Tally
    clock: Quick


@asynccontextmanager
async def line(*answers: bytes, patience: float = 300) -> AsyncIterator[Line]:
    """Open a line to a server that gives these answers."""
    wire, tally, clock = Wire(list(answers)), Tally(), Quick()
    tasks: set[asyncio.Task[None]] = set()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.ensure_future(wire.serve(reader, writer)))

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    client = Client(connect(f"http://127.0.0.1:{wire.port}/v2", "secret"), Pacer(), clock, tally, patience=patience)
    try:
        yield Line(wire, client, tally, clock)
    finally:
        await client.aclose()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    while not holds():  # noqa: ASYNC110 - what is looked at has no event
        await asyncio.sleep(0.001)


CHUNK = endpoints.create_items("c", [b'{"a":1}', b'{"b":2}'], live=True, skip_invalid_files=False)


async def reply_to(said: bytes, call: Call = CHUNK) -> Reply:
    """Send one call to a server that answers so."""
    async with line(said) as one:
        reply = await one.client.send(call)
        assert len(one.wire.heads) == one.tally.sent == 1
        return reply


async def test_request_as_it_goes_over_the_wire() -> None:
    """One HTTP/1.1 request below the base address, with the token, the explicit switch and the bytes of the items."""
    async with line(answer("202 Accepted", '{"items":[]}')) as one:
        reply = await one.client.send(CHUNK)
        head = one.wire.heads[0].decode()
        assert head.startswith("POST /v2/collections/c/items/live?skipInvalidFiles=false HTTP/1.1\r\n")
        assert "Authorization: Bearer secret\r\n" in head
        assert "User-Agent: importer/" in head
        assert "Content-Type: application/json\r\n" in head
        assert one.wire.bodies == [b'{"items":[{"a":1},{"b":2}]}']
        date = datetime(2026, 10, 21, 7, 28, tzinfo=UTC)
        assert reply == Reply(ReplyKind.OK, 202, {"items": []}, None, date, rate=("6000", "5999", "60"))
        assert one.client.server_time == reply.server_time
        assert one.client.requests_left() == 5999
        assert "secret" not in repr(one.client) + repr(reply) + str(vars(one.client))


@pytest.mark.parametrize(
    ("said", "kind", "status"),
    [
        (answer("200 OK", "[]"), ReplyKind.OK, 200),
        (b"HTTP/1.1 204 No Content\r\n\r\n", ReplyKind.OK, 204),
        (answer("202 Accepted", "not json"), ReplyKind.LOST, 202),
        (answer("202 Accepted", ""), ReplyKind.LOST, 202),
        (answer("202 Accepted", "<html>ok</html>"), ReplyKind.LOST, 202),
        (answer("202 Accepted", '{"items": [ruptly', length=500), ReplyKind.LOST, 202),
        (answer("202 Accepted", "x", headers="Content-Encoding: gzip\r\n"), ReplyKind.LOST, 202),
        (BREAK, ReplyKind.LOST, None),
        (b"no HTTP at all, abruptly\r\n\r\n", ReplyKind.LOST, None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nruptly", ReplyKind.LOST, None),
        (answer("502 Bad Gateway", "<html>502</html>"), ReplyKind.LOST, 502),
        (answer("504 Gateway Timeout", '{"message":"Endpoint request timed out"}'), ReplyKind.LOST, 504),
        (answer("503 Service Unavailable", ""), ReplyKind.LOST, 503),
        (answer("403 Forbidden", "<html>blocked</html>"), ReplyKind.LOST, 403),
        (answer("400 Bad Request", '["odd"]'), ReplyKind.LOST, 400),
        (answer("302 Found", "", headers="Location: /elsewhere\r\n"), ReplyKind.LOST, 302),
        (answer("400 Bad Request", envelope("validation_error")), ReplyKind.REFUSED, 400),
        (answer("409 Conflict", '{"message":"Site","externalReference":null,"details":[]}'), ReplyKind.REFUSED, 409),
        (answer("500 Error", envelope("internal_error")), ReplyKind.REFUSED, 500),
        (answer("503 Error", envelope("service_unavailable")), ReplyKind.REFUSED, 503),
        (answer("429 Slow", envelope("too_many_requests")), ReplyKind.NOT_CARRIED_OUT, 429),
        (answer("429 Slow", "<html>slow</html>"), ReplyKind.NOT_CARRIED_OUT, 429),
        (answer("429 Slow", "", headers=""), ReplyKind.NOT_CARRIED_OUT, 429),
        (answer("429 Slow", "{abruptly", length=90), ReplyKind.NOT_CARRIED_OUT, 429),
    ],
)
async def test_only_a_success_or_webflows_envelope_is_over(said: bytes, kind: ReplyKind, status: int | None) -> None:
    """All else is lost, but for a 429: nobody can say whether it was carried out."""
    reply = await reply_to(said)
    assert (reply.kind, reply.status) == (kind, status)
    assert bool(reply.reason) == (kind is not ReplyKind.OK)
    assert (reply.error is not None) >= (kind is ReplyKind.REFUSED)


async def test_time_out_is_lost() -> None:
    """An answer that does not come in time may still have had its effect."""
    reply = await reply_to(HANG, Call("POST", "/slow", body=b"{}", timeout=0.1))
    assert reply.kind is ReplyKind.LOST


async def test_connection_that_never_opened_was_not_carried_out() -> None:
    """Nobody heard the request; it costs nothing of the rate limit either."""
    async with line(answer("200 OK", "{}")) as one:
        await one.client.read(endpoints.sites())
        left = one.client.requests_left()
        http = connect("http://127.0.0.1:1/v2", "secret")
        closed = Client(http, one.client._pacer, one.clock, one.tally)
        reply = await closed.send(CHUNK)
        await closed.aclose()
        assert reply.kind is ReplyKind.NOT_CARRIED_OUT
        assert reply.status is None
        assert one.client.requests_left() == left


async def test_state_is_written_between_the_pacer_and_the_wire() -> None:
    """`before` is called once the pacer has let the request go; if it raises, nothing is sent."""
    async with line(answer("200 OK", "{}")) as one:
        seen: list[int] = []
        await one.client.send(CHUNK, before=lambda: seen.append(len(one.wire.heads)))
        assert seen == [0]

        def full() -> None:
            raise OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            await one.client.send(CHUNK, before=full)
        assert len(one.wire.heads) == one.tally.sent == 1
        assert (await one.client.send(CHUNK)).kind is ReplyKind.OK


async def test_cancelled_request_blocks_nothing() -> None:
    """A task that is cancelled raises; the next request goes, and the line is not held."""
    async with line(HANG, answer("200 OK", "{}")) as one:
        task = asyncio.ensure_future(one.client.send(CHUNK))
        await until(lambda: bool(one.wire.heads))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await one.client.send(CHUNK)).kind is ReplyKind.OK
        assert one.client._pacer._flying == []


async def test_cancelled_wait_for_the_limit_sends_nothing() -> None:
    """A task that is cancelled while it waits leaves no trace, and lets the next one wait."""
    spent = "X-RateLimit-Limit: 1\r\nX-RateLimit-Remaining: 0\r\nRetry-After: 59\r\n"
    async with line(answer("200 OK", "{}", headers=spent), answer("200 OK", "{}")) as one:
        await one.client.send(CHUNK)
        slow = Client(one.client._http, one.client._pacer, SystemClock(), one.tally)
        one.client._pacer._window.hi = SystemClock().monotonic() + 41
        task = asyncio.ensure_future(slow.send(CHUNK))
        await until(lambda: bool(slow.waiting_for))
        assert slow.waiting_for in {"the rate limit (41 s)", "the rate limit (42 s)"}
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not slow.waiting_for
        assert one.tally.sent == len(one.wire.heads) == 1


async def test_429_is_waited_for_by_the_next_request() -> None:
    """The next request goes once the time that the 429 named has passed."""
    async with line(answer("429 Slow", "", headers="Retry-After: 8\r\n"), answer("200 OK", "{}")) as one:
        await one.client.send(CHUNK)
        assert (await one.client.send(CHUNK)).kind is ReplyKind.OK
        assert sum(one.clock.slept) == pytest.approx(9, abs=0.1)
        assert one.tally == Tally(sent=2, retried=0, throttled=2)


async def test_only_one_request_is_in_flight_until_the_limit_is_known() -> None:
    """The first answer opens the line to the others."""
    async with line(answer("200 OK", "{}")) as one:
        replies = await asyncio.gather(*(one.client.send(CHUNK) for _ in range(8)))
        assert {reply.kind for reply in replies} == {ReplyKind.OK}
        assert not one.clock.slept


@pytest.mark.parametrize(
    "bad",
    [
        BREAK,
        answer("502 Bad Gateway", "<html>"),
        answer("500 Error", envelope("internal_error")),
        answer("429 Slow", envelope("too_many_requests"), headers="Retry-After: 0\r\n"),
        answer("403 Forbidden", envelope("forbidden")),
        answer("200 OK", "garbage"),
    ],
)
async def test_reads_are_tried_until_they_succeed(bad: bytes) -> None:
    """Reading changes nothing, so it is simply done again, with pauses."""
    async with line(bad, bad, answer("200 OK", '{"sites":[]}')) as one:
        assert await one.client.read(endpoints.sites()) == {"sites": []}
        assert (one.tally.sent, one.tally.retried) == (3, 2)
        assert one.clock.slept


@pytest.mark.parametrize(
    ("said", "error", "tries"),
    [
        (answer("401 Unauthorized", envelope("not_authorized")), TokenError, 1),
        (
            answer("403 Forbidden", envelope("missing_scopes", "You lack - 'cms:read'")),
            ScopeError,
            1,
        ),
        (answer("403 Forbidden", envelope("forbidden")), ScopeError, 3),
        (answer("404 Not Found", envelope("resource_not_found")), NotFound, 1),
        (answer("404 Not Found", "<html>"), NotFound, 1),
        (answer("404 Not Found", envelope("collection_not_found")), NotFound, 1),
        (
            answer("409 Conflict", envelope("conflict", "collection structure changed")),
            CollectionChanged,
            1,
        ),
        (answer("400 Bad", envelope("validation_error", "no such sort")), ReadRefused, 1),
        (answer("301 Moved", "", headers="Location: https://example.com/\r\n"), UsageError, 1),
    ],
)
async def test_reads_stop_where_trying_again_is_no_use(said: bytes, error: type[ImporterError], tries: int) -> None:
    """Each refusal becomes the exception that says what to do."""
    async with line(said) as one:
        with pytest.raises(error) as caught:
            await one.client.read(endpoints.collection("c"))
        assert len(one.wire.heads) == tries
        assert caught.value.message


async def test_a_path_that_every_api_has_blames_the_address() -> None:
    """There is no id in it that could be wrong; nor does Webflow answer a 404 without its envelope."""
    async with line(answer("404 Not Found", envelope("resource_not_found"))) as one:
        for call, blamed in ((endpoints.sites(), "--base-url"), (endpoints.collection("c"), "Check the id")):
            with pytest.raises(NotFound) as caught:
                await one.client.read(call)
            assert blamed in caught.value.hint


@pytest.mark.parametrize("bad", [BREAK, answer("500 Error", envelope("internal_error")), answer("503 Down", "")])
async def test_outage_after_patience(bad: bytes) -> None:
    """After `patience` without success a read gives up, and says what it saw."""
    async with line(bad, patience=20) as one:
        with pytest.raises(Outage, match="GET /sites did not succeed"):
            await one.client.read(endpoints.sites())
        assert 10 <= sum(one.clock.slept) <= 60


async def test_429_for_ever_is_an_outage() -> None:
    """Waiting for the limit does not use patience up, but it has an end."""
    async with line(answer("429 Slow", "", headers="Retry-After: 30\r\n"), patience=2) as one:
        with pytest.raises(Outage, match="429"):
            await one.client.read(endpoints.sites())
        assert len(one.wire.heads) == 10


@pytest.mark.parametrize("address", ["", "api.webflow.com/v2", "ftp://x/v2", "http://", "https://[::1/v2"])
def test_base_address_that_is_none(address: str) -> None:
    """A wrong address is told before anything is sent."""
    with pytest.raises(UsageError, match="no web address"):
        connect(address, "secret")


@pytest.mark.parametrize("token", ["", "a b", "a\n", "tökén", "a\r\nX-Evil: 1"])
def test_token_that_no_header_can_carry(token: str) -> None:
    """A token with blanks or line breaks was copied wrong; it is never shown."""
    with pytest.raises(TokenError) as caught:
        connect("https://api.webflow.com/v2", token)
    assert not token.strip() or token not in str(caught.value)
