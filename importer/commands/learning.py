"""What the answers of a probe mean for runs: kept in the state file, and said in a sentence for each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import orjson

from importer.publishing.learned import forget_whole, learn_delay, learn_unordered, learn_whole
from importer.publishing.target import LAG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.probing import Answer
    from importer.state import State

FACT = "probe:"
"""What the names of kept answers begin with."""


def learn(state: State, answers: Sequence[Answer], *, collection: str, at: str) -> dict[str, str]:
    """Keep what was answered at a moment of the server's time; gives what runs do about it, by question.

    An answer makes runs more careful at once. It relaxes one rule only: refusals that were seen whole (rule 3 of the
    state file). What is unknown leaves what was known before.
    """
    told = {one.name: one for one in answers if one.known}
    state.set_facts(
        {
            FACT + one.name: orjson.dumps({"answer": one.answer, "seen": one.seen, "at": at}).decode()
            for one in told.values()
        }
    )
    return {**_refusals(state, told), **_delay(state, answers), **_order(state, told, collection)}


def asked_at(state: State) -> list[str]:
    """When each of the kept answers was seen, in the server's time; "" where no answer told it."""
    return [orjson.loads(kept)["at"] for kept in state.facts(FACT).values()]


def _refusals(state: State, told: dict[str, Answer]) -> dict[str, str]:
    seen = [told[name] for name in ("refusal_live", "refusal_staged") if name in told]
    if any(one.answer != "whole" for one in seen):
        forget_whole(state)
        sentence = "Runs list what was written after every refused chunk, and forget what they took refusals for."
        return {one.name: sentence for one in seen if one.answer != "whole"}
    if len(seen) < 2:  # noqa: PLR2004 - live and staged
        return {one.name: "Runs go on as before: it was seen of one endpoint only." for one in seen}
    codes = sorted(seen[0].codes & seen[1].codes)
    learn_whole(state, codes)
    sentence = f"Runs send the good items of a chunk that is refused with {' or '.join(codes)} again without listing."
    return {one.name: sentence for one in seen} if codes else {}


def _delay(state: State, answers: Sequence[Answer]) -> dict[str, str]:
    delay = next(one for one in answers if one.name == "listing_delay")
    if not delay.known and not delay.at_least:
        return {}
    wait = learn_delay(state, float(delay.answer) if delay.known else delay.at_least)
    if wait <= LAG:
        return {}
    return {delay.name: f"Runs wait {math.ceil(wait)} s before they take an item for absent, not {LAG:.0f}."}


def _order(state: State, told: dict[str, Answer], collection: str) -> dict[str, str]:
    order = told.get("listing_order")
    if order is None or order.answer == "newest_first":
        return {}
    learn_unordered(state, collection)
    return {order.name: "Runs read listings whole, for their order says nothing."}
