"""Requests to an ASGI application in this process, with broken connections and time-outs as on a real wire."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]
    App = Callable[
        [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
        Awaitable[None],
    ]

_BREAKS: Final[dict[str, tuple[type[httpx.TransportError], str]]] = {
    "refused": (httpx.ConnectError, "All connection attempts failed"),
    "reset": (httpx.ReadError, "Connection reset by peer"),
    "timeout": (httpx.ReadTimeout, "The read operation timed out"),
    "truncated": (httpx.RemoteProtocolError, "peer closed connection without sending complete message body"),
}


@dataclass(slots=True)
class _Exchange:
    """What the application said to one request."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)


class LocalTransport(httpx.AsyncBaseTransport):
    """Runs the application in a task of its own for each request: a client that gives up does not stop its work.

    An exception of the application that has a `wire_fault` (refused, reset, timeout, truncated) becomes httpx's
    error for that; any other is raised as it is.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._running: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask the application; raises httpx's transport errors."""
        body = await request.aread()
        exchange = _Exchange()
        task = asyncio.create_task(self._run(request, body, exchange))
        self._running.add(task)
        task.add_done_callback(self._ended)
        patience = request.extensions.get("timeout", {}).get("read")
        done, _ = await asyncio.wait({task}, timeout=patience)
        if not done:
            raise httpx.ReadTimeout("The read operation timed out", request=request)
        error = task.exception()
        if error is not None:
            kind = getattr(error, "wire_fault", None)
            if kind is None:
                raise error
            break_, message = _BREAKS[kind]
            raise break_(message, request=request) from error
        return httpx.Response(exchange.status, headers=exchange.headers, content=bytes(exchange.body), request=request)

    async def aclose(self) -> None:
        """Wait until the application has ended all its work, also that which nobody waits for any more."""
        while self._running:
            await asyncio.wait(set(self._running))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # looked at here, so that the work of a client that left ends without a warning

    async def _run(self, request: httpx.Request, body: bytes, exchange: _Exchange) -> None:
        sent = False

        async def receive() -> Message:
            nonlocal sent
            if sent:
                return {"type": "http.disconnect"}
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                exchange.headers = list(message["headers"])
            elif message["type"] == "http.response.body":
                exchange.body += message.get("body", b"")

        await self._app(_scope(request), receive, send)


def _scope(request: httpx.Request) -> dict[str, Any]:
    path, _, query = request.url.raw_path.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": path,
        "root_path": "",
        "query_string": query,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "server": (request.url.host, request.url.port),
        "client": ("127.0.0.1", 0),
    }
