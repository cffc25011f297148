"""A desk at the sandbox: requests to it without a socket, at a time that tests set."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from importer.client.local import LocalTransport
from importer.sandbox import Sandbox, create_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOON = 1_717_156_800.0
"""2024-05-31T12:00:00Z."""


class Desk:
    """Asks a sandbox and waits for the answer; `time` is its clock in seconds, `slept` what it waited."""

    def __init__(self, file: Path, **options: Any) -> None:
        self.time = NOON
        self.slept: list[float] = []
        switches = {"rate_limit": "6000"} | options.pop("switches", {})
        self.app: Sandbox = create_app(file, now=lambda: self.time, sleep=self._sleep, switches=switches, **options)
        self.token = "sandbox"
        self.site: str = self.ask("GET", "sites").json()["sites"][0]["id"]
        found = self.ask("GET", f"sites/{self.site}/collections").json()["collections"]
        self.collections: dict[str, str] = {one["slug"]: one["id"] for one in found}

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def ask(self, method: str, path: str, content: Any = None, **params: Any) -> httpx.Response:
        """Send one request; raises httpx's transport errors."""

        async def send() -> httpx.Response:
            transport = LocalTransport(self.app)
            headers = {"Authorization": f"Bearer {self.token}"}
            async with httpx.AsyncClient(
                transport=transport, base_url="http://sandbox/v2/", headers=headers, timeout=5
            ) as http:
                return await http.request(method, path, json=content, params=params or None)

        return asyncio.run(send())

    def items(self, collection: str, *rest: str) -> str:
        """Write the path of a collection's items."""
        return "/".join(("collections", self.collections[collection], "items", *rest))

    def create(self, collection: str, *fields: dict[str, Any], live: bool = True, **flags: Any) -> httpx.Response:
        """Create items in one request, files checked strictly."""
        path = self.items(collection, "live") if live else self.items(collection)
        content = {"items": [{**flags, "fieldData": one} for one in fields]}
        return self.ask("POST", path, content, skipInvalidFiles="false")

    def made(self, collection: str, *fields: dict[str, Any], **how: Any) -> list[dict[str, Any]]:
        """Create items that are good; gives them as answered."""
        answer = self.create(collection, *fields, **how)
        assert answer.status_code == 202, answer.text
        content = answer.json()
        items: list[dict[str, Any]] = content["items"] if isinstance(content, dict) else content
        return items

    def listed(self, collection: str, *, live: bool = False, **params: Any) -> list[dict[str, Any]]:
        """List one page of items."""
        path = self.items(collection, "live") if live else self.items(collection)
        answer = self.ask("GET", path, **params)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def slugs(self, collection: str, **params: Any) -> list[str]:
        """List the slugs of one page of items."""
        return [one["fieldData"]["slug"] for one in self.listed(collection, **params)]


@pytest.fixture
def open_desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Open sandboxes with switches, faults or a seed; all of them stand on new files."""
    desks: list[Desk] = []

    def opened(**options: Any) -> Desk:
        desks.append(Desk(tmp_path / f"sandbox-{len(desks)}.db", **options))
        return desks[-1]

    yield opened
    for one in desks:
        one.app.close()


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    """Open a sandbox with everything as it comes."""
    return open_desk()
