"""`verify` while somebody works: an item that went and one that came do not cancel each other out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from importer.model import Progress, Silent
from tests.flows.notes import Wire, content, made
from tests.flows.verifying import proof_of, verdicts

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night

BEHIND = "c"
"""Random parts of ids that are greater stand behind the first page."""


class Busy(Wire):
    """After the first page of a listing the first item is removed, and another made that stands at its end."""

    night: Night
    after: float
    done = False
    dated = True

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        if request.method == "GET" and request.url.path.endswith("/items") and not self.done:
            type(self).done = True
            self.night.hours.now += self.after
            self.exchange()
        if self.dated:
            return answer
        headers = {
            name: told for name, told in answer.headers.items() if name.lower() not in {"date", "content-length"}
        }
        return httpx.Response(answer.status_code, headers=headers, content=await answer.aread(), request=request)

    def exchange(self) -> None:
        """Items stand in the order of the random part of their ids."""
        items = self.night.app.world.connection
        (first,) = items.execute("SELECT n FROM items ORDER BY substr(id, 9) LIMIT 1").fetchone()
        items.execute("DELETE FROM items WHERE n = ?", (first,))
        for n in range(900, 999):
            new = made(self.night, content(n))
            if new[8:] > BEHIND:
                return
            items.execute("DELETE FROM items WHERE id = ?", (new,))


@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize("after", [0.0, 1.0, 3.0])
def test_no_item_that_is_there_is_called_missing(night: Callable[..., Night], after: float, *, dated: bool) -> None:
    """One item goes and another comes between two pages, so that the total says nothing; at once or seconds later."""
    one = night(listing_order="ignored")
    one.sheet = one.rows(250)
    one.run()
    one.passes(1000)
    facts = {"night": one, "after": after, "dated": dated, "done": False}
    one.wire = type("BusyHere", (Busy,), facts)
    one.switches["listing_order"] = "ignored"
    proof = proof_of(one)
    assert one.wire.done  # type: ignore[attr-defined]
    there = {item["id"] for item in one.items(live=False)}
    gone = {receipt.row for receipt in proof.receipts if receipt.item_id not in there}
    assert len(gone) == 1
    assert (verdicts(proof), proof.whole) == (dict.fromkeys(gone, "missing"), True)


def test_what_was_made_just_now_costs_no_second_reading(night: Callable[..., Night]) -> None:
    """What the first page shows was there, also if it was made within that second."""
    one = night()
    one.sheet = one.rows(250)
    one.run()
    proof = proof_of(one)
    assert (verdicts(proof), proof.tally.sent) == ({}, 5)


def test_what_is_waited_for_is_said_at_once(night: Callable[..., Night]) -> None:
    """Where no terminal shows progress, ten silent seconds look like a command that hangs; items are no rows."""
    one = night(listing_delay="7")
    one.run()
    heard: list[str] = []
    units: set[tuple[int, str]] = set()

    class Listening(Silent):
        def say(self, sentence: str) -> None:
            heard.append(sentence)

        def progress(self, progress: Progress) -> None:
            units.add((progress.done, progress.unit))

    one.observer = Listening()
    proof_of(one)
    assert len(heard) == 1
    assert heard[0].startswith("What was written last is listed with a delay: the reading begins in ")
    assert (5, "item") in units
