"""Before a run can begin, it asks Webflow: who waits for that is told what for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.errors import Outage
from importer.model import Silent

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
