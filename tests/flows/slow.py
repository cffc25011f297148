"""A slow wire, and a rate limit that remembers how it was used."""

from __future__ import annotations

import asyncio
from random import Random

import httpx

from importer.sandbox.limits import Allowance, RateWindows


class SlowWire(httpx.AsyncBaseTransport):
    """Lets each answer take some seconds, by a part more or less; a twentieth of them goes by on the way up."""

    def __init__(self, inner: httpx.AsyncBaseTransport, latency: float, spread: float = 0.0) -> None:
        self._inner, self._latency, self._spread = inner, latency, spread
        self._random = Random(4)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        latency = self._latency * self._random.uniform(1 - self._spread, 1 + self._spread)
        await asyncio.sleep(latency * 0.05)
        answer = await self._inner.handle_async_request(request)
        await asyncio.sleep(latency * 0.95)
        return answer


class WatchedWindows(RateWindows):
    """Remembers when each window was opened, what was granted in it, and how many requests were refused."""

    def __init__(self) -> None:
        super().__init__()
        self.windows: list[tuple[float, int]] = []
        self.refused = 0

    def exhausted(self, token: str, now: float, limit: int) -> bool:
        refused = super().exhausted(token, now, limit)
        self.refused += refused
        return refused

    def count(self, token: str, now: float, limit: int) -> Allowance:
        allowance = super().count(token, now, limit)
        if allowance.remaining == limit - 1:
            self.windows.append((now, 0))
        if allowance.granted:
            opened, granted = self.windows[-1]
            self.windows[-1] = opened, granted + 1
        return allowance

    def used(self, limit: int, *, skip: int = 0) -> float:
        """Tell what part of the allowance was used, until the last window; the first ones may be left out."""
        *whole, (last, _) = self.windows[skip:]
        return sum(granted for _, granted in whole) / limit * 60 / (last - whole[0][0])
