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
from tests.flows.conftest import EVENING, SEED, Hours
from tests.simulation.late import PATIENCE, Lateness
from tests.simulation.loop import Loop, OwnHours
from tests.simulation.notes import OTHER_RULE, Note
from tests.simulation.process import Ailment, Death, Died, Process, Watched, rows_of
from tests.simulation.webflow import Doing, Firing, Shown, Webflow, Windows, described
from tests.simulation.wire import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
    from pathlib import Path

    from importer.commands.loading import Job
    from importer.commands.result import RunSummary
    from importer.sandbox.faults import FaultRule

NAMES = ("No", "Title", "Slug", "Text", "Photo", "State")
"""The columns of the sheet."""

THROTTLED = 429

HEADER = 1
"""Rows of the sheet above the first note."""


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
    own_rate: int | None = None
    """What `--requests-per-minute` said."""
    throttles: int = 0
    """How often Webflow said 429 for no reason, and `meals` how often other clients used up some of the rate."""
    meals: int = 0
    refused: int = 0
    """Requests that were one too many (429), and `too_many` those of them that came though the rate was known."""
    too_many: int = 0
    before: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The rows of the state file when it began, and the number of items that there were."""
    items_before: int = 0

    @property
    def in_doubt(self) -> int:
        """Rows that were in doubt when it began."""
        return sum(row["status"] == "in_flight" for row in self.before.values())


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

    `late` knows which lost requests had their effect beyond patience, `disorder` says that listings have no order.
    `touched` are items of rows that other people edited or deleted, `deleted` the latter; `removed` are those that the
    importer removed. `forgot` says that the state file was deleted or set back, `set_back` that it is an old copy.
    """

    folder: Path
    seed: int
    switches: dict[str, str]
    notes: list[Note]
    hours: Hours = field(default_factory=Hours)
    story: list[str] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    touched: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    wrongs: list[str] = field(default_factory=list)
    """What the importer removed though it should not."""
    others: dict[str, Shown | None] = field(default_factory=dict)
    gone: list[Note] = field(default_factory=list)
    chunk: int = 100
    keyed: bool = False
    odd_slugs: bool = False
    forgot: bool = False
    set_back: bool = False
    late: Lateness = field(default_factory=Lateness)
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
        self.app.api = Doing(self.app.world, self.count, self._removed)
        self.webflow = Webflow(self.app)
        self.loop = Loop(self.hours)
        self.process = Process(self.folder / "notes.db")
        self.inside = LocalTransport(self.app)
        self.wire = Wire(self.inside, self.process, random.Random(f"{self.seed} wire"), self.tell)
        self.told = Told(0)
        self._visits: list[asyncio.TimerHandle] = []
        self._acting = False

    @property
    def mapping(self) -> dict[str, Any]:
        """The mapping file."""
        slug: Any = {"template": OTHER_RULE + "{Slug}"} if self.odd_slugs else "Slug"
        key = {"key": {"from": "No"}} if self.keyed else {}
        fields = {"name": "Title", "slug": slug, "text": "Text", "photo": "Photo"}
        return {"collection": "notes", "fields": fields, "item": {"draft": {"when": {"State": "draft"}}}} | key

    def slug(self, note: Note) -> str:
        """The slug of a row, as it is sent."""
        return (OTHER_RULE if self.odd_slugs else "") + note.slug

    def key(self, note: Note) -> str:
        """The key of a row."""
        return f"N{note.n}" if self.keyed else self.slug(note)

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
    def deceived(self) -> bool:
        """Whether a page looked by chance as if it came newest first: only small ones do, none of a hundred items."""
        return self.switches["listing_order"] == "ignored" and self.wire.looked_ordered

    @property
    def lied(self) -> bool:
        """Whether Webflow ever said that it had not carried out what it did."""
        return any("status=429" in what and "work=done" in what for what in self.happened)

    def count(self, what: str) -> None:
        """Count something that really happened."""
        self.happened[what] += 1

    def _fired(self, rule: FaultRule, body: bytes) -> None:
        what = described({"do": rule.do} | rule.facts)
        self.count(what)
        self.told.disturbed += 1
        self.told.throttles += rule.do == "throttle" or rule.facts.get("status") == THROTTLED
        self.late.delays(rule, body, self.hours.now)
        self.tell(f"FAULT {what.removeprefix('fault: ')}")

    def _removed(self, item: Shown) -> None:
        """An item is gone: where nobody else did it, it was a twin, and one that is as old or older is left."""
        if self._acting:
            return
        self.removed.add(item.id)
        left = [one for one in self.webflow.items() if one.n == item.n and one.id not in self.others]
        if item.id in self.others or not any(one.created_on <= item.created_on for one in left):
            self.wrongs.append(f"{item} was removed; there is {left}")

    def _too_many(self) -> None:
        self.count("circumstance: a request too many (429)")
        self.told.refused += 1
        self.told.too_many += self.wire.answered > 0

    # The importer --------------------------------------------------------------------------------------------------

    def run(self, death: Death | None = None, ailment: Ailment | None = None, **options: Any) -> RunSummary | None:
        """Run the importer; None if it died, or ended before it had read the sheet."""
        self.tell(f"RUN {self.told.number + 1} {options} {death} {ailment}")
        self.begins(options.get("limit"), options.get("requests_per_minute"))
        self.process.begins(death, ailment)
        self.clock = OwnHours(self.hours, self.chance.choice([0.0, 3.0, 1e6]))
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
        if self.process.dead:
            told.died = True
            self.process.bury()
            return None
        self.late.lost(self.hours.now)
        if result.error is not None:
            self.tell(f"STOPPED {result.error.code}: {result.error}")
            if not isinstance(result.error, ImporterError) or result.exit_code == 70:
                raise AssertionError(result.error)
        told.error, told.exit_code = result.error, result.exit_code
        told.summary = result.runs[0] if result.runs else None
        self.tell(f"ENDED {result.exit_code} {told.summary and told.summary.counts}")
        return told.summary

    def begins(self, limit: int | None = None, own_rate: int | None = None) -> None:
        """A command begins, under the faults of the night; what earlier ones sent may still be on its way."""
        before, items = rows_of(self.process.state), self.webflow.number()
        still = bool(self._elsewhere())
        self.told = Told(self.told.number + 1, limit, own_rate=own_rate, meals=still, before=before, items_before=items)
        self.app.set(switches=self.switches, faults=self.faults)
        self.app.plan = Firing(self.app.plan.rules, self._fired)
        self.wire.begins()
        self.late.begins(self.hours.now, self.wire.orphans.values())
        self.pacer = Pacer()
        self.pacer.own_limit = own_rate

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
        self._acting = True
        status, answer = self.webflow.ask(method, path, body)
        self._acting = False
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
