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
    if not found:
        return str(error)
    twice = re.fullmatch(r"Cannot declare \((.*)\) twice", found[1])  # it shows the name as Python does
    table = ".".join(re.findall("'([^']*)'", twice[1])) if twice else ""
    said = f"[{table}] stands there twice" if twice else found[1]
    return f"{found[2].replace('document', 'the file')}: {said}"


_CURLY = "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}\N{DOUBLE LOW-9 QUOTATION MARK}"

_TWICE = "Each key and each [table] may stand once."
_ENDLESS = 'A text ends with a quotation mark in the line in which it begins: name = "Title".'
_BACKSLASH = (
    'In a text in "double" quotes a backslash begins a special sign. Write paths with /, and patterns in'
    " 'single' quotes, which leave them as they are."
)
_TOML_HINTS = (
    ("Illegal character '\\n'", _ENDLESS),
    ("Unterminated", _ENDLESS),
    ("twice", _TWICE),
    ("overwrite", _TWICE),
    ("duplicate", _TWICE),
    ("Unescaped '\\'", _BACKSLASH),
    ("Invalid hex value", _BACKSLASH),
    ("Unclosed array", 'A list ends with ], and has commas between its parts: ["one", "other"].'),
    ("table declaration", "The name of a table stands in brackets, in a line of its own: [source]."),
)
"""What to do about mistakes, by the words of the parser."""

_BRACES = (
    "What stands in { } begins and ends in one line, with commas between its parts and none behind the last. A longer"
    " rule is a table of its own: [fields.SLUG], and below it a line for each key."
)
_STATEMENT = (
    'Each line says one key = value. A name with blanks or accents stands in quotes ("Full name" = "x"), so does a'
    " text; numbers have a point (1.5), dates look like 2024-05-31, and a remark begins with #."
)


def _toml_hint(message: str, text: str) -> str:
    """Say what to do about the mistakes that people make: by the parser's words, and by the line they are about."""
    place = re.search(r"line (\d+), column (\d+)", message)
    lines = text.split("\n")
    line, before = (lines[int(place[1]) - 1], lines[int(place[1]) - 1][: int(place[2]) - 1]) if place else ("", "")
    if any(sign in line for sign in _CURLY):
        return 'Quotation marks are straight: write "Title", not the curly ones that word processors make.'
    hint = next((hint for words, hint in _TOML_HINTS if words.casefold() in message.casefold()), None)
    if hint is not None:
        return hint
    if before.count("{") > before.count("}") or "inline table" in message:
        return _BRACES
    if "Invalid value" in message:
        wrong = re.fullmatch(r"(?i)[^=]*=\s*(?:true|false|yes|no)\b.*", line.strip())
        return "Yes and no are true and false, in small letters." if wrong else 'Texts stand in quotes: name = "Title".'
    return _STATEMENT


def _nearby(path: Path) -> str:
    found = path.parent.glob("*.toml") if path.parent.is_dir() else ()
    others = sorted(other.name for other in found if other.name != "pyproject.toml")
    more = f", and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    return f"In that folder there are: {', '.join(others[:_NAMED])}{more}." if others else "Check the path."


_NAMED = 12
"""Files of a folder that are named."""
