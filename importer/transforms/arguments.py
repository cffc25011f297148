"""The arguments that transforms take, read and checked: each gives the value, or raises ValueError with a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from importer.schema import reading

_MOST = 1_000_000_000
"""Larger numbers are mistakes, and not all of them fit into a column of numbers."""

_LARGEST = 1e300
"""No amount comes near it; a calculation with more would leave what a number of 64 bits can be."""


def text(value: Any) -> str:
    """A text."""
    if not isinstance(value, str):
        raise ValueError(f"must be a text, not {shown(value)}")  # noqa: TRY004 - gathered as a sentence with the others
    return value


def count(value: Any) -> int:
    """A whole number above zero, and below a milliard."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < _MOST:
        raise ValueError(f"must be a whole number above 0 (and below {_MOST:,}), not {shown(value)}")
    return value


def places(value: Any) -> int:
    """Digits after the point; negative ones round to tens, hundreds."""
    limit = 12
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > limit:
        raise ValueError(f"must be a whole number from -{limit} to {limit}, not {shown(value)}")
    return value


def operand(value: Any) -> str | float:
    """A number, or the name of a column."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"must be a number or a column, not {shown(value)}")  # noqa: TRY004 - one of the sentences about a call
    if isinstance(value, str):
        return value
    if not abs(value) < _LARGEST:
        raise ValueError(f"must be a number that a cell can hold, not {shown(value)}")
    return float(value)


def divisor(value: Any) -> str | float:
    """A number that can be divided by, or the name of a column."""
    if operand(value) == 0:
        raise ValueError("must not be 0: nothing can be divided by it")
    return operand(value)


def replacements(value: Any) -> dict[str, str]:
    """A table of texts: what is replaced by what."""
    if not isinstance(value, Mapping) or not value:
        raise ValueError(f'must be a table such as {{ "a" = "b" }}, not {shown(value)}')
    wrong = [one for one in value.values() if not isinstance(one, str)]
    if wrong:
        raise ValueError(f"must replace by texts, not by {shown(wrong[0])}")
    if "" in value:
        raise ValueError('cannot replace ""')
    return dict(value)


def pattern(value: Any) -> str:
    """A regular expression (Rust's dialect: no look-around, no back-references)."""
    expression = text(value)
    try:
        pl.Series([""]).str.contains(expression)
    except pl.exceptions.ComputeError as error:
        lines = [line.strip() for line in str(error).splitlines() if "error:" in line]
        reason = lines[-1].partition("error:")[2].strip() if lines else str(error)
        raise ValueError(f"is no regular expression: {shown(expression)}: {reason}") from error
    return expression


def patterns(value: Any) -> dict[str, str]:
    """A table of regular expressions and what their matches become (`$1`: the first group)."""
    table = replacements(value)
    for expression, replacement in table.items():
        _require_groups(groups(pattern(expression)), expression, replacement)
    return table


def groups(expression: str) -> list[str]:
    """The groups of a regular expression: their names, or their numbers."""
    found = pl.select(pl.lit("").str.extract_groups(expression).alias("groups")).schema["groups"]
    return [field.name for field in found.fields] if isinstance(found, pl.Struct) else []


_GROUP = re.compile(r"\$\$|\$(?:([0-9]+)|([A-Za-z_][0-9A-Za-z_]*)|\{([^}]+)\})")
"""What stands for a group in a replacement; `$$` is the sign itself."""


def _require_groups(known: list[str], expression: str, replacement: str) -> None:
    """Refuse a group that the pattern has not: it would be replaced by nothing, without a word."""
    for match in _GROUP.finditer(replacement):
        named = match[1] or match[2] or match[3]
        if named is None or named in known or (named.isdecimal() and int(named) <= len(known)):
            continue
        number = f"{len(known) or 'no'} {'group' if len(known) == 1 else 'groups'}"
        raise ValueError(
            f"replaces {shown(expression)} by {shown(replacement)}, and that pattern has {number},"
            f" so there is no {match[0]}; write $$ for the sign $"
        )


def forms(value: Any) -> tuple[str, ...]:
    """One or several date forms."""
    found = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else ()
    if not found or not all(isinstance(one, str) for one in found):
        raise ValueError(f'must be a date form such as "%d.%m.%Y", or a list of them, not {shown(value)}')
    mistakes = [mistake for one in found if (mistake := reading.format_mistake(one))]
    if mistakes:
        raise ValueError("; ".join(mistakes))
    return found


def written_form(value: Any) -> str:
    """The form in which a date is written."""
    form = text(value)
    try:
        pl.select(pl.datetime(2024, 5, 31, time_zone="UTC").dt.strftime(form))
    except pl.exceptions.ComputeError as error:
        raise ValueError(f"is no date form: {shown(form)}") from error
    return form


def one_of(*words: str) -> Any:
    """A reader of one of some words."""
    known = " or ".join(shown(word) for word in words)

    def read(value: Any) -> str:
        if value not in words:
            raise ValueError(f"must be {known}, not {shown(value)}")
        return str(value)

    return read


def shown(value: Any) -> str:
    """A wrong argument as TOML would write it, roughly, and not all of a long one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping | list):
        return "a table" if isinstance(value, Mapping) else "a list"
    text = f"{value}" if len(f"{value}") <= _SHOWN else f"{value}"[:_SHOWN] + "…"
    return f'"{text}"' if isinstance(value, str) else text


_SHOWN = 60
"""Characters of a wrong argument that are shown."""
