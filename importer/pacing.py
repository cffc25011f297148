"""How fast to send: Webflow's rate limit as a fixed window, followed to the last request; and pauses in an outage.

Facts (`webflow.md`, section 2): a window of 60 s is opened by its first request; every answer says the limit, what
remains of it, and in `Retry-After` how many whole seconds are left of the window (rounded somehow). Nothing here reads
a clock: every method is told the time, in seconds that never step back.

When a request was counted is known only from its sending to its answer. So waiting until a window is surely over costs
a whole latency of each minute where all answers take equally long: 5 % at 3 s. Instead, the last request of a window
may become its *scout*: it is kept back and goes when the window is about to turn. It is allowed on either side: counted
before the turn, it was the last request; counted after it, it opens the next window, and nothing is lost but the
request that the old window no longer got.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

WINDOW = 60.0
"""Seconds of a window."""

ASSUMED_LIMIT = 60
"""Requests in a window where no answer says it (Webflow's smallest limit)."""

LONGEST_PAUSE = 120.0
"""Seconds that are waited at most because one answer said so."""

_MARGIN = 0.02
"""Seconds added to the end of a window, for clocks that tick coarsely."""

_QUIET = 1.0
"""Seconds after the last answer from which on nobody is taken to want more than what is asked for."""

_WORTH = 1.1
"""A scout goes where it saves this many times the one request that it may cost."""

_TICK = 1e-6
"""Seconds that are no wait: less may vanish when they are added to a clock."""

_TOO_MANY = 429


@dataclass(slots=True)
class _Window:
    """One window of the server, as far as it can be known from here.

    It ends between `lo` and `hi`; once an answer has named that end it is `told`. What is sent at `start` or later
    cannot belong to an earlier window. `own` counts our requests that may have been counted in it, `seen` is what the
    server said was used, with our later requests added. `before` bounds the end of the window before it.

    `turn` is when a request as quick on its way as the one that opened this window would open the next one. `shared`
    says that others use the token too, `alone` that nobody did in the window before.
    """

    start: float = -math.inf
    lo: float = -math.inf
    hi: float = math.inf
    told: bool = False
    own: int = 0
    seen: int = 0
    before: tuple[float, float] = (-math.inf, -math.inf)
    turn: float = math.inf
    shared: bool = False
    alone: bool = True


@dataclass(slots=True)
class Pacer:
    """Says when the next request may go: never more than the server's limit, and not later than it must.

    Until an answer has told the limit (at the start, and after a 429) only one request is let go. `own_limit` is a cap
    of one's own: requests sent in any 60 s.
    """

    own_limit: int | None = None
    _limit: int = ASSUMED_LIMIT
    _known: bool = False
    _headers_seen: bool = False
    _length: float = 0.0
    _window: _Window = field(default_factory=_Window)
    _unplaced: list[float] = field(default_factory=list)
    _flying: list[float] = field(default_factory=list)
    _sent: deque[float] = field(default_factory=deque)
    _answered: deque[float] = field(default_factory=deque)
    _closed_until: float = -math.inf
    _refusals: int = 0
    _scout: float | None = None
    _late: float = 0.1

    def wait(self, now: float, queued: int = 1) -> float:
        """Seconds until the next request may go: 0 now, infinite while only an answer can tell.

        `queued` counts the requests that want to go now: the last one of all is not kept back as a scout.
        """
        self._turn(now)
        if not self._known and self._flying:
            return math.inf
        until = max(self._closed_until, self._own_cap(now), self._unannounced_cap(now))
        if self._free() <= 0:
            if math.isinf(self._window.hi):
                if self._flying:
                    return math.inf
                self._window.hi = now + WINDOW
            until = max(until, self._window.hi + _MARGIN)
        elif (due := self._scout_due()) is not None:
            alone = queued <= 1 and not self._flying
            quiet = self._answered[-1] + _QUIET if self._answered else now
            until = max(until, min(due, quiet) if alone else due)
        return until - now if until - now > _TICK else 0.0

    def sent(self, now: float) -> None:
        """Take note of a request that goes now; its `now` names it in `answered` and `not_answered`."""
        self._turn(now)
        due = self._scout_due()
        if due is not None and now >= due - _TICK:
            self._scout = now
        self._flying.append(now)
        self._sent.append(now)
        self._window.own += 1
        self._window.seen += 1

    def answered(  # noqa: PLR0913, PLR0917 - what an answer says about the limit
        self,
        sent_at: float,
        now: float,
        status: int,
        limit: str | int | None = None,
        remaining: str | int | None = None,
        retry_after: str | None = None,
        server_date: datetime | None = None,
    ) -> None:
        """Take note of an answer: its status and its headers as they came (missing and garbage are both fine)."""
        self._turn(now)
        self._flying.remove(sent_at)
        self._answered.append(now)
        most, left, seconds = _count(limit), _count(remaining), _seconds(retry_after, server_date)
        self._headers_seen = self._headers_seen or most is not None or left is not None
        if most:
            self._limit = most
        refused = status == _TOO_MANY
        opened = left is not None and left == self._limit - 1 and not refused
        if self._belongs(sent_at, now, seconds):
            self._learn(0 if refused else left)
            self._window.shared |= refused
            if opened:
                self._window.turn = sent_at + WINDOW
        self._scouted(sent_at, now, opened=opened)
        if refused:
            self._close(now, seconds)
        else:
            self._known = True
            self._refusals = 0

    def not_answered(self, sent_at: float, now: float, *, reached: bool = True) -> None:
        """Take note that a request stays without an answer; `reached` is false if it never left this machine."""
        self._turn(now)
        self._flying.remove(sent_at)
        window = self._window
        if not reached:
            window.own = max(0, window.own - 1)
            window.seen = max(0, window.seen - 1)
            return
        self._answered.append(now)
        self._unplaced.append(now)
        if sent_at >= window.start:
            window.hi = min(window.hi, now + WINDOW)

    @property
    def allowance(self) -> int:
        """Requests in 60 s, by the server's limit and one's own."""
        return self._limit if self.own_limit is None else min(self._limit, self.own_limit)

    def left(self, now: float) -> int | None:
        """Count the requests that may still go in the window; None before the limit is known."""
        self._turn(now)
        if not self._known:
            return None
        own = math.inf if self.own_limit is None else self.own_limit - sum(sent > now - WINDOW for sent in self._sent)
        return max(0, int(min(self._free(), own)))

    def capped(self, now: float) -> bool:
        """Whether it is one's own limit that lets nothing go."""
        return self._own_cap(now) > now

    def _free(self) -> int:
        return self._limit - max(self._window.own, self._window.seen)

    def _turn(self, now: float) -> None:
        """Begin a new window once the old one is surely over."""
        end = self._window.hi
        if now >= end + _MARGIN - _TICK:
            self._begin(end)

    def _begin(self, start: float) -> None:
        """Begin a window after `start`; what is in flight, or ended when the old one may have, may be counted in it."""
        old = self._window
        over = min(old.lo, old.hi)
        self._unplaced = [ended for ended in self._unplaced if ended >= over]
        self._late *= 0.98
        own = len(self._flying) + len(self._unplaced)
        self._window = _Window(
            start,
            max(start, over + self._length),
            own=own,
            before=(over, old.hi),
            alone=not old.shared,
        )

    def _belongs(self, sent_at: float, now: float, seconds: float | None) -> bool:
        """Whether an answer speaks of the current window; moves the window's bounds by it, or on to the next one."""
        window = self._window
        fresh = sent_at >= window.start
        if seconds is None or seconds > LONGEST_PAUSE:
            if fresh:
                window.hi = min(window.hi, now + WINDOW)
            return fresh
        self._length = max(self._length, min(seconds, WINDOW) - 1)
        lo, hi = sent_at + seconds - 1, now + seconds + 1
        if seconds <= WINDOW:
            hi = min(hi, now + WINDOW)
        if not fresh and lo <= window.before[1]:
            if hi < window.before[0] + self._length:
                window.own = max(0, window.own - 1)
            else:
                self._unplaced.append(now)
            return False
        if lo > window.hi:
            self._begin(window.hi)
            self._window.own += 1
        self._narrow(lo, hi, now)
        return True

    def _narrow(self, lo: float, hi: float, now: float) -> None:
        """Move the window's bounds by an answer that names an end from `lo` to `hi`.

        Between two ends lies at least `_length`: an answer that could speak of either of two windows moves nothing.
        """
        window = self._window
        if not window.told:
            window.told, window.lo, window.hi = True, lo, min(window.hi, hi)
        elif hi >= window.lo + self._length:
            self._unplaced.append(now)
        else:
            window.hi = min(window.hi, hi)
            window.lo = min(max(window.lo, lo), window.hi)

    def _learn(self, left: int | None) -> None:
        """Believe what the server says was used; where others use the token too, count ours in flight on top."""
        if left is None:
            return
        window = self._window
        used = max(0, self._limit - left)
        window.shared |= used > window.own
        window.seen = max(window.seen, used + len(self._flying) if used > window.own else used)

    def _scout_due(self) -> float | None:
        """When the next request goes as a scout; None where it is not the last of its window, or not worth it.

        Where others use the token nothing is kept back: they would use it up.
        """
        window = self._window
        due = window.turn + _MARGIN + self._late
        worth = window.hi - due > _WORTH * WINDOW / self._limit
        return due if worth and self._free() == 1 and window.alone and not window.shared else None

    def _scouted(self, sent_at: float, now: float, *, opened: bool) -> None:
        """Learn from an answer whether the scout opened a window: one that came too early sends the next ones later."""
        if sent_at == self._scout:
            self._scout = None
            if not opened:
                self._late = 2 * self._late + (now - sent_at) / 100

    def _close(self, now: float, seconds: float | None) -> None:
        """Send nothing until the time that a 429 names, then one request to find out."""
        if seconds is None:
            pause = WINDOW
        elif seconds <= 0:
            pause = min(WINDOW, 2.0**self._refusals)
        else:
            pause = min(LONGEST_PAUSE, seconds + 1)
        self._refusals += 1
        self._known = False
        self._closed_until = max(self._closed_until, now + pause)
        self._window.hi = min(self._window.hi, now + pause)

    def _own_cap(self, now: float) -> float:
        """When one's own cap lets the next request go."""
        while self._sent and self._sent[0] <= now - WINDOW - _MARGIN:
            self._sent.popleft()
        if self.own_limit is None or len(self._sent) < self.own_limit:
            return -math.inf
        return self._sent[len(self._sent) - self.own_limit] + WINDOW + _MARGIN

    def _unannounced_cap(self, now: float) -> float:
        """When a server that announces no limit may be asked again: 60 in any 60 s, counted from the answers."""
        while self._answered and self._answered[0] <= now - WINDOW:
            self._answered.popleft()
        over = len(self._flying) + len(self._answered) - ASSUMED_LIMIT
        if self._headers_seen or over < 0:
            return -math.inf
        return math.inf if over >= len(self._answered) else self._answered[over] + WINDOW + _MARGIN


@dataclass(slots=True)
class Backoff:
    """Pauses while a server cannot be reached: `first` seconds, doubling up to `most`, each shortened by up to half.

    `jitter` gives a number from 0 to 1 for the n-th failure; the default is the same in every run.
    """

    first: float = 0.5
    most: float = 30.0
    jitter: Callable[[int], float] = lambda failure: failure * 0.618 % 1
    failures: int = 0

    def failed(self) -> float:
        """Take note of a failure; seconds to pause before the next try."""
        pause = min(self.most, self.first * 2.0 ** min(self.failures, 60))
        self.failures += 1
        return pause * (1 - self.jitter(self.failures) / 2)

    def succeeded(self) -> None:
        """Begin again with short pauses."""
        self.failures = 0


def _count(value: str | int | None) -> int | None:
    """Read a header that counts; None where it is missing or garbage."""
    text = str(value).strip() if value is not None else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None  # noqa: PLR2004 - no limit is longer


def _seconds(value: str | None, server_date: datetime | None) -> float | None:
    """Read `Retry-After`: seconds, or a date that is compared with the answer's own `Date`."""
    if value is None:
        return None
    number = _count(value)
    if number is not None:
        return float(number)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    if server_date is None or date.tzinfo is None:
        return None
    return max(0.0, (date - server_date).total_seconds())
