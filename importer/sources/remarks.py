"""What a person may not expect of a sheet, as sentences: hidden things are read, merged cells are empty but one."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from importer.sources.header import letters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from importer.model import SourceOptions
    from importer.sources.sheet import Area, Sheet, Tab

_MOST_NAMED = 5
"""Rows or columns that a sentence names; of more it says how many there are."""


def remarks(
    sheet: Sheet, names: Mapping[int, str], at: int, others: Sequence[Tab], options: SourceOptions
) -> Iterator[str]:
    """Say what is to be known of a sheet: `names` are its columns by their places, `at` its header (-1: none)."""
    passed = [repr(tab.name) for tab in others if tab.table and not tab.shown]
    if passed and options.sheet is None:
        yield (
            f"Hidden and not read: the sheet{'s' * (len(passed) > 1)} {_listed(passed)}."
            " `sheet` in [source] takes another sheet."
        )
    if sheet.blind:
        yield (
            "In this format, links behind cells and zeros that only a number format shows (00123) cannot be seen."
            " Save the workbook as .xlsx if they matter."
        )
    yield from _hidden(sheet, names, at)
    yield from _merged(sheet, names, at)
    percents = [f'"{names[place]}"' for place in sorted(sheet.percents) if place in names]
    if percents:
        yield (
            f"Shown as percent: numbers in {_columns(percents)}. 19 % is read as 0.19;"
            " the transform { multiply = 100 } makes 19 of it."
        )
    yield from _links(sheet, names, at)


def _hidden(sheet: Sheet, names: Mapping[int, str], at: int) -> Iterator[str]:
    rows = [row + 1 for row in sheet.hidden_rows if row > at]
    if rows:
        many = len(rows) > 1
        yield (
            f"Hidden in the spreadsheet, by hand or by a filter, and read all the same: {len(rows):,}"
            f" row{'s' * many} ({_runs(rows)}). If they are not meant, delete them, or leave them out with [where]."
        )
    columns = [f'"{names[place]}"' for place in sorted(sheet.hidden_columns) if place in names]
    if columns:
        yield f"Hidden in the spreadsheet, and read all the same: {_columns(columns)}."


def _merged(sheet: Sheet, names: Mapping[int, str], at: int) -> Iterator[str]:
    """Tell merged cells that hold anything: in the header they cost names, below it values."""
    used = [area for area in sheet.merged if area.left in names and area.bottom >= at and _holds(sheet, area)]
    header = [area for area in used if area.top <= at and area.right > area.left]
    if header and at >= 0:
        yield (
            f"Merged in the header: {_areas(header)}. Only the first column of each has the name;"
            " the others go by their letters."
        )
    below = [area for area in used if area.top > at]
    if not below:
        return
    tall = sorted({area.left for area in below if area.bottom > area.top})
    said = f"Merged: {_areas(below)}. Only the first cell of each holds the value, the others are empty"
    if tall:
        shown = ", ".join(f'"{names[place]}"' for place in tall)
        yield f"{said}; fill_down = [{shown}] in [source] gives it to every row."
    else:
        yield f"{said}."


def _holds(sheet: Sheet, area: Area) -> bool:
    """Tell whether an area is more than a cell, and not blank."""
    texts = sheet.columns[area.left].texts
    if (area.top, area.left) == (area.bottom, area.right):
        return False
    return area.top < len(texts) and texts[area.top] is not None


def _links(sheet: Sheet, names: Mapping[int, str], at: int) -> Iterator[str]:
    linked = sorted({column for row, column in sheet.links if row > at and column in names})
    if linked:
        shown = [f'"{names[place]} (link)"' for place in linked]
        yield f"Links behind cells: their addresses can be used as {_columns(shown)}."
    lost = sorted((row, column) for row, column in sheet.worked_out if row > at and column in names)
    if lost:
        row, column = lost[0]
        yield (
            f'Links that a formula works out: {len(lost):,}, the first in row {row + 1} of "{names[column]}". Their'
            " addresses cannot be read; write them into a column of their own if they are needed."
        )


def _columns(shown: Sequence[str]) -> str:
    return f"the column{'s' * (len(shown) > 1)} {_listed(shown)}"


def _listed(shown: Sequence[str]) -> str:
    more = len(shown) - _MOST_NAMED
    return ", ".join(shown[:_MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _areas(areas: Sequence[Area]) -> str:
    return _listed([f"{letters(area.left)}{area.top + 1}:{letters(area.right)}{area.bottom + 1}" for area in areas])


def _runs(numbers: Sequence[int]) -> str:
    """Name rows in order: 3, 5 to 9."""
    starts = [numbers[0], *(after for before, after in pairwise(numbers) if after != before + 1)]
    ends = [*(before for before, after in pairwise(numbers) if after != before + 1), numbers[-1]]
    return _listed(
        [f"{start}" if start == end else f"{start} to {end}" for start, end in zip(starts, ends, strict=True)]
    )
