"""The rate limit: a fixed window of 60 seconds for each token, opened by its first request."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

WINDOW = 60.0
"""Seconds in a window (recorded: Remaining falls and Retry-After counts down together)."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a window after a request."""

    granted: bool
    limit: int
    remaining: int
    seconds: float

    def headers(self, rounding: str) -> tuple[tuple[str, str], ...]:
        """Write the three headers that stand on every answer."""
        left = math.floor(self.seconds) if rounding == "floor" else math.ceil(self.seconds)
        return (
            ("X-RateLimit-Limit", str(self.limit)),
            ("X-RateLimit-Remaining", str(self.remaining)),
            ("Retry-After", str(left)),
        )


@dataclass(slots=True)
class RateWindows:
    """The windows of all tokens; times are seconds of the sandbox's clock."""

    _open: dict[str, tuple[float, int]] = field(default_factory=dict)

    def exhausted(self, token: str, now: float, limit: int) -> bool:
        """Whether the next request of this token would be refused."""
        _, used = self._current(token, now)
        return used >= limit

    def count(self, token: str, now: float, limit: int) -> Allowance:
        """Count a request and say whether it may go on."""
        opened, used = self._current(token, now)
        granted = used < limit
        used += granted
        self._open[token] = (opened, used)
        return Allowance(granted, limit, max(limit - used, 0), max(opened + WINDOW - now, 0.0))

    def _current(self, token: str, now: float) -> tuple[float, int]:
        opened, used = self._open.get(token, (now, 0))
        return (opened, used) if opened <= now < opened + WINDOW else (now, 0)
