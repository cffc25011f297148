"""The addresses behind cells: hyperlinks of a sheet, and HYPERLINK() formulas."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import polars as pl

from importer.sources.header import column_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from importer.sources.sheet import Area

_IN_FORMULA = re.compile(r'\s*HYPERLINK\s*\(\s*"((?:[^"]|"")*)"\s*[,;)]', re.IGNORECASE)
"""A formula whose first argument is the address itself; others work it out from other cells."""

_MOST = 1_000_000
"""Cells of one link: what is said of whole columns is said of its filled cells, and no sheet has more rows."""


def spread(links: Iterable[tuple[Area, str]], height: int, width: int) -> dict[tuple[int, int], str]:
    """Give each cell of a sheet of that size its address."""
    cells: dict[tuple[int, int], str] = {}
    for area, address in links:
        bottom, right = min(area.bottom, height - 1), min(area.right, width - 1)
        if (bottom - area.top + 1) * (right - area.left + 1) > _MOST:
            continue
        for row in range(area.top, bottom + 1):
            for column in range(area.left, right + 1):
                cells[row, column] = address
    return cells


def address_of(link: Mapping[str, str], target: str | None) -> str | None:
    """Give the address of a link: what its relation names, with the place in that page; None within the workbook."""
    if not target:
        return None
    place = link.get("location")
    return f"{target}#{place}" if place and "#" not in target else target


def formula_address(formula: str) -> str | None:
    """Give the address that a HYPERLINK() formula names; "" for a place in the workbook, None if it is worked out."""
    found = _IN_FORMULA.match(formula)
    if found is None:
        return None
    address = found[1].replace('""', '"')
    return "" if address.startswith("#") else address


def formula_links(rows: bytes, prefix: bytes) -> tuple[dict[tuple[int, int], str], list[tuple[int, int]]]:
    """Find the HYPERLINK() formulas among the rows of a sheet: addresses that stand in them, and cells with others."""
    found: dict[tuple[int, int], str] = {}
    worked_out: list[tuple[int, int]] = []
    if b"HYPERLINK" not in rows:
        return found, worked_out
    cell = re.compile(
        rb'<@c r="([A-Z]{1,3})([0-9]{1,7})"[^>]*>\s*<@f(?:\s[^>]*)?>([^<]*HYPERLINK[^<]*)<'.replace(b"@", prefix)
    )
    for match in cell.finditer(rows):
        place = int(match[2]) - 1, column_number(match[1].decode())
        address = formula_address(unescape(match[3].decode(errors="replace")))
        if address is None:
            worked_out.append(place)
        elif address:
            found[place] = address
    return found, worked_out


def addresses(links: Mapping[tuple[int, int], str], at: int, height: int) -> dict[int, pl.Series]:
    """Give the columns that have links below the header (at row `at`, from 0), each with its addresses."""
    by_column: dict[int, tuple[list[int], list[str]]] = {}
    for (row, column), address in sorted(links.items()):
        if at < row <= at + height:
            rows, texts = by_column.setdefault(column, ([], []))
            rows.append(row - at - 1)
            texts.append(address)
    blank = pl.Series([None] * height, dtype=pl.String)
    return {column: blank.clone().scatter(rows, texts) for column, (rows, texts) in sorted(by_column.items())}
