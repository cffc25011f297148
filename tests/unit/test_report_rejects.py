"""The rejects files: what is written is what stood there, safe to open, and complete or not there at all."""

from __future__ import annotations

import csv
import errno
from datetime import date, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from importer.errors import DiskFull, StateError
from importer.model import KIND_PREFIX, ROW, Kind, Problem
from importer.report import rejects
from importer.report.rejects import neutralised, write_rejects
from importer.report.workbook import RejectsWorkbook, native

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

COLUMNS = ("Title", "Price", "Date")


def problem(row: int, column: str | None = "Price", code: str = "not_a_number") -> Problem:
    return Problem(row, column, "price", code, "abc", f'"abc" is no number in row {row}.', "Write a number.")


def batch(rows: Mapping[int, Sequence[str | None]], kinds: Mapping[str, Sequence[int]] | None = None) -> pl.DataFrame:
    columns = dict(zip(COLUMNS, map(list, zip(*rows.values(), strict=True)), strict=True))
    frame = pl.DataFrame(
        {ROW: list(rows), **columns}, schema_overrides={ROW: pl.UInt32, **dict.fromkeys(COLUMNS, pl.String)}
    )
    added = [pl.Series(KIND_PREFIX + name, values, dtype=pl.UInt8) for name, values in (kinds or {}).items()]
    return frame.with_columns(added)


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_only_guilty_rows_are_written_in_the_order_of_the_sheet_with_four_columns_behind(tmp_path: Path) -> None:
    """Rejects: the source's own columns in their order, then _row, _error_code, _error, _fix."""
    frames = [batch({2: ("A", "1", None), 3: ("B", "abc", "x")}), batch({7: ("C", "abc", None)})]
    path = write_rejects(
        tmp_path / "runs" / "r", columns=COLUMNS, batches=frames, problems={7: [problem(7)], 3: [problem(3)]}
    )
    assert path == tmp_path / "runs" / "r" / "rejects.csv"
    assert read(path) == [
        [*COLUMNS, "_row", "_error_code", "_error", "_fix"],
        ["B", "abc", "x", "3", "not_a_number", '"abc" is no number in row 3.', "Write a number."],
        ["C", "abc", "", "7", "not_a_number", '"abc" is no number in row 7.', "Write a number."],
    ]


def test_several_problems_of_a_row_are_joined(tmp_path: Path) -> None:
    """One row stays one row: its problems are joined by " | "."""
    both = [problem(2), problem(2, "Title", "required")]
    path = write_rejects(tmp_path, columns=COLUMNS, batches=[batch({2: ("A", "abc", None)})], problems={2: both})
    assert path is not None
    assert read(path)[1][4] == "not_a_number | required"
    assert read(path)[1][6] == "Write a number. | Write a number."


def test_problems_may_be_told_a_batch_at_a_time(tmp_path: Path) -> None:
    """A function stands for the mapping, so that a million problems need not be held at once."""
    asked: list[list[int]] = []

    def told(rows: pl.Series) -> dict[int, list[Problem]]:
        asked.append(rows.to_list())
        return {row: [problem(row)] for row in rows if row % 2}

    frames = [batch({2: ("A", "1", None), 3: ("B", "2", None)}), batch({5: ("C", "3", None)})]
    path = write_rejects(tmp_path, columns=COLUMNS, batches=frames, problems=told)
    assert path is not None
    assert [line[3] for line in read(path)[1:]] == ["3", "5"]
    assert asked == [[2, 3], [5]]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "'"])
def test_cells_that_spreadsheets_would_run_are_neutralised(sign: str, tmp_path: Path) -> None:
    """A cell that begins with = + - @ tab or CR gets a leading ', and one of its own is doubled."""
    path = write_rejects(
        tmp_path, columns=COLUMNS, batches=[batch({2: (f"{sign}1+1", "-5", None)})], problems={2: [problem(2)]}
    )
    assert path is not None
    assert read(path)[1][:2] == [f"'{sign}1+1", "'-5"]


@given(st.text())
def test_neutralising_can_be_undone(cell: str) -> None:
    """Only a leading ' before one of the signs is ours; taking it away gives back every text."""
    written = neutralised(cell)
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))
    undone = written[1:] if written[:1] == "'" and written[1:2] in {"=", "+", "-", "@", "\t", "\r", "'"} else written
    assert undone == cell


def test_typed_cells_go_into_the_csv_as_iso_dates_and_numbers_with_the_mappings_decimal(tmp_path: Path) -> None:
    """Numbers of a workbook are canonical in the frame; the file says them as the mapping reads them."""
    kinds = {"Price": [Kind.NUMBER], "Date": [Kind.DATE]}
    frame = batch({2: ("1.5", "19.99", "2024-05-31")}, kinds)
    path = write_rejects(tmp_path, columns=COLUMNS, batches=[frame], problems={2: [problem(2)]}, decimal=",")
    assert path is not None
    assert read(path)[1][:3] == ["1.5", "19,99", "2024-05-31"]


