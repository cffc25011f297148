"""CSV and TSV files: what is found out about them, and how their columns are called."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

import pytest

from importer.errors import SourceError
from importer.model import BROKEN, ROW, SourceOptions
from importer.sources import Source, open_source

if TYPE_CHECKING:
    from pathlib import Path


def written(folder: Path, content: bytes | str, name: str = "sheet.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows(source: Source, *columns: str) -> list[tuple[object, ...]]:
    return [row for batch in source.batches() for row in batch.select(ROW, *(columns or source.columns)).iter_rows()]


def read(folder: Path, content: bytes | str, options: SourceOptions | None = None) -> list[tuple[object, ...]]:
    with open_source(written(folder, content), options or SourceOptions()) as source:
        return rows(source)


def test_every_cell_stays_the_text_that_it_was(tmp_path: Path) -> None:
    """Leading zeros, long numbers, dates, words like NULL and outer blanks are not damaged."""
    cells = ("007", "12345678901234567890", "1e5", "2024-05-31", "NULL", "N/A", "true", " x ", "1,5", "-0", "nan")
    text = "a\n" + "".join(f'"{cell}"\n' for cell in cells)
    assert [row[1] for row in read(tmp_path, text)] == list(cells)


def test_blank_cells_are_empty_and_blank_rows_left_out_but_counted(tmp_path: Path) -> None:
    """A cell of nothing but blanks (a no-break space too) is empty; a row of such cells is no row, but has a number."""
    assert read(tmp_path, "a,b\n1,\n\n , \u00a0\n,\n\t,2\n") == [(2, "1", None), (6, None, "2")]


def test_a_record_over_several_lines_counts_as_one_row(tmp_path: Path) -> None:
    """Row numbers are those that a spreadsheet shows, which shows a quoted line break inside its cell."""
    text = 'a,b\n"one\ntwo\r\n\nthree",1\nfour,2\n"""five""\n",3\n'
    assert read(tmp_path, text) == [(2, "one\ntwo\r\n\nthree", "1"), (3, "four", "2"), (4, '"five"\n', "3")]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_any_line_end_is_read(tmp_path: Path, line_end: str) -> None:
    """LF, CRLF, and the CR of old Macintoshes, which polars reads as no rows at all."""
    assert read(tmp_path, line_end.join(["a,b", "1,2", "3,4"])) == [(2, "1", "2"), (3, "3", "4")]


def test_short_rows_are_filled_up_and_long_ones_are_broken_only_if_anything_stands_there(tmp_path: Path) -> None:
    """Missing cells are empty, empty cells beyond the header are nothing, filled ones are named."""
    path = written(tmp_path, "a,b\n1\n1,2,,\n1,2,, \n1,2,,three\n4,5\n")
    with open_source(path, SourceOptions()) as source:
        assert rows(source, "a", "b", BROKEN) == [
            (2, "1", None, None),
            (3, "1", "2", None),
            (4, "1", "2", None),
            (5, "1", "2", "column D holds 'three', but the header ends with column B"),
            (6, "4", "5", None),
        ]


def test_zero_bytes_are_kept(tmp_path: Path) -> None:
    """A zero byte inside a cell is neither the end of it nor a reason to stop."""
    assert read(tmp_path, b"a,b\nx\x00y,1\n") == [(2, "x\x00y", "1")]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a,b\n1,2\n", "','"),
        ("a;b\n1,5;2,5\n", "';'"),
        ("a\tb\n1,5;\t2\n", "tab"),
        ("a|b\n1|2\n", "'|'"),
        ("name\nSmith, John\nDoe, Jane\n", "','"),
        ("Name;Bio, short\nAnn;likes a, b and c\nBen;d, e\n", "';'"),
        ("Prices of May\n\nNo;Name;Price\n1;x;1,5\n2;y;2,5\n", "';'"),
        ("sep=;\na;b\n1;2\n", "';'"),
        ('"a,x";"b,y"\n1;2\n', "';'"),
    ],
)
def test_the_delimiter_is_found(tmp_path: Path, text: str, shown: str) -> None:
    """By the header and the width of the rows; a comma inside a number or a sentence is not taken for one."""
    with open_source(written(tmp_path, text), SourceOptions()) as source:
        assert f"delimiter {shown}," in source.detected


def test_a_column_of_sentences_stays_one_column(tmp_path: Path) -> None:
    """Where the header has no delimiter there is none; a filled cell beyond it would else be told, not lost."""
    with open_source(written(tmp_path, "name\nSmith; John\nDoe; Jane\n"), SourceOptions()) as source:
        assert rows(source) == [(2, "Smith; John"), (3, "Doe; Jane")]


def test_the_sep_line_is_no_row(tmp_path: Path) -> None:
    """Excel does not show it, so the header below is row 1."""
    with open_source(written(tmp_path, "sep=|\r\na|b\r\n1|2\r\n"), SourceOptions()) as source:
        assert (source.columns, rows(source)) == (("a", "b"), [(2, "1", "2")])
        assert source.detected == "sheet.csv: UTF-8, delimiter '|', header in row 1"


