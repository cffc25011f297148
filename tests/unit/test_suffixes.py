"""`taken = "suffix"`: every slug of ours is different, and none changes, whatever happens to the sheet."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from importer.commands.suffixes import given_slugs, hashed, held_frame
from importer.model import ROW

if TYPE_CHECKING:
    import random

Rows = list[tuple[str, str]]
Memory = dict[str, tuple[str, str]]


def slugs(rows: Rows, memory: Memory, *, bad: tuple[int, ...] = (), longest: int = 12) -> dict[str, str]:
    """Give the slug of each key: `rows` are (key, slug by the rule), `memory` says key -> (slug sent, slug held)."""
    sheet = pl.DataFrame(
        {
            ROW: pl.Series(range(2, len(rows) + 2), dtype=pl.UInt32),
            "_locale": pl.Series([""] * len(rows), dtype=pl.String),
            "_key": pl.Series([key for key, _ in rows], dtype=pl.String),
            "_slug": pl.Series([slug for _, slug in rows], dtype=pl.String),
        }
    )
    seen = sheet.select(ROW, key=hashed(pl.col("_key")), slug=hashed(pl.col("_slug").str.to_lowercase()))
    held = held_frame(("", key, *both) for key, both in memory.items())
    looked: list[int] = []

    def look(numbers: pl.Series) -> pl.DataFrame:
        looked.extend(numbers)
        return sheet.filter(pl.col(ROW).is_in(numbers.implode())).sample(fraction=1.0, shuffle=True, seed=1)

    given = given_slugs(seen, pl.Series(bad, dtype=pl.UInt32), held, look, longest=longest)
    instead = dict(given.iter_rows())
    assert set(instead) <= set(looked)
    made = {key: instead.get(row, slug) for row, key, slug in sheet.select(ROW, "_key", "_slug").iter_rows()}
    return {key: slug for (key, slug), row in zip(made.items(), sheet[ROW], strict=True) if row not in bad}


def remembered(memory: Memory, made: dict[str, str]) -> Memory:
    return memory | {key: (slug, slug) for key, slug in made.items()}


def test_a_slug_that_an_earlier_row_has_gets_the_next_free_number() -> None:
    """Slugs are compared without case; a number that another row has as its own slug is not taken from it."""
    rows = [("a", "shirt"), ("b", "Shirt"), ("c", "shirt"), ("d", "shirt-3"), ("e", "hat")]
    assert slugs(rows, {}) == {"a": "shirt", "b": "Shirt-2", "c": "shirt-4", "d": "shirt-3", "e": "hat"}


def test_an_item_keeps_its_slug_whatever_the_order_of_rows_and_though_others_left() -> None:
    """The key decides: a freed slug does not wander."""
    memory = remembered({}, slugs([("a", "shirt"), ("b", "shirt"), ("c", "shirt")], {}))
    assert slugs([("c", "shirt"), ("b", "shirt")], memory) == {"c": "shirt-3", "b": "shirt-2"}


def test_a_new_row_never_takes_the_slug_of_an_item_of_ours() -> None:
    """Neither of one whose row has left the sheet, nor the one that Webflow gave it instead of the one sent."""
    memory = {"a": ("shirt", "shirt-2"), "b": ("hat", "hat")}
    assert slugs([("new", "hat"), ("newer", "shirt-2"), ("newest", "shirt")], memory) == {
        "new": "hat-2",
        "newer": "shirt-2-2",
        "newest": "shirt-3",
    }


def test_an_edited_slug_is_a_new_one() -> None:
    """What the key was sent with before does not hold it back, and its old slug is its own still."""
    memory = {"a": ("shirt-2", "shirt-2"), "b": ("shirt", "shirt")}
    assert slugs([("a", "hat"), ("b", "shirt")], memory) == {"a": "hat", "b": "shirt"}
    assert slugs([("a", "shirt"), ("b", "hat")], memory) == {"a": "shirt-2", "b": "hat"}


def test_rejected_rows_get_no_slug() -> None:
    """The next one has the slug then."""
    assert slugs([("a", "shirt"), ("b", "shirt")], {}, bad=(2,)) == {"b": "shirt"}


def test_a_long_slug_is_shortened_so_that_the_number_fits() -> None:
    """Two that are the same after that are still different slugs, with any free number; no hyphen is doubled."""
    rows = [("a", "abcdefghij-x"), ("b", "abcdefghij-x"), ("c", "abcdefghij-y"), ("d", "abcdefghij-y")]
    assert slugs(rows, {}) == {"a": "abcdefghij-x", "b": "abcdefghij-2", "c": "abcdefghij-y", "d": "abcdefghij-7"}


TEXTS = ["a", "A", "a-2", "b", "a-1", "a-02", "long-name-xy", "long-name-xz", "long-name-2", "long-name--2"]


@settings(max_examples=40, deadline=None)
@given(
    runs=st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from("klmnopqr"), st.sampled_from(TEXTS), max_size=8),
            st.randoms(use_true_random=False),
            st.sets(st.integers(2, 9), max_size=2),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_slugs_are_unique_always_and_an_item_keeps_its_own(
    runs: list[tuple[dict[str, str], random.Random, set[int]]],
) -> None:
    """Run after run with rows that come, go, change and are shuffled; some are not sent."""
    memory: Memory = {}
    cells: dict[str, str] = {}
    for sheet, chance, bad in runs:
        rows = list(sheet.items())
        chance.shuffle(rows)
        made = slugs(rows, memory, bad=tuple(bad))
        shuffled = rows.copy()
        chance.shuffle(shuffled)
        sent = {key: slug for key, slug in made.items() if chance.random() < 0.8}
        now = remembered(memory, sent)
        owners = {(slug.lower(), key) for key, (slug, _) in now.items()} | {(made[key].lower(), key) for key in made}
        assert len({slug for slug, _ in owners}) == len(owners)
        assert all(0 < len(slug) <= 12 for slug in made.values())
        for key, slug in made.items():
            if key in memory and cells.get(key, "").lower() == sheet[key].lower():
                assert slug.lower() == memory[key][0].lower()
        again = slugs(shuffled, now)
        assert {key: slug.lower() for key, slug in again.items() if key in sent} == {
            key: slug.lower() for key, slug in sent.items()
        }
        memory = now
        cells |= {key: sheet[key] for key in sent}


@settings(max_examples=30, deadline=None)
@given(st.permutations([("a", "x"), ("b", "x"), ("c", "x-2"), ("d", "y"), ("e", "X")]))
@example([("a", "x"), ("b", "x"), ("c", "x-2"), ("d", "y"), ("e", "X")])
def test_the_first_run_sees_the_order_of_rows_and_no_later_one_does(rows: Rows) -> None:
    """What is sent once is settled."""
    memory = remembered({}, slugs([("a", "x"), ("b", "x"), ("c", "x-2"), ("d", "y"), ("e", "X")], {}))
    assert {key: slug.lower() for key, slug in slugs(rows, memory).items()} == {
        "a": "x", "b": "x-3", "c": "x-2", "d": "y", "e": "x-4"
    }  # fmt: skip


@pytest.mark.parametrize("known", [False, True], ids=["first run", "later run"])
def test_a_hundred_thousand_slugs_of_one_name_take_a_moment(known: bool) -> None:
    """Blocks of numbers are looked at together, not one after the other."""
    number = 100_000
    rows = [(f"k{n}", "shirt") for n in range(number)]
    memory: Memory = {f"k{n}": (slug, slug) for n in range(number) if (slug := f"shirt-{n + 1}" if n else "shirt")}
    started = time.perf_counter()
    made = slugs(rows, memory if known else {}, longest=256)
    assert time.perf_counter() - started < 10  # 0.6 s on a quiet machine
    assert made == {key: slug for key, (slug, _) in memory.items()}
