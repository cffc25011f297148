"""What a simulation tells: the story of a world, and how often everything happened."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.simulation.mix import Mix
from tests.simulation.process import AILMENTS, MOMENTS
from tests.simulation.webflow import described

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator

LONGEST = 400
"""Characters of a line of a story that is told whole."""

AROUND = 160
"""Characters around a word, where only that is told."""

ALWAYS = ("RUN", "ENDED", "DIED", "STOPPED", "STATE", "RULE", "BROKEN")
"""How the lines begin that are told whatever a story is to be about."""

BESIDES = (
    *(f"crash: {moment}" for moment in MOMENTS),
    "crash: twice in a row",
    "crash: while rows were in doubt since an earlier run",
    "crash: with requests under way",
    *(f"disk: {what}" for what in AILMENTS),
    "clock: minutes or hours off",
    "clock: stepped back",
    "circumstance: a request too many (429)",
    "circumstance: a run stopped for its changed rules",
    "circumstance: a chunk partly accepted",
    "circumstance: a slug suffixed instead of refused",
    "circumstance: the plan's limit reached",
    "circumstance: a row sent twice and there once",
    "circumstance: a twin removed",
    "circumstance: a twin left after a commit beyond patience",
    "somebody: makes",
    "somebody: deletes",
    "somebody: edits",
    "somebody: makes another between two pages",
    "somebody: deletes between two pages",
    "somebody: eats the rate limit",
    "somebody: adds a field",
    "somebody: adds a required field",
    "somebody: removes a field",
    "somebody: removes a mapped field",
    "somebody: requires a mapped field",
    "day: a row edited",
    "day: a bad row put right",
    "day: a row in doubt spoiled",
    "day: a row that was sent spoiled",
    "day: another title",
    "day: another slug",
    "day: another photo",
    "day: somebody imitates a row",
    "day: a draft meant live",
    "day: rows reordered",
    "day: a row removed",
    "day: a row brought back",
    "day: the state file deleted",
    "day: an old copy of the state file put back",
    "day: the rule of the key changed",
    "day: the rule of the slug changed",
    *(f"exit: {code}" for code in (0, 1, 2, 3, 4, 5, 6, 7)),
    "middle: commits that were looked at",
)
"""What must happen in many worlds, besides the faults and switches of the mix."""


def unseen(happened: Counter[str]) -> list[str]:
    """List what never happened of all that can."""
    mix = Mix()
    beyond = {"switch: listing_order=random"}
    faults = {described(fault) for fault in (*mix.faults, *mix.stopping_faults, *mix.beyond)}
    switches = {f"switch: {name}={value}" for name, values in mix.switches.items() for value in values}
    return sorted(name for name in {*BESIDES, *faults, *switches, *beyond} if not happened[name])


def table(happened: Counter[str]) -> list[str]:
    """Write how often everything happened."""
    return [f"{number:9d}  {name}" for name, number in sorted(happened.items())]


def about(story: Iterable[str], word: str) -> Iterator[str]:
    """Tell a story as far as it is about a word; all of it where there is none. Long lines are cut."""
    whole = re.compile(rf"\b{re.escape(word)}\b")
    for line in story:
        moment, rest = line[:11], line[11:]
        found = [match.start() for match in whole.finditer(rest)] if word else []
        if len(line) <= LONGEST or not word:
            if not word or found or rest.startswith(ALWAYS):
                yield line[: LONGEST * 5]
        elif found:
            parts = [rest[max(0, place - AROUND // 2) : place + AROUND] for place in found[:3]]
            status = rest.rpartition(" -> ")[2][:5]
            yield f"{moment}{rest[:60]} ... {' ... '.join(parts)} ... -> {status}"
