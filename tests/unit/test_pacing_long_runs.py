"""What part of the allowance long runs use, and how the pacer shares it and follows its changes, in virtual time."""

from __future__ import annotations

import itertools
from random import Random

import pytest

from importer.pacing import Pacer
from tests.unit.limited import ROUNDINGS, Client, Events, Journey, Server, journey, simulate

MINUTE = 60.0


def long_run(
    server: Server,
    latency: float,
    *,
    up: float = 0.05,
    spread: float = 0.0,
    windows: int = 10,
    in_flight: int = 4,
    late: bool = False,
) -> float:
    """Fill so many windows; the part of the allowance that was used of them. Nothing may be refused."""
    random = Random(7)
    latencies = [latency * random.uniform(1 - spread, 1 + spread) for _ in range(server.limit * windows)]
    journeys = [journey((up, 0.1), one) for one in latencies]
    simulate(Pacer(), server, journeys, in_flight=in_flight, late_headers=late)
    assert server.refused == 0
    return server.allowance_used()


@pytest.mark.parametrize("latency", [0.05, 0.2, 1.0, 1.2, 2.0, 3.0])
@pytest.mark.parametrize(("late", "up"), [(False, 0.0), (True, 0.0), (False, 0.5), (True, 0.5), (False, 1.0)])
def test_long_runs_use_98_percent_wherever_requests_are_counted(latency: float, late: bool, up: float) -> None:
    """Four in flight, answers that all take as long: a whole latency of each minute would be lost by waiting."""
    for rounding in ROUNDINGS if latency == 3.0 else ["ceil"]:
        assert long_run(Server(rounding=rounding), latency, up=up, late=late) >= 0.98


@pytest.mark.parametrize(("limit", "in_flight"), [(60, 10), (120, 20)])
def test_long_runs_use_98_percent_at_8_seconds_with_more_in_flight(limit: int, in_flight: int) -> None:
    """A quarter more in flight than rate times latency is enough."""
    assert long_run(Server(limit), 8.0, in_flight=in_flight) >= 0.98


@pytest.mark.parametrize("spread", [0.1, 0.5])
def test_answers_that_vary_leave_little_unused(spread: float) -> None:
    """Scouts learn how much later they are to go: one that comes too early costs a whole latency."""
    assert long_run(Server(), 3.0, up=0.02, spread=spread, windows=15) >= 0.979
    assert long_run(Server(), 3.0, up=1.0, spread=spread, windows=15) >= 0.955


def test_first_requests_wait_for_nothing_but_the_first_answer() -> None:
    """Ten requests are no reason to wait for a minute's end, nor to be sent one each second."""
    outcome = simulate(Pacer(), Server(), [Journey()] * 10)
    latency = Journey().up + Journey().work + Journey().down
    assert outcome.sent[0] == 0
    assert outcome.ended == pytest.approx(4 * latency)


