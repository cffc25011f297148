"""Whole runs at the pace that the rate limit allows, over a slow wire."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from importer.model import Silent
from tests.flows.slow import SlowWire, WatchedWindows

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night


class Heard(Silent):
    """Keeps the sentences that are said."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def say(self, sentence: str) -> None:
        """Keep it."""
        self.sentences.append(sentence)


def test_a_whole_run_uses_98_percent_of_the_allowance(night: Callable[..., Night]) -> None:
    """Answers of 3 s, 125 chunks at 60 a minute: looking up, writing down and sending again leave no request unused."""
    long = night(rate_limit="60")
    long.app.windows = watched = WatchedWindows()
    long.observer = heard = Heard()
    long.wire = partial(SlowWire, latency=3.0)
    long.sheet = long.filed(25 * 125)
    assert long.run().counts.created == 25 * 125
    assert watched.refused == 0
    assert watched.used(60) >= 0.98
    assert not any("--concurrency" in one for one in heard.sentences)


@pytest.mark.parametrize(("cap", "wanted"), [(None, 10), (40, 7)])
def test_few_requests_in_flight_that_hold_a_run_back_are_told_once(
    night: Callable[..., Night], cap: int | None, wanted: int
) -> None:
    """Answers of 8 s: 4 at a time are 30 a minute, whatever is allowed."""
    slow = night(rate_limit="60")
    slow.observer = heard = Heard()
    slow.wire = partial(SlowWire, latency=8.0)
    slow.sheet = slow.filed(25 * 35)
    assert slow.run(requests_per_minute=cap).counts.created == 25 * 35
    said = [one for one in heard.sentences if "--concurrency" in one]
    assert len(said) == 1
    assert "4 at a time are 30, for an answer takes 8.0 s" in said[0]
    assert f"--concurrency {wanted} " in said[0]
