"""The order in which several collections are imported: what others refer to goes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet


def circle(needs: Sequence[AbstractSet[int]]) -> tuple[int, ...]:
    """Find a way that leads from a place to itself, each place needing the next; empty where there is none.

    `needs` says for each place which others go before it. The circle begins at its first place.
    """
    waiting = {place: set(needed) for place, needed in enumerate(needs)}
    while free := [place for place, needed in waiting.items() if not needed & waiting.keys()]:
        for place in free:
            del waiting[place]
    if not waiting:
        return ()
    way = [min(waiting)]  # everybody who still waits, waits for somebody who does
    while (following := min(waiting[way[-1]] & waiting.keys())) not in way:
        way.append(following)
    way = way[way.index(following) :]
    first = way.index(min(way))
    return (*way[first:], *way[:first])


def in_order(needs: Sequence[AbstractSet[int]]) -> list[int]:
    """Put places in order: next comes always the first that waits for nobody; raises ValueError for a circle."""
    waiting = dict(enumerate(needs))
    order: list[int] = []
    while waiting:
        free = next((place for place, needed in waiting.items() if not needed & waiting.keys()), None)
        if free is None:
            raise ValueError("what needs itself has no place in any order")
        order.append(free)
        del waiting[free]
    return order
