"""Only rows that a server carried out later than patience may be there twice: which those are is told from requests."""

from __future__ import annotations

import orjson
import pytest

from importer.client.wire import WRITE_TIMEOUT
from importer.sandbox.faults import FaultRule
from tests.simulation.late import PATIENCE, Lateness

BODY = orjson.dumps({"items": [{"fieldData": {"slug": "note-1"}}]})


def delayed(seconds: float, *, wait: float = 1.0) -> FaultRule:
    return FaultRule("timeout_then_commit", {}, {"seconds": seconds, "wait": wait})


@pytest.mark.parametrize(("seconds", "late"), [(50, False), (PATIENCE + 1, False), (PATIENCE + 1.1, True)])
def test_request_is_late_that_has_its_effect_beyond_patience_after_its_loss(seconds: float, *, late: bool) -> None:
    """The answer is lost after a second."""
    lateness = Lateness()

    lateness.delays(delayed(seconds), BODY, 100.0)

    assert lateness.slugs == ({"note-1"} if late else set())


def test_request_under_way_is_lost_when_its_process_ends_or_the_next_one_begins() -> None:
    """What a slow server does long after the time-out of a living process may be too late for the next one."""
    ended, began = Lateness(), Lateness()
    slow = FaultRule("slow", {}, {"seconds": WRITE_TIMEOUT + 40})
    for one in (ended, began):
        one.delays(slow, BODY, 0.0)
        assert not one

    ended.lost(10.0)
    began.begins(200.0, ())

    assert ended
    assert not began, "20 s later it had its effect"


def test_request_that_meets_its_fault_when_its_process_is_gone_was_lost_before() -> None:
    """It was on its way while the next process began; the same body sent by that one is no orphan."""
    orphan, sent = Lateness(), Lateness()
    orphan.begins(10.0, [BODY])
    sent.begins(10.0, [])

    for one in (orphan, sent):
        one.delays(delayed(PATIENCE), BODY, 14.0)

    assert (bool(orphan), bool(sent)) == (True, False)
