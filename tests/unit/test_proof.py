"""Which item that no row holds is a row's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from importer.model import Item, Status
from importer.publishing.judging import Judge
from importer.publishing.matching import Shown
from importer.publishing.proof import Proven, prove
from importer.publishing.stock import Sight, Stock
from importer.report.receipts import Verdict
from importer.schema import CollectionSchema
from importer.state import Identity, Published, Sent, State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PATIENCE = timedelta(minutes=5)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """A state file in which the row `old` was sent twice and holds the item `first`."""
    with State.open(tmp_path / "state.db") as opened:
        opened.claim(Identity("notes", "", "c"))
        opened.finish(send(opened, "old"), outcome="refused:500", at=NOON, pending=[("", "old")])
        published = [Published("", "old", "first", "note", Status.PUBLISHED)]
        opened.finish(send(opened, "old"), outcome="answered", at=NOON, published=published)
        yield opened


def send(state: State, key: str) -> int:
    """Send a row."""
    item = Item(key, "", 2, (2,), "note", "Note", False, False, b"{}", 0, "hash", "print", "same")
    return state.begin(run="r", verb="create", endpoint="items/live", watermark=NOON, at=NOON, sent=[Sent(item, "s")])


def proven(state: State, **items: tuple[str, float, str]) -> Proven:
    """Prove the state against live items: id -> slug, seconds after noon, readable content."""
    sights = {}
    for item_id, (slug, after, readable) in items.items():
        made = NOON + timedelta(seconds=after)
        shown = Shown(
            item_id, "l", slug, "Note", None, readable, made, "p", is_draft=False, is_archived=False, live=True
        )
        sights[item_id] = Sight(shown, "{}", None)
    stock = Stock(staged=dict(sights), live=dict(sights), whole=True, live_whole=True)
    return prove(state, {"": stock}, Judge(CollectionSchema(id="c"), frozenset()), patience=PATIENCE)


FIRST = ("note", 1.0, "same")


def test_another_item_of_a_row_that_was_sent_twice_is_a_twin(state: State) -> None:
    """Under the sent slug with a suffix, in time, with the content that was sent."""
    found = proven(state, first=FIRST, second=("note-a1b2c", 2.0, "same"))
    assert [one.item_id for one in found.twins] == ["second"]
    assert [set(one.slugs) for one in found.doubled] == [{"note", "note-a1b2c"}]


@pytest.mark.parametrize(
    ("item", "suspect"),
    [
        (("note-a1b2c", 361.0, "same"), True),
        (("note-a1b2c", 2.0, "other"), True),
        (("note-a1b2c", -61.0, "same"), False),
        (("other", 2.0, "same"), False),
    ],
    ids=["made after patience", "of other content", "made before the first send", "under another slug"],
)
def test_what_cannot_be_proven_is_a_strangers(state: State, item: tuple[str, float, str], *, suspect: bool) -> None:
    """It is named where it looks like one."""
    found = proven(state, first=FIRST, second=item)
    assert (found.twins, found.doubled, len(found.strangers)) == ([], [], 1)
    assert found.strangers[0].suspect == suspect


def test_what_may_be_the_item_of_a_row_in_doubt_is_nobodys_twin(state: State) -> None:
    """Another row with the same content waits for it."""
    state.lost(send(state, "new"), NOON)
    found = proven(state, first=FIRST, second=("note-a1b2c", 2.0, "same"))
    assert (found.twins, found.unsettled, found.strangers) == ([], 1, [])
    assert [one.verdict for one in found.receipts] == [Verdict.IN_DOUBT, Verdict.PROVEN]


def test_an_item_under_the_slug_of_another_row_is_not_this_ones(state: State) -> None:
    """A sent slug is stronger than a suffix (rule 4)."""
    item = Item("else", "", 3, (3,), "note-a1b2c", "Note", False, False, b"{}", 0, "hash", "print", "same")
    state.begin(run="r", verb="create", endpoint="items/live", watermark=NOON, at=NOON, sent=[Sent(item, "s")])
    found = proven(state, first=FIRST, second=("note-a1b2c", 2.0, "same"))
    assert (found.twins, found.unsettled) == ([], 1)


def test_where_the_original_is_gone_its_twin_is_the_rows_item(state: State) -> None:
    """It can be given to the row, and is none to be removed."""
    found = proven(state, second=("note-a1b2c", 2.0, "same"))
    assert (found.receipts[0].verdict, found.receipts[0].item_id) == (Verdict.UNRECORDED, "second")
    assert (found.twins, len(found.doubled)) == ([], 1)
