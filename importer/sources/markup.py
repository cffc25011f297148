"""Walking through XML: the small parts of a workbook, and what nobody can read in a quicker way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from xml.parsers import expat

from importer.sources.refusals import booby_trapped, damaged

if TYPE_CHECKING:
    from collections.abc import Iterable


class Walker(Protocol):
    """Is told of everything in the order in which it stands there, names without their prefix."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """An element ends."""

    def text(self, piece: str) -> None:
        """Text stands in the element that began last and has not ended."""


def walk(content: Iterable[bytes], walker: Walker, name: str, part: str, *, prefixes: bool = False) -> None:
    """Walk through a part, given in pieces; `prefixes`: names keep theirs.

    Raises SourceError if it is no XML, or declares a document type, whose entities could be a bomb.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    names: dict[str, str] = {}

    def named(tag: str) -> str:
        short = names.get(tag)
        if short is None:
            short = names[tag] = tag.rpartition(":")[2]
        return short

    def start(tag: str, attributes: dict[str, str]) -> None:
        walker.start(named(tag), {named(key): value for key, value in attributes.items()})

    def end(tag: str) -> None:
        walker.end(named(tag))

    def refuse(*_: object) -> None:
        raise booby_trapped(name, part)

    parser.StartElementHandler = walker.start if prefixes else start
    parser.EndElementHandler = walker.end if prefixes else end
    parser.CharacterDataHandler = walker.text
    parser.StartDoctypeDeclHandler = refuse
    try:
        for piece in content:
            parser.Parse(piece, False)  # noqa: FBT003 - expat takes no keywords
        parser.Parse(b"", True)  # noqa: FBT003 - the end
    except expat.ExpatError as error:
        raise damaged(name, f"its part {part}: {error}") from None


@dataclass(slots=True)
class Tags:
    """Collects the attributes of the elements of some names, in order; `within`: only inside of this element."""

    names: frozenset[str]
    within: str = ""
    found: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    inside: bool = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Keep it if it is one of them."""
        if tag == self.within:
            self.inside = True
        elif tag in self.names and (self.inside or not self.within):
            self.found.append((tag, attributes))

    def end(self, tag: str) -> None:
        """Note where `within` ends."""
        if tag == self.within:
            self.inside = False

    def text(self, piece: str) -> None:
        """Text is of no interest here."""


def is_true(value: str | None) -> bool:
    """Read a switch as XML writes it."""
    return value in {"1", "true", "on"}
