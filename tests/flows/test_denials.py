"""A 429 says that nothing was done, and it was: what came of it is found, and one item is left (rules 4, 6 and 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from importer.state import requests
from tests.flows.verifying import proof_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night

CREATE = {"method": "POST", "path": "*/items/live"}
LIE: dict[str, Any] = {"do": "status", "status": 429, "work": "done", "headers": {"Retry-After": "7"}}
REVOKED: dict[str, Any] = {"do": "status", "status": 401, "code": "not_authorized"}


def creates(*fates: dict[str, Any]) -> list[dict[str, Any]]:
    """What befalls the requests that create items, the first of them first; {} for nothing."""
    return [{"when": CREATE | {"nth": number}} | fate for number, fate in enumerate(fates, start=1) if fate]


def is_left(one: Night, *slugs: str) -> None:
    """These notes are live, nothing else of ours is there, and the state file says the same."""
    one.faults = []
    ours = [item for item in one.items(live=False) if item["fieldData"]["name"].startswith("Note")]
    assert sorted(item["fieldData"]["slug"] for item in ours) == sorted(slugs)
    told = one.ask_state("SELECT slug FROM outcome WHERE status = 'published'")
    assert sorted(slug for (slug,) in told) == sorted(slugs)


@pytest.mark.parametrize("others", [0, 350], ids=["all was looked up", "slugs are asked for"])
def test_row_whose_slug_was_changed_since_is_not_made_again(night: Callable[..., Night], others: int) -> None:
    """It was denied under its old slug, and is to be sent under another: the old one is asked for before."""
    one = night()
    one.strangers([{"name": f"Other {n}", "slug": f"other-{n}", "text": ""} for n in range(others)])
    one.sheet = one.rows(1).with_columns(No=pl.lit("1"))
    one.mapping["key"] = {"from": "No"}  # no field of the collection, else the item would be found by that
    one.faults = creates(LIE, REVOKED)
    one.run()
    assert one.exit_code == 3
    one.faults = []
    one.sheet = one.changed(Slug={0: "moved"})
    assert one.run().counts.skipped == 1, "it was changed since it was published"
    is_left(one, "note-1")


def test_what_was_made_under_a_suffix_is_found_by_listing(night: Callable[..., Night]) -> None:
    """A deleted item holds the slug, so that both sends are suffixed: by slug neither would show the other."""
    one = night(taken_slug="suffix", deleted_slug="held")
    one.sheet = one.rows(1)
    (theirs,) = one.strangers([{"name": "Theirs", "slug": "note-1", "text": ""}])
    one.outside(lambda http, _, notes: http.delete(f"/collections/{notes}/items/{theirs}"))
    one.faults = creates(LIE)
    assert one.run().counts.removed == 1
    (item,) = one.items(live=True)
    is_left(one, item["fieldData"]["slug"])


@pytest.mark.parametrize("lies", [1, 2])
def test_row_that_is_refused_after_a_denial_is_looked_for(night: Callable[..., Night], lies: int) -> None:
    """Its item is there, whatever Webflow says of it the next time: that is no verdict on what it had made."""
    one = night(taken_slug="suffix")
    one.sheet = one.rows(1)
    one.faults = creates(*[LIE] * lies, {"do": "status", "status": 400, "code": "validation_error"})
    one.run()
    one.passes(100)
    one.faults = []
    one.run()
    is_left(one, "note-1")


def test_what_a_denied_row_made_is_not_taken_for_another_one_with_a_suffix(night: Callable[..., Night]) -> None:
    """Both rows say the same, and the slug of the one looks like the other's with a suffix."""
    one = night(taken_slug="suffix")
    one.mapping["key"] = {"from": "No"}
    photos = [None, "https://example.com/ok.png"]  # which goes by a request of its own
    told = {"Title": ["Note"] * 2, "Text": ["Same"] * 2, "Slug": ["note", "note-b"], "No": ["1", "2"]}
    one.sheet = one.rows(2, Photo=photos, **told)
    lost = {"when": CREATE | {"nth": 1, "body": '"slug":"note"'}, "do": "status", "status": 503}
    slow = {"headers": {"Retry-After": "50"}}
    one.faults = [lost, *({"when": CREATE | {"nth": n, "body": '"slug":"note-b"'}} | LIE | slow for n in (1, 2))]
    one.run()
    one.passes(100)
    one.faults = []
    one.run()
    held = dict(one.ask_state("SELECT key, slug FROM outcome WHERE status = 'published'"))
    assert held == {"1": "note", "2": "note-b"}
    is_left(one, "note", "note-b")


