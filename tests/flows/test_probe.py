"""`doctor --probe`: each answer is what the sandbox is switched to, and faults make none wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from importer.probing import QUESTIONS, UNKNOWN
from importer.sandbox.switches import SWITCHES
from tests.flows.asking import LOCALES, USUAL, Asked, answers, check_answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night

    Nights = Callable[..., Night]


NO_LIVE = dict.fromkeys(
    ("taken_live", "refusal_live", "live_in_staged", "filter_slug_live", "filter_published"), UNKNOWN
)
NO_ITEMS = dict.fromkeys(USUAL, UNKNOWN) | {"introspect": "answered"}

ANSWERED: dict[tuple[str, str], dict[str, str]] = {
    ("refusal", "partial"): {"refusal_live": "partly", "refusal_staged": "partly"},
    ("refusal", "partial_ahead"): {"refusal_live": "ahead", "refusal_staged": "ahead"},
    ("taken_slug", "suffix"): {"taken_live": "suffixed", "taken_staged": "suffixed"},
    ("slug_case", "sensitive"): {"slug_case": "sensitive"},
    ("slug_per_locale", "separate"): {"slug_per_locale": "separate"},
    ("own_slug", "refused"): {"own_slug": "refused"},
    ("missing_slug", "refused"): {"missing_slug": "refused"},
    ("deleted_slug", "held"): {"deleted_slug": "held"},
    ("answer_order", "shuffled"): {"answer_order": "other"},
    ("answer_shape", "list"): {"answer_shape": "list"},
    ("listing_delay", "3"): {"listing_delay": "3.5"},
    ("listing_order", "ignored"): {"sort_created": "ignored", "sort_updated": "ignored", "listing_order": "other"},
    ("listing_order", "random"): {"sort_created": "unsteady", "sort_updated": "unsteady", "listing_order": "unsteady"},
    ("listing_sort", "refused"): {"sort_created": "refused", "sort_updated": "refused"},
    ("live_in_staged", "no"): {"live_in_staged": "no"},
    ("unpublished_site", "409"): {"live_writes": "refused_409"} | NO_LIVE,
    ("unpublished_site", "404"): {"live_writes": "refused_404"} | NO_LIVE,
    ("introspect", "refused"): {"introspect": "refused"},
    ("rate_limit", "7"): {"rate_limit": "7"},
    ("missing_headers", "yes"): {"rate_headers": "no", "retry_after": "no", "rate_limit": UNKNOWN},
    ("date_header", "no"): {"date_header": "no", "clock": UNKNOWN},
    ("stamps", "spread"): {"stamps": "spread"},
    ("plan_limit", "5"): NO_ITEMS | {"room": "no"},
}
"""What is answered otherwise under each position of a switch."""

USUALLY = 31
"""Requests of a probe that nothing goes wrong with, on a site with several locales."""

MORE = {
    ("listing_delay", "3"): 6,
    ("listing_sort", "refused"): 4,
    ("live_in_staged", "no"): 4,
}
"""Requests more: for items that are not listed yet, reads that are refused twice, few items to see an order by."""

NOT_ASKED_ABOUT = {
    "reference_locale": "a field that refers to its own collection might keep that from being removed",
    "retry_after_rounding": "the end of a window is not seen that exactly; the pace allows for both",
}
"""Switches that stand for what a scratch collection cannot tell."""


def test_every_switch_is_asked_about_in_every_position() -> None:
    """A switch that is added needs an answer here, or a reason why there is none."""
    for name, (allowed, default, _) in SWITCHES.items():
        if name not in NOT_ASKED_ABOUT:
            asked = {value for switch, value in ANSWERED if switch == name}
            assert asked, name
            assert allowed == ("<number>",) or asked | {default} == set(allowed), name


@pytest.mark.parametrize(("switch", "value"), [("rate_limit", "600"), *ANSWERED])
def test_each_answer_is_what_the_sandbox_is_switched_to(night: Nights, switch: str, value: str) -> None:
    """First every switch at its default, then each other position of each: all other answers stay as they are."""
    asked = Asked(night(seed=LOCALES), **{switch: value})
    done = asked.ask()
    assert done.error is None
    assert answers(done) == USUAL | ANSWERED.get((switch, value), {})
    assert list(answers(done)) == list(QUESTIONS)
    assert asked.probes() == []
    assert asked.requests() == done.requests
    assert done.requests <= USUALLY + MORE.get((switch, value), 0)


FAULTS: dict[str, dict[str, Any]] = {
    "refused": {"do": "refuse"},
    "broken before": {"do": "reset_before"},
    "broken after": {"do": "reset_after"},
    "cut": {"do": "truncated"},
    "garbage": {"do": "garbage"},
    "done later": {"do": "timeout_then_commit", "wait": 3, "seconds": 20},
    "500": {"do": "status", "status": 500},
    "500, but done": {"do": "status", "status": 500, "work": "done"},
    "502": {"do": "status", "status": 502, "body": "html"},
    "429": {"do": "throttle", "retry_after": "missing"},
    "stray 403": {"do": "stray_403"},
}
"""What goes wrong on the way."""


@pytest.mark.parametrize("fault", ["broken before", "broken after", "done later", "500, but done", "502", "429"])
def test_faults_make_no_answer_wrong(night: Nights, fault: str) -> None:
    """Where every sixth request goes wrong, the others are answered; the collection is gone."""
    asked = Asked(night(seed=LOCALES))
    asked.night.faults = [{"when": {"every": 6}, **FAULTS[fault]}]
    done = asked.ask()
    assert done.error is None
    check_answers(done, USUAL)
    assert sum(one.known for one in done.answers) >= 20
    assert asked.probes() == []
    assert done.requests <= 2 * USUALLY


@pytest.mark.soak
@pytest.mark.parametrize("nth", range(1, USUALLY + 1))
@pytest.mark.parametrize("fault", FAULTS)
def test_no_request_may_go_wrong_and_leave_something(night: Nights, fault: str, nth: int) -> None:
    """One fault at each of the requests: no wrong answer, and what is left is named."""
    asked = Asked(night(seed=LOCALES))
    asked.night.faults = [{"when": {"nth": nth}, **FAULTS[fault]}]
    done = asked.ask()
    check_answers(done, USUAL)
    assert asked.probes() == []
