"""`doctor`: is everything in place for a run? Token, scopes, sites, rate limit, collection, room for items."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from importer.client import (
    NotFound,
    ReadRefused,
    endpoints,
    read_collections,
    read_introspection,
    read_page,
    read_sites,
)
from importer.commands.learning import asked_at
from importer.commands.loading import load_mapping
from importer.commands.opening import Connection, connection, finished
from importer.commands.options import RunOptions
from importer.commands.surroundings import look_around
from importer.errors import ImporterError, ScopeError, StateError, TokenError
from importer.probing import left_by_probes
from importer.settings import read_settings, state_path
from importer.state import State

if TYPE_CHECKING:
    from pathlib import Path

    from importer.client import Client
    from importer.commands.surroundings import Surroundings
    from importer.mapping import Mapping
    from importer.schema import Site


class Health(StrEnum):
    """How something stands: fine, worth a look, or in the way of a run."""

    OK = "ok"
    LOOK = "look"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    health: Health
    message: str
    hint: str = ""

    def as_json(self) -> dict[str, str]:
        """Give it as an element of the object's `findings`."""
        return {"what": self.what, "health": self.health.value, "message": self.message, "hint": self.hint}


@dataclass(slots=True)
class Diagnosis:
    """All findings, and the first error that would end a run."""

    findings: list[Finding] = field(default_factory=list)
    error: ImporterError | None = None

    def note(self, what: str, health: Health, message: str, hint: str = "") -> None:
        """Take down a finding."""
        self.findings.append(Finding(what, health, message, hint))

    def bad(self, what: str, error: ImporterError) -> None:
        """Take down what would end a run."""
        self.note(what, Health.BAD, error.message, error.hint)
        self.error = self.error or error


PATIENCE = 10.0
"""Seconds that an answer is tried for: somebody waits for the diagnosis."""


def doctor(mapping: str | Path | None = None, options: RunOptions | None = None) -> Diagnosis:
    """Look at everything that a run needs, and send nothing that changes anything."""
    options = options or RunOptions()
    options = replace(options, patience=min(options.patience, PATIENCE))
    diagnosis = Diagnosis()
    loaded = None
    try:
        settings = read_settings(base_url=options.base_url, token_file=options.token_file, sandbox=options.sandbox)
        diagnosis.note("address", Health.OK, "the sandbox in this process" if options.sandbox else settings.base_url)
        if mapping is not None:
            loaded = load_mapping(mapping)
            place = state_path(mapping, base_url=settings.base_url, sandbox=options.sandbox, override=options.state)
            known = "is there" if place.exists() else "will be made by the first command"
            diagnosis.note("state file", Health.OK, f"{place} {known}")
            _asked_before(place, diagnosis, options.typed(mapping))
        settings.require_token()
    except StateError as error:
        diagnosis.bad("state file", error)
        return diagnosis
    except ImporterError as error:
        diagnosis.bad("token" if isinstance(error, TokenError) else "mapping", error)
        return diagnosis

    async def look() -> None:
        path = None if loaded is None else loaded.path
        async with connection(settings, options, mapping_path=path) as opened:
            await _look(opened, loaded, diagnosis)

    try:
        finished(look())
    except ImporterError as error:
        diagnosis.bad("token" if isinstance(error, TokenError) else "connection", error)
    return diagnosis


def _asked_before(place: Path, diagnosis: Diagnosis, typed: str) -> None:
    """Say when the questions of `--probe` were asked last, and what it may have had to leave on the site."""
    if not place.exists():
        return
    with State.open(place, read_only=True) as state:
        times, left = asked_at(state), left_by_probes(state)
    if times:
        diagnosis.note(
            "probe", Health.OK, f"{len(times)} answers are kept, the latest of {max(times) or 'an unknown time'}"
        )
    for name, own in left.items():
        known = f'"{name}" ({own}) was left' if own else f'"{name}" may have been left'
        diagnosis.note(
            "probe",
            Health.LOOK,
            f"the collection {known} on the site by an earlier probe",
            f"`importer doctor {typed} --probe` removes it; or delete it in Webflow.",
        )


