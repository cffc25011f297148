"""Which rows a server carried out too late: the only ones whose twins are beyond what is promised."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from importer.client.wire import WRITE_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from importer.sandbox.faults import FaultRule

PATIENCE = 60.0
"""Seconds of patience of every run here."""


@dataclass(slots=True)
class _Delayed:
    """A request that is carried out later: at which moment (seconds of the world), and the slugs in it."""

    carried_out: float
    slugs: frozenset[str]


@dataclass(slots=True)
class Lateness:
    """Holds the slugs of requests that had their effect later than `PATIENCE` after they were lost.

    A request is lost when its answer is, when its process ends in order, or when the next one begins: whatever comes
    first. The process at work `began` at some moment; what others sent before, and is still on its way, are orphans.
    """

    slugs: set[str] = field(default_factory=set)
    began: float = 0.0
    _orphans: Collection[bytes] = ()
    _delayed: list[_Delayed] = field(default_factory=list)

    def begins(self, now: float, orphans: Collection[bytes]) -> None:
        """A process begins: what earlier ones sent and never heard of is lost now, if it was not before.

        `orphans` are the bodies of such requests as long as they are on their way.
        """
        self.began, self._orphans = now, orphans
        self.lost(now)

    def lost(self, now: float) -> None:
        """All that is on its way is lost now, at the latest."""
        self._delayed = [one for one in self._delayed if one.carried_out > now]
        for one in self._delayed:
            self._judge(one, now)

    def delays(self, rule: FaultRule, body: bytes, now: float) -> None:
        """A fault happens to a request; it may be one that is carried out later, or not while it is waited for."""
        if rule.do not in {"timeout_then_commit", "slow"}:
            return
        one = _Delayed(now + rule.facts.get("seconds", 1.0), frozenset(slugs_in(body)))
        waits = rule.facts.get("wait", 0.0) if rule.do == "timeout_then_commit" else WRITE_TIMEOUT
        self._delayed.append(one)
        self._judge(one, self.began if body in self._orphans else now + waits)

    def _judge(self, one: _Delayed, lost: float) -> None:
        if one.carried_out > lost + PATIENCE:
            self.slugs |= one.slugs

    def __bool__(self) -> bool:
        return bool(self.slugs)


def slugs_in(body: bytes) -> Iterable[str]:
    """Give the slugs of the items that a request is about; none where it has another body."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return
    for item in content.get("items", []):
        if "slug" in item.get("fieldData", {}):
            yield item["fieldData"]["slug"]
