"""The wire between importer and Webflow: requests take their time both ways, and go on when their sender is gone."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx
import orjson

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from importer.client.local import LocalTransport
    from tests.simulation.process import Process

MOST = "100"
"""Items of a page that the importer asks for."""


class Wire(httpx.AsyncBaseTransport):
    """Carries each request in a task of its own; `tell` hears of each that came to an end, and how.

    `ambush` is called before a page of a listing is read, with the number of such pages in this run. `page` is how
    many items a page has at most, as if the collection were many times larger. `answered` counts the answers of this
    run that told the rate limit, `sent` has the moments at which it sent something. `under_way` holds the bodies of the
    requests on their way, `orphans` those of them that processes have sent which are gone. `looked_ordered` says that
    a page, which is not all of its listing, ever looked as if it came newest first.
    """

    def __init__(
        self, inner: LocalTransport, process: Process, chance: random.Random, tell: Callable[[str], None]
    ) -> None:
        self._inner, self._process, self._chance, self._tell = inner, process, chance, tell
        self.slowness = 0.0
        self.page = int(MOST)
        self.ambush: Callable[[int], None] = lambda _page: None
        self.carried: Counter[str] = Counter()
        self.answered = 0
        self.under_way: dict[asyncio.Task[httpx.Response], bytes] = {}
        self.orphans: dict[asyncio.Task[httpx.Response], bytes] = {}
        self.sent: list[float] = []
        self.looked_ordered = False

    def begins(self) -> None:
        """Count the requests of a new process."""
        self.carried.clear()
        self.sent.clear()
        self.answered = 0
        self.orphans = dict(self.under_way)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._process.dead:
            await asyncio.Future()  # nobody sends
        await request.aread()
        self.carried[request.method] += 1
        self.sent.append(asyncio.get_running_loop().time())
        ways = self._chance.random() * self.slowness, self._chance.random() * self.slowness
        journey = asyncio.create_task(self._carry(request, *ways))
        self.under_way[journey] = request.content
        journey.add_done_callback(self._arrived)
        done, _ = await asyncio.wait({journey}, timeout=request.extensions.get("timeout", {}).get("read"))
        if not done:
            raise httpx.ReadTimeout("The read operation timed out", request=request)
        return journey.result()

    async def _carry(self, request: httpx.Request, up: float, down: float) -> httpx.Response:
        await asyncio.sleep(up)
        request = self._of_a_listing(request)
        what = f"{request.method} {request.url.raw_path.decode().removeprefix('/v2')}"
        try:
            answer = await self._inner.handle_async_request(request)
        except httpx.TransportError as error:
            self._tell(f"{what} {request.content.decode()} -> {type(error).__name__}")
            raise
        self._tell(f"{what} {request.content.decode()} -> {answer.status_code} {answer.text}")
        self.looked_ordered = self.looked_ordered or (request.method == "GET" and _looks_ordered(answer))
        await asyncio.sleep(down)
        self.answered += "X-RateLimit-Limit" in answer.headers
        return answer

    def _of_a_listing(self, request: httpx.Request) -> httpx.Request:
        """Let pages be small, and somebody act between two of them."""
        if request.method != "GET" or request.url.params.get("limit") != MOST or "slug" in request.url.params:
            return request
        self.carried["pages"] += 1
        self.ambush(self.carried["pages"])
        if self.page == int(MOST):
            return request
        smaller = httpx.Request("GET", request.url.copy_set_param("limit", str(self.page)), headers=request.headers)
        smaller.extensions = request.extensions
        return smaller

    def _arrived(self, journey: asyncio.Task[httpx.Response]) -> None:
        del self.under_way[journey]
        self.orphans.pop(journey, None)
        if not journey.cancelled():
            journey.exception()  # looked at here, so that an answer to a dead process is no complaint


def _looks_ordered(answer: httpx.Response) -> bool:
    """Whether a page, which is not all of its listing, goes from newer items to older ones."""
    if answer.status_code != httpx.codes.OK or "pagination" not in answer.text:
        return False
    with suppress(orjson.JSONDecodeError):  # a fault may have cut it
        page = orjson.loads(answer.content)
        made = [item["createdOn"] for item in page["items"]]
        whole = page["pagination"]["total"] <= len(made)
        return not whole and made == sorted(made, reverse=True) and made[:1] != made[-1:]
    return False
