"""What is to be done with each good row: foreseen in pass 1, drawn from the sheet in pass 2 only as fast as sent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import compress
from typing import TYPE_CHECKING, Any

import polars as pl

from importer.errors.problems import describe
from importer.mapping import ROWS, items_of
from importer.model import ITEM, ROW, Row, Status
from importer.planning import Decision, decide
from importer.publishing import Todo
from importer.state import CheckedRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from importer.commands.checking import Sheet
    from importer.commands.missing import Gaps
    from importer.mapping import Compiled
    from importer.model import Item
    from importer.publishing.ledger import Ledger
    from importer.publishing.matching import Key
    from importer.settings import RowRanges
    from importer.sources import Source
    from importer.state import State

DECISIONS = tuple(Decision)

SETTLE = DECISIONS.index(Decision.SETTLE)

SENDING = frozenset({Decision.CREATE, Decision.PUBLISH})
"""Decisions that ask for a request; a run that was stopped leaves such rows in the sheet."""

DECIDED_AT_ONCE = 2_000
"""Rows that are decided about in one go; others get a turn in between."""

NEEDED = frozenset({Decision.CREATE, Decision.PUBLISH, Decision.SETTLE, Decision.COMPARE})
"""Decisions for which the item itself must be made."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What was asked for: rows, a number of items to send, or only what failed.

    `failed` names rows that failed, though the state file does not say so any more: it forgets what our own checks
    said as soon as a sheet is checked anew. `also_failed` asks for what failed besides all that is new.
    """

    rows: RowRanges | None = None
    limit: int | None = None
    only_failed: bool = False
    failed: frozenset[Key] = frozenset()
    also_failed: bool = False

    def keep(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Keep the rows, or items, that were asked for: of an item of several rows all, if any of them was named."""
        if self.rows is None:
            return frame
        if ROWS in frame.columns:
            inside = pl.any_horizontal(pl.element().is_between(first, last) for first, last in self.rows.ranges)
            return frame.filter(pl.col(ROWS).list.eval(inside).list.any())
        named = pl.any_horizontal(pl.col(ROW).is_between(first, last) for first, last in self.rows.ranges)
        if ITEM in frame.columns:
            named = pl.when(pl.col(ITEM).is_null()).then(named).otherwise(named.any().over(ITEM))
        return frame.filter(named)


def decisions(frame: pl.DataFrame, state: State, asked: Selection) -> list[tuple[Decision, Row | None]]:
    """Decide about each row of a mapped frame by what the state says of it."""
    standing = state.rows(list(zip(frame["_locale"], frame["_key"], strict=True)))
    if not standing and not asked.failed:
        return [(decide(None, "", live=True, retry=asked.only_failed), None)] * frame.height
    lines = frame.select("_locale", "_key", "_hash", ~(pl.col("_draft") | pl.col("_archived"))).iter_rows()
    decided = []
    for locale, key, source_hash, live in lines:
        row = standing.get((locale, key))
        retry = asked.only_failed and not (row is None and (locale, key) in asked.failed)
        retry |= asked.also_failed and row is not None and row.status is Status.REJECTED
        decided.append((decide(row, source_hash, live=live, retry=retry), row))
    return decided


def _only_checked(row: Row) -> bool:
    """Whether none but our own checks refused a row so far."""
    return row.status is Status.REJECTED and row.error_source == "check"


