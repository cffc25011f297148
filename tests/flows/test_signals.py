"""Ctrl-C, SIGTERM, deadlines and locks, with real processes: every end is orderly, and the next run completes it."""

from __future__ import annotations

import csv
import json
import re
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest

from importer.sandbox import default_seed
from tests.flows.processes import Clone, Ended, Served, Started, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "wfp-0c5f6a7788d9-only-for-these-tests"
"""A token that no word of ours contains, so that it can be searched for."""

SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]

HINT = "Run the same command again: it goes on where it stopped."


@dataclass(slots=True)
class Desk:
    """Where one test types its commands: a sheet of tags, its state file, and everything that was said."""

    clone: Clone
    served: Served
    name: str
    said: list[Ended] = field(default_factory=list)
    started: list[Started] = field(default_factory=list)

    def sheet(self, rows: int, *, bad: bool = False) -> list[str]:
        """Write a sheet of so many tags, the last of them with a bad colour if asked; the slugs of the good ones."""
        slugs = [f"{self.name}-{number}" for number in range(1, rows + 1)]
        with (self.clone.folder / "sheet.csv").open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(["Tag", "In addresses", "Colour", "What it is about"])
            for place, slug in enumerate(slugs, 1):
                colour = "no colour" if bad and place == rows else "#1c2541"
                lines.writerow([f"Tag {slug}", slug, colour, f"All about {slug}"])
        return sorted(slugs[: rows - 1 if bad else rows])

    def start(self, *options: str, token: str = TOKEN) -> Started:
        """Start the run."""
        at = ("--base-url", self.served.base_url, "--state", "state/tags.db", "--patience", "500ms")
        run = self.clone.start("run", "mappings/tags.toml", "sheet.csv", *at, *options, WEBFLOW_TOKEN=token)
        self.started.append(run)
        return run

    def ended(self, started: Started) -> Ended:
        """Wait for the end of a run."""
        self.said.append(started.ended())
        return self.said[-1]

    def run(self, *options: str, token: str = TOKEN) -> Ended:
        """Run to the end."""
        return self.ended(self.start(*options, token=token))

    def taken_in(self, creates: int, run: Started) -> None:
        """Wait until the sandbox has taken in so many requests of a run that create."""
        until(lambda: run.is_alive() and self.served.log(), pause=0.1)
        until(lambda: run.is_alive() and len(self.served.creates()) >= creates)

    def published(self) -> list[str]:
        """The slugs of this test's items, sorted; each also stands among the staged ones, once."""
        live, staged = (
            sorted(
                item["fieldData"]["slug"]
                for item in self.served.items("tags", live=live, token=TOKEN)
                if item["fieldData"]["slug"].startswith(f"{self.name}-")
            )
            for live in (True, False)
        )
        assert live == staged
        return live

    def kept(self) -> list[str]:
        """The slugs that the state file calls published, sorted."""
        lines = self.clone.outcome("state/tags.db")
        return sorted(line["slug"] for line in lines if line["status"] == "published")

    def holds_the_token(self) -> list[Path]:
        """Files that hold the token, and whether it was said."""
        assert not any(TOKEN in text for ended in self.said for text in (ended.out, ended.err))
        files = [path for path in self.clone.folder.rglob("*") if path.is_file()]
        return [path for path in files if TOKEN.encode() in path.read_bytes()]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve one sandbox to all tests of this file."""
    folder = tmp_path_factory.mktemp("served")
    scopes = ["cms:read", "cms:write", "sites:read"]
    seed = default_seed() | {"tokens": {TOKEN: scopes}}
    (folder / "sandbox.json").write_text(json.dumps(seed), encoding="utf-8")
    with Served(folder / "sandbox.db") as sandbox:
        yield sandbox


@pytest.fixture
def desk(served: Served, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """Sit down at a desk of one's own; when the test is over, the token must be nowhere."""
    served.plan()
    served.empty("tags", token=TOKEN)
    served.forget()
    one = Desk(Clone.at(tmp_path), served, f"tag-{crc32(request.node.name.encode()):x}")
    yield one
    for run in one.started:  # a test that failed may have left one
        run.process.kill()
        run.process.communicate()
    assert one.holds_the_token() == []


