"""The wire between importer and Webflow: requests take their time both ways, and go on when their sender is gone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from importer.client.local import LocalTransport
    from tests.simulation.process import Process


class Wire(httpx.AsyncBaseTransport):
    """Carries each request in a task of its own; `tell` hears of each that came to an end, and how."""

    def __init__(
        self, inner: LocalTransport, process: Process, chance: random.Random, tell: Callable[[str], None]
    ) -> None:
        self._inner, self._process, self._chance, self._tell = inner, process, chance, tell
        self.slowness = 0.0
        self.under_way: set[asyncio.Task[httpx.Response]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._process.dead:
            await asyncio.Future()  # nobody sends
        await request.aread()
        ways = self._chance.random() * self.slowness, self._chance.random() * self.slowness
        journey = asyncio.create_task(self._carry(request, *ways))
        self.under_way.add(journey)
        journey.add_done_callback(self._arrived)
        done, _ = await asyncio.wait({journey}, timeout=request.extensions.get("timeout", {}).get("read"))
        if not done:
            raise httpx.ReadTimeout("The read operation timed out", request=request)
        return journey.result()

    async def _carry(self, request: httpx.Request, up: float, down: float) -> httpx.Response:
        await asyncio.sleep(up)
        what = f"{request.method} {request.url.raw_path.decode().removeprefix('/v2')}"
        try:
            answer = await self._inner.handle_async_request(request)
        except httpx.TransportError as error:
            self._tell(f"{what} {request.content.decode()[:400]} -> {type(error).__name__}")
            raise
        self._tell(f"{what} {request.content.decode()} -> {answer.status_code} {answer.text}")
        await asyncio.sleep(down)
        return answer

    def _arrived(self, journey: asyncio.Task[httpx.Response]) -> None:
        self.under_way.discard(journey)
        if not journey.cancelled():
            journey.exception()  # looked at here, so that an answer to a dead process is no complaint