def test_the_workbook_keeps_types_and_marks_the_guilty_cell(tmp_path: Path) -> None:
    """Typed cells stay typed, text stays text also where it looks like a formula, the guilty cell says why."""
    kinds = {"Price": [Kind.NUMBER, Kind.TEXT], "Date": [Kind.DATE, Kind.ERROR]}
    frame = batch({2: ("=1+1", "19.99", "2024-05-31"), 3: ("#N/A", "007", "#REF!")}, kinds)
    write_rejects(tmp_path, columns=COLUMNS, batches=[frame], problems={2: [problem(2)], 3: [problem(3, None)]})
    sheet = load_workbook(tmp_path / "rejects.xlsx")["Rejects"]
    assert [cell.value for cell in sheet[1]] == [*COLUMNS, "_row", "_error_code", "_error", "_fix"]
    assert [(cell.value, cell.data_type) for cell in sheet[2]][:4] == [
        ("=1+1", "s"), (19.99, "n"), (datetime(2024, 5, 31), "d"), (2, "n"),  # noqa: DTZ001 - cells have no zone
    ]  # fmt: skip
    shown = load_workbook(tmp_path / "rejects.xlsx", data_only=True)["Rejects"][3]
    assert [(cell.value, cell.data_type) for cell in shown][:3] == [("#N/A", "s"), ("007", "s"), ("#REF!", "e")]
    assert sheet["B2"].comment is not None
    assert "is no number" in sheet["B2"].comment.text
    assert sheet["B2"].fill.fgColor.rgb == "FFFFC7CE"
    assert sheet["D3"].comment is not None, "a problem without a column is marked at the row number"
    assert sheet["A2"].comment is None


def test_beyond_twenty_thousand_rows_only_the_csv_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The XLSX is written up to 20,000 rows; an older one does not stay beside a newer CSV."""
    assert rejects.MOST_WORKBOOK_ROWS == 20_000
    monkeypatch.setattr(rejects, "MOST_WORKBOOK_ROWS", 2)
    frames = [batch(dict.fromkeys(range(2, 5), ("A", "abc", None)))]
    (tmp_path / "rejects.xlsx").write_bytes(b"older")
    path = write_rejects(
        tmp_path, columns=COLUMNS, batches=frames, problems={row: [problem(row)] for row in range(2, 5)}
    )
    assert path is not None
    assert len(read(path)) == 4
    assert [one.name for one in tmp_path.iterdir()] == ["rejects.csv"]


def test_a_workbook_that_would_be_too_long_is_not_begun(tmp_path: Path) -> None:
    """Where the number of rows is known before, no work is done in vain."""
    frames = [batch({2: ("A", "abc", None)})]
    write_rejects(tmp_path, columns=COLUMNS, batches=frames, problems={2: [problem(2)]}, expected=20_001)
    assert [one.name for one in tmp_path.iterdir()] == ["rejects.csv"]


@pytest.mark.parametrize("cell", ["x" * 32_768, "bell \x07"])
def test_a_cell_that_no_workbook_can_hold_leaves_the_csv_alone(cell: str, tmp_path: Path) -> None:
    """A workbook would cut or refuse such a cell; half a text that runs back in would be worse than no workbook."""
    path = write_rejects(tmp_path, columns=COLUMNS, batches=[batch({2: (cell, "1", None)})], problems={2: [problem(2)]})
    assert path is not None
    assert read(path)[1][0] == cell
    assert not (tmp_path / "rejects.xlsx").exists()


def test_without_problems_older_files_are_removed(tmp_path: Path) -> None:
    """A file of rejects says that there are some."""
    frames = [batch({2: ("A", "abc", None)})]
    write_rejects(tmp_path, columns=COLUMNS, batches=frames, problems={2: [problem(2)]})
    assert write_rejects(tmp_path, columns=COLUMNS, batches=frames, problems={}) is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_could_not_be_finished_is_not_there(tmp_path: Path) -> None:
    """What stood there before stays, and no draft is left behind."""
    (tmp_path / "rejects.csv").write_text("older", encoding="utf-8")

    def breaking() -> Iterator[pl.DataFrame]:
        yield batch({2: ("A", "abc", None)})
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFull, match="disk is full"):
        write_rejects(tmp_path, columns=COLUMNS, batches=breaking(), problems={2: [problem(2)]})
    assert {one.name: one.read_text(encoding="utf-8") for one in tmp_path.iterdir()} == {"rejects.csv": "older"}


def test_a_folder_that_cannot_be_made_is_said_with_the_way_out(tmp_path: Path) -> None:
    """The state's folder not writable: exit 2, and the message names --state."""
    (tmp_path / "runs").write_text("a file", encoding="utf-8")
    with pytest.raises(StateError) as caught:
        write_rejects(tmp_path / "runs" / "r", columns=COLUMNS, batches=[], problems={})
    assert "--state" in caught.value.hint


