"""Who waits for a run is told what for: before it can begin, while rows are in doubt, and when it was stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from importer.commands.options import RunOptions
from importer.commands.status import status
from importer.errors import Outage
from importer.model import Silent
from tests.flows.faulty import CREATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.model import Progress
    from tests.flows.conftest import Night


class Listener(Silent):
    """Keeps what it is told before the run begins."""

    def __init__(self) -> None:
        self.waits: list[str] = []

    def progress(self, progress: Progress) -> None:
        """Keep what is waited for."""
        if progress.total == 0 and progress.waiting_for != "checking":
            self.waits.append(progress.waiting_for)


def test_a_network_that_is_not_there_is_told_while_it_is_waited_for(night: Callable[..., Night]) -> None:
    """Minutes of silence look like a command that hangs."""
    late = night()
    late.faults = [{"when": {"method": "GET", "until": 3}, "do": "refuse"}]
    heard = Listener()
    late.observer = heard
    assert late.run().counts.created == 5
    assert heard.waits
    assert all("no connection to sandbox could be opened" in one for one in heard.waits)


def test_the_sentence_at_the_end_names_address_and_option(night: Callable[..., Night]) -> None:
    """A slip in the address looks like a network that is down."""
    never = night()
    never.faults = [{"when": {}, "do": "refuse"}]
    with pytest.raises(Outage, match="no connection to sandbox could be opened") as caught:
        never.run()
    assert "--base-url" in caught.value.hint


def test_an_observer_that_fails_is_heard(night: Callable[..., Night]) -> None:
    """Its mistake is raised, not lost."""

    class Broken(Listener):
        def progress(self, progress: Progress) -> None:
            raise ZeroDivisionError

    late = night()
    late.faults = [{"when": {"method": "GET", "until": 3}, "do": "refuse"}]
    late.observer = Broken()
    with pytest.raises(ZeroDivisionError):
        late.run()


class Scribe(Silent):
    """Keeps what is waited for, second by second, and each sentence."""

    def __init__(self) -> None:
        self.waits: list[str] = []
        self.said: list[str] = []

    def progress(self, progress: Progress) -> None:
        """Keep each thing that is waited for once."""
        if progress.waiting_for and progress.waiting_for not in self.waits:
            self.waits.append(progress.waiting_for)

    def say(self, sentence: str) -> None:
        """Keep it."""
        self.said.append(sentence)


def listened(one: Night, fault: dict[str, Any], **options: Any) -> Scribe:
    """Run with this fault at the first create; gives what was told."""
    one.faults = [{"when": CREATE | {"nth": 1}} | fault]
    heard = Scribe()
    one.observer = heard
    one.run(patience=300.0, **options)
    return heard


def test_rows_whose_answer_was_lost_are_waited_for_with_reason_and_time(night: Callable[..., Night]) -> None:
    """How many, since when, and until when at the latest: told each second, and once as a sentence."""
    heard = listened(night(), {"do": "reset_before"})
    assert "at most 5 min: 5 rows whose answer was lost 10 s ago" in heard.waits
    assert "at most 1 min 10 s: 5 rows whose answer was lost 4 min ago" in heard.waits
    (told,) = [sentence for sentence in heard.said if "wait" in sentence]
    assert told == (
        "Nothing is left to do but wait for 5 rows whose answer was lost just now. They are looked for in the"
        " collection; those that are not there in 5 min 10 s are sent again. It is safe to stop here: the next run"
        " goes on with them."
    )


def test_rows_of_a_refused_chunk_are_not_said_to_have_lost_an_answer(night: Callable[..., Night]) -> None:
    """Webflow answered; which of the rows it wrote is what is not known."""
    heard = listened(night(), {"do": "status", "status": 500})
    assert "at most 9 s: 5 rows whose answer does not say what became of them" in heard.waits
    assert not [wait for wait in heard.waits if "lost" in wait]


def test_an_outage_is_told_while_the_run_pauses(night: Callable[..., Night]) -> None:
    """Nothing is sent for half a minute: what it waits for is Webflow."""
    one = night()
    heard = Scribe()
    one.observer = heard
    one.faults = [{"when": CREATE | {"until": 6}, "do": "status", "status": 503}]
    one.run(patience=300.0)
    assert any(wait.startswith("Webflow: it answers 503") for wait in heard.waits)


def test_a_stopped_run_says_what_is_in_doubt_and_until_when(night: Callable[..., Night]) -> None:
    """People read it in a sentence, scripts in `doubt`; started later than that, the next run waits for nothing."""
    one = night()
    heard = listened(one, {"do": "reset_before"}, deadline=20.0)
    assert one.result is not None
    assert one.exit_code == 5
    assert one.result.as_json()["runs"][0]["doubt"] == {
        "rows": 5, "lost_at": "2026-05-28T20:26:41Z", "known_by": "2026-05-28T20:31:51Z",
    }  # fmt: skip
    assert heard.said[-1] == (
        "5 rows are in doubt, for an answer was lost at 20:26:41 UTC. The same command finds out what became of them;"
        " started after 20:31:51 UTC, it need not wait for that."
    )
    one.faults = []
    one.passes(300)
    heard = listened(one, {"do": "slow", "seconds": 0})
    assert not [wait for wait in heard.waits if "at most" in wait]
    assert "5 rows are in doubt since an earlier run" in heard.said[1]
    assert one.result.as_json()["runs"][0]["doubt"] is None


@pytest.mark.parametrize(("switch", "fault"), [("no", "reset_before"), ("yes", "status")])
def test_a_stopped_run_without_a_moment_says_so_too(night: Callable[..., Night], switch: str, fault: str) -> None:
    """Without a `Date`, or where no answer was lost, the same command finds it out; no moment is made up."""
    one = night(date_header=switch)
    heard = listened(one, {"do": fault} | ({"status": 500} if fault == "status" else {}), deadline=5.0)
    assert one.result is not None
    assert one.result.as_json()["runs"][0]["doubt"] == {"rows": 5, "lost_at": None, "known_by": None}
    assert heard.said[-1] == (
        "5 rows are in doubt: what became of them is not known yet. The same command finds it out."
    )


def test_doubt_of_the_last_run_is_kept_for_status(night: Callable[..., Night]) -> None:
    """`status --json` gives the object of the last run as it was."""
    one = night()
    listened(one, {"do": "reset_before"}, deadline=20.0)
    assert one.result is not None
    (report,) = status(options=RunOptions(state=one.state))
    last = report.last()
    assert last is not None
    assert last.as_json()["doubt"] == one.result.as_json()["runs"][0]["doubt"]
