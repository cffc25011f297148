"""How readings are evaluated: each step once, and only where it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from importer.schema.evaluation import first_reading, once_for_each_text, staged

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = pl.col("text")


def test_a_text_is_read_once_however_often_it_stands() -> None:
    """Columns that repeat themselves cost what their different texts cost."""
    asked: list[int] = []

    def counted(texts: pl.Series) -> pl.Series:
        asked.append(len(texts))
        return texts.str.to_uppercase()

    reading = TEXT.map_batches(counted, return_dtype=pl.String)
    frame = pl.DataFrame({"text": ["yes", "no", None, "yes"] * 1000})
    read = frame.select(once_for_each_text(TEXT, reading, pl.String)).to_series()
    assert read.to_list() == ["YES", "NO", None, "YES"] * 1000
    assert asked == [2]


@given(st.lists(st.none() | st.sampled_from(["", " ", "a", "A", "é", "ab"]), max_size=30), st.integers(1, 9))
def test_it_makes_no_difference_how_often_a_text_stands(texts: list[str | None], times: int) -> None:
    """Whether the texts of a batch repeat themselves or differ, each is read the same; nothing stays nothing."""
    reading = pl.when(TEXT != "A").then(pl.struct(TEXT, TEXT.str.len_chars().alias("length")))
    frame = pl.DataFrame({"text": texts * times}, schema={"text": pl.String})
    kind = pl.Struct({"text": pl.String, "length": pl.UInt32})
    read = frame.select(once_for_each_text(TEXT, reading, kind)).to_series()
    assert read.dtype == kind
    assert read.to_list() == [
        None if text is None or text == "A" else {"text": text, "length": len(text)} for text in texts * times
    ]


@given(st.lists(st.none() | st.sampled_from(["a", "b", "c", "d"])))
def test_the_first_reader_that_reads_a_text_counts(texts: list[str | None]) -> None:
    """Later readers see only what the earlier ones left, and what none reads is nothing."""
    asked: list[list[str]] = []

    def reader(known: str) -> Callable[[pl.Expr], pl.Expr]:
        def look(column: pl.Series) -> pl.Series:
            asked.append([text for text in column.to_list() if text is not None])
            return pl.Series([known.upper() if text and text in known else None for text in column], dtype=pl.String)

        return lambda text: text.map_batches(look, return_dtype=pl.String)

    readers = [reader("ab"), reader("bc"), reader("a")]
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    read = frame.select(first_reading(TEXT, readers, pl.String)).to_series()
    answers = {"a": "AB", "b": "AB", "c": "BC"}
    assert read.to_list() == [None if text is None else answers.get(text) for text in texts]
    said = [text for text in texts if text is not None]
    seen = [said, [text for text in said if text not in "ab"], [text for text in said if text == "d"]]
    assert asked == [each for each in seen if each]


@given(st.lists(st.none() | st.integers(-3, 3)))
def test_rows_that_say_nothing_give_nothing_whatever_the_stages_make_of_them(numbers: list[int | None]) -> None:
    """Rows that hold nothing give nothing, each in its place, be they few or many."""
    stages = ({"double": pl.col("one") * 2}, {"sum": pl.col("double").fill_null(100) + pl.col("other")})
    frame = pl.DataFrame({"one": numbers, "other": range(len(numbers))}, schema={"one": pl.Int64, "other": pl.Int64})
    given_by = staged({"one": pl.col("one"), "other": pl.col("other"), "none": None}, stages, pl.Int64)
    assert frame.select(given_by).to_series().to_list() == [
        None if number is None else number * 2 + at for at, number in enumerate(numbers)
    ]