@dataclass(frozen=True, slots=True)
class Stop:
    """How one run was stopped, and what was published and kept by then; `creates` is how many requests it sent."""

    ended: Ended
    published: int
    kept: int
    creates: int


@dataclass(frozen=True, slots=True)
class Night:
    """One sheet of 1,500 tags (the last one bad), whose import was stopped three times and then let alone."""

    good: list[str]
    holder: int
    locked: Ended
    askers: int
    interrupted: Stop
    terminated: Stop
    late: Stop
    last: Stop
    published: list[str]
    kept: list[str]


@pytest.fixture(scope="module")
def night(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Live through that night; at its end the token must be nowhere."""
    desk = Desk(Clone.at(tmp_path_factory.mktemp("night")), served, "night")
    good = desk.sheet(1500, bad=True)

    def stopped(run: Started) -> Stop:
        ended = desk.ended(run)
        stop = Stop(ended, len(desk.published()), len(desk.kept()), len(served.creates()))
        served.forget()
        return stop

    served.plan(slow(1.2))
    run = desk.start("--json", "--concurrency", "1")
    holder = run.process.pid
    desk.taken_in(1, run)
    locked = desk.run("--json")
    askers = sum(line["path"] == "/v2/sites" for line in served.log())
    run.signal(signal.SIGINT)
    interrupted = stopped(run)

    served.plan(slow(0.6))
    run = desk.start("--concurrency", "1")
    desk.taken_in(1, run)
    run.signal(signal.SIGTERM)
    terminated = stopped(run)

    late = stopped(desk.start("--json", "--concurrency", "1", "--deadline", "1200ms"))

    served.plan()
    last = stopped(desk.start("--json"))
    assert desk.holds_the_token() == []
    return Night(good, holder, locked, askers, interrupted, terminated, late, last, desk.published(), desk.kept())


def slow(seconds: float, *, do: str = "slow", method: str = "POST") -> dict[str, Any]:
    return {"when": {"method": method}, "do": do, "seconds": seconds}


def test_ctrl_c_lets_requests_in_flight_end(night: Night) -> None:
    """Exit 130: what was sent is waited for and counted, nothing new goes out, and nothing is in doubt."""
    ended = night.interrupted.ended
    assert (ended.code, ended.json["verdict"], ended.json["error"]["code"]) == (130, "stopped", "interrupted")
    assert ended.json["error"]["hint"] == HINT
    items = ended.items
    assert (items["total"], items["rejected"], items["in_doubt"]) == (1500, 1, 0)
    assert items["created"] == night.interrupted.published == night.interrupted.kept == 100 * night.interrupted.creates
    assert items["not_sent"] == 1499 - items["created"] > 0


def test_second_run_is_told_who_holds_the_lock(night: Night) -> None:
    """Two runs for one state file: the second ends with 5 at once, names the process, and asks Webflow for nothing."""
    told = night.locked.json
    assert (night.locked.code, told["verdict"], told["error"]["code"], told["runs"]) == (5, "stopped", "locked", [])
    assert f"process {night.holder} on " in told["error"]["message"]
    assert f"process {night.holder} on " in night.locked.err
    assert night.askers == 1, "only the run that holds the lock asks"


def test_sigterm_lets_requests_in_flight_end_and_people_are_told(night: Night) -> None:
    """Exit 143: the counts stand on stdout; on stderr why it stopped, and what to do next."""
    stop = night.terminated
    assert stop.ended.code == 143
    assert "stopped; the same command goes on from here" in stop.ended.out
    assert stop.ended.err.endswith(f"importer: Stopped by SIGTERM.\n{HINT}\n")
    assert stop.published == stop.kept == night.interrupted.kept + 100 * stop.creates < 1499
    assert f"{stop.kept - night.interrupted.kept:,} published" in stop.ended.out


def test_deadline_stops_the_run(night: Night) -> None:
    """Exit 5: the run ends in order once its time is over, and what was in flight is counted."""
    stop = night.late
    assert (stop.ended.code, stop.ended.json["verdict"]) == (5, "stopped")
    assert (stop.ended.json["error"]["code"], stop.ended.json["error"]["hint"][:22]) == ("deadline", HINT[:22])
    items = stop.ended.items
    assert (items["in_doubt"], items["not_sent"]) == (0, 1499 - stop.kept)
    assert stop.published == stop.kept == items["created"] + items["unchanged"]
    assert items["unchanged"] == night.terminated.kept


def test_the_next_run_completes_what_was_stopped(night: Night) -> None:
    """Nothing is lost, nothing doubled, no chunk was sent twice."""
    ended = night.last.ended
    assert (ended.code, ended.json["verdict"], ended.json["error"]) == (1, "rejects", None)
    assert (ended.items["unchanged"], ended.items["created"]) == (night.late.kept, 1499 - night.late.kept)
    assert night.published == night.kept == night.good
    assert sum(stop.creates for stop in (night.interrupted, night.terminated, night.late, night.last)) == 15


def test_second_ctrl_c_ends_at_once_and_leaves_the_rest_in_doubt(desk: Desk) -> None:
    """Answers that are still awaited are given up; the next run finds out what became of them."""
    good = desk.sheet(500)
    desk.served.plan(slow(20, do="slow_answer"))
    run = desk.start("--json")
    desk.taken_in(4, run)
    assert len(desk.published()) == 400
    run.signal(signal.SIGINT)
    time.sleep(0.3)
    assert run.process.poll() is None, "the first one waits for what is in flight"
    run.signal(signal.SIGINT)
    ended = desk.ended(run)
    assert (ended.code, ended.json["verdict"]) == (130, "stopped")
    assert (ended.items["created"], ended.items["in_doubt"], ended.items["not_sent"]) == (0, 400, 100)
    desk.served.plan()
    again = desk.run("--json")
    assert (again.code, again.items["created"], again.items["in_doubt"]) == (0, 500, 0)
    assert desk.published() == desk.kept() == good


def test_signal_while_the_collection_is_read(desk: Desk) -> None:
    """Nothing is in flight that must be waited for: it ends at once, and says so in one object."""
    desk.sheet(20)
    desk.served.plan(slow(600, method="GET"))
    runs = [desk.start("--json", "--state", f"state/{code}.db") for _, code in SIGNALS]
    until(lambda: len(desk.served.log()) >= len(runs), pause=0.05)
    time.sleep(0.1)
    for run, (number, code) in zip(runs, SIGNALS, strict=True):
        run.signal(number)
        ended = desk.ended(run)
        assert (ended.code, ended.json["verdict"], ended.json["error"]["code"]) == (code, "stopped", "interrupted")
    assert desk.served.writes() == 0


def test_ctrl_c_while_the_sheet_is_checked(desk: Desk) -> None:
    """The first pass has sent nothing: it ends at once."""
    desk.sheet(300_000)
    run = desk.start("--json")
    until(lambda: [line for line in desk.served.log() if re.search(r"/collections/\w+$", line["path"])])
    run.signal(signal.SIGINT)
    ended = desk.ended(run)
    assert (ended.code, ended.json["verdict"], ended.json["error"]["code"]) == (130, "stopped", "interrupted")
    assert ended.json["runs"] == [], "no run had begun"
    assert desk.served.writes() == 0


def test_signal_after_the_answer_comes_too_late(desk: Desk) -> None:
    """Once the one object is printed, it stays the only one, and its exit code is the command's."""
    desk.sheet(3)
    runs = [desk.start("--json", "--state", f"state/{code}.db") for _, code in SIGNALS]
    for run, (number, _) in zip(runs, SIGNALS, strict=True):
        said = run.lines(until="}\n")
        run.signal(number)
        assert run.rest() == "", "nothing is said after that"
        assert json.loads(said)["exit_code"] == desk.ended(run).code == 0


def test_refused_token_is_not_said(desk: Desk) -> None:
    """Exit 3 says what is wrong with the token, and never what the token is."""
    desk.sheet(3)
    wrong = "wfp-this-one-is-not-known"
    ended = desk.run("--json", token=wrong)
    assert (ended.code, ended.json["verdict"], ended.json["error"]["code"]) == (3, "denied", "token")
    assert wrong not in ended.out + ended.err
    assert not [path for path in desk.clone.folder.rglob("*") if path.is_file() and wrong.encode() in path.read_bytes()]
