"""Lookups that stand in two columns of another sheet, read as plain tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from importer.errors import SourceError
from importer.mapping import Mistakes, find_column
from importer.mapping.mistakes import nearest
from importer.model import BROKEN, KIND_PREFIX, ROW, Kind
from importer.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.mapping import Mapping
    from importer.mapping.rules import LookupSheet
    from importer.sources import Source

_TOLD = 10
"""How many doubled keys are told one by one."""

_READ = {"row": pl.UInt32, "key": pl.String, "value": pl.String, "wrong": pl.String}


def read_lookups(mapping: Mapping, folder: Path) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Read every lookup of a mapping that stands in a sheet; its path begins at `folder`.

    Gives the tables by name, and a line on each for people. Raises MappingError with all that is wrong with them: a
    sheet that cannot be read, a column that is not there, a key with two values (with both rows).
    """
    mistakes = Mistakes(mapping.name, mapping.lines)
    tables: dict[str, dict[str, str]] = {}
    said: list[str] = []
    for name, sheet in mapping.lookup_sheets.items():
        path = f"lookup.{name}"
        try:
            with open_source(folder / (sheet.source.path or ""), sheet.source) as source:
                read = _read(path, sheet, source, mistakes, decimal=mapping.source.decimal)
                if read is not None:
                    tables[name] = _table(path, sheet, source, read, mistakes)
                    said.append(f'Lookup "{name}": {source.detected}, {_counted(len(tables[name]))}')
        except SourceError as error:
            mistakes.add(f"{path}.source", " ".join(filter(None, (error.message, error.hint))))
    mistakes.settle()
    return tables, said


def _counted(number: int) -> str:
    return "1 value" if number == 1 else f"{number:,} values"


def _read(path: str, sheet: LookupSheet, source: Source, mistakes: Mistakes, *, decimal: str) -> pl.DataFrame | None:
    """Read the two columns: row, key, value, and what is wrong with the row; None where a column is not there."""
    columns = []
    for key, name in (("from", sheet.asked), ("to", sheet.given)):
        found = find_column(name, source.columns)
        if found is None:
            near = nearest(name, source.columns) or f"; the columns are {', '.join(source.columns[:12])}"
            mistakes.add(f"{path}.{key}", f'there is no column "{name}" in {_called(source)}{near}')
        columns.append(found)
    asked, given = columns
    if asked is None or given is None:
        return None
    value = pl.col(given)
    if decimal == "," and given in source.typed:
        # Further on it is read as this mapping's sheet writes numbers.
        canonical = pl.col(KIND_PREFIX + given) == Kind.NUMBER
        value = pl.when(canonical).then(value.str.replace(".", ",", literal=True)).otherwise(value)
    chosen = [
        pl.col(ROW).alias("row"),
        pl.col(asked).str.strip_chars().str.normalize("NFC").alias("key"),
        value.str.strip_chars().fill_null("").alias("value"),
        pl.coalesce(pl.col(BROKEN), _error_in(asked, source), _error_in(given, source)).alias("wrong"),
    ]
    batches = [batch.select(chosen) for batch in source.batches()]
    return pl.concat([pl.DataFrame(schema=_READ), *batches]).filter(
        pl.col("wrong").is_not_null() | (pl.col("key") != "")
    )


def _error_in(column: str, source: Source) -> pl.Expr:
    """Say that a cell holds an error of the spreadsheet; null where it does not."""
    if column not in source.typed:
        return pl.lit(None, dtype=pl.String)
    told = pl.format(f'{{}} in the column "{column.replace("{", "(").replace("}", ")")}"', pl.col(column))
    return pl.when(pl.col(KIND_PREFIX + column) == Kind.ERROR).then(told)


def _table(path: str, sheet: LookupSheet, source: Source, read: pl.DataFrame, mistakes: Mistakes) -> dict[str, str]:
    """Make the table; note rows that cannot be used, and keys that stand there with different values."""
    wrong = read.filter(pl.col("wrong").is_not_null())
    for row, reason in wrong.select("row", "wrong").head(_TOLD).iter_rows():
        mistakes.add(path, f"row {row} of {_called(source)} cannot be used: {reason}")
    once = read.filter(pl.col("wrong").is_null()).unique(["key", "value"], keep="first", maintain_order=True)
    if once.is_empty() and wrong.is_empty():
        mistakes.add(path, f'has no values: no row of {_called(source)} has anything in the column "{sheet.asked}"')
    doubled = once.filter(pl.col("key").is_duplicated())
    if not doubled.is_empty():
        for sentence in _doubles(doubled, source):
            mistakes.add(path, sentence)
    return dict(once.select("key", "value").iter_rows())


def _doubles(doubled: pl.DataFrame, source: Source) -> Iterator[str]:
    """Say of each key that has two values in which rows they stand."""
    by_key = doubled.group_by("key", maintain_order=True).agg(pl.col("row", "value").head(2))
    for key, (row, other), (value, another) in by_key.head(_TOLD).iter_rows():
        yield (
            f'"{key}" stands for "{value}" in row {row} of {_called(source)}, and for "{another}" in row {other}: '
            "only one of them can count"
        )
    if by_key.height > _TOLD:
        yield f"and so do {by_key.height - _TOLD} more values of {_called(source)}"


def _called(source: Source) -> str:
    return source.name if source.sheet is None else f'{source.name}, sheet "{source.sheet}"'
