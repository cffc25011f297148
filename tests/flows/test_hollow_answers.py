"""Answers that say that all went well, and do not show what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import orjson
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night


class Forgetful(httpx.AsyncBaseTransport):
    """A wire to a Webflow that answers creates of one slug with success, and makes nothing of them."""

    def __init__(self, inner: httpx.AsyncBaseTransport, slug: str) -> None:
        self._inner, self._slug = inner, slug

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "POST":
            return await self._inner.handle_async_request(request)
        items = orjson.loads(await request.aread())["items"]
        kept = [item for item in items if item["fieldData"]["slug"] != self._slug]
        if not kept:
            return httpx.Response(202, json={"items": []}, request=request)
        headers = {name: value for name, value in request.headers.items() if name != "content-length"}
        less = httpx.Request("POST", request.url, content=orjson.dumps({"items": kept}), headers=headers)
        return await self._inner.handle_async_request(less)

    async def aclose(self) -> None:
        await self._inner.aclose()


@pytest.mark.parametrize("number", [2, 5, 240])
def test_row_that_is_never_made_does_not_keep_the_run_for_ever(night: Callable[..., Night], number: int) -> None:
    """Three times 202 without it, while the others are made: it is rejected like one that is always answered 500."""
    one = night()
    one.sheet = one.rows(number)
    one.wire = lambda inner: Forgetful(inner, "note-1")
    counts = one.run().counts
    assert (one.exit_code, counts.created, counts.rejected) == (1, number - 1, 1)
    assert one.outcome()[2] == ("rejected", "server_error")
    assert one.writes() <= number // 100 + 3


def test_nothing_is_ever_made(night: Callable[..., Night]) -> None:
    """Success after success, and nothing is there: an outage; once it is over, the next run makes the row."""
    one = night()
    one.sheet = one.rows(1)
    one.wire = lambda inner: Forgetful(inner, "note-1")
    assert one.run().counts.in_doubt == 1
    assert one.result is not None
    assert one.result.error is not None
    assert (one.exit_code, one.result.error.code) == (5, "outage")
    one.wire = lambda inner: inner
    assert one.run().counts.created == 1
    assert one.published() == ["note-1"]
