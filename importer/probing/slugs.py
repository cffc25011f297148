"""What becomes of slugs: taken, in another case, sent again, freed, left out, in another locale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.errors.api import RefusalKind
from importer.probing.answers import Unanswered
from importer.probing.interview import Refused

if TYPE_CHECKING:
    from importer.client import ListedItem
    from importer.probing.interview import Interview

_SENT = "unchanged"


async def ask_case(interview: Interview, held: ListedItem) -> None:
    """Ask whether slugs that differ in case are one."""
    answers = interview.answers
    with answers.about("slug_case"):
        outcome = await sent_again(interview, held.slug.upper(), live=False)
        answer = {_SENT: "sensitive", "refused": "insensitive", "suffixed": "insensitive"}[outcome]
        answers.tell("slug_case", answer, f'POST items with "{held.slug.upper()}" beside "{held.slug}": {outcome}')


async def ask_locale(interview: Interview, held: ListedItem) -> None:
    """Ask whether another locale may have the slug too."""
    answers = interview.answers
    with answers.about("slug_per_locale"):
        if not interview.locale:
            raise Unanswered("the site has one locale")
        outcome = await sent_again(interview, held.slug, live=False, locale=interview.locale)
        answer = {_SENT: "separate", "refused": "shared", "suffixed": "shared"}[outcome]
        answers.tell("slug_per_locale", answer, f"POST items with the slug of an item of another locale: {outcome}")


async def ask_own(interview: Interview, own: ListedItem) -> None:
    """Ask whether an update may repeat the slug that the item has."""
    answers = interview.answers
    with answers.about("own_slug"):
        _, name = interview.fresh("updated")
        try:
            await interview.update(own.id, {"name": name, "slug": own.slug})
        except Refused as refused:
            if refused.kind is not RefusalKind.SLUG_TAKEN:
                raise Unanswered(f"PATCH items: {refused}") from refused
            answers.tell("own_slug", "refused", f"PATCH items with another name and the same slug: {refused}")
        else:
            answers.tell("own_slug", "accepted", "PATCH items with another name and the same slug")


async def ask_deleted(interview: Interview, doomed: ListedItem, *, live: bool) -> None:
    """Ask whether the slug of a deleted item can be had again."""
    answers = interview.answers
    with answers.about("deleted_slug"):
        try:
            await interview.delete(doomed.id)
        except Refused as refused:
            raise Unanswered(f"DELETE items: {refused}") from refused
        outcome = await sent_again(interview, doomed.slug, live=live)
        answer = {_SENT: "free", "refused": "held", "suffixed": "held"}[outcome]
        where = "POST items/live" if live else "POST items"
        answers.tell("deleted_slug", answer, f"{where} with the slug of an item that was deleted: {outcome}")


async def ask_missing(interview: Interview) -> None:
    """Ask whether an item without slug gets one."""
    answers = interview.answers
    with answers.about("missing_slug"):
        _, name = interview.fresh("without")
        try:
            made = await interview.create([{"name": name}], live=False)
        except Refused as refused:
            if not refused.names("slug"):
                raise Unanswered(f"POST items without slug: {refused}") from refused
            answers.tell("missing_slug", "refused", f"POST items without slug: {refused}")
            return
        item = made.by_name(name)
        if item is None or not item.slug:
            raise Unanswered("the answer does not show the item, or shows it without slug")
        answers.tell("missing_slug", "made", f'POST items with the name "{name}" alone: "{item.slug}"')


async def sent_again(interview: Interview, slug: str, *, live: bool, locale: str = "") -> str:
    """Create an item with a slug that may be taken: "unchanged", "suffixed" or "refused"; raises Unanswered."""
    _, name = interview.fresh("again")
    try:
        made = await interview.create([{"name": name, "slug": slug}], live=live, locale=locale)
    except Refused as refused:
        if refused.kind is RefusalKind.SLUG_TAKEN:
            return "refused"
        raise Unanswered(f"an item with the slug {slug} is refused for another reason: {refused}") from refused
    return what_became(made.by_name(name), slug)


def what_became(item: ListedItem | None, slug: str) -> str:
    """Say what became of a slug: "unchanged" or "suffixed"; raises Unanswered for anything else."""
    if item is None:
        raise Unanswered("the answer does not show the item")
    if item.slug == slug:
        return _SENT
    if item.slug.startswith(f"{slug}-"):
        return "suffixed"
    raise Unanswered(f'the slug "{slug}" was made "{item.slug}"')
