"""Rules 4 and 7: an item is a row's own only if one of its requests can have made it, in its own time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.flows.notes import Wire, content, creates
from tests.flows.test_stops import told
from tests.flows.test_verify_heal import everything
from tests.flows.verifying import item_of, proof_of, twice, verified

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night

DAY = 86_400


def refused_in_the_first_week(one: Night) -> str:
    """Row 3 was refused for its picture; a week later somebody makes a note like it, whose id this gives; then two."""
    one.sheet = one.rows(5, Photo=[None, "https://example.com/dead.png", None, None, None])
    one.run()
    one.passes(7 * DAY)
    theirs = one.strangers([content(2, slug="note-2-new")])[0]
    one.passes(14 * DAY)
    return theirs


def twin_to_be_looked_for(one: Night) -> None:
    """A create was answered 429 though it was done; sent again it comes back altered, and Ctrl-C follows at once."""
    one.sheet = one.rows(1)
    answers = iter([429, 202])

    def lied(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        if not creates(request) or next(answers) == answer.status_code:
            return answer
        said = {"code": "too_many_requests", "message": "Too Many Requests"}
        return httpx.Response(429, json=said, headers={"Retry-After": "1"}, request=request)

    told(one, 2)
    telling = one.wire
    one.wire = lambda inner: telling(Wire(inner, after=lied))
    one.run()
    one.wire = lambda inner: inner
    assert one.ask_state("SELECT count(*) FROM twin_checks") == [(1,)]


@pytest.mark.parametrize("taken_slug", ["refuse", "suffix"])
def test_copy_that_was_made_weeks_later_is_no_twin_of_an_open_request(
    night: Callable[..., Night], taken_slug: str
) -> None:
    """The first answer was a 500 that wrote nothing; weeks after it no request of the row can have made anything."""
    one = night(taken_slug=taken_slug)
    twice(one)
    one.passes(28 * DAY)
    theirs = one.strangers([content(2, slug="note-2-b")])[0]
    one.passes(60)
    one.sheet = one.rows(6)

    counts = one.run().counts

    assert (one.exit_code, counts.removed) == (0, 0)
    assert theirs in everything(one)


def test_item_that_was_made_between_two_sends_is_not_kept_instead_of_the_rows_own(night: Callable[..., Night]) -> None:
    """The second send is lost and made its item; the run that looks for twins removes neither that nor theirs."""
    one = night(taken_slug="suffix")
    theirs = refused_in_the_first_week(one)
    one.sheet = one.filed(5).with_columns(Photo=one.sheet["Photo"].replace("https://example.com/dead.png", None))
    one.faults = [{"when": {"method": "POST", "nth": 1}, "do": "reset_after"}]
    one.run()
    ours = item_of(one, 3)
    one.faults = []
    one.passes(3_600)

    one.run()

    assert theirs != ours == item_of(one, 3)
    assert {theirs, ours} <= everything(one)


@pytest.mark.parametrize("taken_slug", ["refuse", "suffix"])
def test_item_that_was_made_between_two_sends_is_no_twin_to_be_healed(
    night: Callable[..., Night], taken_slug: str
) -> None:
    """The row was sent in the first and the third week, the item was made in the second: it is somebody's."""
    one = night(taken_slug=taken_slug)
    theirs = refused_in_the_first_week(one)
    one.sheet = one.rows(5)
    one.run()
    one.passes(3_600)

    assert not proof_of(one).twins
    verified(one, heal=True)

    assert {theirs, item_of(one, 3)} <= everything(one)


def test_item_that_was_made_between_two_sends_is_not_taken_for_a_lost_one(night: Callable[..., Night]) -> None:
    """The second send is lost and never has its effect: the row is sent once more."""
    one = night(taken_slug="suffix")
    theirs = refused_in_the_first_week(one)
    one.sheet = one.rows(5)
    one.faults = [{"when": {"method": "POST", "nth": 1}, "do": "reset_before"}]

    one.run()

    assert item_of(one, 3) != theirs
    assert len(everything(one)) == 6


def test_row_that_was_in_doubt_for_weeks_does_not_take_a_copy_that_was_made_since(night: Callable[..., Night]) -> None:
    """Under the sent slug it may have come late; with a suffix, weeks after the loss, it is somebody's."""
    one = night(taken_slug="suffix")
    one.sheet = one.rows(1)
    one.faults = [{"when": {"method": "POST", "nth": 1}, "do": "reset_before"}]
    told(one, 1)
    one.run()
    one.wire, one.faults = lambda inner: inner, []
    one.passes(28 * DAY)
    theirs = one.strangers([content(1, slug="note-1-b")])[0]
    one.passes(3_600)

    one.run()

    assert one.exit_code == 0
    assert item_of(one, 2) != theirs


def test_twin_check_does_not_remove_what_was_made_weeks_later(night: Callable[..., Night]) -> None:
    """The row's first item was removed by hand, and weeks later somebody makes one of its name and slug again."""
    one = night(taken_slug="suffix")
    twin_to_be_looked_for(one)
    held = item_of(one, 2)
    first = (everything(one) - {held}).pop()

    async def delete(http: httpx.AsyncClient, _site: object, collection: str) -> None:
        gone = {"items": [{"id": first}]}
        answer = await http.request("DELETE", f"/collections/{collection}/items", json=gone)
        assert answer.status_code == 204

    one.outside(delete)
    one.passes(28 * DAY)
    theirs = one.strangers([content(1)])[0]

    counts = one.run().counts

    assert counts.removed == 0
    assert {held, theirs} <= everything(one)


def test_twin_check_of_a_stopped_run_waits_until_the_first_item_is_listed(night: Callable[..., Night]) -> None:
    """The same command is typed at once: the older item is not listed for eight seconds yet."""
    one = night(taken_slug="suffix", listing_delay="8")
    twin_to_be_looked_for(one)

    counts = one.run().counts

    assert (one.exit_code, counts.removed) == (0, 1)
    one.passes(60)
    assert len(everything(one)) == 1
