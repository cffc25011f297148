"""What can be wrong with a file: each in a sentence, none as a traceback."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest

from importer.errors import SourceError
from importer.model import SourceOptions
from importer.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Callable

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
EMPTY = SourceOptions()


def book(path: Path) -> None:
    pages = openpyxl.Workbook()
    page = pages.active
    assert page is not None
    page.append(["a", "b"])
    pages.create_sheet("Empty")
    pages.save(path)


def archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.txt", "text")


def damaged(path: Path) -> None:
    book(path)
    path.write_bytes(path.read_bytes()[:1500])


def content(data: bytes) -> Callable[[Path], None]:
    return lambda path: void(path.write_bytes(data))


def void(_: int) -> None:
    """Give nothing."""


@pytest.mark.parametrize(
    ("name", "make", "options", "message"),
    [
        ("a.csv", content(b""), EMPTY, "a.csv is empty: it has no header and no rows."),
        ("a.csv", content(b"\n , \n\n"), EMPTY, "a.csv is empty: it has no header and no rows."),
        ("a.csv", content(b"\xef\xbb\xbf"), EMPTY, "a.csv is empty: it has no header and no rows."),
        ("a.csv", content(b"\n"), SourceOptions(header_row=0), "a.csv is empty: it has no rows."),
        ("a.csv", content(b"a\n1\n"), SourceOptions(header_row=3), "a.csv: header_row = 3, but there are only 2 rows."),
        ("a.csv", content(b"a\n\n"), SourceOptions(header_row=2), "a.csv, row 2: the header should be here"),
        ("a.csv", content(b"a\n"), SourceOptions(header_row=-1), "a.csv: header_row = -1 is no row."),
        ("a.csv", content(b"a\n"), SourceOptions(delimiter="::"), "a.csv: delimiter = '::' is not one sign."),
        ("a.csv", content(b"a\n"), SourceOptions(delimiter='"'), "a.csv: delimiter = '\"' is not one sign."),
        ("a.csv", content(b"a\n"), SourceOptions(quote="<<"), "a.csv: quote = '<<' is not one sign."),
        ("a.csv", book, EMPTY, "a.csv is called a text file, but it is a workbook or another archive."),
        ("a.csv", content(OLE + b"x"), EMPTY, "a.csv is called a text file, but it is an old Excel workbook."),
        ("a.csv", content(b"%PDF-1.7"), EMPTY, "a.csv is called a text file, but it is a PDF."),
        ("a.json", content(b"[]"), EMPTY, "a.json: files that end in '.json' are not known, so"),
        ("a", content(b"x"), EMPTY, "a: its name has no ending, so"),
        (
            "a.csv",
            content(b" <!DOCTYPE html><html>"),
            EMPTY,
            "a.csv is called a text file, but it is a web page (HTML)",
        ),
        ("a.csv", content(b"\xef\xbb\xbf<html>"), EMPTY, "a.csv is called a text file, but it is a web page (HTML)"),
        ("a.csv", content(b"\x01a\x02,b\n1,2\n"), EMPTY, "a.csv is no text: its header holds signs that"),
        ("a\0.csv", None, EMPTY, "'a\\x00.csv' is no path: it holds a NUL."),
        ("a.csv", os.mkfifo, EMPTY, "a.csv is no ordinary file, and a sheet is read twice."),
        ("a.xlsx", content(b""), EMPTY, "a.xlsx is called a workbook, but it is empty."),
        ("a.xlsx", content(b"a,b\n1,2\n"), EMPTY, "a.xlsx is called a workbook, but it is text."),
        ("a.xls", content(b"<html><table>"), EMPTY, "a.xls is called a workbook, but it is a web page (HTML) or XML."),
        ("a.ods", content(b"x\0"), EMPTY, "a.ods cannot be read as a workbook: it is damaged, or it is none ("),
        ("a.xlsx", content(OLE + b"\0" * 500), EMPTY, "a.xlsx is called a new workbook, but it is an old one"),
        ("a.xls", content(OLE + b"\0" * 500), EMPTY, "a.xls cannot be read as a workbook"),
        ("a.xlsx", archive, EMPTY, "a.xlsx cannot be read as a workbook"),
        ("a.xlsx", damaged, EMPTY, "a.xlsx cannot be read as a workbook"),
        ("a.xlsx", content(OLE + "EncryptedPackage".encode("utf-16-le")), EMPTY, "a.xlsx is protected by a password."),
        ("a.xlsx", book, SourceOptions(sheet="Price"), "a.xlsx has no sheet 'Price'."),
        ("a.xlsx", book, SourceOptions(sheet=3), "a.xlsx has 2 sheets, so there is no number 3."),
        ("a.xlsx", book, SourceOptions(sheet=0), "a.xlsx has 2 sheets, so there is no number 0."),
        (
            "a.xlsx",
            book,
            SourceOptions(sheet="Empty"),
            "a.xlsx (sheet 'Empty') is empty: it has no header and no rows.",
        ),
        (
            "a.xlsx",
            book,
            SourceOptions(sheet="Empty", header_row=0),
            "a.xlsx (sheet 'Empty') is empty: it has no rows.",
        ),
        (
            "a.xlsx",
            book,
            SourceOptions(header_row=9),
            "a.xlsx (sheet 'Sheet'): header_row = 9, but there are only 1 rows.",
        ),
    ],
)
def test_each_mistake_has_its_sentence(
    tmp_path: Path, name: str, make: Callable[[Path], None] | None, options: SourceOptions, message: str
) -> None:
    """What happened, where, and what to do next."""
    path = tmp_path / name
    if make is not None:
        make(path)
    with pytest.raises(SourceError) as caught:
        open_source(path, options)
    assert caught.value.message.removeprefix(f"{tmp_path}/").replace(f"'{tmp_path}/", "'").startswith(message)
    assert caught.value.hint


def test_a_missing_file_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    """Most missing files are misspelt."""
    (tmp_path / "products.csv").write_text("a\n")
    for name, hint in {"prodcts.csv": "Did you mean 'products.csv'?", "x/y.csv": "There is no folder"}.items():
        with pytest.raises(SourceError, match="There is no file") as caught:
            open_source(tmp_path / name, EMPTY)
        assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize("address", ["ftp://host/a.csv", "file:///home/me/a.csv", "s3://bucket/a.csv"])
def test_an_address_of_another_kind_is_told_as_one(tmp_path: Path, address: str) -> None:
    """Nobody looks for a folder that is called `ftp:`; the path may be seen from the mapping's folder."""
    for place in (Path(address), tmp_path / address):
        with pytest.raises(SourceError) as caught:
            open_source(place, EMPTY)
        assert caught.value.hint.startswith("Of addresses only those that begin with https:// are fetched")


