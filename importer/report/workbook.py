"""The rejects as a workbook: typed cells stay typed, guilty cells are marked and say why."""

from __future__ import annotations

import contextlib
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.cell.cell import ERROR_CODES, ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, NamedStyle, PatternFill
from openpyxl.utils import get_column_letter

from importer.model import Kind, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LONGEST_CELL = 32_767
"""Characters that a cell of a workbook can hold (Excel's own limit)."""

GUILTY = "guilty cell"
OURS = "added by importer"
HEAD = "header"
WIDTHS = {"_row": 8, "_error_code": 22, "_error": 70, "_fix": 70}
USUAL_WIDTH = 24
EXACT_DIGITS = 15
"""Digits of a number that every spreadsheet program keeps; longer ones stay text."""


class RejectsWorkbook:
    """Gathers rejected rows on disk, and becomes a workbook when it is saved."""

    def __init__(self, columns: Sequence[str], added: Sequence[str]) -> None:
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet("Rejects")
        self._places = {name: place for place, name in enumerate(columns)}
        self._row_place = len(columns)
        self._sheet.freeze_panes = "A2"
        names = (*columns, *added)
        for place, name in enumerate(names, start=1):
            width = WIDTHS.get(name, USUAL_WIDTH) if place > len(columns) else USUAL_WIDTH
            self._sheet.column_dimensions[get_column_letter(place)].width = width
        for style in _styles():
            self._book.add_named_style(style)
        self._sheet.append([self._text(name, HEAD) for name in names])

    @staticmethod
    def takes(cells: Sequence[str | None]) -> bool:
        """Say whether the cells fit into a workbook as they are (length, no control characters)."""
        return all(
            cell is None or (len(cell) <= LONGEST_CELL and not ILLEGAL_CHARACTERS_RE.search(cell)) for cell in cells
        )

    def add(
        self,
        cells: Sequence[str | None],
        kinds: Sequence[int],
        said: tuple[int, str, str, str],
        problems: Sequence[Problem],
    ) -> None:
        """Add one row: its cells, then row number, codes, messages and fixes."""
        number, *texts = said
        row: list[Any] = [
            None if cell is None else self._cell(cell, kind) for cell, kind in zip(cells, kinds, strict=True)
        ]
        row += [number, *(self._text(shortened(text), OURS) for text in texts)]
        for problem in problems:
            place = self._places.get(problem.column or "", self._row_place)
            row[place] = self._marked(row[place], problem)
        self._sheet.append(row)

    def save(self, path: Path) -> None:
        """Write the workbook."""
        self._book.save(path)

    def drop(self) -> None:
        """Let go of what was gathered; after `save` there is nothing to let go of."""
        if not self._sheet.closed:
            self._sheet.close()
            writer: Any = self._sheet._writer  # noqa: SLF001 - openpyxl has no other way to remove its draft
            writer.cleanup()

    def _marked(self, held: Any, problem: Problem) -> Cell:
        """Make what stands in a row a cell that says what is wrong with it, beside what was said before."""
        cell = held if isinstance(held, Cell) else WriteOnlyCell(self._sheet)
        if cell is not held:
            cell.value = held
        said = f"{problem.message}\n{problem.fix}"
        if cell.comment is not None:
            said = f"{cell.comment.text}\n\n{said}"
        cell.style = GUILTY
        cell.comment = Comment(shortened(said), "importer", height=140, width=320)
        return cell

    def _cell(self, cell: str, kind: int) -> Any:
        """Give what openpyxl takes: a plain value, or a cell where it would read too much into a text."""
        value = native(cell, kind)
        if isinstance(value, str) and kind != Kind.ERROR and (value.startswith("=") or value in ERROR_CODES):
            return self._text(value)
        return value

    def _text(self, value: str, style: str | None = None) -> Cell:
        """Make a cell of text: openpyxl would take "=1+1" for a formula and "#N/A" for an error."""
        made = WriteOnlyCell(self._sheet, value=value)
        made.data_type = "s"
        if style is not None:
            made.style = style
        return made


def _styles() -> tuple[NamedStyle, ...]:
    """Make the looks of the three kinds of cells that are not the sheet's own."""
    return (
        NamedStyle(GUILTY, fill=PatternFill("solid", start_color="FFFFC7CE")),
        NamedStyle(
            OURS,
            fill=PatternFill("solid", start_color="FFEDEDED"),
            alignment=Alignment(vertical="top", wrap_text=True),
        ),
        NamedStyle(HEAD, font=Font(bold=True)),
    )


def native(cell: str, kind: int) -> str | float | bool | date | datetime:
    """Turn canonical text back into what the workbook held; what cannot be turned back exactly stays text."""
    match kind:
        case Kind.BOOLEAN:
            return cell == "TRUE" if cell in {"TRUE", "FALSE"} else cell
        case Kind.NUMBER:
            return _number(cell)
        case Kind.DATE:
            with contextlib.suppress(ValueError):
                return date.fromisoformat(cell)
            with contextlib.suppress(ValueError):
                moment = datetime.fromisoformat(cell)
                return cell if moment.tzinfo else moment
            return cell
        case _:
            return cell


def shortened(text: str) -> str:
    """Keep our own sentences within what a cell and a comment can hold."""
    text = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", text)
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"


def _number(cell: str) -> str | float:
    with contextlib.suppress(ValueError):
        if sum(map(str.isdigit, cell)) <= EXACT_DIGITS and cell.lstrip("-").isdigit():
            return int(cell)
        number = float(cell)
        if number == number and abs(number) != float("inf") and "_" not in cell:  # noqa: PLR0124 - NaN differs from itself
            return number
    return cell
