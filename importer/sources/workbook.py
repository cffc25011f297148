"""Workbooks: which sheet is read, what its columns are, and what a person is told of it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import fastexcel
import polars as pl

from importer.errors import SourceError
from importer.model import KIND_PREFIX, ROW
from importer.sources.archive import open_archive
from importer.sources.binary_books import open_xls, open_xlsb
from importer.sources.header import column_names, header_at, is_ours
from importer.sources.held import Held, numbered
from importer.sources.links import addresses
from importer.sources.open_document import open_document
from importer.sources.open_xml import open_book
from importer.sources.refusals import damaged, gave_up, no_such_sheet, old_one, protected
from importer.sources.remarks import remarks
from importer.sources.shape import Shape, kept
from importer.sources.source import Found, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from importer.model import SourceOptions
    from importer.sources.sheet import Column, Sheet, Tab

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_NEW = frozenset({".xlsx", ".xlsm"})
_LOOK_AHEAD = 200
"""Rows among which the header is looked for."""


class _Book(Protocol):
    """An open workbook: its sheets, and how one of them is read, by its place among them."""

    @property
    def tabs(self) -> tuple[Tab, ...]: ...

    def read(self, place: int, /) -> Sheet: ...


def open_workbook(path: Path, options: SourceOptions, name: str, block_bytes: int) -> Source:
    """Open a sheet of a workbook: the one asked for by name or number (from 1), or the first that is not hidden.

    Raises SourceError if the file is no workbook, is broken, protected or a trap, or has no such sheet.
    """
    with _refusing(name), _opened(path, name) as book:
        place = _choose(book.tabs, options.sheet, name)
        # rejects go back in whatever the mapping says of the sheet that they came from
        sheet = book.read(place or 0)
    tab = book.tabs[place or 0]
    here = f"{name} (sheet {tab.name!r})"
    top = [column.texts.head(max(_LOOK_AHEAD, options.header_row or 0)).to_list() for column in sheet.columns]
    rows = [list(row) for row in zip(*top, strict=True)]
    ours = bool(rows) and is_ours(rows[0])
    if place is None and not ours:
        raise no_such_sheet(name, options.sheet, [each.name for each in book.tabs])
    at = 0 if ours else header_at(_without_titles(rows, sheet, options), options.header_row, here)
    if not rows:
        raise SourceError(f"{here} is empty: it has no rows.", "Is it the right sheet?")
    table, names = _table(sheet, [None] * len(sheet.columns) if at < 0 else rows[at], at, ours=ours)
    columns = kept(tuple(column for column in table.columns if not column.startswith(KIND_PREFIX)), ours=ours)
    kinds = tuple(column for column in columns if KIND_PREFIX + column in table.columns)
    shape = Shape(name, columns, kinds, options.null_values, numbered=ours)
    notes = () if ours else tuple(remarks(sheet, names, at, [each for each in book.tabs if each is not tab], options))
    detected = f"{name}: sheet {tab.name!r}{_among(book.tabs, options.sheet)}, {_where(rows, at)}"
    return Source(Held(numbered(table, at + 2), block_bytes), shape, Found(detected, tab.name, ours=ours, notes=notes))


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    """Turn what the reader says of a workbook into a sentence."""
    try:
        yield
    except fastexcel.FastExcelError as error:
        why = str(error).splitlines()[0].removeprefix("calamine error: ")
        raise (protected(name) if "password" in why.lower() else damaged(name, why)) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # how a mistake in the Rust code arrives; it has no other name
            raise
        raise gave_up(name, error) from None


@contextmanager
def _opened(path: Path, name: str) -> Iterator[_Book]:
    """Open a workbook of any format, by what it is and not by what it is called."""
    with path.open("rb") as file:
        content = file.read(len(_OLE))
        if content == _OLE:
            content += file.read()
    if content.startswith(_OLE):
        if _ENCRYPTED in content:
            raise protected(name)
        if path.suffix.lower() in _NEW:
            raise old_one(name)
        yield open_xls(path, content, name)
        return
    with open_archive(path, name) as archive:
        if archive.has("xl/workbook.bin"):
            yield open_xlsb(path, archive)
        elif archive.has("content.xml") and archive.has("mimetype"):
            yield open_document(archive)
        else:
            yield open_book(archive)


def _choose(tabs: tuple[Tab, ...], sheet: str | int | None, name: str) -> int | None:
    """Give the place of a sheet; None for a workbook of one sheet that is not the one asked for."""
    tables = [place for place, tab in enumerate(tabs) if tab.table]
    if not tables:
        raise SourceError(f"{name} has no sheets.", "Is it the right file?")
    if sheet is None:
        return next((place for place in tables if tabs[place].shown), tables[0])
    if isinstance(sheet, int):
        found = [sheet - 1] if 0 < sheet <= len(tabs) else []
    else:
        found = [place for place, tab in enumerate(tabs) if tab.name == sheet]
        folded = sheet.strip().casefold()
        found = found or [place for place, tab in enumerate(tabs) if tab.name.strip().casefold() == folded]
    if len(found) != 1:
        if len(tabs) == 1:
            return None
        raise no_such_sheet(name, sheet, [tab.name for tab in tabs])
    if not tabs[found[0]].table:
        raise SourceError(
            f"{name} (sheet {tabs[found[0]].name!r}) is a chart, not a table.",
            f"`sheet` in [source] takes another: {', '.join(repr(tabs[place].name) for place in tables)}.",
        )
    return found[0]


def _among(tabs: Sequence[Tab], sheet: str | int | None) -> str:
    """Say that a sheet was taken because it stands before others."""
    shown = sum(tab.shown and tab.table for tab in tabs)
    return f" (the first of {shown})" if sheet is None and shown > 1 else ""


def _where(rows: list[list[str | None]], at: int) -> str:
    """Say where the header is, and that something stands above it."""
    if at < 0:
        return "no header"
    above = any(cell and cell.strip() for row in rows[:at] for cell in row)
    return f"header in row {at + 1}{', below other text' if above else ''}"


def _without_titles(rows: list[list[str | None]], sheet: Sheet, options: SourceOptions) -> list[list[str | None]]:
    """Leave out, for finding the header, what is alone in its row and merged over several columns: that is a title."""
    titles = {area.top for area in sheet.merged if area.right > area.left}
    if options.header_row is not None or not titles:
        return rows
    left: list[list[str | None]] = [
        [None] * len(row) if at in titles and sum(cell is not None for cell in row) == 1 else row
        for at, row in enumerate(rows)
    ]
    return left if any(cell is not None for row in left for cell in row) else rows


def _table(sheet: Sheet, header: Sequence[str | None], at: int, *, ours: bool) -> tuple[pl.DataFrame, dict[int, str]]:
    """Put the columns together that have a header or a cell, and the addresses behind them; give their names too."""
    bodies = {place: _below(column, at) for place, column in enumerate(sheet.columns)}
    places = [place for place, body in bodies.items() if header[place] or body.texts.null_count() < len(body.texts)]
    names = column_names([header[place] for place in places], keep=(ROW,) if ours else (), places=places)
    shown = dict(zip(places, names, strict=True))
    data: dict[str, pl.Series] = {}
    for place, name in shown.items():
        texts, kinds = bodies[place].texts, bodies[place].kinds
        data[name] = texts
        if kinds is not None and kinds.max():
            data[KIND_PREFIX + name] = kinds
    linked = {} if ours else addresses(sheet.links, at, len(next(iter(data.values()), ())))
    linked = {place: cells for place, cells in linked.items() if place in shown}
    wanted = [f"{shown[place]} (link)" for place in linked]
    unique = column_names([*names, *wanted], keep=(ROW,))[len(names) :]
    return pl.DataFrame(data | dict(zip(unique, linked.values(), strict=True))), shown


def _below(column: Column, at: int) -> Column:
    """Give the cells of a column below the header."""
    kinds = column.kinds[at + 1 :] if column.kinds is not None else None
    return replace(column, texts=column.texts[at + 1 :], kinds=kinds)
