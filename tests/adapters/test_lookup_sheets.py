# ruff: noqa: E501 - a line for each mistake
"""`[lookup.NAME]` with a `source`: two columns of another sheet stand for one another."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import openpyxl
import pytest

from importer.commands.check import check
from importer.commands.loading import load_mapping
from importer.commands.lookups import read_lookups
from importer.commands.options import RunOptions
from importer.errors import MappingError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FIELDS = '[fields]\nname = { from = "No", transform = [{ lookup = "s" }] }\nslug = "Slug"\n'


def mapping(folder: Path, source: str, *, more: str = "", columns: str = 'from = "No."\nto = "Name"\n') -> Path:
    path = folder / "tags.toml"
    text = f'collection = "tags"\n{more}[lookup.s]\nsource = {source}\n{columns}{FIELDS}'
    path.write_text(text, encoding="utf-8")
    return path


def tables(path: Path) -> dict[str, dict[str, str]]:
    return read_lookups(load_mapping(path), path.parent)[0]


def mistakes(path: Path) -> tuple[str, ...]:
    with pytest.raises(MappingError) as caught:
        tables(path)
    return caught.value.mistakes


def workbook(path: Path, rows: Sequence[Sequence[object]], sheet: str = "All") -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = "Cover"
    page = book.create_sheet(sheet)
    for row in rows:
        page.append(list(row))
    book.save(path)
    return path


def test_every_key_of_the_source_is_heeded(tmp_path: Path) -> None:
    """Encoding, delimiter, quote, header row and what counts as empty are said as in [source]."""
    text = "Suppliers\nNo.;Name\n'1';'Süß;GmbH'\n2;-\n-;Nobody\n;\n"
    (tmp_path / "s.csv").write_text(text, encoding="cp1252")
    said = '{ path = "s.csv", encoding = "cp1252", delimiter = ";", quote = "\'", header_row = 2, null_values = ["-"] }'
    assert tables(mapping(tmp_path, said)) == {"s": {"1": "Süß;GmbH", "2": ""}}


def test_a_number_in_a_cell_is_found_by_its_text(tmp_path: Path) -> None:
    """A typed 5 and the text "5" are the same key, in the lookup and in the sheet; columns go by loose headers."""
    workbook(tmp_path / "s.xlsx", [[" no. ", "NAME"], [5, "Five"], ["6", 2.5], ["007", "Bond"], [None, "x"]])
    path = mapping(tmp_path, '{ path = "s.xlsx", sheet = "All" }')
    assert tables(path) == {"s": {"5": "Five", "6": "2.5", "007": "Bond"}}
    (tmp_path / "tags.csv").write_text("No,Slug\n5,a\n007,b\n7,c\n", encoding="utf-8")
    result = check(path, tmp_path / "tags.csv", RunOptions(sandbox=True))
    assert result.problems is not None
    assert [(one.row, one.code, one.value) for one in result.problems] == [(4, "lookup_unknown", "7")]
    book = openpyxl.Workbook()
    for row in (["No", "Slug"], [5, "a"], [6, "b"]):
        book.active.append(row)  # type: ignore[union-attr]  # a new workbook has a sheet
    book.save(tmp_path / "t.xlsx")
    assert check(path, tmp_path / "t.xlsx", RunOptions(sandbox=True)).error is None


def test_a_typed_number_is_given_as_the_sheet_writes_numbers(tmp_path: Path) -> None:
    """With `decimal = ","` the sheet's text `2.5` would be twenty-five."""
    workbook(tmp_path / "s.xlsx", [["No.", "Name"], [1, 2.5]])
    path = mapping(tmp_path, '{ path = "s.xlsx", sheet = 2 }', more='[source]\ndecimal = ","\n')
    assert tables(path) == {"s": {"1": "2,5"}}


