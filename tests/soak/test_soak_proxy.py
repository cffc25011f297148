"""The wire of the soak does what its plan says: it cuts, delays and swallows exactly what it is told to."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.soak.proxy import Proxy, Trick

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = json.dumps({"items": ["x" * 50] * 20}).encode()


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent."""

    protocol_version = "HTTP/1.1"
    heard: list[bytes]

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        self.heard.append(body)
        self.send_response(202)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def wired(*tricks: Trick) -> Iterator[tuple[httpx.Client, Proxy, list[bytes]]]:
    """Give a client, the proxy that it speaks through, and what arrives behind it."""
    heard: list[bytes] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Heard", (Echo,), {"heard": heard}))
    thread = threading.Thread(target=lambda: server.serve_forever(0.01), daemon=True)
    thread.start()
    try:
        with Proxy(server.server_port) as proxy, httpx.Client(base_url=proxy.address, timeout=0.3) as client:
            proxy.plan(list(tricks))
            yield client, proxy, heard
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


def test_without_a_trick_everything_arrives() -> None:
    """Requests on one connection are told apart, and those that create are counted."""
    with wired() as (client, proxy, heard):
        for path in ("/v2/collections/1/items/live?x=1", "/v2/other", "/v2/collections/1/items?x=1"):
            assert client.post(path, content=BODY).content == BODY
        assert heard == [BODY] * 3
        assert (proxy.seen.requests, proxy.seen.creates, proxy.seen.created) == (3, 2, 2)


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize("what", ["cut_up", "cut_down"])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_cut_breaks_the_request_that_was_meant(what: str, share: float, reset: bool) -> None:
    """Up: nothing whole arrives. Down: it does, but not its answer. The request before and the one after are whole."""
    with wired(Trick(what, nth=2, share=share, reset=reset)) as (client, proxy, heard):
        assert client.post("/one", content=BODY).content == BODY
        with pytest.raises(httpx.TransportError):
            client.post("/two", content=BODY)
        assert client.post("/three", content=BODY).content == BODY
        assert heard == [BODY] * (2 if what == "cut_up" else 3)
        assert proxy.took() == {what: 1}


def test_a_swallowed_answer_never_comes() -> None:
    """The client's patience ends, the work is done."""
    with wired(Trick("swallow")) as (client, _, heard):
        with pytest.raises(httpx.ReadTimeout):
            client.post("/one", content=BODY)
        assert heard == [BODY]
        assert client.post("/two", content=BODY).content == BODY


def test_a_late_request_arrives_after_its_client_has_gone() -> None:
    """That is what a commit after the loss is made of."""
    with wired(Trick("delay_up", seconds=0.5)) as (client, proxy, heard):
        with pytest.raises(httpx.ReadTimeout):
            client.post("/one", content=BODY)
        assert heard == []
        deadline = time.monotonic() + 5
        while heard != [BODY]:
            assert time.monotonic() < deadline, "it never arrived"
            time.sleep(0.01)
        assert proxy.longest >= 0.5


def test_a_late_answer_arrives_in_time() -> None:
    """A delay that is shorter than the patience of the client is none."""
    with wired(Trick("delay_down", seconds=0.05)) as (client, _, _heard):
        assert client.post("/one", content=BODY).content == BODY


def test_connections_are_refused_while_it_is_down() -> None:
    """No connection opens; afterwards it listens at the same address."""
    with wired() as (client, proxy, heard):
        proxy.down()
        with pytest.raises(httpx.ConnectError):
            client.post("/one", content=BODY)
        proxy.up()
        assert client.post("/two", content=BODY).content == BODY
        assert heard == [BODY]
