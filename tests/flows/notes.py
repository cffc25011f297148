"""What tests of whole runs say about their notes: which there are, what they say, and how they come on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import orjson

from importer.sandbox.api import Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night


def names(number: int) -> list[str]:
    return sorted(f"note-{n}" for n in range(1, number + 1))


def content(number: int, **other: str) -> dict[str, Any]:
    return {"name": f"Note {number}", "slug": f"note-{number}", "text": f"Text of note {number}"} | other


def complete(one: Night, number: int) -> None:
    """All rows are live once, and nothing else is there; no row is in doubt and the state names each item."""
    assert one.published() == names(number)
    items = {item["id"]: item["fieldData"]["slug"] for item in one.items(live=False)}
    assert len(items) == number
    assert dict(one.ask_state("SELECT item_id, slug FROM rows WHERE status = 'published'")) == items


class Wire(httpx.AsyncBaseTransport):
    """A wire that tells of each request before it goes, and may change its answer."""

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        *,
        before: Callable[[httpx.Request], None] = lambda request: None,
        after: Callable[[httpx.Request, httpx.Response], httpx.Response] = lambda request, response: response,
    ) -> None:
        self._inner, self._before, self._after = inner, before, after

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._before(request)
        return self._after(request, await self._inner.handle_async_request(request))

    async def aclose(self) -> None:
        await self._inner.aclose()


def creates(request: httpx.Request) -> bool:
    return request.method == "POST" and request.url.path.endswith("/items/live")


def meanwhile(one: Night, *deeds: Callable[[], None]) -> None:
    """Let somebody do things right after the first create went, before anybody looks for what became of it."""
    waiting = list(deeds)

    class Busy(Wire):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            try:
                return await super().handle_async_request(request)
            finally:
                if creates(request):
                    while waiting:
                        waiting.pop(0)()

    one.wire = Busy


def made(one: Night, fields: dict[str, Any], *, draft: bool = False) -> str:
    """Somebody else makes an item just now; gives its id."""
    collection = one.app.world.connection.execute("SELECT id FROM collections").fetchone()[0]
    body = orjson.dumps({"isDraft": draft, "isArchived": False, "fieldData": fields})
    answer = one.app.api.answer(Call("POST", f"/collections/{collection}/items/live", {}, body, "sandbox"))
    assert answer.status == 202, answer.body
    item_id: str = orjson.loads(answer.body)["id"]
    return item_id
