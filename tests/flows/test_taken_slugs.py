"""`taken = "suffix"`, from the sheet to Webflow and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.flows.faulty import CREATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night

MAPPING: dict[str, Any] = {
    "collection": "notes",
    "key": {"from": "ID"},
    "fields": {"name": "Title", "slug": {"from": "Slug", "taken": "suffix"}, "text": "Text"},
}


def sheet(*rows: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "ID": [key for key, _ in rows],
            "Title": [f"Note {key}" for key, _ in rows],
            "Slug": [slug for _, slug in rows],
            "Text": [f"Text {key}" for key, _ in rows],
        }
    )


@pytest.fixture
def shop(night: Callable[..., Night]) -> Night:
    one = night()
    one.mapping = MAPPING
    return one


def slugs(one: Night) -> dict[str, str]:
    return {item["fieldData"]["name"]: item["fieldData"]["slug"] for item in one.items(live=True)}


def test_a_taken_slug_gets_a_number_and_keeps_it(shop: Night) -> None:
    """In whatever order the rows stand later, and whichever are gone; a second run sends nothing."""
    shop.sheet = sheet(("a", "shirt"), ("b", "shirt"), ("c", "hat"), ("d", "Shirt"))
    assert shop.run().counts.created == 4
    before = {"Note a": "shirt", "Note b": "shirt-2", "Note c": "hat", "Note d": "Shirt-3"}
    assert slugs(shop) == before
    writes = shop.writes()
    shop.sheet = sheet(("d", "Shirt"), ("c", "hat"), ("b", "shirt"))
    assert shop.run().counts.unchanged == 3
    assert shop.writes() == writes
    shop.sheet = sheet(("e", "shirt"), ("f", "hat"), ("b", "shirt"))
    assert shop.run().counts.created == 2
    assert slugs(shop) == before | {"Note e": "shirt-4", "Note f": "hat-2"}


def test_rows_that_are_compared_again_are_what_they_were(shop: Night) -> None:
    """Another rule of another field: the content is made again, with the slug that the item has."""
    shop.sheet = sheet(("a", "shirt"), ("b", "shirt"))
    shop.run()
    fields = MAPPING["fields"] | {"text": {"from": "Text", "transform": ["strip"]}}
    shop.mapping = MAPPING | {"fields": fields}
    shop.sheet = sheet(("b", "shirt"), ("a", "shirt"))
    counts = shop.run().counts
    assert (counts.unchanged, counts.skipped) == (2, 0)


def test_a_run_that_sends_only_some_rows_settles_no_more(shop: Night) -> None:
    """What was not sent has no slug yet; what was keeps its own."""
    shop.sheet = sheet(("a", "shirt"), ("b", "shirt"), ("c", "shirt"))
    assert shop.run(limit=1).counts.created == 1
    shop.sheet = sheet(("c", "shirt"), ("b", "shirt"), ("a", "shirt"))
    assert shop.run().counts.created == 2
    assert slugs(shop) == {"Note a": "shirt", "Note b": "shirt-3", "Note c": "shirt-2"}


def test_a_slug_held_by_a_stranger_rejects_the_row(shop: Night) -> None:
    """Only what earlier items of ours hold gets a number behind it: whose the other item is nobody can know."""
    shop.strangers([{"name": "Theirs", "slug": "shirt"}])
    shop.sheet = sheet(("a", "shirt"), ("b", "shirt"))
    counts = shop.run().counts
    assert (counts.created, counts.rejected) == (1, 1)
    assert shop.outcome()[2] == ("rejected", "slug_taken")
    assert slugs(shop) == {"Theirs": "shirt", "Note b": "shirt-2"}


def test_a_double_key_is_one_still(shop: Night) -> None:
    """A suffix is for other items with the slug, not for the same one twice."""
    shop.sheet = sheet(("a", "shirt"), ("a", "shirt"), ("b", "shirt"))
    counts = shop.run().counts
    assert (counts.created, counts.rejected) == (2, 1)
    assert shop.outcome()[3] == ("rejected", "key_duplicate")
    assert slugs(shop) == {"Note a": "shirt", "Note b": "shirt-2"}


def test_a_lost_answer_makes_no_other_slug(shop: Night) -> None:
    """What was sent and never answered is settled under the slug that it was sent with."""
    shop.faults = [{"when": CREATE | {"nth": 1}, "do": "timeout_then_commit", "seconds": 500, "wait": 1}]
    shop.sheet = sheet(("a", "shirt"), ("b", "shirt"))
    assert shop.run(deadline=20.0, patience=600.0).counts.in_doubt == 2
    shop.faults = []
    shop.sheet = sheet(("b", "shirt"), ("a", "shirt"))
    assert shop.run(patience=600.0).counts.in_doubt == 0
    assert slugs(shop) == {"Note a": "shirt", "Note b": "shirt-2"}


def test_published_rows_are_no_reason_not_to_ask_for_numbers(shop: Night) -> None:
    """`taken` changes no slug that an item has: it may be added when the collection is full."""
    fields = MAPPING["fields"] | {"slug": "Slug"}
    shop.mapping = MAPPING | {"fields": fields}
    shop.sheet = sheet(("a", "shirt"), ("b", "shirt"))
    assert shop.run().counts.rejected == 1
    shop.mapping = MAPPING
    counts = shop.run().counts
    assert (counts.unchanged, counts.created) == (1, 1)
    assert slugs(shop) == {"Note a": "shirt", "Note b": "shirt-2"}


def test_items_of_several_rows_get_a_number_too(shop: Night) -> None:
    """Items that begin first come first, wherever their other rows stand; the second run sends nothing."""
    shop.mapping = {**MAPPING, "source": {"group_by": "ID"}}
    shop.sheet = sheet(("a", "shirt"), ("b", "shirt"), ("b", "shirt"), ("c", "Shirt"), ("a", "shirt"))
    assert shop.run().counts.created == 3
    assert slugs(shop) == {"Note a": "shirt", "Note b": "shirt-2", "Note c": "Shirt-3"}
    writes = shop.writes()
    assert shop.run().counts.unchanged == 3
    assert shop.writes() == writes