def test_delimiter_and_quote_can_be_said(tmp_path: Path) -> None:
    """As a sign or a word; an empty quote means that quotation marks mean nothing."""
    assert read(tmp_path, "a:b\n1,2:3\n", SourceOptions(delimiter=":")) == [(2, "1,2", "3")]
    assert read(tmp_path, "a\tb\n1\t2\n", SourceOptions(delimiter="tab")) == [(2, "1", "2")]
    assert read(tmp_path, 'a,b\n5" pipe,"x\n', SourceOptions(quote="")) == [(2, '5" pipe', '"x')]
    assert read(tmp_path, "a,b\n'1,2',3\n", SourceOptions(quote="'")) == [(2, "1,2", "3")]
    assert read(tmp_path, "a§b\n1,2§3\n", SourceOptions(delimiter="§")) == [(2, "1,2", "3")]


def test_columns_are_called_as_mappings_address_them(tmp_path: Path) -> None:
    """As written; the second of a name with (2), a blank one by its letter; `_row` is the importer's own."""
    path = written(tmp_path, "Name,,Name, Price ,Name (2),,_row\n1,2,3,4,5,6,7\n")
    with open_source(path, SourceOptions()) as source:
        assert source.columns == ("Name", "B", "Name (2)", " Price ", "Name (2) (2)", "F", "_row (2)")
        assert rows(source) == [(2, "1", "2", "3", "4", "5", "6", "7")]


def test_without_a_header_columns_are_letters(tmp_path: Path) -> None:
    """`header_row = 0`: the first row is a row like any other, and the widest says how many columns there are."""
    with open_source(written(tmp_path, "1,2\n3,4,5\n"), SourceOptions(header_row=0)) as source:
        assert source.columns == ("A", "B", "C")
        assert rows(source) == [(1, "1", "2", None), (2, "3", "4", "5")]
        assert source.detected == "sheet.csv: UTF-8, delimiter ',', no header"


def test_the_header_is_found_below_blank_rows_and_titles(tmp_path: Path) -> None:
    """The first row that is not blank, but for a title above a table; or the row that the mapping says."""
    text = "\n,,\nAll our products,,\nas of May,,\n\nNo,Name,Price\n1,x,2\n3,y,4\n"
    with open_source(written(tmp_path, text), SourceOptions()) as source:
        assert source.columns == ("No", "Name", "Price")
        assert rows(source)[0] == (7, "1", "x", "2")
    with open_source(written(tmp_path, text), SourceOptions(header_row=7)) as source:
        assert source.columns == ("1", "x", "2")
        assert rows(source) == [(8, "3", "y", "4")]


def test_a_header_without_rows_gives_no_batches(tmp_path: Path) -> None:
    """That is no mistake of the file's: whether an empty sheet is one is for the run to say."""
    with open_source(written(tmp_path, "a,b\n\n"), SourceOptions()) as source:
        assert (source.columns, list(source.batches())) == (("a", "b"), [])


def test_null_values_are_empty_and_nothing_else_is(tmp_path: Path) -> None:
    """Outer blanks do not matter; a row of nothing else is still a row."""
    options = SourceOptions(null_values=("N/A", "-"))
    assert read(tmp_path, "a,b\nN/A,1\n - ,n/a\nN/A,-\n", options) == [
        (2, None, "1"),
        (3, None, "n/a"),
        (4, None, None),
    ]


def test_long_cells_are_read_either_way(tmp_path: Path) -> None:
    """Cells over the `csv` module's limit of 128 kB (articles with pictures in them) are cells, in ragged files too."""
    long = "x" * 300_000
    assert read(tmp_path, f'a,b\n"{long}",1\n') == [(2, long, "1")]
    assert read(tmp_path, f'a,b\n"{long}",1,\n2,"{long}",\n') == [(2, long, "1"), (3, "2", long)]


def test_standard_input_is_kept_until_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be read only once, and every sheet is read twice."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a;b\n1;2\n")))
    with open_source("-", SourceOptions()) as source:
        assert rows(source) == rows(source) == [(2, "1", "2")]
        assert source.detected == "standard input: UTF-8, delimiter ';', header in row 1"
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_bad_standard_input_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy goes when it cannot be read."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    with pytest.raises(SourceError, match="standard input is empty"):
        open_source("-", SourceOptions())
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_changes_between_two_readings_is_told(tmp_path: Path) -> None:
    """What is sent must be what was checked."""
    path = written(tmp_path, "a\n1\n")
    with open_source(path, SourceOptions()) as source:
        assert rows(source) == [(2, "1")]
        path.write_text("a\n2\n")
        os.utime(path, (1, 1))
        with pytest.raises(SourceError, match="was changed while it was being read"):
            rows(source)


def test_tsv_files_are_text_too(tmp_path: Path) -> None:
    """By any of the usual endings, in any case."""
    for name in ("a.tsv", "b.TAB", "c.txt", "D.CSV"):
        with open_source(written(tmp_path, "a\tb\n1\t2\n", name), SourceOptions()) as source:
            assert (source.name, source.sheet, source.ours, rows(source)) == (name, None, False, [(2, "1", "2")])
