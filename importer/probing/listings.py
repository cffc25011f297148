"""Listings: when a new item is in them, what is in them, and in which order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import factorial, prod
from typing import TYPE_CHECKING

from importer.probing.answers import UNKNOWN, Unanswered
from importer.probing.interview import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.client import Page
    from importer.probing.interview import Interview, Made

POLLS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds to wait before each look for items that are not listed yet: a minute in all."""

_ODDS = 1000
"""A listing that is sorted by chance is that only once in so many times."""

_READINGS = 6
"""How often a listing is read to be sure of its order."""

_LISTS = {True: "GET items/live", False: "GET items"}


@dataclass(slots=True)
class Looked:
    """What is looked for in a listing, and what was seen: `page` is the first one that shows all of it."""

    live: bool
    made: Made
    page: Page | None = None
    missed_at: float | None = None
    shown_at: float = 0.0
    reason: str = ""

    @property
    def at_least(self) -> float:
        """Seconds for which it was certainly not listed."""
        return 0.0 if self.missed_at is None else max(0.0, self.missed_at - self.made.answered_at)

    @property
    def at_most(self) -> float:
        """Seconds after which it certainly was."""
        return self.shown_at - self.made.sent_at


async def look_for(interview: Interview, wanted: Sequence[Looked], polls: Sequence[float] = POLLS) -> None:
    """Read the listings until they show what was made, or patience ends."""
    for pause in polls:
        missing = [one for one in wanted if one.page is None]
        if not missing:
            return
        await interview.clock.sleep(pause)
        for one in missing:
            began = interview.clock.monotonic()
            try:
                page = await interview.newest(live=one.live)
            except (Refused, Unanswered) as reason:
                one.reason = str(reason)
                continue
            if {item.slug for item in one.made.items} <= {item.slug for item in page.items}:
                one.page, one.shown_at = page, interview.clock.monotonic()
            else:
                one.missed_at = began


def judge_delay(interview: Interview, wanted: Sequence[Looked]) -> None:
    """Note how long it took, in the slower of the listings."""
    with interview.answers.about("listing_delay"):
        slowest = max(wanted, key=lambda one: (one.page is None, one.at_most), default=None)
        if slowest is None:
            raise Unanswered("no item could be made")
        where = f"{_LISTS[slowest.live]} after a create"
        least, most = slowest.at_least, slowest.at_most
        if slowest.page is None:
            reason = slowest.reason or f"{where}: not listed for {least:.0f} s"
            interview.answers.tell("listing_delay", UNKNOWN, reason, at_least=least)
            return
        seen = f"{where}: listed after {least:.1f} to {most:.1f} s"
        interview.answers.tell("listing_delay", f"{most:.1f}", seen, at_least=least)


def judge_staged(interview: Interview, page: Page | None, made_live: Sequence[str]) -> None:
    """Note whether the staged listing, which shows what was made staged later, holds the items that were made live."""
    with interview.answers.about("live_in_staged"):
        if not made_live:
            raise Unanswered("no item could be made live")
        if page is None:
            raise Unanswered("the staged listing did not show what was made last")
        shown = {item.slug for item in page.items} & set(made_live)
        answer = "yes" if len(shown) == len(set(made_live)) else "some" if shown else "no"
        interview.answers.tell("live_in_staged", answer, f"GET items shows {len(shown)} of {len(set(made_live))}")


async def ask_order(interview: Interview, pages: dict[bool, Page]) -> None:
    """Ask in which order listings come; `pages` are the listings as runs ask for them."""
    answers = interview.answers
    with answers.about("sort_created", "listing_order"):
        live = False not in pages
        if live not in pages:
            raise Unanswered("no listing showed what was made last")
        by = "createdOn" if interview.sortable else ""
        answer = await _sorting(interview, by, live=live, first=pages[live])
        if by:
            answers.tell("sort_created", answer, f"{_LISTS[live]}?sortBy=createdOn, descending and ascending")
        seen = ", ".join(_LISTS[one] for one in pages) + ("?sortBy=createdOn" if by else " without sortBy")
        if answer != "works":
            answers.tell("listing_order", "unsteady" if answer == "unsteady" else "other", seen)
        elif all(_falls(_stamps(page, "createdOn")) for page in pages.values()):
            answers.tell("listing_order", "newest_first", seen)
        else:
            answers.tell("listing_order", "other", f"{seen}: one of the two is not sorted")


async def ask_updated(interview: Interview) -> None:
    """Ask whether a listing can be sorted by the last change."""
    answers = interview.answers
    with answers.about("sort_updated"):
        try:
            answer = await _sorting(interview, "lastUpdated", live=False)
        except Refused as refused:
            answers.tell("sort_updated", "refused", f"GET items?sortBy=lastUpdated: {refused}")
            return
        answers.tell("sort_updated", answer, "GET items?sortBy=lastUpdated, ascending")


async def _sorting(interview: Interview, by: str, *, live: bool, first: Page | None = None) -> str:
    """Read a listing until it cannot be sorted by chance: "works", "ignored" (in one order always), "unsteady".

    `first` was read already, descending; without it, ascending comes first, which no listing has by itself. Without
    `by` the listing's own order is meant, newest first.
    """
    before, odds = None, 1
    for number in range(_READINGS):
        falling = not by or (number % 2 == 0) == (first is not None)
        page = first if first is not None and not number else await _sorted(interview, by, live=live, falling=falling)
        stamps = _stamps(page, by or "createdOn")
        if not _falls(stamps if falling else stamps[::-1]):
            other = before or await _sorted(interview, by, live=live, falling=not falling)
            return "ignored" if _same_order(page, other) else "unsteady"
        odds *= _arrangements(stamps)
        if odds >= _ODDS and (number or first is None):
            return "works"
        before = page
    raise Unanswered("the items have too few different stamps to show an order")


async def _sorted(interview: Interview, by: str, *, live: bool, falling: bool) -> Page:
    asked = (("sortBy", by), ("sortOrder", "desc" if falling else "asc")) if by else ()
    return await interview.page(*asked, live=live)


def _same_order(one: Page, other: Page) -> bool:
    """Whether two listings have the items that both show in one order."""
    common = {item.id for item in one.items} & {item.id for item in other.items}
    return [item.id for item in one.items if item.id in common] == [
        item.id for item in other.items if item.id in common
    ]


def _falls(stamps: Sequence[datetime | None]) -> bool:
    """Whether stamps go down and never up; raises Unanswered where they cannot show an order."""
    times = [stamp for stamp in stamps if stamp is not None]
    if len(times) != len(stamps) or len(set(times)) < 2:  # noqa: PLR2004 - one stamp is in any order
        raise Unanswered("the items have no stamps that could show an order")
    return all(earlier >= later for earlier, later in pairwise(times))


def _stamps(page: Page, by: str) -> list[datetime | None]:
    """The stamps of a page's items, in its order."""
    if by == "createdOn":
        return [item.created_on for item in page.items]
    return [_moment(item.last_updated) for item in page.items]


def _arrangements(stamps: Sequence[datetime | None]) -> int:
    """In how many ways these stamps can stand: so seldom are they sorted by chance."""
    return factorial(len(stamps)) // prod(factorial(number) for number in Counter(stamps).values())


def _moment(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None
