# ruff: noqa: E501 - a line for each case
"""`hooks`: a Python file beside the mapping, whose functions are transforms and see the rows before all else."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import openpyxl
import pytest

from importer.commands.check import check
from importer.commands.loading import load_mapping
from importer.commands.options import RunOptions
from importer.commands.run import run
from importer.commands.status import status
from importer.errors import MappingError
from importer.model import Silent
from importer.state import State

if TYPE_CHECKING:
    from pathlib import Path

    from importer.commands.result import RunResult

HEAD = "import polars as pl\n"
FIELDS = 'name = { from = "Name", transform = ["shout"] }\nslug = "Slug"\n'


class Told(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        """Keep a line."""
        self.lines.append(line)


def place(folder: Path, code: str, fields: str = FIELDS, sheet: str = "Name,Slug\nFood,food\nTravel,travel\n") -> Path:
    (folder / "shop.py").write_text(code, encoding="utf-8")
    (folder / "tags.csv").write_text(sheet, encoding="utf-8")
    path = folder / "tags.toml"
    text = f'collection = "tags"\nhooks = "shop.py"\n[source]\npath = "tags.csv"\n[fields]\n{fields}'
    path.write_text(text, encoding="utf-8")
    return path


def checked(path: Path) -> RunResult:
    return check(path, None, RunOptions(sandbox=True))


def names(folder: Path) -> list[str]:
    """Publish, and give the names of the items as the state file has them."""
    result = run(folder / "tags.toml", None, RunOptions(sandbox=True))
    assert result.error is None
    assert result.runs[0].state is not None
    with State.open(result.runs[0].state, read_only=True) as state:
        return [row.name or "" for row in state.all_rows()]


def test_functions_of_a_hooks_file_are_transforms(tmp_path: Path) -> None:
    """Each takes the text as an expression; one with a second argument takes what the mapping gives it."""
    code = (
        HEAD
        + "def shout(text):\n    return text.str.to_uppercase()\ndef around(text, sign='*'):\n    return pl.lit(sign) + text + pl.lit(sign)\n"
    )
    rule = 'name = { from = "Name", transform = ["shout", "around", { around = "-" }, "lower"] }\nslug = "Slug"\n'
    place(tmp_path, code, rule)
    assert names(tmp_path) == ["-*food*-", "-*travel*-"]


def test_a_transform_of_ones_own_is_asked_for_each_part_of_a_list(tmp_path: Path) -> None:
    """As every transform is."""
    code = (
        HEAD
        + "def _loud(one):\n    return ''.join(reversed(one)) + '!'\ndef shout(text):\n    return text.map_elements(_loud, return_dtype=pl.String)\n"
    )
    rule = 'name = { from = "Name", split = ",", transform = ["shout"], pick = "all", join = "+" }\nslug = "Slug"\n'
    place(tmp_path, code, rule, 'Name,Slug\n"a, bc",x\n')
    assert names(tmp_path) == ["a!+cb!"]


def test_that_a_hooks_file_is_used_is_said(tmp_path: Path) -> None:
    """It runs code: nobody should wonder whose."""
    path = place(tmp_path, HEAD + "def shout(text):\n    return text\ndef rows(frame):\n    return frame\n")
    told = Told()
    assert check(path, None, RunOptions(sandbox=True), observer=told).error is None
    assert "Hooks: shop.py was run; it brings shout, rows(frame)" in told.lines


def test_private_and_imported_functions_are_no_transforms(tmp_path: Path) -> None:
    """Only what is written in the file itself, under a name that does not begin with an underscore."""
    code = "from textwrap import dedent\nfrom os.path import *\ndef _shout(text):\n    return text\nclass Shout: pass\n"
    for name in ("_shout", "dedent", "basename", "Shout"):
        path = place(tmp_path, code, f'name = {{ from = "Name", transform = ["{name}"] }}\nslug = "Slug"\n')
        error = checked(path).error
        assert isinstance(error, MappingError)
        assert error.mistakes[0].startswith(
            f'line 6: fields.name.transform: there is no transform "{name}", neither of ours nor in shop.py'
        )


def test_a_hooks_file_is_run_only_where_rows_are_mapped(tmp_path: Path) -> None:
    """`status` reads the mapping and runs nothing of it."""
    path = place(tmp_path, HEAD + "def shout(text):\n    return text\n")
    assert run(path, None, RunOptions(sandbox=True)).error is None
    (tmp_path / "shop.py").write_text("raise RuntimeError('was run')\n", encoding="utf-8")
    assert len(status(path, RunOptions(sandbox=True))) == 1
    assert load_mapping(path).hooks == "shop.py"
    assert "was run" in str(checked(path).error)


BROKEN: list[tuple[str, str]] = [
    ("def shout(text:\n    return text\n", "shop.py, line 1: this is no Python: '(' was never closed."),
    ("import nothing_of_that_name\n", "shop.py, line 1: the file failed as it was run: ModuleNotFoundError: No module named 'nothing_of_that_name'."),
    ("x = 1\n\ny = x / 0\n", "shop.py, line 3: the file failed as it was run: ZeroDivisionError: division by zero."),
    ("import sys\nsys.exit('bye')\n", "shop.py, line 2: the file failed as it was run: SystemExit: bye."),
    ("a = '\0'\n", "shop.py"),
    ("def shout(text):\n    return 5\n", "line 6: fields.name.transform: shop.py, line 1: shout must give a polars expression, not int"),
    ("def shout(text):\n    return text.str.len_chars()\n", "shop.py, line 1: shout must give text, and gives UInt32: end it with .cast(pl.String)"),
    ("def shout(text):\n    return text.str.split(',')\n", "shop.py, line 1: shout must give text, and gives List(String)"),
    ("def shout(text):\n    x = 1\n    return text.no_such_thing()\n", "shop.py, line 3: shout failed: AttributeError: 'Expr' object has no attribute 'no_such_thing'"),
    (HEAD + "def shout(text):\n    return pl.col('Other')\n", "shop.py, line 2: shout failed: ColumnNotFoundError: "),
    (HEAD + "def shout(text):\n    return text.first()\n", "shop.py, line 2: shout must give a text for each row, and gave 1 for 2 rows"),
    (HEAD + "def _one(text):\n    raise KeyError(text)\n\ndef shout(text):\n    return text.map_elements(_one, return_dtype=pl.String)\n", "shop.py, line 3: shout failed: KeyError: 'Food'"),
    ("def shout(text):\n    return text.str.to_date('%Y').cast(str)\n", "shop.py, line 1: shout failed: "),
    ("def shout():\n    return 1\n", "line 2: hooks: shop.py, line 1: shout takes something else than the text and one argument at most; where it is no transform, let its name begin with _"),
    ("def shout(a, b, c):\n    return a\n", "shout takes something else than"),
    ("def shout(text, *, b):\n    return text\n", "shout takes something else than"),
    ("def shout(text, more):\n    return text\n", "line 6: fields.name.transform: shout needs an argument: { shout = ... }"),
    ("\ndef strip(text):\n    return text\n", "line 2: hooks: shop.py, line 2: strip is the name of a transform of ours; give the function another one"),
    ("def shuot(text):\n    return text\n", 'line 6: fields.name.transform: there is no transform "shout", neither of ours nor in shop.py; did you mean "shuot"?'),
    ("def rows():\n    pass\n", "line 2: hooks: shop.py, line 1: rows must take the frame, and nothing else"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "told"), BROKEN)
def test_what_is_wrong_with_a_hooks_file_is_told(tmp_path: Path, code: str, told: str) -> None:
    """File, function and line, in a sentence; exit status 2, and no traceback."""
    result = checked(place(tmp_path, code))
    assert result.exit_code == 2
    assert isinstance(result.error, MappingError)
    assert told in str(result.error)
    assert "This error occurred" not in str(result.error)
    assert result.error.hint


def test_a_constant_that_a_function_fails_on_is_told_too(tmp_path: Path) -> None:
    """Constants are tried out before any row is read."""
    code = (
        HEAD
        + "def _no(one):\n    raise KeyError(one)\n\ndef shout(text):\n    return text.map_elements(_no, return_dtype=pl.String)\n"
    )
    rule = 'name = { value = "x", transform = ["shout"] }\nslug = "Slug"\n'
    error = checked(place(tmp_path, code, rule)).error
    assert str(error) == "shop.py, line 3: shout failed: KeyError: 'x'."


def test_an_argument_that_nobody_takes_is_a_mistake(tmp_path: Path) -> None:
    """As it is for the transforms of ours."""
    rule = 'name = { from = "Name", transform = [{ shout = 5 }] }\nslug = "Slug"\n'
    error = checked(place(tmp_path, "def shout(text):\n    return text\n", rule)).error
    assert 'shout takes no argument: write "shout"' in str(error)


@pytest.mark.parametrize("name", ["gone.py", ".", "a\\u0000b"])
def test_a_hooks_file_that_is_not_there_is_a_mistake(tmp_path: Path, name: str) -> None:
    """With the line that names it."""
    path = place(tmp_path, "")
    path.write_text(path.read_text(encoding="utf-8").replace("shop.py", name), encoding="utf-8")
    error = checked(path).error
    assert isinstance(error, MappingError)
    assert error.mistakes[0].startswith("line 2: hooks: ")


def test_the_file_belongs_to_the_rules(tmp_path: Path) -> None:
    """Other functions may make other items of the same cells: all rows are compared again."""
    path = place(tmp_path, HEAD + "def shout(text):\n    return text.str.to_uppercase()\n")
    assert run(path, None, RunOptions(sandbox=True)).runs[0].counts.created == 2
    assert run(path, None, RunOptions(sandbox=True)).runs[0].counts.unchanged == 2
    (tmp_path / "shop.py").write_text(HEAD + "def shout(text):\n    return text\n", encoding="utf-8")
    counts = run(path, None, RunOptions(sandbox=True)).runs[0].counts
    assert (counts.skipped, counts.unchanged) == (2, 0)


# rows(frame) ---------------------------------------------------------------------------------------------------------

PLAIN = 'name = "Name"\nslug = "Slug"\n'


def test_rows_sees_each_batch_before_all_else(tmp_path: Path) -> None:
    """It may change cells, make columns, and leave rows out; those count as left out. Order does not matter."""
    code = HEAD + (
        "def rows(frame):\n"
        "    assert frame.columns == ['Name', 'Slug', '_row'] or frame.columns == ['_row', 'Name', 'Slug']\n"
        "    return frame.filter(pl.col('Name') != 'Travel').with_columns(\n"
        "        Name=pl.col('Name').str.to_lowercase(), Slugs=pl.col('Slug') + '-x', Nothing=pl.lit(None)\n"
        "    ).drop('Slug').reverse()\n"
    )
    fields = 'name = "Name"\nslug = { from = ["Nothing", "Slugs"] }\n'
    place(tmp_path, code, fields, "Name,Slug\nFood,food\nTravel,travel\nArt,art\n")
    result = checked(tmp_path / "tags.toml")
    assert (result.runs[0].read, result.runs[0].left_out, result.runs[0].counts.not_sent) == (3, 1, 2)
    assert names(tmp_path) == ["food", "art"]


def test_rejects_hold_the_cells_of_the_sheet(tmp_path: Path) -> None:
    """What `rows` made of them is nobody's to correct; a row that could not be read is not shown to it."""
    code = (
        HEAD
        + "def rows(frame):\n    return frame.with_columns(Slug=pl.col('Slug') + '!').filter(pl.col('Name') != 'b')\n"
    )
    path = place(tmp_path, code, PLAIN, "Name,Slug\na,x\nb,y,more\n")
    result = checked(path)
    assert result.runs[0].rejects is not None
    with result.runs[0].rejects.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["_row"], line["_error_code"], line["Slug"]) for line in lines] == [
        ("2", "slug_invalid", "x"),
        ("3", "row_broken", "y"),
    ]


