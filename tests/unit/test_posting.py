"""A request is let go only if it is still to be sent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from importer.model import Item, Status
from importer.planning import Chunk
from importer.publishing.posting import Overtaken, post
from importer.state import Adopted, Identity, Published, Sent, State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.publishing.target import Place

ITEM = Item("old", "", 2, (2,), "note", "Note", False, False, b"{}", 0, "hash", "print", "same")


async def test_request_is_not_sent_for_a_row_that_was_found_while_it_waited(tmp_path: Path) -> None:
    """The pacer may hold it back for a minute; a listing that is read meanwhile may show the item of a row."""
    with State.open(tmp_path / "state.db") as state:
        state.claim(Identity("notes", "", "c"))
        denied = state.begin(run="r", verb="create", endpoint="items", watermark=None, at=None, sent=[Sent(ITEM, "s")])
        state.finish(denied, outcome="not_carried_out", at=None, pending=[("", "old")])

        class Held:
            async def send(self, _call: object, *, before: Callable[[], None]) -> None:
                state.adopt([Adopted(Published("", "old", "found", "note", Status.STAGED))])
                before()

        place: Any = SimpleNamespace(
            state=state,
            client=Held(),
            run="r",
            source="s",
            server_now=lambda: None,
            target=SimpleNamespace(collection="c", skip_invalid_files=False),
        )
        with pytest.raises(Overtaken):
            await post(cast("Place", place), Chunk((ITEM,)), set(), lambda _request: None)
        assert state.latest_request() == denied
        assert state.rows([("", "old")])["", "old"].status is Status.STAGED
