"""The pacer against a simulated server, in virtual time."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from importer.pacing import Backoff, Pacer
from tests.unit.limited import ROUNDINGS, Journey, Outcome, Server, journey, simulate


def share_used(outcome: Outcome, limit: int, spare: int) -> float:
    """Measure what part of the allowance was used, until the last `spare` requests were let go."""
    full = (len(outcome.sent) - spare) / limit
    return full * 60.0 / (outcome.sent[-spare] - outcome.sent[0])


SHARES = st.tuples(st.floats(0, 1), st.floats(0, 1))
RANDOM = st.randoms(use_true_random=False)
SLOW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(seed=st.integers(0, 2**32), shares=SHARES, rounding=st.sampled_from(sorted(ROUNDINGS)), late=st.booleans())
def test_mixed_latencies_use_98_percent_and_never_exceed(
    seed: int, shares: tuple[float, float], rounding: str, late: bool
) -> None:
    """300 requests of 50 ms to 3 s at 60 a minute: no 429, and at least 97 % of the allowance (98 % on average)."""
    server, random = Server(rounding=rounding), Random(seed)
    journeys = [journey(shares, random.uniform(0.05, 3.0)) for _ in range(300)]
    outcome = simulate(Pacer(), server, journeys, late_headers=late)
    assert server.refused == 0
    assert share_used(outcome, 60, 60) >= 0.97


@pytest.mark.parametrize("latency", [0.05, 1.0, 3.0])
@pytest.mark.parametrize("rounding", sorted(ROUNDINGS))
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("up", [0.0, 0.5, 1.0])
def test_even_latencies_use_95_percent_and_never_exceed(latency: float, rounding: str, late: bool, up: float) -> None:
    """Where every answer takes the same time nobody can know when it was counted: one latency a window is lost."""
    server = Server(rounding=rounding)
    outcome = simulate(Pacer(), server, [journey((up, 0.1), latency)] * 300, late_headers=late)
    assert server.refused == 0
    assert share_used(outcome, 60, 60) >= 60 / (60 + latency + 0.1)


@SLOW
@given(
    random=RANDOM,
    shares=SHARES,
    rounding=st.sampled_from(sorted(ROUNDINGS)),
    limit=st.one_of(st.integers(1, 10), st.integers(1, 150)),
    window=st.one_of(st.floats(4, 60), st.just(60.0)),
    in_flight=st.integers(1, 8),
    loss=st.sampled_from([0.0, 0.05, 0.5, 0.9]),
    slowest=st.sampled_from([2.0, 6.0, 20.0]),
)
def test_never_exceeds_any_limit(
    random: Random,
    shares: tuple[float, float],
    rounding: str,
    limit: int,
    window: float,
    in_flight: int,
    loss: float,
    slowest: float,
) -> None:
    """No announced limit is exceeded, also where answers are lost; the pacer never waits for what cannot come."""
    server = Server(limit, rounding, window)
    journeys = [journey(shares, random.uniform(0.05, slowest)) for _ in range(200)]
    lossy = journeys[:1] + [replace(one, lost=random.random() < loss) for one in journeys[1:]]
    outcome = simulate(Pacer(), server, lossy, in_flight=in_flight)
    assert server.refused == 0
    assert outcome.ended <= len(lossy) * (2 * 60 + slowest)


@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize(
    ("limit", "in_flight", "shares", "rounding", "window", "slowest"),
    [
        (3, 1, (0.0, 1.0), "ceil", 10.0, 6.0),
        (10, 3, (0.54, 0.06), "round", 10.0, 6.0),
        (4, 7, (1.0, 1.0), "ceil", 5.0, 6.0),
        (9, 8, (1.0, 1.0), "floor", 5.0, 20.0),
        (6, 3, (1.0, 0.0), "ceil", 20.5, 20.0),
    ],
)
def test_answers_lost_or_late_near_the_end_of_a_window_count_in_the_next(
    seed: int, limit: int, in_flight: int, shares: tuple[float, float], rounding: str, window: float, slowest: float
) -> None:
    """Short windows, half of the answers lost, the others at once or late: nobody is told which window was used."""
    random, server = Random(seed), Server(limit, rounding, window)
    journeys = [journey(shares, random.choice([0.05, slowest])) for _ in range(120)]
    lossy = journeys[:1] + [replace(one, lost=random.random() < 0.5) for one in journeys[1:]]
    outcome = simulate(Pacer(), server, lossy, in_flight=in_flight)
    assert server.refused == 0
    assert outcome.ended <= len(lossy) * (2 * 60 + slowest)


@SLOW
@given(random=RANDOM, others=st.integers(1, 50))
def test_shares_the_limit_with_other_clients(random: Random, others: int) -> None:
    """Where others use the token up, what they use is left to them: hardly a request is refused."""
    server = Server()
    foreign = [minute * 60 + random.uniform(0, 60) for minute in range(20) for _ in range(others)]
    mine = [journey((0.1, 0.1), random.uniform(0.05, 1.0)) for _ in range(200)]
    outcome = simulate(Pacer(), server, mine, foreign=foreign)
    assert outcome.statuses.count(429) <= 5 + len(outcome.sent) // 20


def test_starts_at_once_with_one_request_until_the_limit_is_known() -> None:
    """The first request goes at once; the others as soon as its answer has told the limit, and then without a pause."""
    pacer = Pacer()
    assert pacer.wait(5.0) == 0
    assert pacer.left(5.0) is None
    pacer.sent(5.0)
    assert pacer.wait(5.1) == math.inf
    pacer.answered(5.0, 5.2, 200, "120", "119", "60")
    assert pacer.left(5.2) == 119
    for _ in range(119):
        assert pacer.wait(5.2) == 0
        pacer.sent(5.2)
    assert pacer.left(5.2) == 0
    assert pacer.wait(5.2) == pytest.approx(60.02)


def test_own_limit_is_what_is_left_of_and_what_holds_back() -> None:
    """Who asks for few requests a minute is not told of the many that Webflow would allow."""
    pacer = Pacer(own_limit=4)
    pacer.sent(0.0)
    pacer.answered(0.0, 0.1, 200, "120", "119", "60")
    assert (pacer.left(0.1), pacer.capped(0.1)) == (3, False)
    for _ in range(3):
        pacer.sent(0.2)
    assert (pacer.left(0.2), pacer.capped(0.2)) == (0, True)
    assert not Pacer().capped(0.2)


def test_retry_after_of_a_success_is_no_reason_to_wait() -> None:
    """`Retry-After` stands on successes too, and says when the window ends."""
    pacer = Pacer()
    pacer.sent(0.0)
    pacer.answered(0.0, 0.3, 202, "60", "12", "41")
    assert pacer.wait(0.3) == 0
    assert pacer.left(0.3) == 12


def test_waits_for_the_end_that_the_tightest_answer_names() -> None:
    """Each answer bounds the end of the window; the earliest bound counts."""
    pacer = Pacer()
    for sent, remaining, seconds in ((0.0, "2", "41"), (1.0, "1", "40"), (1.5, "0", "38")):
        pacer.sent(sent)
        pacer.answered(sent, sent + 0.1, 202, "60", remaining, seconds)
    assert pacer.wait(2.0) == pytest.approx(1.6 + 38 + 1 + 0.02 - 2.0)


def test_limit_that_changes_counts_from_the_next_answer() -> None:
    """A raised limit is used at once, a lowered one is kept at once."""
    pacer = Pacer()
    pacer.sent(0.0)
    pacer.answered(0.0, 0.1, 200, "60", "59", "60")
    pacer.sent(1.0)
    pacer.answered(1.0, 1.1, 200, "120", "118", "59")
    assert pacer.left(1.1) == 118
    pacer.sent(2.0)
    pacer.answered(2.0, 2.1, 200, "10", "7", "58")
    assert pacer.left(2.1) == 7


def test_without_headers_60_in_60_seconds_are_assumed() -> None:
    """A server that announces nothing is asked 60 times a minute, whichever way it counts its minutes."""
    journeys = [Journey()] * 200
    outcome = simulate(Pacer(), Server(headers=False), journeys)
    assert 429 not in outcome.statuses
    assert all(later - sooner >= 60 for sooner, later in zip(outcome.sent, outcome.sent[60:], strict=False))
    assert outcome.sent[180] <= 3 * 61


@pytest.mark.parametrize("garbage", ["", "soon", "-1", "1e3", "٣", "9" * 30, "6.5"])
def test_garbage_in_headers_counts_as_missing(garbage: str) -> None:
    """What cannot be read is not guessed at."""
    pacer = Pacer()
    pacer.sent(0.0)
    pacer.answered(0.0, 0.1, 200, garbage, garbage, garbage)
    assert pacer.left(0.1) == 59


NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("retry_after", "date", "pause"),
    [
        ("8", NOW, 9.0),
        (None, NOW, 60.0),
        ("soon", NOW, 60.0),
        ("0", NOW, 1.0),
        ("86400", NOW, 120.0),
        (format_datetime(NOW + timedelta(seconds=20), usegmt=True), NOW, 21.0),
        (format_datetime(NOW - timedelta(seconds=20), usegmt=True), NOW, 1.0),
        (format_datetime(NOW + timedelta(seconds=20), usegmt=True), None, 60.0),
        (format_datetime(NOW + timedelta(days=20), usegmt=True), NOW, 120.0),
    ],
)
def test_429_closes_the_window(retry_after: str | None, date: datetime | None, pause: float) -> None:
    """Nothing goes before the time that a 429 names; then one request, and the others after its answer."""
    pacer = Pacer()
    pacer.sent(0.0)
    pacer.answered(0.0, 1.0, 429, "60", "0", retry_after, date)
    assert pacer.wait(1.0) == pytest.approx(pause, abs=0.05)
    later = 1.0 + pacer.wait(1.0)
    assert pacer.wait(later) == 0
    pacer.sent(later)
    assert pacer.wait(later) == math.inf
    pacer.answered(later, later + 0.1, 200, "60", "59", "60")
    assert pacer.wait(later + 0.1) == 0


def test_429s_without_a_time_are_asked_about_less_and_less_often() -> None:
    """`Retry-After: 0` again and again doubles the pause, up to a minute."""
    pacer, now, pauses = Pacer(), 0.0, []
    for _ in range(8):
        now += pacer.wait(now)
        pacer.sent(now)
        pacer.answered(now, now, 429, retry_after="0")
        pauses.append(round(pacer.wait(now)))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]


@given(cap=st.integers(1, 40), steps=st.lists(st.floats(0, 5), min_size=60, max_size=120))
def test_own_cap_holds_in_any_minute(cap: int, steps: list[float]) -> None:
    """`requests_per_minute` is kept in every span of 60 s, whatever the server would allow."""
    pacer, now, sent = Pacer(cap), 0.0, []
    for step in steps:
        now += step + pacer.wait(now + step)
        pacer.sent(now)
        sent.append(now)
        pacer.answered(now, now, 200, "6000", "5999", "60")
    assert all(later - sooner >= 60 - 1e-6 for sooner, later in zip(sent, sent[cap:], strict=False))


def test_request_that_never_left_costs_nothing() -> None:
    """A connection that never opened was not counted by the server."""
    pacer = Pacer()
    pacer.sent(0.0)
    pacer.answered(0.0, 0.1, 200, "60", "59", "60")
    pacer.sent(1.0)
    pacer.not_answered(1.0, 1.5, reached=False)
    assert pacer.left(1.5) == 59
    pacer.sent(2.0)
    pacer.not_answered(2.0, 2.5)
    assert pacer.left(2.5) == 58


def test_answers_of_the_old_window_do_not_spoil_the_new_one() -> None:
    """A slow answer that was counted before the turn gives its place in the new window back."""
    pacer = Pacer()
    pacer.sent(0.0)
    pacer.answered(0.0, 0.1, 200, "60", "59", "60")
    pacer.sent(50.0)
    assert pacer.left(61.0) == 59
    pacer.answered(50.0, 62.0, 200, "60", "58", "10")
    assert pacer.left(62.0) == 60


def test_lost_answer_near_the_turn_is_counted_in_both_windows() -> None:
    """A request whose answer is lost while the window may have ended may have been the first of the next one."""
    pacer = Pacer()
    pacer.sent(0.0)
    pacer.answered(0.0, 0.1, 200, "60", "59", "60")
    for sent in (30.0, 59.5):
        pacer.sent(sent)
        pacer.not_answered(sent, sent + 0.5)
    assert pacer.left(60.1) == 57
    assert pacer.left(60.2) == 59


def test_lost_answers_of_an_outage_do_not_close_the_next_window_too() -> None:
    """What was lost long before a window could end is counted in that window alone."""
    pacer = Pacer()
    pacer.sent(0.0)
    pacer.answered(0.0, 0.1, 200, "60", "59", "60")
    now = 60.2
    for _ in range(60):
        assert pacer.wait(now) == 0
        pacer.sent(now)
        pacer.not_answered(now, now + 0.1)
        now += 0.1
    later = now + pacer.wait(now)
    assert pacer.wait(later) == 0
    assert pacer.left(later) == 60


def test_absurd_retry_after_of_a_success_moves_no_bound() -> None:
    """A window is not believed to last a day because one answer says so."""
    pacer = Pacer()
    pacer.sent(0.0)
    pacer.answered(0.0, 0.1, 200, "60", "0", "86400")
    assert pacer.wait(0.1) == pytest.approx(60.02)


def test_backoff_doubles_up_to_its_most_and_begins_again() -> None:
    """Pauses grow from half a second to half a minute; a success makes them short again."""
    backoff = Backoff(jitter=lambda _: 0.0)
    assert [backoff.failed() for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    backoff.succeeded()
    assert backoff.failed() == 0.5


@given(failures=st.integers(1, 2000))
def test_jitter_shortens_a_pause_by_half_at_most(failures: int) -> None:
    """However often it fails, a pause stays between half of what is meant and what is meant."""
    backoff = Backoff(failures=failures)
    assert 0.25 <= backoff.failed() <= 30
