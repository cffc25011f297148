"""The sandbox on a socket, with connections that really break."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from importer.sandbox.app import create_app
from importer.sandbox.faults import WireFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send


class BreakingProtocol(H11Protocol):
    """HTTP over a connection that breaks where the application raises a `WireFault`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._whole: ASGIApp = self.app
        self.app = self._breaking

    async def _breaking(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._whole(scope, receive, send)
        except WireFault as fault:
            if fault.wire_fault == "truncated":
                self.transport.close()  # what was sent so far still arrives
            else:
                self.transport.abort()
            while (await receive())["type"] != "http.disconnect":
                pass


class _Server(uvicorn.Server):
    """A server that says when it listens, and that a signal ends without a trace."""

    def __init__(self, app: ASGIApp, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=BreakingProtocol,
                ws="none",
                lifespan="off",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,  # the sandbox has a clock of its own
                timeout_graceful_shutdown=2,
            )
        )
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {one: signal.signal(one, self.handle_exit) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ValueError(f"Cannot listen on {host} port {port} ({error.strerror}). Name another port.") from error
    # asyncio does so only for sockets that name their protocol; without it each answer waits 40 ms for its second half.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def serve(  # noqa: PLR0913 - what a sandbox can be told, each by its name
    path: Path,
    *,
    port: int,
    host: str = "127.0.0.1",
    seed: dict[str, Any] | None = None,
    switches: Mapping[str, str] | None = None,
    faults: Any = None,
    on_ready: Callable[[int], None] | None = None,
) -> None:
    """Serve a sandbox file until SIGINT or SIGTERM; `on_ready` gets the port (with port 0 the system picks a free one).

    Raises ValueError with a sentence: as `create_app` does, and if the port is taken.
    """
    with contextlib.closing(create_app(path, seed=seed, switches=switches, faults=faults)) as app:
        listener = _listen(host, port)
        bound = int(listener.getsockname()[1])
        with listener:
            server = _Server(app, lambda: on_ready(bound) if on_ready else None)
            asyncio.run(server.serve([listener]))


@contextlib.contextmanager
def serving(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve an application in a thread as long as the block lasts; gives its address, without `/v2`."""
    ready = threading.Event()
    with _listen(host, port) as listener:
        server = _Server(app, ready.set)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
        thread.start()
        ready.wait(10)
        try:
            yield f"http://{host}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
