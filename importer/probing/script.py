"""The order of the questions: what is refused comes before what proves, by being listed, that it was not written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.probing import slugs
from importer.probing.answers import Unanswered
from importer.probing.filters import ask_filters
from importer.probing.interview import Refused
from importer.probing.listings import POLLS, Looked, ask_order, ask_updated, judge_delay, judge_staged, look_for
from importer.probing.making import first_items
from importer.probing.refusals import Refusals, ask_refusals, judge

if TYPE_CHECKING:
    from importer.client import ListedItem, Page
    from importer.probing.interview import Interview, Made


_TIMES = 3
"""How often the last items are tried, under a new name each time."""

_LIVE = ("taken_live", "refusal_live", "live_in_staged", "filter_slug_live", "filter_published")
_STAGED = (
    "taken_staged", "refusal_staged", "missing_slug", "slug_case", "own_slug", "slug_per_locale", "live_in_staged",
    "sort_updated", "filter_slug_staged", "filter_name", "filter_created",
)  # fmt: skip
"""Questions that need items made live, and items made staged."""


@dataclass(slots=True)
class _Found:
    """What the asking has found so far, by endpoint: live is True."""

    made: dict[bool, Made] = field(default_factory=dict)
    refusals: list[Refusals] = field(default_factory=list)
    pages: dict[bool, Page] = field(default_factory=dict)
    last: dict[bool, ListedItem] = field(default_factory=dict)
    delay: float = 0.0


async def interview(about: Interview) -> None:
    """Ask everything; the answers are in `about.answers`, also of an interview that is cut off.

    Raises what ends the asking: Outage, TokenError, ScopeError.
    """
    found = _Found()
    for live in (True, False):
        made = await first_items(about, live=live)
        if made is not None and made.items:
            found.made[live] = made
        else:
            _leave_open(about, live=live)
    looked = [Looked(live, made) for live, made in found.made.items()]
    await look_for(about, looked)
    judge_delay(about, looked)
    found.delay = max((one.at_most for one in looked if one.page is not None), default=0.0)
    await _slugs(about, found)
    await _settle(about, found)
    await _listings(about, found)


def _leave_open(about: Interview, *, live: bool) -> None:
    """Note what cannot be asked without items of one kind."""
    names = _LIVE if live else _STAGED
    with about.answers.about(*names):
        raise Unanswered(f"no item could be made {'live' if live else 'staged'}")


async def _slugs(about: Interview, found: _Found) -> None:
    """Ask what becomes of slugs; each question has an item of its own."""
    for live, made in found.made.items():
        found.refusals.append(await ask_refusals(about, made.items[0], live=live))
    staged = found.made.get(False)
    if staged is not None:
        items = iter(staged.items[1:])
        for ask in (slugs.ask_case, slugs.ask_own, slugs.ask_locale):
            item = next(items, None)
            if item is not None:
                await ask(about, item)
        await slugs.ask_missing(about)
    live = True in found.made
    if live in found.made:
        await slugs.ask_deleted(about, found.made[live].items[-1], live=live)


async def _settle(about: Interview, found: _Found) -> None:
    """Make the last items once a listing shows what the refused chunks wrote, and list them."""
    refused_at = max((one.refused_at for one in found.refusals), default=0.0)
    if found.refusals:
        await about.clock.sleep(max(0.0, refused_at + about.lag - about.clock.monotonic()))
    wanted = []
    for live in found.made:
        made = await _last(about, live=live)
        if made is not None:
            wanted.append(Looked(live, made))
            found.last[live] = made.items[0]
    await about.clock.sleep(found.delay)
    await look_for(about, wanted, POLLS)
    found.pages = {one.live: one.page for one in wanted if one.page is not None}


async def _last(about: Interview, *, live: bool) -> Made | None:
    """Make one more item, under a new name where an answer is lost."""
    for _ in range(_TIMES):
        slug, name = about.fresh("last")
        try:
            made = await about.create([{"name": name, "slug": slug}], live=live)
        except (Refused, Unanswered):
            continue
        if made.by_slug(slug) is not None:
            return made
    return None


async def _listings(about: Interview, found: _Found) -> None:
    """Judge by the last listings what was written, what they hold and in which order, and ask for their filters."""
    listed = {item.slug for page in found.pages.values() for item in page.items}
    answers = about.answers
    for one in found.refusals:
        with answers.about("refusal_live" if one.live else "refusal_staged"):
            if set(found.pages) != set(found.made):
                raise Unanswered("no listing showed what was made after the refusal")
            judge(about, one, listed)
    live = found.made.get(True)
    kept = [] if live is None else [item.slug for item in live.items[:-1]]
    judge_staged(about, found.pages.get(False), kept)
    await ask_order(about, found.pages)
    if False in found.made:
        await ask_updated(about)
    await ask_filters(about, found.pages, found.last)
