"""Finding guilty rows among many: whatever is bad and whatever the answers say, at a known cost."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from math import ceil, log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.planning import Narrowing
from importer.planning.narrowing import Rate

MOST = 100
PER_BAD = 1 + ceil(log2(MOST))
"""Refused requests for each bad row, at most: each but the last halves what is suspected, or leaves less."""


@dataclass
class Webflow:
    """Answers requests about rows 0, 1, ...; with `writes` "part" or "ahead" it writes good rows of refused ones."""

    rows: int
    bad: set[int]
    writes: str = "none"
    named: int = 0
    fails: bool = False
    seed: int = 0
    requests: int = 0
    refused: int = 0
    published: list[int] = field(default_factory=list)
    alone: set[int] = field(default_factory=set)
    said: set[int] = field(default_factory=set)

    def publish(self, *, costly: bool = False, flying: int = 4) -> Narrowing[int]:
        """Send all rows, so many requests at a time, answered in any order."""
        lots = random.Random(self.seed)
        narrowing: Narrowing[int] = Narrowing()
        narrowing.costly = costly
        pool, again, sent = deque(range(self.rows)), deque[tuple[int, ...]](), list[tuple[int, ...]]()
        while pool or again or sent:
            while len(sent) < flying and (again or pool):
                size = min(MOST, narrowing.rate.size(), len(pool))
                sent.append(again.popleft() if again else tuple(pool.popleft() for _ in range(size)))
            self._answer(narrowing, sent.pop(lots.randrange(len(sent))))
            groups, free = narrowing.take()
            again.extend(groups)
            pool.extendleft(reversed(free))
        return narrowing

    def _answer(self, narrowing: Narrowing[int], group: tuple[int, ...]) -> None:
        self.requests += 1
        guilty = [row for row in group if row in self.bad]
        if not guilty:
            self.published += group
            narrowing.passed(group)
            return
        self.refused += 1
        if len(group) == 1:
            self.alone.add(group[0])
            narrowing.gone(group[0], guilty=True)
        elif self.fails:
            narrowing.failed(group)
        else:
            self._refuse(narrowing, group, guilty)

    def _refuse(self, narrowing: Narrowing[int], group: tuple[int, ...], guilty: list[int]) -> None:
        named = guilty[: self.named]
        self.said.update(named)
        narrowing.learn(group, len(named))
        first = group.index(guilty[0])
        written = [row for place, row in enumerate(group) if row not in self.bad and self._writes(place, first)]
        self.published += written
        decided = {*written, *named}
        for row in decided:
            narrowing.gone(row, guilty=row in self.bad)
        left = [row for row in group if row not in decided]
        narrowing.refused(group, left, accused=named, written=written)

    def _writes(self, place: int, first: int) -> bool:
        return self.writes == "part" or (self.writes == "ahead" and place < first)


@st.composite
def webflows(draw: st.DrawFn) -> Webflow:
    rows = draw(st.integers(1, 350))
    share = draw(st.sampled_from([0.0, 0.003, 0.01, 0.05, 0.3, 0.9, 1.0]))
    lots = random.Random(draw(st.integers(0, 1000)))
    bad = {row for row in range(rows) if lots.random() < share}
    bad ^= draw(st.sets(st.integers(0, rows - 1), max_size=3))
    return Webflow(
        rows,
        bad,
        writes=draw(st.sampled_from(["none", "part", "ahead"])),
        named=draw(st.sampled_from([0, 1, 100])),
        fails=draw(st.booleans()),
        seed=draw(st.integers(0, 1000)),
    )


@settings(max_examples=60, deadline=None)
@given(webflow=webflows(), costly=st.booleans(), flying=st.integers(1, 8))
def test_each_good_row_is_published_once_and_each_bad_one_refused_alone_or_named(
    webflow: Webflow, costly: bool, flying: int
) -> None:
    """Whatever is bad and whatever is said of it: no row is left over, and none is suspected in the end."""
    narrowing = webflow.publish(costly=costly, flying=flying)
    assert sorted(webflow.published) == sorted(set(range(webflow.rows)) - webflow.bad)
    assert webflow.alone | webflow.said == webflow.bad
    assert not webflow.alone & webflow.said, "a row that is named is not sent again"
    assert not narrowing.searching
    if not webflow.fails:
        assert webflow.refused <= PER_BAD * len(webflow.bad)


@pytest.mark.parametrize(
    ("rows", "bad", "most"),
    [(1_000, 1, 1.1), (1_000, 10, 1.35), (10_000, 10, 0.9), (10_000, 100, 1.3), (2_000, 200, 1.7)],
)
def test_search_costs_little_more_than_what_information_theory_asks(rows: int, bad: int, most: float) -> None:
    """Requests beyond those that the good rows need anyway, against b*log2(n/b); mean of some nights."""
    beyond = 0.0
    for seed in range(10):
        webflow = Webflow(rows, set(random.Random(seed).sample(range(rows), bad)), seed=seed)
        webflow.publish()
        beyond += webflow.requests - ceil((rows - bad) / MOST)
    assert beyond / 10 <= most * bad * log2(rows / bad)


@pytest.mark.parametrize(
    ("named", "writes", "most"), [(1, "none", 10), (100, "none", 5), (0, "part", 20), (0, "ahead", 22)]
)
def test_answers_that_tell_more_spare_requests(named: int, writes: str, most: int) -> None:
    """A named row costs the request that names it; rows behind which others were written are guilty, and sent alone."""
    webflow = Webflow(500, {3, 50, 77, 130, 131, 200, 290, 301, 440, 499}, named=named, writes=writes)
    webflow.publish()
    assert webflow.requests <= 5 + most


def test_all_rows_bad_costs_hardly_more_than_one_request_each() -> None:
    """Systematic refusal: the size that keeps being refused is not repeated."""
    webflow = Webflow(1_000, set(range(1_000)))
    webflow.publish()
    assert webflow.requests <= 1_050


def test_size_grows_again_once_rows_are_good() -> None:
    """A stretch of bad rows makes requests small only for a while."""
    webflow = Webflow(10_000, set(range(1_000, 1_300)))
    webflow.publish(flying=1)
    assert webflow.requests <= 300 + 97 + 120
    assert Rate().size() >= MOST


def test_failure_is_no_proof_until_a_part_went_well() -> None:
    """After 5xx a part is tried; if it goes well, the rest is tried as a whole, for it may have been nobody's fault."""
    narrowing: Narrowing[int] = Narrowing()
    narrowing.failed(range(100))
    groups, free = narrowing.take()
    assert (len(groups), free) == (1, [])
    narrowing.passed(groups[0])
    rest, _ = narrowing.take()
    assert sorted(groups[0] + rest[0]) == list(range(100))
    narrowing.passed(rest[0])
    assert narrowing.take() == ([], [])
    assert not narrowing.searching


def test_row_out_of_our_hands_holds_no_others_back() -> None:
    """A row that is found, or given up, leaves the suspicion; those suspected with it go on."""
    narrowing: Narrowing[str] = Narrowing()
    narrowing.refused("abcd", "abcd")
    assert narrowing.take() == ([("a", "b")], [])
    narrowing.gone("a")
    assert narrowing.take() == ([], [])
    narrowing.gone("b")
    assert narrowing.take() == ([("c",)], [])
    narrowing.gone("c", guilty=True)
    assert narrowing.take() == ([], ["d"])