@pytest.mark.parametrize("number", [58, 59, 60])
def test_run_that_fits_into_a_window_waits_for_no_scout(number: int) -> None:
    """The last request of all is not kept back until the window turns."""
    outcome = simulate(Pacer(), Server(), [journey((0.05, 0.1), 2.0)] * number)
    assert outcome.ended < 2.0 * (1 + -(-number // 4)) + 2.0 + 1.1


def test_scout_goes_when_the_window_turns_and_opens_the_next_one() -> None:
    """It is kept back where more is to be sent, and goes before the old window is surely over."""
    pacer = Pacer()
    pacer.sent(0.0)
    pacer.answered(0.0, 5.0, 200, "60", "59", "60")
    for n in range(58):
        assert pacer.wait(5.0, 4) == 0
        pacer.sent(5.0 + n / 100)
    for n in range(58):
        pacer.answered(5.0 + n / 100, 10.0 + n / 100, 200, "60", str(58 - n), "55")
    assert pacer.left(11.0) == 1
    assert 60.0 < 11.0 + pacer.wait(11.0, 4) < 60.3
    assert pacer.wait(11.0, 1) == pytest.approx(10.57 + 1.0 - 11.0), "the last one of all waits a second at most"
    scouted = 11.0 + pacer.wait(11.0, 4)
    pacer.sent(scouted)
    assert pacer.left(scouted) == 0
    pacer.answered(scouted, scouted + 4.5, 200, "60", "59", "60")
    assert pacer.wait(scouted + 4.5, 4) == 0
    assert pacer.left(scouted + 4.5) == 59


def test_no_scout_is_kept_back_where_others_use_the_token() -> None:
    """They would use up what is kept back."""
    pacer = Pacer()
    pacer.sent(0.0)
    pacer.answered(0.0, 5.0, 200, "60", "59", "60")
    pacer.sent(5.0)
    pacer.answered(5.0, 10.0, 200, "60", "1", "55")
    assert pacer.left(10.0) == 1
    assert pacer.wait(10.0, 4) == 0


@pytest.mark.parametrize("latency", [0.2, 1.0, 3.0])
@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_own_cap_is_used_to_98_percent_and_kept_in_any_minute(latency: float, spread: float) -> None:
    """`--requests-per-minute` leaves the rest of the limit to others."""
    random = Random(3)
    journeys = [journey((0.05, 0.1), latency * random.uniform(1 - spread, 1 + spread)) for _ in range(45 * 8)]
    server = Server()
    sent = simulate(Pacer(45), server, journeys).sent
    assert server.refused == 0
    assert all(later - sooner >= MINUTE for sooner, later in zip(sent, sent[45:], strict=False))
    assert 45 * 7 / (sent[45 * 7] - sent[0]) * MINUTE / 45 >= 0.98


@pytest.mark.parametrize("latency", [0.2, 1.0, 3.0])
def test_two_importers_share_a_token_by_their_caps(latency: float) -> None:
    """Each has its part of the limit; where a part begins in the other's window a request or two may be refused."""
    random, server, events = Random(1), Server(), Events()
    pair = [
        Client(
            Pacer(cap),
            server,
            [journey((0.1, 0.1), latency * random.uniform(0.5, 1.5)) for _ in range(6 * cap)],
            events,
        )
        for cap in (20, 40)
    ]
    events.run(*pair)
    assert server.refused <= 2
    assert all(client.outcome.ended <= 6 * MINUTE + 20 for client in pair)


@pytest.mark.parametrize("latency", [0.2, 1.0, 3.0])
def test_two_importers_without_caps_both_get_on(latency: float) -> None:
    """What one of them is refused it waits for; neither starves."""
    random, server, events = Random(2), Server(), Events()
    pair = [
        Client(Pacer(), server, [journey((0.1, 0.1), latency * random.uniform(0.5, 1.5)) for _ in range(240)], events)
        for _ in range(2)
    ]
    events.run(*pair)
    for client in pair:
        sent = client.outcome.sent
        assert client.outcome.statuses.count(429) <= 20
        assert max(later - sooner for sooner, later in itertools.pairwise(sent)) <= 2 * MINUTE
        assert client.outcome.ended <= 12 * MINUTE


@pytest.mark.parametrize("every", [2.0, 0.9, 0.5, 0.2])
@pytest.mark.parametrize("latency", [0.2, 3.0])
def test_others_that_never_stop_asking_cost_time_but_no_storm(every: float, latency: float) -> None:
    """Another client asks on and on, up to five times what is allowed: each window gives us something."""
    random, server = Random(1), Server()
    foreign = [n * every + random.random() * every for n in range(round(20 * MINUTE / every))]
    mine = [journey((0.1, 0.1), latency * random.uniform(0.5, 1.5)) for _ in range(120)]
    outcome = simulate(Pacer(), server, mine, foreign=foreign)
    granted = outcome.statuses.count(202)
    assert granted >= 60
    assert outcome.statuses.count(429) <= 4 * (outcome.ended / MINUTE + 1)
    assert max(later - sooner for sooner, later in itertools.pairwise(outcome.sent)) <= MINUTE + 1


@pytest.mark.parametrize("latency", [0.2, 1.0, 3.0])
@pytest.mark.parametrize("in_flight", [4, 8])
def test_limit_lowered_in_the_middle_is_learnt_from_what_is_in_flight(latency: float, in_flight: int) -> None:
    """What is on its way may be refused, nothing that is sent after the first answer that knows."""
    for seed in range(5):
        random, server = Random(seed), Server(changes=[(80 + seed * 7.0, 30)])
        mine = [journey((0.1, 0.1), latency * random.uniform(0.5, 1.5)) for _ in range(240)]
        outcome = simulate(Pacer(), server, mine, in_flight=in_flight)
        assert server.refused <= in_flight
        assert outcome.ended <= 8 * MINUTE


@pytest.mark.parametrize("latency", [0.2, 1.0])
def test_limit_raised_in_the_middle_is_used_at_once(latency: float) -> None:
    """The answer that tells it lets the rest of the minute be used."""
    server = Server(changes=[(5 * latency, 120)])
    outcome = simulate(Pacer(), server, [journey((0.05, 0.1), latency)] * 480, in_flight=8)
    assert server.refused == 0
    assert sum(sent < MINUTE for sent in outcome.sent) >= 119
    assert server.allowance_used() >= 0.98


def test_limit_that_goes_up_and_down_keeps_the_run_going() -> None:
    """Each lowering may cost what is in flight."""
    random = Random(5)
    server = Server(changes=[(80 + 37.0 * n, (10, 120)[n % 2]) for n in range(20)])
    mine = [journey((0.1, 0.1), random.uniform(0.5, 1.5)) for _ in range(500)]
    outcome = simulate(Pacer(), server, mine, in_flight=4)
    assert server.refused <= 4 * 10
    assert outcome.ended <= 20 * MINUTE


@pytest.mark.parametrize(
    "hidden", [{"limit"}, {"remaining"}, {"retry-after"}, {"limit", "remaining"}, {"remaining", "retry-after"}]
)
@pytest.mark.parametrize("latency", [0.2, 3.0])
def test_headers_that_are_missing_cost_a_little_and_never_a_refusal(hidden: set[str], latency: float) -> None:
    """What is not said is counted; the end of a window is then known from its first request alone."""
    assert long_run(Server(hidden=frozenset(hidden)), latency, windows=6) >= 0.9


@pytest.mark.parametrize("lies", ["999999", "-5", "soon", "0", "Wed, 21 Oct 2026 07:28:00 GMT", "60", "1e9"])
def test_absurd_retry_after_never_stops_a_run(lies: str) -> None:
    """Nothing is waited for longer than two minutes, and few are refused: pauses double where 0 is said for ever."""
    random, server = Random(9), Server(lies=lies)
    mine = [journey((0.1, 0.1), random.uniform(0.1, 1.0)) for _ in range(300)]
    outcome = simulate(Pacer(), server, mine)
    assert max(later - sooner for sooner, later in itertools.pairwise(outcome.sent)) <= 2 * MINUTE + 1
    assert server.refused <= (7 * (outcome.ended / MINUTE + 1) if lies == "0" else 12)
    assert outcome.ended <= 12 * MINUTE
