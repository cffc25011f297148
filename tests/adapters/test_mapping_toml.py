# ruff: noqa: E501 - a line for each mistake
"""A mapping file that is no TOML: the line, and what to do, for the mistakes that people make in an editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.commands.loading import load_mapping
from importer.errors import MappingError

if TYPE_CHECKING:
    from pathlib import Path

STRAIGHT = "Quotation marks are straight"
QUOTES = "Texts stand in quotes"
BRACES = "What stands in { } begins and ends in one line"
BACKSLASH = "Write paths with /, and patterns in 'single' quotes"
STATEMENT = "Each line says one key = value."

MISTAKES = [
    ("collection = things\n", "line 1, column 14: Invalid value", QUOTES),
    ("skip_invalid_files = True\n", "line 1, column 22: Invalid value", "Yes and no are true and false, in small letters."),
    ("skip_invalid_files = yes\n", "line 1, column 22: Invalid value", "Yes and no are true and false"),
    ("collection = “things”\n", "line 1, column 14: Invalid value", STRAIGHT),
    ('collection = "things”\n', "line 1, column 22: Illegal character", STRAIGHT),
    ("collection = „things“\n", "line 1, column 14: Invalid value", STRAIGHT),
    ("“E-mail” = 1\n", "line 1, column 1: Invalid statement", STRAIGHT),
    ('a = "x\nb = "“"\n', "line 1, column 7: Illegal character", "A text ends with a quotation mark in the line in which it begins"),
    ('a = """x\n', "end of the file: Unterminated string", "A text ends with a quotation mark"),
    ('[source]\npath = "a.csv"\n[fields]\nname = "A"\n[source]\nsheet = 1\n', "line 5, column 8: [source] stands there twice", "Each key and each [table] may stand once."),
    ("[lookup.a]\nx = 1\n[lookup.a]\n", "line 3, column 10: [lookup.a] stands there twice", "may stand once"),
    ("a = 1\na = 2\n", "line 2, column 6: Cannot overwrite a value", "may stand once"),
    ('price = {\n  from = "Price",\n  default = 1 }\n', "line 1, column 10: Invalid initial character", BRACES),
    ('price = { from = "Price"\n', "Unclosed inline table", BRACES),
    ('price = { from = "Price", }\n', "Invalid initial character", BRACES),
    ('price = { from = "Price" default = 1 }\n', "Unclosed inline table", BRACES),
    ('path = "..\\sheets\\a.csv"\n', "Unescaped", BACKSLASH),
    ('path = "C:\\Users\\a.csv"\n', "Invalid hex value", BACKSLASH),
    ('a = { extract = "(\\d+)" }\n', "Unescaped", BACKSLASH),
    ("E mail = 1\n", "Expected '=' after a key", STATEMENT),
    ("Größe = 1\n", "Expected '=' after a key", STATEMENT),
    ('collection: "things"\n', "Expected '=' after a key", STATEMENT),
    ("// the shop\n", "Invalid statement", STATEMENT),
    ("price = 1,5\n", "Expected newline", STATEMENT),
    ("day = 31.05.2024\n", "Expected newline", STATEMENT),
    ('[source\npath = "a.csv"\n', "Expected ']'", "The name of a table stands in brackets, in a line of its own"),
    ('dates = ["%Y"\ndecimal = ","\n', "Unclosed array", "A list ends with ], and has commas between its parts"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "what", "hint"), MISTAKES)
def test_a_file_that_is_no_toml_is_told_with_what_to_do(tmp_path: Path, text: str, what: str, hint: str) -> None:
    """In the words of the parser with the line, and a hint that fits the line."""
    path = tmp_path / "m.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MappingError) as caught:
        load_mapping(path)
    assert f"is no valid TOML: {what}" in caught.value.message or what in caught.value.message
    assert hint in caught.value.hint


def test_of_many_files_some_are_named(tmp_path: Path) -> None:
    """A folder of a hundred mappings does not become a hundred names in one line."""
    for number in range(100):
        (tmp_path / f"m{number:02}.toml").write_text("", encoding="utf-8")
    with pytest.raises(MappingError) as caught:
        load_mapping(tmp_path / "n.toml")
    assert "m00.toml, m01.toml, " in caught.value.hint
    assert caught.value.hint.endswith("m11.toml, and 88 more.")
