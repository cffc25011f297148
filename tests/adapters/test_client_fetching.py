"""A sheet at a web address: what is fetched, what is refused, and that nobody there learns of Webflow."""

from __future__ import annotations

import asyncio
import gzip
import io
from typing import TYPE_CHECKING

import pytest

from importer.client.fetching import fetch
from importer.errors import Outage, SourceError
from tests.shelf import Answer, Shelf, open_shelf

if TYPE_CHECKING:
    from collections.abc import Iterator

SHEET = b"a,b\n1,2\n"


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with open_shelf() as one:
        yield one


def fetched(address: str, *, largest: int = 1 << 20, patience: float = 5, waits: tuple[float, ...] = ()) -> bytes:
    kept = io.BytesIO()
    asyncio.run(fetch(address, kept, largest=largest, patience=patience, waits=waits))
    return kept.getvalue()


def refusal(address: str, *, largest: int = 1 << 20) -> SourceError:
    with pytest.raises(SourceError) as caught:
        fetched(address, largest=largest)
    assert caught.value.hint
    return caught.value


def test_a_sheet_is_fetched_as_it_is(shelf: Shelf) -> None:
    """Byte for byte; what the transport packed is unpacked, what is a packed file stays one."""
    assert fetched(shelf.sheet("/a.csv", b"\xff\x00a\r\n")) == b"\xff\x00a\r\n"
    packed = gzip.compress(SHEET)
    assert fetched(shelf.sheet("/a.csv.gz", packed)) == packed
    address = shelf.put("/b.csv", Answer(packed, headers={"Content-Encoding": "gzip"}))
    assert fetched(address) == SHEET


def test_nobody_there_is_told_a_token(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by a header nor by a cookie, also where the environment holds one."""
    monkeypatch.setenv("WEBFLOW_TOKEN", "very-secret")
    address = shelf.put("/a.csv", Answer(status=302, headers={"Location": "/b.csv", "Set-Cookie": "x=1"}))
    shelf.sheet("/b.csv", SHEET)
    assert fetched(address) == SHEET
    assert [path for path, _ in shelf.asked] == ["/a.csv", "/b.csv"]
    for _, headers in shelf.asked:
        assert "authorization" not in headers
        assert "very-secret" not in str(headers)


def test_redirects_are_followed_but_never_off_encryption_or_in_a_circle(shelf: Shelf) -> None:
    """To http only on this machine, and only from there."""
    shelf.sheet("/c.csv", SHEET)
    shelf.put("/b.csv", Answer(status=307, headers={"Location": "c.csv"}))
    assert fetched(shelf.put("/a.csv", Answer(status=301, headers={"Location": "/b.csv"}))) == SHEET
    away = shelf.put("/away.csv", Answer(status=302, headers={"Location": "http://example.org/x.csv?key=1"}))
    assert "leads to http://example.org/x.csv, which is not encrypted" in refusal(away).message
    round_ = shelf.put("/round.csv", Answer(status=302, headers={"Location": "/round.csv"}))
    assert "leads in a circle" in refusal(round_).message
    odd = shelf.put("/odd.csv", Answer(status=302, headers={"Location": "http://[x/"}))
    assert "leads to what is no address" in refusal(odd).message


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://example.org/a.csv", "http://example.org/a.csv is not encrypted"),
        ("https://ada:secret@example.org/a.csv", "The address https://example.org/a.csv holds a name or a password."),
        ("https://", "https:// is no web address"),
        ("https:/a.csv", "https:/a.csv is no web address"),
        ("https://[x/a.csv", "https://[x/a.csv is no web address"),
        ("https://example.org:x/a.csv", "https://example.org:x/a.csv is no web address"),
    ],
)
def test_addresses_that_cannot_be_used_are_refused(address: str, message: str) -> None:
    """Before anything is asked."""
    said = refusal(address)
    assert said.message.startswith(message)
    assert "secret" not in said.message + said.hint


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(b"who?", 401), "is not open to everybody: the server answers 401."),
        (Answer(b"no", 403), "is not open to everybody: the server answers 403."),
        (Answer(b"?", 404), "There is nothing at"),
        (Answer(status=204), "gives no sheet: the server answers 204."),
        (Answer(b"?", 418), "gives no sheet: the server answers 418."),
        (Answer(SHEET, headers={"Content-Type": "text/html; charset=utf-8"}), "gives a web page, and no sheet."),
        (Answer(b"\n<!DOCTYPE html><title>Log in"), "gives a web page, and no sheet."),
        (Answer(b"x" * 2000), "gives more than 0 MB."),
        (Answer(gzip.compress(b"x" * 2000), headers={"Content-Encoding": "gzip"}), "gives more than 0 MB."),
    ],
)
def test_answers_that_are_no_sheet_are_refused(shelf: Shelf, answer: Answer, message: str) -> None:
    """With what to do; what stands behind `?` is not shown."""
    said = refusal(shelf.put("/a.csv?key=secret", answer), largest=1000)
    assert message in said.message
    assert "secret" not in said.message + said.hint


def test_trouble_that_may_pass_is_tried_again(shelf: Shelf) -> None:
    """A busy server, and an answer that broke off; nothing of the first try is left in the file."""
    busy = Answer(b"later, please, much later", 503)
    cut = Answer(b"x" * 100, breaks_after=50)
    assert fetched(shelf.put("/a.csv", busy, cut, Answer(SHEET)), waits=(0, 0)) == SHEET
    with pytest.raises(Outage, match=r"cannot be fetched: the server answers 503"):
        fetched(shelf.put("/b.csv", busy), waits=(0,))
    with pytest.raises(Outage, match=r"cannot be fetched: the answer of 127\.0\.0\.1 broke off"):
        fetched(shelf.put("/c.csv", cut))


def test_who_does_not_answer_is_an_outage(shelf: Shelf) -> None:
    """Nobody listens there, or it takes too long."""
    with pytest.raises(Outage, match=r"no connection to 127\.0\.0\.1"):
        fetched("http://127.0.0.1:9/a.csv")
    busy = shelf.put("/a.csv", Answer(status=503))
    with pytest.raises(Outage, match="was not there whole after 0 s"):
        fetched(busy, patience=0.2, waits=(60,))
