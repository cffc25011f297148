"""References by key: what the state files of other mappings know of the items that those imported."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from importer.errors import StateError
from importer.fields import BY_KEY
from importer.mapping import Mistakes
from importer.model import Status
from importer.settings import sibling_states
from importer.state import State

if TYPE_CHECKING:
    from pathlib import Path

    from importer.commands.loading import Job
    from importer.commands.surroundings import References, Surroundings


def with_keys(job: Job, around: Surroundings) -> Surroundings:
    """Fill in the references that go by key, from the state files of the mappings that fill those collections.

    They lie beside the mapping, or beside the state file that was named. What another mapping of the command is about
    to make counts as well, and needs no state file yet. Raises MappingError for a collection that no state file knows,
    or several do.
    """
    wanted = {slug: one for slug, one in around.references.items() if one.match == BY_KEY}
    if not wanted:
        return around
    mistakes = Mistakes(job.mapping.name, job.mapping.lines)
    settings = job.settings
    siblings = sibling_states(job.state_path, job.mapping_path, base_url=settings.base_url, sandbox=job.options.sandbox)
    states, unread = _by_collection(siblings)
    drafts = job.options.draft or job.mapping.publish == "draft"
    filled: dict[str, References] = {}
    for slug, one in wanted.items():
        path = f"fields.{slug}.match"
        found = states.get(one.collection, [])
        if len(found) == 1:
            filled[slug] = _filled(one, found[0][0], drafts=drafts)
        elif found:
            named = " and ".join(f"{state} (of the mapping {mapping})" for state, mapping in found)
            mistakes.add(
                path,
                f'several state files know the collection "{one.name}": {named}. Move away all but the one that counts',
            )
        elif not one.expected:
            place = job.state_path.parent
            more = f"; {', '.join(sorted(unread))} cannot be read" if unread else ""
            mistakes.add(
                path,
                f'"key" asks the mapping that imports the collection "{one.name}", and no state file in {place} is of '
                f"it{more}. Run that mapping first, for the same destination",
            )
    mistakes.settle()
    return replace(around, references={**around.references, **filled})


def _by_collection(paths: list[Path]) -> tuple[dict[str, list[tuple[Path, str]]], list[str]]:
    """Find out of which collection, and mapping, each state file is; names those that are none, or cannot be read."""
    states: defaultdict[str, list[tuple[Path, str]]] = defaultdict(list)
    unread: list[str] = []
    for path in paths:
        try:
            with State.open(path, read_only=True) as state:
                if state.identity is not None:
                    states[state.identity.collection].append((path, state.identity.mapping))
        except StateError:
            unread.append(path.name)
    return states, unread


def _filled(one: References, path: Path, *, drafts: bool) -> References:
    """Read the keys of items that may be referred to, and of those that may not (yet); the expected ones are added."""
    ids: dict[str, str] = {}
    waiting: set[str] = set()
    with State.open(path, read_only=True) as state:
        for key, status, item in state.keyed():
            if item is not None and (drafts or status is not Status.STAGED):
                ids.setdefault(key, item)
            else:
                waiting.add(key)
    if one.expected:
        ids = dict(one.pairs) | ids
    return replace(one, pairs=tuple(ids.items()), waiting=tuple(sorted(waiting - ids.keys())))
