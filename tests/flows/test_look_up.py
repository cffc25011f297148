"""The look-up before the first create: whose item holds a slug (rule 6), what is kept of it, what it costs."""

from __future__ import annotations

from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Any

import pytest

from importer.publishing import Listings
from tests.flows.conftest import EVENING
from tests.flows.faulty import CREATE

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.flows.conftest import Night


def strangers(number: int, start: int = 0) -> list[dict[str, Any]]:
    return [{"name": f"Other {n}", "slug": f"other-{n}", "text": "Somebody's"} for n in range(start, start + number)]


def refused_then_made(one: Night) -> None:
    """The only row is lost, sent again and refused; long after that its first request has its effect."""
    one.sheet = one.rows(1)
    one.faults = [
        {"when": CREATE | {"nth": 1}, "do": "timeout_then_commit", "seconds": 200, "wait": 1},
        {"when": CREATE | {"nth": 2}, "do": "status", "status": 413, "code": "", "message": "Too much", "details": []},
    ]
    assert one.run(patience=60.0).counts.rejected == 1
    assert one.outcome() == {2: ("rejected", "refused")}
    one.faults = []
    one.passes(400)


@pytest.mark.parametrize("others", [0, 730])
def test_rule_6_own_older_item_is_no_slug_of_others(night: Callable[..., Night], others: int) -> None:
    """A row was sent, then changed; the item that has its slug is the one that the first send made: it is adopted."""
    one = night()
    refused_then_made(one)
    one.strangers(strangers(others))
    before = one.sheet
    one.sheet = one.changed(Text={0: "Another text"})
    for _ in range(2):  # what the item holds is known from then on
        counts = one.run().counts
        assert (counts.skipped, counts.rejected, one.exit_code) == (1, 0, 0)
        assert one.outcome() == {2: ("published", None)}
    one.sheet = before
    assert one.run().counts.unchanged == 1
    assert len(one.items(live=False)) == 1 + others


def test_rule_6_item_of_others_is_theirs_though_the_row_was_sent(night: Callable[..., Night]) -> None:
    """Somebody made an item with the slug of a row that was sent: it holds something else, and stays theirs."""
    one = night()
    one.sheet = one.rows(1)
    refusal = {"do": "status", "status": 413, "code": "", "message": "Too much", "details": []}
    one.faults = [{"when": CREATE} | refusal]
    one.run()
    one.faults = []
    one.strangers([{"name": "Note 1", "slug": "note-1", "text": "Theirs"}])
    one.sheet = one.changed(Text={0: "Another text"})
    assert one.run().counts.rejected == 1
    assert one.outcome() == {2: ("rejected", "slug_taken")}


def test_rule_6_item_under_a_slug_that_was_never_sent_is_not_ours(night: Callable[..., Night]) -> None:
    """Somebody made an item with the key and the content of what was refused, under a slug of their own."""
    one = night()
    one.mapping["key"] = "text"
    one.sheet = one.rows(1)
    one.faults = [{"when": CREATE, "do": "status", "status": 413, "code": "", "message": "Too much", "details": []}]
    one.run()
    one.faults = []
    one.strangers([{"name": "Note 1", "slug": "theirs", "text": "Text of note 1"}])
    one.sheet = one.changed(Title={0: "Another name"})
    assert one.run().counts.rejected == 1
    assert one.outcome() == {2: ("rejected", "slug_taken")}
    assert "theirs" in one.told(2)


def test_rule_6_slug_refused_to_a_changed_row_is_settled_by_all_that_was_sent(night: Callable[..., Night]) -> None:
    """The item of the first send is listed only after the changed row was sent: Webflow refuses, and it is found."""
    one = night(listing_delay="30")
    one.sheet = one.rows(1)
    one.faults = [
        {"when": CREATE | {"nth": 1}, "do": "status", "status": 500, "work": "done"},
        {"when": CREATE | {"from": 2}, "do": "refuse"},
    ]
    one.run(deadline=20)
    assert one.outcome() == {2: ("pending", None)}
    one.faults = []
    one.passes(5)
    one.sheet = one.changed(Text={0: "Another text"})
    counts = one.run().counts
    assert (counts.skipped, counts.rejected, one.exit_code) == (1, 0, 0)
    assert one.run().counts.skipped == 1, "the state file knows that the item holds the older text"


def test_item_that_was_asked_for_by_slug_is_kept_as_it_stands(night: Callable[..., Night]) -> None:
    """What the live listing shows is live, however it was come by."""
    one = night()
    one.strangers([{"name": "Theirs", "slug": "note-1", "text": "Theirs"}])
    one.strangers([{"name": "Theirs", "slug": "note-2", "text": "Theirs"}], live=False)
    one.strangers(strangers(730))
    one.sheet = one.rows(2)
    assert one.run().counts.rejected == 2
    assert one.ask_state("SELECT slug, live FROM seen WHERE slug LIKE 'note%' ORDER BY slug") == [
        ("note-1", 1),
        ("note-2", 0),
    ]


def test_next_look_up_goes_down_to_where_this_one_began(night: Callable[..., Night]) -> None:
    """Between its first page and its second lie minutes; what somebody made meanwhile was on neither of them."""
    one = night()
    one.faults = [{"when": {"method": "GET", "path": "*/items/live", "until": 2}, "do": "slow", "seconds": 100}]
    one.run()
    assert one.exit_code == 0
    ((moment,),) = one.ask_state("SELECT value FROM facts WHERE name LIKE 'looked_up_at:%'")
    assert one.hours.now > 120
    assert datetime.fromisoformat(moment).timestamp() == EVENING


def test_nothing_of_a_large_collection_is_kept_in_memory(
    night: Callable[..., Night], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a listing shows goes into the state file page by page."""
    views: list[Any] = []
    truly = Listings.read

    async def read(self: Listings, *given: Any, **named: Any) -> Any:
        views.append(await truly(self, *given, **named))
        return views[-1]

    monkeypatch.setattr(Listings, "read", read)
    one = night()
    one.strangers(strangers(730))
    one.sheet = one.rows(900)
    one.run()
    assert [len(view.items) for view in views] == [730, 730]
    assert all(set(view.items.values()) == {None} for view in views)
    assert one.ask_state("SELECT count(*) FROM seen") == [(730,)]


@pytest.mark.parametrize("new", [1, 3])
def test_rule_8_holds_where_others_were_removed_meanwhile(night: Callable[..., Night], new: int) -> None:
    """As many items went as came since the last look-up: the totals say nothing, and the bound holds all the same."""
    one = night()
    ids = one.strangers(strangers(900))
    one.sheet = one.rows(100)
    one.run()

    async def remove(http: httpx.AsyncClient, _site: dict[str, Any], collection: str) -> None:
        for start in range(0, len(ids), 100):
            listed = [{"id": item_id} for item_id in ids[start : start + 100]]
            answer = await http.request("DELETE", f"/collections/{collection}/items", json={"items": listed})
            assert answer.status_code == 204, answer.text

    one.outside(remove)
    one.passes(300)
    one.strangers(strangers(900, start=900))
    one.passes(300)
    one.sheet = one.rows(100 + new)
    before = len(one.app.log)
    assert one.run().counts.created == new
    assert len(one.app.log) - before <= 1 + 2 * min(new, ceil(1_000 / 100)) + 8
