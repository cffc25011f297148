"""How many requests a run sends, and how fast: rule 8's bound, and the announced rate used and never exceeded."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

import httpx
import polars as pl
import pytest

from importer.client import endpoints
from importer.commands.loading import prepare
from importer.commands.opening import front_door
from importer.commands.options import RunOptions
from importer.mapping import parse_mapping

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.flows.conftest import Night


def strangers(number: int) -> list[dict[str, Any]]:
    return [{"name": f"Other {n}", "slug": f"other-{n}", "text": "Somebody's"} for n in range(number)]


def bound(groups: list[tuple[int, int]], held: int) -> int:
    """Rule 8: `groups` are (rows, chunk size) of what needs its own requests, `held` the items already there."""
    new = sum(rows for rows, _ in groups)
    return sum(ceil(rows / size) for rows, size in groups) + 2 * min(new, ceil(held / 100)) + 8


def sent(one: Night, **options: Any) -> int:
    """Run; how many requests the sandbox was asked."""
    before = len(one.app.log)
    one.run(**options)
    assert one.exit_code == 0
    return len(one.app.log) - before


def mixed(one: Night, live: int, staged: int, files: int) -> pl.DataFrame:
    """A sheet of live rows, drafts, and live rows with a file."""
    photos = [None] * (live + staged) + ["https://example.com/ok.png"] * files
    frame = one.rows(live + staged + files, Photo=photos)
    return frame.with_columns(pl.Series("Draft", ["no"] * live + ["yes"] * staged + ["no"] * files))


@pytest.mark.parametrize("held", [0, pytest.param(99, marks=pytest.mark.soak), 100, 101, 730])
@pytest.mark.parametrize(
    "new", [1, pytest.param(3, marks=pytest.mark.soak), 100, pytest.param(450, marks=pytest.mark.soak), 101]
)
def test_rule_8_requests_of_a_first_run(night: Callable[..., Night], held: int, new: int) -> None:
    """N new rows into a collection of M items made by others."""
    one = night()
    one.strangers(strangers(held))
    one.sheet = one.rows(new)
    assert sent(one) <= bound([(new, 100)], held)
    assert len(one.items(live=True)) == held + new


@pytest.mark.parametrize("order", ["as_asked", "ignored"])
@pytest.mark.parametrize("held", [0, 730])
def test_rule_8_requests_of_a_mix(night: Callable[..., Night], held: int, order: str) -> None:
    """Live, staged and rows with files need requests of their own, and nothing else does."""
    one = night(listing_order=order)
    one.strangers(strangers(held))
    one.mapping["item"] = {"draft": "Draft"}
    one.sheet = mixed(one, 230, 130, 60)
    assert sent(one) <= bound([(230, 100), (130, 100), (60, 25)], held)
    assert len(one.items(live=True)) == held + 290


def test_rule_8_requests_of_a_second_run(night: Callable[..., Night]) -> None:
    """Nothing is new: only what tells who we are and what the collection's fields are. Few are new: few are asked."""
    one = night()
    one.strangers(strangers(730))
    one.passes(300)
    one.sheet = one.rows(450)
    sent(one)
    assert sent(one) <= 6
    one.passes(300)
    one.sheet = one.rows(452)
    assert sent(one) <= bound([(2, 100)], 1_180)
    one.passes(300)
    one.sheet = one.rows(900)
    assert sent(one) <= ceil(448 / 100) + 2 * ceil(452 / 100) + 8, "later runs list only down to the last look-up"


def test_rule_8_requests_of_few_rows_into_a_large_collection(night: Callable[..., Night]) -> None:
    """Three rows into 3,000 items: asked for by slug, not by listing everything."""
    one = night()
    one.strangers(strangers(3_000))
    one.sheet = one.rows(3)
    assert sent(one) <= 1 + 2 * 3 + 8


class Clocked(httpx.AsyncBaseTransport):
    """A wire that notes the moment of each request."""

    def __init__(self, inner: httpx.AsyncBaseTransport, one: Night, moments: list[float]) -> None:
        self._inner, self._one, self._moments = inner, one, moments

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._moments.append(self._one.hours.now)
        return await self._inner.handle_async_request(request)


@pytest.mark.parametrize("concurrency", [pytest.param(1, marks=pytest.mark.soak), 8])
@pytest.mark.parametrize("rounding", ["ceil", "floor"])
def test_announced_rate_is_never_exceeded(night: Callable[..., Night], concurrency: int, rounding: str) -> None:
    """60 a minute, and nobody else there: no request is answered 429."""
    one = night(rate_limit="60", retry_after_rounding=rounding)
    one.sheet = one.filed(25 * 130)
    one.run(concurrency=concurrency)
    assert one.exit_code == 0
    assert [line for line in one.app.log if line["status"] == 429] == []


def test_300_chunks_use_the_allowance_and_wait_for_nothing_else(night: Callable[..., Night]) -> None:
    """A run of 300 chunks at 60 a minute: at least 95 % of what is allowed is used, and the first goes at once."""
    one = night(rate_limit="60")
    one.sheet = one.filed(25 * 300)
    moments: list[float] = []
    one.wire = lambda inner: Clocked(inner, one, moments)
    one.run()
    assert one.exit_code == 0
    assert [line for line in one.app.log if line["status"] == 429] == []
    assert one.writes() == 300
    assert moments[59] < 1, "the first minute's requests go at once"
    least = (ceil(len(moments) / 60) - 1) * 60.0  # the last of them opens its window and ends at once
    assert least / one.hours.now >= 0.95


@pytest.mark.parametrize("most", [3, 5])
def test_ones_own_rate_bounds_the_whole_command(night: Callable[..., Night], most: int) -> None:
    """--requests-per-minute: what is asked before the first create counts in the same minute."""
    one = night()
    one.sheet = one.filed(250)
    moments: list[float] = []
    one.wire = lambda inner: Clocked(inner, one, moments)
    one.run(requests_per_minute=most)
    assert one.exit_code == 0
    assert max(sum(start <= moment < start + 60 for moment in moments) for start in moments) == most


def test_the_door_of_every_command_keeps_one_pace(tmp_path: Path) -> None:
    """It is opened before the sheet is checked and again to publish: the second time knows what was sent the first."""
    job = prepare(
        parse_mapping({"collection": "tags", "fields": {"name": "Name"}}, name="tags"),
        "none.csv",
        RunOptions(sandbox=True, sandbox_file=tmp_path / "sandbox.db", state=tmp_path / "state.db"),
    )
    door = front_door()

    async def asked() -> tuple[int | None, int | None]:
        async with door.open(job) as first:
            await first.client.read(endpoints.sites())
            left = first.client.requests_left()
        async with door.open(job) as second:
            return left, second.client.requests_left()

    left, known = door.wait(asked())
    assert left is not None
    assert known == left
