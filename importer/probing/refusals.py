"""Chunks with one guilty item: whether they are refused, and what of them is written all the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.errors.api import Consequence, RefusalKind
from importer.probing.answers import Unanswered
from importer.probing.interview import Refused
from importer.probing.slugs import what_became

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from importer.client import ListedItem
    from importer.probing.interview import Interview

AHEAD, BEHIND = 4, 3
"""Good items on either side of the guilty one."""

_WHERE = {True: "POST items/live", False: "POST items"}
_REFUSALS = frozenset({400, 413, 422})


@dataclass(frozen=True, slots=True)
class RefusedChunk:
    """A chunk that was refused: what was wrong, the error's code, and the slugs on either side of the guilty item."""

    guilt: str
    code: str
    ahead: frozenset[str]
    behind: frozenset[str]

    def outcome(self, listed: AbstractSet[str]) -> str:
        """Say what was written of it, by the slugs that are listed."""
        written = listed & (self.ahead | self.behind)
        if not written:
            return "whole"
        return "ahead" if written == self.ahead else "partly"


@dataclass(slots=True)
class Refusals:
    """The refused chunks of one endpoint; `open` says why a kind of them could not be had."""

    live: bool
    chunks: list[RefusedChunk] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    refused_at: float = 0.0


async def ask_refusals(interview: Interview, held: ListedItem, *, live: bool) -> Refusals:
    """Send a chunk with a taken slug in it, and one with a value that no item may have.

    Values may be looked at before anything is written, and slugs while it is: the two need not be refused alike.
    """
    answers, found = interview.answers, Refusals(live)
    name = "taken_live" if live else "taken_staged"
    with answers.about(name):
        try:
            await _taken(interview, held, found, name)
        except Unanswered as reason:
            found.open.append(str(reason))
            raise
    try:
        await _wrong(interview, found)
    except Unanswered as reason:
        found.open.append(str(reason))
    found.refused_at = interview.clock.monotonic()
    return found


async def _taken(interview: Interview, held: ListedItem, found: Refusals, name: str) -> None:
    chunk, ahead, behind = _around(interview, held.slug, interview.fresh("taken")[1])
    where = f"{_WHERE[found.live]} with {len(chunk)} items, the {AHEAD + 1}th with a taken slug"
    try:
        made = await interview.create(chunk, live=found.live)
    except Refused as refused:
        if refused.kind is not RefusalKind.SLUG_TAKEN:
            raise Unanswered(f"{where}, is refused for another reason: {refused}") from refused
        interview.answers.tell(name, "refused", f"{where}: {refused}")
        found.chunks.append(RefusedChunk("taken slug", _code(refused), ahead, behind))
        return
    if what_became(made.by_name(chunk[AHEAD]["name"]), held.slug) != "suffixed":
        raise Unanswered(f"{where}, is taken as it is")
    interview.answers.tell(name, "suffixed", f"{where}: {made.reply.status}, and another slug")


async def _wrong(interview: Interview, found: Refusals) -> None:
    _, name = interview.fresh("wrong")
    chunk, ahead, behind = _around(interview, "no slug, for it has blanks!", name + " and so on" * 40)
    where = f"{_WHERE[found.live]} with an item whose slug and name no item may have"
    try:
        made = await interview.create(chunk, live=found.live)
    except Refused as refused:
        rule = refused.error.rule(creating=True)
        about_it = refused.error.status in _REFUSALS and refused.names("slug", "name")
        if not about_it or (rule.consequence is Consequence.STOP and refused.kind is not RefusalKind.SCHEMA):
            raise Unanswered(f"{where}, is refused for another reason: {refused}") from refused
        found.chunks.append(RefusedChunk("wrong values", _code(refused), ahead, behind))
        return
    raise Unanswered(f"{where}, is not refused ({made.reply.status})")


def _around(interview: Interview, slug: str, name: str) -> tuple[list[dict[str, str]], frozenset[str], frozenset[str]]:
    """Put the guilty item between good ones."""
    good = [interview.fresh("good") for _ in range(AHEAD + BEHIND)]
    chunk = [{"name": title, "slug": one} for one, title in good]
    chunk.insert(AHEAD, {"name": name, "slug": slug})
    return chunk, frozenset(one for one, _ in good[:AHEAD]), frozenset(one for one, _ in good[AHEAD:])


def _code(refused: Refused) -> str:
    """The code by which runs know such a refusal again."""
    return refused.error.code or str(refused.error.status)


def judge(interview: Interview, found: Refusals, listed: AbstractSet[str]) -> None:
    """Note what was written of the refused chunks, by listings that show what was made after them."""
    name = "refusal_live" if found.live else "refusal_staged"
    outcomes = {chunk.guilt: chunk.outcome(listed) for chunk in found.chunks}
    written = sorted({outcome for outcome in outcomes.values() if outcome != "whole"})
    codes = frozenset(chunk.code for chunk in found.chunks)
    seen = f"{_WHERE[found.live]} with {AHEAD} good items ahead of a guilty one and {BEHIND} behind, listed later: "
    seen += ", ".join(f"{guilt} ({chunk.code}) {outcomes[guilt]}" for chunk in found.chunks for guilt in [chunk.guilt])
    with interview.answers.about(name):
        if written:
            interview.answers.tell(name, written[0] if len(written) == 1 else "partly", seen, codes=codes)
            return
        if found.open:
            raise Unanswered(found.open[0])
        interview.answers.tell(name, "whole", seen, codes=codes)
