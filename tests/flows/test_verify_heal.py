"""`verify --heal`: the newer of a row's own items is removed by id; never the original, never a stranger's."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from importer.errors import Interrupted, Locked
from importer.model import Progress, Silent
from importer.publishing.twins import TRIES
from importer.report.deviations import proof_text, twin_sentence
from importer.state import State
from tests.flows.verifying import OneMore, Somebody, by_row, item_of, proof_of, twice, verdicts, verified

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night

REMOVING = {"method": "DELETE", "path": "*/items"}
"""The requests that remove items."""


@pytest.fixture
def done(night: Callable[..., Night]) -> Night:
    """Five notes, each sent twice, and live, on a server that suffixes taken slugs; a minute has passed."""
    one = night(taken_slug="suffix")
    twice(one)
    return one


def everything(night: Night) -> set[str]:
    """The ids of all items."""
    return {item["id"] for item in night.items(live=False)}


def test_exactly_the_twins_are_removed(done: Night) -> None:
    """Strangers, edited twins and originals stay; every request that removed something is in the state file."""
    somebody = Somebody(done)
    twins = [somebody.doubles(2), somebody.doubles(2), somebody.doubles(4)]
    others = done.strangers([{"name": "Other", "slug": "note-2-x"}, {"name": "Note 3", "slug": "note-3-x"}])
    somebody.doubles(5, text="edited since")
    somebody.edits(3, text="of the row")
    before = everything(done)
    result = verified(done, heal=True)
    assert result.error is None
    assert result.proof is not None
    assert (result.proof.removed, result.proof.twins, verdicts(result.proof)) == (3, (), {3: "edited"})
    assert everything(done) == before - set(twins)
    assert set(others) < before
    asked = done.ask_state("SELECT verb, outcome FROM requests WHERE run = 'verify' ORDER BY id")
    assert asked == [("unpublish", "answered"), ("delete", "answered")] * 3
    again = proof_of(done)
    assert (again.twins, len(again.suspects), len(again.strangers)) == ((), 2, 3)


def test_healing_tells_how_far_it_is(done: Night) -> None:
    """It takes several requests for each row that has twins: minutes, where they are many."""
    somebody = Somebody(done)
    somebody.doubles(2)
    somebody.doubles(4)
    told: list[tuple[int, int]] = []

    class Watching(Silent):
        def progress(self, progress: Progress) -> None:
            told.append((progress.done, progress.total))

    done.observer = Watching()
    assert verified(done, heal=True).error is None
    assert [one for one in told if one[1] == 2] == [(0, 2), (1, 2)]


def test_a_copy_that_somebody_made_is_no_twin(night: Callable[..., Night]) -> None:
    """A row that was sent once has one item; and what came after patience was not made by its requests."""
    one = night(taken_slug="suffix")
    one.run()
    one.passes(60)
    Somebody(one).doubles(2)
    assert (proof_of(one, heal=True).removed, len(proof_of(one).suspects), len(everything(one))) == (0, 1, 6)
    other = night(taken_slug="suffix")
    twice(other)
    other.passes(400)
    Somebody(other).doubles(2)
    assert (proof_of(other, heal=True).removed, len(proof_of(other).suspects), len(everything(other))) == (0, 1, 6)
    assert proof_of(other, heal=True, patience=900.0).removed == 1


def test_without_heal_nothing_is_removed(done: Night) -> None:
    """Reading is not writing."""
    Somebody(done).doubles(2)
    before, writes = everything(done), done.writes()
    assert verified(done).exit_code == 1
    assert (everything(done), done.writes()) == (before, writes)


def test_the_last_item_of_a_row_is_given_to_it_and_not_removed(done: Night) -> None:
    """Somebody removed the original: what is left of the row's own is its item now."""
    somebody = Somebody(done)
    left = somebody.doubles(2)
    somebody.deletes(3)
    assert verdicts(proof_of(done)) == {3: "unrecorded"}
    proof = proof_of(done, heal=True)
    assert (verdicts(proof), proof.removed, item_of(done, 3)) == ({}, 0, left)
    assert left in everything(done)


def test_an_original_under_another_slug_stays_the_original(done: Night) -> None:
    """Somebody renamed it: it is found by what it is called now, before its twin is removed."""
    somebody = Somebody(done)
    original, twin = item_of(done, 3), somebody.doubles(2)
    somebody.edits(3, slug="renamed")
    proof = proof_of(done, heal=True)
    assert (verdicts(proof), by_row(proof)[3].fields, proof.removed) == ({3: "edited"}, ("slug",), 1)
    assert item_of(done, 3) == original
    assert twin not in everything(done)


