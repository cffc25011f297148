"""The client: one request at a time past the pacer, and reads that are tried until they succeed."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx

from importer.client.wire import UNREADABLE, ApiError, Call, Reply, ReplyKind, read_error, read_json
from importer.errors import Bug, Outage, UsageError
from importer.errors.api import Consequence, RefusalKind
from importer.pacing import WINDOW, Backoff

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.model import Clock, Tally
    from importer.pacing import Pacer

CONNECT_TIMEOUT = 15.0
"""Seconds to open a connection."""

TRIES = 3
"""A read is tried this often at least before it is given up, and this often where it is answered a stray 403."""

_MOST_REFUSALS = 10
"""How often in a row a read may be answered 429."""

_NEVER_OPENED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


_AT_THE_DOOR = frozenset({"/sites", "/token/introspect"})
"""What every address of the API has; that it is not found is no matter of an id."""


class NotFound(UsageError):  # noqa: N818 - named like the classes of `errors`
    """Webflow has nothing under this address (404)."""

    def __init__(self, call: Call, error: ApiError | None) -> None:
        said = error.said if error else "404, without an explanation"
        super().__init__(
            f"Webflow does not find what {call} asks for. It says: {said}",
            "Check the id of the collection, site or item, and that the token belongs to this site."
            if error is not None and call.path not in _AT_THE_DOOR
            else "Check the base address (--base-url): Webflow's reads like https://api.webflow.com/v2.",
        )
        self.call = call
        self.error = error


class ReadRefused(Bug):
    """Webflow refused a read (a filter or a sort order that it does not take, for example)."""

    def __init__(self, call: Call, error: ApiError) -> None:
        super().__init__(f"Webflow refused {call} ({error.status}). It says: {error.said}")
        self.call = call
        self.error = error


@dataclass(slots=True)
class _Trouble:
    """How long and how often a read has failed; time that the pacer took does not count."""

    spent: float = 0.0
    failures: int = 0
    throttled: int = 0
    forbidden: int = 0


class Client:
    """Sends requests to Webflow: paced, counted in `tally`, and never the same one twice but for reads.

    `patience` (seconds) is how long a read is tried without success. A task that is cancelled while its request is
    under way leaves nothing behind but that the server may have counted the request.
    """

    def __init__(
        self, http: httpx.AsyncClient, pacer: Pacer, clock: Clock, tally: Tally, *, patience: float = 300
    ) -> None:
        self._http = http
        self._pacer = pacer
        self._clock = clock
        self._tally = tally
        self._patience = patience
        self._turn = asyncio.Lock()
        self._queued = 0
        self._news = asyncio.Event()
        self._waits: dict[object, tuple[str, float]] = {}
        self._first_sent: float | None = None
        self._latencies = (0, 0.0)
        self.server_time: datetime | None = None
        self._server_time_at = (0.0, 0.0)

    def server_now(self) -> tuple[datetime, datetime] | None:
        """The server's clock, between two bounds: a `Date` has whole seconds; None while no answer had one."""
        if self.server_time is None:
            return None
        now, (sent_at, received_at) = self._clock.monotonic(), self._server_time_at
        earliest = self.server_time + timedelta(seconds=now - received_at)
        return earliest, self.server_time + timedelta(seconds=now - sent_at + 1)

    @property
    def waiting_for(self) -> str:
        """What is waited for just now, for people: "the rate limit (41 s)", or nothing."""
        if not self._waits:
            return ""
        what, until = min(self._waits.values(), key=lambda wait: wait[1])
        seconds = until - self._clock.monotonic()
        return what if math.isinf(until) else f"{what} ({max(0, math.ceil(seconds))} s)"

    def requests_left(self, now: float | None = None) -> int | None:
        """Count the requests that may still go in this minute; None before the first answer."""
        return self._pacer.left(self._clock.monotonic() if now is None else now)

    def pace(self) -> tuple[int, float] | None:
        """Requests that may go in a minute, and the seconds that an answer takes; None within the first minute."""
        answers, seconds = self._latencies
        if self._first_sent is None or not answers or self._clock.monotonic() < self._first_sent + WINDOW:
            return None
        return self._pacer.allowance, seconds / answers

    def resent(self) -> None:
        """Count a write that carries what an earlier one carried."""
        self._tally.retried += 1

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, call: Call, *, before: Callable[[], None] | None = None) -> Reply:
        """Send one request, once, as soon as the pacer lets it go; `before` is called right before it goes.

        Never raises for what happens on the wire: that is what `Reply.kind` says.
        """
        reply, _ = await self._send(call, before)
        return reply

    async def read(self, call: Call) -> Any:
        """Read something: the parsed body of a success; tried again through outages, limits and stray 403s.

        Raises Outage once `patience` has passed without success, NotFound for a 404, ReadRefused for any other refusal
        of this one request, and TokenError, ScopeError, SiteUnpublished, ... where the API's error says so.
        """
        backoff, trouble = Backoff(), _Trouble()
        while True:
            reply, sent_at = await self._send(call)
            if reply.kind is ReplyKind.OK:
                return reply.body
            trouble.spent += self._clock.monotonic() - sent_at
            self._give_up(call, reply, trouble)
            self._tally.retried += 1
            if reply.status != httpx.codes.TOO_MANY_REQUESTS:
                pause = backoff.failed()
                trouble.spent += pause
                await self._pause(f"Webflow: {reply.reason}", pause)

    async def _send(self, call: Call, before: Callable[[], None] | None = None) -> tuple[Reply, float]:
        """Send one request; its reply, and when it went."""
        request = self._request(call)
        self._queued += 1
        try:
            async with self._turn:
                await self._let_go()
                if before is not None:
                    before()
                sent_at = self._clock.monotonic()
                self._pacer.sent(sent_at)
        finally:
            self._queued -= 1
        self._tally.sent += 1
        self._first_sent = sent_at if self._first_sent is None else self._first_sent
        reply = await self._exchange(request, sent_at)
        if reply.kind is ReplyKind.OK:
            answers, seconds = self._latencies
            self._latencies = answers + 1, seconds + self._clock.monotonic() - sent_at
        return reply, sent_at

    def _give_up(self, call: Call, reply: Reply, trouble: _Trouble) -> None:
        """Raise if there is no sense in trying a read again."""
        error = reply.error
        if reply.status == httpx.codes.NOT_FOUND:
            raise NotFound(call, error)
        if reply.status is not None and httpx.codes.is_redirect(reply.status):
            raise UsageError(f"{call} was answered with a redirect ({reply.status}).", "Check the base address.")
        if reply.status == httpx.codes.TOO_MANY_REQUESTS:
            trouble.throttled += 1
            if trouble.throttled < _MOST_REFUSALS:
                return
        elif error is not None:
            self._refused(call, error, trouble)
        trouble.failures += 1
        over = trouble.failures >= TRIES and trouble.spent >= self._patience
        if over or trouble.throttled >= _MOST_REFUSALS:
            raise Outage(
                f"{call} did not succeed in {trouble.failures} tries: {reply.reason}.",
                "Run the same command again later: it goes on where it stopped."
                if reply.kind is not ReplyKind.NOT_CARRIED_OUT or reply.status is not None
                else "See that this machine reaches the network and that the address is right (--base-url),"
                " then run the same command again: it goes on where it stopped.",
            )

    @staticmethod
    def _refused(call: Call, error: ApiError, trouble: _Trouble) -> None:
        rule = error.rule()
        if error.kind() is RefusalKind.STRAY_403:
            trouble.forbidden += 1
            if trouble.forbidden >= TRIES:
                raise error.exception()
        elif rule.consequence is Consequence.STOP:
            raise error.exception()
        elif rule.consequence is Consequence.REJECT:
            raise ReadRefused(call, error)

    def _request(self, call: Call) -> httpx.Request:
        return self._http.build_request(
            call.method,
            call.path,
            params=call.params or None,
            content=call.body,
            headers={"Content-Type": "application/json"} if call.body is not None else None,
            timeout=httpx.Timeout(call.timeout, connect=min(CONNECT_TIMEOUT, call.timeout)),
        )

    async def _let_go(self) -> None:
        """Return when the pacer lets the next request go; an answer that comes meanwhile may make that sooner."""
        held = False
        while (pause := self._pacer.wait(self._clock.monotonic(), self._queued)) > 0:
            self._news.clear()
            if math.isinf(pause):
                await self._news.wait()
                continue
            if not held:
                self._tally.throttled += 1
                held = True
            capped = self._pacer.capped(self._clock.monotonic())
            limit = f"your own limit of {self._pacer.own_limit} requests a minute" if capped else "the rate limit"
            await self._pause(limit, pause, until_news=True)

    async def _pause(self, what: str, seconds: float, *, until_news: bool = False) -> None:
        wait = object()
        self._waits[wait] = (what, self._clock.monotonic() + seconds)
        tasks = [asyncio.ensure_future(self._clock.sleep(seconds))]
        if until_news:
            tasks.append(asyncio.ensure_future(self._heard()))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            del self._waits[wait]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _heard(self) -> None:
        await self._news.wait()

    async def _exchange(self, request: httpx.Request, sent_at: float) -> Reply:
        response, content, told = None, b"", False
        try:
            response = await self._http.send(request, stream=True)
            try:
                self._answered(sent_at, response)
                told = True
                content = await response.aread()
            finally:
                await response.aclose()
        except _NEVER_OPENED as error:
            self._pacer.not_answered(sent_at, self._clock.monotonic(), reached=False)
            told = True
            return Reply(ReplyKind.NOT_CARRIED_OUT, reason=_unopened(request, error))
        except httpx.RequestError as error:
            reason = f"the answer was lost ({_words(error)})"
            if response is None:
                return Reply(ReplyKind.LOST, reason=reason)
            if response.status_code != httpx.codes.TOO_MANY_REQUESTS:
                return Reply(ReplyKind.LOST, response.status_code, server_time=_date(response), reason=reason)
        finally:
            if not told:
                self._pacer.not_answered(sent_at, self._clock.monotonic())
            self._news.set()
        return self._reply(response, content)

    def _answered(self, sent_at: float, response: httpx.Response) -> None:
        headers, date = response.headers, _date(response)
        if date is not None and (self.server_time is None or date >= self.server_time):
            self.server_time = date
            self._server_time_at = (sent_at, self._clock.monotonic())
        self._pacer.answered(
            sent_at,
            self._clock.monotonic(),
            response.status_code,
            headers.get("X-RateLimit-Limit"),
            headers.get("X-RateLimit-Remaining"),
            headers.get("Retry-After"),
            date,
        )

    def _reply(self, response: httpx.Response, content: bytes) -> Reply:
        status, date = response.status_code, _date(response)
        body = read_json(content) if content else UNREADABLE
        if response.is_success:
            if status == httpx.codes.NO_CONTENT:
                return Reply(ReplyKind.OK, status, None, None, date)
            if body is UNREADABLE:
                return Reply(ReplyKind.LOST, status, None, None, date, f"its answer ({status}) cannot be read")
            return Reply(ReplyKind.OK, status, body, None, date, rate=_rate(response))
        error = read_error(status, body)
        if status == httpx.codes.TOO_MANY_REQUESTS:
            self._tally.throttled += 1
            return Reply(ReplyKind.NOT_CARRIED_OUT, status, None, error, date, "too many requests (429)")
        if error is None:
            return Reply(ReplyKind.LOST, status, None, None, date, f"it answers {status} without saying why")
        return Reply(ReplyKind.REFUSED, status, None, error, date, f"it answers {status}: {error.message}")


def _date(response: httpx.Response) -> datetime | None:
    """Read the answer's `Date`, in UTC; None where it is missing or garbage."""
    try:
        date = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        return None
    return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)


def _rate(response: httpx.Response) -> tuple[str | None, str | None, str | None]:
    """Take what an answer says of the rate limit, as it stands there."""
    headers = response.headers
    return headers.get("X-RateLimit-Limit"), headers.get("X-RateLimit-Remaining"), headers.get("Retry-After")


def _unopened(request: httpx.Request, error: Exception) -> str:
    return f"no connection to {request.url.netloc.decode('ascii')} could be opened ({_words(error)})"


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
