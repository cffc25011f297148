"""Maps sheets whose items have several rows, as a check and a run do: read in blocks, gathered, folded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from importer.commands.checking import Sheet, check_sheet
from importer.mapping import items_of
from importer.model import Item, Problem, SourceOptions
from importer.sources import open_source
from tests.unit.mapping.conftest import Workshop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.mapping import Compiled

Cells = dict[str, list[str | None]]


@dataclass(frozen=True, slots=True)
class Found:
    """What a sheet gave: all items (also those with problems), and what is wrong."""

    sheet: Sheet
    items: list[Item]
    problems: list[Problem]

    @property
    def fields(self) -> dict[tuple[int, ...], dict[str, Any]]:
        """Give the fields of each item, by its rows."""
        return {one.rows: orjson.loads(one.body)["fieldData"] for one in self.items}

    def of(self, slug: str) -> dict[tuple[int, ...], Any]:
        """Give one field of each item, by its rows."""
        return {rows: fields.get(slug) for rows, fields in self.fields.items()}

    @property
    def told(self) -> list[tuple[int, str | None, str, str | None]]:
        """Give row, column, code and value of each problem."""
        return [(one.row, one.column, one.code, one.value) for one in self.problems]


def frame_of(cells: Cells) -> pl.DataFrame:
    """Make a frame of texts; its rows get the numbers 2 and so on."""
    return pl.DataFrame({name: pl.Series(texts, dtype=pl.String) for name, texts in cells.items()})


def mapped(text: str, sheet: Cells | pl.DataFrame, *, block: int = 1 << 20, **options: Any) -> Found:
    """Map a sheet that is read in blocks of so many bytes."""
    frame = sheet if isinstance(sheet, pl.DataFrame) else frame_of(sheet)
    with open_source(frame, SourceOptions(), block_bytes=block) as source:
        compiled = (_compiled if not options else Workshop().compiled)(
            text, source.columns, kinds=source.typed, ours=source.ours, **options
        )
        checked = check_sheet(source, compiled)
        frames = [compiled.apply(batch).frame for batch in checked.batches(source)]
        return Found(checked, [item for one in frames for item in items_of(one, compiled)], list(checked.problems()))


@cache
def _compiled(text: str, columns: tuple[str, ...], *, kinds: frozenset[str], ours: bool) -> Compiled:
    return Workshop().compiled(text, columns, kinds=kinds, ours=ours)


def rows(*lines: Sequence[str | None], names: str) -> Cells:
    """Make cells of rows; `names` are the headers, parted by blanks."""
    return {name: [line[at] for line in lines] for at, name in enumerate(names.split())}
