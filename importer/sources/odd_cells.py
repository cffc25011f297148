"""Cells that `fastexcel` hands out as empty although they are not: errors, and formulas never calculated."""

from __future__ import annotations

import posixpath
import re
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from pathlib import Path

_REFERENCE = re.compile(r"([A-Z]+)[0-9]+")
_HINTS = (b'"e"', b"'e'", b"<f", b":f")


@dataclass(frozen=True, slots=True)
class OddCell:
    """A cell that holds no value but an error (`#REF!`) or a formula without its result (`=A1+B1`); counted from 0."""

    row: int
    column: int
    text: str


def odd_cells(path: Path, sheet: str) -> list[OddCell]:
    """Find them in a sheet of an .xlsx or .xlsm; an archive that is laid out in another way has none to show."""
    try:
        with zipfile.ZipFile(path) as archive:
            part = _part_of(archive, sheet)
            content = archive.read(part) if part else b""
    except (zipfile.BadZipFile, KeyError, expat.ExpatError):
        return []
    if not any(hint in content for hint in _HINTS):
        return []
    finder = _Finder()
    _walk(content, finder)
    return finder.found


def position(letters: str) -> int:
    """Count columns from 0: A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


@dataclass(slots=True)
class _Finder:
    """Walks through the cells of a sheet; cells and rows without a reference follow the one before."""

    found: list[OddCell] = field(default_factory=list)
    row: int = -1
    column: int = -1
    kind: str = "n"
    formula: str | None = None
    value: str = ""
    inside: str = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = self.inside = _plain(tag)
        if name == "row":
            self.row = int(attributes["r"]) - 1 if "r" in attributes else self.row + 1
            self.column = -1
        elif name == "c":
            at = _REFERENCE.fullmatch(attributes.get("r", ""))
            self.column = position(at[1]) if at else self.column + 1
            self.kind = attributes.get("t", "n")
            self.formula, self.value = None, ""
        elif name == "f":
            self.formula = ""

    def text(self, piece: str) -> None:
        if self.inside == "v":
            self.value += piece
        elif self.inside == "f":
            self.formula = (self.formula or "") + piece

    def end(self, tag: str) -> None:
        self.inside = ""
        if _plain(tag) != "c":
            return
        if self.kind == "e":
            self.found.append(OddCell(self.row, self.column, self.value or "#ERROR!"))
        elif self.formula is not None and not self.value and self.kind == "n":
            self.found.append(OddCell(self.row, self.column, f"={self.formula}"))


@dataclass(slots=True)
class _Tags:
    """Collects the attributes of every element of one name."""

    name: str
    found: list[dict[str, str]] = field(default_factory=list)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if _plain(tag) == self.name:
            self.found.append({_plain(key): value for key, value in attributes.items()})

    def text(self, piece: str) -> None:
        """Text is of no interest here."""

    def end(self, tag: str) -> None:
        """Nor is where an element ends."""


def _walk(content: bytes, walker: _Finder | _Tags) -> None:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = walker.start
    parser.EndElementHandler = walker.end
    parser.CharacterDataHandler = walker.text
    parser.Parse(content, True)  # noqa: FBT003 - expat takes no keywords


def _plain(tag: str) -> str:
    """Take the namespace off a name."""
    return tag.rpartition(" ")[2]


def _attributes(archive: zipfile.ZipFile, part: str, name: str) -> list[dict[str, str]]:
    tags = _Tags(name)
    _walk(archive.read(part), tags)
    return tags.found


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """Follow the archive's relations to the part that holds a sheet."""
    relations = _attributes(archive, "_rels/.rels", "Relationship")
    book = next((each["Target"].lstrip("/") for each in relations if each["Type"].endswith("/officeDocument")), None)
    if book is None:
        return None
    identity = next((each.get("id") for each in _attributes(archive, book, "sheet") if each.get("name") == sheet), None)
    folder, file = posixpath.split(book)
    for each in _attributes(archive, posixpath.join(folder, "_rels", f"{file}.rels"), "Relationship"):
        if each["Id"] == identity:
            target = each["Target"]
            return target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
    return None
