"""The older formats (.xls, .xlsb), which only `fastexcel` reads: cells are told by looking at them as several types."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import fastexcel
import polars as pl

from importer.model import Kind
from importer.sources.binary_survey import BinarySurvey, survey_xls, survey_xlsb, tabs_of_xlsb
from importer.sources.canonical import boolean_text, days_cell, number_text
from importer.sources.compound import stream_of
from importer.sources.open_xml import part_of, relations
from importer.sources.refusals import damaged
from importer.sources.sheet import Column, Sheet, Tab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fastexcel import DType, ExcelReader

    from importer.sources.archive import Archive

_BOOK = "xl/workbook.bin"

_LOOKS: tuple[DType, ...] = ("string", "boolean", "duration")

_DAY = timedelta(days=1)
_DAY_MS = 86_400_000
_DAY_0 = datetime(1899, 12, 30)  # noqa: DTZ001 - a cell has no zone
"""Where the calendar of 1900 begins to count, seen from any day after February 1900."""


@dataclass(frozen=True, slots=True)
class BinaryBook:
    """An open workbook: its sheets, and how one of them is looked over and read."""

    tabs: tuple[Tab, ...]
    _reader: ExcelReader
    _survey: Callable[[int], BinarySurvey]

    def read(self, place: int) -> Sheet:
        """Read a sheet by its place among the others."""
        survey = self._survey(place)
        with _unheard():
            columns = _columns(self._reader, self.tabs[place].name)
        _put_errors(columns, survey)
        height = max((len(column.texts) for column in columns.values()), default=0)
        width = max(columns, default=-1) + 1
        empty = Column(pl.Series([None] * height, dtype=pl.String))
        return Sheet(
            tuple(_tall(columns.get(at, empty), height) for at in range(width)),
            hidden_rows=tuple(sorted(row for row, filled in survey.hidden_rows.items() if filled)),
            hidden_columns=frozenset(at for at in survey.hidden_columns if at < width),
            merged=tuple(survey.merged),
            blind=True,
        )


def open_xls(path: Path, content: bytes, name: str) -> BinaryBook:
    """Open an .xls. Raises SourceError if it is protected or a sheet reaches too far, and what the reader raises."""
    stream = stream_of(content, ("Workbook", "Book"))
    if stream is None:
        raise damaged(name, "it holds no workbook")
    surveys = survey_xls(stream, name)
    for at, (_, _, survey) in enumerate(surveys, start=1):
        survey.refuse_sprawling(name, f"{at}")
    reader = _open(path)
    names = reader.sheet_names
    if len(names) != len(surveys):
        raise damaged(name, "its sheets are not those that it lists")
    tabs = tuple(Tab(each, shown, table) for each, (shown, table, _) in zip(names, surveys, strict=True))
    return BinaryBook(tabs, reader, lambda place: surveys[place][2])


def open_xlsb(path: Path, archive: Archive) -> BinaryBook:
    """Open an .xlsb. Raises SourceError if it is broken, and what the reader raises."""
    listed = tabs_of_xlsb(archive.read(_BOOK), archive.name)
    targets = {each.identity: part_of(each.target, _BOOK) for each in relations(archive, _BOOK)}

    def survey(place: int) -> BinarySurvey:
        found = survey_xlsb(archive.read(targets.get(listed[place][1], "")), archive.name)
        found.refuse_sprawling(archive.name, listed[place][0].name)
        return found

    for place, (_, identity) in enumerate(listed):
        if archive.has(targets.get(identity, "")):
            survey(place)
    return BinaryBook(tuple(tab for tab, _ in listed), _open(path), survey)


def _open(path: Path) -> ExcelReader:
    quiet = logging.getLogger("calamine")  # its remarks on charts and the like would stand among our messages
    if not quiet.handlers:
        quiet.addHandler(logging.NullHandler())
    with _unheard():
        return fastexcel.read_excel(path)


@contextmanager
def _unheard() -> Iterator[None]:
    """Keep from the screen what Rust prints when it panics over a broken file: what it was is said in a sentence."""
    try:
        screen = os.dup(2)
    except OSError:  # there is none
        yield
        return
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(screen, 2)
        os.close(screen)


def _put_errors(columns: dict[int, Column], survey: BinarySurvey) -> None:
    """Put errors where they stand; the reader takes them for empty cells."""
    by_column: dict[int, list[tuple[int, str]]] = {}
    for row, place, text in survey.errors:
        by_column.setdefault(place, []).append((row, text))
    for place, errors in by_column.items():
        rows = [row for row, _ in errors]
        column = _tall(columns.get(place, Column(pl.Series([], dtype=pl.String))), max(rows) + 1)
        kinds = column.kinds if column.kinds is not None else pl.zeros(len(column.texts), pl.UInt8, eager=True)
        columns[place] = Column(
            column.texts.clone().scatter(rows, [text for _, text in errors]),
            kinds.clone().scatter(rows, [int(Kind.ERROR)] * len(rows)),
        )


def _tall(column: Column, height: int) -> Column:
    """Make a column as high as the others."""
    missing = height - len(column.texts)
    if missing <= 0:
        return column
    kinds = column.kinds
    if kinds is not None:
        kinds = kinds.extend_constant(int(Kind.TEXT), missing)
    return Column(column.texts.extend_constant(None, missing), kinds)


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
