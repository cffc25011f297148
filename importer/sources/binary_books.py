"""The older formats (.xls, .xlsb), which only `fastexcel` reads: cells are told by looking at them as several types."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import fastexcel
import polars as pl

from importer.model import Kind
from importer.sources.canonical import boolean_text, days_cell, number_text
from importer.sources.sheet import Column, Sheet, Tab

if TYPE_CHECKING:
    from pathlib import Path

    from fastexcel import DType, ExcelReader

_LOOKS: tuple[DType, ...] = ("string", "boolean", "duration")

_DAY = timedelta(days=1)
_DAY_MS = 86_400_000
_DAY_0 = datetime(1899, 12, 30)  # noqa: DTZ001 - a cell has no zone
"""Where the calendar of 1900 begins to count, seen from any day after February 1900."""


def list_tabs(reader: ExcelReader) -> tuple[Tab, ...]:
    """List the sheets of a workbook."""
    names = reader.sheet_names
    if len(names) == 1:
        return (Tab(names[0]),)
    return tuple(Tab(name, reader.load_sheet(name, n_rows=1, dtypes="string").visible == "visible") for name in names)


def open_binary(path: Path) -> ExcelReader:
    """Open a workbook of an older format. Raises what `fastexcel` raises."""
    quiet = logging.getLogger("calamine")  # its remarks on charts and the like would stand among our messages
    if not quiet.handlers:
        quiet.addHandler(logging.NullHandler())
    return fastexcel.read_excel(path)


def read_binary(reader: ExcelReader, tab: Tab) -> Sheet:
    """Read a sheet."""
    columns = _columns(reader, tab.name)
    height = max((len(column.texts) for column in columns.values()), default=0)
    empty = Column(pl.Series([None] * height, dtype=pl.String))
    return Sheet(tuple(columns.get(place, empty) for place in range(max(columns, default=-1) + 1)), blind=True)


def _columns(reader: ExcelReader, sheet: str) -> dict[int, Column]:
    """Look at every cell as text, as a boolean and as a duration: together that tells what it is.

    calamine gives a cell as a boolean only if it is a number or a boolean, as a duration only if it is a date or a
    time; text that merely looks like one gives nothing. Its text of a number has nine decimals, its dates panic over
    numbers beyond the calendar, so both are written here.
    """
    texts, booleans, durations = (_look(reader, sheet, dtype) for dtype in _LOOKS)
    numeric = {position for position, cells in booleans.items() if cells.null_count() < len(cells)}
    timed = {position for position, cells in durations.items() if cells.null_count() < len(cells)}
    numbers = _look(reader, sheet, "float") if numeric else {}
    safe = (each for each in timed if each not in numeric and durations[each].is_between(_DAY, 1e5 * _DAY).any())
    sample = next(safe, None)
    since_1904 = False
    if sample is not None:
        instants = _look(reader, sheet, "datetime", [sample])[sample]
        since_1904 = bool(((instants - durations[sample]) > _DAY_0 + 1000 * _DAY).any())
    columns = {}
    for position, cells in texts.items():
        if position not in numeric | timed:
            columns[position] = Column(cells)
            continue
        looks = {"text": cells, "boolean": booleans[position], "timed": durations[position]}
        looks["number"] = numbers[position] if numeric else pl.Series([None] * len(cells), dtype=pl.Float64)
        columns[position] = _column(pl.DataFrame(looks), since_1904=since_1904)
    return columns


def _look(reader: ExcelReader, sheet: str, dtype: DType, only: list[int] | None = None) -> dict[int, pl.Series]:
    """Load the sheet, or some columns of it, as one type; cells that are not of it are null."""
    loaded = reader.load_sheet(
        sheet, header_row=None, skip_rows=0, dtypes=dtype, use_columns=list(only) if only else None
    )
    frame = loaded.to_polars()
    return {
        info.absolute_index: cells for info, cells in zip(loaded.selected_columns, frame.get_columns(), strict=True)
    }


def _column(looks: pl.DataFrame, *, since_1904: bool) -> Column:
    """Decide each cell's kind and text."""
    days = pl.col("timed").dt.total_milliseconds() / _DAY_MS
    timed = pl.col("timed").is_not_null()
    moment, meant = days_cell(pl.when(timed).then(days), since_1904=since_1904)
    typed = pl.col("boolean").is_not_null()
    truth = typed & pl.col("text").is_in(["true", "false"])
    kind = (
        pl.when(timed)
        .then(meant)
        .when(truth)
        .then(int(Kind.BOOLEAN))
        .when(typed)
        .then(int(Kind.NUMBER))
        .otherwise(int(Kind.TEXT))
    )
    text = (
        pl.when(timed)
        .then(moment)
        .when(truth)
        .then(boolean_text(pl.col("boolean")))
        .when(typed)
        .then(number_text(pl.col("number")))
        .otherwise(pl.col("text"))
    )
    made = looks.select(text=text, kind=kind.cast(pl.UInt8))
    return Column(made.get_column("text"), made.get_column("kind"))