def test_a_copy_under_the_slug_that_was_sent_stays_where_a_twin_goes(done: Night) -> None:
    """The original was renamed, and long after patience somebody made the same note again."""
    somebody = Somebody(done)
    twin = somebody.doubles(2)
    somebody.edits(3, slug="renamed")
    done.passes(600)
    copy = somebody.doubles(2)
    assert len(proof_of(done).suspects) == 1
    proof = proof_of(done, heal=True)
    assert (proof.removed, len(proof.suspects)) == (1, 1)
    assert {twin, copy} & everything(done) == {copy}


@pytest.mark.parametrize("edited", [False, True])
def test_the_older_item_is_the_original_whichever_the_row_holds(done: Night, *, edited: bool) -> None:
    """The row gets the older one first; but what somebody edited since is never removed."""
    older, newer = item_of(done, 3), Somebody(done).doubles(2)
    with State.open(done.state) as state, state._file.transaction() as connection:
        (slug,) = [item["fieldData"]["slug"] for item in done.items(live=True) if item["id"] == newer]
        connection.execute("UPDATE rows SET item_id = ?, slug = ? WHERE source_row = 3", (newer, slug))
    if edited:
        Somebody(done).edits(3, text="by hand")
    proof = proof_of(done, heal=True)
    assert {older, newer} & everything(done) == ({older, newer} if edited else {older})
    assert item_of(done, 3) == (newer if edited else older)
    assert len(proof.twins) == edited


def test_what_somebody_edits_meanwhile_is_not_removed(done: Night) -> None:
    """It was as sent when stock was taken, and is not when it would go."""
    older, newer = item_of(done, 3), Somebody(done).doubles(2)
    with State.open(done.state) as state, state._file.transaction() as connection:
        (slug,) = [item["fieldData"]["slug"] for item in done.items(live=True) if item["id"] == newer]
        connection.execute("UPDATE rows SET item_id = ?, slug = ? WHERE source_row = 3", (newer, slug))

    class Busy(httpx.AsyncBaseTransport):
        def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
            self._inner, self._edited = inner, False

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if "slug" in request.url.params and not self._edited:
                self._edited = True
                path = request.url.path.removesuffix("/live") + "/live"
                edit = {"items": [{"id": newer, "fieldData": {"text": "by hand"}}]}
                url = request.url.copy_with(path=path, query=None)
                headers = {"Authorization": request.headers["Authorization"]}
                answer = await self._inner.handle_async_request(httpx.Request("PATCH", url, json=edit, headers=headers))
                assert answer.status_code == 200
            return await self._inner.handle_async_request(request)

    done.wire = Busy
    assert proof_of(done, heal=True).removed == 0
    done.wire = lambda inner: inner
    assert {older, newer} <= everything(done)


@pytest.mark.parametrize("fault", [{"do": "reset_after"}, {"do": "throttle"}])
def test_removing_is_asked_for_again_until_it_is_answered(done: Night, fault: dict[str, Any]) -> None:
    """A lost answer to a removal is no doubt: it is asked for by id."""
    twin = Somebody(done).doubles(2)
    done.faults = [{"when": {"method": "DELETE", "nth": 1}, **fault}, {"when": REMOVING | {"nth": 1}, **fault}]
    proof = proof_of(done, heal=True)
    assert (verdicts(proof), proof.twins) == ({}, ())
    assert twin not in everything(done)
    assert len(everything(done)) == 5


class Died(BaseException):
    """The process is gone."""


class Dying(httpx.AsyncBaseTransport):
    """Lets the process die at its n-th request that writes: before it goes, or when its work is done."""

    def __init__(self, inner: httpx.AsyncBaseTransport, n: int, *, after: bool) -> None:
        self._inner, self._n, self._after, self._writes = inner, n, after, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._writes += request.method != "GET"
        dies = request.method != "GET" and self._writes == self._n
        if dies and not self._after:
            raise Died
        answer = await self._inner.handle_async_request(request)
        if dies:
            raise Died
        return answer


@pytest.mark.parametrize("after", [False, True])
def test_healing_that_is_killed_is_done_by_the_next_one(done: Night, *, after: bool) -> None:
    """At each of its requests it may die; what was begun is ended, and no row is without its item at any time."""
    somebody = Somebody(done)
    originals = everything(done)
    twins = [somebody.doubles(2), somebody.doubles(4)]
    deaths = 0
    for n in (1, 2, 1, 2, 3):
        done.wire = lambda inner, n=n: Dying(inner, n, after=after)  # type: ignore[misc]
        try:
            verified(done, heal=True)
        except Died:
            deaths += 1
        assert originals <= everything(done)
    assert deaths >= 3
    done.wire = lambda inner: inner
    proof = proof_of(done, heal=True)
    assert (verdicts(proof), proof.twins) == ({}, ())
    assert everything(done) == originals
    assert set(twins).isdisjoint(originals)
    assert done.run().counts.unchanged == 5
    assert verified(done).exit_code == 0


