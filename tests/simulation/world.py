"""One seed, one world: a sheet, an odd Webflow, an importer that dies, other people; all in virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from importer.client import Client, connect
from importer.client.local import LocalTransport
from importer.commands.opening import Connection, Door
from importer.commands.options import RunOptions
from importer.commands.run import run_through
from importer.errors import ImporterError
from importer.mapping import parse_mapping
from importer.model import Tally
from importer.pacing import Pacer
from importer.sandbox import create_app
from importer.sandbox.api import Call
from importer.state import State
from tests.flows.conftest import EVENING, SEED, Hours, JumpingLoop
from tests.simulation.process import Death, Died, Process, Watched
from tests.simulation.wire import Wire

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
    from pathlib import Path

    from importer.commands.loading import Job
    from importer.commands.result import RunSummary

PATIENCE = 60.0
"""Seconds of patience of every run here."""

LONGEST = 200
"""Characters that a text may have."""

DEAD = "https://example.com/dead.png"
"""A picture that Webflow cannot fetch: only Webflow can know that the row is bad."""


@dataclass(slots=True)
class Note:
    """A row of the sheet; `texts` are all contents that it ever had, the last one is what the sheet says."""

    n: int
    texts: list[str]
    photo: str | None = None
    draft: bool = False
    was_live: bool = True

    @property
    def slug(self) -> str:
        return f"note-{self.n}"

    @property
    def bad(self) -> bool:
        """Whether our own checks must reject it."""
        return len(self.texts[-1]) > LONGEST

    def edited(self, chance: random.Random) -> None:
        """Somebody writes another text."""
        text = f"Note {self.n}, version {len(self.texts)}, {chance.randrange(1000)}"
        self.texts.append(text + " and so on" * 30 * (chance.random() < 0.1))


class Loop(JumpingLoop):
    """A loop for a whole world; while a process is awaited each of its steps counts, and a dead one is left alone."""

    process: Process | None = None

    def _run_once(self) -> None:
        if self.process is not None:
            self.process.at("between two steps")
            if self.process.dead:
                raise Died
        super()._run_once()  # type: ignore[misc]  # the loop's own


@dataclass
class World:
    """What one seed decides."""

    folder: Path
    chance: random.Random
    switches: dict[str, str]
    notes: list[Note]
    hours: Hours = field(default_factory=Hours)
    story: list[str] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    touched: set[str] = field(default_factory=set)
    touched_texts: set[str] = field(default_factory=set)
    gone: list[Note] = field(default_factory=list)
    exit_code: int = 0
    keyed: bool = False
    forgot: bool = False
    faults: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Build what the seed has drawn."""
        self.app = create_app(
            self.folder / "webflow.db", seed=SEED, switches=self.switches, now=lambda: EVENING + self.hours.now
        )
        self.loop = Loop(self.hours)
        self.process = Process(self.folder / "notes.db")
        self.inside = LocalTransport(self.app)
        self.wire = Wire(self.inside, self.process, self.chance, self.tell)
        self.collection = self.app.world.connection.execute("SELECT id FROM collections").fetchone()[0]

    @property
    def mapping(self) -> dict[str, Any]:
        """The mapping file."""
        key = {"key": {"from": "No"}} if self.keyed else {}
        fields = {"name": "Title", "slug": "Slug", "text": "Text", "photo": "Photo"}
        return {"collection": "notes", "fields": fields, "item": {"draft": {"when": {"State": "draft"}}}} | key

    def key(self, note: Note) -> str:
        """The key of a row."""
        return f"N{note.n}" if self.keyed else note.slug

    def close(self) -> None:
        """End the world: what is still under way never happens."""
        rest = asyncio.all_tasks(self.loop)
        for task in rest:
            task.cancel()
        if rest:
            self.loop.run_until_complete(asyncio.wait(rest))
        self.loop.close()
        self.app.close()

    def tell(self, line: str) -> None:
        """Add a line to the story."""
        self.story.append(f"{self.hours.now:9.2f}  {line}")

    # The importer --------------------------------------------------------------------------------------------------

    def run(self, death: Death | None, **options: Any) -> RunSummary | None:
        """Run the importer; None if it died, or ended before it had read the sheet."""
        self.tell(f"RUN {options} {death}")
        self.app.set(switches=self.switches, faults=self.faults)
        self.process.begins(death)
        self.pacer = Pacer()
        chosen = RunOptions(state=self.process.state, sandbox=True, patience=PATIENCE, **options)
        mapping = parse_mapping(self.mapping, name="notes")
        with self._watching():
            try:
                result = run_through(Door(self._open, self._wait), mapping, self.sheet(), chosen)
            except Died:
                self.tell("DIED")
        if self.process.dead:
            self.process.bury()
            self.happened[f"died {self.process.death.when}"] += 1  # type: ignore[union-attr]  # it died of it
            return None
        if result.error is not None:
            self.tell(f"STOPPED {result.error.code}: {result.error}")
            self.happened[f"stopped: {result.error.code}"] += 1
            if not isinstance(result.error, ImporterError) or result.exit_code == 70:
                raise AssertionError(result.error)
        self.exit_code = result.exit_code
        summary = result.runs[0] if result.runs else None
        self.tell(f"ENDED {result.exit_code} {summary and summary.counts}")
        return summary

    def sheet(self) -> pl.DataFrame:
        """The sheet as it stands."""
        rows = [
            (f"N{one.n}", f"Note {one.n}", one.slug, one.texts[-1], one.photo, "draft" if one.draft else "live")
            for one in self.notes
        ]
        names = ["No", "Title", "Slug", "Text", "Photo", "State"]
        return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")

    @contextmanager
    def _watching(self) -> Iterator[None]:
        truly = State.open

        def opened(path: Path, *, read_only: bool = False) -> State:
            state = truly(path, read_only=read_only)
            file = state._file
            file.connection = Watched(file.connection, self.process)  # type: ignore[assignment]  # as good as one
            return state

        State.open = opened  # type: ignore[method-assign]  # put back below
        try:
            yield
        finally:
            State.open = truly  # type: ignore[method-assign]  # the true one

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Await what a process does; a dead one is cleared away, and Webflow goes on."""
        before = asyncio.all_tasks(self.loop)
        self.loop.process = self.process
        try:
            return self.loop.run_until_complete(work)
        finally:
            self.loop.process = None
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()  # a process that died at its very end has asked the loop to stop
            ours = asyncio.all_tasks(self.loop) - before - self._elsewhere()
            for task in ours:
                task.cancel()
            if ours:
                self.loop.run_until_complete(asyncio.wait(ours))

    def _elsewhere(self) -> set[asyncio.Task[Any]]:
        return {*self.wire.under_way, *self.inside._running}

    @asynccontextmanager
    async def _open(self, job: Job) -> AsyncIterator[Connection]:
        tally = Tally()
        async with connect("http://sandbox/v2", "sandbox", transport=self.wire) as http:
            client = Client(http, self.pacer, self.hours, tally, patience=job.options.patience)
            yield Connection(client, self.hours, tally, embedded=False)

    # Webflow, and other people in it ---------------------------------------------------------------------------------

    def items(self) -> list[dict[str, Any]]:
        """All items that there are, as the server's own file has them: id, slug, text, live."""
        self.app._catch_up()
        found = self.app.world.connection.execute("SELECT * FROM items WHERE collection = ?", [self.collection])
        return [
            {
                "id": row["id"],
                "slug": row["slug"],
                "text": orjson.loads(row["data"]).get("text", ""),
                "live": row["live"] is not None,
            }
            for row in found
        ]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Let somebody else do something in Webflow, at once."""
        call = Call(method, f"/collections/{self.collection}{path}", {}, orjson.dumps(body) if body else b"", "sandbox")
        answer = self.app.api.answer(call)
        self.tell(f"SOMEBODY ELSE {method} {path} {body} -> {answer.status} {answer.body.decode()[:300]}")
        return answer.status

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Let something happen after so many seconds."""
        self.loop.call_at(self.hours.now + seconds, act)
