"""Finds on which line of a TOML file each key stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_PATH = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_TABLE = re.compile(rf"^\s*\[\[?\s*({_PATH})\s*\]\]?\s*(?:#.*)?$")
_ENTRY = re.compile(rf"^\s*({_PATH})\s*=")
_WORD = re.compile(_KEY)
_TRIPLE = re.compile(r'"""|\'\'\'')


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """Where a key stands: how many files down the chain of `extends`, the line, and the file where it is another one.

    The number is 0 where the line is not known.
    """

    depth: int
    number: int
    file: str = ""

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.file, f"line {self.number}" if self.number else "")))


def nearest_line(path: str, lines: Mapping[str, Line]) -> Line | None:
    """Find the line of a key path, or of the nearest table around it; None where there is none."""
    while path:
        if path in lines:
            return lines[path]
        path = path.rpartition(".")[0]
    return None


def lines_of(text: str) -> dict[str, int]:
    """Map key paths (parts joined by dots) to line numbers; a key inside an inline table goes by the key outside."""
    found: dict[str, int] = {}
    table: tuple[str, ...] = ()
    inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        within = inside
        if len(_TRIPLE.findall(line)) % 2:
            inside = not inside
        if within:
            continue
        heading = _TABLE.match(line)
        if heading:
            table = _parts(heading[1])
            found.setdefault(".".join(table), number)
            continue
        entry = _ENTRY.match(line)
        if entry:
            found.setdefault(".".join((*table, *_parts(entry[1]))), number)
    for path, number in list(found.items()):  # of `[fields.price]` alone, `fields` begins there too
        outer = path.rpartition(".")[0]
        while outer:
            found.setdefault(outer, number)
            outer = outer.rpartition(".")[0]
    return found


def _parts(path: str) -> tuple[str, ...]:
    return tuple(word.strip("\"'") for word in _WORD.findall(path))
