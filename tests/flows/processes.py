"""Real processes: the samples in a folder of their own, `importer` typed into a shell there, and a served sandbox."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx

from importer.commands.options import RunOptions
from importer.commands.run import run
from importer.sandbox import create_app, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).parents[2]
TOKEN = "sandbox"

CREATED = re.compile(r"/items(/live)?$")
"""The paths of requests that create items."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str
    seconds: float

    def __post_init__(self) -> None:
        assert "Traceback" not in self.err, self.err

    @property
    def json(self) -> dict[str, Any]:
        """The one object that `--json` prints; nothing else stands on stdout, and its exit code is the command's."""
        told: dict[str, Any] = json.loads(self.out)
        assert told["exit_code"] == self.code
        assert set(told) >= {"format", "verdict", "seconds", "error", "runs"}
        return told

    @property
    def items(self) -> dict[str, int]:
        """The counts of the only run, which add up."""
        (run,) = self.json["runs"]
        items: dict[str, int] = run["items"]
        assert items["total"] == sum(items.values()) - items["total"] - items["removed"], items
        return items


@dataclass(slots=True)
class Started:
    """A command that is running."""

    process: subprocess.Popen[str]
    began: float = field(default_factory=time.monotonic)

    def signal(self, number: int) -> None:
        """Send a signal to this process, if it has not ended, and to no other."""
        self.process.send_signal(number)

    def is_alive(self) -> bool:
        """Say that it is running; it fails the test if it has ended, with what it said."""
        assert self.process.poll() is None, self.ended()
        return True

    def lines(self, *, until: str) -> str:
        """Read what it prints up to a line."""
        assert self.process.stdout is not None
        read = [self.process.stdout.readline()]
        while read[-1] not in {until, ""}:
            read.append(self.process.stdout.readline())
        return "".join(read)

    def rest(self) -> str:
        """Read what it prints to its end."""
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def ended(self, timeout: float = 60) -> Ended:
        """Wait for its end."""
        try:
            out, err = self.process.communicate(timeout=timeout)
        finally:
            self.process.kill()
        return Ended(self.process.returncode, out, err, time.monotonic() - self.began)


