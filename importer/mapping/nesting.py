"""How deep a mapping file may go: no person needs more levels, and what reads it goes down level by level."""

from __future__ import annotations

import re
from typing import Any

from importer.errors import MappingError
from importer.mapping.lines import lines_of

DEEPEST = 32
"""Levels of tables and lists; an `else` within an `else` is one."""

SENTENCE = f"goes more than {DEEPEST} levels deep"
"""What is said of a key that does."""

_HINT = "For a chain of `else` list the columns instead: from = [...] takes the first filled one."

_SIGN = re.compile(r"""[\[{]|[\]}]|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#.*""")


def deepest_path(table: dict[str, Any]) -> str | None:
    """Find a key path that goes too deep, None where there is none; its end is cut off."""
    level: list[tuple[str, Any]] = [(key, value) for key, value in table.items() if isinstance(value, dict | list)]
    for _ in range(DEEPEST):
        level = [
            (f"{path}.{key}" if key else path, value)
            for path, outer in level
            for key, value in (outer.items() if isinstance(outer, dict) else (("", one) for one in outer))
            if isinstance(value, dict | list)
        ]
    return _cut(level[0][0]) if level else None


def too_deep(name: str, text: str) -> MappingError:
    """Say of a file that even the reader of TOML lost itself in where it goes too deep, as far as brackets tell."""
    number, lines = _line_of_depth(text), lines_of(text)
    before = [(at, path) for path, at in lines.items() if at <= number]
    path = max(before)[1] if before else ""
    place = f"line {number}: {_cut(path)}: " if path else f"line {number}: "
    return MappingError(f'The mapping "{name}" has 1 mistake:', _HINT, (f"{place}{SENTENCE}",))


def _line_of_depth(text: str) -> int:
    depth = 0
    for number, line in enumerate(text.splitlines(), start=1):
        for found in _SIGN.finditer(line):
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
            if depth > DEEPEST:
                return number
    return max(enumerate(text.splitlines(), start=1), key=lambda one: one[1].count("."), default=(1, ""))[0]


def _cut(path: str) -> str:
    """Show the beginning of a path that nobody wants to read whole."""
    steps = path.split(".")
    return path if len(steps) <= 6 else ".".join(steps[:6]) + "…"  # noqa: PLR2004 - enough to find it
