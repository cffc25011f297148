"""Pass 1: the whole sheet is mapped and checked before anything is sent."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, cast

import polars as pl

from importer.commands.doubles import Doubles, Suspects
from importer.errors import SourceEmpty, SourceError
from importer.mapping import PROBLEM_COLUMNS, problems_of
from importer.model import ITEM, ROW
from importer.sources.ahead import read_ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.commands.missing import Unmade
    from importer.mapping import Borders, Compiled, Mapped
    from importer.model import Problem
    from importer.sources import Source
    from importer.state import State

LONGEST_VALUE = 400
"""Characters of a bad value that are kept for its sentence (a cell may hold megabytes)."""

RENDERED_AT_ONCE = 1_000
"""Bad rows whose sentences are made in one go."""

JUDGED_AT_ONCE = 500
"""Suspected rows that are gathered before they are judged (whole rows, with all that was worked out for them)."""

KEPT_BYTES = 16 << 20
"""How much of bad rows is kept in memory, so that the sheet need not be read once more for the rejects."""

ITEM_OF_PROBLEM = "item"
"""The column of a frame of problems that says which item is guilty, by its least row number."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What pass 1 found: how many rows there are, which are bad, and why.

    `read` counts rows without blank ones and includes `left_out` (not passing the mapping's `where`); `total` is what
    remains, in items: rows, unless `group_by` puts several into one, which then goes by the least of their numbers.
    `bad` holds the row numbers of rejected items (UInt32, sorted, each once). `found` has one line a problem (item,
    row, check, value, suggest), sorted by item; `doubles` the later items of a key or a slug. `kept` has all rows of
    bad items as `batches` gives them (and others), unless they were too many to keep. `slugs` are the items that get
    another slug than their rule says (`taken = "suffix"`). `unmade` are items that name what cannot be made.
    """

    compiled: Compiled
    read: int
    left_out: int
    total: int
    bad: pl.Series
    found: pl.DataFrame
    doubles: Doubles
    kept: pl.DataFrame | None
    slugs: pl.DataFrame
    borders: Borders | None = None
    unmade: Unmade | None = None

    @property
    def good(self) -> int:
        """How many items passed every check."""
        return self.total - self.bad.len()

    def problem_counts(self) -> dict[str, int]:
        """Count the problems by code, the most frequent first (a row may hold several)."""
        counts: dict[str, int] = defaultdict(int)
        for check, number in self.found.group_by("check").len().iter_rows():
            counts[self.compiled.checks[check].code] += number
        found = [self.doubles.counts(), {} if self.unmade is None else self.unmade.counts()]
        for code, number in chain.from_iterable(one.items() for one in found):
            counts[code] += number
        return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    def without(self, unmade: Unmade) -> Sheet:
        """Reject the items that name what cannot be made."""
        if unmade.items.is_empty():
            return self
        bad = pl.concat([self.bad, unmade.items]).unique().sort()
        return replace(self, bad=bad, kept=None, unmade=unmade)

    def batches(self, source: Source) -> Iterator[pl.DataFrame]:
        """Read the sheet again as its items are made of it: filled from above, the rows of an item together."""
        return self.compiled.gathered(source.batches(), self.borders)

    def without_bad(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Keep the items of a mapped frame that passed every check."""
        return frame.filter(~pl.col(ROW).is_in(_near(self.bad, frame.get_column(ROW)).implode()))

    def with_slugs(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Give rows of a mapped frame the slugs that are theirs where others had them already."""
        if self.slugs.is_empty():
            return frame
        given = frame.select(ROW).join(self.slugs, on=ROW, how="left", maintain_order="left").get_column("slug")
        return frame.with_columns(_slug=pl.coalesce(given, "_slug"))

    def only_bad(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Keep the rows of items that failed a check."""
        items = frame.get_column(_item_of(frame))
        return frame.filter(items.is_in(_near(self.bad, items.drop_nulls()).implode()))

    def guilty(self, source: Source) -> Iterator[pl.DataFrame]:
        """Give the rows of bad items as `batches` does; the sheet is read again only where they were too many to keep.

        The rows of an item stay together.
        """
        if self.kept is None:
            yield from filter(len, map(self.only_bad, self.batches(source)))
        elif self.bad.len():
            yield from _slices(self.only_bad(self.kept), RENDERED_AT_ONCE)

    def problems(self) -> Iterator[Problem]:
        """Tell every problem, item by item; sentences are made a thousand rows at a time."""
        for start in range(0, self.bad.len(), RENDERED_AT_ONCE):
            for problems in self.problems_for(self.bad.slice(start, RENDERED_AT_ONCE)).values():
                yield from problems

    def problems_for(self, items: pl.Series) -> dict[int, list[Problem]]:
        """Tell the problems of these items (UInt32), each one's in the order of the mapping; good ones are left out."""
        wanted = _near(self.bad, items)
        wanted = wanted.filter(wanted.is_in(items.implode()))
        answer: dict[int, list[Problem]] = {item: [] for item in wanted}
        lines = _lines(self.found, wanted)
        for item, problem in zip(lines.get_column(ITEM_OF_PROBLEM), problems_of(lines, self.compiled), strict=True):
            answer[item].append(problem)
        for more in (self.doubles, self.unmade):
            for item, problem in () if more is None else more.problems_for(wanted):
                answer[item].append(problem)
        return answer


def check_sheet(
    source: Source,
    compiled: Compiled,
    *,
    hashed: bool = True,
    on_batch: Callable[[int, pl.DataFrame], None] | None = None,
    on_look: Callable[[], None] | None = None,
    state: State | None = None,
) -> Sheet:
    """Map and check every row of the sheet; nothing of a good row is kept but 20 bytes.

    `on_batch` is told how many rows were read so far, and given the mapped frame (with `_hash` only if `hashed`);
    `on_look` is called now and then before, while a sheet that is grouped is read for the first time.
    `state` remembers the slugs of earlier runs; without it no row gets another slug than its rule says.
    Raises SourceEmpty for a sheet without rows, SourceError for one that cannot be read.
    """
    borders = compiled.borders(_each(source.batches(), on_look))
    _refuse_twice(source, None if borders is None else borders.twice)
    suspects = Suspects(compiled)
    court, kept = _Court(compiled), _Kept()
    read = left_out = total = 0
    batches = compiled.gathered(source.batches(), borders)
    for batch, mapped in read_ahead((batch, compiled.apply(batch, hashed=hashed)) for batch in batches):
        read += batch.height
        left_out += mapped.left_out
        total += mapped.frame.height
        suspects.add(mapped.frame)
        court.add(mapped)
        kept.add(batch, mapped.suspected)
        if on_batch is not None:
            on_batch(read, mapped.frame)
    if not read:
        raise SourceEmpty(
            f"{source.name}{_sheet(source)} has no rows.", "Check that it is the right file; nothing was sent."
        )
    _refuse_twice(source, suspects.row_twice())
    problems = court.problems()
    doubles = suspects.verified(source, borders)
    bad = pl.concat([problems.get_column(ITEM_OF_PROBLEM), doubles.items]).unique().sort()
    rows = kept.rows() if doubles.items.is_empty() else None
    slugs = suspects.slugs(source, bad, state, borders)
    return Sheet(compiled, read, left_out, total, bad, problems, doubles, rows, slugs, borders)


def _each(batches: Iterator[pl.DataFrame], look: Callable[[], None] | None) -> Iterator[pl.DataFrame]:
    """Call `look` at each batch."""
    for batch in batches:
        if look is not None:
            look()
        yield batch


def _refuse_twice(source: Source, number: int | None) -> None:
    """Refuse a sheet in which two rows carry one number: verdicts would fall on the wrong one."""
    if number is not None:
        raise SourceError(
            f"{source.name}{_sheet(source)}: two rows carry the number {number} in the column _row.",
            "Give each row its own number there, or remove one of the two.",
        )


class _Court:
    """Gathers suspected rows of many batches before they are judged: a judgement costs far more than a row of it."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self._suspects: list[pl.DataFrame] = []
        self._items: list[pl.DataFrame] = []
        self._found: list[pl.DataFrame] = []
        self._waiting = 0

    def add(self, mapped: Mapped) -> None:
        """Take the suspected rows (and items) of a batch."""
        self._gather(self._suspects, mapped.suspects)
        if mapped.suspect_items is not None:
            self._gather(self._items, mapped.suspect_items)
        if self._waiting >= JUDGED_AT_ONCE:
            self._judge()

    def _gather(self, waiting: list[pl.DataFrame], suspects: pl.DataFrame) -> None:
        waiting.append(_copied(suspects) if suspects.height < JUDGED_AT_ONCE else suspects)
        self._waiting += suspects.height

    def problems(self) -> pl.DataFrame:
        """Give the problems of all rows, sorted by item."""
        self._judge()
        if not self._found:
            return pl.DataFrame(schema=PROBLEM_COLUMNS)
        return pl.concat(self._found).sort(ITEM_OF_PROBLEM, maintain_order=True)

    def _judge(self) -> None:
        if not self._suspects:
            return
        items = pl.concat(self._items) if self._items else None
        problems = self._compiled.judged(pl.concat(self._suspects), items)
        self._suspects.clear()
        self._items.clear()
        self._waiting = 0
        if problems.height:
            shortened = (pl.col("value", "suggest").str.head(LONGEST_VALUE),)
            self._found.append(problems.with_columns(shortened))


def _copied(rows: pl.DataFrame) -> pl.DataFrame:
    """Copy some rows of a batch; filtered ones would hold on to the memory of all its texts."""
    return pl.DataFrame(rows.rows(), schema=rows.schema, orient="row")


class _Kept:
    """Keeps the rows of suspected items as they were read, as long as they are few."""

    def __init__(self) -> None:
        self._rows: list[pl.DataFrame] | None = []
        self._bytes = 0.0

    def add(self, batch: pl.DataFrame, suspects: pl.Series) -> None:
        """Take the rows of the suspected items of a batch."""
        if self._rows is None:
            return
        rows = batch.filter(pl.col(_item_of(batch)).is_in(suspects.implode()))
        self._bytes += rows.estimated_size()
        self._rows = [*self._rows, _copied(rows)] if self._bytes <= KEPT_BYTES else None

    def rows(self) -> pl.DataFrame | None:
        """Give them all, None where they were too many."""
        return pl.concat(self._rows) if self._rows else None


def _item_of(batch: pl.DataFrame) -> str:
    """Name the column that says which item a row of a batch belongs to."""
    return ITEM if ITEM in batch.columns else ROW


def _slices(rows: pl.DataFrame, most: int) -> Iterator[pl.DataFrame]:
    """Cut rows into pieces of about `most`; the rows of an item stay together."""
    if ITEM not in rows.columns:
        yield from rows.iter_slices(most)
        return
    first = rows.select(pl.arg_where(pl.col(ITEM) != pl.col(ITEM).shift(fill_value=0))).to_series()
    start = 0
    while start < rows.height:
        at = first.search_sorted(start + most, "left")
        end = int(first[at]) if at < first.len() else rows.height
        yield rows.slice(start, end - start)
        start = end


def _near(bad: pl.Series, rows: pl.Series) -> pl.Series:
    """Cut out the stretch of the sorted `bad` between the least and the greatest of `rows`: look-ups stay small."""
    if rows.is_empty() or bad.is_empty():
        return bad.clear()
    least, greatest = cast("tuple[int, int]", (rows.min(), rows.max()))
    start = bad.search_sorted(least, "left")
    return bad.slice(start, bad.search_sorted(greatest, "right") - start)


def _lines(found: pl.DataFrame, wanted: pl.Series) -> pl.DataFrame:
    """Find the lines of `found` (sorted by item) that belong to the `wanted` items (sorted)."""
    if wanted.is_empty():
        return found.clear()
    items = found.get_column(ITEM_OF_PROBLEM)
    start = items.search_sorted(int(wanted[0]), "left")
    stretch = found.slice(start, items.search_sorted(int(wanted[-1]), "right") - start)
    return stretch.filter(pl.col(ITEM_OF_PROBLEM).is_in(wanted.implode()))


def _sheet(source: Source) -> str:
    return "" if source.sheet is None else f', sheet "{source.sheet}"'
