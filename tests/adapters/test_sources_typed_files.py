"""JSON lines and Parquet: what was written is what is read, in batches of any size."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from importer.errors import SourceError
from importer.model import BROKEN, KIND_PREFIX, ROW, Kind, SourceOptions
from importer.sources import open_source

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
values = st.none() | st.booleans() | st.integers(-(10**25), 10**25) | words
keys = st.sampled_from(["a", "b", "c"])
records = st.lists(st.dictionaries(keys, values, max_size=3), min_size=1, max_size=8)


SEPARATORS = set("\x1c\x1d\x1e\x1f")
"""What Python takes for blanks, and Unicode does not: control characters, which are read and refused later."""


def text_of(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and not value.strip().strip("\0") and SEPARATORS.isdisjoint(value):
        return None
    return str(value).upper() if isinstance(value, bool) else str(value)


def kind_of(value: object) -> Kind:
    if isinstance(value, bool):
        return Kind.BOOLEAN
    return Kind.NUMBER if isinstance(value, int) and abs(value) <= 2**53 else Kind.TEXT


@settings(max_examples=60, deadline=None)
@example([{"a": "\x1f"}], 20, False)
@given(records, st.sampled_from([1, 20, 1 << 20]), st.booleans())
def test_what_json_wrote_is_what_is_read(rows: list[dict[str, Any]], block_bytes: int, ascii_only: bool) -> None:
    """Texts, whole numbers of any length, truths and gaps, with their kinds; keys may be missing."""
    used = list(dict.fromkeys(key for row in rows for key in row))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheet.ndjson"
        lines = [json.dumps(row, ensure_ascii=ascii_only) for row in rows]
        path.write_bytes("\n".join(lines).encode())
        if not used:
            with pytest.raises(SourceError, match="is empty"):
                open_source(path, SourceOptions())
            return
        with open_source(path, SourceOptions(), block_bytes=block_bytes) as source:
            assert list(source.columns) == used
            found = [row for batch in source.batches() for row in batch.iter_rows(named=True)]
    filled = [(n, row) for n, row in enumerate(rows, 1) if any(text_of(value) for value in row.values())]
    assert [row[ROW] for row in found] == [number for number, _ in filled]
    for (_, wanted), row in zip(filled, found, strict=True):
        assert row[BROKEN] is None
        for key in used:
            assert row[key] == text_of(wanted.get(key))
            if row[key] is not None:
                assert row.get(KIND_PREFIX + key, Kind.TEXT) == kind_of(wanted[key])


@pytest.mark.parametrize("block_bytes", [5_000, 1 << 21])
def test_a_parquet_file_is_read_as_its_frame_is(tmp_path: Path, block_bytes: int) -> None:
    """Of many row groups, in batches of any size, the same each time."""
    frame = pl.DataFrame(
        {
            "name": [None if n % 7 == 0 else f"Größe {n}" for n in range(3000)],
            "price": [n / 8 for n in range(3000)],
            "day": pl.date_range(pl.date(2000, 1, 1), pl.date(2008, 3, 18), eager=True),
            "odd": [[n] for n in range(3000)],
        }
    )
    path = tmp_path / "sheet[1]=*.parquet"  # signs that mean something elsewhere
    frame.write_parquet(path, row_group_size=700)
    with (
        open_source(frame, SourceOptions()) as held,
        open_source(path, SourceOptions(), block_bytes=block_bytes) as one,
    ):
        assert (one.columns, one.typed, one.unreadable) == (held.columns, held.typed, held.unreadable)
        for batch in one.batches():
            assert batch.height <= max(1, block_bytes // 10)
            break
        assert pl.concat(one.batches()).rows() == pl.concat(held.batches()).rows()
        assert pl.concat(one.batches()).rows() == pl.concat(held.batches()).rows()


def test_a_parquet_file_that_changes_is_told(tmp_path: Path) -> None:
    """What is sent must be what was checked."""
    path = tmp_path / "sheet.parquet"
    pl.DataFrame({"a": ["1"]}).write_parquet(path)
    with open_source(path, SourceOptions()) as source:
        list(source.batches())
        pl.DataFrame({"a": ["1", "2"]}).write_parquet(path)
        with pytest.raises(SourceError, match="was changed while it was being read"):
            list(source.batches())