def test_a_typed_cell_that_is_changed_is_text(tmp_path: Path) -> None:
    """Else `2,5` would be read as the canonical number of a workbook."""
    book = openpyxl.Workbook()
    for row in (["Name", "Slug", "Price"], ["a", "a", 2.5], ["b", "b", 3.5]):
        book.active.append(row)  # type: ignore[union-attr]  # a new workbook has a sheet
    book.save(tmp_path / "sheet.xlsx")
    code = (
        HEAD
        + "def rows(frame):\n    return frame.with_columns(Price=pl.when(pl.col('Name') == 'a').then(pl.lit('7,5')).otherwise(pl.col('Price')))\n"
    )
    fields = 'name = { from = "Price", transform = ["number", { add = 1 }] }\nslug = "Slug"\n'
    path = place(tmp_path, code, fields)
    text = path.read_text(encoding="utf-8").replace('path = "tags.csv"', 'path = "sheet.xlsx"\ndecimal = ","')
    path.write_text(text, encoding="utf-8")
    assert names(tmp_path) == ["8.5", "4.5"]


WRONG: list[tuple[str, str]] = [
    ("return 5", "shop.py, line 2: rows must give a polars DataFrame, not int."),
    ("return frame.lazy()", "not LazyFrame; end it with .collect()."),
    ("return frame.drop('_row')", 'rows must keep the column "_row", which says which row of the sheet each one is.'),
    ("return frame.with_columns(pl.col('_row').cast(pl.Int64))", 'rows must leave the column "_row" as it is, and made Int64 of UInt32.'),
    ("return frame.with_columns(_row=pl.col('_row') + 1)", 'rows gave a row whose "_row" is 4, which it was not given.'),
    ("return pl.concat([frame, frame.head(1)])", "rows gave row 2 twice; it may leave rows out, and make none."),
    ("return frame.with_columns(Slug=pl.lit(5))", 'rows made the column "Slug" Int32; cells are text: end it with .cast(pl.String).'),
    ("raise LookupError('no', 5)", "shop.py, line 3: rows failed: LookupError: ('no', 5)."),
    ("return frame.select('nope')", "shop.py, line 3: rows failed: ColumnNotFoundError: "),
    ("return frame.drop('Slug')", 'fields.slug.from: there is no column "Slug" in the sheet; the columns are "Name"'),
    ("return frame if frame['_row'][0] > 2 else frame.drop('Slug').head(0)", 'there is no column "Slug"'),
]  # fmt: skip


