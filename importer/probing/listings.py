"""Listings: when a new item is in them, what is in them, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from importer.probing.answers import UNKNOWN, Unanswered
from importer.probing.interview import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.client import Page
    from importer.probing.interview import Interview, Made

POLLS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds to wait before each look for items that are not listed yet: a minute in all."""

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
        page = pages[live]
        try:
            other = await (
                interview.page(("sortBy", "createdOn"), ("sortOrder", "asc"), live=live)
                if interview.sortable
                else interview.page(live=live)
            )
        except Refused as refused:
            raise Unanswered(f"only one of the two orders is refused: {refused}") from refused
        steady = _same_order(page, other)
        if interview.sortable:
            _judge_sort(interview, page, other, steady=steady)
        fallen = {one: _falls([item.created_on for item in pages[one].items]) for one in pages}
        seen = ", ".join(f"{_LISTS[one]}: {'sorted' if fell else 'not sorted'}" for one, fell in fallen.items())
        if not all(fallen.values()):
            answers.tell("listing_order", "other" if steady else "unsteady", seen)
        elif interview.sortable and answers.get("sort_created") != "works":
            answers.tell("listing_order", "other" if steady else "unsteady", f"{seen}, but by chance")
        elif not interview.sortable and not steady:
            answers.tell("listing_order", "unsteady", seen)
        else:
            answers.tell("listing_order", "newest_first", seen)


def _judge_sort(interview: Interview, page: Page, other: Page, *, steady: bool) -> None:
    falls = _falls([item.created_on for item in page.items])
    rises = _falls([item.created_on for item in reversed(other.items)])
    answer = "works" if falls and rises else "ignored" if steady else "unsteady"
    seen = "GET items?sortBy=createdOn, descending and ascending"
    interview.answers.tell("sort_created", answer, seen)


async def ask_updated(interview: Interview) -> None:
    """Ask whether a listing can be sorted by the last change: ascending, which no listing comes by itself."""
    answers = interview.answers
    with answers.about("sort_updated"):
        asked = "GET items?sortBy=lastUpdated"
        try:
            page = await interview.page(("sortBy", "lastUpdated"), ("sortOrder", "asc"), live=False)
        except Refused as refused:
            answers.tell("sort_updated", "refused", f"{asked}: {refused}")
            return
        stamps = [_moment(item.last_updated) for item in reversed(page.items)]
        answers.tell("sort_updated", "works" if _falls(stamps) else "ignored", f"{asked}, ascending")


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


def _moment(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None
