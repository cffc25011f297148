"""What is never removed as a twin: a row's last item, what somebody worked on, and what is live for what is not."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from importer.model import Silent
from importer.state import State
from tests.flows.notes import Wire, creates
from tests.flows.test_verify_heal import Died, Dying, everything
from tests.flows.verifying import Somebody, by_row, item_of, proof_of, twice, verdicts, verified

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night

PICTURE = {"url": "https://example.com/ok.png"}


@pytest.fixture
def done(night: Callable[..., Night]) -> Night:
    """Five notes, each sent twice, and live, on a server that suffixes taken slugs; a minute has passed."""
    one = night(taken_slug="suffix")
    twice(one)
    return one


def mended(one: Night, how: str) -> None:
    """Let the next run, or the next healing, take up what was begun."""
    if how == "run":
        one.run()
    else:
        assert verified(one, heal=True).error is None


def begun(one: Night, after: float = 20) -> str:
    """Healing of note 2 is killed right before its twin is removed; gives the twin.

    The patience of all requests has ended before, so that no run looks for twins of theirs.
    """
    one.passes(after)
    one.run()
    assert one.ask_state("SELECT count(*) FROM requests WHERE open") == [(0,)]
    twin = Somebody(one).doubles(2)
    one.wire = lambda inner: Dying(inner, 1, after=False)
    with suppress(Died):
        verified(one, heal=True)
    one.wire = lambda inner: inner
    assert one.ask_state("SELECT name FROM facts WHERE name LIKE 'remove:%'") == [(f"remove:{twin}",)]
    return twin


def holds_the_newer(one: Night, row: int, newer: str) -> None:
    """Say in the state file that a row's item is this one."""
    (slug,) = [item["fieldData"]["slug"] for item in one.items(live=True) if item["id"] == newer]
    with State.open(one.state) as state, state._file.transaction() as connection:
        connection.execute("UPDATE rows SET item_id = ?, slug = ? WHERE source_row = ?", (newer, slug, row))


def edits(one: Night, item_id: str, *, live: bool = True, **fields: Any) -> None:
    """Somebody changes an item that no row holds."""

    async def edit(http: httpx.AsyncClient, _site: dict[str, Any], collection: str) -> None:
        item = {"id": item_id, "fieldData": fields}
        answer = await http.patch(f"/collections/{collection}/items{'/live' if live else ''}", json={"items": [item]})
        assert answer.status_code == 200, answer.text

    one.outside(edit)


# Removals that were begun -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["run", "heal"])
def test_a_removal_that_was_begun_is_ended(done: Night, how: str) -> None:
    """Where nothing has changed since; also by a run whose own patience is shorter than the one it was found with."""
    twin = begun(done, after=200)
    mended(done, how)
    assert twin not in everything(done)
    assert len(everything(done)) == 5
    assert done.ask_state("SELECT name FROM facts WHERE name LIKE 'remove:%'") == []


@pytest.mark.parametrize("how", ["run", "heal"])
def test_a_removal_that_was_begun_does_not_take_the_last_item_of_a_row(done: Night, how: str) -> None:
    """Somebody removed the other one meanwhile."""
    twin = begun(done)
    Somebody(done).deletes(3)
    mended(done, how)
    assert twin in everything(done)
    done.run()
    assert twin in everything(done)
    assert (verdicts(proof_of(done, heal=True)), item_of(done, 3)) == ({}, twin)


@pytest.mark.parametrize("how", ["run", "heal"])
def test_a_removal_that_was_begun_leaves_the_row_an_item_that_was_renamed(done: Night, how: str) -> None:
    """It is not found under the slug that the state file has, so nothing is known; the row keeps it all the same."""
    twin, original = begun(done), item_of(done, 3)
    Somebody(done).edits(3, slug="renamed")
    if how == "run":
        done.run()
        assert twin in everything(done)
    else:
        proof_of(done, heal=True)  # it sees where the item is, and heals anew
        assert twin not in everything(done)
    assert (item_of(done, 3), original in everything(done)) == (original, True)