class Foresight:
    """What pass 1 foresees of each row: seven bytes a row, until it is known which rows are bad.

    `selection` comes to name rows that only our own checks refused so far, where none but failed ones are asked for;
    `unnamed` are the numbers of those of them that had no key.
    """

    def __init__(self, state: State, selection: Selection, unnamed: frozenset[int] = frozenset()) -> None:
        self._state, self.selection, self._unnamed = state, selection, unnamed
        self._parts: list[pl.DataFrame] = []
        self._locales: dict[str, int] = {}
        self._in_doubt: dict[tuple[str, str], int] = {}

    def add(self, mapped: pl.DataFrame) -> None:
        """Take a mapped batch of pass 1."""
        frame = self.selection.keep(mapped.filter(pl.col("_key").is_not_null()))
        if self._unnamed:
            self._failed(frame.filter(pl.col(ROW).is_in(self._unnamed)).select("_locale", "_key").iter_rows())
        known = decisions(frame, self._state, self.selection)
        if self.selection.only_failed:
            self._failed((row.locale, row.key) for _, row in known if row is not None and _only_checked(row))
        decided = [DECISIONS.index(decision) for decision, _ in known]
        if SETTLE in decided:
            for number, (_, row) in zip(frame[ROW], known, strict=True):
                if row is not None and row.status is Status.IN_FLIGHT:
                    self._in_doubt[row.locale, row.key] = number
        locales = [self._locales.setdefault(locale, len(self._locales)) for locale in frame["_locale"]]
        self._parts.append(
            frame.select(
                ROW,
                pl.Series("decision", decided, dtype=pl.UInt8),
                pl.Series("locale", locales, dtype=pl.UInt16),
            )
        )

    def _failed(self, keys: Iterable[Key]) -> None:
        self.selection = replace(self.selection, failed=self.selection.failed.union(keys))

    def counts(self, sheet: Sheet) -> Counter[tuple[Decision, str]]:
        """Count the good rows by decision and locale."""
        if not self._parts:
            return Counter()
        good = pl.concat([sheet.without_bad(part) for part in self._parts])
        names = list(self._locales)
        lines = good.group_by("decision", "locale").len().iter_rows()
        return Counter({(DECISIONS[decision], names[locale]): number for decision, locale, number in lines})

    def going(self, sheet: Sheet, *, limited: bool) -> pl.Series:
        """Tell the numbers of the good rows that will be sent, or settled; `limited`, no more than `--limit` allows."""
        if not self._parts:
            return pl.Series(dtype=pl.UInt32)
        good = pl.concat([sheet.without_bad(part) for part in self._parts])
        sent = good.filter(pl.col("decision").is_in([DECISIONS.index(one) for one in SENDING]))
        if limited and self.selection.limit is not None:
            sent = sent.head(self.selection.limit)
        return pl.concat([sent, good.filter(pl.col("decision") == SETTLE)]).get_column(ROW)

    def in_doubt(self, sheet: Sheet) -> frozenset[tuple[str, str]]:
        """Tell the good rows that an earlier run left in doubt (a few requests' worth), by locale and key."""
        bad = set(sheet.bad.filter(sheet.bad.is_in(list(self._in_doubt.values()))))
        return frozenset(key for key, number in self._in_doubt.items() if number not in bad)


