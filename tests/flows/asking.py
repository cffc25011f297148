"""A night on which a probe asks, and what it is answered where nothing is switched."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from importer.client import Client, connect
from importer.client.local import LocalTransport
from importer.commands.opening import Connection
from importer.commands.options import RunOptions
from importer.commands.probe import Way, probe_through
from importer.model import Tally
from importer.pacing import Pacer
from importer.probing import UNKNOWN
from importer.sandbox.app import default_seed
from tests.flows.conftest import SEED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from importer.commands.probe import Probe
    from importer.settings import Settings
    from tests.flows.conftest import Night

    Nights = Callable[..., Night]


LOCALES: dict[str, Any] = {**SEED, "site": default_seed()["site"]}
"""The night's collection on a site that has several locales."""


class Asked:
    """A night on which a probe asks; `outset` is what was on the site before."""

    def __init__(self, night: Night, **switches: str) -> None:
        self.night = night
        self.mapping = night.folder / "notes.toml"
        self.mapping.write_text('collection = "notes"\n[fields]\nname = "Title"\nslug = "Slug"\n', encoding="utf-8")
        self.night.strangers([{"name": f"Mine {n}", "slug": f"mine-{n}"} for n in range(3)])
        self.night.switches |= switches
        self.outset = self.site()
        self.said: list[str] = []
        self.asked = len(night.app.log)

    def ask(self, *, mapping: bool = True, **options: Any) -> Probe:
        """Ask; what is on the site besides must not have changed."""
        chosen = replace(RunOptions(state=self.night.state, sandbox=True), **options)
        self.asked = len(self.night.app.log)
        way = Way(self._open, self.night._wait)
        done = probe_through(way, self.mapping if mapping else None, chosen, observer=self)
        self.check_untouched()
        return done

    def progress(self, _progress: object) -> None:
        """Hear how far it is."""

    def say(self, sentence: str) -> None:
        """Hear a sentence."""
        self.said.append(sentence)

    @asynccontextmanager
    async def _open(self, _settings: Settings, options: RunOptions, _path: Path | None) -> AsyncIterator[Connection]:
        night, tally = self.night, Tally()
        night.app.set(switches=night.switches, faults=night.faults)
        transport = night.wire(LocalTransport(night.app))
        async with connect("http://sandbox/v2", "sandbox", transport=transport) as http:
            client = Client(http, Pacer(own_limit=options.requests_per_minute), night.hours, tally, patience=30)
            yield Connection(client, night.hours, tally, embedded=False)

    def site(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that the sandbox's file holds of collections and items that are not a probe's."""
        connection = self.night.app.world.connection
        ours = "SELECT id FROM collections WHERE json_extract(body, '$.displayName') LIKE 'Importer probe %'"
        return {
            table: [tuple(row) for row in connection.execute(f"SELECT * FROM {table} WHERE {column} NOT IN ({ours})")]
            for table, column in (("collections", "id"), ("items", "collection"), ("held_slugs", "collection"))
        }

    def probes(self) -> list[str]:
        """The ids of the collections on the site that are named like a probe's."""
        rows = self.night.app.world.connection.execute(
            "SELECT id FROM collections WHERE json_extract(body, '$.displayName') LIKE 'Importer probe %'"
        )
        return [row[0] for row in rows]

    def check_untouched(self) -> None:
        """Nothing outside of the scratch collection was changed, or asked to be."""
        assert self.site() == self.outset
        (site,) = [row[0] for row in self.night.app.world.connection.execute("SELECT id FROM site")]
        own = {row[0] for row in self.outset["collections"]}
        for line in list(self.night.app.log)[self.asked :]:
            if line["method"] != "GET":
                assert line["path"] == f"/v2/sites/{site}/collections" or line["path"].split("/")[3] not in own, line

    def requests(self) -> int:
        """How many requests the last probe sent."""
        return len(self.night.app.log) - self.asked


def answers(done: Probe) -> dict[str, str]:
    """The answers by name."""
    return {one.name: one.answer for one in done.answers}


USUAL = {
    "introspect": "answered",
    "room": "yes",
    "live_writes": "accepted",
    "answer_shape": "items",
    "answer_order": "sent",
    "stamps": "equal",
    "clock": "0.0",
    "date_header": "yes",
    "rate_headers": "yes",
    "rate_limit": "600",
    "retry_after": "yes",
    "listing_delay": "0.0",
    "refusal_live": "whole",
    "refusal_staged": "whole",
    "taken_live": "refused",
    "taken_staged": "refused",
    "missing_slug": "made",
    "slug_case": "insensitive",
    "own_slug": "accepted",
    "deleted_slug": "free",
    "slug_per_locale": "shared",
    "live_in_staged": "yes",
    "sort_created": "works",
    "sort_updated": "works",
    "listing_order": "newest_first",
    "filter_slug_live": "works",
    "filter_slug_staged": "works",
    "filter_name": "works",
    "filter_created": "works",
    "filter_published": "works",
}
"""What is answered where every switch is at its default."""

IN_SECONDS = {"clock", "listing_delay"}
"""Answers that are as long as the time that it took."""


def check_answers(done: Probe, expected: dict[str, str]) -> None:
    """What is answered is right; what could not be asked is unknown, and says why."""
    for one in done.answers:
        if one.name not in IN_SECONDS:
            assert one.answer in {expected[one.name], UNKNOWN}, one
        assert one.seen