@dataclass(frozen=True, slots=True)
class Clone:
    """A folder with the mappings and the sample data of a clone, in which commands are typed."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Self:
        """Make one."""
        for name in ("mappings", "sample_data"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".importer"))
        return cls(folder)

    def copied(self, folder: Path) -> Clone:
        """Copy it with everything that was done in it."""
        shutil.copytree(self.folder, folder)
        return Clone(folder)

    def prepare(self, sandbox: Path) -> None:
        """Import the authors and tags that posts and products name, into a sandbox file of its own."""
        for name in ("authors", "tags"):
            options = RunOptions(sandbox=True, sandbox_file=sandbox, state=sandbox.with_name(f"{name}.db"))
            result = run(self.folder / "mappings" / f"{name}.toml", options=options)
            assert result.exit_code == 0, result.error

    def start(self, *arguments: str, **environment: str) -> Started:
        """Start a command; `environment` is added to that of this process, without its own WEBFLOW_ variables."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("WEBFLOW_")}
        process = subprocess.Popen(
            [sys.executable, "-m", "importer", *arguments],
            cwd=self.folder,
            env={**clean, "PYTHONPATH": str(ROOT), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        return Started(process)

    def run(self, *arguments: str, **environment: str) -> Ended:
        """Run a command to its end."""
        return self.start(*arguments, **environment).ended()

    def outcome(self, state: str) -> list[dict[str, Any]]:
        """What a state file of this folder says of each row, read as anybody would."""
        with closing(sqlite3.connect(f"file:{self.folder / state}?mode=ro", uri=True)) as file:
            file.row_factory = sqlite3.Row
            return [dict(line) for line in file.execute("SELECT * FROM outcome")]

    def statuses(self, state: str) -> Counter[str]:
        """How many rows of a state file have which status; nothing where there is no state file yet."""
        try:
            return Counter(line["status"] for line in self.outcome(state))
        except sqlite3.OperationalError:
            return Counter()


class Served:
    """A sandbox that `importer sandbox` serves in a process of its own."""

    def __init__(self, file: Path, *, faults: list[dict[str, Any]] | None = None) -> None:
        command = [sys.executable, "-m", "importer", "sandbox", str(file), "--port", "0", "--switch", "rate_limit=6000"]
        if faults is not None:
            plan = file.with_suffix(".faults.json")
            plan.write_text(json.dumps(faults), encoding="utf-8")
            command += ["--faults", str(plan)]
        self._process = subprocess.Popen(
            command, cwd=file.parent, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr is not None
        told = re.search(r"http://127\.0\.0\.1:\d+", self._process.stderr.readline())
        assert told, "the sandbox does not say where it is"
        self.address = told[0]
        self.base_url = f"{self.address}/v2"
        self._http = httpx.Client(base_url=self.address, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.close()
        self._process.kill()  # it would wait a while for answers that it still owes
        self._process.communicate(timeout=20)

    def plan(self, *faults: dict[str, Any]) -> None:
        """Replace the plan of faults."""
        self._http.put("/_sandbox", json={"faults": faults}).raise_for_status()

    def switch(self, switches: dict[str, str]) -> None:
        """Set switches."""
        self._http.put("/_sandbox", json={"switches": switches}).raise_for_status()

    def report(self) -> dict[str, Any]:
        """Tell switches, faults with what they did, work that is put off (`late`), and the log."""
        report: dict[str, Any] = self._http.get("/_sandbox").json()
        return report

    def make(self, slug: str, fields: Sequence[dict[str, Any]], *, token: str = TOKEN) -> None:
        """Make live items, as somebody else does."""
        path, headers = self._path(slug, token)
        for one in fields:
            self._http.post(f"{path}/live", json={"fieldData": one}, headers=headers).raise_for_status()

    def forget(self) -> None:
        """Empty the log."""
        self._http.post("/_sandbox/reset-log").raise_for_status()

    def log(self) -> list[dict[str, Any]]:
        """Every request that was taken in, the oldest first; `status` is None until it is answered."""
        lines: list[dict[str, Any]] = self.report()["log"]
        return lines

    def creates(self) -> list[dict[str, Any]]:
        """The requests among them that create items."""
        return [line for line in self.log() if line["method"] == "POST" and CREATED.search(line["path"])]

    def writes(self) -> int:
        """How many requests that write were taken in."""
        return sum(line["method"] != "GET" for line in self.log())

    def items(self, slug: str, *, live: bool, token: str = TOKEN) -> list[dict[str, Any]]:
        """All items of a collection, in the sandbox's own listing."""
        path, headers = self._path(slug, token)
        items: list[dict[str, Any]] = []
        while True:
            page = self._http.get(
                f"{path}/live" if live else path, params={"offset": len(items), "limit": 100}, headers=headers
            ).json()
            items += page["items"]
            if len(items) >= page["pagination"]["total"]:
                return items

    def empty(self, slug: str, *, token: str = TOKEN) -> None:
        """Delete all items of a collection."""
        path, headers = self._path(slug, token)
        ids = [{"id": item["id"]} for item in self.items(slug, live=False, token=token)]
        for first in range(0, len(ids), 100):
            chunk = {"items": ids[first : first + 100]}
            self._http.request("DELETE", path, json=chunk, headers=headers).raise_for_status()

    def _path(self, slug: str, token: str) -> tuple[str, dict[str, str]]:
        """The path of a collection's items, and the headers for it."""
        headers = {"Authorization": f"Bearer {token}"}
        site = self._http.get("/v2/sites", headers=headers).json()["sites"][0]["id"]
        found = self._http.get(f"/v2/sites/{site}/collections", headers=headers).json()["collections"]
        return f"/v2/collections/{next(one['id'] for one in found if one['slug'] == slug)}/items", headers


class ServedHere(Served):
    """The same in a thread of this process, which needs no process started and tells its log without a request."""

    def __init__(
        self, file: Path, *, faults: list[dict[str, Any]] | None = None, seed: dict[str, Any] | None = None
    ) -> None:
        self._app = create_app(file, seed=seed, switches={"rate_limit": "6000"}, faults=faults)
        self._thread = serving(self._app)
        self.address = self._thread.__enter__()
        self.base_url = f"{self.address}/v2"
        self._http = httpx.Client(base_url=self.address, timeout=30)

    def __exit__(self, *exc: object) -> None:
        self._http.close()
        self._thread.__exit__(None, None, None)
        self._app.close()

    def log(self) -> list[dict[str, Any]]:
        """Every request that was taken in, the oldest first."""
        return list(self._app.log)


def until(holds: Callable[[], object], *, seconds: float = 60, pause: float = 0.01) -> None:
    """Wait until something holds; asking too often takes the machine away from those who are waited for."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(pause)
