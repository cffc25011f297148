"""Workbooks: every cell as canonical text, beside what it was."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import fastexcel
import openpyxl
import polars as pl

from importer.errors import SourceError
from importer.model import Kind
from importer.sources.canonical import boolean_text, duration_text, instant_text, number_text
from importer.sources.header import is_ours
from importer.sources.odd_cells import OddCell, odd_cells

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fastexcel import DType, ExcelReader

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OPEN_XML = frozenset({".xlsx", ".xlsm"})

_LOOKS: tuple[DType, ...] = ("string", "boolean", "duration")

_DAY = timedelta(days=1)
_DAY_0 = datetime(1899, 12, 30)  # noqa: DTZ001 - a cell has no zone
"""Where the calendar of 1900 begins to count, seen from any day after February 1900."""
_DAY_0_OF_1904 = datetime(1904, 1, 1)  # noqa: DTZ001 - days are counted from it, in no zone
_CALENDAR_DAYS = 2_958_466
"""The first number of days that is no date: the calendar ends with the year 9999."""

_NO_DATE = "####"
"""What a spreadsheet shows instead of a date beyond its calendar; the number itself is out of `fastexcel`'s reach."""

_LAST_DURATION = datetime(1904, 1, 1)  # noqa: DTZ001 - a cell has no zone
"""Dates before this may be durations of a day and more (35,000 hours); `openpyxl` tells by the cell's format."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet, from its first row on: canonical texts and, unless all of them are text, their kinds."""

    texts: pl.Series
    kinds: pl.Series | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as it was found: `columns` from A on, all of one height, the sheet's first row first.

    `errors`: whether cells that hold an error are told; only the Open XML formats let us see them.
    """

    name: str
    columns: tuple[Column, ...]
    errors: bool


def read_sheet(path: Path, sheet: str | int | None, name: str) -> Sheet:
    """Read a sheet by its name or number (from 1), or the first that is not hidden.

    Raises SourceError if the file is no workbook, is protected by a password, or has no such sheet.
    """
    _refuse_protected(path, name)
    quiet = logging.getLogger("calamine")  # its remarks on charts and the like would stand among our messages
    if not quiet.handlers:
        quiet.addHandler(logging.NullHandler())
    try:
        reader = fastexcel.read_excel(path)
        found = _choose(reader, sheet, name)
        columns = _columns(reader, found, iso=path.suffix.lower() == ".ods")
    except fastexcel.FastExcelError as error:
        raise SourceError(
            f"{name} cannot be read as a workbook: it is damaged, or it is none"
            f" ({str(error).splitlines()[0].removeprefix('calamine error: ')}).",
            "Open it in a spreadsheet program and save it again as .xlsx, or as .csv.",
        ) from None
    except BaseException as error:
        if (
            type(error).__name__ != "PanicException"
        ):  # how a mistake in the Rust code below arrives; it has no other name
            raise
        raise SourceError(
            f"{name} cannot be read as a workbook: the reader gave up over one of its cells ({error}).",
            "Look for numbers shown as ####, or save the sheet as .csv and read that.",
        ) from None
    errors = path.suffix.lower() in _OPEN_XML
    if errors:
        _tell_durations(path, found, columns)
        _put_odd(columns, odd_cells(path, found))
    width = max(columns, default=-1) + 1
    height = max((len(column.texts) for column in columns.values()), default=0)
    empty = Column(pl.Series([None] * height, dtype=pl.String))
    return Sheet(found, tuple(_tall(columns.get(position, empty), height) for position in range(width)), errors)


def _refuse_protected(path: Path, name: str) -> None:
    with path.open("rb") as file:
        if file.read(len(_OLE)) != _OLE:
            return
        rest = file.read()
    if _ENCRYPTED in rest:
        raise SourceError(f"{name} is protected by a password.", "Save a copy without one, and read that.")
    if path.suffix.lower() in _OPEN_XML:
        raise SourceError(
            f"{name} is called a new workbook, but it is an old one of Excel.", "Give it the ending .xls."
        )


def _choose(reader: ExcelReader, sheet: str | int | None, name: str) -> str:
    names = reader.sheet_names
    if not names:
        raise SourceError(f"{name} has no sheets.", "Is it the right file?")
    if sheet is None:
        shown = (each for each in names if reader.load_sheet(each, n_rows=1, dtypes="string").visible == "visible")
        return next(shown, names[0]) if len(names) > 1 else names[0]
    if isinstance(sheet, int):
        found = names[sheet - 1 : sheet] if sheet > 0 else []
    else:
        found = [each for each in names if each == sheet]
        found = found or [each for each in names if each.strip().casefold() == sheet.strip().casefold()]
    if len(found) == 1:
        return found[0]
    if len(names) == 1 and is_ours(_first_row(reader, names[0])):
        return names[0]  # rejects go back in whatever the mapping says of the sheet they came from
    if isinstance(sheet, int):
        raise SourceError(
            f"{name} has {len(names)} {'sheet' if len(names) == 1 else 'sheets'}, so there is no number {sheet}.",
            f"They count from 1: {_listed(names)}.",
        )
    raise SourceError(f"{name} has no sheet {sheet!r}.", f"Its sheets are: {_listed(names)}.")


def _first_row(reader: ExcelReader, sheet: str) -> tuple[str | None, ...]:
    top = reader.load_sheet(sheet, header_row=None, skip_rows=0, n_rows=1, dtypes="string").to_polars()
    return top.row(0) if top.height else ()


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _columns(reader: ExcelReader, sheet: str, *, iso: bool) -> dict[int, Column]:
    """Look at every cell as text, as a boolean and as a duration: together that tells what it is.

    calamine gives a cell as a boolean only if it is a number or a boolean, as a duration only if it is a date or a
    time; text that merely looks like one gives nothing. Its text of a number has nine decimals, its dates panic over
    numbers beyond the calendar, so both are written here. `iso`: dates are kept as text (OpenDocument), and only what
    calamine can read as a date is one.
    """
    texts, booleans, durations = (_look(reader, sheet, dtype) for dtype in _LOOKS)
    numeric = {position for position, cells in booleans.items() if cells.null_count() < len(cells)}
    timed = {position for position, cells in durations.items() if cells.null_count() < len(cells)}
    numbers = _look(reader, sheet, "float") if numeric else {}
    dates = _look(reader, sheet, "date") if iso else {}
    dated = {position for position, cells in dates.items() if cells.null_count() < len(cells)}
    origin = _DAY_0
    safe = (each for each in timed if each not in numeric and durations[each].is_between(_DAY, 1e5 * _DAY).any())
    sample = next(safe, None)
    if sample is not None:
        instants = _look(reader, sheet, "datetime", [sample])[sample]
        if ((instants - durations[sample]) > _DAY_0 + 1000 * _DAY).any():
            origin = _DAY_0_OF_1904
    columns = {}
    for position, cells in texts.items():
        if position not in numeric | timed | dated:
            columns[position] = Column(cells)
            continue
        looks = {"text": cells, "boolean": booleans[position], "timed": durations[position]}
        looks["iso"] = dates[position].is_not_null() if dates else pl.repeat(value=False, n=len(cells), eager=True)
        looks["number"] = numbers[position] if numeric else pl.Series([None] * len(cells), dtype=pl.Float64)
        columns[position] = _column(pl.DataFrame(looks), origin)
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


def _column(looks: pl.DataFrame, origin: datetime) -> Column:
    """Decide each cell's kind and text.

    A time of day without a date is text, for no date could be told from it; a number that is shown as a date but is
    beyond the calendar is an error.
    """
    days = looks.get_column("timed").dt.total_milliseconds() / 86_400_000
    told = looks.with_columns(days=days).with_columns(
        kind=pl.when(pl.col("days") < 0)
        .then(Kind.ERROR)
        .when(pl.col("days") < 1)
        .then(Kind.TEXT)
        .when(pl.col("days") < _CALENDAR_DAYS)
        .then(Kind.DATE)
        .when(pl.col("days").is_not_null())
        .then(Kind.ERROR)
        .when(pl.col("boolean").is_not_null() & pl.col("text").is_in(["true", "false"]))
        .then(Kind.BOOLEAN)
        .when(pl.col("boolean").is_not_null())
        .then(Kind.NUMBER)
        .when(pl.col("iso"))
        .then(Kind.DATE)
        .otherwise(Kind.TEXT)
        .cast(pl.UInt8)
    )
    kind, timed = pl.col("kind"), pl.col("days").is_not_null()
    # The calendar of 1900 counts a 29 February that never was: until then the days are one off.
    early = (pl.col("days") < 60) & (origin == _DAY_0)  # noqa: PLR2004 - that day
    elapsed = pl.when(kind == Kind.DATE).then(pl.col("timed"))
    instant = pl.lit(origin, pl.Datetime("ms")) + elapsed + pl.when(early).then(_DAY).otherwise(timedelta())
    written = (
        pl.when(timed & (kind == Kind.TEXT))
        .then(duration_text(pl.col("timed")))
        .when(timed & (kind == Kind.DATE))
        .then(instant_text(instant))
        .when(timed)
        .then(pl.lit(_NO_DATE))
        .when(kind == Kind.BOOLEAN)
        .then(boolean_text(pl.col("boolean")))
        .when(kind == Kind.NUMBER)
        .then(number_text(pl.col("number")))
        .when(pl.col("iso"))
        .then(pl.col("text").str.strip_suffix("T00:00:00"))
        .otherwise(pl.col("text"))
    )
    made = told.select(kind, text=written)
    return Column(made.get_column("text"), made.get_column("kind"))


def _tell_durations(path: Path, sheet: str, columns: dict[int, Column]) -> None:
    """Write durations of a day and more as such, which look like dates of the first years of the calendar."""
    suspects = {position: _early(column) for position, column in columns.items() if column.kinds is not None}
    suspects = {position: rows for position, rows in suspects.items() if rows}
    if not suspects:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of parts that it does not read (styles, validations)
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        rows = list(book[sheet].iter_rows(values_only=True))
    finally:
        book.close()
    for position, places in suspects.items():
        column = columns[position]
        texts, kinds = column.texts.to_list(), (column.kinds if column.kinds is not None else pl.Series()).to_list()
        for place in places:
            value = rows[place][position] if place < len(rows) and position < len(rows[place]) else None
            if isinstance(value, timedelta):
                texts[place] = pl.select(duration_text(pl.lit(value))).item()
                kinds[place] = Kind.TEXT
        columns[position] = Column(pl.Series(texts, dtype=pl.String), pl.Series(kinds, dtype=pl.UInt8))


def _early(column: Column) -> list[int]:
    dates = pl.DataFrame({"text": column.texts, "kind": column.kinds}).with_row_index("place")
    early = (pl.col("kind") == Kind.DATE) & (pl.col("text") < f"{_LAST_DURATION:%Y}")
    return dates.filter(early).get_column("place").to_list()


def _put_odd(columns: dict[int, Column], cells: list[OddCell]) -> None:
    """Put errors and formulas without a result where they stand."""
    by_column: dict[int, list[OddCell]] = {}
    for cell in cells:
        by_column.setdefault(cell.column, []).append(cell)
    for position, odd in by_column.items():
        column = columns.get(position, Column(pl.Series([], dtype=pl.String)))
        column = _tall(column, max(cell.row for cell in odd) + 1)
        kinds = column.kinds if column.kinds is not None else pl.zeros(len(column.texts), pl.UInt8, eager=True)
        rows = [cell.row for cell in odd]
        columns[position] = Column(
            column.texts.clone().scatter(rows, [cell.text for cell in odd]),
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
