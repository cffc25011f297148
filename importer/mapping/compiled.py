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
from importer.mapping.columns import CELL, CELL_KIND
from importer.model import BROKEN, ROW, Kind
from importer.transforms.foreign import evaluated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from collections.abc import Mapping as Table

    from importer.mapping.rules import Mapping
    from importer.mapping.workbench import Planned
    from importer.schema import CollectionSchema

VALUE = "v:"
"""`VALUE + field slug` is the value of a field in `Mapped.frame`."""

PROBLEM_COLUMNS = {"row": pl.UInt32, "check": pl.UInt16, "value": pl.String, "suggest": pl.String}
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
    omitted. `suspects`: the few rows that may be wrong, for `Compiled.judged`; those of several batches may be put
    together, which is cheaper than to look at each batch's.
    """

    frame: pl.DataFrame
    left_out: int
    suspects: pl.DataFrame
    judged: Callable[[pl.DataFrame], pl.DataFrame]

    @property
    def problems(self) -> pl.DataFrame:
        """Give one line a problem: row, check (an index into `Compiled.checks`), value, suggest."""
        return self.judged(self.suspects)


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

    def apply(self, frame: pl.DataFrame, *, hashed: bool = True) -> Mapped:
        """Map a batch of the sheet and find the rows that may be wrong.

        Without `hashed` the column `_hash` is null: a check has no use for it.
        """
        work = self.worked(frame)
        mapped = work.select(self.outputs)
        if hashed:
            mapped.replace_column(HASH_AT, _hex(*work.select(self.hashes).get_columns()))
        return Mapped(mapped, frame.height - work.height, work.filter(self._suspected()), self.judged)

    def prepared(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Give a batch as the rules see it: what `rows` of a hooks file makes of it, else as it is."""
        rows = self.mapping.foreign.rows
        return frame if rows is None else rows(frame, self.headers)

    def worked(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Run all stages on the rows that count."""
        frame = self.prepared(frame)
        broken = pl.col(BROKEN) if BROKEN in frame.columns else pl.lit(None, dtype=pl.String).alias(BROKEN)
        work = frame.select(pl.col(ROW).cast(pl.UInt32), broken, *self.inputs)
        work = self._without_errors(work)
        if self.where is not None:
            work = work.filter(self.where | pl.col(BROKEN).is_not_null())
        for stage in self.stages:
            work = evaluated(work, stage)
        return work

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

    def _suspected(self) -> pl.Expr:
        """Tell where any check may find something: behind its gate, or where it has none, by itself."""
        gates = dict.fromkeys(plan.gate for plan in self.planned if plan.gate is not None)
        ungated = [plan.when.fill_null(value=False) for plan in self.planned if plan.gate is None]
        return pl.any_horizontal(*gates, *ungated)

    def judged(self, work: pl.DataFrame) -> pl.DataFrame:
        """Find everything that is wrong with suspected rows; of a broken row nothing else is said.

        Gives one line a problem, by row and check: row UInt32, check UInt16, value and suggest String.
        """
        found: list[pl.DataFrame] = []
        whole = work if work.get_column(BROKEN).null_count() == work.height else work.filter(pl.col(BROKEN).is_null())
        numbered = zip(
            accumulate((len(plan.blame.columns) for plan in self.planned), initial=0), self.planned, strict=False
        )
        for gate, plans in _by_gate(numbered).items():
            looked = work if gate == ROW_BROKEN else whole
            if gate in work.columns:
                looked = looked.filter(pl.col(gate)) if looked.get_column(gate).any() else looked.clear()
            if not looked.height:
                continue
            masks = looked.select(plan.when.fill_null(value=False).alias(f"{at}") for at, plan in plans)
            for (at, plan), guilty in zip(plans, masks.iter_columns(), strict=True):
                if guilty.any():
                    found.append(_told(plan, at, looked.filter(guilty)))
        if not found:
            return pl.DataFrame(schema=PROBLEM_COLUMNS)
        return pl.concat(found).sort("row", "check", maintain_order=True)


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


def _told(plan: Planned, first: int, guilty: pl.DataFrame) -> pl.DataFrame:
    """What is said of guilty rows: the check (by the column to blame), the value, a better one."""
    nothing = pl.lit(None, dtype=pl.String)
    return guilty.select(
        pl.col(ROW).alias("row"),
        (plan.blame.index.cast(pl.UInt16) + first).cast(pl.UInt16).alias("check"),
        (nothing if plan.value is None else plan.value.cast(pl.String)).alias("value"),
        (nothing if plan.suggest is None else plan.suggest.cast(pl.String)).alias("suggest"),
    )


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