class Told(httpx.AsyncBaseTransport):
    """Sends a signal at the first request of this method."""

    def __init__(self, inner: httpx.AsyncBaseTransport, method: str = "DELETE") -> None:
        self._inner, self._method, self._told = inner, method, False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == self._method and not self._told:
            self._told = True
            signal.raise_signal(signal.SIGINT)
        return await self._inner.handle_async_request(request)


def test_a_signal_ends_it_in_order(done: Night) -> None:
    """The twin that is being removed is removed, the others are left; what was done is said."""
    somebody = Somebody(done)
    for n in (2, 3, 4):
        somebody.doubles(n)
    done.wire = Told
    result = verified(done, heal=True)
    assert isinstance(result.error, Interrupted)
    assert result.exit_code == 130
    assert result.error.hint == "Run the same command again: everything is read anew."
    assert result.proof is not None
    assert (result.proof.removed, len(result.proof.twins)) == (1, 2)
    done.wire = lambda inner: inner
    assert len(everything(done)) == 7
    assert proof_of(done, heal=True).removed == 2
    assert len(everything(done)) == 5


@pytest.mark.parametrize("heal", [False, True])
def test_a_signal_while_it_reads_ends_it_at_once(done: Night, *, heal: bool) -> None:
    """Nothing is proven, and nothing was begun."""
    Somebody(done).doubles(2)
    done.wire = lambda inner: Told(inner, "GET")
    result = verified(done, heal=heal)
    assert isinstance(result.error, Interrupted)
    assert (result.exit_code, result.proof, len(everything(done))) == (130, None, 6)
    assert result.error.hint == "Run the same command again: everything is read anew."


class Listening(Silent):
    """Keeps the sentences that it hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def say(self, sentence: str) -> None:
        """Keep it."""
        self.heard.append(sentence)


def test_a_removal_that_failed_is_said_at_the_end(done: Night) -> None:
    """One sentence, in the notes of the JSON too; nothing advises the command that has just failed."""
    twin = Somebody(done).doubles(2)
    done.observer = listening = Listening()
    done.faults = [{"when": REMOVING, "do": "status", "status": 500}]
    result = verified(done, heal=True)
    assert result.proof is not None
    (stray,) = result.proof.twins
    assert (result.error, stray.item_id, stray.healable, bool(stray.stuck)) == (None, twin, False, True)
    assert result.notes[0] == twin_sentence(stray, result.proof)
    assert proof_text(result).count(twin) == 1
    assert "--heal" not in proof_text(result)
    assert not any(twin in sentence for sentence in listening.heard)
    done.faults = []
    healed = verified(done, heal=True)
    assert healed.proof is not None
    assert healed.proof.removed == 1
    assert not any(twin in sentence for sentence in (*healed.notes, *listening.heard))


def test_a_removal_that_failed_first_and_was_done_then_is_no_complaint(done: Night) -> None:
    """What an earlier healing began is tried first; the look at the whole collection tries it again."""
    twin = Somebody(done).doubles(2)
    done.wire = lambda inner: Dying(inner, 1, after=False)
    with pytest.raises(Died):
        verified(done, heal=True)
    done.wire = lambda inner: inner
    done.faults = [{"when": REMOVING | {"nth": n}, "do": "status", "status": 500} for n in range(1, TRIES + 1)]
    done.observer = listening = Listening()
    result = verified(done, heal=True)
    assert result.proof is not None
    assert (result.proof.removed, result.proof.twins) == (1, ())
    assert not any(twin in sentence for sentence in (*result.notes, *listening.heard))
    assert twin not in everything(done)
    asked = done.ask_state("SELECT count(*) FROM requests WHERE run = 'verify' AND verb = 'delete'")
    assert asked == [(TRIES + 1,)]


def test_it_holds_the_state_file_like_a_run(done: Night) -> None:
    """Two do not write at once."""
    Somebody(done).doubles(2)
    with State.open(done.state) as state, state.lock():
        assert isinstance(verified(done, heal=True).error, Locked)
    assert len(everything(done)) == 6


def test_where_the_listing_proves_nothing_nothing_is_removed(done: Night) -> None:
    """An original that was not shown may be there."""
    Somebody(done).doubles(2)
    done.wire = OneMore
    result = verified(done, heal=True)
    assert result.proof is not None
    assert (result.proof.removed, len(result.proof.twins), result.exit_code) == (0, 1, 7)
