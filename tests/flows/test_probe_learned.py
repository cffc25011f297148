"""`doctor --probe`: what runs do about the answers, and what people are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from importer.cli import front
from importer.probing import QUESTIONS, UNKNOWN
from importer.publishing import Timing, with_seen_lag
from importer.sandbox.switches import SWITCHES
from importer.state import Identity, State
from tests.flows.asking import Asked, answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night

    Nights = Callable[..., Night]


def test_only_refusals_that_are_whole_everywhere_relax_a_rule(night: Nights) -> None:
    """Rule 3: then a run sends the good rows of a refused chunk again without listing; one that is not undoes it."""
    asked = Asked(night())
    assert kept(asked, "trust:") == {}
    asked.ask()
    assert kept(asked, "trust:") == {"trust:validation_error": "whole"}
    asked.night.switches["refusal"] = "partial_ahead"
    done = asked.ask()
    assert kept(asked, "trust:") == {}
    assert "forget" in done.uses["refusal_live"]


def test_refusals_seen_of_one_endpoint_relax_nothing(night: Nights) -> None:
    """What the staged endpoint does says nothing of the live one."""
    asked = Asked(night(), unpublished_site="409")
    done = asked.ask()
    assert answers(done)["refusal_staged"] == "whole"
    assert kept(asked, "trust:") == {}


def test_slow_listings_make_runs_wait_longer_for_good(night: Nights) -> None:
    """Twice the time that was seen; a quick listing later does not undo it."""
    asked = Asked(night(), listing_delay="25")
    done = asked.ask()
    assert done.uses["listing_delay"] == "Runs wait 61 s before they take an item for absent, not 10."
    asked.night.switches["listing_delay"] = "0"
    asked.ask()
    with State.open(asked.night.state) as state:
        assert with_seen_lag(Timing(), state).lag == 61.0
    asked.night.sheet = asked.night.rows(3)
    asked.night.faults = [{"when": {"method": "POST"}, "do": "status", "status": 500}]
    asked.night.faults[0]["when"]["nth"] = 1
    began = asked.night.hours.now
    assert asked.night.run().counts.created == 3
    assert asked.night.hours.now - began >= 61


def test_a_probe_waits_as_long_as_runs_before_a_listing_shows_what_a_refusal_wrote(night: Nights) -> None:
    """What runs trust later must not be seen with less care than theirs."""
    asked = Asked(night(), listing_delay="25")
    asked.ask()
    asked.night.switches["listing_delay"] = "0"
    began = asked.night.hours.now
    assert answers(asked.ask())["refusal_live"] == "whole"
    assert asked.night.hours.now - began >= 61


def test_listings_that_were_never_complete_make_runs_wait_longer(night: Nights) -> None:
    """How long it takes is unknown, but that it takes a minute at least is not."""
    asked = Asked(night(), listing_delay="500")
    done = asked.ask()
    assert answers(done)["listing_delay"] == UNKNOWN
    assert answers(done)["refusal_live"] == UNKNOWN
    assert "not 10." in done.uses["listing_delay"]


def test_disorder_makes_runs_read_listings_whole(night: Nights) -> None:
    """The collection of the mapping is on the same site."""
    asked = Asked(night(), listing_order="random")
    asked.ask()
    (fact,) = kept(asked, "unordered:").items()
    assert fact == (f"unordered:{asked.outset['collections'][0][0]}", "yes")


def test_answers_are_kept_with_the_servers_time_and_unknown_ones_change_nothing(night: Nights) -> None:
    """What was seen before stays, with its own time."""
    asked = Asked(night())
    asked.ask()
    before = kept(asked, "probe:")
    assert set(before) == {f"probe:{name}" for name in QUESTIONS if name != "slug_per_locale"}
    assert {json.loads(one)["at"][:10] for one in before.values()} == {"2026-05-28"}
    asked.night.passes(3600)
    asked.ask(deadline=5.0)
    after = kept(asked, "probe:")
    assert after["probe:refusal_live"] == before["probe:refusal_live"]
    assert after["probe:taken_live"] != before["probe:taken_live"]


def kept(asked: Asked, prefix: str) -> dict[str, str]:
    """The facts in the state file whose names begin like this."""
    with State.open(asked.night.state) as state:
        return state.facts(prefix)


def test_without_a_mapping_nothing_is_kept(night: Nights) -> None:
    """The one site that the token reaches is asked."""
    asked = Asked(night())
    done = asked.ask(mapping=False)
    assert done.error is None
    assert answers(done)["refusal_live"] == "whole"
    assert not asked.night.state.exists()
    assert asked.probes() == []


def test_state_of_another_collection_is_refused_before_anything_is_made(night: Nights) -> None:
    """As by a run: exit 2."""
    asked = Asked(night())
    with State.open(asked.night.state) as state:
        state.claim(Identity("notes", "", "0123456789abcdef01234567"))
    done = asked.ask()
    assert done.error is not None
    assert done.error.code == "state"
    assert done.collection == ""


def test_probe_does_not_disturb_a_run(night: Nights) -> None:
    """Somebody who holds the state file is left alone: exit 5."""
    asked = Asked(night())
    with State.open(asked.night.state) as state, state.lock():
        done = asked.ask()
    assert done.error is not None
    assert done.error.code == "locked"
    assert asked.requests() == 0


def test_collection_that_the_mapping_names_must_be_there(night: Nights) -> None:
    """Otherwise it is not known which site is meant."""
    asked = Asked(night())
    asked.mapping.write_text('collection = "gone"\n[fields]\nname = "Title"\n', encoding="utf-8")
    done = asked.ask()
    assert done.error is not None
    assert done.error.code == "mapping"
    assert '"gone"' in done.error.message


def test_probe_is_asked_for_and_says_before_what_it_does(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it does on stderr, the answers on stdout; `doctor` tells later that it was asked."""
    assert front.answer(["doctor", "tags.toml", "--sandbox", "--probe"]) == 0
    said = capsys.readouterr()
    assert "asked in about 30 requests, and removed again" in said.err.splitlines()[0]
    assert "    whole: POST items/live" in said.out
    assert "-> Runs send the good items of a chunk that is refused with validation_error again" in said.out
    assert "was made, asked and removed again" in said.out
    assert (place / ".importer" / "tags.sandbox.db").exists()
    assert front.answer(["doctor", "tags.toml", "--sandbox", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    (probe,) = [one["message"] for one in findings if one["what"] == "probe"]
    assert probe.startswith("30 answers are kept, the latest of 20")


def test_doctor_says_that_a_state_file_is_none(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It looks into it for what was asked before."""
    (place / ".importer").mkdir()
    (place / ".importer" / "tags.sandbox.db").write_text("no database", encoding="utf-8")
    assert front.answer(["doctor", "tags.toml", "--sandbox"]) == 2
    assert "bad   state file" in capsys.readouterr().out


@pytest.mark.usefixtures("place")
def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """Each answer with its question, how it was seen, and what runs do about it."""
    assert front.answer(["doctor", "--sandbox", "--probe", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["verdict"], answer["error"], answer["runs"]) == ("done", None, [])
    assert [one["name"] for one in answer["probe"]["answers"]] == list(QUESTIONS)
    assert {one["confidence"] for one in answer["probe"]["answers"]} == {"seen once"}
    assert answer["probe"]["collection"]["removed"]
    assert answer["probe"]["state"] is None


DOCUMENT = (Path(__file__).parents[2] / "docs" / "webflow.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*QUESTIONS, *SWITCHES])
def test_document_names_every_question_and_every_switch(name: str) -> None:
    """docs/webflow.md: what is assumed, how to look, and which switch stands for the other possibility."""
    assert f"`{name}" in DOCUMENT
