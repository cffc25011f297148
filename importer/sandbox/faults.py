"""The fault plan: which requests go wrong, and how; the same plan and the same requests give the same faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FAULTS: Final[dict[str, tuple[frozenset[str], str]]] = {
    "refuse": (frozenset(), "the connection is refused; nothing was carried out"),
    "reset_before": (frozenset(), "the connection breaks before the work"),
    "reset_after": (frozenset(), "the work is done, the answer is lost"),
    "slow": (frozenset({"seconds"}), "waits, then does the work and answers"),
    "slow_answer": (frozenset({"seconds"}), "does the work, then waits and answers"),
    "timeout_then_commit": (
        frozenset({"seconds", "wait"}),
        "the answer is lost after `wait` seconds; the work is carried out `seconds` after the request came",
    ),
    "truncated": (frozenset(), "the work is done, the body is cut in the middle"),
    "left_out": (frozenset(), "the work is done, the answer shows only some of the items that it was about"),
    "garbage": (frozenset({"body"}), "the work is done, the status says so, the body cannot be read"),
    "status": (
        frozenset({"status", "message", "code", "details", "body", "work", "headers"}),
        "any status; body is envelope, html, or what shall stand there; work is none or done",
    ),
    "stray_403": (frozenset(), "a 403 without a reason; nothing was carried out"),
    "conflict": (frozenset({"message"}), "a 409 with this message"),
    "throttle": (
        frozenset({"retry_after"}),
        "a 429; retry_after is missing, 0, a number of seconds, date, or absurd",
    ),
    "revoked": (frozenset(), "401 from now on: the token was revoked"),
    "plan_limit": (frozenset(), "the site's plan holds no more items"),
    "missing_scopes": (frozenset({"scope"}), "403: the token lacks a scope"),
}
"""Each fault: the parameters that it takes beside `when` and `do`, and a sentence."""


class WireFault(Exception):  # noqa: N818 - no error of ours: the break is what was asked for
    """Breaks the connection; `wire_fault` is refused, reset, timeout or truncated, `wait` comes before, in seconds."""

    def __init__(self, kind: str, wait: float = 0.0) -> None:
        super().__init__(kind)
        self.wire_fault = kind
        self.wait = wait


@dataclass(slots=True)
class FaultRule:
    """One line of the plan with its counters: requests that it matched, and times that it fired."""

    do: str
    when: dict[str, Any]
    facts: dict[str, Any]
    matched: int = 0
    fired: int = 0

    def fires(self, method: str, path: str, body: bytes) -> bool:
        """Count a request that the rule is about, and say whether the fault happens to it."""
        when = self.when
        if not (
            when.get("method", method).upper() == method
            and fnmatchcase(path, when.get("path", "*"))
            and when.get("body", "").encode() in body
        ):
            return False
        self.matched += 1
        due: bool = (
            self.matched == when.get("nth", self.matched)
            and self.matched % when.get("every", 1) == 0
            and when.get("from", 1) <= self.matched <= when.get("until", self.matched)
            and self.fired < when.get("times", self.fired + 1)
        )
        self.fired += due
        return due

    def shown(self) -> dict[str, Any]:
        """Give the rule as it came, with its counters."""
        return {"when": self.when, "do": self.do, **self.facts, "matched": self.matched, "fired": self.fired}


@dataclass(slots=True)
class FaultPlan:
    """All rules; the first that fires decides."""

    rules: list[FaultRule] = field(default_factory=list)

    def pick(self, method: str, path: str, body: bytes) -> FaultRule | None:
        """Find the fault that happens to this request; every rule counts what it matches."""
        fired = [rule for rule in self.rules if rule.fires(method, path, body)]
        return fired[0] if fired else None


def parse_faults(given: Any) -> FaultPlan:
    """Read a fault plan: `[{"when": {...}, "do": NAME, ...}]`, or the same under the key `faults`; None is no fault.

    Raises ValueError with a sentence for anything that it does not know.
    """
    listed = given
    if isinstance(given, dict):
        _known("A fault plan", given, frozenset({"faults"}))
        listed = given.get("faults")
    if not isinstance(listed, list) and given is not None:
        raise ValueError('A fault plan is a list of faults, or {"faults": [...]}.')
    return FaultPlan([_rule(number, one) for number, one in enumerate(listed or [], 1)])


def _rule(number: int, given: Any) -> FaultRule:
    where = f"Fault {number} of the plan"
    if not isinstance(given, dict) or not isinstance(given.get("when", {}), dict):
        raise ValueError(  # noqa: TRY004 - callers hand on foreign JSON, and catch one kind of mistake
            f'{where} must read {{"when": {{...}}, "do": NAME}}, not {given!r}.'
        )
    do = given.get("do")
    if not isinstance(do, str) or do not in FAULTS:
        raise ValueError(f"{where} asks for {do!r}. The faults are: {', '.join(FAULTS)}.")
    facts = {key: value for key, value in given.items() if key not in {"when", "do"}}
    _known(f"{where} ({do})", facts, FAULTS[do][0])
    when = dict(given.get("when", {}))
    _known(f'{where}, "when",', when, frozenset(_WHEN))
    for kinds, values in ((_WHEN, when), (_FACTS, facts)):
        for key, value in values.items():
            fits, what = kinds[key]
            if not fits(value):
                raise ValueError(f"{where}: {key} is {what}, not {value!r}.")
    if do == "status" and "status" not in facts:
        raise ValueError(f"{where} needs a status, such as 502.")
    return FaultRule(do, when, facts)


def _known(where: str, given: Iterable[str], allowed: frozenset[str]) -> None:
    unknown = sorted(set(given) - allowed)
    if unknown:
        raise ValueError(f"{where} knows {', '.join(sorted(allowed)) or 'no further keys'}, not {', '.join(unknown)}.")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_status(value: Any) -> bool:
    return _is_count(value) and 200 <= value <= 599  # noqa: PLR2004 - answers that end a request


def _is_pause(value: Any) -> bool:
    return value in ("missing", "date", "absurd") or str(value).isdecimal()


_TEXT: Final = (_is_text, "a text")
_COUNT: Final = (_is_count, "a whole number from 1")
_TIME: Final = (_is_time, "a number that is not negative")
_Kind: TypeAlias = "tuple[Callable[[Any], bool], str]"
_WHEN: Final[dict[str, _Kind]] = {
    **dict.fromkeys(("method", "path", "body"), _TEXT),
    **dict.fromkeys(("nth", "every", "from", "until", "times"), _COUNT),
}
"""What the keys of `when` hold."""

_FACTS: Final[dict[str, _Kind]] = {
    **dict.fromkeys(("message", "code", "scope"), _TEXT),
    **dict.fromkeys(("seconds", "wait"), _TIME),
    "status": (_is_status, "a status from 200 to 599"),
    "work": (lambda value: value in ("none", "done"), '"none" or "done"'),
    "headers": (lambda value: isinstance(value, dict), "an object"),
    "details": (lambda value: isinstance(value, list), "a list"),
    "body": (lambda _value: True, "anything"),
    "retry_after": (_is_pause, '"missing", "date", "absurd", or a number of seconds'),
}
"""What the parameters of faults hold."""