def test_second_item_is_looked_for_when_the_first_is_adopted(night: Callable[..., Night]) -> None:
    """Two requests were denied and done, then the run ended: the next one's look-up shows one of the items."""
    one = night(taken_slug="suffix")
    one.sheet = one.rows(1)
    one.faults = creates(LIE, LIE, REVOKED)
    one.run()
    one.faults = []
    assert len(one.items(live=True)) == 2
    one.passes(30)  # what was denied is surely listed by now
    one.run()
    is_left(one, "note-1")


def test_twin_of_a_request_is_looked_for_though_its_row_took_an_earlier_ones_item(night: Callable[..., Night]) -> None:
    """Denied and done, then lost and done, two minutes later: what is found for the second request is the first's."""
    one = night(taken_slug="suffix")
    one.sheet = one.rows(1)
    unread = {"when": {"method": "GET", "path": "*/items*", "from": 3}} | REVOKED
    one.faults = [*creates(LIE | {"headers": {"Retry-After": "110"}}, {"do": "reset_after"}), unread]
    one.run(patience=10.0)
    assert (one.exit_code, one.outcome()) == (3, {2: ("in_flight", None)})
    assert len(one.items(live=True)) == 2
    one.passes(1_000)
    one.faults = []
    assert one.run(patience=10.0).counts.removed == 1
    is_left(one, "note-1")


def test_twin_is_not_judged_before_the_item_of_the_row_is_listed(
    night: Callable[..., Night], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row has just come back altered while a listing is read for others: what it holds is not listed yet.

    (A denied request is looked at again besides, which mends that too, but for its window; here it is not.)
    """
    monkeypatch.setattr(requests, "doubt_denials", lambda *_: None)
    one = night(taken_slug="suffix", listing_delay="9")
    one.sheet = one.rows(2, Photo=[None, "https://example.com/ok.png"])
    answered_late = LIE | {"headers": {"Retry-After": "57"}}
    one.faults = creates({"do": "status", "status": 503}, {"do": "reset_before"}, answered_late)
    one.run()
    one.passes(1_000)
    one.faults = []
    one.run()
    is_left(one, "note-1", "note-2")


def test_listing_that_is_refused_after_a_stop_is_not_read_for_ever(night: Callable[..., Night]) -> None:
    """The plan is full; a listing would settle the refused rows, but by then the token is revoked."""
    one = night()
    one.faults = [
        {"when": CREATE, "do": "plan_limit"},
        {"when": {"method": "GET", "path": "*/items*", "from": 3}} | REVOKED,
    ]
    counts = one.run().counts
    assert (one.exit_code, counts.in_doubt) == (3, 5)
    assert sum(log["method"] == "GET" for log in one.app.log) < 12
    one.faults = []
    one.run()
    is_left(one, *(f"note-{n}" for n in range(1, 6)))


def test_item_under_an_earlier_name_is_suspected(night: Callable[..., Night]) -> None:
    """Without a `Date` nobody knows when a request was over: `verify` names what it may have made, and leaves it."""
    one = night(taken_slug="suffix", date_header="no")
    one.sheet = one.rows(1).with_columns(No=pl.lit("1"))
    one.mapping["key"] = {"from": "No"}
    one.faults = creates({"do": "timeout_then_commit", "seconds": 300, "wait": 1}, REVOKED)
    one.run(patience=60.0)
    one.faults = []
    one.sheet = one.changed(Title={0: "Note one"})
    one.run(patience=60.0)
    one.passes(300)
    twin = next(item["id"] for item in one.items(live=True) if item["fieldData"]["name"] == "Note 1")
    assert [stray.item_id for stray in proof_of(one).suspects] == [twin]


def test_item_of_an_earlier_send_has_what_that_send_carried(night: Callable[..., Night]) -> None:
    """Pictures cannot be compared: an item that a denied request made is not taken to have the picture of today."""
    one = night()
    one.sheet = one.rows(1)
    one.faults = creates(LIE, REVOKED)
    one.run()
    one.faults = []
    one.sheet = one.rows(1, Photo=["https://example.com/ok.png"])
    counts = one.run().counts
    assert (counts.skipped, counts.unchanged) == (1, 0)
