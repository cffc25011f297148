"""Both ways of reading a CSV file give what Python's `csv` module gives, cell for cell and row for row."""

from __future__ import annotations

import csv
import gzip
import io
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from importer.errors import SourceError
from importer.model import BROKEN, ROW, SourceOptions
from importer.sources import delimited, open_source

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS = ("A", "B", "C")
SIGNS = "ab,;\"\n\r\t \0é€\ufeff\u00a0😀'="

cells = st.text(alphabet=SIGNS, max_size=6)
records = st.lists(st.lists(cells, min_size=1, max_size=5), max_size=12)
blocks = st.sampled_from([1, 7, 50, 1 << 21])


def expected(text: str, width: int = 3) -> list[tuple[int, list[str | None], bool]]:
    """Read as the `csv` module does: row number, cells (None where blank), whether any stand beyond the header."""
    rows = []
    for number, record in enumerate(csv.reader(io.StringIO(text, newline="")), start=1):
        shown = [cell if cell.strip().strip("\0") else None for cell in record]
        beyond = any(shown[width:])
        row = (shown + [None] * width)[:width]
        if number > 1 and (beyond or any(row)):
            rows.append((number, row, beyond))
    return rows


def never_closed(text: str) -> bool:
    """Whether the `csv` module is still inside a quoted cell when there are no more lines."""
    ended = False

    def lines() -> Iterator[str]:
        nonlocal ended
        yield from io.StringIO(text, newline="")
        ended = True

    return any(ended for _ in csv.reader(lines()))


def read(path: Path, options: SourceOptions, block_bytes: int) -> list[tuple[int, list[str | None], bool]]:
    with open_source(path, options, block_bytes=block_bytes) as source:
        assert source.columns == COLUMNS
        return [
            (row[ROW], [row[column] for column in COLUMNS], row[BROKEN] is not None)
            for batch in source.batches()
            for row in batch.iter_rows(named=True)
        ]


