"""Mapping files that extend one another: what holds in the end, and in which file and line it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from importer.mapping.lines import Line, lines_of, nearest_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MERGED = frozenset({"source", "where", "lookup", "fields", "item"})
"""Tables that are merged key by key; everything else is said again as a whole."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A mapping file in a chain: its table, its text, and its name and folder as seen from the first one's folder.

    The first one's name is "", for messages name a file only where it is another one.
    """

    table: Mapping[str, Any]
    text: str = ""
    file: str = ""
    folder: PurePath = field(default_factory=PurePath)

    def lines(self, depth: int) -> dict[str, Line]:
        """Give the line of each of its key paths; it is the file that many steps down the chain."""
        return {path: Line(depth, number, self.file) for path, number in lines_of(self.text).items()}


def laid_together(layers: Sequence[Layer]) -> tuple[dict[str, Any], dict[str, Line]]:
    """Lay files over one another, the first one on top; gives one table, and the line in which each key path stands."""
    depth = len(layers) - 1
    table, lines = dict(layers[depth].table), layers[depth].lines(depth)
    while depth:
        depth -= 1
        above = layers[depth].lines(depth)
        beneath = Line(depth + 1, 0, layers[depth + 1].file)
        laid = _Laying(above, lines, Line(depth, 0, layers[depth].file), beneath)
        table = laid.over("", layers[depth].table, {key: one for key, one in table.items() if key != "extends"})
        lines = laid.lines
    return table, lines


@dataclass(slots=True)
class _Laying:
    """Lays a file over what is beneath it, and takes over the lines of what stays."""

    above: Mapping[str, Line]
    beneath: Mapping[str, Line]
    upper: Line
    lower: Line
    lines: dict[str, Line] = field(default_factory=dict)

    def over(self, path: str, upper: Mapping[str, Any], lower: Mapping[str, Any]) -> dict[str, Any]:
        """Lay a table over another one, key by key."""
        if path:
            own = path in self.above or path not in self.beneath
            self.lines[path] = self._place(path, own=own)
        table: dict[str, Any] = {}
        for key, value in {**lower, **upper}.items():
            here = f"{path}.{key}" if path else key
            if key in upper and key in lower and _merges(here, upper[key], lower[key]):
                table[key] = self.over(here, upper[key], lower[key])
            else:
                table[key] = value
                self._take(here, own=key in upper)
        return table

    def _take(self, here: str, *, own: bool) -> None:
        lines = self.above if own else self.beneath
        inside = f"{here}."
        self.lines |= {path: line for path, line in lines.items() if path.startswith(inside)}
        self.lines[here] = self._place(here, own=own)

    def _place(self, path: str, *, own: bool) -> Line:
        return nearest_line(path, self.above if own else self.beneath) or (self.upper if own else self.lower)


def _merges(path: str, upper: Any, lower: Any) -> bool:
    """Whether two tables are merged: those of settings and names; a rule, a condition or a list is one thing."""
    if not (isinstance(upper, dict) and isinstance(lower, dict)):
        return False
    if path in MERGED:
        return True
    above, _, name = path.partition(".")
    of_a_sheet = isinstance(upper.get("source"), dict) or isinstance(lower.get("source"), dict)
    return above == "lookup" and "." not in name and not of_a_sheet


def rebased(folder: PurePath, path: str) -> str:
    """Give a path of a file in that folder as it is seen from the first file's folder; addresses and `-` stay."""
    if path == "-" or "://" in path or folder == PurePath():
        return path
    return str(folder / path)
