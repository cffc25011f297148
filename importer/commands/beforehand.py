"""Making the items that rows refer to (`missing = "create"`) before the rows themselves: rule 11."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from importer.commands.checking import check_sheet
from importer.commands.feed import Feed, Foresight, Selection
from importer.commands.missing import FIRST, little_sheet, same_name
from importer.errors import Bug, DeadlinePassed, ImporterError
from importer.model import Counts, Progress, Status
from importer.planning import Decision
from importer.publishing import Listings, Place, Plan, Session, Target, Timing, with_seen_lag
from importer.publishing.staged import publishings
from importer.publishing.twins import removals
from importer.report.summary import Referenced
from importer.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.commands.loading import Job
    from importer.commands.missing import Order, Wanted
    from importer.commands.opening import Connection
    from importer.commands.stopping import Stopping
    from importer.model import Observer, Row
    from importer.publishing import Todo
    from importer.schema import CollectionSchema

SHOWN = 5
"""How many names are shown of what is made."""


class _Beside:
    """Passes on what is said; of progress only what is waited for, for the rows of the sheet do not move meanwhile."""

    def __init__(self, observer: Observer, called: str) -> None:
        self._observer, self._called = observer, called

    def progress(self, progress: Progress) -> None:
        """Tell what the rows of the sheet wait for."""
        waiting = f'items of "{self._called}" that rows refer to'
        if progress.waiting_for:
            waiting = f"{progress.waiting_for}, for {waiting}"
        self._observer.progress(Progress(0, 0, 0, progress.requests_left, waiting))

    def say(self, sentence: str) -> None:
        """Say of which collection it is said."""
        self._observer.say(f"{self._called}: {sentence}")


@dataclass(slots=True)
class Beforehand:
    """What is done before the rows of a sheet are sent: items that they refer to are made, a collection at a time.

    `place` is where the rows will go. `whys` says of names, by collection and what cells say, why there is no item
    after all; `error` is what stopped it.
    """

    place: Place
    job: Job
    observer: Observer
    stopping: Stopping
    deadline: float | None
    whys: dict[tuple[str, str], str]
    made: list[Referenced]
    error: ImporterError | None = None

    async def make(self, orders: tuple[Order, ...]) -> None:
        """Make the items, and let what cells call them stand for their ids."""
        for order in orders:
            counts = Counts(total=len(order.items))
            if self.error is None:
                await self._make(order, counts)
            else:
                counts.not_sent = counts.total
            self.made.append(referenced(order, counts))
            self._take_ids(order)

    async def _make(self, order: Order, counts: Counts) -> None:
        """Send what is new, and settle what is in doubt, as if the names were a sheet of their own."""
        little = little_sheet(self.job, order.making, [item.name for item in order.items])
        place = besides(self.place, order.making.schema, f"{self.place.source} (items of {order.called})")
        session = Session(place, counts, _Beside(self.observer, order.called), concurrency=self.job.options.concurrency)
        foresight = Foresight(place.state, Selection(also_failed=self.job.options.only_failed))
        sheet = check_sheet(little.source, little.compiled, on_batch=lambda _, mapped: foresight.add(mapped))
        if sheet.bad.len():
            raise Bug("an item that cannot be made was about to be made", "Please report this.")
        foreseen, doubts = foresight.counts(sheet), foresight.in_doubt(sheet)
        feed = Feed(
            little.source,
            little.compiled,
            sheet,
            state=place.state,
            ledger=session.ledger,
            selection=foresight.selection,
        )
        creates = sum(number for (decision, _), number in foreseen.items() if decision is Decision.CREATE)
        todos = feed.todos(foreseen, stopped=lambda: session.stop is not None)
        try:
            with self.stopping.telling(session.interrupt):
                await session.publish(_blamed(todos, order), Plan({"": creates}), deadline=self.deadline)
        except ImporterError as error:
            self.error = error
        left = session.left_over(doubts)
        counts.in_doubt = left.in_doubt
        counts.not_sent = sheet.good - feed.drawn + left.not_sent
        self.error = self.error or session.stop
        if not counts.adds_up() or (counts.not_sent and self.error is None):
            raise Bug(f"The counts of {order.called} do not add up: {counts}.", "Please report this.")

    def _take_ids(self, order: Order) -> None:
        """Take the ids of what is there now, and say of the rest why it is not."""
        collection = order.making.schema.id
        keys = dict(zip(order.items, self._keys(order), strict=True))
        rows = self.place.state.beside(collection).rows([("", key) for key in keys.values()])
        for item, key in keys.items():
            row = rows.get(("", key))
            why = _why_not(item, row, drafts=self.job.drafts)
            for text in item.texts:
                if why or row is None or row.item_id is None:
                    self.whys[collection, text] = why
                else:
                    order.making.ids[text] = row.item_id

    def _keys(self, order: Order) -> list[str]:
        little = little_sheet(self.job, order.making, [item.name for item in order.items])
        return [key for batch in little.source.batches() for key in little.compiled.apply(batch).frame["_key"]]


def referenced(order: Order, counts: Counts) -> Referenced:
    """Say what is made of a collection, with the first few names."""
    names = tuple(item.name for item in order.items[:SHOWN])
    return Referenced(collection_id=order.making.schema.id, collection_slug=order.called, names=names, counts=counts)


def would_make(order: Order) -> Referenced:
    """Say what would be made of a collection."""
    return referenced(order, Counts(total=len(order.items), not_sent=len(order.items)))


def _why_not(item: Wanted, row: Row | None, *, drafts: bool) -> str:
    """Say why an item cannot be referred to; nothing where it can."""
    if row is None or row.status is Status.PENDING:
        return "the run ended before it was sent"
    if row.status is Status.IN_FLIGHT:
        return "what became of it is not known yet"
    if row.status is Status.REJECTED or row.item_id is None:
        return (row.error or "Webflow refused it").strip().removesuffix(".")
    if not same_name(row.name or "", item.name):
        return f'its slug would be "{row.slug_sent}", and that is the slug of "{row.name}", which an earlier run made'
    if row.status is Status.STAGED and not drafts:
        told = f": {row.error.strip().removesuffix('.')}" if row.error else ""
        return f"it is a draft (item {row.item_id}) that could not be published{told}"
    return ""


def _blamed(todos: Iterator[Todo | None], order: Order) -> Iterator[Todo | None]:
    """Let items stand in the state file with the rows of the sheet that name them first."""
    for todo in todos:
        if todo is None:
            yield None
        else:
            row = order.items[todo.item.row - FIRST].row
            yield replace(todo, item=replace(todo.item, row=row, rows=(row,)))


def besides(place: Place, schema: CollectionSchema, source: str) -> Place:
    """Give the place of another collection in the same state file.

    No field holds a key there: what somebody else made is never taken for one of ours, however much it looks like it.
    """
    return replace(
        place,
        state=place.state.beside(schema.id),
        target=Target(schema, None),
        listings=Listings(place.client, schema.id),
        source=source,
    )


async def settle_earlier(
    opened: Connection,
    job: Job,
    state: State | None,
    observer: Observer,
    deadline: float | None,
    schema: CollectionSchema,
) -> None:
    """Find out what became of the items of a collection that earlier runs left in doubt, before it is listed.

    `state` is the state file of a run that has begun; None opens it here. Raises what stops it.
    """
    if state is not None:
        await _settle(opened, job, state, observer, deadline, schema)
    elif job.state_path.exists():
        with State.open(job.state_path) as own, own.lock():
            await _settle(opened, job, own, observer, deadline, schema)


async def _settle(
    opened: Connection, job: Job, state: State, observer: Observer, deadline: float | None, schema: CollectionSchema
) -> None:
    last = state.last_run()
    place = Place(
        client=opened.client,
        state=state.beside(schema.id),
        clock=opened.clock,
        target=Target(schema, None),
        timing=with_seen_lag(Timing.of(job.options.patience, embedded=opened.embedded), state),
        listings=Listings(opened.client, schema.id),
        run="" if last is None else last.run,
        source=job.sheet_text,
    )
    kept = place.state
    begun = kept.facts(removals(place)) or kept.facts(publishings(place))
    if not (kept.doubts() or kept.open_requests() or kept.twin_checks() or begun):
        return
    session = Session(place, Counts(), _Beside(observer, schema.slug), concurrency=job.options.concurrency)
    await session.publish(iter(()), Plan({}), deadline=deadline)
    if isinstance(session.stop, DeadlinePassed):
        raise DeadlinePassed(
            f'The deadline passed before it was known what became of items of "{schema.slug}" that an earlier run sent;'
            " nothing was sent.",
            "Run the same command again, with more time: it goes on.",
        )
    if session.stop is not None:
        raise session.stop
