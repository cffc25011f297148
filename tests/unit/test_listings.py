"""What a listing proves: nothing that was there when the reading began was left out, whatever came and went since."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from importer.publishing import Listings

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.client import Call, Client, ListedItem

BEGAN = datetime(2026, 6, 1, tzinfo=UTC)


class Pages:
    """Answers the n-th reading from the top with the ids that `order` gives for it, and with `total`."""

    def __init__(self, order: Callable[[int], list[int]], total: Callable[[int], int], *, dated: bool = True) -> None:
        self.order, self._total = order, total
        self.server_time = BEGAN if dated else None
        self.readings = self.asked = 0

    async def read(self, call: Call) -> Any:
        asked = {name: str(value) for name, value in dict(call.params).items()}
        offset = int(asked.get("offset", 0))
        self.readings += not offset
        self.asked += 1
        ids = self.order(self.readings)[offset : offset + 100]
        return {
            "items": [item(number) for number in ids],
            "pagination": {"limit": 100, "offset": offset, "total": self._total(self.readings)},
        }


def item(number: int) -> dict[str, Any]:
    """An item; those from 1,000 on are made after the reading began."""
    made = BEGAN + timedelta(minutes=5) if number >= 1_000 else BEGAN - timedelta(hours=1)
    return {
        "id": f"{number:024x}",
        "createdOn": made.isoformat().replace("+00:00", "Z"),
        "lastPublished": None,
        "lastUpdated": None,
        "isDraft": False,
        "isArchived": False,
        "fieldData": {"name": f"N{number}", "slug": f"n-{number}"},
    }


def slug(item: ListedItem, *, live: bool) -> str:
    return f"{item.slug}{live:d}"


def proven(pages: Pages) -> bool:
    """Read whole; whether it proves something."""
    view = asyncio.run(Listings(cast("Client", pages), "c").read(slug, live=True))
    return view.proven


@pytest.mark.parametrize("newest_first", [True, False])
def test_few_pages_from_the_top_tell_whether_they_are_in_order(newest_first: bool) -> None:
    """A glance at the newest items is a listing too: that it is out of order must not be forgotten."""
    pages = Pages(lambda _: [1_000, 1] if newest_first else [1, 1_000], lambda _: 2)
    listings = Listings(cast("Client", pages), "c")

    view = asyncio.run(listings.newest(slug, live=True, pages=1, down_to=None))

    assert sorted(view.items.values()) == ["n-10001", "n-11"]
    assert view.ordered is newest_first


def without(left_out: int, *more: int) -> list[int]:
    """150 ids in a stable order, of which one is never shown: another stands there a second time."""
    return [*(number if number != left_out else 0 for number in range(150)), *more]


def test_listing_read_whole_is_a_proof() -> None:
    """Every item once, in pages that overlap."""
    assert proven(Pages(lambda _: list(range(150)), lambda _: 150))


def test_listing_that_grows_while_it_is_read_is_a_proof() -> None:
    """Items that are made meanwhile were not asked for: what was there when the reading began was shown."""
    pages = Pages(lambda _: [], lambda _: 150 if pages.asked == 1 else 157)
    pages.order = lambda _: list(range(150)) if pages.asked == 1 else [*range(1_000, 1_007), *range(150)]
    assert proven(pages)
    assert pages.readings == 1


def test_item_that_is_never_shown_is_missed() -> None:
    """However often it is read."""
    assert not proven(Pages(lambda _: without(149), lambda _: 150))


@pytest.mark.parametrize("shown", [0, 1, 2, 100, 150])
def test_total_that_counts_what_is_never_shown_comes_to_an_end(shown: int) -> None:
    """Nothing more is shown, though the total says that there is: it is read a few times, and proves nothing."""
    pages = Pages(lambda _: list(range(shown)), lambda _: shown + 1)
    assert not proven(pages)
    assert pages.asked <= 60


def test_passes_gather_what_each_of_them_shows() -> None:
    """An order that is new each time: together the passes show all."""
    assert proven(Pages(lambda reading: without(reading % 5 + 1), lambda _: 150))


@pytest.mark.parametrize("dated", [True, False])
def test_deleted_item_does_not_stand_in_for_one_that_was_not_shown(*, dated: bool) -> None:
    """Item 7 was shown and is gone; the total is reached without item 149."""

    def order(reading: int) -> list[int]:
        ids = without(149)
        return ids if reading < 6 else [number for number in ids if number != 7]

    assert not proven(Pages(order, lambda reading: 150 if reading < 6 else 149, dated=dated))


def test_new_item_does_not_stand_in_for_one_that_was_not_shown() -> None:
    """Item 7 is gone and another one came: the total is what it was, and item 149 was never shown."""

    def order(reading: int) -> list[int]:
        ids = without(149)
        return ids if reading < 6 else [1_000 if number == 7 else number for number in ids]

    assert not proven(Pages(order, lambda _: 150))


def test_items_that_are_listed_late_do_not_stand_in_for_one_that_was_not_shown() -> None:
    """More old items were shown than there were at first: who was there then cannot be told, item 149 was not."""
    late = [500, 501]
    pages = Pages(lambda reading: without(149, *(late if reading > 5 else [])), lambda n: 152 if n > 5 else 150)
    assert not proven(pages)


def test_gathering_begins_anew_after_something_was_deleted() -> None:
    """Item 7 goes before it was shown: what was gathered proves nothing any more, and the next passes do."""

    def order(reading: int) -> list[int]:
        if reading < 6:
            return without(7)
        return [number for number in range(150) if number != 7]

    pages = Pages(order, lambda reading: 150 if reading < 6 else 149)
    assert proven(pages)
    assert pages.readings < 10