def test_a_folder_is_no_sheet(tmp_path: Path) -> None:
    """Whatever it is called."""
    with pytest.raises(SourceError, match="is a folder, not a sheet"):
        open_source(tmp_path, EMPTY)


def test_sheets_are_named_where_one_is_not_there(tmp_path: Path) -> None:
    """So that the right one can be copied from the message."""
    book(tmp_path / "a.xlsx")
    with pytest.raises(SourceError) as caught:
        open_source(tmp_path / "a.xlsx", SourceOptions(sheet="x"))
    assert caught.value.hint == "Its sheets are: 'Sheet', 'Empty'."


def test_an_open_quote_is_told_with_its_row(tmp_path: Path) -> None:
    """Swallowing the rest of the file in one cell would lose its rows."""
    path = tmp_path / "a.csv"
    path.write_text('a,b\n1,2\n3,"four\n5,6\n')
    with pytest.raises(SourceError, match=r"^a\.csv, row 3: a quotation mark"):
        open_source(path, EMPTY)
    path.write_text("a,b\n" + "1,2\n" * 300 + '3,"four\n5,6\n')
    with open_source(path, EMPTY, block_bytes=100) as source, pytest.raises(SourceError, match=r"^a\.csv, row 302:"):
        list(source.batches())


@pytest.mark.parametrize(
    ("file", "options", "note"),
    [
        ("a.csv", SourceOptions(sheet="March"), "a.csv is a text file: `sheet` in [source] says nothing about it."),
        (
            "a.xlsx",
            SourceOptions(encoding="utf-8", delimiter=";"),
            "a.xlsx is a workbook: `encoding`, `delimiter` in [source] say nothing about it.",
        ),
        (
            "a.ndjson",
            SourceOptions(header_row=2),
            "a.ndjson is a file of JSON lines: `header_row` in [source] says nothing about it.",
        ),
    ],
)
def test_what_makes_no_sense_for_a_file_is_said(tmp_path: Path, file: str, options: SourceOptions, note: str) -> None:
    """A mapping may be about another sheet than the one that is read."""
    path = tmp_path / file
    book(path) if file.endswith("xlsx") else path.write_text('{"a": 1}\n{"a": 2}\n', encoding="utf-8")
    with open_source(path, options) as source:
        assert note in source.notes
    with open_source(path, EMPTY) as source:
        assert not any("nothing about it" in each for each in source.notes)
