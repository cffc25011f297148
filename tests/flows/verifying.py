"""Somebody who works in Webflow while nobody looks, and `verify` in the time of a night."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx

from importer.commands.opening import Door
from importer.commands.options import RunOptions
from importer.commands.verify import verify_through
from importer.mapping import parse_mapping
from importer.pacing import Pacer

if TYPE_CHECKING:
    from importer.report.receipts import Proof, Receipt, VerifyResult
    from tests.flows.conftest import Night


def verified(night: Night, *, heal: bool = False, both: bool = False, **options: Any) -> VerifyResult:
    """Verify the state file of a night."""
    night._pacer = Pacer()
    door = Door(open=night._open, wait=night._wait)
    chosen = replace(RunOptions(state=night.state, sandbox=True), **options)
    mapping = parse_mapping(night.mapping, name="notes")
    return verify_through(door, mapping, chosen, heal=heal, both=both, observer=night.observer)


def proof_of(night: Night, **options: Any) -> Proof:
    """The proof, which adds up: each row of the state has its receipt, each item that was listed is counted once."""
    result = verified(night, **options)
    assert result.error is None, result.error
    assert result.proof is not None
    assert result.proof.adds_up()
    assert len(result.proof.receipts) == night.ask_state("SELECT count(*) FROM rows")[0][0]
    assert sum(result.proof.rows.values()) == len(result.proof.receipts)
    return result.proof


def by_row(proof: Proof) -> dict[int, Receipt]:
    """Receipts by row number."""
    return {one.row: one for one in proof.receipts}


def verdicts(proof: Proof) -> dict[int, str]:
    """What is said of each row that is not proven."""
    return {one.row: one.verdict.value for one in proof.receipts if one.verdict.value != "proven"}


def item_of(night: Night, row: int) -> str:
    """The item that the state file gives a row."""
    return str(night.ask_state("SELECT item_id FROM rows WHERE source_row = ?", row)[0][0])


def twice(night: Night) -> None:
    """Run the sheet so that each of its rows is sent twice: the first answer is an error that wrote nothing."""
    night.faults = [{"when": {"method": "POST", "nth": 1}, "do": "status", "status": 500}]
    night.run()
    night.faults = []
    night.passes(60)


class Somebody:
    """Works in Webflow by hand: on the items of rows, by row number."""

    def __init__(self, night: Night) -> None:
        self._night = night

    def _asks(self, method: str, end: str, content: dict[str, Any], status: int) -> Any:
        async def ask(http: httpx.AsyncClient, site: dict[str, Any], collection: str) -> Any:
            answer = await http.request(method, f"/collections/{collection}/items{end}", json=content)
            assert answer.status_code == status, answer.text
            return answer.json() if answer.content else None

        return self._night.outside(ask)

    def edits(self, row: int, *, live: bool = True, **fields: Any) -> None:
        """Change fields (null clears one)."""
        item = {"id": item_of(self._night, row), "fieldData": fields}
        self._asks("PATCH", "/live" if live else "", {"items": [item]}, 200)

    def drafts(self, row: int, **fields: Any) -> None:
        """Change fields in a draft, as the Designer does: what is live stays."""
        item = {"id": item_of(self._night, row), "isDraft": True, "fieldData": fields}
        self._asks("PATCH", "", {"items": [item]}, 200)

    def archives(self, row: int, *, archived: bool = True) -> None:
        """Archive an item, or take it back."""
        item = {"id": item_of(self._night, row), "isArchived": archived, "fieldData": {}}
        self._asks("PATCH", "", {"items": [item]}, 200)

    def deletes(self, row: int) -> None:
        """Delete an item."""
        self._asks("DELETE", "", {"items": [{"id": item_of(self._night, row)}]}, 204)

    def unpublishes(self, row: int) -> None:
        """Take an item off the site."""
        self._asks("DELETE", "/live", {"items": [{"id": item_of(self._night, row)}]}, 204)

    def publishes(self, row: int) -> None:
        """Make a draft live."""
        self._asks("POST", "/publish", {"itemIds": [item_of(self._night, row)]}, 202)

    def doubles(self, n: int, **fields: Any) -> str:
        """Send note n again, as a late commit does on a server that suffixes slugs; gives the item's id."""
        self._night.app.set(switches={"taken_slug": "suffix"})
        sent = {"name": f"Note {n}", "slug": f"note-{n}", "text": f"Text of note {n}"} | fields
        return self._night.strangers([sent])[0]


class OneMore(httpx.AsyncBaseTransport):
    """A listing that says that it holds one item more than it ever shows."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        if request.method != "GET" or not request.url.path.endswith("/items"):
            return answer
        page = json.loads(await answer.aread())
        page["pagination"]["total"] += 1
        return httpx.Response(200, json=page)
