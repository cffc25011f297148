"""The rejects files: the rows that were not taken, as they stood, with what is wrong beside them.

`rejects.csv` is the file to run back in; `rejects.xlsx` is for people, with the guilty cells marked.
"""

from __future__ import annotations

import csv
import errno
import os
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

import polars as pl

from importer.errors import DiskFull, StateError
from importer.model import ITEM, KIND_PREFIX, ROW, Kind, Problem
from importer.schema.evaluation import named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from importer.report.workbook import RejectsWorkbook

ADDED_COLUMNS = (ROW, "_error_code", "_error", "_fix")
"""What stands behind the source's own columns; a file whose header has `_row` and `_error_code` is ours."""

MOST_WORKBOOK_ROWS = 20_000
"""Beyond this many rows only the CSV is written."""

BETWEEN = " | "
"""What stands between several problems of one row."""

Problems: TypeAlias = "Mapping[int, Sequence[Problem]] | Callable[[pl.Series], Mapping[int, Sequence[Problem]]]"
"""The problems by row number, or a function that tells those of a batch of row numbers (UInt32).

Those of an item of several rows go by `model.ITEM`; each problem says on which of them it stands.
"""

Guilty: TypeAlias = "tuple[int, Sequence[Problem], tuple[str, str, str], tuple[str | None, ...], tuple[int, ...]]"
"""A row to be written: its number, its problems, what is said of it, its cells, and what each was in its workbook."""


def write_rejects(  # noqa: PLR0913 - named, and most have a default
    folder: Path,
    *,
    columns: Sequence[str],
    batches: Iterable[pl.DataFrame],
    problems: Problems,
    decimal: str = ".",
    expected: int = 0,
    xlsx: bool = True,
) -> Path | None:
    """Write `rejects.csv`, and `rejects.xlsx` beside it, into `folder`; give the path of the CSV.

    `batches` are the source's own frames, or have `model.ITEM` besides; the rows that have a problem are written, and
    with them the other rows of the same item, for only together can they be run again. All others are passed over. Both
    files take their place only when they are complete; where no row has a problem, files of an earlier time are removed
    and None is given. The workbook is left out beyond 20,000 rows (`expected`, where that is known, saves the work of
    beginning it), or where a cell does not fit into one.
    Raises DiskFull, or StateError where the folder cannot be written.
    """
    text, book = folder / "rejects.csv", folder / "rejects.xlsx"
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        rows = _guilty(columns, batches, problems)
        first = next(rows, None)
        if first is None:
            text.unlink(missing_ok=True)
            book.unlink(missing_ok=True)
            return None
        with_book = xlsx and expected <= MOST_WORKBOOK_ROWS
        _write((text, book), columns, chain([first], rows), decimal, with_book=with_book)
    return text


def _write(
    files: tuple[Path, Path], columns: Sequence[str], rows: Iterable[Guilty], decimal: str, *, with_book: bool
) -> None:
    """Write the files beside their places, then move them there."""
    from importer.report.workbook import RejectsWorkbook  # only where a row is rejected: starting is quicker without

    text, book = files
    workbook = RejectsWorkbook(columns, ADDED_COLUMNS, _draft_of(book)) if with_book else None
    try:
        fits = _write_both(_draft_of(text), workbook, columns, rows, decimal)
        if fits and workbook is not None:
            workbook.save()
            _draft_of(book).replace(book)
        else:
            book.unlink(missing_ok=True)
        _draft_of(text).replace(text)
    finally:
        if workbook is not None:
            workbook.drop()
        _draft_of(text).unlink(missing_ok=True)
        _draft_of(book).unlink(missing_ok=True)


def _write_both(
    draft: Path, workbook: RejectsWorkbook | None, columns: Sequence[str], rows: Iterable[Guilty], decimal: str
) -> bool:
    """Write the CSV and gather the workbook; whether that holds them all."""
    written, fits = 0, True
    # The mark at the beginning makes spreadsheet programs read UTF-8, so that saving it there harms nothing.
    with draft.open("w", encoding="utf-8-sig", newline="") as file:
        lines = csv.writer(file)  # its own line end "\r\n" is what makes it quote either half
        lines.writerow([neutralised(name) for name in (*columns, *ADDED_COLUMNS)])
        for row, of_row, said, cells, kinds in rows:
            own = [_written(cell, kind, decimal) for cell, kind in zip(cells, kinds, strict=True)]
            lines.writerow([*own, str(row), *map(neutralised, said)])
            written += 1
            fits = fits and workbook is not None and written <= MOST_WORKBOOK_ROWS and workbook.takes(cells)
            if fits and workbook is not None:
                workbook.add(cells, kinds, (row, *said), of_row)
    return fits


def neutralised(cell: str) -> str:
    """Keep a spreadsheet from taking a text for a formula: it then begins with `'` (one of its own is doubled)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r", "'")) else cell


def _written(cell: str | None, kind: int, decimal: str) -> str:
    """Write a cell as the CSV holds it: numbers with the mapping's decimal sign, all else as it is."""
    if cell is None:
        return ""
    return neutralised(cell.replace(".", decimal) if kind == Kind.NUMBER else cell)


def _guilty(columns: Sequence[str], batches: Iterable[pl.DataFrame], problems: Problems) -> Iterator[Guilty]:
    """Give each row that has a problem, or belongs to an item that has one."""
    for batch in batches:
        items = batch.get_column(ITEM if ITEM in batch.columns else ROW)
        told = problems(items.drop_nulls().unique(maintain_order=True)) if callable(problems) else problems
        bad = pl.Series([bool(told.get(item)) for item in items], dtype=pl.Boolean)
        guilty, of_items = batch.filter(bad), items.filter(bad)
        missing = [f"{KIND_PREFIX}{name}" for name in columns if f"{KIND_PREFIX}{name}" not in guilty.columns]
        kinds = guilty.with_columns(pl.lit(int(Kind.TEXT), pl.UInt8).alias(name) for name in missing).select(
            pl.col(f"{KIND_PREFIX}{name}").fill_null(int(Kind.TEXT)) for name in columns
        )
        for item, row, cells, kind in zip(
            of_items,
            guilty.get_column(ROW),
            guilty.select(named(*columns)).iter_rows(),
            kinds.iter_rows(),
            strict=True,
        ):
            of_row = [problem for problem in told[item] if problem.row == row]
            yield row, of_row, _said(of_row) if of_row else _beside(told[item]), cells, kind


def _beside(of_item: Sequence[Problem]) -> tuple[str, str, str]:
    """Say of a row without a problem why it is here: no code, for there is nothing to correct."""
    rows = sorted({problem.row for problem in of_item})
    named = f"row {rows[0]}" if len(rows) == 1 else f"rows {', '.join(map(str, rows[:-1]))} and {rows[-1]}"
    return "", f"Belongs to the same item as {named}.", "Leave it as it is: the item is made of all its rows."


def _said(of_row: Sequence[Problem]) -> tuple[str, str, str]:
    return (
        BETWEEN.join(problem.code for problem in of_row),
        BETWEEN.join(problem.message for problem in of_row),
        BETWEEN.join(problem.fix for problem in of_row),
    )


def _draft_of(path: Path) -> Path:
    """Name the file beside it that is written first."""
    return path.with_name(f".{path.name}.{os.getpid()}")


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Say what a full or closed disk means for the person who asked."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(
                f"The disk is full, so the rejects cannot be written into {folder}.", "Make room, then run again."
            ) from error
        raise StateError(
            f"The rejects cannot be written into {folder}: {error.strerror or error}.",
            "The folder stands beside the state file; --state PATH puts both elsewhere.",
        ) from error
