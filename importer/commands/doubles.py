"""Rows whose key or slug an earlier row of the same sheet has already: suspected by hash, then looked at exactly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from importer.commands.suffixes import GIVEN, given_slugs, hashed, held_frame
from importer.errors.problems import describe, shorten
from importer.mapping import ORIGIN, ROWS, loosely
from importer.model import ITEM, ROW, Problem

if TYPE_CHECKING:
    from importer.mapping import Borders, Compiled
    from importer.sources import Source
    from importer.state import State

_TOGETHER = " Where several rows are one item, say so in the mapping file: group_by in [source]."

_DOUBLES = {"item": pl.UInt32, "row": pl.UInt32, "code": pl.String, "value": pl.String, "first": pl.UInt32}


@dataclass(frozen=True, slots=True)
class Doubles:
    """The later items of a key or a slug: `frame` has item, row, code, value and `first`, the item that counts.

    Items go by their least row number; `row` is the one that the key or slug stands on.
    """

    compiled: Compiled
    frame: pl.DataFrame

    @property
    def items(self) -> pl.Series:
        """Their row numbers (UInt32)."""
        return self.frame.get_column("item")

    def counts(self) -> dict[str, int]:
        """Count them by code."""
        return dict(self.frame.group_by("code").len().iter_rows())

    def problems_for(self, items: pl.Series) -> list[tuple[int, Problem]]:
        """Say of these items what they repeat, and which one counts."""
        chosen = self.frame.filter(pl.col("item").is_in(items.implode()))
        return [(item, self._problem(*line)) for item, *line in chosen.iter_rows()]

    def _problem(self, row: int, code: str, value: str, first: int) -> Problem:
        field = "slug" if code == "slug_duplicate" else self.compiled.key_field
        column = _column_of(self.compiled, code, field)
        facts = {"first": f"row {first}", "together": _TOGETHER}
        if self.compiled.folded is not None:
            facts = {"first": f"the item of row {first}", "thing": "item"}
        if code == "slug_duplicate" and "slug" not in self.compiled.mapping.fields:
            facts |= {
                "origin": ", made from the name,",
                "what": 'name, or give the sheet a column of slugs (in [fields] of the mapping file: slug = "Slug")',
            }
        message, fix = describe(code, value=value, field=field, column=column, suggest=None, facts=facts)
        return Problem(row, column, field, code, shorten(value), message, fix)


class Suspects:
    """Gathers 20 bytes a row: its number and the hashes of its key and slug, each within its locale.

    Where the slug is the key, one hash says both.
    """

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self._hashed = ("slug",) if compiled.key_field == "slug" else ("key", "slug")
        self._refused = ("key",) if compiled.suffixed else self._hashed
        self._seen: list[pl.DataFrame] = []

    def add(self, mapped: pl.DataFrame) -> None:
        """Take the rows of one mapped batch."""
        self._seen.append(mapped.select(ROW, **{name: hashed(_compared(f"_{name}")) for name in self._hashed}))

    def row_twice(self) -> int | None:
        """Name a row number that two rows carry, if any do (a frame or a corrected file may bring its own numbers)."""
        rows = self._together().get_column(ROW).sort()
        twice = rows.filter(rows == rows.shift())
        return None if twice.is_empty() else int(twice[0])

    def verified(self, source: Source, borders: Borders | None = None) -> Doubles:
        """Look at the suspected rows once more, exactly; a sheet without suspects is not read again."""
        together = self._together()
        suspected = pl.concat([_repeated(together, name) for name in self._refused]).unique().sort()
        self._seen.clear()
        if self._compiled.suffixed:
            self._seen.append(together)  # `slugs` has a use for it
        if suspected.is_empty():
            return Doubles(self._compiled, pl.DataFrame(schema=_DOUBLES))
        exact = self._looked_at(source, suspected, borders)
        found = [_later(exact, f"_{name}", f"{name}_duplicate") for name in self._refused]
        return Doubles(self._compiled, pl.concat(found).sort("item", maintain_order=True))

    def slugs(
        self, source: Source, bad: pl.Series, state: State | None, borders: Borders | None = None
    ) -> pl.DataFrame:
        """Give the items that get another slug than their rule says (`taken = "suffix"`); the state remembers them."""
        if state is None or not self._compiled.suffixed:
            return pl.DataFrame(schema=GIVEN)
        held, longest = held_frame(state.held_slugs()), self._compiled.longest_slug
        look = partial(self._looked_at, source, borders=borders)
        given = given_slugs(self._together(), bad, held, look, longest=longest)
        self._seen.clear()
        return given

    def _looked_at(self, source: Source, items: pl.Series, borders: Borders | None) -> pl.DataFrame:
        """Read these items once more, exactly: what tells them apart, and the rows that it stands on."""
        looked: list[pl.DataFrame] = []
        for batch in self._compiled.gathered(source.batches(), borders):
            again = batch.filter(pl.col(ITEM if ITEM in batch.columns else ROW).is_in(items.implode()))
            if again.height:
                looked.append(_identity(self._compiled.apply(again, hashed=False).frame))
        exact = pl.concat(looked)
        # Grouped items come in the order of their last rows, and the one that begins first counts.
        return exact if borders is None else exact.sort(ROW)

    def _together(self) -> pl.DataFrame:
        empty = pl.DataFrame(schema={ROW: pl.UInt32, **dict.fromkeys(self._hashed, pl.UInt64)})
        return pl.concat([empty, *self._seen])


def _identity(mapped: pl.DataFrame) -> pl.DataFrame:
    """Keep what tells items apart, and the rows that it stands on."""
    several = ROWS in mapped.columns
    origins = (pl.col(name + ORIGIN if several else ROW).alias(name + ORIGIN) for name in ("_key", "_slug"))
    return mapped.select(ROW, "_locale", "_key", "_slug", *origins)


def _compared(column: str) -> pl.Expr:
    """Give the form in which two rows are compared: slugs without case (keys come normalised)."""
    return pl.col(column).str.to_lowercase() if column == "_slug" else pl.col(column)


def _repeated(together: pl.DataFrame, column: str) -> pl.Series:
    """Find the numbers of all rows whose hash stands there more than once."""
    ordered = together.get_column(column).drop_nulls().sort()
    twice = ordered.filter(ordered == ordered.shift()).unique()
    return together.filter(pl.col(column).is_in(twice.implode())).get_column(ROW)


def _later(exact: pl.DataFrame, column: str, code: str) -> pl.DataFrame:
    """All rows but the first of each locale and text, in the order of the sheet."""
    return (
        exact.filter(pl.col(column).is_not_null())
        .with_columns(first=pl.col(ROW).first().over("_locale", _compared(column)))
        .filter(pl.col(ROW) != pl.col("first"))
        .select(
            item=pl.col(ROW),
            row=pl.col(column + ORIGIN),
            code=pl.lit(code),
            value=pl.col(column),
            first=pl.col("first"),
        )
        .cast(_DOUBLES)  # type: ignore[arg-type]  # polars types schemas wider than it takes them
    )


def _column_of(compiled: Compiled, code: str, field: str | None) -> str | None:
    """Find the column that a slug or key comes from, as the checks of the mapping name it."""
    checks = [check for check in compiled.checks if check.column is not None]
    if code == "key_duplicate":
        columns = [check.column for check in checks if check.code == "key_empty"]
        key = compiled.mapping.key
        rule = compiled.mapping.fields.get(key) if isinstance(key, str) else key
    else:
        columns = []
        rule = compiled.mapping.fields.get(field or "")
    columns += [check.column for check in checks if check.field == field]
    wanted = [] if rule is None else [loosely(column) for _, column in rule.columns()]
    preferred = [one for text in wanted for one in columns if one is not None and loosely(one) == text]
    return next(iter([*preferred, *columns]), None)