@pytest.mark.parametrize("how", ["run", "heal"])
@pytest.mark.parametrize(
    ("live", "fields"), [(True, {"text": "by hand"}), (False, {"text": "by hand"}), (True, {"photo": PICTURE})]
)
def test_a_removal_that_was_begun_leaves_what_somebody_worked_on(
    done: Night, how: str, *, live: bool, fields: dict[str, Any]
) -> None:
    """Be it live or in a draft, in a field that reads back as written or in another."""
    twin = begun(done)
    edits(done, twin, live=live, **fields)
    mended(done, how)
    assert twin in everything(done)
    assert [one.item_id for one in proof_of(done).suspects] == [twin]


@pytest.mark.parametrize("how", ["run", "heal"])
def test_a_removal_that_was_begun_does_not_take_what_is_live(done: Night, how: str) -> None:
    """Somebody took the other one off the site, because the note was there twice."""
    twin = begun(done)
    Somebody(done).unpublishes(3)
    mended(done, how)
    assert twin in {item["id"] for item in done.items(live=True)}


class Kept(Wire):
    """Webflow refuses to remove anything."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE":
            told = {"code": "conflict", "message": "still being used by others", "details": []}
            return httpx.Response(409, json=told, request=request)
        return await super().handle_async_request(request)


def test_who_removes_the_other_one_by_hand_keeps_the_last(done: Night) -> None:
    """Webflow refuses the removal, and the person who is asked to remove the twin removes the other item."""
    twin = Somebody(done).doubles(2)
    done.wire = Kept
    verified(done, heal=True)
    done.wire = lambda inner: inner
    Somebody(done).deletes(3)
    done.run()
    assert twin in everything(done)


@pytest.mark.parametrize("deed", ["draft", "picture", "unpublished"])
def test_a_run_that_looks_for_twins_takes_the_same_care(done: Night, deed: str) -> None:
    """The patience of a request has ended meanwhile; somebody worked on its twin, or took the other off the site."""
    twin = Somebody(done).doubles(2)
    if deed == "unpublished":
        Somebody(done).unpublishes(3)
    else:
        edits(done, twin, live=deed == "picture", **({"photo": PICTURE} if deed == "picture" else {"text": "by hand"}))
    done.passes(600)
    said: list[str] = []

    class Listening(Silent):
        def say(self, sentence: str) -> None:
            said.append(sentence)

    done.observer = Listening()
    assert done.run().counts.removed == 0
    assert any(f"{item_of(done, 3)} and {twin}" in one for one in said) is (deed == "unpublished")
    assert twin in everything(done)


# What is live -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deed", ["unpublishes", "archives"])
def test_healing_takes_nothing_live_off_the_site_for_what_is_not_live(done: Night, deed: str) -> None:
    """Somebody saw the note twice, and took the older one off by hand: both are named, and both stay."""
    somebody = Somebody(done)
    twin = somebody.doubles(2)
    getattr(somebody, deed)(3)

    async def publish(http: httpx.AsyncClient, site: dict[str, Any], _collection: str) -> None:
        await http.post(f"/sites/{site['id']}/publish", json={"publishToWebflowSubdomain": True})

    done.outside(publish)
    proof = proof_of(done, heal=True)
    assert [(one.item_id, one.of, one.healable) for one in proof.twins] == [(twin, item_of(done, 3), False)]
    assert (proof.removed, verdicts(proof)[3]) == (0, "not_live")
    assert twin in {item["id"] for item in done.items(live=True)}
    assert item_of(done, 3) in everything(done)


def test_healing_removes_a_twin_that_somebody_took_off_the_site(done: Night) -> None:
    """Then the original is what is live."""
    twin, original = Somebody(done).doubles(2), item_of(done, 3)

    async def unpublish(http: httpx.AsyncClient, _site: dict[str, Any], collection: str) -> None:
        await http.request("DELETE", f"/collections/{collection}/items/live", json={"items": [{"id": twin}]})

    done.outside(unpublish)
    assert proof_of(done, heal=True).removed == 1
    assert twin not in everything(done)
    assert original in {item["id"] for item in done.items(live=True)}


# What somebody worked on --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("live", "fields"), [(False, {"text": "by hand"}), (True, {"photo": PICTURE}), (False, {"photo": PICTURE})]
)
def test_healing_leaves_a_twin_that_somebody_worked_on(done: Night, *, live: bool, fields: dict[str, Any]) -> None:
    """A draft of it counts as well, and a picture where none was sent."""
    somebody = Somebody(done)
    twin, other = somebody.doubles(2), somebody.doubles(3)
    edits(done, twin, live=live, **fields)
    proof = proof_of(done, heal=True)
    assert ([one.item_id for one in proof.suspects], proof.removed) == ([twin], 1)
    assert {twin, other} & everything(done) == {twin}


@pytest.mark.parametrize("known", [True, False])
def test_healing_leaves_a_rows_item_that_somebody_gave_a_picture(done: Night, *, known: bool) -> None:
    """The row holds the newer one; also where the hashes of what was sent are not known."""
    older, newer = item_of(done, 3), Somebody(done).doubles(2)
    holds_the_newer(done, 3, newer)
    edits(done, newer, photo=PICTURE)
    if not known:
        with State.open(done.state) as state, state._file.transaction() as connection:
            connection.execute("UPDATE rows SET parts = NULL")
    proof = proof_of(done, heal=True)
    assert (proof.removed, [(one.item_id, one.healable) for one in proof.twins]) == (0, [(older, False)])
    assert {older, newer} <= everything(done)


def test_healing_leaves_a_rows_item_whose_picture_may_be_another(night: Callable[..., Night]) -> None:
    """Webflow writes pictures anew: whether somebody has replaced one cannot be told. A twin of the same goes."""
    one = night(taken_slug="suffix")
    one.sheet = one.filed(5)
    twice(one)
    somebody = Somebody(one)
    older, newer, twin = item_of(one, 3), somebody.doubles(2, photo=PICTURE), somebody.doubles(3, photo=PICTURE)
    holds_the_newer(one, 3, newer)
    edits(one, newer, photo={"url": "https://example.com/other.png"})
    proof = proof_of(one, heal=True)
    assert (proof.removed, by_row(proof)[3].not_comparable) == (1, ("photo",))
    assert {older, newer, twin} & everything(one) == {older, newer}


def test_healing_spares_the_item_that_a_check_of_a_run_names(night: Callable[..., Night]) -> None:
    """It came back under an altered slug, the run was stopped before it was looked at, and somebody edited it."""
    one = night(taken_slug="suffix")
    one.sheet = one.rows(1)
    lies = [True]

    class Liar(Wire):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            answer = await super().handle_async_request(request)
            if creates(request) and lies:
                lies.clear()
                told = {"code": "too_many_requests", "message": "Too Many Requests"}
                return httpx.Response(429, json=told, headers={"Retry-After": "1"}, request=request)
            if creates(request):
                os.kill(os.getpid(), signal.SIGINT)
            return answer

    one.wire = Liar
    one.run()
    one.wire = lambda inner: inner
    assert len(one.ask_state("SELECT key FROM twin_checks")) == 1
    one.passes(600)
    Somebody(one).edits(2, text="by hand")
    held = item_of(one, 2)
    verified(one, heal=True)
    one.run()  # nor does the next run take it
    assert held in everything(one)


def test_a_row_that_changes_while_its_items_are_looked_for_is_left(done: Night) -> None:
    """It is sent again, say: what was known of it before says nothing any more."""
    twin = Somebody(done).doubles(2)

    class Busy(Wire):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if "slug" in request.url.params:
                with State.open(done.state) as state, state._file.transaction() as connection:
                    connection.execute("UPDATE rows SET status = 'in_flight' WHERE source_row = 3")
            return await super().handle_async_request(request)

    done.wire = Busy
    assert proof_of(done, heal=True).removed == 0
    done.wire = lambda inner: inner
    assert twin in everything(done)
