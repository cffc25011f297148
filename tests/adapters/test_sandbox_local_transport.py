from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from importer.client.local import LocalTransport

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]
    Send = Callable[[Message], Awaitable[None]]
    Receive = Callable[[], Awaitable[Message]]


class BrokenError(Exception):
    """A break as an application raises it; the transport knows it by `wire_fault` alone."""

    def __init__(self, kind: str) -> None:
        self.wire_fault = kind


async def answer(send: Send, body: bytes = b"ok") -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"1"), (b"x-a", b"2")]})
    await send({"type": "http.response.body", "body": body[:1], "more_body": True})
    await send({"type": "http.response.body", "body": body[1:]})


async def test_request_and_answer_pass_through_whole() -> None:
    """Method, path, query, headers and body arrive; doubled headers come back."""
    seen: dict[str, Any] = {}

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        seen.update(scope, body=(await receive())["body"], after=(await receive())["type"])
        await answer(send)

    async with httpx.AsyncClient(transport=LocalTransport(app)) as http:
        got = await http.post("http://here:99/a%20b?c=%26", content=b"body", headers={"X-Sent": "yes"})

    assert (got.status_code, got.text, got.headers.get_list("x-a")) == (200, "ok", ["1", "2"])
    assert (seen["method"], seen["path"], seen["raw_path"]) == ("POST", "/a b", b"/a%20b")
    assert (seen["query_string"], seen["body"], seen["after"]) == (b"c=%26", b"body", "http.disconnect")
    assert (b"x-sent", b"yes") in seen["headers"]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("refused", httpx.ConnectError),
        ("reset", httpx.ReadError),
        ("timeout", httpx.ReadTimeout),
        ("truncated", httpx.RemoteProtocolError),
    ],
)
async def test_break_of_the_wire_is_the_error_that_httpx_raises(kind: str, error: type[Exception]) -> None:
    """Also when a part of the answer was sent."""

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise BrokenError(kind)

    async with httpx.AsyncClient(transport=LocalTransport(app)) as http:
        with pytest.raises(error):
            await http.get("http://here/")


async def test_mistake_of_the_application_is_not_taken_for_a_broken_wire() -> None:
    """Bugs are raised as they are."""

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        raise KeyError("bug")

    async with httpx.AsyncClient(transport=LocalTransport(app)) as http:
        with pytest.raises(KeyError):
            await http.get("http://here/")


@pytest.mark.parametrize("leave", ["timeout", "cancel"])
async def test_client_that_gives_up_does_not_stop_the_work(leave: str) -> None:
    """httpx.ASGITransport takes the work down with the client; a real server does not. Closing waits for it."""
    done: list[str] = []
    begun, go = asyncio.Event(), asyncio.Event()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        begun.set()
        await go.wait()
        done.append("work")
        await answer(send)

    transport = LocalTransport(app)
    timeout = 0.01 if leave == "timeout" else None
    async with httpx.AsyncClient(transport=transport, timeout=timeout) as http:
        asked = asyncio.create_task(http.get("http://here/"))
        await begun.wait()
        if leave == "cancel":
            asked.cancel()
        with pytest.raises(httpx.ReadTimeout if leave == "timeout" else asyncio.CancelledError):
            await asked
        assert done == []
        go.set()
    assert done == ["work"]
