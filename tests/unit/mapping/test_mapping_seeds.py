"""What the fuzzer once found (`python -m tests.fuzz mappings`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.mapping.conftest import Workshop


def test_images_of_several_columns_may_have_fewer_columns_of_alt_texts(workshop: Workshop) -> None:
    """Those without one have none (found by the fuzzer)."""
    rule = '{ from = ["A", "B"], alt = "C" }'
    one, two = "https://a.example/1.jpg", "https://a.example/2.jpg"
    cells: dict[str, list[str | None]] = {"A": [one, one], "B": [two, None], "C": ["x", None]}
    assert workshop.field("gallery", rule, cells) == [
        [{"url": one, "alt": "x"}, {"url": two, "alt": None}],
        [{"url": one, "alt": None}],
    ]
