"""Number formats: what a cell's format says about the number in it, in Open XML workbooks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

import polars as pl


class Reads(Enum):
    """As what a number with a format is read."""

    NUMBER = auto()
    PERCENT = auto()
    DATE = auto()
    ELAPSED = auto()
    PADDED = auto()


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """As what numbers read; `pattern` of padded ones: runs of zeros, and what stands between them."""

    reads: Reads
    pattern: tuple[str, ...] = ()


PLAIN = NumberFormat(Reads.NUMBER)
_DATE, _ELAPSED, _PERCENT = NumberFormat(Reads.DATE), NumberFormat(Reads.ELAPSED), NumberFormat(Reads.PERCENT)

_BUILT_IN = (
    {number: _DATE for spread in ((14, 22), (27, 36), (45, 47), (50, 58)) for number in range(spread[0], spread[1] + 1)}
    | {46: _ELAPSED, 9: _PERCENT, 10: _PERCENT}
)  # fmt: skip
"""Formats that every program knows by number (ECMA-376, 18.8.30); 27 to 36 and 50 to 58 are dates in East Asia."""

_QUIET = re.compile(r'"[^"]*"?|\\.|[_*].|\[(?!(?:h+|m+|s+)\])[^\]]*\]', re.IGNORECASE)
"""What stands there to be seen, or is a color, a language or a condition."""
_GENERAL = re.compile(r"general|standard", re.IGNORECASE)
_LAPSE = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_CALENDAR = re.compile(r"[dmyhs]", re.IGNORECASE)
_TOKENS = re.compile(r'(0+)|"([^"]*)"|\\(.)|([-+ ()])|(\[\$[^\]]*\]|_.)')
"""Parts of a format that shows nothing but digits, as identifiers have it."""

_LONGEST = 10**15


def number_format(number: int, code: str | None) -> NumberFormat:
    """Tell what a format is, by its code where the file has one, else by its number."""
    if code is None:
        return _BUILT_IN.get(number, PLAIN)
    section = _first_section(code)
    bare = _GENERAL.sub("", _QUIET.sub("", section))
    if _LAPSE.search(bare):
        return _ELAPSED
    if _CALENDAR.search(bare):
        return _DATE
    if "%" in bare:
        return _PERCENT
    pattern = _padding(section) if ";" not in section and "[<" not in code and "[>" not in code else None
    return NumberFormat(Reads.PADDED, pattern) if pattern else PLAIN


def padded_text(number: pl.Expr, pattern: tuple[str, ...]) -> pl.Expr:
    """Write a whole number, not below 0, as its format shows it: `00123`, `020-7946-0018`."""
    width = sum(len(part) for part in pattern if part.startswith("0"))
    digits = number.cast(pl.Int64, strict=False).cast(pl.String).str.zfill(width)
    parts: list[pl.Expr] = []
    left = width
    first = True
    for part in pattern:
        if not part.startswith("0"):
            parts.append(pl.lit(part[1:]))
            continue
        after = left - len(part)
        run = digits.str.head(-after) if after else digits
        parts.append(run if first else run.str.tail(len(part)))
        left, first = after, False
    return pl.concat_str(parts)


def fits(number: pl.Expr) -> pl.Expr:
    """Tell which numbers a padded format shows digit by digit."""
    return (number >= 0) & (number < _LONGEST) & (number == number.floor())


def _first_section(code: str) -> str:
    """Take the part for numbers that are not below 0."""
    at = 0
    while at < len(code):
        if code[at] == ";":
            return code[:at]
        if code[at] == '"':
            at = code.find('"', at + 1)
            if at < 0:
                return code
        elif code[at] == "\\":
            at += 1
        at += 1
    return code


def _padding(section: str) -> tuple[str, ...] | None:
    """Take a format of digits apart, each other part after a space sign; None for amounts (`0`, `#,##0.00`)."""
    parts: list[str] = []
    at = 0
    while at < len(section):
        token = _TOKENS.match(section, at)
        if token is None:
            return None
        zeros, quoted, escaped, bare, silent = token.groups()
        if zeros:
            parts.append(zeros)
        elif silent is None:
            parts.append(" " + (quoted or escaped or bare or ""))
        at = token.end()
    runs = [part for part in parts if part.startswith("0")]
    return tuple(parts) if any(len(run) > 1 for run in runs) else None
