"""Where transports are wired: addresses, token and headers of every request."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import httpx

from importer.client.wire import READ_TIMEOUT
from importer.errors import TokenError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""The names of this machine."""

_IDLE = 3.0
"""Seconds that an idle connection is kept: less than servers keep theirs, so that none is used while it is closed."""


_CONNECT_TIMEOUT = 15.0
"""Seconds to open a connection to an address that is not Webflow's."""


def connect(
    base_url: str, token: str, *, transport: httpx.AsyncBaseTransport | None = None, concurrency: int = 4
) -> httpx.AsyncClient:
    """Make the HTTP client for a base address ("https://api.webflow.com/v2"); `transport` replaces the network.

    Raises UsageError for an address that is none, TokenError for a token that no header can carry.
    """
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise TokenError(
            "The token is empty or holds characters that no token has.",
            "Copy it again from Webflow, without quotes, blanks or line breaks.",
        )
    try:
        address = httpx.URL(base_url.strip())
    except httpx.InvalidURL as error:
        raise UsageError(f"The base address {base_url!r} is no web address: {error}.", _ADDRESS_HINT) from error
    if address.scheme not in {"http", "https"} or not address.host:
        raise UsageError(f"The base address {base_url!r} is no web address.", _ADDRESS_HINT)
    trust_env = address.host not in LOOPBACK
    encrypted = transport is None and address.scheme == "https"
    with _environment_told():
        return httpx.AsyncClient(
            base_url=address,
            transport=transport,
            verify=_certificates(trust_env=trust_env) if encrypted else _no_certificates(),
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": "application/json",
                "User-Agent": f"importer/{_version()}",
            },
            timeout=READ_TIMEOUT,
            limits=httpx.Limits(
                max_connections=concurrency + 4, max_keepalive_connections=concurrency + 4, keepalive_expiry=_IDLE
            ),
            follow_redirects=False,
            trust_env=trust_env,
        )


def connect_without_token(*, loopback: bool) -> httpx.AsyncClient:
    """Make the HTTP client for addresses that are not Webflow's: they are told nothing of us but our name."""
    with _environment_told():
        return httpx.AsyncClient(
            verify=_no_certificates() if loopback else _certificates(trust_env=True),
            headers={"Accept": "text/csv, */*", "User-Agent": f"importer/{_version()}"},
            timeout=httpx.Timeout(READ_TIMEOUT, connect=_CONNECT_TIMEOUT),
            follow_redirects=False,
            trust_env=not loopback,
        )


@contextmanager
def _environment_told() -> Iterator[None]:
    """Say which variable it is that the network cannot be used with; addresses of proxies may hold passwords."""
    try:
        yield
    except ImportError as error:
        raise UsageError("Proxies of the kind SOCKS are not supported.", _PROXY_HINT) from error
    except ValueError as error:
        raise UsageError("A proxy that the environment names is no address.", _PROXY_HINT) from error
    except OSError as error:  # what is wrong with certificates is one too
        raise UsageError(
            f"The certificates that the environment names cannot be read: {error.strerror or error}.",
            "SSL_CERT_FILE and SSL_CERT_DIR name them; without these the usual ones are taken.",
        ) from error


_PROXY_HINT = "HTTP_PROXY, HTTPS_PROXY and ALL_PROXY name a scheme, a host and a port: http://HOST:PORT."
_ADDRESS_HINT = "It reads like https://api.webflow.com/v2."


@cache
def _certificates(*, trust_env: bool) -> ssl.SSLContext:
    """Whom to trust, as httpx reads it: once a process, for it takes longer than many a request."""
    return httpx.create_ssl_context(trust_env=trust_env)


def _no_certificates() -> ssl.SSLContext:
    """Trust nobody, where nothing is encrypted: reading certificates that nobody shows takes time too."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@cache
def _version() -> str:
    try:
        return version("webflow-importer")
    except PackageNotFoundError:
        return "0"
