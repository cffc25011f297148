"""Some seeds of the fuzzer, and what it once found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fuzz.mappings import once

if TYPE_CHECKING:
    from tests.unit.mapping.conftest import Workshop


@pytest.mark.parametrize("seed", range(60))
def test_whatever_a_mapping_says_ends_in_items_problems_or_a_sentence(seed: int) -> None:
    """`python -m tests.fuzz mappings` goes on from here."""
    once(seed)


def test_images_of_several_columns_may_have_fewer_columns_of_alt_texts(workshop: Workshop) -> None:
    """Those without one have none (found by the fuzzer)."""
    rule = '{ from = ["A", "B"], alt = "C" }'
    one, two = "https://a.example/1.jpg", "https://a.example/2.jpg"
    cells: dict[str, list[str | None]] = {"A": [one, one], "B": [two, None], "C": ["x", None]}
    assert workshop.field("gallery", rule, cells) == [
        [{"url": one, "alt": "x"}, {"url": two, "alt": None}],
        [{"url": one, "alt": None}],
    ]