def check(text: str, block_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheet.csv"
        path.write_bytes(text.encode())
        assert read(path, SourceOptions(delimiter=",", header_row=1), block_bytes) == expected(text)


@settings(max_examples=40, deadline=None)
@given(records, blocks, st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_what_the_csv_module_wrote_is_what_is_read(
    rows: list[list[str]], block_bytes: int, line_end: str, quoting: int
) -> None:
    """Quotes, line breaks, blanks, ragged rows and any line end: each cell and row number comes back."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=line_end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    check(text.getvalue(), block_bytes)


dialects = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([",", ";", "\t", "|", ":", "§"]),
        "quotechar": st.sampled_from(['"', "'"]),
        "lineterminator": st.sampled_from(["\n", "\r\n", "\r"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    }
)


@settings(max_examples=80, deadline=None)
@given(
    rows=st.lists(st.lists(st.text(alphabet=SIGNS + "|:§", max_size=6), min_size=3, max_size=3), max_size=8),
    dialect=dialects,
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "gb18030"]),
    packed=st.booleans(),
    sep_line=st.booleans(),
    block_bytes=blocks,
)
def test_what_the_csv_module_wrote_in_any_dialect_is_what_is_read(
    rows: list[list[str]], dialect: dict[str, Any], codec: str, packed: bool, sep_line: bool, block_bytes: int
) -> None:
    """Any delimiter, quote, line end and encoding, with and without Excel's own line, packed or not."""
    if dialect["quoting"] == csv.QUOTE_MINIMAL:  # it leaves line ends that are not its own outside of quotes
        foreign = dict.fromkeys({10, 13} - set(map(ord, dialect["lineterminator"])))
        rows = [[cell.translate(foreign) for cell in row] for row in rows]
    text = io.StringIO(newline="")
    writer = csv.writer(text, **dialect)
    writer.writerows([COLUMNS, *rows])
    told = f"sep={dialect['delimiter']}\r\n" if sep_line else ""
    data = (told + text.getvalue()).encode(codec)
    options = SourceOptions(
        delimiter=None if sep_line else dialect["delimiter"], quote=dialect["quotechar"], encoding=codec, header_row=1
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("sheet.csv.gz" if packed else "sheet.csv")
        path.write_bytes(gzip.compress(data) if packed else data)
        found = read(path, options, block_bytes)
    shown = [[cell if cell.strip().strip("\0") else None for cell in row] for row in rows]
    assert found == [(number, row, False) for number, row in enumerate(shown, start=2) if any(row)]


@settings(max_examples=120, deadline=None)
@given(st.text(alphabet=SIGNS, max_size=60), blocks)
def test_any_text_is_read_as_the_csv_module_reads_it(body: str, block_bytes: int) -> None:
    """Stray quotes and stray line ends too; a quote never closed is an error, not a swallowed file.

    Quotes behind blanks are read as people mean them, otherwise than the module does: `tests/sheets` holds how.
    """
    assume(re.search(r', +"', body) is None)
    text = "A,B,C\n" + body
    if never_closed(text):
        with pytest.raises(SourceError, match="never closed"):
            check(text, block_bytes)
    else:
        check(text, block_bytes)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=20), blocks, blocks)
def test_borders_of_batches_do_not_matter(rows: list[tuple[str, str, str]], one: int, other: int) -> None:
    """The same rows, whatever the size of the batches, and each time they are read."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([COLUMNS, *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheet.csv"
        path.write_bytes(text.getvalue().encode())
        options = SourceOptions(delimiter=",", header_row=1)
        assert read(path, options, one) == read(path, options, other)
        with open_source(path, options, block_bytes=one) as source:
            assert [batch.rows() for batch in source.batches()] == [batch.rows() for batch in source.batches()]


def test_a_block_that_polars_would_misread_changes_nothing_around_it(tmp_path: Path) -> None:
    """One stray quote and one ragged row in the middle: thousands of rows before and after are read as ever."""
    lines = ["A,B,C"] + [f'{number},"x, ""y""\nz",{number}' for number in range(3000)]
    lines[1500] = 'inch,5" pipe,x'
    lines[1600] = "too,many,cells,here"
    text = "\n".join(lines) + "\n"
    path = tmp_path / "sheet.csv"
    path.write_bytes(text.encode())
    rows = read(path, SourceOptions(), 10_000)
    assert rows == expected(text)
    assert [row[0] for row in rows if row[2]] == [1601]


@settings(max_examples=120, deadline=None)
@given(
    st.text(alphabet='a,"\n\r é', min_size=1, max_size=14),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(['"', "'"]),
)
def test_both_ways_to_tell_a_plain_block_tell_the_same(body: str, delimiter: str, quote: str) -> None:
    """Where quotes are few, only what stands between them is looked at; the verdict is that of the whole pattern."""
    text = pl.Series([body.replace(",", delimiter).replace('"', quote)])
    told = delimited.encloses_cells(text, delimiter, quote)
    assert told == text.str.contains(delimited.plain_pattern(delimiter, quote)).item()


def test_few_quotes_are_looked_at_in_the_quick_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long texts with a quoted cell here and there, doubled quotes and CRLF."""
    rows = [(str(at), "x" * 90, 'say "so", twice' if at % 10 == 3 else "y" * 40) for at in range(500)]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([COLUMNS, *rows])
    asked: list[bool] = []

    def looked_at(text: pl.Series, delimiter: str, quote: str) -> bool:
        asked.append(encloses(text, delimiter, quote))
        return asked[-1]

    encloses = delimited.encloses_cells
    monkeypatch.setattr(delimited, "encloses_cells", looked_at)
    path = tmp_path / "sheet.csv"
    path.write_bytes(text.getvalue().encode())
    assert [row for _, row, _ in read(path, SourceOptions(), 9_000)] == [list(row) for row in rows]
    assert asked
    assert all(asked)