@pytest.mark.parametrize(("body", "told"), WRONG)
def test_what_rows_does_wrong_is_told(tmp_path: Path, body: str, told: str) -> None:
    """File, line, what it did, and what it should; exit status 2."""
    result = checked(place(tmp_path, HEAD + f"def rows(frame):\n    {body}\n", PLAIN))
    assert result.exit_code == 2
    assert isinstance(result.error, MappingError)
    assert told in str(result.error)


def test_a_column_that_only_some_batches_have_is_told(tmp_path: Path) -> None:
    """With the rows of the batch that lacks it."""
    code = HEAD + "def rows(frame):\n    return frame if frame['_row'][0] == 2 else frame.drop('Slug')\n"
    lines = "".join(f"{'x' * 900} {n},s-{n}\n" for n in range(20_000))
    result = checked(place(tmp_path, code, PLAIN, f"Name,Slug\n{lines}"))
    assert result.exit_code == 2
    assert 'shop.py, line 2: rows gave no column "Slug" for the rows ' in str(result.error)


def test_rows_is_seen_before_rows_are_put_together(tmp_path: Path) -> None:
    """What it changes decides which rows are one item; what it leaves out is read, left out, and fills nothing."""
    code = HEAD + (
        "def rows(frame):\n"
        "    kept = frame.filter(pl.col('Name').ne_missing('Total'))\n"
        "    return kept.with_columns(Slug=pl.col('Slug').str.to_lowercase(), Group=pl.col('Slug').str.to_lowercase())\n"
    )
    sheet = "Name,Slug,Note,Colour\nFood,FOOD,a,\nTravel,Travel,,\nTotal,total,x,\n,food,,#ff0000\n,travel,,#00ff00\n"
    fields = 'name = "Name"\nslug = "Slug"\ncolor = "Colour"\n'
    place(tmp_path, code, fields, sheet)
    path = tmp_path / "tags.toml"
    text = path.read_text(encoding="utf-8").replace(
        'path = "tags.csv"\n', 'path = "tags.csv"\ngroup_by = "Group"\nfill_down = ["Note"]\n'
    )
    path.write_text(text, encoding="utf-8")
    result = checked(path)
    assert result.error is None
    counts = result.runs[0].counts
    assert (result.runs[0].read, result.runs[0].left_out, counts.total, counts.not_sent) == (5, 1, 2, 2)
    assert names(tmp_path) == ["Food", "Travel"]
