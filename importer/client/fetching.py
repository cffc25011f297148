"""A sheet at a web address: fetched once, as it is, by a client that has no token."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import httpx

from importer.client.connecting import LOOPBACK, connect_without_token
from importer.errors import Outage, SourceError
from importer.errors.addresses import without_secrets

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST = 512 << 20
"""Bytes of a sheet from a web address; ten million cells, the most that Google allows, are far fewer."""

PATIENCE = 600.0
"""Seconds that fetching may take in all."""

_WAITS = (1.0, 4.0)
"""Seconds before it is tried again where that may help."""

_HOPS = 10
_LOOK = 512
_HOST = re.compile(rb"[0-9a-zA-Z.:_-]+")
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html)", re.IGNORECASE)
_PAGE_KINDS = frozenset({"text/html", "application/xhtml+xml"})
_CLOSED = frozenset({401, 403, 407})
_NOTHING = frozenset({404, 410})
_LATER = frozenset({408, 425, 429, *range(500, 600)})
_GOOGLE = "docs.google.com"

_OPEN_HINT = (
    "It must be open to everybody who has the address, for the importer sends no password and no token there. "
    "Or download it, and name the file."
)
_GOOGLE_HINT = (
    "In Google Sheets: File > Share > Publish to web, choose the sheet and 'Comma-separated values (.csv)', "
    "and give the address that is shown there; it ends in output=csv."
)
_PAGE_HINT = "Give the address under which the sheet itself is downloaded. Or download it, and name the file."
_TYPED = "Check the address, best by opening it in a browser."


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was said of a sheet by whoever gave it: the encoding, if any."""

    charset: str | None


class _Passing(Exception):  # noqa: N818 - never leaves this module
    """It did not work this time; another time it may."""


async def fetch(
    address: str,
    to: IO[bytes],
    *,
    largest: int = LARGEST,
    patience: float = PATIENCE,
    waits: Sequence[float] = _WAITS,
) -> Fetched:
    """Fetch a sheet into a file that is open for writing: over https, or over http from this machine.

    Raises SourceError for what a person must mend, Outage where nobody answers in time.
    """
    start = _checked(address)
    name = without_secrets(address)
    try:
        async with asyncio.timeout(patience):
            for wait in (*waits, None):
                try:
                    return await _followed(start, to, largest)
                except _Passing as trouble:
                    if wait is None:
                        raise Outage(
                            f"{name} cannot be fetched: {trouble}.",
                            "Run the same command again later; or download the sheet, and name the file.",
                        ) from trouble
                    await asyncio.sleep(wait)
    except TimeoutError as error:
        raise Outage(
            f"{name} was not there whole after {patience:.0f} s.",
            "Run the same command again later; or download the sheet, and name the file.",
        ) from error
    raise AssertionError  # the last wait is None


def _checked(address: str) -> httpx.URL:
    name = without_secrets(address)
    try:
        url = httpx.URL(address.strip())
    except httpx.InvalidURL as error:
        raise SourceError(f"{name} is no web address: {error}.", _TYPED) from error
    if not _HOST.fullmatch(url.raw_host):
        raise SourceError(
            f"{name} is no web address: it names no host.", "It reads like https://example.org/people.csv."
        )
    if url.userinfo:
        raise SourceError(
            f"The address {name} holds a name or a password.",
            "The state file and the summaries would keep it. Download the sheet, and name the file.",
        )
    if url.scheme != "https" and not (url.scheme == "http" and url.host in LOOPBACK):
        raise SourceError(
            f"{name} is not encrypted, so anybody on the way could change the sheet.",
            "Write https:// instead of http://.",
        )
    return url


async def _followed(url: httpx.URL, to: IO[bytes], largest: int) -> Fetched:
    """Go where the address leads, and take what is there."""
    begun = url
    async with connect_without_token(loopback=url.host in LOOPBACK) as http:
        for _ in range(_HOPS):
            try:
                async with http.stream("GET", url) as answer:
                    if not answer.has_redirect_location:
                        return await _taken(answer, to, largest, begun)
                    url = _next(url, answer.headers["Location"])
            except (httpx.TransportError, httpx.DecodingError) as error:
                raise _Passing(_reason(error, url.host)) from error
    raise SourceError(f"{without_secrets(str(begun))} leads in a circle, from one address to the next.", _TYPED)


def _next(url: httpx.URL, location: str) -> httpx.URL:
    try:
        target = url.join(location)
    except httpx.InvalidURL as error:
        raise SourceError(f"{without_secrets(str(url))} leads to what is no address.", _TYPED) from error
    if not _HOST.fullmatch(target.raw_host):
        raise SourceError(f"{without_secrets(str(url))} leads to what is no address.", _TYPED)
    if target.scheme != "https" and (url.scheme == "https" or target.host not in LOOPBACK):
        raise SourceError(
            f"{without_secrets(str(url))} leads to {without_secrets(str(target))}, which is not encrypted.",
            "Download the sheet, and name the file.",
        )
    return target


async def _taken(answer: httpx.Response, to: IO[bytes], largest: int, begun: httpx.URL) -> Fetched:
    """Write the body into the file, unless it is no sheet."""
    name, status = without_secrets(str(begun)), answer.status_code
    hint = _GOOGLE_HINT if begun.host == _GOOGLE else None
    if status in _LATER:
        raise _Passing(f"the server answers {status} ({answer.reason_phrase or 'an error'})")
    if status in _CLOSED:
        raise SourceError(f"{name} is not open to everybody: the server answers {status}.", hint or _OPEN_HINT)
    if status in _NOTHING:
        raise SourceError(f"There is nothing at {name}: the server answers {status}.", hint or _TYPED)
    if status != httpx.codes.OK:
        raise SourceError(f"{name} gives no sheet: the server answers {status}.", hint or _TYPED)
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    to.seek(0)
    to.truncate()
    size, start = 0, b""
    async for piece in answer.aiter_bytes():
        size += len(piece)
        start = start if len(start) >= _LOOK else start + piece[:_LOOK]
        if size > largest:
            raise SourceError(
                f"{name} gives more than {largest >> 20:,} MB.",
                "Is it the right address? If it is, download the sheet, and name the file.",
            )
        to.write(piece)
    if kind in _PAGE_KINDS or _PAGE.match(start):
        asks = ", which may ask to log in" if answer.url.host != begun.host else ""
        raise SourceError(f"{name} gives a web page{asks}, and no sheet.", hint or _PAGE_HINT)
    to.flush()
    return Fetched(answer.charset_encoding)


def _reason(error: Exception, host: str) -> str:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return f"no connection to {host} ({str(error) or 'no answer'})"
    if isinstance(error, httpx.TimeoutException):
        return f"{host} stopped answering"
    return f"the answer of {host} broke off ({str(error) or type(error).__name__})"
