"""The collection of odd workbooks: each reads as it was meant, or is refused with a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.errors import SourceError
from importer.model import KIND_PREFIX, ROW, Kind
from importer.sources import open_source
from tests.sheets import books_broken, books_of_cells, books_of_layout, books_of_programs
from tests.sheets.binder import BOOKS, Book

if TYPE_CHECKING:
    from pathlib import Path

COLLECTED = (books_of_cells, books_of_layout, books_of_programs, books_broken)


@pytest.mark.parametrize("book", BOOKS, ids=[f"{book.write.__name__}-{book.file}" for book in BOOKS])
def test_odd_workbooks_read_right_or_are_refused(tmp_path: Path, book: Book) -> None:
    """Each cell with its kind, each row with its number, each note; or the complaint, with what to do next."""
    path = tmp_path / book.file
    book.write(path)
    if book.complaint:
        with pytest.raises(SourceError) as caught:
            open_source(path, book.options)
        assert caught.value.message.startswith(book.complaint)
        assert caught.value.hint
        return
    with open_source(path, book.options) as source:
        assert source.columns == book.columns
        read = {
            row[ROW]: [(row[name], row.get(KIND_PREFIX + name)) for name in source.columns]
            for batch in source.batches()
            for row in batch.iter_rows(named=True)
        }
    assert read.keys() == book.rows.keys()
    for number, cells in book.rows.items():
        assert read[number] == [expected(cell, kind) for cell, (_, kind) in zip(cells, read[number], strict=True)]
    assert book.detected in source.detected
    assert len(source.notes) == len(book.notes), source.notes
    for said, note in zip(source.notes, book.notes, strict=True):
        assert said.startswith(note)


def expected(cell: str | tuple[str, Kind] | None, kind: int | None) -> tuple[str | None, int | None]:
    """Give text and kind; a column of nothing but texts has no kinds."""
    if isinstance(cell, tuple):
        return cell
    return cell, None if cell is None or kind is None else Kind.TEXT


def test_the_collection_is_large_and_each_book_has_a_story() -> None:
    """Every docstring says what is odd."""
    assert len(BOOKS) >= 80
    assert all(book.write.__doc__ for book in BOOKS)
    assert COLLECTED
