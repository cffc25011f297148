"""`doctor --probe`: each answer is what the sandbox is switched to, and nothing stays of the asking."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from importer.client import Client, connect
from importer.client.local import LocalTransport
from importer.commands.opening import Connection
from importer.commands.options import RunOptions
from importer.commands.probe import Way, probe_through
from importer.model import Tally
from importer.pacing import Pacer
from importer.probing import QUESTIONS, UNKNOWN
from importer.sandbox.app import default_seed
from importer.sandbox.switches import SWITCHES
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

NO_LIVE = dict.fromkeys(
    ("taken_live", "refusal_live", "live_in_staged", "filter_slug_live", "filter_published"), UNKNOWN
)
NO_ITEMS = dict.fromkeys(USUAL, UNKNOWN) | {"introspect": "answered"}

ANSWERED: dict[tuple[str, str], dict[str, str]] = {
    ("refusal", "partial"): {"refusal_live": "partly", "refusal_staged": "partly"},
    ("refusal", "partial_ahead"): {"refusal_live": "ahead", "refusal_staged": "ahead"},
    ("taken_slug", "suffix"): {"taken_live": "suffixed", "taken_staged": "suffixed"},
    ("slug_case", "sensitive"): {"slug_case": "sensitive"},
    ("slug_per_locale", "separate"): {"slug_per_locale": "separate"},
    ("own_slug", "refused"): {"own_slug": "refused"},
    ("missing_slug", "refused"): {"missing_slug": "refused"},
    ("deleted_slug", "held"): {"deleted_slug": "held"},
    ("answer_order", "shuffled"): {"answer_order": "other"},
    ("answer_shape", "list"): {"answer_shape": "list"},
    ("listing_delay", "3"): {"listing_delay": "3.5"},
    ("listing_delay", "25"): {"listing_delay": "30.5"},
    ("listing_order", "ignored"): {"sort_created": "ignored", "sort_updated": "ignored", "listing_order": "other"},
    ("listing_order", "random"): {"sort_created": "unsteady", "sort_updated": "ignored", "listing_order": "unsteady"},
    ("listing_sort", "refused"): {"sort_created": "refused", "sort_updated": "refused"},
    ("live_in_staged", "no"): {"live_in_staged": "no"},
    ("unpublished_site", "409"): {"live_writes": "refused_409"} | NO_LIVE,
    ("unpublished_site", "404"): {"live_writes": "refused_404"} | NO_LIVE,
    ("introspect", "refused"): {"introspect": "refused"},
    ("rate_limit", "60"): {"rate_limit": "60"},
    ("rate_limit", "7"): {"rate_limit": "7"},
    ("missing_headers", "yes"): {"rate_headers": "no", "retry_after": "no", "rate_limit": UNKNOWN},
    ("date_header", "no"): {"date_header": "no", "clock": UNKNOWN},
    ("stamps", "spread"): {"stamps": "spread"},
    ("plan_limit", "5"): NO_ITEMS | {"room": "no"},
}
"""What is answered otherwise under each position of a switch."""

USUALLY = 30
"""Requests of a probe that nothing goes wrong with, on a site with several locales."""

MORE = {"3": 6, "25": 12, "refused": 4, "404": 0, "409": 0}
"""Requests more under some positions: looks for items that are not listed yet, and reads that are refused twice."""

NOT_ASKED_ABOUT = {
    "reference_locale": "a field that refers to its own collection might keep that from being removed",
    "retry_after_rounding": "the end of a window is not seen that exactly; the pace allows for both",
}
"""Switches that stand for what a scratch collection cannot tell."""


def test_every_switch_is_asked_about_in_every_position() -> None:
    """A switch that is added needs an answer here, or a reason why there is none."""
    for name, (allowed, default, _) in SWITCHES.items():
        if name not in NOT_ASKED_ABOUT:
            asked = {value for switch, value in ANSWERED if switch == name}
            assert asked, name
            assert allowed == ("<number>",) or asked | {default} == set(allowed), name


@pytest.mark.parametrize(("switch", "value"), [("rate_limit", "600"), *ANSWERED])
def test_each_answer_is_what_the_sandbox_is_switched_to(night: Nights, switch: str, value: str) -> None:
    """First every switch at its default, then each other position of each: all other answers stay as they are."""
    asked = Asked(night(seed=LOCALES), **{switch: value})
    done = asked.ask()
    assert done.error is None
    assert answers(done) == USUAL | ANSWERED.get((switch, value), {})
    assert list(answers(done)) == list(QUESTIONS)
    assert asked.probes() == []
    assert asked.requests() == done.requests
    assert done.requests <= USUALLY + MORE.get(value, 0)
