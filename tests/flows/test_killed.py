"""`kill -9` at any moment, and the same command again: nothing is lost, nothing doubled, the counts add up."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.flows.planted import planted
from tests.flows.processes import TOKEN, Clone, Ended, ServedHere, until

if TYPE_CHECKING:
    from pathlib import Path

CREATES = 21
"""Requests that create, in an import of the posts that nobody disturbs."""

SLOW = 0.15
"""Seconds that each of them takes, half of them before the work and half of them after it."""

FAULTS: list[dict[str, Any]] = [
    {"when": {"method": "POST", "every": 2}, "do": "slow_answer", "seconds": SLOW},
    {"when": {"method": "POST"}, "do": "slow", "seconds": SLOW},
]

STATE = "state/posts.db"

KILLS = int(os.environ.get("IMPORTER_KILLS", "3"))

pytestmark = pytest.mark.timeout(60 + 20 * KILLS)

GOOD, LIVE, REJECTED = 469, 441, 21


@dataclass(frozen=True, slots=True)
class Moment:
    """When a run is killed: so many creating requests were taken in (0: the collection was read), and then some."""

    creates: int
    later: float


@dataclass(frozen=True, slots=True)
class Killed:
    """What a night with one kill left: items and rows at the moment of death and at the end, and how runs ended."""

    moment: Moment
    died: Counter[str]
    live_then: int
    second: Ended
    live: list[dict[str, Any]]
    staged: list[dict[str, Any]]
    rows: list[dict[str, Any]]

    def __str__(self) -> str:
        return (
            f"killed after {self.moment.creates:>2} creates + {self.moment.later * 1000:>3.0f} ms:"
            f" {self.live_then:>3} live, state {dict(sorted(self.died.items()))};"
            f" again: {self.second.items['unchanged']} unchanged, {self.second.items['created']} created,"
            f" {self.second.items['staged']} staged, {self.second.json['seconds']:.1f} s"
        )


def moments() -> list[Moment]:
    """Three moments over the time of the run, or as many as IMPORTER_KILLS says."""
    return [Moment(CREATES * n // KILLS + (n > 0), SLOW * ((n * 3 + 2) % 7) / 7) for n in range(KILLS)]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a sandbox file that holds the authors and tags."""
    folder = tmp_path_factory.mktemp("prepared")
    Clone.at(folder).prepare(folder / "webflow.db")
    return folder / "webflow.db"


def live_through(folder: Path, prepared: Path, moment: Moment) -> Killed:
    """Import the posts with one kill, and run the same command again."""
    clone = Clone.at(folder / "clone")
    file = folder / "webflow.db"
    shutil.copy(prepared, file)
    with ServedHere(file, faults=FAULTS) as served:
        where = ("--base-url", served.base_url, "--state", STATE)
        command = ("run", "mappings/blog_posts.toml", *where, "--patience", "2s", "--json")
        first = clone.start(*command, WEBFLOW_TOKEN=TOKEN)
        until(served.log, pause=0.1)
        until(lambda: len(served.creates()) >= moment.creates)
        time.sleep(moment.later)
        first.signal(signal.SIGKILL)
        first.process.communicate()
        died = clone.statuses(STATE)
        live_then = len(served.items("blog-posts", live=True))
        second = clone.run(*command, WEBFLOW_TOKEN=TOKEN)
        return Killed(
            moment,
            died,
            live_then,
            second,
            served.items("blog-posts", live=True),
            served.items("blog-posts", live=False),
            clone.outcome(STATE),
        )


@pytest.fixture(scope="module")
def nights(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Killed]:
    """Live through one night for each moment, three at a time."""
    with ThreadPoolExecutor(3) as pool:
        folders = [tmp_path_factory.mktemp("night") for _ in moments()]
        return list(pool.map(live_through, folders, [prepared] * len(folders), moments()))


@pytest.mark.parametrize("place", range(len(moments())))
def test_killed_at_any_moment_loses_and_doubles_nothing(nights: list[Killed], place: int) -> None:
    """By the sandbox's own listing and by the state file: each good row once, bad ones rejected, all counted."""
    night = nights[place]
    print(night)  # noqa: T201 - the figures, for who asks for them with -s or -rP
    assert (night.second.code, night.second.json["verdict"]) == (1, "rejects")
    counts = night.second.items
    known = night.died["published"] + night.died["staged"]
    assert (counts["total"], counts["rejected"], counts["in_doubt"], counts["not_sent"]) == (490, REJECTED, 0, 0)
    assert counts["unchanged"] == known, "what was known at the moment of death cost nothing"
    assert counts["created"] + counts["staged"] == GOOD - known

    slugs = [item["fieldData"]["slug"].casefold() for item in night.staged]
    assert (len(night.live), len(night.staged)) == (LIVE, GOOD)
    assert len(set(slugs)) == GOOD

    sent = {row["slug"].casefold(): row["item_id"] for row in night.rows if row["status"] in {"published", "staged"}}
    assert sent == dict(zip(slugs, (item["id"] for item in night.staged), strict=True))
    assert sorted(sent.values()) == sorted({item["id"] for item in [*night.live, *night.staged]})
    rejected = [(row["source_row"], row["error_code"]) for row in night.rows if row["status"] == "rejected"]
    assert sorted(rejected) == sorted((row, code) for row, _, code in planted("blog_posts.csv"))
    assert Counter(row["status"] for row in night.rows) == {
        "published": LIVE, "staged": GOOD - LIVE, "rejected": REJECTED
    }  # fmt: skip


def test_the_moments_fall_into_requests(nights: list[Killed]) -> None:
    """The kills are worth something: most of them left rows in flight."""
    assert 2 * sum(night.died["in_flight"] > 0 for night in nights) > len(nights)


def test_killed_with_the_embedded_sandbox_completes_without_a_wait(prepared: Path, tmp_path: Path) -> None:
    """A request to a sandbox inside the process is over when the process is: nobody waits for its patience."""
    clone = Clone.at(tmp_path / "clone")
    shutil.copy(prepared, clone.folder / "webflow.db")
    command = ("run", "mappings/blog_posts.toml", "--sandbox", "--sandbox-file", "webflow.db", "--state", STATE)
    first = clone.start(*command)
    until(lambda: clone.statuses(STATE)["published"] and clone.statuses(STATE)["in_flight"], pause=0.005)
    first.signal(signal.SIGKILL)
    first.process.communicate()
    died = clone.statuses(STATE)
    assert died["published"] < LIVE
    second = clone.run(*command, "--json")
    counts = second.items
    known = died["published"] + died["staged"]
    assert (second.code, counts["unchanged"], counts["created"] + counts["staged"]) == (1, known, GOOD - known)
    assert (counts["rejected"], counts["in_doubt"], counts["total"]) == (REJECTED, 0, 490)
    assert second.json["seconds"] < 10, "it takes 1 to 3 s; any wait would be 10 s at least"
    with closing(sqlite3.connect(clone.folder / "webflow.db")) as file:
        items = file.execute(
            "SELECT items.slug, live IS NOT NULL FROM items JOIN collections"
            " ON collections.id = collection AND collections.slug = 'blog-posts'"
        ).fetchall()
    assert len(items) == len({slug.casefold() for slug, _ in items}) == GOOD
    assert sum(live for _, live in items) == LIVE
