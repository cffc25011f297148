"""Which of several mappings go before which others, and what the later ones are told of the earlier."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from importer.commands.missing import with_made_by
from importer.commands.neighbours import UNCERTAIN, Expected, Neighbour
from importer.errors import NotYet, UsageError
from importer.planning import circle, in_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from importer.commands.loading import Job
    from importer.commands.surroundings import Learnt, References


class Known(NamedTuple):
    """A mapping that can be used, and what was learnt for it."""

    job: Job
    learnt: Learnt


@dataclass(frozen=True, slots=True)
class Arranged:
    """Mappings by name, in order: `order` are their places as they were given, `fills` says who fills a collection.

    `parents` says on whose collections each depends; those in `outside` refer to a collection that nobody here fills.
    `unknown` are those of which nobody knows what they would fill, for they cannot be used.
    """

    order: list[int]
    fills: dict[str, str]
    parents: dict[str, frozenset[str]]
    outside: frozenset[str]
    unknown: frozenset[str]
    neighbours: dict[str, Neighbour]

    def hindrance(self, name: str, failed: set[str]) -> str:
        """Say which of the failed mappings keeps this one from going on; nothing where none does.

        A mapping that refers to a collection which no other one fills waits for those of which nobody knows what they
        would fill.
        """
        if found := sorted(self.parents.get(name, frozenset()) & failed):
            return f"it refers to items of {' and '.join(found)}, which did not come to its end"
        if name in self.outside and (found := sorted(self.unknown)):
            return (
                f"it refers to a collection that none of the others fills, and what {' and '.join(found)} would fill"
                " is not known"
            )
        return ""

    def expected(self, name: str) -> Expected | None:
        """Give what the rows of a mapping will be called, None where nobody refers to them."""
        return self.neighbours[name].expected if name in self.neighbours else None

    def completed(self, learnt: Learnt, *, drafts: bool, foretold: bool, after: Sequence[Job] = ()) -> Learnt:
        """Add what others of the command have made, or (`foretold`) are about to make, to what can be referred to.

        `after` are the mappings that had their turn: what they made because cells name it is not made once more.
        """
        added: dict[str, References] = {}
        for slug, references in learnt.around.references.items():
            owner, known = self.fills.get(references.collection), references
            if owner is not None:
                neighbour = self.neighbours[owner]
                add = neighbour.foretold if foretold else neighbour.listed_late
                known = neighbour.reserved(add(references, drafts=drafts))
            added[slug] = with_made_by(after, known, learnt.at, drafts=drafts)
        if foretold:
            return replace(learnt, foretold=added)
        around = replace(learnt.around, references={**learnt.around.references, **added})
        return replace(learnt, around=around)


def arranged(names: Sequence[str], known: Mapping[str, Known]) -> Arranged:
    """Put mappings in order; those that are not `known` have failed already, and keep their places.

    Raises UsageError for two that fill one collection, NotYet for some that refer to one another in a circle.
    """
    fills = _fills(known)
    parents: dict[str, frozenset[str]] = {}
    asked: dict[str, set[str]] = {}
    outside: set[str] = set()
    for name, one in known.items():
        references = one.learnt.around.references.values()
        parents[name] = frozenset(fills[to.collection] for to in references if to.collection in fills)
        for to in references:
            if to.collection in fills:
                asked.setdefault(fills[to.collection], set()).add(to.match)
            else:
                outside.add(name)
    places = {name: place for place, name in enumerate(names)}
    needs = [{places[owner] for owner in parents.get(name, ())} for name in names]
    if way := circle(needs):
        raise _going_round([names[place] for place in way], known)
    since = _since(known)
    neighbours = {name: Neighbour(known[name].job, Expected(matches), since) for name, matches in asked.items()}
    return Arranged(in_order(needs), fills, parents, frozenset(outside), frozenset(names) - set(known), neighbours)


def _fills(known: Mapping[str, Known]) -> dict[str, str]:
    """Say who fills which collection; raises UsageError for two that fill the same."""
    fills: dict[str, str] = {}
    for name, one in known.items():
        schema = one.learnt.around.schema
        called = schema.display_name or schema.slug
        other = fills.setdefault(schema.id, name)
        if other != name:
            raise UsageError(
                f'The mappings {other} and {name} both fill the collection "{called}". Each has a state file of its'
                " own, so the two would not know of each other's items.",
                "Give all rows of a collection to one mapping, or run these two one after the other.",
            )
    return fills


def _going_round(names: list[str], known: Mapping[str, Known]) -> NotYet:
    """Say who refers to whom, by which field, until it is the first one again."""
    said = []
    for name, following in zip(names, [*names[1:], names[0]], strict=True):
        target = known[following].learnt.around.schema.id
        references = known[name].learnt.around.references
        field_slug = next(slug for slug, one in references.items() if one.collection == target)
        said.append(f'{name} (field "{field_slug}")')
    if len(names) == 1:
        told = f"The mapping {names[0]} refers to items of its own collection"
    else:
        told = f"The mappings {' and '.join(names)} refer to one another in a circle"
    return NotYet(
        f"{told}: {' -> '.join([*said, names[0]])}. Nothing was sent: items that do not exist yet cannot be named, and"
        " filling a field in later is not built yet.",
        "Take one of these mappings out of the command and run it by itself: what is there by then is found.",
    )


def _since(known: Mapping[str, Known]) -> datetime | None:
    """From which moment on an item may be too new for the listings: a lost request takes its time, and so do they."""
    moments = [
        None if one.learnt.at is None else one.learnt.at - timedelta(seconds=one.job.options.patience) - UNCERTAIN
        for one in known.values()
    ]
    told = [moment for moment in moments if moment is not None]
    return min(told) if told and len(told) == len(moments) else None