class Feed:
    """Pass 2: maps the sheet again and gives what must be done; what needs no request is counted here.

    `drawn` counts the good rows that were given or counted so far.
    """

    def __init__(
        self,
        source: Source,
        compiled: Compiled,
        sheet: Sheet,
        *,
        state: State,
        ledger: Ledger,
        selection: Selection,
    ) -> None:
        self._source, self._compiled, self._sheet = source, compiled, sheet
        self._state, self._ledger, self._selection = state, ledger, selection
        self._unasked = self._at_rest = self.drawn = 0
        self._stopped: Callable[[], bool] = lambda: False
        self._gaps: Gaps | None = None

    def todos(
        self, foreseen: Counter[tuple[Decision, str]], *, stopped: Callable[[], bool], gaps: Gaps | None = None
    ) -> Iterator[Todo | None]:
        """Give the rows that need something, in the order of the sheet; now and then None, for others' turn.

        Once the run is `stopped`, rows to be sent are left where they are, and the sheet is read no further than there
        are others to count, by what was `foreseen`. Rows with `gaps`, which refer to items that are not there, are not
        sent.
        """
        self._stopped, self._gaps = stopped, gaps
        self._unasked = self._sheet.good - foreseen.total()
        self._at_rest = sum(number for (decision, _), number in foreseen.items() if decision not in SENDING)
        for batch in self._sheet.batches(self._source):
            if stopped() and self._at_rest <= 0:
                self._skip(self._unasked)
                break
            good = self._sheet.with_slugs(self._sheet.without_bad(self._compiled.apply(batch).frame))
            asked = self._selection.keep(good)
            self._skip(good.height - asked.height)
            for part in asked.iter_slices(DECIDED_AT_ONCE):
                yield from self._of_part(part)
                yield None
        self._ledger.tell()

    def _skip(self, number: int) -> None:
        """Count rows that nobody asked for."""
        self._unasked -= number
        self._ledger.counts.skipped += number
        self.drawn += number

    def _of_part(self, frame: pl.DataFrame) -> Iterator[Todo]:
        decided = decisions(frame, self._state, self._selection)
        at_rest = pl.Series([decision not in SENDING for decision, _ in decided], dtype=pl.Boolean)
        self._at_rest -= sum(at_rest)
        if self._stopped():
            frame, decided = frame.filter(at_rest), list(compress(decided, at_rest))
        needed = frame.filter(pl.Series([decision in NEEDED for decision, _ in decided], dtype=pl.Boolean))
        items = items_of(needed, self._compiled)
        renewed: list[tuple[tuple[str, str], str]] = []
        numbers = frame[ROW].to_list()
        gaps = {} if self._gaps is None else self._gaps.found_in(frame)
        for place, (decision, row) in enumerate(decided):
            item = next(items) if decision in NEEDED else None
            if row is not None and row.item_id is not None and self._source.ours and row.source_row != numbers[place]:
                self._doubled(row, frame.row(place, named=True))
            elif item is not None:
                if decision is Decision.COMPARE and row is not None:
                    if self._compare(item, row):
                        renewed.append(((row.locale, row.key), item.source_hash))
                elif decision is Decision.CREATE and place in gaps:
                    self._unfit(item, gaps[place])
                elif self._may_send(decision):
                    if decision is Decision.PUBLISH and row is not None and row.fingerprint != item.fingerprint:
                        self._ledger.warnings["staged_changed"] += 1
                    self.drawn += 1
                    yield Todo(decision, item, (row.item_id or "") if row else "", gaps.get(place))
                    continue
                else:
                    self._ledger.counts.skipped += 1
            else:
                self._count(decision, row, numbers[place])
            self.drawn += 1
        told = ((decision, row) for decision, row in decided if row is not None and row.error_source == "check")
        self._state.clear_errors([(row.locale, row.key) for decision, row in told if decision is not Decision.CREATE])
        self._state.keep_unchanged(renewed)
        self._ledger.tell()

    def _doubled(self, row: Row, mapped: dict[str, Any]) -> None:
        """In a rejects file, a row that was rejected as another row's double, and was not corrected, still is one."""
        by_slug = self._compiled.key_field == "slug"
        code = "slug_duplicate" if by_slug else "key_duplicate"
        field = self._compiled.key_field
        message, _ = describe(code, value=row.key, field=field, facts={"first": f"row {row.source_row}"})
        number: int = mapped[ROW]
        checked = CheckedRow(row.locale, None, number, code, message, tuple(mapped.get(ROWS, ())))
        self._ledger.doubled(checked)

    def _unfit(self, item: Item, why: tuple[str, str]) -> None:
        """Reject a row that names what could not be made, unless `--limit` leaves no room for it anyway."""
        if self._ledger.allowance.take():
            self._ledger.rejected(item, *why)
        else:
            self._ledger.counts.skipped += 1

    def _may_send(self, decision: Decision) -> bool:
        """Whether `--limit` leaves room; rows in doubt are settled in any case, and count if they are sent again."""
        return decision is Decision.SETTLE or self._ledger.allowance.take()

    def _compare(self, item: Item, row: Row) -> bool:
        """Compare the content of a row whose cells or rules differ; a changed one is left alone in mode create."""
        key = (item.locale, item.key)
        settled = self._ledger.settled.pop(key, None)
        same = row.fingerprint == item.fingerprint and (row.status is Status.PUBLISHED) == item.live
        if same and settled is not None:
            self._ledger.created(key, settled)
        elif same:
            self._ledger.counts.unchanged += 1
        else:
            self._ledger.left_alone(key)
        return same

    def _count(self, decision: Decision, row: Row | None, number: int) -> None:
        """Count a row that needs nothing."""
        counts = self._ledger.counts
        settled = self._ledger.settled.pop((row.locale, row.key), None) if row is not None else None
        if settled is not None and row is not None:
            self._ledger.created((row.locale, row.key), settled)
        elif decision is Decision.UNCHANGED:
            counts.unchanged += 1
        elif decision is Decision.LEAVE_REJECTED and row is not None:
            self._ledger.left_rejected(row, number)
        else:
            counts.skipped += 1
