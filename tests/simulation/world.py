"""One seed, one world: a sheet, an odd Webflow, an importer that dies, other people; all in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

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
from importer.planning import chunks
from importer.report import rejects
from importer.sandbox import create_app
from importer.state import State
from tests.flows.conftest import EVENING, SEED, Hours, JumpingLoop
from tests.simulation.process import Ailment, Death, Died, Process, Watched, rows_of
from tests.simulation.webflow import Doing, Firing, Shown, Webflow, Windows
from tests.simulation.wire import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
    from pathlib import Path

    from importer.commands.loading import Job
    from importer.commands.result import RunSummary

PATIENCE = 60.0
"""Seconds of patience of every run here."""

LONGEST = 200
"""Characters that a text may have."""

GOOD = "https://example.com/ok.png"
"""A picture that Webflow can fetch."""

DEAD = "https://example.com/dead.png"
"""A picture that Webflow cannot fetch: only Webflow can know that the row is bad."""

NAMES = ("No", "Title", "Slug", "Text", "Photo", "State")
"""The columns of the sheet."""

MOST_STEPS = 100_000
"""Steps of a run after which it is taken to go on for ever; some hundred are usual."""

HEADER = 1
"""Rows of the sheet above the first note."""


@dataclass(slots=True)
class Note:
    """A row of the sheet; `texts` are all contents that it ever had, the last one is what the sheet says."""

    n: int
    texts: list[str]
    photo: str | None = None
    draft: bool = False
    like: Note | None = None
    """The row whose name and text it has."""

    @property
    def title(self) -> str:
        return f"Note {self.like.n if self.like else self.n}"

    @property
    def slug(self) -> str:
        return f"{self.like.slug}-b" if self.like else f"note-{self.n}"

    @property
    def bad(self) -> bool:
        """Whether our own checks must reject it."""
        return len(self.texts[-1]) > LONGEST

    def edited(self, chance: random.Random, long_texts: float) -> None:
        """Somebody writes another text."""
        text = f"Note {self.n}, version {len(self.texts)}, {chance.randrange(1000)}"
        self.texts.append(text + " and so on" * 30 * (chance.random() < long_texts))


@dataclass(slots=True)
class Told:
    """What one run did, as it is seen from outside."""

    number: int
    limit: int | None = None
    summary: RunSummary | None = None
    error: ImporterError | None = None
    exit_code: int = 0
    died: bool = False
    ailed: bool = False
    disturbed: int = 0
    """Faults that happened, and what other people did meanwhile."""
    throttled: bool = False
    slow: bool = False
    """Whether a request took longer than `PATIENCE`."""
    eaten: bool = False
    refused: int = 0
    """Requests that were one too many (429), and `too_many` those of them that nothing excuses."""
    too_many: int = 0
    in_doubt: int = 0
    """Rows that were in doubt when it began."""
    items_before: int = 0


class Loop(JumpingLoop):
    """A loop for a whole world; while a process is awaited each of its steps counts, and a dead one is left alone."""

    process: Process | None = None

    def __init__(self, hours: Hours) -> None:
        super().__init__(hours)
        self.mishaps: list[dict[str, Any]] = []
        self.set_exception_handler(lambda _loop, context: self.mishaps.append(context))

    def _run_once(self) -> None:
        if self.process is not None:
            self.process.at("between two steps")
            if self.process.dead:
                raise Died
            if self.process.reached["between two steps"] > MOST_STEPS:
                raise AssertionError(f"a run does not end: {MOST_STEPS} steps, {self._hours.now:.0f} s")
        super()._run_once()  # type: ignore[misc]  # the loop's own


class OwnHours(Hours):
    """The clock of one process: it counts from where it likes, so that no moment of it means anything to another."""

    def __init__(self, hours: Hours, began: float) -> None:
        super().__init__()
        self._hours, self._began = hours, began

    def monotonic(self) -> float:
        return self._hours.now + self._began


@contextmanager
def instead(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Put something in the place of a part of the importer for a while."""
    truly = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, truly)


