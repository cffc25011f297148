"""Numbers and durations as people read them."""

from __future__ import annotations

_MINUTE = 60
_HOUR = 3600
_EXACT_BELOW = 10


def number_of(number: int, one: str, many: str) -> str:
    """Say "1 row" or "1,234 rows"."""
    return f"{number:,} {one if number == 1 else many}"


def duration(seconds: float) -> str:
    """Say "3.2 s", "41 s", "5 min 10 s" or "2 h 5 min"."""
    if seconds < _EXACT_BELOW:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        minutes, rest = divmod(whole, _MINUTE)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(whole, _HOUR)
    return f"{hours} h {rest // _MINUTE} min" if rest >= _MINUTE else f"{hours} h"
