"""The rejects of the samples: each planted row and no other, and corrected they complete the set, from either file."""

from __future__ import annotations

import csv
import io
import sqlite3
import time
from collections import Counter
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from importer.cli.front import answer
from tests.flows.planted import corrections, planted
from tests.flows.processes import Clone, Ended

if TYPE_CHECKING:
    from collections.abc import Callable

SHEETS = ["blog_posts.csv", "products.xlsx"]
ADDED = ["_row", "_error_code", "_error", "_fix"]


@dataclass(frozen=True, slots=True)
class Desk:
    """A clone whose sandbox has authors and tags, at which commands about one sheet are typed, without a process."""

    clone: Clone
    file: str

    @property
    def original(self) -> Path:
        return self.clone.folder / "sample_data" / self.file

    def type(self, verb: str, *arguments: str | Path) -> Ended:
        """Type a command about the sheet's mapping."""
        folder, name = self.clone.folder, Path(self.file).stem
        typed: list[str | Path] = [verb, folder / "mappings" / f"{name}.toml", *arguments, "--json", "--sandbox"]
        typed += ["--sandbox-file", folder / "webflow.db", "--state", folder / "state" / f"{name}.db"]
        out, err, began = io.StringIO(), io.StringIO(), time.monotonic()
        with redirect_stdout(out), redirect_stderr(err):
            code = answer([str(one) for one in typed])
        return Ended(code, out.getvalue(), err.getvalue(), time.monotonic() - began)

    def rows(self) -> list[dict[str, Any]]:
        """What the state file says of each row."""
        return self.clone.outcome(f"state/{Path(self.file).stem}.db")

    def items(self) -> list[tuple[Any, ...]]:
        """Every item of the sandbox, and when it was changed and published."""
        with closing(sqlite3.connect(self.clone.folder / "webflow.db")) as file:
            return file.execute("SELECT id, slug, updated_on, published_on, draft FROM items ORDER BY n").fetchall()


@dataclass(frozen=True, slots=True)
class Imported:
    """How the first import of a sheet ended."""

    desk: Desk
    ended: Ended

    @property
    def rejects(self) -> Path:
        return Path(self.ended.json["runs"][0]["rejects"])

    def again(self, folder: Path) -> tuple[Desk, Path]:
        """Copy the desk as it was left; gives the copy and its rejects.csv."""
        copy = self.desk.clone.copied(folder)
        return Desk(copy, self.desk.file), copy.folder / self.rejects.relative_to(self.desk.clone.folder)


@pytest.fixture(scope="module")
def imports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Imported]:
    """Import both sheets once, each at a desk of its own."""
    found = {}
    for file in SHEETS:
        desk = Desk(Clone.at(tmp_path_factory.mktemp("imported")), file)
        desk.clone.prepare(desk.clone.folder / "webflow.db")
        found[file] = Imported(desk, desk.type("run"))
        assert found[file].ended.code == 1
    return found


@pytest.mark.parametrize("file", SHEETS)
def test_check_names_each_planted_row_and_no_other(imports: dict[str, Imported], file: str) -> None:
    """Row, column, code, value and advice of each, in `check --json`; all other rows are good."""
    told = imports[file].desk.type("check")
    problems = told.json["problems"]
    assert told.code == 1
    assert sorted((one["row"], one["column"], one["code"]) for one in problems) == planted(file)
    assert all(one["message"] and one["fix"] for one in problems)
    assert [one["code"] for one in problems if not one["field"]] == ["cell_error"] * (file == "products.xlsx")
    assert [one["code"] for one in problems if not one["value"]] == ["required"] * 2 * (file == "blog_posts.csv")
    assert told.json["problem_counts"] == Counter(code for _, _, code in planted(file))
    assert (told.items["rejected"], told.items["not_sent"]) == (
        len(planted(file)),
        told.items["total"] - len(planted(file)),
    )


@pytest.mark.parametrize("file", SHEETS)
def test_run_rejects_each_planted_row_and_no_other(imports: dict[str, Imported], file: str) -> None:
    """By the counts and by the state file, which keeps the rows' numbers in the sheet."""
    items = imports[file].ended.items
    assert (items["rejected"], items["in_doubt"], items["not_sent"]) == (len(planted(file)), 0, 0)
    rows = imports[file].desk.rows()
    rejected = [
        (row["source_row"], row["error_code"], row["error_source"]) for row in rows if row["status"] == "rejected"
    ]
    assert sorted(rejected) == [(row, code, "check") for row, _, code in planted(file)]
    assert Counter(row["status"] for row in rows)["published"] == items["created"]
    assert len(rows) == items["total"]


