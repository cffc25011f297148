"""The simulator can fail: mistakes that are planted in the importer are noticed, and without them nothing is."""

from __future__ import annotations

import pytest

from tests.simulation.bugs import BUGS, lived, noticed

ALWAYS = (
    "retries_after_5xx",
    "records_after_sending",
    "never_records_the_answer",
    "lost_create_is_done",
    "lost_publish_is_done",
    "ignores_the_returned_slug",
    "matches_by_position",
    "trusts_every_refusal",
    "slug_taken_is_a_rejection",
    "settles_nothing",
    "decides_before_lag",
    "decides_by_the_end_of_a_listing",
    "has_no_patience",
    "gives_up_patience_early",
    "asks_by_slug_only",
    "believes_the_first_page",
    "believes_any_order",
    "believes_equal_stamps",
    "compares_no_content",
    "takes_any_holder",
    "gives_one_item_to_two",
    "own_clock_tells_patience",
    "own_clock_tells_the_window",
    "keeps_the_last_watermark",
    "forgets_what_left_the_sheet",
    "keeps_the_newest_twin",
    "calls_everything_refused",
    "frees_the_lock_by_age",
)
"""The gravest mistakes, which every test run plants (some seconds in all); `make soak` plants the others too."""


@pytest.mark.parametrize("name", ALWAYS)
def test_planted_mistake_is_noticed(name: str) -> None:
    """Within its number of seeds something breaks, and in the same world nothing does where it is not planted."""
    _is_noticed(name)


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(BUGS.keys() - ALWAYS))
def test_every_other_planted_mistake_is_noticed(name: str) -> None:
    """The same with the other mistakes of the table."""
    _is_noticed(name)


def _is_noticed(name: str) -> None:
    bug = BUGS[name]
    found = noticed(bug, bug.within)
    assert found is not None, f"not noticed within {bug.within} seeds: {bug.sentence}"
    assert not lived(bug, found[0], planted=False)


def test_mistakes_are_told_in_a_sentence() -> None:
    """The table says what each mistake is."""
    assert all(bug.sentence.endswith(".") for bug in BUGS.values())
