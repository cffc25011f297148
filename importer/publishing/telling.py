"""What a run waits for, as people read it: which rows, since when, and until when at the latest."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from importer.model import Unsettled
from importer.report.amounts import duration, number_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from importer.publishing.ledger import Ledger
    from importer.publishing.settling import Doubtful, Settling
    from importer.publishing.target import Place
    from importer.publishing.troubles import Troubles

_EXACT = 10
"""Seconds below which a duration is said to a tenth elsewhere."""


_AMPLE = 1.25
"""Requests in flight for each that rate times latency gives: windows begin and end with fewer."""


class Telling:
    """Tells how far a run is, what it waits for, and once what holds it back: `concurrency` requests in flight."""

    def __init__(
        self, place: Place, ledger: Ledger, settling: Settling, troubles: Troubles, *, concurrency: int = 4
    ) -> None:
        self._place, self._ledger, self._settling, self._troubles = place, ledger, settling, troubles
        self._concurrency = concurrency
        self._said = -math.inf
        self._advised = False

    def recalled(self, rows: int) -> None:
        """Say that earlier runs left rows in doubt."""
        said = number_of(rows, "row is", "rows are")
        self._ledger.say(
            f"{said} in doubt since an earlier run: what became of them is found out before any of them is sent again."
        )

    def tell(self, *, idle: bool) -> None:
        """Tell what is waited for; once there is nothing else to do, a sentence says so too."""
        now = self._place.clock.monotonic()
        pausing = self._troubles.pausing
        rows = list(self._settling.rows.values())
        if idle and rows:
            self._ledger.tell(waits_for(rows, now))
            self._say_once(rows, now)
        elif pausing is not None and now < pausing[1]:
            self._ledger.tell(f"Webflow: {pausing[0]} ({math.ceil(pausing[1] - now)} s)")
        else:
            self._ledger.tell()
            self._advise()

    def _advise(self) -> None:
        """Say once that more requests in flight would use the rate limit, where so few cannot."""
        pace = None if self._advised or self._troubles.calm else self._place.client.pace()
        if pace is None:
            return
        allowance, latency = pace
        wanted = allowance / 60 * latency
        if wanted <= self._concurrency:
            return
        self._advised = True
        self._ledger.say(
            f"{number_of(allowance, 'request', 'requests')} a minute may be sent, but {self._concurrency} at a time are"
            f" {self._concurrency * 60 / latency:,.0f}, for an answer takes {latency:.1f} s:"
            f" --concurrency {math.ceil(_AMPLE * wanted)} would use them all."
        )

    def _say_once(self, rows: Collection[Doubtful], now: float) -> None:
        """Say that the run waits, and what for; again only once it takes longer than was said."""
        lag, until = self._place.timing.lag, max(one.due for one in rows)
        if until - now <= lag or until <= self._said + lag:
            return
        self._said = until
        self._ledger.say(
            f"Nothing is left to do but wait for {_which(rows, now)}. They are looked for in the collection; those"
            f" that are not there in {_span(math.ceil(until - now))} are sent again. It is safe to stop here:"
            " the next run goes on with them."
        )


def waits_for(rows: Collection[Doubtful], now: float) -> str:
    """Say when it is known at the latest what became of rows in doubt, which they are, and since when.

    The time comes first: a narrow terminal cuts the end off.
    """
    left = max(one.due for one in rows) - now
    until = f"at most {_span(math.ceil(left))}" if left > 0 else "the listing"
    return f"{until}: {_which(rows, now)}"


def _which(rows: Collection[Doubtful], now: float) -> str:
    lost = [one for one in rows if one.lost]
    said = []
    if lost:
        age = math.floor(now - min(one.ended for one in lost))
        ago = f"{_span(age)} ago" if age else "just now"
        said.append(f"{number_of(len(lost), 'row', 'rows')} whose answer was lost {ago}")
    if len(rows) > len(lost):
        others = number_of(len(rows) - len(lost), "row", "rows")
        said.append(f"{others} whose answer does not say what became of them")
    return " and ".join(said)


def _span(seconds: int) -> str:
    """Whole seconds, for what counts up and down."""
    return duration(seconds) if seconds >= _EXACT else f"{seconds} s"


def unsettled(place: Place) -> Unsettled | None:
    """What the state file has in doubt; a run that starts when it is known waits for nothing."""
    doubts = place.state.doubts()
    if not doubts:
        return None
    lost = [one.request for one in doubts if one.request.outcome in {"lost", None}]
    moments = [one.lost_at for one in lost if one.lost_at is not None]
    wait = timedelta(seconds=place.timing.patience + place.timing.lag)
    dated = bool(moments) and len(moments) == len(lost)
    return Unsettled(
        rows=len(doubts),
        lost_at=min(moments, default=None),
        known_by=max(moments) + wait if dated and not place.timing.over_when_dead else None,
    )
