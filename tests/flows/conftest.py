"""A night in another time: whole runs against a sandbox in this process, whose hours pass in no time."""

from __future__ import annotations

import asyncio
import selectors
import sqlite3
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from importer.client import Client, connect
from importer.client.local import LocalTransport
from importer.commands import waiting
from importer.commands.opening import Connection, Door
from importer.commands.options import RunOptions
from importer.commands.run import run_through
from importer.mapping import parse_mapping
from importer.model import Tally
from importer.pacing import Pacer
from importer.sandbox import create_app
from importer.state import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
    from pathlib import Path

    import httpx

    from importer.commands.loading import Job
    from importer.commands.result import RunResult, RunSummary
    from importer.model import Observer

EVENING = 1_780_000_000.0
"""Seconds since 1970 at which each night begins."""


class Hours:
    """The time of a night, in seconds; it passes only while everybody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Seconds since the night began."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Wait, in that time."""
        await asyncio.sleep(seconds)


class _Jumping(selectors.DefaultSelector):
    """Waits for nothing: where nothing is to be read, time jumps to the next moment that somebody waits for."""

    def __init__(self, hours: Hours) -> None:
        super().__init__()
        self._hours = hours

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events and timeout is None:
            events = super().select(5)
            assert events, "everybody waits for ever"
        elif not events and timeout:
            self._hours.now += timeout
        return events


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop in the time of `hours`."""

    def __init__(self, hours: Hours) -> None:
        super().__init__(_Jumping(hours))
        self._hours = hours

    def time(self) -> float:
        return self._hours.now


SEED: dict[str, Any] = {
    "collections": [
        {
            "displayName": "Notes",
            "singularName": "Note",
            "slug": "notes",
            "fields": [
                {"slug": "text", "displayName": "Text", "type": "PlainText", "validations": {"maxLength": 200}},
                {"slug": "photo", "displayName": "Photo", "type": "Image"},
            ],
        }
    ]
}  # fmt: skip

FIELDS = {"name": "Title", "slug": "Slug", "text": "Text", "photo": "Photo"}


class Night:
    """One collection, one sheet, one state file; `sheet` is a frame with Title, Slug, Text, Photo."""

    def __init__(self, folder: Path, *, seed: dict[str, Any] | None = None, **switches: str) -> None:
        self.folder = folder
        self.hours = Hours()
        self.switches = {"rate_limit": "600"} | switches
        self.faults: list[dict[str, Any]] = []
        self.sheet = self.rows(5)
        self.mapping: dict[str, Any] = {"collection": "notes", "fields": dict(FIELDS)}
        self.state = folder / "notes.db"
        self.result: RunResult | None = None
        self.embedded = False
        self.observer: Observer | None = None
        self.wire: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport] = lambda transport: transport
        self.app = create_app(
            folder / "webflow.db", seed=seed or SEED, switches=self.switches, now=lambda: EVENING + self.hours.now
        )

    @staticmethod
    def rows(number: int, **columns: Sequence[str | None]) -> pl.DataFrame:
        """Make a sheet of so many good rows; `columns` replaces some of them."""
        frame = pl.DataFrame(
            {
                "Title": [f"Note {n}" for n in range(1, number + 1)],
                "Slug": [f"note-{n}" for n in range(1, number + 1)],
                "Text": [f"Text of note {n}" for n in range(1, number + 1)],
                "Photo": pl.Series([None] * number, dtype=pl.String),
            }
        )
        return frame.with_columns(pl.Series(name, values, dtype=pl.String) for name, values in columns.items())

    @classmethod
    def filed(cls, number: int) -> pl.DataFrame:
        """Make a sheet of so many good rows with a file each: 25 make a request, so that requests come cheaper."""
        return cls.rows(number, Photo=["https://example.com/ok.png"] * number)

    def changed(self, **cells: dict[int, str | None]) -> pl.DataFrame:
        """The sheet with some cells changed: column -> {position from 0: text}."""
        frame = self.sheet
        for column, changes in cells.items():
            values = frame[column].to_list()
            for place, text in changes.items():
                values[place] = text
            frame = frame.with_columns(pl.Series(column, values, dtype=pl.String))
        return frame

    def run(self, **options: Any) -> RunSummary:
        """Run the sheet; gives the summary and leaves the result in `result`."""
        chosen = replace(RunOptions(state=self.state, sandbox=True, patience=options.pop("patience", 60.0)), **options)
        self._pacer = Pacer(own_limit=chosen.requests_per_minute)
        door = Door(open=self._open, wait=self._wait)
        mapping = parse_mapping(self.mapping, name="notes")
        self.result = run_through(door, mapping, self.sheet, chosen, observer=self.observer)
        if self.result.error is not None and not self.result.runs:
            raise self.result.error
        summary = self.result.runs[0]
        assert summary.counts.adds_up(), summary.counts
        return summary

    @property
    def exit_code(self) -> int:
        """The exit status of the last run."""
        assert self.result is not None
        return self.result.exit_code

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        loop = JumpingLoop(self.hours)
        try:
            return loop.run_until_complete(work)
        finally:
            pending = asyncio.all_tasks(loop)
            for task in pending:
                task.cancel()
            if pending:
                loop.run_until_complete(asyncio.wait(pending))
            loop.close()

    @asynccontextmanager
    async def _open(self, job: Job) -> AsyncIterator[Connection]:
        self.app.set(switches=self.switches, faults=self.faults)
        tally = Tally()
        transport = self.wire(LocalTransport(self.app))
        async with connect("http://sandbox/v2", "sandbox", transport=transport) as http:
            client = Client(http, self._pacer, self.hours, tally, patience=job.options.patience)
            yield Connection(client, self.hours, tally, embedded=self.embedded)

    # What came of it ------------------------------------------------------------------------------------------------

    def published(self) -> list[str]:
        """The slugs of the items that are live, sorted."""
        return sorted(item["fieldData"]["slug"] for item in self.items(live=True))

    def items(self, *, live: bool) -> list[dict[str, Any]]:
        """All items of the collection, in every locale, asked for without faults."""

        async def ask(http: httpx.AsyncClient, site: dict[str, Any], collection: str) -> list[dict[str, Any]]:
            locales = [site["locales"]["primary"], *site["locales"]["secondary"]]
            asked: dict[str, Any] = {"limit": 100, "cmsLocaleId": ",".join(one["cmsLocaleId"] for one in locales)}
            found: list[dict[str, Any]] = []
            while True:
                path = f"/collections/{collection}/items{'/live' if live else ''}"
                page = (await http.get(path, params={**asked, "offset": len(found)})).json()
                found += page["items"]
                if len(found) >= page["pagination"]["total"]:
                    return found

        found: list[dict[str, Any]] = self.outside(ask)
        return found

    def outside(self, ask: Callable[[httpx.AsyncClient, dict[str, Any], str], Coroutine[Any, Any, Any]]) -> Any:
        """Let somebody else use Webflow, without faults: `ask` gets a client, the site and the collection's id."""
        self.app.set(switches={"rate_limit": "100000", "listing_delay": "0", "listing_order": "as_asked"}, faults=[])

        async def asked() -> Any:
            async with connect("http://sandbox/v2", "sandbox", transport=LocalTransport(self.app)) as http:
                site = (await http.get("/sites")).json()["sites"][0]
                collection = (await http.get(f"/sites/{site['id']}/collections")).json()["collections"][0]["id"]
                return await ask(http, site, collection)

        return self._wait(asked())

    def strangers(self, fields: list[dict[str, Any]], *, live: bool = True) -> list[str]:
        """Somebody else makes these items (`fieldData`); gives their ids."""

        async def make(http: httpx.AsyncClient, site: dict[str, Any], collection: str) -> list[str]:
            path = f"/collections/{collection}/items{'/live' if live else ''}"
            made: list[str] = []
            for start in range(0, len(fields), 100):
                part = [
                    {"isDraft": not live, "isArchived": False, "fieldData": one} for one in fields[start : start + 100]
                ]
                answer = await http.post(path, json={"items": part})
                assert answer.status_code == 202, answer.text
                made += [one["id"] for one in answer.json()["items"]]
            return made

        ids: list[str] = self.outside(make)
        return ids

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        self.hours.now += seconds

    def outcome(self) -> dict[int, tuple[str, str | None]]:
        """What the state file says: row number -> (status, error code)."""
        lines = self.ask_state("SELECT source_row, status, error_code FROM outcome")
        return {row: (status, code) for row, status, code in lines}

    def told(self, row: int) -> str:
        """What the state file says went wrong with a row."""
        return str(self.ask_state("SELECT error FROM outcome WHERE source_row = ?", row)[0][0])

    def ask_state(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the state file in SQL."""
        with sqlite3.connect(self.state) as file:
            lines = file.execute(question, values).fetchall()
        file.close()
        return lines

    def writes(self) -> int:
        """How many requests that write were sent so far."""
        return sum(one["method"] != "GET" for one in self.app.log)


TAGS = 'collection = "tags"\n[source]\npath = "tags.csv"\n[fields]\nname = "Name"\nslug = "Slug"\ncolor = "Colour"\n'


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a mapping and its sheet: a good row and a bad one. Commands are typed there; no token anywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WEBFLOW_TOKEN", raising=False)
    monkeypatch.delenv("WEBFLOW_BASE_URL", raising=False)
    (tmp_path / "tags.toml").write_text(TAGS, encoding="utf-8")
    (tmp_path / "tags.csv").write_text("Name,Slug,Colour\nFood,food,#ff0000\nTravel,travel,nope\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> list[State]:
    """The state files that are opened."""
    opened: list[State] = []
    truly = State.open

    def open_(path: Path, **options: Any) -> State:
        opened.append(truly(path, **options))
        return opened[-1]

    monkeypatch.setattr(State, "open", open_)
    return opened


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Night]]:
    """Make a night with these switches; of a deadline only its own hours count, however slow this machine is."""
    monkeypatch.setattr(waiting, "spent", lambda _started: 0.0)
    nights: list[Night] = []

    def begin(*, seed: dict[str, Any] | None = None, **switches: str) -> Night:
        folder = tmp_path / str(len(nights))
        folder.mkdir()
        nights.append(Night(folder, seed=seed, **switches))
        return nights[-1]

    yield begin
    for one in nights:
        one.app.close()
