"""The order of collections: what others need goes first, the given order counts else, and circles are found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.planning import circle, in_order

MOST = 8


@st.composite
def needs_of_all(draw: st.DrawFn) -> list[set[int]]:
    """Draw who needs whom, among up to eight."""
    number = draw(st.integers(1, MOST))
    places = st.integers(0, number - 1)
    return [draw(st.sets(places, max_size=3)) for _ in range(number)]


@st.composite
def needs_without_circle(draw: st.DrawFn) -> list[set[int]]:
    """Draw who needs whom, each only those that stand before it in some order that is drawn too."""
    ranks = draw(st.permutations(range(draw(st.integers(1, MOST)))))
    earlier = [[other for other, rank in enumerate(ranks) if rank < mine] for mine in ranks]
    return [draw(st.sets(st.sampled_from(found))) if found else set() for found in earlier]


@given(needs_without_circle())
def test_everybody_comes_once_and_after_those_it_needs(needs: list[set[int]]) -> None:
    """The order has each place once, and nobody before what it needs."""
    order = in_order(needs)
    assert sorted(order) == list(range(len(needs)))
    assert all(order.index(needed) < order.index(place) for place, all_of in enumerate(needs) for needed in all_of)


@given(needs_without_circle())
def test_the_given_order_counts_wherever_it_can(needs: list[set[int]]) -> None:
    """Next comes always the first, in the order given, of those whose needs are done."""
    done: list[int] = []
    for place in in_order(needs):
        assert place == min(one for one, all_of in enumerate(needs) if one not in done and all_of <= set(done))
        done.append(place)


@given(needs_of_all())
def test_there_is_an_order_or_a_circle_and_never_both(needs: list[set[int]]) -> None:
    """Where an order is impossible, a circle is named, and it is one: each needs the next, the last one the first."""
    way = circle(needs)
    if not way:
        assert sorted(in_order(needs)) == list(range(len(needs)))
        return
    assert len(set(way)) == len(way)
    assert way[0] == min(way)
    assert all(following in needs[place] for place, following in zip(way, (*way[1:], way[0]), strict=True))
    with pytest.raises(ValueError, match="no place in any order"):
        in_order(needs)


def test_who_needs_itself_is_a_circle_of_its_own() -> None:
    """A collection that refers to itself cannot go before itself."""
    assert circle([set(), {1}]) == (1,)


def test_without_needs_the_order_stays() -> None:
    """Nobody is moved without a reason."""
    assert in_order([set(), set(), set()]) == [0, 1, 2]
    assert in_order([{2}, set(), set()]) == [1, 2, 0]
