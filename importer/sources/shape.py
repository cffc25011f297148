"""The last step of every reader: from cells as they were found to the batches that mappings work on."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from importer.errors import SourceError
from importer.model import BROKEN, KIND_PREFIX, ROW
from importer.schema.evaluation import named
from importer.sources.header import ERROR, ERROR_CODE, NOTES

PLACE = "\x00place"
"""The column (UInt32) with the row that a spreadsheet shows for it; in our own files `_row` says more."""

_NEUTRALISED = r"^'[=+\-@\t\r']"
"""Cells of our own CSV files that have a `'` before them, lest a spreadsheet takes them for a formula."""

ROW_BROKEN = "row_broken"
"""The code, in our own files, of a row that could not be read as a row."""

STILL_BROKEN = (
    "it was broken in the sheet that it comes from, and parts of it may be missing here;"
    " complete it from that sheet, then empty its cell in the column _error_code"
)
"""Why such a row stays rejected until a person has looked at it."""

_UNCORRECTED = r"^(?:=|#|-?[0-9]{16})"
"""How errors, formulas and numbers begin that a workbook could not give a value for: in a CSV they are mere text."""

STILL_WRONG = (
    "a cell still holds what the column _error names;"
    " write its value there, or empty the cell in the column _error_code if it is right as it is"
)
"""Why a row stays rejected whose cell was an error in the workbook that it comes from."""

_COMPARED = 50
"""Characters of such a cell that are looked for: sentences show no more than some."""

_ROW_NUMBER = r"^[1-9][0-9]{0,8}$"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a sheet's frames are to look like.

    `numbered`: the row numbers are those in its column `_row`. `neutralised`: signs that spreadsheets would take for a
    formula have a `'` before them. `kinds` are the columns that hold anything but text.
    """

    name: str
    columns: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    null_values: tuple[str, ...] = ()
    numbered: bool = False
    neutralised: bool = False

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Make blank cells null, leave blank rows out, and number the rows.

        `frame` holds the columns as String, their kinds, `PLACE` and `BROKEN`. Raises SourceError if a row of a
        numbered sheet has no proper number.
        """
        texts = frame.with_columns(self._text(named(column)).alias(column) for column in self._suspects(frame))
        if self.numbered and ERROR_CODE in texts.columns:
            texts = texts.with_columns(pl.coalesce(BROKEN, _still_broken()))
            if self.neutralised and self.columns and ERROR in texts.columns:
                texts = texts.with_columns(pl.coalesce(BROKEN, _still_wrong(self.columns)))
        rows = texts.filter(self._filled()) if self._any_blank(texts) else texts
        if self.null_values and self.columns:
            rows = rows.with_columns(
                pl.when(~self._called_empty(column)).then(named(column)).alias(column)
                for column, found in zip(
                    self.columns, rows.select(self._called_empty(*self.columns).any()).row(0), strict=True
                )
                if found
            )
        kinds = [
            pl.when(named(column).is_not_null()).then(pl.col(KIND_PREFIX + column)).alias(KIND_PREFIX + column)
            for column in self.kinds
        ]
        return rows.select(*map(named, self.columns), self._numbers(rows), *kinds, BROKEN)

    def _called_empty(self, *columns: str) -> pl.Expr:
        return named(*columns).str.strip_chars().is_in(list(self.null_values))

    def _filled(self) -> pl.Expr:
        return pl.any_horizontal(named(BROKEN, *self.columns).is_not_null())

    def _any_blank(self, texts: pl.DataFrame) -> bool:
        """Tell whether a row may be blank: where a column has no gap, none is, and polars keeps count of gaps."""
        return all(texts.get_column(column).has_nulls() for column in self.columns)

    def _suspects(self, frame: pl.DataFrame) -> list[str]:
        """Find the columns where any cell may be blank or neutralised, for most of them have none.

        A blank cell begins with a sign up to the space, or with one that is not ASCII.
        """
        if self.neutralised or not self.columns:
            return list(self.columns)
        cells = named(*self.columns)
        begins = frame.select(((cells < "!") | (cells >= "\x80")).any()).row(0)
        return [column for column, suspect in zip(self.columns, begins, strict=True) if suspect]

    def _text(self, cell: pl.Expr) -> pl.Expr:
        if self.neutralised:
            cell = pl.when(cell.str.contains(_NEUTRALISED)).then(cell.str.slice(1)).otherwise(cell)
        seen = cell.str.strip_chars().str.strip_chars("\0")  # zero bytes fill files that a crash cut off
        return pl.when(seen.str.len_bytes() > 0).then(cell)

    def _numbers(self, rows: pl.DataFrame) -> pl.Series:
        if not self.numbered:
            return rows.get_column(PLACE).alias(ROW)
        written = rows.get_column(ROW).str.strip_chars()
        bad = ~written.str.contains(_ROW_NUMBER).fill_null(value=False)
        if bad.any():
            place, text = rows.filter(bad).select(PLACE, ROW).row(0)
            shown = "nothing" if text is None else repr(text)
            raise SourceError(
                f"{self.name}, row {place}: the column _row holds {shown}, which is no row number.",
                "It says which row of the original sheet this one is. Write that number again; "
                "rows that are new belong in the sheet itself.",
            )
        return written.cast(pl.UInt32)


def _still_broken() -> pl.Expr:
    """Say of a row of our own file that it was broken: what did not fit into its columns is not there any more."""
    was = pl.col(ERROR_CODE).str.contains(ROW_BROKEN, literal=True)
    return pl.when(was).then(pl.lit(STILL_BROKEN)).alias(BROKEN)


def _still_wrong(columns: tuple[str, ...]) -> pl.Expr:
    """Say of a row of our own CSV that a cell which was no value in its workbook is as it was."""
    was = pl.col(ERROR_CODE).str.contains("cell_error|digits_lost")
    same = [
        named(name).str.contains(_UNCORRECTED)
        & pl.col(ERROR).str.contains(pl.concat_str(pl.lit('"'), named(name).str.head(_COMPARED)), literal=True)
        for name in columns
    ]
    return pl.when(was & pl.any_horizontal(same)).then(pl.lit(STILL_WRONG)).alias(BROKEN)


def as_meant(cell: str) -> str:
    """Undo the neutralising of one cell."""
    return cell[1:] if re.match(_NEUTRALISED, cell) else cell


def kept(names: tuple[str, ...], *, ours: bool) -> tuple[str, ...]:
    """Leave out the columns that are ours and not the sheet's."""
    return tuple(name for name in names if name != ROW and not (ours and name in NOTES))
