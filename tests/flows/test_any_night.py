"""Nights drawn at random: sheets, switches, faults and crashes; each good row ends live exactly once."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from importer.schema import CollectionSchema, Field
from importer.schema.content import readable
from tests.flows.faulty import FAULTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.model import Counts
    from tests.flows.conftest import Night

EXAMPLES = int(os.environ.get("IMPORTER_NIGHTS", "12"))
"""How many nights are drawn; a campaign sets more."""

PATIENCE = 60.0

SCHEMA = CollectionSchema(
    id="",
    fields=(
        *(Field(slug=slug, type="PlainText") for slug in ("name", "slug", "text")),
        Field(slug="photo", type="Image"),
    ),
)

SWITCHES: dict[str, list[str]] = {
    "refusal": ["atomic", "partial", "partial_ahead"],
    "taken_slug": ["refuse", "suffix"],
    "answer_order": ["sent", "shuffled"],
    "answer_shape": ["items", "list"],
    "listing_delay": ["0", "5"],
    "listing_order": ["as_asked", "ignored"],
    "listing_sort": ["supported", "refused"],
    "live_in_staged": ["yes", "no"],
    "missing_headers": ["no", "yes"],
    "date_header": ["yes", "no"],
    "stamps": ["equal", "spread"],
    "rate_limit": ["60", "600"],
}
"""What nobody knows about Webflow, within what the state file assumes (an order that is new each time is not)."""


class Crash(Exception):  # noqa: N818 - what happens, not an error
    """The process is gone."""


class Crashing(httpx.AsyncBaseTransport):
    """A wire on which the process dies at one request; the state file is kept as it stood at that instant."""

    def __init__(self, inner: httpx.AsyncBaseTransport, one: Night, at: list[int], *, carried_out: bool) -> None:
        self._inner, self._one, self._left, self._carried_out = inner, one, at, carried_out

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._left[0] -= 1
        if self._left[0] == 0:
            try:
                if self._carried_out:
                    await self._inner.handle_async_request(request)
            finally:
                keep(self._one.state)  # also where the answer is lost on the way
        if self._left[0] <= 0:
            raise Crash
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def kept(state: Path) -> Path:
    return state.with_suffix(".kept")


def keep(state: Path) -> None:
    """Copy what is on the disk, as a dead process leaves it."""
    kept(state).unlink(missing_ok=True)
    if state.exists():
        with closing(sqlite3.connect(state)) as source, closing(sqlite3.connect(kept(state))) as copy:
            source.backup(copy)


def restore(state: Path) -> None:
    for end in ("", "-wal", "-shm"):
        state.with_name(state.name + end).unlink(missing_ok=True)
    if kept(state).exists():
        shutil.copy(kept(state), state)


def run(one: Night, chance: random.Random) -> None:
    """Run once; perhaps the process dies on the way."""
    if chance.random() < 0.5:
        at, carried_out = [chance.randint(1, 25)], chance.random() < 0.5
        one.wire = lambda inner: Crashing(inner, one, at, carried_out=carried_out)
    else:
        one.wire = lambda inner: inner
    limit = chance.choice([None, None, None, 3, 120])
    try:
        counts = one.run(patience=PATIENCE, concurrency=chance.choice([1, 2, 4]), limit=limit).counts
    except Crash:
        restore(one.state)
    else:
        as_in_the_state(one, counts, limit)
    one.wire = lambda inner: inner


def as_in_the_state(one: Night, counts: Counts, limit: int | None) -> None:
    """What a run counts is what the state file says of the rows of the sheet, also where it was stopped."""
    standing = dict(one.ask_state("SELECT status, count(*) FROM rows GROUP BY status"))
    held = standing.get("published", 0) + standing.get("staged", 0)
    assert counts.in_doubt == standing.get("in_flight", 0)
    verdicts = counts.created + counts.updated + counts.staged + counts.unchanged
    assert verdicts <= held if limit is not None else verdicts + counts.skipped == held
    assert counts.rejected <= standing.get("rejected", 0)
    if one.exit_code in {0, 1, 7}:
        assert counts.not_sent == 0
    if limit is None and one.exit_code in {0, 1, 7}:
        assert counts.rejected == standing.get("rejected", 0)
    if limit is not None:
        last = "SELECT run FROM runs ORDER BY number DESC LIMIT 1"
        sent = "SELECT count(DISTINCT key) FROM request_rows JOIN requests ON id = request_id"
        assert one.ask_state(f"{sent} WHERE run = ({last})")[0][0] <= limit


def plan(chance: random.Random) -> list[dict[str, Any]]:
    """Some requests that go wrong: creates mostly, sometimes any."""
    faults = []
    for _ in range(chance.randint(0, 3)):
        about = chance.choice([{"method": "POST"}, {"method": "POST"}, {"path": "*/items*"}])
        rhythm = chance.choice([{"nth": chance.randint(1, 4)}, {"every": chance.randint(2, 4)}])
        faults.append({"when": about | rhythm} | chance.choice(FAULTS))
    return faults


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES < 100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**48))
def test_each_good_row_ends_live_exactly_once(night: Callable[..., Night], seed: int) -> None:
    """Whatever happens within the assumptions: good rows once, with the content that the state file says they have."""
    chance = random.Random(seed)
    one = night(**{name: chance.choice(values) for name, values in SWITCHES.items()})
    number = chance.choice([1, 5, 40, 101, 230, 320])
    bad = set(chance.sample(range(number), k=min(number, chance.choice([0, 0, 1, 3]))))
    photos = ["https://example.com/dead.png" if n in bad else None for n in range(number)]
    one.sheet = one.rows(number, Photo=photos)
    for _ in range(chance.randint(1, 4)):
        one.faults = plan(chance)
        run(one, chance)
        one.passes(chance.choice([0, 0, 30, 1_000]))
        for _ in range(chance.choice([0, 0, 1, 5])):
            one.sheet = one.changed(Text={chance.randrange(number): f"Changed {chance.random()}"})
        one.sheet = one.sheet.sample(fraction=1, shuffle=True, seed=chance.randint(0, 99))
    one.faults = []
    one.passes(1_000)
    one.run(patience=PATIENCE)
    counts = one.run(patience=PATIENCE).counts
    good = number - len(bad)
    assert one.published() == sorted(f"note-{n + 1}" for n in range(number) if n not in bad)
    assert (counts.unchanged + counts.skipped, counts.rejected) == (good, len(bad))
    assert one.exit_code == (1 if bad else 0)
    items = {item["id"]: item["fieldData"]["slug"] for item in one.items(live=True)}
    assert dict(one.ask_state("SELECT item_id, slug FROM rows WHERE status = 'published'")) == items
    contents = {item["id"]: readable(item["fieldData"], SCHEMA) for item in one.items(live=True)}
    assert dict(one.ask_state("SELECT item_id, readable FROM rows WHERE status = 'published'")) == contents
    if one.switches["live_in_staged"] == "yes":
        assert len(one.items(live=False)) == good
