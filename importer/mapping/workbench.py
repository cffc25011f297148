"""Where rules become columns: expressions in stages, each evaluated once, and the checks on what came out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from dataclasses import field as default
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.mapping.columns import Columns
    from importer.mapping.conditions import Asked
    from importer.mapping.folding import Folding
    from importer.mapping.mistakes import Mistakes
    from importer.model import SourceOptions
    from importer.transforms import Surroundings


FAILED = "transform_failed"
"""The code where a step made nothing of something."""


@dataclass(frozen=True, slots=True)
class Blame:
    """Which column a problem is about: one of `columns`, by an index (UInt8) that is worked out for guilty rows.

    Of an item of several rows, `row` is the one that its value comes from (UInt32), null where there is no value; where
    it has many, `parts` are their texts and `rows` the rows they come from (lists that keep step).
    """

    columns: tuple[str | None, ...]
    index: pl.Expr
    row: pl.Expr | None = None
    parts: pl.Expr | None = None
    rows: pl.Expr | None = None

    def whole(self) -> Blame:
        """Blame the first of many parts for what was made of them together."""
        if self.parts is None or self.rows is None:
            return self
        first = self.parts.list.eval(pl.element().is_not_null().arg_true()).list.first()
        index = self.index if len(self.columns) == 1 else self.index.list.get(first, null_on_oob=True)
        return Blame(self.columns, index, self.rows.list.get(first, null_on_oob=True))


@dataclass(frozen=True, slots=True)
class Planned:
    """A check of a compiled mapping: what `model.Check` holds, the field, and the columns to blame.

    `gate` names the column (Boolean) outside of which no row can be guilty; without one every row is looked at.
    `of_item` says that it looks at items of several rows, and not at one row after the other.
    """

    code: str
    field: str | None
    blame: Blame
    when: pl.Expr
    value: pl.Expr | None = None
    suggest: pl.Expr | None = None
    facts: Mapping[str, str | int | float] = default(default_factory=dict)
    gate: str | None = None
    of_item: bool = False


@dataclass(slots=True)
class Workbench:
    """Gathers stages and checks while the rules of a mapping are compiled.

    `resolved` are values that come from elsewhere than the sheet and the rules, with the place that asks for them.

    Where a row is an item there is one. Where several rows are one, what is worked out for each row and what is worked
    out for each item have a bench of their own: `folding` leads from that of the rows to that of the items, whose
    `below` is that of the rows. They share their checks.
    """

    columns: Columns
    asked: Asked
    source: SourceOptions
    around: Surroundings
    mistakes: Mistakes
    stages: list[list[pl.Expr]] = default(default_factory=list)
    checks: list[Planned] = default(default_factory=list)
    resolved: list[tuple[str, pl.Expr]] = default(default_factory=list)
    folding: Folding | None = None
    below: Workbench | None = None
    _levels: dict[str, int] = default(default_factory=dict)

    @property
    def of_rows(self) -> Workbench:
        """The bench on which rules begin."""
        return self if self.below is None else self.below

    @property
    def of_items(self) -> Workbench:
        """The bench on which rules end."""
        return self if self.folding is None else self.folding.items

    def plan(self, planned: Planned) -> None:
        """Plan a check of what this bench works out."""
        self.checks.append(replace(planned, of_item=self.below is not None))

    def anywhere(self, answer: pl.Expr) -> pl.Expr:
        """Ask of an item whether something (Boolean) holds in any of its rows; where a row is an item, that is all."""
        folding = self.of_rows.folding
        return answer if folding is None else folding.any(answer)

    def keep(self, expression: pl.Expr, name: str = "") -> pl.Expr:
        """Make a column of an expression, in the first stage where all that it needs is there; give the column.

        What is a column already stays it, unless it is to have a name of its own.
        """
        if not name and expression.meta.is_column():
            return expression
        roots = expression.meta.root_names()
        level = max((self._levels.get(root, 0) for root in roots), default=0)
        while len(self.stages) <= level:
            self.stages.append([])
        name = name or f"x:{len(self._levels)}"
        self.stages[level].append(expression.alias(name))
        self._levels[name] = level + 1
        return pl.col(name)


def blank_as_null(text: pl.Expr) -> pl.Expr:
    """Make nothing of text that is only blanks."""
    return pl.when(text.str.strip_chars() != "").then(text)


def first_filled(columns: tuple[str | None, ...], cells: list[pl.Expr]) -> Blame:
    """Blame the first column that is not empty, else the first."""
    index = pl.lit(0, dtype=pl.UInt8)
    for at in range(len(cells) - 1, 0, -1):
        earlier_empty = cells[0].is_null()
        for cell in cells[1:at]:
            earlier_empty &= cell.is_null()
        index = pl.when(earlier_empty & cells[at].is_not_null()).then(pl.lit(at, dtype=pl.UInt8)).otherwise(index)
    return Blame(columns, index)
