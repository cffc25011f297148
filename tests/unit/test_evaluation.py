"""How readings are evaluated: each step once, and only where it is needed."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from importer.schema.evaluation import once_for_each_text

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
