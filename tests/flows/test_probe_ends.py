"""`doctor --probe`, however it ends: the collection is removed, or named."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from importer.cli import front
from importer.commands.probe import as_json
from importer.probing import UNKNOWN
from importer.state import State
from tests.flows.asking import LOCALES, USUAL, Asked, answers, check_answers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from _pytest.capture import CaptureFixture

    from tests.flows.conftest import Night

    Nights = Callable[..., Night]


class Dying(httpx.AsyncBaseTransport):
    """A wire on which something happens at the n-th request, before or after its work, and at all later ones."""

    def __init__(self, inner: httpx.AsyncBaseTransport, nth: int, happens: Callable[[], None], *, done: bool) -> None:
        self._inner, self._nth, self._happens, self._done = inner, nth, happens, done

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._nth -= 1
        if self._nth < 0 or (self._nth == 0 and not self._done):
            self._happens()
        answer = await self._inner.handle_async_request(request)
        if self._nth == 0 and self._done:
            self._happens()
        return answer


class Died(BaseException):
    """The process is gone."""


def die() -> None:
    """End the process: no request that would follow is sent."""
    raise Died


MADE = 4
"""The request that makes the collection."""


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("nth", [MADE, 20])
def test_what_a_killed_probe_leaves_is_removed_by_the_next(night: Nights, nth: int, done: bool) -> None:
    """The name was written down before the collection was asked for."""
    asked = Asked(night())
    asked.night.wire = lambda inner: Dying(inner, nth, die, done=done)
    with pytest.raises(Died):
        asked.ask()
    left = asked.probes()
    assert len(left) == int((nth, done) != (MADE, False))
    asked.night.wire = lambda inner: inner
    again = asked.ask()
    assert again.error is None
    assert [one for one in left if any(one in note for note in again.notes)] == left
    assert asked.probes() == []


def test_probe_tells_how_long_it_took(night: Nights) -> None:
    """`seconds` of `--json` is the time that passed, as for every other command."""
    asked = Asked(night())
    assert asked.ask().seconds > 0


def test_collections_that_only_look_like_a_probes_are_left_alone(night: Nights) -> None:
    """A name is not enough: what is removed was written down, with its id."""
    asked = Asked(night())
    asked.ask()

    async def make(http: httpx.AsyncClient, site: dict[str, Any], _collection: str) -> str:
        body = {"displayName": f"Importer probe {'ab' * 8}", "singularName": "Mine"}
        return str((await http.post(f"/sites/{site['id']}/collections", json=body)).json()["id"])

    mine = asked.night.outside(make)
    done = asked.ask()
    assert asked.probes() == [mine]
    assert any(mine in note and "left alone" in note for note in done.notes)
    assert done.error is None


def interrupt() -> None:
    """Press Ctrl-C."""
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("nth", [2, MADE, 20])
def test_ctrl_c_ends_the_asking_and_removes_the_collection(night: Nights, nth: int) -> None:
    """What was answered by then stands; the rest is unknown."""
    asked = Asked(night(seed=LOCALES))
    pressed: list[int] = []

    def once() -> None:
        if not pressed:
            pressed.append(nth)
            interrupt()

    asked.night.wire = lambda inner: Dying(inner, nth, once, done=True)
    done = asked.ask()
    assert done.error is not None
    assert done.error.exit_code == 130
    assert done.error.hint == "Run the same command again: everything is asked anew."
    check_answers(done, USUAL)
    assert asked.probes() == []


def test_second_ctrl_c_leaves_the_collection_and_names_it(night: Nights) -> None:
    """Whoever presses it while the collection is being removed does not want to wait."""
    asked = Asked(night())
    pressed: list[int] = []

    def twice() -> None:
        if len(pressed) < 2:
            pressed.append(1)
            interrupt()

    asked.night.faults = [{"when": {"method": "DELETE"}, "do": "reset_before"}]
    asked.night.wire = lambda inner: Dying(inner, 12, twice, done=True)
    done = asked.ask()
    assert done.error is not None
    assert done.error.exit_code == 130
    assert asked.probes() == [done.collection] == list(done.left)
    assert any(done.collection in note for note in done.notes)
    asked.night.faults = []
    asked.night.wire = lambda inner: inner
    assert asked.ask().error is None
    assert asked.probes() == []


def test_what_cannot_be_removed_is_named_with_what_to_do(night: Nights) -> None:
    """The id, Webflow's words, and how to remove it by hand; the command ends with 5."""
    asked = Asked(night())
    asked.night.faults = [
        {"when": {"method": "DELETE", "path": "/v2/collections/????????????????????????"}, "do": "conflict"}
    ]
    done = asked.ask()
    assert done.error is not None
    assert done.error.exit_code == 5
    assert done.collection in done.error.message
    assert "Delete collection" in done.error.hint
    assert not as_json(done)["collection"]["removed"]
    assert answers(done)["refusal_live"] == "whole"