@dataclass
class World:
    """What one seed decides.

    `late` says that a lost request had its effect beyond patience, `disorder` that listings have no order.
    """

    folder: Path
    seed: int
    switches: dict[str, str]
    notes: list[Note]
    hours: Hours = field(default_factory=Hours)
    story: list[str] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    touched: set[str] = field(default_factory=set)
    touched_texts: set[str] = field(default_factory=set)
    others: dict[str, Shown | None] = field(default_factory=dict)
    gone: list[Note] = field(default_factory=list)
    chunk: int = 100
    keyed: bool = False
    odd_slugs: bool = False
    forgot: bool = False
    late: bool = False
    disorder: bool = False
    rekeyed: bool = False
    accepts: bool = False
    copied: bool = False
    faults: list[dict[str, Any]] = field(default_factory=list)
    skew: float = 0.0
    steps_back: float = 0.0

    def __post_init__(self) -> None:
        """Build what the seed has drawn; the lots of each part are its own."""
        self.chance, lots = random.Random(self.seed), random.Random(f"{self.seed} ids")
        self.app = create_app(
            self.folder / "webflow.db",
            seed=SEED,
            switches=self.switches,
            now=lambda: EVENING + self.hours.now,
            draw=lambda size: lots.randbytes(size).hex(),
        )
        self.app.windows = Windows(self._too_many)
        self.app.api = Doing(self.app.world, self.count)
        self.webflow = Webflow(self.app)
        self.loop = Loop(self.hours)
        self.process = Process(self.folder / "notes.db")
        self.inside = LocalTransport(self.app)
        self.wire = Wire(self.inside, self.process, random.Random(f"{self.seed} wire"), self.tell)
        self.told = Told(0)
        self._visits: list[asyncio.TimerHandle] = []

    @property
    def mapping(self) -> dict[str, Any]:
        """The mapping file."""
        slug: Any = {"from": "Slug", "transform": ["lower"]} if self.odd_slugs else "Slug"
        key = {"key": {"from": "No"}} if self.keyed else {}
        fields = {"name": "Title", "slug": slug, "text": "Text", "photo": "Photo"}
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
        line = " ".join(line.splitlines())
        self.story.append(f"{self.hours.now:9.2f}  {line.replace(str(self.folder), '')}")

    @property
    def plan_reached(self) -> bool:
        """Whether Webflow ever said that the plan holds no more items."""
        return bool(self.happened["circumstance: the plan's limit reached"] + self.happened["fault: plan_limit"])

    @property
    def lied(self) -> bool:
        """Whether Webflow ever said that it had not carried out what it did."""
        return any("status=429" in what and "work=done" in what for what in self.happened)

    def count(self, what: str) -> None:
        """Count something that really happened."""
        self.happened[what] += 1

    def _fired(self, what: str) -> None:
        self.count(what)
        self.told.disturbed += 1
        self.told.throttled = self.told.throttled or "throttle" in what
        self.told.slow = self.told.slow or what == "fault: slow seconds=220"
        self.tell(f"FAULT {what.removeprefix('fault: ')}")

    def _too_many(self) -> None:
        self.count("circumstance: a request too many (429)")
        self.told.refused += 1
        self.told.too_many += self.wire.answered > 0 and not (self.told.eaten or self.told.throttled)

    # The importer --------------------------------------------------------------------------------------------------

    def run(self, death: Death | None = None, ailment: Ailment | None = None, **options: Any) -> RunSummary | None:
        """Run the importer; None if it died, or ended before it had read the sheet."""
        self.tell(f"RUN {self.told.number + 1} {options} {death} {ailment}")
        self._begin(options.get("limit"))
        self.process.begins(death, ailment)
        self.pacer = Pacer()
        self.clock = OwnHours(self.hours, self.chance.choice([0.0, 3.0, 1e6]))
        orphans = bool(self._elsewhere())
        chosen = RunOptions(
            state=self.process.state, sandbox=True, patience=PATIENCE, accept_new_keys=self.accepts, **options
        )
        mapping = parse_mapping(self.mapping, name="notes")
        door = Door(self._open, self._wait, self._machine_time)
        with self._watching():
            try:
                result = run_through(door, mapping, self.sheet(), chosen)
            except Died:
                self.tell("DIED")
        told = self.told
        told.ailed = self.process.ailed
        if told.slow and (orphans or self._elsewhere()):
            # Lost when its process ended, not when its time was out: that may be beyond patience. A request on its way
            # up meets the faults of the next night.
            self.late = True
        if self.process.dead:
            told.died = True
            self.process.bury()
            return None
        if result.error is not None:
            self.tell(f"STOPPED {result.error.code}: {result.error}")
            if not isinstance(result.error, ImporterError) or result.exit_code == 70:
                raise AssertionError(result.error)
        told.error, told.exit_code = result.error, result.exit_code
        told.summary = result.runs[0] if result.runs else None
        self.tell(f"ENDED {result.exit_code} {told.summary and told.summary.counts}")
        return told.summary

    def _begin(self, limit: int | None) -> None:
        still = bool(self._elsewhere())
        in_doubt = sum(row["status"] == "in_flight" for row in rows_of(self.process.state).values())
        items = self.webflow.number()
        self.told = Told(self.told.number + 1, limit, eaten=still, items_before=items, in_doubt=in_doubt)
        self.app.set(switches=self.switches, faults=self.faults)
        self.app.plan = Firing(self.app.plan.rules, self._fired)
        self.wire.begins()

    def _machine_time(self) -> datetime:
        """The clock of the machine: wrong, and each time that it is read it may have been set back."""
        self.skew -= self.steps_back
        return datetime.fromtimestamp(EVENING + self.hours.now + self.skew, UTC)

    def sheet(self) -> pl.DataFrame:
        """The sheet as it stands."""
        rows = [
            (f"N{one.n}", one.title, one.slug, one.texts[-1], one.photo, "draft" if one.draft else "live")
            for one in self.notes
        ]
        return pl.DataFrame(rows, schema=dict.fromkeys(NAMES, pl.String), orient="row")

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """Hear of every commit, and let chunks be as small as the world's.

        The workbook beside the rejects file, which says the same, is left out: it is slow.
        """
        truly = State.open

        def opened(path: Path, *, read_only: bool = False) -> State:
            state = truly(path, read_only=read_only)
            file = state._file
            file.connection.execute("PRAGMA synchronous = OFF")  # a crash is a copy here, and nobody pulls the plug
            file.connection = Watched(file.connection, self.process)  # type: ignore[assignment]  # as good as one
            return state

        with (
            instead(State, "open", opened),
            instead(rejects, "MOST_WORKBOOK_ROWS", -1),
            instead(chunks, "MAX_ITEMS", self.chunk),
            instead(chunks, "MAX_ITEMS_WITH_FILES", min(self.chunk, chunks.MAX_ITEMS_WITH_FILES)),
        ):
            yield

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
            client = Client(http, self.pacer, self.clock, tally, patience=job.options.patience)
            yield Connection(client, self.clock, tally, embedded=False)

    # Other people ----------------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Let somebody else do something in Webflow, at once."""
        status, answer = self.webflow.ask(method, path, body)
        self.tell(f"SOMEBODY ELSE {method} {path} {body} -> {status} {str(answer)[:300]}")
        self.told.disturbed += 1
        return status, answer

    def passes(self, seconds: float) -> None:
        """Let time pass; what is under way arrives meanwhile."""
        self.loop.run_until_complete(asyncio.sleep(seconds))

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Let something happen after so many seconds."""
        self._visits.append(self.loop.call_at(self.hours.now + seconds, act))

    def alone(self) -> None:
        """Let nobody come any more."""
        for visit in self._visits:
            visit.cancel()
        self._visits.clear()