async def _look(opened: Connection, mapping: Mapping | None, diagnosis: Diagnosis) -> None:
    client = opened.client
    await _scopes(client, diagnosis)
    sites = await _sites(client, diagnosis)
    around = None if mapping is None else await _collection(client, mapping, diagnosis)
    for site in sites:
        if around is None or around.site in {"", site.id}:
            await _items(client, site, diagnosis)
    left = client.requests_left()
    if left is not None:
        diagnosis.note("rate limit", Health.OK, f"{left} requests are left in this minute")


async def _scopes(client: Client, diagnosis: Diagnosis) -> None:
    try:
        found = read_introspection(await client.read(endpoints.introspect()))
    except (ScopeError, NotFound, ReadRefused):
        diagnosis.note("scopes", Health.OK, "not told: the token of a site may not ask, and nothing depends on it")
        return
    scopes = ", ".join(sorted(found.scopes)) or "none"
    missing = [scope for scope in ("cms:read", "cms:write") if scope not in found.scopes]
    if missing:
        diagnosis.bad(
            "scopes",
            ScopeError(
                f"The token lacks {' and '.join(missing)} (it has {scopes}).", "Make a new one with both in Webflow."
            ),
        )
        return
    diagnosis.note("scopes", Health.OK, scopes)
    if found.rate_limit is not None:
        diagnosis.note("rate limit", Health.OK, f"{found.rate_limit} requests a minute")


async def _sites(client: Client, diagnosis: Diagnosis) -> tuple[Site, ...]:
    try:
        sites = read_sites(await client.read(endpoints.sites()))
    except ScopeError as error:
        hint = "A mapping that names its collection by id and no locale tag works without it."
        diagnosis.note("sites", Health.LOOK, f"not told: {error.message}", hint)
        return ()
    if not sites:
        diagnosis.note("sites", Health.LOOK, "the token reaches no site", "Choose the site when making the token.")
    for site in sites:
        if site.last_published:
            diagnosis.note("site", Health.OK, f"{site.display_name}: published {site.last_published}")
        else:
            diagnosis.note(
                "site",
                Health.LOOK,
                f"{site.display_name}: never published",
                "Publish it once in Webflow: items cannot go live on a site that is not.",
            )
    return sites


async def _collection(client: Client, mapping: Mapping, diagnosis: Diagnosis) -> Surroundings | None:
    try:
        around = await look_around(client, mapping, drafts=mapping.publish == "draft")
    except ImporterError as error:
        diagnosis.bad("collection", error)
        return None
    schema = around.schema
    diagnosis.note("collection", Health.OK, f'"{schema.display_name}" ({schema.slug}), {len(schema.fields)} fields')
    for slug, references in around.references.items():
        health, hint = (Health.OK, "") if references.pairs else (Health.LOOK, "Import that collection first.")
        diagnosis.note("references", health, f"{slug}: {len(references.pairs)} items to refer to", hint)
    return around


async def _items(client: Client, site: Site, diagnosis: Diagnosis) -> None:
    """Count what the site holds: the plan's limit is nowhere told, so a person compares."""
    counts: dict[str, int] = {}
    for collection in read_collections(await client.read(endpoints.collections(site.id))):
        call = endpoints.items_page(collection.id, live=False, offset=0, limit=1, newest_first=False)
        counts[collection.slug] = read_page(await client.read(call)).total
    listed = ", ".join(f"{slug} {count:,}" for slug, count in counts.items())
    hint = "Compare with the number of CMS items in the site's plan." if counts else ""
    diagnosis.note("items", Health.OK, f"{site.display_name}: {sum(counts.values()):,} items ({listed})", hint)


def as_json(diagnosis: Diagnosis) -> list[dict[str, Any]]:
    """Give the findings for the JSON object."""
    return [finding.as_json() for finding in diagnosis.findings]
