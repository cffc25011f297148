"""The first items, live and staged: what their answers look like, and what stands on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.errors import PlanLimit
from importer.errors.api import RefusalKind
from importer.probing.answers import UNKNOWN, Unanswered
from importer.probing.interview import Refused

if TYPE_CHECKING:
    from importer.probing.interview import Interview, Made

MANY = 6
"""Items of the first requests: so many do not come in the order of the request by chance."""

_TIMES = 3
"""How often it is tried, with new names each time."""

_WHERE = {True: "POST items/live", False: "POST items"}


async def first_items(interview: Interview, *, live: bool) -> Made | None:
    """Create some items at once; None where they cannot be made, which is then noted."""
    answers = interview.answers
    names = ("live_writes",) if live else ("room",)
    made: Made | None = None
    with answers.about(*names):
        made = await _made(interview, live=live)
    if made is not None:
        if live:
            answers.tell("live_writes", "accepted", f"POST items/live with {MANY} items: {made.reply.status}")
        answers.tell("room", "yes", f"{_WHERE[live]} with {MANY} items: {made.reply.status}")
    return made


async def _made(interview: Interview, *, live: bool) -> Made | None:
    for attempt in range(1, _TIMES + 1):
        fields = []
        for _ in range(MANY):
            slug, name = interview.fresh("live" if live else "staged")
            fields.append({"name": name, "slug": slug})
        try:
            made = await interview.create(fields, live=live)
        except Unanswered:
            if attempt == _TIMES:
                raise
            continue
        except Refused as refused:
            if attempt < _TIMES - 1:
                continue  # one refusal may come from anywhere
            _note_refusal(interview, refused, live=live)
            return None
        _look_at(interview, made, [one["slug"] for one in fields], live=live)
        return made
    return None


def _note_refusal(interview: Interview, refused: Refused, *, live: bool) -> None:
    """Note that items which are good in themselves are refused, and why."""
    answers, where = interview.answers, _WHERE[live]
    if live and refused.kind in {RefusalKind.SITE_UNPUBLISHED, RefusalKind.COLLECTION_CHANGED}:
        answers.tell("live_writes", f"refused_{refused.error.status}", f"{where}: {refused}")
        return
    if refused.error.rule(creating=True).stop is PlanLimit or (
        refused.error.anonymous and refused.names("limit", "plan")
    ):
        answers.tell("room", "no", f"{where} with {MANY} good items: {refused}")
    raise Unanswered(f"{where} refuses {MANY} good items: {refused}")


def _look_at(interview: Interview, made: Made, sent: list[str], *, live: bool) -> None:
    """Note what the answer shows; what the live one told already is left alone."""
    answers, where, reply = interview.answers, _WHERE[live], made.reply
    if answers.get("answer_shape") != UNKNOWN:
        return
    shape = "list" if isinstance(reply.body, list) else "items"
    answers.tell("answer_shape", shape, f"{where} with {len(sent)} items")
    date = reply.server_time
    answers.tell("date_header", "no" if date is None else "yes", f"{where}: {reply.status}")
    limit, remaining, after = reply.rate
    rated = limit is not None and remaining is not None
    answers.tell(
        "rate_headers", "yes" if rated else "no", f"{where}: X-RateLimit-Remaining {remaining or 'is not there'}"
    )
    answers.tell("retry_after", "no" if after is None else "yes", f"{where}: Retry-After {after or 'is not there'}")
    with answers.about("rate_limit"):
        if limit is None:
            raise Unanswered("answers do not carry X-RateLimit-Limit")
        answers.tell("rate_limit", limit, f"{where}: X-RateLimit-Limit")
    with answers.about("answer_order", "stamps", "clock"):
        shown = [item.slug for item in made.items]
        if sorted(shown) != sorted(sent):
            raise Unanswered(f"the answer to {where} shows {len(shown)} items, not the {len(sent)} that were sent")
        answers.tell("answer_order", "sent" if shown == sent else "other", f"{where} with {len(sent)} items")
        stamps = {item.created_on for item in made.items}
        times = [stamp for stamp in stamps if stamp is not None]
        if not times or len(times) != len(stamps):
            raise Unanswered("items come without createdOn")
        answers.tell("stamps", "equal" if len(stamps) == 1 else "spread", f"{where}: {len(stamps)} different createdOn")
        if date is None:
            raise Unanswered("answers carry no Date")
        apart = max(abs((date - one).total_seconds()) for one in times)
        answers.tell("clock", f"{apart:.1f}", f"{where}: createdOn beside the answer's Date, which has whole seconds")
