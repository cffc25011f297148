from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from importer.sandbox import Sandbox, create_app, serve, serving
from importer.sandbox.served import _listen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVER = """
import sys
from pathlib import Path
from importer.sandbox import serve
serve(Path(sys.argv[1]), port=0, on_ready=lambda port: print(port, flush=True))
print("ended", flush=True)
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Open one sandbox for all tests of this file."""
    with closing(create_app(tmp_path_factory.mktemp("served") / "s.db", switches={"rate_limit": "6000"})) as opened:
        yield opened


@pytest.fixture(scope="module")
def http(app: Sandbox) -> Iterator[httpx.Client]:
    """Serve it on a socket."""
    with (
        serving(app) as address,
        httpx.Client(base_url=f"{address}/v2/", headers={"Authorization": "Bearer sandbox"}, timeout=5) as client,
    ):
        yield client


@pytest.fixture
def tags(http: httpx.Client) -> str:
    """Find the path of the tags' items."""
    site = http.get("sites").json()["sites"][0]["id"]
    found = http.get(f"sites/{site}/collections").json()["collections"]
    return next(f"collections/{one['id']}/items" for one in found if one["slug"] == "tags")


def slugs(http: httpx.Client, tags: str) -> list[str]:
    """List the slugs of all tags."""
    return [one["fieldData"]["slug"] for one in http.get(tags).json()["items"]]


@pytest.mark.parametrize(
    ("do", "error", "written"),
    [
        ("refuse", httpx.TransportError, False),
        ("reset_before", httpx.TransportError, False),
        ("reset_after", httpx.TransportError, True),
        ("truncated", httpx.RemoteProtocolError, True),
        ("timeout_then_commit", httpx.TransportError, True),
    ],
)
def test_connection_really_breaks(
    app: Sandbox, http: httpx.Client, tags: str, do: str, error: type[Exception], written: bool
) -> None:
    """No 500 of the server's own comes in its place, and the next request is served."""
    facts: dict[str, Any] = {"seconds": 0} if do == "timeout_then_commit" else {}
    app.set(faults=[{"when": {"method": "POST", "times": 1}, "do": do, **facts}])

    with pytest.raises(error):
        http.post(f"{tags}/live", json={"fieldData": {"name": do, "slug": do}})

    assert (do in slugs(http, tags)) == written


def test_cut_body_arrives_in_part(app: Sandbox, http: httpx.Client, tags: str) -> None:
    """Status and headers arrive, and the first half of the body."""
    app.set(faults=[{"when": {"method": "POST", "times": 1}, "do": "truncated"}])

    with http.stream("POST", f"{tags}/live", json={"fieldData": {"name": "cut"}}) as answer:
        assert answer.status_code == 202
        parts = answer.iter_raw()
        assert next(parts).startswith(b'{"id":')
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
            next(parts)


def test_a_request_that_breaks_off_is_none(
    app: Sandbox, http: httpx.Client, tags: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A client that dies while it speaks changes nothing, and leaves no trace in what the server says."""
    asked = len(app.log)
    address = http.base_url
    with socket.create_connection((address.host, address.port or 80)) as line:
        line.sendall(f"POST /v2/{tags} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{".encode())
    assert slugs(http, tags) == slugs(http, tags)
    assert len(app.log) == asked + 2
    assert caplog.text == ""


def test_slow_answer_outlasts_the_client_and_the_work_is_done(app: Sandbox, http: httpx.Client, tags: str) -> None:
    """A client that gives up does not stop the server."""
    app.set(faults=[{"when": {"method": "POST", "times": 1}, "do": "slow", "seconds": 0.1}])

    with pytest.raises(httpx.ReadTimeout):
        http.post(f"{tags}/live", json={"fieldData": {"name": "late", "slug": "late"}}, timeout=0.02)

    assert "late" not in slugs(http, tags)
    deadline = time.monotonic() + 5
    while "late" not in slugs(http, tags):
        assert time.monotonic() < deadline, "the work was not done"
        time.sleep(0.02)


def test_served_answers_have_one_date_and_no_word_of_the_server(http: httpx.Client) -> None:
    """The clock is the sandbox's own; 204 has no body."""
    headers = http.get("sites").headers
    assert len(headers.get_list("date")) == 1
    assert "server" not in headers


def test_answers_go_out_whole() -> None:
    """Head and body are two writes: no accepted connection holds the second one back until the first is confirmed."""
    with _listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_switches_of_a_running_sandbox_can_be_changed(http: httpx.Client) -> None:
    """`PUT /_sandbox`, and the page beside it."""
    root = str(http.base_url).removesuffix("/v2/")
    try:
        httpx.put(f"{root}/_sandbox", json={"switches": {"date_header": "no"}, "faults": []})
        assert "date" not in http.get("sites").headers
    finally:
        httpx.put(f"{root}/_sandbox", json={"switches": {"date_header": "yes"}})
    assert "Sandbox Gazette" in httpx.get(root).text


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_server_cleanly(tmp_path: Path, end: signal.Signals) -> None:
    """Port 0 picks a port and says which; nothing is printed by the server; the file is closed whole."""
    file = tmp_path / "s.db"
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, file], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        answer = httpx.get(f"http://127.0.0.1:{port}/v2/sites", headers={"Authorization": "Bearer sandbox"})
        assert answer.status_code == 200
        process.send_signal(end)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (out, err, process.returncode) == ("ended\n", "", 0)
    assert [one.name for one in tmp_path.iterdir()] == ["s.db"]


def test_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    """With what to do next."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match=rf"Cannot listen on 127\.0\.0\.1 port {port} .*Name another port"):
            serve(tmp_path / "s.db", port=port)