CELLS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=8))
def test_every_cell_comes_back_from_both_files(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str | None, ...]]
) -> None:
    """CSV and XLSX hold the cells as they were, whatever stood in them."""
    folder = tmp_path_factory.mktemp("rejects")
    table = dict(enumerate(rows, start=2))
    path = write_rejects(
        folder, columns=COLUMNS, batches=[batch(table)], problems={row: [problem(row)] for row in table}
    )
    assert path is not None
    assert [line[:3] for line in read(path)[1:]] == [[neutralised(cell or "") for cell in cells] for cells in rows]
    sheet = load_workbook(folder / "rejects.xlsx")["Rejects"]
    assert [row[:3] for row in sheet.iter_rows(min_row=2, values_only=True)] == rows


NUMBERS = st.one_of(st.integers(-(10**15) + 1, 10**15 - 1), st.floats(allow_nan=False, allow_infinity=False))
MOMENTS = st.datetimes(datetime(1800, 1, 1), datetime(2100, 1, 1)).map(lambda one: one.replace(microsecond=0))  # noqa: DTZ001


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(NUMBERS, MOMENTS, st.booleans()), min_size=1, max_size=8))
def test_typed_cells_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, datetime, bool]]
) -> None:
    """Numbers, moments and truth values are what they were, or their exact text where a workbook cannot hold them."""
    folder = tmp_path_factory.mktemp("rejects")
    texts = [(str(number), moment.isoformat(), str(yes).upper()) for number, moment, yes in rows]
    kinds = dict(zip(COLUMNS, ([kind] * len(rows) for kind in (Kind.NUMBER, Kind.DATE, Kind.BOOLEAN)), strict=True))
    table: dict[int, Sequence[str | None]] = dict(enumerate(texts, start=2))
    problems = {row: [problem(row), problem(row, None)] for row in table}
    write_rejects(folder, columns=COLUMNS, batches=[batch(table, kinds)], problems=problems)
    sheet = load_workbook(folder / "rejects.xlsx")["Rejects"]
    for cells, row, told in zip(sheet.iter_rows(min_row=2, values_only=True), rows, texts, strict=True):
        for cell, value, text in zip(cells, row, told, strict=False):
            assert cell in {value, text}
        assert (cells[1] == row[1]) == (row[1] >= datetime(1900, 3, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("cell", "kind", "held"),
    [
        ("12", Kind.NUMBER, 12),
        ("-12", Kind.NUMBER, -12),
        ("0.1", Kind.NUMBER, 0.1),
        ("1e+22", Kind.NUMBER, 1e22),
        ("1_000", Kind.NUMBER, "1_000"),
        ("nan", Kind.NUMBER, "nan"),
        ("1e999", Kind.NUMBER, "1e999"),
        ("0.30000000000000004", Kind.NUMBER, "0.30000000000000004"),
        ("9007199254740993", Kind.NUMBER, "9007199254740993"),
        ("TRUE", Kind.BOOLEAN, True),
        ("FALSE", Kind.BOOLEAN, False),
        ("maybe", Kind.BOOLEAN, "maybe"),
        ("2024-05-31", Kind.DATE, date(2024, 5, 31)),
        ("2024-05-31T14:30:00", Kind.DATE, datetime(2024, 5, 31, 14, 30)),  # noqa: DTZ001 - cells have no zone
        ("2024-05-31T14:30:00+02:00", Kind.DATE, "2024-05-31T14:30:00+02:00"),
        ("30:05:00", Kind.DATE, "30:05:00"),
        ("1900-02-28", Kind.DATE, "1900-02-28"),
        ("1900-03-01", Kind.DATE, date(1900, 3, 1)),
        ("1899-12-31T14:30:00", Kind.DATE, "1899-12-31T14:30:00"),
        ("0012", Kind.TEXT, "0012"),
    ],
)
def test_canonical_text_becomes_the_native_cell_again(cell: str, kind: Kind, held: object) -> None:
    """What cannot be turned back exactly stays text."""
    assert native(cell, kind) == held
    assert type(native(cell, kind)) is type(held)


def test_takes_judges_only_what_a_workbook_cannot_hold() -> None:
    """Line breaks and tabs are fine in a workbook, other control characters are not."""
    assert RejectsWorkbook.takes(["a\nb\tc", None])
    assert not RejectsWorkbook.takes(["\x00"])
    assert RejectsWorkbook.takes(["é" * 32_767])
    assert not RejectsWorkbook.takes(["\U0001f600" * 16_384]), "each counts twice in a workbook"
