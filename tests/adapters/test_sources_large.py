"""Large cells, long files and packed ones that never end: what is read, what is refused, and what it takes."""

from __future__ import annotations

import csv
import gzip
import io
import tracemalloc
from typing import TYPE_CHECKING

import polars as pl
import pytest

from importer.errors import SourceError
from importer.model import ROW, SourceOptions
from importer.sources import open_source

if TYPE_CHECKING:
    from pathlib import Path

TEN_MB = 10 << 20


@pytest.mark.parametrize("ragged", [False, True])
def test_cells_of_ten_megabytes_are_read_either_way(tmp_path: Path, ragged: bool) -> None:
    """By polars and by the `csv` module; rows around them are not disturbed."""
    long = ('An article, with "pictures" in it.\n' * (TEN_MB // 34 + 1))[:TEN_MB]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["a", "b"], ["1", long], ["2", "x", *[""] * ragged], [long, "3"]])
    path = tmp_path / "sheet.csv"
    path.write_bytes(text.getvalue().encode())
    with open_source(path, SourceOptions()) as source:
        frame = pl.concat(source.batches())
    assert frame.get_column(ROW).to_list() == [2, 3, 4]
    assert frame.get_column("a").to_list() == ["1", "2", long]
    assert frame.get_column("b").to_list() == [long, "x", "3"]


@pytest.mark.soak
def test_a_cell_beyond_all_measure_is_refused(tmp_path: Path) -> None:
    """64 million characters: the row is named, the rest of the file is not swallowed."""
    path = tmp_path / "sheet.csv.gz"
    line = gzip.compress(b"text\n" * (1 << 20), 1)
    path.write_bytes(gzip.compress(b'a,b\n1,2\n3,"') + line * 14)
    with pytest.raises(SourceError, match=r"row 3: a cell holds more than 64 million characters"):
        open_source(path, SourceOptions())


def test_a_packed_file_that_was_made_to_fill_a_disk_is_refused(tmp_path: Path) -> None:
    """Nothing of it is kept, neither in memory nor on the disk."""
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"\n" * (8 << 20)) * 1000)
    tracemalloc.start()
    try:
        with pytest.raises(SourceError, match=r"bytes of it unpack to more than 25[67] MB") as caught:
            open_source(path, SourceOptions())
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    assert caught.value.hint == "Is it the right file? If it is, unpack it and read the unpacked file."
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.soak
@pytest.mark.parametrize("name", ["sheet.csv.gz", "sheet.ndjson.gz"])
def test_a_line_that_never_ends_is_refused(tmp_path: Path, name: str) -> None:
    """128 MB without a line break are no row."""
    path = tmp_path / name
    start = b"a,b\n1,2\n" + b"," * 3 if "csv" in name else b'{"a": "1"}\n{"a": "2"}\n'
    noise = (bytes(range(97, 123)) * 40_000)[:-1] + b","
    path.write_bytes(gzip.compress(start) + gzip.compress(noise, 1) * 140)
    with pytest.raises(SourceError, match=r"row 3: the (row|line) has no end \(128 MB without a line break\)"):  # noqa: SIM117
        with open_source(path, SourceOptions()) as source:
            list(source.batches())
