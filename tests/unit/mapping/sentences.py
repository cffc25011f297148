"""Every sentence that the code has about a mistake in a mapping file, as a pattern that a message fits."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parents[3] / "importer"
READERS = (*sorted((PACKAGE / "mapping").glob("*.py")), *sorted((PACKAGE / "transforms").glob("*.py")))
"""The modules that find mistakes in a mapping, before any file but itself is opened."""

SHORTEST = 5
"""Letters that a text must have to be a sentence, or the end of one."""


class Sentence(NamedTuple):
    """Where a sentence stands, and what a message that holds it looks like."""

    place: str
    pattern: re.Pattern[str]


def sentences() -> list[Sentence]:
    """List what the readers raise as ValueError, note as a mistake, or gather as one."""
    found: list[Sentence] = []
    for file in READERS:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            for text in _told(node):
                pattern = _pattern(text)
                if len(re.sub(r"\.\*|[^a-z]", "", pattern)) >= SHORTEST:
                    place = f"{file.relative_to(PACKAGE)}:{text.lineno}"
                    found.append(Sentence(place, re.compile(pattern, re.DOTALL)))
    return found


def _told(node: ast.AST) -> Iterator[ast.expr]:
    """Give the texts that a node tells as a mistake."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and _name(node.exc.func) == "ValueError":
        yield from _texts(node.exc.args)
    elif isinstance(node, ast.Call) and _name(node.func) == "add" and "mistakes" in ast.unparse(node.func):
        yield from _texts(node.args[1:])
    elif isinstance(node, ast.Call) and ast.unparse(node.func) == "mistakes.append":
        yield from _texts(node.args)


def _texts(nodes: list[ast.expr]) -> Iterator[ast.expr]:
    """Give the first text of each argument: a string, one with places, or a sum that begins with one."""
    for node in nodes:
        while isinstance(node, ast.BinOp):
            node = node.left  # noqa: PLW2901 - down to where the sentence begins
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            yield node


def _pattern(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return re.escape(str(node.value))
    parts = node.values if isinstance(node, ast.JoinedStr) else []
    return "".join(re.escape(str(one.value)) if isinstance(one, ast.Constant) else ".*" for one in parts)


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