def cells_of_csv(path: Path) -> tuple[list[str], list[list[str]]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        header, *rows = csv.reader(lines)
    return header, rows


def original_rows(desk: Desk) -> tuple[list[str], dict[int, list[Any]]]:
    """The header of a sheet, and its rows by the number that a person sees."""
    if desk.file.endswith(".csv"):
        header, rows = cells_of_csv(desk.original)
        return header, dict(enumerate(rows, start=2))
    with closing(openpyxl.load_workbook(desk.original, read_only=True)) as book:
        lines = [list(line) for line in book["Products"].iter_rows(values_only=True)]
    return [str(name) for name in lines[2]], dict(enumerate(lines[3:], start=4))


@pytest.mark.parametrize("file", SHEETS)
def test_rejects_csv_holds_the_planted_rows_as_they_stood(imports: dict[str, Imported], file: str) -> None:
    """The sheet's own columns in their order, then ours; every cell as it was, kept from being taken for a formula."""
    header, rows = cells_of_csv(imports[file].rejects)
    own, stood = original_rows(imports[file].desk)
    assert header == [*own, *ADDED]
    assert [(int(row[-4]), row[-3]) for row in rows] == [(row, code) for row, _, code in planted(file)]
    for row in rows:
        for cell, before in zip(row[:-4], stood[int(row[-4])], strict=True):
            assert cell.removeprefix("'") == as_text(before)
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def as_text(cell: Any) -> str:
    """A cell as rejects.csv holds it."""
    if isinstance(cell, bool):
        return str(cell).upper()
    return f"{cell:%Y-%m-%d}" if hasattr(cell, "year") else "" if cell is None else str(cell)


@pytest.mark.parametrize("file", SHEETS)
def test_rejects_workbook_marks_the_guilty_cell_and_no_other(imports: dict[str, Imported], file: str) -> None:
    """Each guilty cell is filled and says why; typed cells stay typed, text stays text."""
    _, stood = original_rows(imports[file].desk)
    guilty = {row: column for row, column, _ in planted(file)}
    book = openpyxl.load_workbook(imports[file].rejects.with_suffix(".xlsx"), data_only=True)
    header, *lines = book.worksheets[0].iter_rows()
    names = [cell.value for cell in header]
    assert [line[-4].value for line in lines] == sorted(guilty)
    for line in lines:
        number = int(str(line[-4].value))
        marked = [name for name, cell in zip(names, line, strict=True) if cell.comment]
        assert marked == [guilty[number]]
        cell = line[names.index(guilty[number])]
        assert cell.fill.patternType == "solid"
        assert cell.comment is not None
        assert cell.comment.text == f"{line[-2].value}\n{line[-1].value}"
        values = [cell.value if cell.data_type != "e" else str(cell.value) for cell in line[:-4]]
        assert values == [None if before == "" else before for before in stood[number]]


def correct_csv(rejects: Path, file: str) -> Path:
    """Replace the guilty cells of rejects.csv by good ones."""
    header, rows = cells_of_csv(rejects)
    for row in rows:
        column, content = corrections(file)[int(row[-4])]
        row[header.index(column)] = str(content)
    path = rejects.with_name("corrected.csv")
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([header, *rows])
    return path


def correct_workbook(rejects: Path, file: str) -> Path:
    """Replace the guilty cells of rejects.xlsx by good ones."""
    book = openpyxl.load_workbook(rejects.with_suffix(".xlsx"))
    header, *lines = book.worksheets[0].iter_rows()
    columns = [cell.value for cell in header]
    for line in lines:
        column, content = corrections(file)[int(str(line[-4].value))]
        line[columns.index(column)].value = content
    path = rejects.with_name("corrected.xlsx")
    book.save(path)
    return path


def correct_original(desk: Desk) -> None:
    """Replace the guilty cells of the sheet itself by good ones."""
    changes = corrections(desk.file)
    if desk.file.endswith(".csv"):
        header, rows = cells_of_csv(desk.original)
        for number, (column, content) in changes.items():
            rows[number - 2][header.index(column)] = str(content)
        with desk.original.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([header, *rows])
        return
    book = openpyxl.load_workbook(desk.original)
    sheet = book["Products"]
    columns = [cell.value for cell in sheet[3]]
    for number, (column, content) in changes.items():
        sheet.cell(number, columns.index(column) + 1).value = content
    book.save(desk.original)


@pytest.mark.parametrize("file", SHEETS)
@pytest.mark.parametrize("correct", [correct_csv, correct_workbook])
def test_corrected_rejects_complete_the_set(
    imports: dict[str, Imported], file: str, correct: Callable[[Path, str], Path], tmp_path: Path
) -> None:
    """With the same mapping, only their rows are sent; then the whole sheet, corrected, does nothing twice."""
    desk, rejects = imports[file].again(tmp_path / "desk")
    number, before = len(planted(file)), desk.items()
    completed = desk.type("run", correct(rejects, file))
    assert (completed.code, completed.json["verdict"], completed.json["runs"][0]["rejects"]) == (0, "done", None)
    assert completed.items["created"] + completed.items["staged"] == completed.items["total"] == number

    rows = desk.rows()
    total = imports[file].ended.items["total"]
    items = desk.items()
    assert len(items) == len(before) + number
    assert items[: len(before)] == before, "what was there is as it was"
    done = [row for row in rows if row["status"] in {"published", "staged"}]
    assert len(done) == total
    assert not [row for row in rows if row["status"] == "rejected"], "also where the key was wrong at first"
    assert {row for row, _, _ in planted(file)} <= {row["source_row"] for row in done}, "numbers of the original sheet"

    correct_original(desk)
    again = desk.type("run")
    assert (again.code, again.items["unchanged"], again.items["total"]) == (0, total, total)
    assert desk.items() == items, "no item was made, changed or published again"
    kept = {(row["key"], row["source_row"]) for row in desk.rows() if row["status"] in {"published", "staged"}}
    assert kept == {(row["key"], row["source_row"]) for row in done}
