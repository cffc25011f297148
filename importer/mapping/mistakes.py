"""Gathers the mistakes of a mapping, so that all of them are told at once: key path, line, nearest right word."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.errors import MappingError, NotYet
from importer.mapping.lines import Line, nearest_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


_ALIKE = 0.55
"""From which likeness on a word may have been meant; swapped letters count as one slip."""


@dataclass(slots=True)
class Mistakes:
    """What is wrong with a mapping so far; `lines` gives the line of a key path, and its file."""

    name: str
    lines: Mapping[str, Line] = field(default_factory=dict)
    found: list[tuple[Line, str]] = field(default_factory=list)
    later: list[tuple[Line, str]] = field(default_factory=list)

    def add(self, path: str, sentence: str) -> None:
        """Note a mistake at a key path."""
        self._note(self.found, path, sentence)

    def not_yet(self, path: str, sentence: str) -> None:
        """Note something that is right, but not built yet."""
        self._note(self.later, path, sentence)

    def settle(self) -> None:
        """Raise MappingError with everything found, or NotYet where that is all there is; else do nothing."""
        if self.found:
            lines = tuple(text for _, text in sorted(self.found + self.later, key=lambda one: one[0]))
            count = "1 mistake" if len(lines) == 1 else f"{len(lines)} mistakes"
            raise MappingError(
                f'The mapping "{self.name}" has {count}:', "Correct the mapping and run the same command.", lines
            )
        if self.later:
            lines = tuple(text for _, text in sorted(self.later, key=lambda one: one[0]))
            raise NotYet(
                "\n".join(
                    (
                        f'The mapping "{self.name}" asks for something that is not built yet:',
                        *(f"  {one}" for one in lines),
                    )
                ),
                "Take it out of the mapping, or wait for the version that has it.",
            )

    def _note(self, book: list[tuple[Line, str]], path: str, sentence: str) -> None:
        line = nearest_line(path, self.lines) or Line(0, 0)
        text = f"{line}: {path}: {sentence}" if f"{line}" else f"{path}: {sentence}"
        if (line, text) not in book:
            book.append((line, text))


def nearest(word: str, words: Iterable[str]) -> str:
    """Say which known word was probably meant, as the end of a sentence; empty where none is near."""
    near = nearest_of(word, words)
    return f'; did you mean "{near}"?' if near is not None else ""


def nearest_of(word: str, words: Iterable[str]) -> str | None:
    """Find the known word that was probably meant."""
    known = {one.strip().casefold(): one for one in words}
    from rapidfuzz import process  # only when something is wrong: starting is quicker without
    from rapidfuzz.distance import OSA

    near = process.extractOne(
        word.strip().casefold(), known.keys(), scorer=OSA.normalized_similarity, score_cutoff=_ALIKE
    )
    return known[near[0]] if near else None
