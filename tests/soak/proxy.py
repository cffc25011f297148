"""A wire between importer and sandbox that really breaks: it cuts connections, delays them and swallows answers."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Coroutine

_BEGIN: Final = re.compile(rb"(GET|POST|PATCH|DELETE) \S+ HTTP/1\.1\r\n")
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ITEMS: Final = re.compile(rb"POST \S*/items(/live)?[? ]")

TRICKS: Final = ("cut_up", "cut_down", "delay_up", "delay_down", "swallow")
"""What can happen to a request: it is cut on its way, its answer is cut, one of them is late, the answer is lost."""


@dataclass(slots=True)
class Trick:
    """What happens to the `nth` request of a method.

    `share` of its bytes pass before it is cut (0 to 1), a delay lasts `seconds`, `reset` cuts without a farewell.
    """

    what: str
    method: str = "POST"
    nth: int = 1
    share: float = 0.5
    seconds: float = 0.0
    reset: bool = False
    matched: int = 0

    def is_due(self, method: str) -> bool:
        """Count a request, and say whether it is the one."""
        self.matched += method == self.method
        return method == self.method and self.matched == self.nth


@dataclass(slots=True)
class _Line:
    """One connection: which trick waits for the request under way, and what of a cut is left to pass."""

    ends: list[asyncio.StreamWriter]
    trick: Trick | None = None
    left: int | None = None
    answered: bool = True
    creating: bool = False


class CutError(Exception):
    """The connection is cut here; `reset`: without a farewell."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__()
        self.reset = reset


@dataclass(slots=True)
class Seen:
    """What came by since the last plan: requests, those that create, and those of them whose answer began."""

    requests: int = 0
    creates: int = 0
    created: int = 0


@dataclass(slots=True)
class Proxy:
    """Listens on an address of its own and passes everything on to `port`; tricks are counted in `happened`.

    `longest` is how long a delayed request really took to be passed on, in seconds.
    """

    port: int
    happened: Counter[str] = field(default_factory=Counter)
    seen: Seen = field(default_factory=Seen)
    longest: float = 0.0
    _tricks: list[Trick] = field(default_factory=list)
    _lines: set[asyncio.Task[None]] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _server: asyncio.Server | None = None
    _thread: threading.Thread = field(init=False)
    _own: int = 0

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._own}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.up()
        return self

    def __exit__(self, *exc: object) -> None:
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def took(self) -> Counter[str]:
        """Tell which tricks happened since this was asked last."""
        happened, self.happened = self.happened, Counter()
        return happened

    def plan(self, tricks: list[Trick]) -> None:
        """Replace the tricks, and count afresh."""
        self._tricks = tricks
        self.seen = Seen()

    def up(self) -> None:
        """Listen."""
        self._wait(self._listen())

    def down(self) -> None:
        """Listen no more, so that connections are refused; cut those that are open."""
        self._wait(self._close())

    def _wait(self, work: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._own, limit=1 << 20)
        self._own = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        lines = set(self._lines)
        for task in lines:
            task.cancel()
        if lines:
            await asyncio.wait(lines)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        ends = [writer]
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
            ends.append(far_writer)
            await self._pass_on(_Line(ends), reader, far_reader)
        except CutError as cut:
            for end in ends:
                _abort(end, reset=cut.reset)
        except OSError:  # one of the two has gone; so the other one loses the connection
            for end in ends:
                _abort(end, reset=True)
        except asyncio.CancelledError:
            for end in ends:
                _abort(end, reset=True)
        finally:
            self._lines.discard(task)
            for end in ends:
                end.close()

    async def _pass_on(self, line: _Line, reader: asyncio.StreamReader, far: asyncio.StreamReader) -> None:
        """Pass bytes on in both directions until one of them ends; a request on its way still arrives."""
        up = asyncio.ensure_future(self._up(line, reader, line.ends[1]))
        down = asyncio.ensure_future(self._down(line, far, line.ends[0]))
        try:
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            for task in (up, down):
                if task.done():
                    task.result()
        finally:
            for task in (up, down):
                task.cancel()
            await asyncio.gather(up, down, return_exceptions=True)

    async def _up(self, line: _Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            begin = _BEGIN.match(data)  # httpx does not begin a request before the one before it was answered
            if begin:
                await self._begun(line, begin[1].decode(), data)
            if line.trick is not None and line.trick.what == "cut_up":
                data = self._part(line, data)
            writer.write(data)
            await writer.drain()
            if line.left == 0:
                raise CutError(reset=line.trick is not None and line.trick.reset)

    async def _begun(self, line: _Line, method: str, data: bytes) -> None:
        """A request begins: see what is to happen to it."""
        line.creating = bool(_ITEMS.match(data))
        line.answered, line.left = False, None
        self.seen.requests += 1
        self.seen.creates += line.creating
        due = [trick for trick in self._tricks if trick.is_due(method)]
        line.trick = due[0] if due else None
        if line.trick is None:
            return
        self.happened[line.trick.what] += 1
        if line.trick.what == "cut_up":
            line.left = _share(data, line.trick.share)
        elif line.trick.what == "delay_up":
            began = time.monotonic()
            await asyncio.sleep(line.trick.seconds)
            self.longest = max(self.longest, time.monotonic() - began)

    async def _down(self, line: _Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            what = line.trick.what if line.trick is not None else ""
            if what == "swallow":
                continue
            if not line.answered:
                line.answered = True
                self.seen.created += line.creating
                if line.trick is not None and what == "cut_down":
                    line.left = _share(data, line.trick.share)
                elif line.trick is not None and what == "delay_down":
                    await asyncio.sleep(line.trick.seconds)
            if what == "cut_down":
                data = self._part(line, data)
            writer.write(data)
            await writer.drain()
            if what == "cut_down" and line.left == 0:
                raise CutError(reset=line.trick is not None and line.trick.reset)

    @staticmethod
    def _part(line: _Line, data: bytes) -> bytes:
        """As much as may still pass before the cut."""
        assert line.left is not None
        data = data[: line.left]
        line.left -= len(data)
        return data


def _share(data: bytes, share: float) -> int:
    """How many bytes of a message pass, by its head: less than the whole."""
    length = _LENGTH.search(data)
    head = data.find(b"\r\n\r\n") + 4
    whole = head + (int(length[1]) if length else 0)
    return min(int(whole * share), whole - 1)


def _abort(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    """End a connection: with a farewell once what was written has arrived, or without (RST)."""
    if not reset:
        writer.close()
        return
    sock: socket.socket | None = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
