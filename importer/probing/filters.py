"""Filters of listings: each is asked for one item that is there, beside others that it must leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.probing.answers import Unanswered
from importer.probing.interview import Refused

if TYPE_CHECKING:
    from importer.client import ListedItem, Page
    from importer.probing.interview import Interview


async def ask_filters(interview: Interview, pages: dict[bool, Page], last: dict[bool, ListedItem]) -> None:
    """Ask for the item that was made last, by each filter; `pages` show what there is, live (True) and staged."""
    for live, name in ((True, "filter_slug_live"), (False, "filter_slug_staged")):
        with interview.answers.about(name):
            page, item = _known(pages, last, live=live)
            await _ask(interview, name, page, (item,), ("slug", item.slug), live=live)
    with interview.answers.about("filter_name"):
        page, item = _known(pages, last, live=False)
        await _ask(interview, "filter_name", page, (item,), ("name", item.name), live=False)
    with interview.answers.about("filter_created"):
        page, item = _known(pages, last, live=False)
        stamp = _shown(page, item).created_on
        if stamp is None:
            raise Unanswered("items come without createdOn")
        wanted = tuple(one for one in page.items if one.created_on is not None and one.created_on >= stamp)
        text = stamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        await _ask(interview, "filter_created", page, wanted, ("createdOn[gte]", text), live=False)
    with interview.answers.about("filter_published"):
        page, item = _known(pages, last, live=True)
        text = _shown(page, item).last_published or ""
        if not text:
            raise Unanswered("live items come without lastPublished")
        wanted = tuple(one for one in page.items if (one.last_published or "") >= text)  # all written alike
        await _ask(interview, "filter_published", page, wanted, ("lastPublished[gte]", text), live=True)


async def _ask(
    interview: Interview, name: str, page: Page, wanted: tuple[ListedItem, ...], asked: tuple[str, str], *, live: bool
) -> None:
    where = f"GET {'items/live' if live else 'items'}?{asked[0]}={asked[1]}"
    if len(wanted) == len(page.items):
        raise Unanswered(f"{where} would show everything that there is")
    try:
        found = {item.id for item in (await interview.page(asked, live=live)).items}
    except Refused as refused:
        interview.answers.tell(name, "refused", f"{where}: {refused}")
        return
    right, there = {item.id for item in wanted}, {item.id for item in page.items}
    seen = f"{where} shows {len(found)} of {len(there)} items; {len(right)} fit"
    if found == right:
        interview.answers.tell(name, "works", seen)
    elif not found:
        interview.answers.tell(name, "finds_nothing", seen)
    elif found >= there:
        interview.answers.tell(name, "ignored", seen)
    else:
        raise Unanswered(seen)


def _known(pages: dict[bool, Page], last: dict[bool, ListedItem], *, live: bool) -> tuple[Page, ListedItem]:
    if live not in pages or live not in last:
        raise Unanswered("no listing showed what was made last")
    return pages[live], last[live]


def _shown(page: Page, item: ListedItem) -> ListedItem:
    """The item as the listing shows it."""
    return next(one for one in page.items if one.id == item.id)
