"""A web server on this machine that gives out sheets: each path has an answer of its own, and requests are kept."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Answer:
    """What is given: headers beside the body, and how many bytes of it before the connection breaks (all of them)."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    breaks_after: int | None = None


@dataclass(slots=True)
class Shelf:
    """`answers` by path (with what stands behind `?`): one, or several in turn, the last one for ever."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    def put(self, path: str, *answers: Answer) -> str:
        """Lay something there; gives its address."""
        self.answers[path] = list(answers)
        return f"http://127.0.0.1:{self.port}{path}"

    def sheet(self, path: str, text: str | bytes, kind: str = "text/csv") -> str:
        """Lay a sheet there; gives its address."""
        body = text if isinstance(text, bytes) else text.encode()
        return self.put(path, Answer(body, headers={"Content-Type": kind}))


@contextmanager
def open_shelf() -> Iterator[Shelf]:
    """Serve on a free port until left."""
    shelf = Shelf()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shelf.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            answers = shelf.answers.get(self.path, [Answer(b"nothing", 404)])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body[: answer.breaks_after])
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        shelf.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield shelf
        finally:
            server.shutdown()
            thread.join()
