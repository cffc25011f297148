"""What lookups do to the hash of a row, and large tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.transforms import Surroundings, compile_call, read_call

if TYPE_CHECKING:
    from tests.unit.mapping.conftest import Workshop

ASKING = 'text = { from = "A", transform = [{ lookup = "s", missing = "skip" }], else = "B" }\n'
MANY = 'tags = { from = "B", transform = [{ lookup = "s", missing = "keep" }] }\n'


def _hashes(workshop: Workshop, table: str, rule: str = ASKING) -> list[str]:
    cells: dict[str, list[str | None]] = {
        "N": ["1", "2", "3", "4"], "A": ["S", "M", "x", None], "B": ["Ada", "M; Ada", "S", "Bob"]
    }  # fmt: skip
    return workshop.run(f'[lookup.s]\n{table}\n[fields]\nname = "N"\n{rule}', cells).column("_hash")


def test_a_changed_lookup_changes_the_hash_of_the_rows_that_get_another_value(workshop: Workshop) -> None:
    """Rows that ask for other lines of the table, or for none, are the same as before."""
    before = _hashes(workshop, 'S = "Small"\nM = "Medium"')
    after = _hashes(workshop, 'M = "Medium"\nS = "Little"\nL = "Large"')
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True, True, True]
    known = _hashes(workshop, 'S = "Small"\nM = "Medium"\nx = "Known now"')
    assert [one == other for one, other in zip(before, known, strict=True)] == [True, True, False, True]


def test_a_part_of_a_list_that_gets_another_value_changes_the_hash_too(workshop: Workshop) -> None:
    """Each part is looked up by itself."""
    before, after = _hashes(workshop, 'M = "Eve"', MANY), _hashes(workshop, 'M = "Bob"', MANY)
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False, True, True]


COMPOSED, APART = "\N{LATIN SMALL LETTER E WITH ACUTE}", "e\N{COMBINING ACUTE ACCENT}"
TEXTS = st.one_of(st.sampled_from(["a", "A", " a", COMPOSED, APART]), st.text("aAbB ", max_size=3))


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(TEXTS, st.text(max_size=3), min_size=1, max_size=8), st.lists(st.none() | TEXTS, max_size=8))
def test_a_large_table_gives_what_a_small_one_does(table: dict[str, str], texts: list[str | None]) -> None:
    """Large ones are asked in another way; nobody can tell."""
    filled = table | {f"{n:05}": "" for n in range(600)}
    given_by = [
        pl.DataFrame({"t": texts}, schema={"t": pl.String}).select(
            compile_call(read_call({"lookup": "s", "missing": "skip"}), Surroundings(lookups={"s": one})).run(
                pl.col("t"), None
            )
        )
        for one in (table, filled)
    ]
    assert given_by[0].to_series().to_list() == given_by[1].to_series().to_list()
