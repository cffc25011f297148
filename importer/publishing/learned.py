"""What was seen of this Webflow before and changes how a run goes about it: facts of the state file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.publishing.target import LAG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.publishing.target import Timing
    from importer.state import State

_TRUST = "trust:"
_UNORDERED = "unordered:"
_LISTED_WITHIN = "listed_within"


def with_seen_lag(timing: Timing, state: State) -> Timing:
    """Lengthen the time within which new items are listed, where it was seen to take longer."""
    seen = state.fact(_LISTED_WITHIN)
    return timing if seen is None else replace(timing, lag=max(timing.lag, float(seen)))


def learn_delay(state: State, seconds: float) -> float:
    """Take note that an item was listed after so many seconds; gives how long runs wait from now on.

    Twice as long, for it was seen once; never less than before, for a quick listing does not undo a slow one.
    """
    before = float(state.fact(_LISTED_WITHIN) or 0.0)
    if 2 * seconds > max(LAG, before):
        before = 2 * seconds
        state.set_fact(_LISTED_WITHIN, f"{before:.1f}")
    return max(LAG, before)


def trusted(state: State) -> set[str]:
    """List the codes of refusals that are known to have written nothing."""
    return {name.removeprefix(_TRUST) for name in state.facts(_TRUST)}


def trust_of(code: str) -> dict[str, str]:
    """Give the fact that refusals with this code wrote nothing, to be written with others."""
    return {_TRUST + code: "whole"}


def learn_whole(state: State, codes: Iterable[str]) -> None:
    """Take note that refusals with these codes wrote nothing, good items ahead of a guilty one included (rule 3)."""
    for code in codes:
        state.set_fact(_TRUST + code, "whole")


def forget_whole(state: State) -> None:
    """Trust no refusal any more: one was seen that wrote something."""
    for name in state.facts(_TRUST):
        state.set_fact(name, None)


def is_unordered(state: State, collection: str) -> bool:
    """Whether a listing was ever seen that did not come newest first."""
    return state.fact(_UNORDERED + collection) is not None


def learn_unordered(state: State, collection: str) -> None:
    """Take note that listings do not come newest first: they are read whole."""
    state.set_fact(_UNORDERED + collection, "yes")
