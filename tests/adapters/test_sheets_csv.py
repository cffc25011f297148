"""The torture collection `tests/sheets/csv`: each file is read as its entry says, or refused with that sentence.

An entry of a group's .toml is named after its file, and says: `about`, why it is there; `options`, of [source];
`detected`, the line about it behind its name; `notes`, what is said besides, behind its name; `columns`; `rows`, each
with its number first and "" for an empty cell; `broken`, why rows are broken (the beginning); `kinds` of cells, by
column; `numbers`, what a number field reads in a column ("" where there is none); or `refused`, how the sentence of the
refusal begins, and its `hint`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from importer.errors import SourceError
from importer.model import BROKEN, KIND_PREFIX, ROW, Kind, SourceOptions
from importer.schema import reading
from importer.sources import open_source

SHEETS = Path(__file__).parents[1] / "sheets" / "csv"
ENTRIES: dict[Path, dict[str, Any]] = {
    SHEETS / group.stem / name: entry
    for group in sorted(SHEETS.glob("*.toml"))
    for name, entry in tomllib.loads(group.read_text(encoding="utf-8")).items()
}
READ = [path for path, entry in ENTRIES.items() if "refused" not in entry]
REFUSED = [path for path, entry in ENTRIES.items() if "refused" in entry]


def called(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def options_of(entry: dict[str, Any]) -> SourceOptions:
    given: dict[str, Any] = entry.get("options", {})
    listed: dict[str, Any] = {key: tuple(value) for key, value in given.items() if isinstance(value, list)}
    return SourceOptions(**given | listed)


def test_each_file_has_an_entry() -> None:
    """And each entry a file; there are enough of them."""
    files = {path for path in SHEETS.rglob("*") if path.is_file() and path.parent != SHEETS}
    assert files == set(ENTRIES)
    assert len(files) >= 80


@pytest.mark.parametrize("block_bytes", [1, 1 << 21])
@pytest.mark.parametrize("path", READ, ids=called)
def test_a_file_is_read_as_its_entry_says(path: Path, block_bytes: int) -> None:
    """Cell for cell, whatever the size of the batches, and the same when it is read again."""
    entry = ENTRIES[path]
    with open_source(path, options_of(entry), block_bytes=block_bytes) as source:
        assert source.detected == f"{path.name}: {entry['detected']}"
        assert [note.removeprefix(path.name).lstrip(":, ") for note in source.notes] == entry.get("notes", [])
        assert list(source.columns) == entry["columns"]
        batches = list(source.batches())
        assert [batch.rows() for batch in batches] == [batch.rows() for batch in source.batches()]
    frame = pl.concat(batches) if batches else None
    assert cells_of(frame, source.columns) == entry["rows"]
    if frame is None:
        return
    broken = {str(row): why for row, why in frame.select(ROW, BROKEN).iter_rows() if why is not None}
    assert broken.keys() == entry.get("broken", {}).keys()
    assert all(why.startswith(entry["broken"][row]) for row, why in broken.items())
    assert kinds_of(frame) == entry.get("kinds", {})
    if "numbers" in entry:
        asked = entry["numbers"]
        read = frame.select(reading.number_of(pl.col(asked["column"]), asked["decimal"])).to_series()
        assert ["" if number is None else f"{number:.15g}" for number in read] == asked["read"]


def cells_of(frame: pl.DataFrame | None, columns: tuple[str, ...]) -> list[list[Any]]:
    if frame is None:
        return []
    cells = [frame.get_column(column) for column in (ROW, *columns)]
    return [["" if cell is None else cell for cell in row] for row in zip(*cells, strict=True)]


def kinds_of(frame: pl.DataFrame) -> dict[str, list[str]]:
    return {
        column.removeprefix(KIND_PREFIX): ["" if kind is None else Kind(kind).name.lower() for kind in frame[column]]
        for column in frame.columns
        if column.startswith(KIND_PREFIX)
    }


@pytest.mark.parametrize("path", REFUSED, ids=called)
def test_a_file_is_refused_with_its_sentence(path: Path) -> None:
    """What happened, where, and what to do next."""
    entry = ENTRIES[path]
    with pytest.raises(SourceError) as caught, open_source(path, options_of(entry)) as source:
        list(source.batches())
    said = caught.value.message
    assert said.startswith(path.name)
    assert said.removeprefix(path.name).lstrip(":, ").startswith(entry["refused"].removeprefix(path.name).lstrip(":, "))
    assert caught.value.hint == entry["hint"]
