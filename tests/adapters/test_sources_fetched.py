"""What came from a web address: which kind of sheet it is, and in which encoding."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import openpyxl
import polars as pl
import pytest

from importer.errors import SourceError
from importer.model import SourceOptions
from importer.sources import open_fetched

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLACE = "https://example.org"


def book(path: Path) -> None:
    pages = openpyxl.Workbook()
    page = pages.active
    assert page is not None
    page.append(["a", "b"])
    page.append(["1", "2"])
    pages.save(path)


def text(data: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(data)

    return write


@pytest.mark.parametrize(
    ("address", "make", "told"),
    [
        ("/pub?output=csv", text(b"a,b\n1,2\n"), "UTF-8, delimiter ',', header in row 1"),
        ("/people.csv?x=1", text(b"a;b\n1;2\n"), "UTF-8, delimiter ';', header in row 1"),
        ("/export", text(gzip.compress(b"a,b\n1,2\n")), "gzip, UTF-8, delimiter ',', header in row 1"),
        ("/pub?output=xlsx", book, "sheet 'Sheet', header in row 1"),
        ("/book.xlsx", book, "sheet 'Sheet', header in row 1"),
        ("/data", lambda path: pl.DataFrame({"a": ["1"], "b": ["2"]}).write_parquet(path), "Parquet, columns 2"),
        ("/api/rows", text(b'{"a": "1", "b": "2"}\n'), "JSON lines, UTF-8, columns 2"),
        ("/rows.jsonl", text(b'{"a": "1", "b": "2"}\n'), "JSON lines, UTF-8, columns 2"),
    ],
)
def test_the_kind_is_told_by_the_ending_or_by_the_content(
    tmp_path: Path, address: str, make: Callable[[Path], None], told: str
) -> None:
    """Published sheets have addresses without an ending; the copy goes when the source is closed."""
    path = tmp_path / "copy.fetched"
    make(path)
    with open_fetched(path, SourceOptions(), PLACE + address) as source:
        assert source.detected == f"{PLACE}{address.partition('?')[0]}: {told}"
        assert pl.concat(source.batches()).select("a", "b").rows() == [("1", "2")]
        assert pl.concat(source.batches()).select("a", "b").rows() == [("1", "2")]
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_copy_that_cannot_be_read_goes_too(tmp_path: Path) -> None:
    """With the address in the sentence."""
    path = tmp_path / "copy.fetched"
    book(path)
    with pytest.raises(SourceError, match=r"^https://example\.org/a\.csv is called a text file, but it is a workbook"):
        open_fetched(path, SourceOptions(), f"{PLACE}/a.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("data", "charset", "named", "read"),
    [
        ("Łódź".encode("iso8859-2"), "iso-8859-2", None, "Łódź"),
        ("Größe".encode(), "iso-8859-2", None, "Größe"),
        ("Größe".encode("cp1252"), "utf-8", None, "Größe"),
        ("Größe".encode("cp1252"), "no-such-thing", None, "Größe"),
        ("Łódź".encode("cp1250"), "iso-8859-7", "cp1250", "Łódź"),
        ("日本".encode("iso2022_jp"), "iso-2022-jp", None, "日本"),
        ("Größe".encode("utf-16"), "iso-8859-2", None, "Größe"),
    ],
)
def test_what_a_server_says_of_the_encoding_counts_where_the_file_does_not_tell(
    tmp_path: Path, data: bytes, charset: str, named: str | None, read: str
) -> None:
    """The mapping wins, then the file's own bytes, then the server, which often says what it says of everything."""
    path = tmp_path / "copy.fetched"
    start = "a\n".encode("utf-16") if data.startswith(b"\xff\xfe") else b"a\n"
    path.write_bytes(start + data.removeprefix(b"\xff\xfe"))
    with open_fetched(path, SourceOptions(encoding=named), f"{PLACE}/a.csv", charset=charset) as source:
        assert pl.concat(source.batches()).get_column("a").to_list() == [read]
