"""Mapping files: read as TOML, each with the files that it extends."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from importer.errors import MappingError
from importer.mapping import Layer, Mistakes, extended_by, too_deep

if TYPE_CHECKING:
    from collections.abc import Mapping as Table


def read_files(path: Path, environment: Table[str, str]) -> list[Layer]:
    """Read a mapping file, the file that it extends, the one which that extends, and so on.

    Raises MappingError for a file that is not there or no TOML, and for a circle, with the files and lines.
    """
    name = path.stem
    table, text = _read(path)
    layers = [Layer(table, text)]
    known = {path.resolve(): path.name}
    while (wanted := extended_by(layers[-1], len(layers) - 1, name=name, environment=environment)) is not None:
        inner = layers[-1].folder / wanted
        place = path.parent / inner
        mistakes = Mistakes(name, layers[-1].lines(len(layers) - 1))
        if not _is_file(place):
            mistakes.add("extends", f"there is no file {place}. {_nearby(place)}")
        elif place.resolve() in known:
            circle = list(known.values())[list(known).index(place.resolve()) :]
            mistakes.add("extends", f"goes round in a circle: {' -> '.join([*circle, circle[0]])}")
        mistakes.settle()
        known[place.resolve()] = str(inner)
        table, text = _read(place)
        layers.append(Layer(table, text, str(inner), PurePath(inner).parent))
    return layers


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no disk would take, a folder that may not be looked into
        return False


def _read(path: Path) -> tuple[dict[str, Any], str]:
    """Read one file: its table and its text."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text), text
    except FileNotFoundError as error:
        raise MappingError(f"There is no mapping file {path}.", _nearby(path)) from error
    except IsADirectoryError as error:
        raise MappingError(f"{path} is a folder, no mapping file.", "Name one of the .toml files in it.") from error
    except OSError as error:
        raise MappingError(
            f"{path} cannot be read: {error.strerror}.", "Check the path, and who may read it."
        ) from error
    except UnicodeDecodeError as error:
        raise MappingError(
            f"{path} is not written in UTF-8 (byte {error.start + 1}).", "Save it as UTF-8: TOML allows nothing else."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{path} is no valid TOML: {_where(error)}.", _toml_hint(str(error), text)) from error
    except ValueError as error:  # a number of thousands of digits, at which Python itself refuses
        raise MappingError(f"{path} holds a number of thousands of digits.", "Write a shorter one.") from error
    except RecursionError as error:
        raise too_deep(path.stem, text) from error


def _where(error: tomllib.TOMLDecodeError) -> str:
    """Say it in the parser's own words, with the line first: "line 7, column 12: Invalid value"."""
    found = re.fullmatch(r"(?s)(.*) \(at (line \d+, column \d+|end of document)\)", str(error))
    return f"{found[2].replace('document', 'the file')}: {found[1]}" if found else str(error)


def _toml_hint(message: str, text: str) -> str:
    if "Invalid value" in message:
        if any(sign in text for sign in "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}"):
            return 'Quotation marks are straight: write "Title", not the curly ones that word processors make.'
        return 'Texts stand in quotes: name = "Title".'
    if "Illegal character '\\n'" in message or "Unterminated" in message:
        return 'A text ends with a quotation mark in the line in which it begins: name = "Title".'
    if "twice" in message or "overwrite" in message or "duplicate" in message.lower():
        return "Each key and each [table] may stand once."
    return "Look at that line; https://toml.io shows the format."


def _nearby(path: Path) -> str:
    found = path.parent.glob("*.toml") if path.parent.is_dir() else ()
    others = sorted(other.name for other in found if other.name != "pyproject.toml")
    return f"In that folder there are: {', '.join(others)}." if others else "Check the path."
