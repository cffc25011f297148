"""Compiling the mapping of a job: with all that it brings from elsewhere than the sheet and Webflow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.commands.hooks import bring
from importer.commands.keys import with_keys
from importer.commands.loading import today_of
from importer.commands.lookups import read_lookups
from importer.commands.missing import with_made
from importer.commands.surroundings import compile_for

if TYPE_CHECKING:
    from importer.commands.loading import Job
    from importer.commands.surroundings import Learnt
    from importer.mapping import Compiled, Mapping
    from importer.model import Observer
    from importer.sources import Source


def compile_job(job: Job, learnt: Learnt, source: Source, observer: Observer) -> Compiled:
    """Compile the mapping of a job for its sheet and destination; says what it brings, and what may surprise.

    Raises MappingError with every mistake of a kind at once.
    """
    mapping, around = _equipped(job, observer), with_made(job, with_keys(job, learnt.then), learnt.at)
    compiled = compile_for(mapping, around, source, today=today_of(mapping), draft=job.options.draft)
    for warning in compiled.warnings:
        observer.say(warning)
    return compiled


def _equipped(job: Job, observer: Observer) -> Mapping:
    """Give the mapping with what stands in other files beside it."""
    mapping, said = bring(job.mapping, job.folder)
    for line in said:
        observer.say(line)
    if mapping.lookup_sheets:
        tables, said = read_lookups(mapping, job.folder)
        for line in said:
            observer.say(line)
        mapping = replace(mapping, lookups={**mapping.lookups, **tables})
    return mapping
