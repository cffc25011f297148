"""Taking stock of a collection: what its two listings show of each item, read with as few requests as prove it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from importer.schema.content import parts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from importer.client import ListedItem
    from importer.publishing.listing import Listings, View
    from importer.publishing.matching import Shown
    from importer.publishing.target import Target


@dataclass(frozen=True, slots=True)
class Sight:
    """One version of an item: what it is known by, short hashes of its fields (JSON), and when it was changed last."""

    shown: Shown
    parts: str
    last_updated: str | None

    @property
    def waits(self) -> bool:
        """Whether it was changed since it went live, so that what is live is another version."""
        published = self.shown.last_published
        return self.shown.is_draft or (published is not None and (self.last_updated or "") > published)

    @classmethod
    def of(cls, item: ListedItem, target: Target, *, live: bool) -> Sight:
        """Take in what a listing shows."""
        said = orjson.dumps(parts(item.field_data, target.schema), option=orjson.OPT_SORT_KEYS).decode()
        return cls(target.shown(item, live=live), said, item.last_updated)


@dataclass(slots=True)
class Stock:
    """What the listings of one locale showed, by item id.

    `whole` says that no item can be missing, `live_whole` that no live one can. Where the live listing was not read
    whole, `told` says that Webflow's own words about each staged item (`lastPublished`) and the number of live items
    agree; `read_both` that both listings were read whole.
    """

    staged: dict[str, Sight] = field(default_factory=dict)
    live: dict[str, Sight] = field(default_factory=dict)
    whole: bool = False
    live_whole: bool = False
    told: bool = False
    read_both: bool = False

    def everything(self) -> dict[str, Sight]:
        """Give all items; of two versions the live one, which is what a run sent."""
        return {**self.staged, **self.live}

    def sight(self, item_id: str | None) -> Sight | None:
        """Give one item, as `everything` has it; None where it is not there."""
        if item_id is None:
            return None
        return self.live.get(item_id) or self.staged.get(item_id)

    def versions(self, item_id: str) -> list[Sight]:
        """Give what was seen of an item, the live version first."""
        return [one for one in (self.live.get(item_id), self.staged.get(item_id)) if one is not None]

    def is_live(self, item_id: str) -> bool | None:
        """Say whether an item is live; None where that is not known."""
        if item_id in self.live:
            return True
        if self.live_whole or not self.told:
            return False if self.live_whole else None
        return item_id in self.staged and self.staged[item_id].shown.last_published is not None

    def forget(self, item_ids: Iterable[str]) -> None:
        """Take items out that were removed since."""
        for item_id in item_ids:
            self.staged.pop(item_id, None)
            self.live.pop(item_id, None)


async def take_stock(
    listings: Listings,
    target: Target,
    *,
    locale: str,
    both: bool,
    listed: Callable[[], Awaitable[bool]],
    note: Callable[[Sequence[ListedItem]], None],
) -> Stock:
    """Read the staged listing whole, and one page of the live one: that is enough where the two agree.

    They agree where the page is all that is live, or where every item of it is among the staged ones and as many of
    those as are live by number say that they are. Else, and where `both` are asked for, the live listing is read whole
    too. `listed` waits until all that was written is listed, and says whether it had to; `note` is told each page.
    Raises what reading a listing raises.
    """

    def keep(item: ListedItem, *, live: bool) -> Sight:
        return Sight.of(item, target, live=live)

    async def whole(*, live: bool) -> View[Sight]:
        return await listings.read(keep, live=live, locale=locale, overlapping=False, note=note)

    first = await listings.page(0, live=True, locale=locale)
    if await listed():  # the first answer has told the time, by which that can be known
        first = await listings.page(0, live=True, locale=locale)
    note(first.items)
    stock = Stock(live={item.id: keep(item, live=True) for item in first.items})
    stock.live_whole = len(stock.live) == first.total
    staged = await whole(live=False)
    stock.staged, stock.whole = staged.items, staged.proven
    said = sum(one.shown.last_published is not None for one in stock.staged.values())
    stock.told = stock.whole and stock.live.keys() <= stock.staged.keys() and said == first.total
    if not stock.live_whole and (both or not stock.told):
        view = await whole(live=True)
        stock.read_both = True
        stock.live_whole = view.proven
        stock.live = view.items if view.proven else {**stock.live, **view.items}
    stock.whole = stock.whole and (stock.live_whole or stock.told)
    return stock