def test_deadline_ends_the_asking_and_removes_the_collection(night: Nights) -> None:
    """The ten seconds of waiting for what refused chunks wrote are too long here."""
    asked = Asked(night())
    done = asked.ask(deadline=5.0)
    assert done.error is not None
    assert (done.error.code, done.error.exit_code) == ("deadline", 5)
    assert answers(done)["taken_live"] == "refused"
    assert answers(done)["refusal_live"] == UNKNOWN
    assert asked.probes() == []


def test_the_deadline_says_what_is_still_waited_for(night: Nights) -> None:
    """The removal keeps the limit of requests, which may take a minute: that is said, once, and at once."""
    asked = Asked(night())
    done = asked.ask(deadline=8.0, requests_per_minute=5)
    assert done.error is not None
    assert done.error.code == "deadline"
    late, wait = asked.said[-2:]
    assert late == "The deadline has passed, but this is waited for: the collection is removed."
    assert wait.startswith("That waits for your own limit of 5 requests a minute (")
    assert asked.probes() == []


def test_no_time_makes_no_collection(night: Nights) -> None:
    """`--deadline 0s`: nothing is made that would only be removed again."""
    asked = Asked(night())
    writes = asked.night.writes()
    done = asked.ask(deadline=0.0)
    assert done.error is not None
    assert (done.error.code, done.collection, asked.said) == ("deadline", "", [])
    assert asked.night.writes() == writes


def test_doctor_names_what_a_probe_had_to_leave(place: Path, capsys: CaptureFixture[str]) -> None:
    """The state file knows it; the hint can be typed."""
    assert front.answer(["doctor", "tags.toml", "--sandbox", "--probe"]) == 0
    capsys.readouterr()
    assert front.answer(["doctor", "tags.toml", "--sandbox"]) == 0
    assert "by an earlier probe" not in capsys.readouterr().out
    with State.open(place / ".importer" / "tags.sandbox.db") as state:
        kept = '{"site": "s", "id": "c0ffee", "at": null}'
        state.set_fact("probe_made:Importer probe 0123456789abcdef", kept)
    assert front.answer(["doctor", "tags.toml", "--sandbox"]) == 0
    said = capsys.readouterr().out
    assert 'the collection "Importer probe 0123456789abcdef" (c0ffee) was left on the site by an earlier probe' in said
    assert "`importer doctor tags.toml --sandbox --probe` removes it" in said


def test_own_limit_of_requests_is_kept(night: Nights) -> None:
    """No more requests than that in any 60 seconds, the removal included."""
    asked = Asked(night())
    times: list[float] = []
    asked.night.wire = lambda inner: Dying(inner, 1, lambda: times.append(asked.night.hours.now), done=True)
    done = asked.ask(requests_per_minute=10)
    assert done.error is None
    assert len(times) == done.requests
    assert all(later - earlier >= 60 for earlier, later in zip(times, times[10:], strict=False))


@pytest.mark.parametrize("scopes", [("cms:read", "sites:read"), ("cms:read", "cms:write"), ("cms:write", "sites:read")])
@pytest.mark.parametrize("introspect", ["answered", "refused"])
def test_missing_scopes_are_named_before_anything_is_made(
    night: Nights, scopes: tuple[str, ...], introspect: str
) -> None:
    """Exit 3, also where a token may not ask about itself."""
    asked = Asked(night(), introspect=introspect)
    asked.night.app.world.connection.execute("UPDATE tokens SET scopes = ?", (" ".join(scopes),))
    done = asked.ask()
    assert done.error is not None
    assert done.error.exit_code == 3
    (missing,) = {"cms:read", "cms:write", "sites:read"} - set(scopes)
    assert missing in done.error.message
    assert missing in done.error.hint
    assert asked.probes() == []
    assert done.collection == ""
