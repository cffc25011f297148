"""A compiled mapping: what turns a batch of the sheet into checked rows."""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
from dataclasses import field as default
from itertools import accumulate
from typing import TYPE_CHECKING

import polars as pl

from importer.fields.slugs import SLUG_LENGTH
from importer.mapping.blaming import told
from importer.mapping.columns import CELL, CELL_KIND
from importer.mapping.folding import BROKEN_ITEM, with_broken_items
from importer.mapping.grouping import KEPT, SEEN
from importer.model import BROKEN, ITEM, KIND_PREFIX, ROW, Kind
from importer.schema.evaluation import named
from importer.transforms.foreign import evaluated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from collections.abc import Mapping as Table

    from importer.mapping.folding import Fold
    from importer.mapping.grouping import Borders, Grouping
    from importer.mapping.rules import Mapping
    from importer.mapping.workbench import Planned
    from importer.schema import CollectionSchema

VALUE = "v:"
"""`VALUE + field slug` is the value of a field in `Mapped.frame`."""

PROBLEM_COLUMNS = {"item": pl.UInt32, "row": pl.UInt32, "check": pl.UInt16, "value": pl.String, "suggest": pl.String}
"""What `Mapped.problems` holds."""


@dataclass(frozen=True, slots=True)
class CheckInfo:
    """What a number in `Mapped.problems` stands for: the code, the field and the column of the sheet."""

    code: str
    field: str | None
    column: str | None
    facts: Table[str, str | int | float] = default(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mapped:
    """A batch, mapped: rows in sheet order, those that pass `where` (and broken ones, which nobody can judge).

    `frame`: `_row` UInt32, `_key`, `_slug`, `_name` String, `_draft`, `_archived` Boolean, `_locale` String ("" is
    the primary one), `_hash` String (32 hex digits), `_files` UInt32, and `v:<field slug>`, null for what is
    omitted. Where items have several rows, it has one line an item, `_row` is the least number of its rows and `_rows`
    (List(UInt32)) has them all. `suspects`: the few rows that may be wrong, and `suspect_items` the items where they
    have several, for `Compiled.judged`; those of many batches may be put together, which is cheaper than to look at
    each batch's.
    """

    frame: pl.DataFrame
    left_out: int
    suspects: pl.DataFrame
    suspect_items: pl.DataFrame | None
    judged: Callable[[pl.DataFrame, pl.DataFrame | None], pl.DataFrame]

    @property
    def problems(self) -> pl.DataFrame:
        """Give one line a problem: item (its `_row`), row, check (an index into `Compiled.checks`), value, suggest."""
        return self.judged(self.suspects, self.suspect_items)

    @property
    def suspected(self) -> pl.Series:
        """Name the items that may be wrong, by their `_row`."""
        if self.suspect_items is None:
            return self.suspects.get_column(ROW)
        return pl.concat([self.suspects.get_column(ITEM), self.suspect_items.get_column(ROW)])


@dataclass(frozen=True, slots=True)
class Compiled:
    """A mapping that has met its collection and the columns of its sheet.

    `rules` is a digest of all that rows are made by; `key_rule` and `slug_rule` are the rules of identity as
    canonical text. `key_field` is the field that holds the key, None where Webflow does not hold it. `headers` are the
    columns that the rules use.
    """

    mapping: Mapping
    schema: CollectionSchema
    rules: str
    key_rule: str
    slug_rule: str
    checks: tuple[CheckInfo, ...]
    warnings: tuple[str, ...]
    key_field: str | None
    inputs: tuple[pl.Expr, ...]
    kinded: tuple[str, ...]
    where: pl.Expr | None
    stages: tuple[tuple[pl.Expr, ...], ...]
    planned: tuple[Planned, ...]
    outputs: tuple[pl.Expr, ...]
    hashes: tuple[pl.Expr, pl.Expr]
    headers: tuple[str, ...]
    grouping: Grouping | None = None
    folded: Folded | None = None

    @property
    def suffixed(self) -> bool:
        """Whether a slug that is taken already gets a number behind it."""
        rule = self.mapping.fields.get("slug")
        return rule is not None and rule.taken == "suffix"

    @property
    def longest_slug(self) -> int:
        """Count the characters that a slug may have."""
        field = self.schema.by_slug.get("slug")
        return (field.limits.max_length if field is not None else None) or SLUG_LENGTH

    def borders(self, batches: Iterable[pl.DataFrame]) -> Borders | None:
        """Read a sheet that is grouped for the first time, for `gathered`; no other is read, and None is given."""
        return None if self.grouping is None else self.grouping.borders(map(self._shown, batches))

    def gathered(self, batches: Iterator[pl.DataFrame], borders: Borders | None) -> Iterator[pl.DataFrame]:
        """Give a sheet as `apply` takes it: cells filled from above, and the rows of an item in one batch."""
        if self.grouping is None:
            return batches
        return self.grouping.gathered(map(self._shown, batches), borders, self._counted)

    def _shown(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Put beside the cells of a batch what `rows` of a hooks file makes of them, before anything is filled."""
        if self.mapping.foreign.rows is None or self.grouping is None:
            return batch
        seen = self.prepared(batch, self.grouping.columns)
        needed = dict.fromkeys((*self.headers, *self.grouping.columns))
        cells = [name for header in needed for name in (header, KIND_PREFIX + header) if name in seen.columns]
        beside = seen.select(ROW, named(*cells).name.prefix(SEEN), pl.lit(value=True).alias(KEPT))
        return batch.join(beside, on=ROW, how="left", maintain_order="left")

    def apply(self, frame: pl.DataFrame, *, hashed: bool = True) -> Mapped:
        """Map a batch of the (gathered) sheet and find the rows that may be wrong.

        Without `hashed` the column `_hash` is null: a check has no use for it.
        """
        rows = self.worked(frame)
        work = rows if self.folded is None else self.folded.run(rows, hashed=hashed)
        mapped = work.select(self.outputs)
        if hashed:
            mapped.replace_column(HASH_AT, _hex(*work.select(self.hashes).get_columns()))
        suspects = rows.filter(_suspected(self._of(item=False)))
        items = None if self.folded is None else work.filter(_suspected(self._of(item=True)))
        return Mapped(mapped, frame.height - rows.height, suspects, items, self.judged)

    def prepared(self, frame: pl.DataFrame, needed: Iterable[str] = ()) -> pl.DataFrame:
        """Give a batch as the rules see it: what `rows` of a hooks file makes of it, else as it is."""
        rows = self.mapping.foreign.rows
        if rows is None:
            return frame
        if KEPT not in frame.columns:
            return rows(frame, (*self.headers, *needed))
        cells = [name for name in frame.columns if name.startswith(SEEN)]
        others = [name for name in (ROW, BROKEN, ITEM, KEPT) if name in frame.columns]
        return frame.select(*others, *(pl.col(name).alias(name.removeprefix(SEEN)) for name in cells))

    def worked(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Run all stages on the rows that count."""
        work = self._begun(frame)
        if self.folded is not None:
            work = with_broken_items(work.filter(pl.col(ITEM).is_not_null()))
        elif self.where is not None or KEPT in frame.columns:
            work = work.filter(self._counts(frame))
        for stage in self.stages:
            work = evaluated(work, stage)
        return work

    def _begun(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Take the cells that are used."""
        frame = self.prepared(frame)
        broken = pl.col(BROKEN) if BROKEN in frame.columns else pl.lit(None, dtype=pl.String).alias(BROKEN)
        item = () if self.folded is None or ITEM not in frame.columns else (ITEM,)
        return self._without_errors(frame.select(pl.col(ROW).cast(pl.UInt32), broken, *item, *self.inputs))

    def _counts(self, frame: pl.DataFrame) -> pl.Expr:
        """Tell of rows that were begun whether they pass `where`, and were not left out by a hooks file before."""
        passes = pl.lit(value=True) if self.where is None else self.where | pl.col(BROKEN).is_not_null()
        return passes & pl.lit(frame.get_column(KEPT)).fill_null(value=False) if KEPT in frame.columns else passes

    def _counted(self, frame: pl.DataFrame) -> pl.Series:
        """Tell of each row whether it counts (Boolean)."""
        return self._begun(frame).with_columns(counts=self._counts(frame)).get_column("counts")

    def _of(self, *, item: bool) -> list[Planned]:
        """Give the checks of rows, or those of items."""
        return [plan for plan in self.planned if plan.of_item is item]

    def _without_errors(self, work: pl.DataFrame) -> pl.DataFrame:
        """Empty the cells that hold an error of the spreadsheet; their texts go to `e:` columns."""
        errors = [pl.col(CELL_KIND + header) == Kind.ERROR for header in self.kinded]
        if not errors:
            return work
        found = work.select(errors_in.any().alias(f"{at}") for at, errors_in in enumerate(errors)).row(0)
        for header, error, any_error in zip(self.kinded, errors, found, strict=True):
            cell = pl.col(CELL + header)
            if any_error:
                work = work.with_columns(
                    pl.when(error).then(cell).alias(ERROR_TEXT + header),
                    pl.when(~error.fill_null(value=False)).then(cell).alias(CELL + header),
                )
            else:
                work = work.with_columns(pl.lit(None, dtype=pl.String).alias(ERROR_TEXT + header))
        return work

    def judged(self, rows: pl.DataFrame, items: pl.DataFrame | None = None) -> pl.DataFrame:
        """Find everything that is wrong with suspected rows (and items); of a broken row nothing else is said.

        Gives one line a problem, by item and check: item and row UInt32, check UInt16, value and suggest String.
        """
        found = [*self._found(rows, item=False), *(() if items is None else self._found(items, item=True))]
        if not found:
            return pl.DataFrame(schema=PROBLEM_COLUMNS)
        together: pl.DataFrame = pl.concat(found)
        return together.sort("item", "check", "row", maintain_order=True)

    def _found(self, work: pl.DataFrame, *, item: bool) -> Iterator[pl.DataFrame]:
        """Find what is wrong with rows, or with items."""
        whole = work if work.get_column(BROKEN).null_count() == work.height else work.filter(pl.col(BROKEN).is_null())
        if BROKEN_ITEM in whole.columns and whole.get_column(BROKEN_ITEM).any():
            whole = whole.filter(~pl.col(BROKEN_ITEM))
        numbered = zip(
            accumulate((len(plan.blame.columns) for plan in self.planned), initial=0), self.planned, strict=False
        )
        for gate, plans in _by_gate((at, plan) for at, plan in numbered if plan.of_item is item).items():
            looked = work if gate == ROW_BROKEN else whole
            if gate in work.columns:
                looked = looked.filter(pl.col(gate)) if looked.get_column(gate).any() else looked.clear()
            if not looked.height:
                continue
            masks = looked.select(plan.when.fill_null(value=False).alias(f"{at}") for at, plan in plans)
            for (at, plan), guilty in zip(plans, masks.iter_columns(), strict=True):
                if guilty.any():
                    yield told(plan, at, looked.filter(guilty))


@dataclass(frozen=True, slots=True)
class Folded:
    """How rows become items: the fold, what is worked out for each item then, and the hashes of rows."""

    fold: Fold
    stages: tuple[tuple[pl.Expr, ...], ...]
    hashes: tuple[pl.Expr, ...]

    def run(self, rows: pl.DataFrame, *, hashed: bool) -> pl.DataFrame:
        """Make items of rows, and run the stages of items."""
        work = self.fold.run(rows, self.hashes if hashed else ())
        for stage in self.stages:
            work = evaluated(work, stage)
        return work


def _suspected(plans: Iterable[Planned]) -> pl.Expr:
    """Tell where any check may find something: behind its gate, or where it has none, by itself."""
    plans = list(plans)
    gates = dict.fromkeys(plan.gate for plan in plans if plan.gate is not None)
    ungated = [plan.when.fill_null(value=False) for plan in plans if plan.gate is None]
    return pl.any_horizontal(*gates, *ungated)


def _by_gate(numbered: Iterable[tuple[int, Planned]]) -> dict[str, list[tuple[int, Planned]]]:
    """Put the checks together that look at the same rows; those of broken rows look at all."""
    groups: dict[str, list[tuple[int, Planned]]] = {}
    for at, plan in numbered:
        groups.setdefault(ROW_BROKEN if plan.code == ROW_BROKEN else plan.gate or "", []).append((at, plan))
    return groups


ERROR_TEXT = "e:"
"""`ERROR_TEXT + column` is the text of cells that hold an error of the spreadsheet."""

ROW_BROKEN = "row_broken"
"""The code of a row that could not be read as a row."""


HASH_AT = 8
"""Where `_hash` stands in `Mapped.frame`."""


def _hex(high: pl.Series, low: pl.Series) -> pl.Series:
    """Write two 64-bit numbers as 32 hex digits; bytes are turned over in C, some 10 times faster than formatting."""
    halves = []
    for numbers in (high, low):
        raw = array("Q", numbers.to_list())
        if sys.byteorder == "little":
            raw.byteswap()
        digits = raw.tobytes().hex("\n", 8).split("\n") if len(raw) else []
        halves.append(pl.Series("_hash", digits, dtype=pl.String))
    return halves[0] + halves[1]
