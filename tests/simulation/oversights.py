"""Mistakes that the importer could have made about moments, twins and words: who goes, what is counted and said."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from importer.model import Status
from importer.publishing import refusals, sending, twins
from importer.publishing.ledger import Ledger
from importer.publishing.session import Session
from importer.publishing.settling import Doubtful, Settled, Settling
from importer.publishing.troubles import Troubles
from importer.publishing.twins import Twins
from importer.state import State, rows
from tests.simulation.misjudgements import timing
from tests.simulation.mistakes import around, replaced, together

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from importer.model import Item
    from importer.publishing.matching import Shown, Wanted

# Moments -----------------------------------------------------------------------------------------------------------


def gives_up_patience_early() -> AbstractContextManager[None]:
    """A lost request is taken to be over after four fifths of the patience."""
    return timing(lambda one: replace(one, patience=one.patience * 0.8))


def allows_no_lag_after_a_loss() -> AbstractContextManager[None]:
    """When the patience of a lost request ends, what it wrote at the last moment is taken to be listed."""

    def doubt(truly: Any, settling: Settling, doubtful: Doubtful) -> None:
        if doubtful.lost:
            doubtful.due -= settling._timing.lag
        truly(settling, doubtful)

    return around(Settling, "doubt", doubt)


def decides_by_the_end_of_a_listing() -> AbstractContextManager[None]:
    """A listing decides about a row that was due when it ended, not when it began."""

    async def both(truly: Any, settling: Settling, *given: Any) -> Any:
        views = await truly(settling, *given)
        for one in settling.rows.values():
            if one.due <= settling._clock.monotonic():
                one.due = -math.inf
        return views

    return around(Settling, "_both", both)


def counts_what_was_refused_in_doubt() -> AbstractContextManager[None]:
    """A row in doubt that our checks refused, and that is good again, counts as settled once it was not written."""

    def send_again(truly: Any, session: Session, item: Item, unfit: Any) -> None:
        row = session._place.state.rows([(item.locale, item.key)]).get((item.locale, item.key))
        if row is not None and row.status is Status.REJECTED:
            session.ledger.settled_before(item, row, session._publish_later)
        else:
            truly(session, item, unfit)

    return around(Session, "_send_again", send_again)


def takes_the_dead_for_lost_when_sent() -> AbstractContextManager[None]:
    """The patience of a request in flight when the process died is counted from its sending."""

    def interrupted(truly: Any, state: State, at: datetime | None) -> int:
        with state._file.transaction() as file:
            file.execute(
                "UPDATE requests SET outcome = 'lost', lost_at = sent_at, open = 1"
                " WHERE outcome IS NULL AND sent_at IS NOT NULL"
            )
        return truly(state, at)  # type: ignore[no-any-return]

    return around(State, "interrupted", interrupted)


def believes_the_last_sighting() -> AbstractContextManager[None]:
    """That an item was seen before a row was sent is forgotten when it is seen again."""

    def note_seen(truly: Any, state: State, items: Sequence[Any]) -> None:
        truly(state, items)
        with state._file.transaction() as file:
            for item in items:
                file.execute("UPDATE seen SET mark = ? WHERE item_id = ?", (state.latest_request(), item.item_id))

    return around(State, "note_seen", note_seen)


def closes_what_is_not_proven() -> AbstractContextManager[None]:
    """A request is closed though the listing that was read for its twins proves nothing."""

    async def look(truly: Any, settling: Settling) -> Settled:
        now = settling._clock.monotonic()
        settled: Settled = await truly(settling)
        settled.over = settled.over or [request for request, due in settling._open.items() if due <= now]
        return settled

    return around(Settling, "look", look)


def gives_a_row_up_after_one_error() -> AbstractContextManager[None]:
    """A row that gets a 5xx once, and again while others succeed, is rejected."""
    return replaced(Troubles, "SERVER_ERRORS", 1)


# Twins -------------------------------------------------------------------------------------------------------------


def keeps_the_newest_twin() -> AbstractContextManager[None]:
    """Of two items of a row the newer one stays."""

    def age(item: Shown) -> tuple[float, str]:
        return -(item.created_on.timestamp() if item.created_on else 0.0), item.id

    return replaced(twins, "age", age)


def adopts_after_the_removal() -> AbstractContextManager[None]:
    """A row gets the item that stays only once the one that it held is gone."""
    owed: list[tuple[Ledger, Any, Any]] = []

    def adopt(_truly: Any, ledger: Ledger, wanted: Wanted, shown: Shown) -> None:
        owed.append((ledger, wanted, shown))

    async def leave_oldest(truly: Any, self: Twins, *given: Any, **named: Any) -> bool:
        with replaced(State, "keys_by_item", lambda _state, ids: {} if len(ids) == 1 else held(_state, ids)):
            done: bool = await truly(self, *given, **named)
        while owed:
            ledger, wanted, shown = owed.pop()
            truly_adopt(ledger, wanted, shown)
        return done

    held, truly_adopt = State.keys_by_item, Ledger.adopt
    return together(around(Ledger, "adopt", adopt), around(Twins, "leave_oldest", leave_oldest))


# Words -------------------------------------------------------------------------------------------------------------


def calls_everything_refused() -> AbstractContextManager[None]:
    """Whatever Webflow refuses a row for, the reason is `refused`."""
    truly = refusals.verdict_of
    return replaced(sending, "verdict_of", lambda error: ("refused", truly(error)[1]))


def counts_what_was_found_as_skipped() -> AbstractContextManager[None]:
    """A row in doubt whose item is found is counted as one that was left alone."""

    def settled_before(truly: Any, ledger: Ledger, *given: Any) -> None:
        with replaced(Ledger, "created", lambda self, key, _status: self.skipped(key)):
            truly(ledger, *given)

    return around(Ledger, "settled_before", settled_before)


def counts_the_rejected_as_skipped() -> AbstractContextManager[None]:
    """A row that stays rejected is counted as one that was left alone."""

    def left_rejected(ledger: Ledger, _row: Any, _number: int) -> None:
        ledger.counts.skipped += 1

    return replaced(Ledger, "left_rejected", left_rejected)


def warns_of_no_altered_slug() -> AbstractContextManager[None]:
    """That an item has another slug than was sent is not said."""
    return replaced(rows, "SLUG_ALTERED", None)
