"""The rejects as a workbook: typed cells stay typed, guilty cells are marked and say why."""

from __future__ import annotations

import contextlib
import re
from datetime import date, datetime, time
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from xlsxwriter import Workbook

from importer.model import Kind, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from xlsxwriter.format import Format

LONGEST_CELL = 32_767
"""UTF-16 units that a cell of a workbook can hold (Excel's own limit)."""

WIDTHS = {"_row": 8, "_error_code": 22, "_error": 70, "_fix": 70}
USUAL_WIDTH = 24
EXACT_DIGITS = 15
"""Digits of a number that every spreadsheet program keeps; longer ones stay text."""

FIRST_DAY = date(1900, 3, 1)
"""The first day that all spreadsheet programs count alike: some know a February 29th in 1900."""

ERRORS = frozenset(("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"))
"""What a cell can hold instead of a value (ECMA-376, part 1, 18.17.3)."""

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What XML cannot hold."""

Native: TypeAlias = "str | float | bool | date"


class _Looks(NamedTuple):
    """How cells look: by what stands in them, and whether they are guilty."""

    text: Format | None
    day: Format
    moment: Format


class RejectsWorkbook:
    """Gathers rejected rows on disk, and becomes a workbook when it is saved; `drop` it in any case."""

    def __init__(self, columns: Sequence[str], added: Sequence[str], path: Path) -> None:
        # Beside the workbook: what is said of that folder, such as that its disk is full, is then true.
        self._drafts = TemporaryDirectory(prefix=".rejects.", dir=path.parent)
        self._book = Workbook(str(path), {"constant_memory": True, "tmpdir": self._drafts.name})
        self._sheet = self._book.add_worksheet("Rejects")
        self._places = {name: place for place, name in enumerate(columns)}
        self._row_place = len(columns)
        self._plain, self._guilty = self._looks(), self._looks(bg_color="#FFC7CE")
        self._ours = self._book.add_format({"bg_color": "#EDEDED", "valign": "top", "text_wrap": True})
        self._sheet.freeze_panes(1, 0)
        head = self._book.add_format({"bold": True})
        for place, name in enumerate((*columns, *added)):
            width = WIDTHS.get(name, USUAL_WIDTH) if place >= len(columns) else USUAL_WIDTH
            self._sheet.set_column(place, place, width)
            self._sheet.write_string(0, place, name, head)
        self._written = 1

    def _looks(self, **looks: str) -> _Looks:
        """Make the looks of cells that share a color."""
        made = (self._book.add_format({**looks, "num_format": form}) for form in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"))
        return _Looks(self._book.add_format(looks) if looks else None, *made)

    @staticmethod
    def takes(cells: Sequence[str | None]) -> bool:
        """Say whether the cells fit into a workbook as they are (length, no control characters)."""
        return all(cell is None or (_fits(cell) and not _CONTROLS.search(cell)) for cell in cells)

    def add(
        self,
        cells: Sequence[str | None],
        kinds: Sequence[int],
        said: tuple[int, str, str, str],
        problems: Sequence[Problem],
    ) -> None:
        """Add one row: its cells, then row number, codes, messages and fixes."""
        row, comments = self._written, self._comments(problems)
        for place, (cell, kind) in enumerate(zip(cells, kinds, strict=True)):
            if cell is not None or place in comments:
                self._write(row, place, cell, kind, self._guilty if place in comments else self._plain)
        number, *texts = said
        guilty = self._guilty.text if self._row_place in comments else None
        self._sheet.write_number(row, self._row_place, number, guilty)
        for place, text in enumerate(texts, self._row_place + 1):
            self._sheet.write_string(row, place, shortened(text), self._ours)
        for place, comment in comments.items():
            said_there = {"author": "importer", "height": 140, "width": 320}
            self._sheet.write_comment(row, place, shortened(comment), said_there)
        self._written += 1

    def save(self) -> None:
        """Write the workbook; raises OSError."""
        from xlsxwriter.exceptions import FileCreateError  # beside the one place that raises it

        try:
            self._book.close()
        except FileCreateError as error:
            raise error.args[0] from error

    def drop(self) -> None:
        """Let go of what was gathered, saved or not."""
        self._sheet._opt_close()  # noqa: SLF001 - XlsxWriter has no other way to give up
        self._drafts.cleanup()

    def _comments(self, problems: Sequence[Problem]) -> dict[int, str]:
        """Say what is wrong, by the place of the cell that it is said of."""
        comments: dict[int, str] = {}
        for problem in problems:
            place = self._places.get(problem.column or "", self._row_place)
            said = f"{problem.message}\n{problem.fix}"
            comments[place] = f"{comments[place]}\n\n{said}" if place in comments else said
        return comments

    def _write(self, row: int, place: int, cell: str | None, kind: int, looks: _Looks) -> None:
        """Write a cell as what it was: a text that looks like a formula or an error stays a text."""
        value = None if cell is None else native(cell, kind)
        match value:
            case None:
                self._sheet.write_blank(row, place, None, looks.text)
            case bool():
                self._sheet.write_boolean(row, place, value, looks.text)
            case datetime():
                self._sheet.write_datetime(row, place, value, looks.moment)
            case date():
                self._sheet.write_datetime(row, place, datetime.combine(value, time()), looks.day)
            case str() if kind == Kind.ERROR and value in ERRORS:
                self._sheet.write_formula(row, place, f"={value}", looks.text, value)
            case str():
                self._sheet.write_string(row, place, value, looks.text)
            case _:
                self._sheet.write_number(row, place, value, looks.text)


def native(cell: str, kind: int) -> Native:
    """Turn canonical text back into what the workbook held; what cannot be turned back exactly stays text."""
    match kind:
        case Kind.BOOLEAN:
            return cell == "TRUE" if cell in {"TRUE", "FALSE"} else cell
        case Kind.NUMBER:
            return _number(cell)
        case Kind.DATE:
            return _moment(cell)
        case _:
            return cell


def shortened(text: str) -> str:
    """Keep our own sentences within what a cell and a comment can hold."""
    text = _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)
    return text if _fits(text) else f"{text[: LONGEST_CELL // 2]}…"


def _fits(text: str) -> bool:
    """Tell whether a text is short enough; signs beyond the first 65,536 count twice."""
    return len(text) <= LONGEST_CELL // 2 or len(text.encode("utf-16-le", "surrogatepass")) <= 2 * LONGEST_CELL


def _moment(cell: str) -> str | date:
    with contextlib.suppress(ValueError):
        day = date.fromisoformat(cell)
        return day if day >= FIRST_DAY else cell
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(cell)
        return cell if moment.tzinfo or moment.date() < FIRST_DAY else moment
    return cell


def _number(cell: str) -> str | float:
    with contextlib.suppress(ValueError):
        if cell.lstrip("-").isdigit():
            return int(cell) if len(cell.lstrip("-")) <= EXACT_DIGITS else cell
        number = float(cell)
        if float(f"{number:.16G}") == number and abs(number) != float("inf") and "_" not in cell:  # as it is written
            return number
    return cell