def test_one_value_may_stand_twice_only_for_the_same(tmp_path: Path) -> None:
    """A mistake names both rows; equal ones, and ones without a key, are none."""
    (tmp_path / "s.csv").write_text("No.,Name\n1,One\n1,One\n,x\n,y\n2,Two\n3,x\n 2 ,Zwei\n2,Deux\n", encoding="utf-8")
    assert mistakes(mapping(tmp_path, '{ path = "s.csv" }')) == (
        'line 2: lookup.s: "2" stands for "Two" in row 6 of s.csv, and for "Zwei" in row 8: only one of them can count',
    )
    rows = "".join(f"{n},a\n{n},b\n" for n in range(12))
    (tmp_path / "s.csv").write_text(f"No.,Name\n{rows}", encoding="utf-8")
    told = mistakes(mapping(tmp_path, '{ path = "s.csv" }'))
    assert len(told) == 11
    assert told[-1] == "line 2: lookup.s: and so do 2 more values of s.csv"


@pytest.mark.parametrize(
    ("source", "columns", "told"),
    [
        ('{ path = "s.csv" }', 'from = "Nr."\nto = "Nme"\n', 'line 4: lookup.s.from: there is no column "Nr." in s.csv; did you mean "No."?'),
        ('{ path = "s.csv" }', 'from = "No."\nto = "Xyz"\n', 'line 5: lookup.s.to: there is no column "Xyz" in s.csv; the columns are No., Name'),
        ('{ path = "t.csv" }', 'from = "No."\nto = "Name"\n', "line 3: lookup.s.source: There is no file {place}/t.csv. Did you mean 's.csv'?"),
        ('{ path = "s.xlsx", sheet = "Al" }', 'from = "No."\nto = "Name"\n', "line 3: lookup.s.source: "),
        ('{ path = "s.xlsx" }', 'from = "No."\nto = "Name"\n', "line 3: lookup.s.source: "),
        ('{ path = "errors.xlsx", sheet = "All" }', 'from = "No."\nto = "Name"\n', 'line 2: lookup.s: row 2 of errors.xlsx, sheet "All" cannot be used: #REF! in the column "Name"'),
        ('{ path = "ragged.csv" }', 'from = "No."\nto = "Name"\n', "line 2: lookup.s: row 2 of ragged.csv cannot be used: "),
        ('{ path = "empty.csv" }', 'from = "No."\nto = "Name"\n', 'line 2: lookup.s: has no values: no row of empty.csv has anything in the column "No."'),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_lookup_is_told(tmp_path: Path, source: str, columns: str, told: str) -> None:
    """The line of the mapping, the sheet, and the nearest right word."""
    (tmp_path / "s.csv").write_text("No.,Name\n1,One\n", encoding="utf-8")
    (tmp_path / "ragged.csv").write_text("No.,Name\n1,One,more\n", encoding="utf-8")
    (tmp_path / "empty.csv").write_text("No.,Name\n,One\n", encoding="utf-8")
    workbook(tmp_path / "s.xlsx", [["No.", "Name"], [1, "One"]])
    workbook(tmp_path / "errors.xlsx", [["No.", "Name"], [1, "#REF!"]])
    assert mistakes(mapping(tmp_path, source, columns=columns))[0].startswith(told.format(place=tmp_path))


def test_a_lookup_is_read_only_where_rows_are_mapped(tmp_path: Path) -> None:
    """The mapping itself is right though the sheet of a lookup is gone: `status` needs no more."""
    path = mapping(tmp_path, '{ path = "gone.csv" }')
    assert load_mapping(path).lookups == {}
    (tmp_path / "tags.csv").write_text("No,Slug\n5,a\n", encoding="utf-8")
    result = check(path, tmp_path / "tags.csv", RunOptions(sandbox=True))
    assert result.exit_code == 2
    assert "lookup.s.source: There is no file" in str(result.error)


def test_a_lookup_of_a_hundred_thousand_rows_costs_no_more_than_reading_it(tmp_path: Path) -> None:
    """It is read once, and asked for the different texts of a batch only."""
    rows = 100_000
    (tmp_path / "s.csv").write_text("No.,Name\n" + "".join(f"{n},Name {n}\n" for n in range(rows)), encoding="utf-8")
    (tmp_path / "tags.csv").write_text("No,Slug\n" + "".join(f"{n},s-{n}\n" for n in range(rows)), encoding="utf-8")
    path = mapping(tmp_path, '{ path = "s.csv" }')
    started = time.perf_counter()
    result = check(path, tmp_path / "tags.csv", RunOptions(sandbox=True))
    assert result.exit_code == 0
    assert time.perf_counter() - started < 10  # 1.1 s on a quiet machine
