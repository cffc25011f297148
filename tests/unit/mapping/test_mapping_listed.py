"""Nothing of the mapping language goes untested: each mistake has its message, each word a mapping that uses it."""

from __future__ import annotations

import ast
import tomllib
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest

from importer.errors import ImporterError
from importer.mapping import (
    Layer,
    ReferenceNeed,
    check_matches,
    compile_mapping,
    extended_by,
)
from importer.mapping.foreign import Foreign
from importer.mapping.language import ItemPart, MappingPart, Pick, RulePart, SourcePart, TestPart
from importer.schema import CollectionSchema, Validations
from importer.transforms import TRANSFORMS
from importer.transforms.foreign import foreign_transform
from tests.unit.mapping.conftest import collection
from tests.unit.mapping.sentences import sentences
from tests.unit.mapping.test_mapping_mistakes import FITTING, READING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.unit.mapping.conftest import Workshop

ELSEWHERE = {
    "there are no columns to calculate with here": "only a caller in Python can forget to hand columns over",
    "must give a polars expression": "tests/flows/test_hooks.py has a table of what functions do wrong",
    "must give text, and gives": "the same",
    "takes something else than the text": "the same",
}
"""Sentences about something else than a mapping file, and why they are not in the tables."""


def told(attempt: Callable[[], Any]) -> str:
    """Give what an attempt is refused with."""
    with pytest.raises(ImporterError) as caught:
        attempt()
    return str(caught.value)


@pytest.fixture(scope="module")
def messages(workshop: Workshop) -> list[str]:
    """Every message of the tables of mistakes, and of the few that need more than a file and a sheet."""
    said = [told(lambda text=text: workshop.read(text)) for text, _ in READING]  # type: ignore[misc]  # bound at once
    said += [told(lambda text=text: workshop.compiled(text, ["Title", "Status"])) for text, _ in FITTING]  # type: ignore[misc]  # the same
    name = '[fields]\nname = "Title"\n'
    return [
        *said,
        told(lambda: extended_by(Layer({"extends": 5}), 0, name="things", environment={})),
        told(lambda: workshop.compiled('locale = "fr"\n' + name, ["Title"], locales=None)),
        told(lambda: workshop.compiled(name, ["Title"], schema=collection("text"))),
        told(lambda: check_matches(workshop.read(name), [(ReferenceNeed("author", "e" * 24, "html"), collection())])),
        told(lambda: _compiled_with_a_function(workshop)),
        told(
            lambda: workshop.compiled(
                name + 'author = { from = "Title", missing = "create" }\n', ["Title"], schema=own()
            )
        ),
    ]


def own() -> CollectionSchema:
    """Give a collection whose references are to items of its own."""
    fields = [
        one.model_copy(update={"validations": Validations(collection_id="c" * 24)}) for one in collection().fields
    ]
    return collection().model_copy(update={"id": "c" * 24, "fields": tuple(fields)})


def _compiled_with_a_function(workshop: Workshop) -> None:
    """Call a function with an argument that it does not take, and one without an argument that it needs."""
    text = 'hooks = "own.py"\n[fields]\nname = { from = "Title", transform = [{ bare = 5 }, "needy"] }\n'
    functions: dict[str, Callable[..., Any]] = {"bare": lambda text: text, "needy": lambda text, _more: text}
    transforms = {
        name: foreign_transform(name, function, owner="own.py", outside=False) for name, function in functions.items()
    }
    mapping = replace(workshop.read(text), foreign=Foreign(transforms))
    compile_mapping(mapping, collection(), ["Title"], references={}, locales=None, today=date(2026, 3, 10))


def test_every_mistake_that_the_reader_can_make_is_in_a_table_with_its_message(messages: list[str]) -> None:
    """A sentence in the code that no table shows was never read by anybody."""
    known = sentences()
    assert len(known) > 70
    unseen = [
        f"{one.place} {one.pattern.pattern}"
        for one in known
        if not any(one.pattern.search(message) for message in messages)
        and not any(one.pattern.search(said) or said in one.pattern.pattern.replace("\\", "") for said in ELSEWHERE)
    ]
    assert unseen == []


# Every word has a mapping that uses it --------------------------------------------------------------------------------

TESTS = Path(__file__).parents[2]
OF_THE_LANGUAGE = (*sorted(TESTS.glob("unit/mapping/test_mapping_*.py")), TESTS / "unit" / "test_transforms.py")
OF_MISTAKES = {"test_mapping_mistakes.py", "test_mapping_listed.py", "test_mapping_docs.py"}
KINDS = ("file", "source", "item", "rule", "test", "transform", "pick")


@cache
def used() -> dict[str, set[str]]:
    """Gather the words of all mappings, and parts of them, that tests are written with; tables of mistakes are none."""
    words: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for file in (*OF_THE_LANGUAGE, *sorted(TESTS.glob("flows/*.py")), *sorted(TESTS.glob("adapters/*.py"))):
        if file.name in OF_MISTAKES:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            for table in _tables(node):
                if file in OF_THE_LANGUAGE or (isinstance(table, dict) and "fields" in table):
                    _gather(table, words)
    return words


def _tables(node: ast.AST) -> Iterator[Any]:
    """Give what a text, or a literal of Python, says as TOML: a whole file, or a value."""
    if isinstance(node, ast.Dict | ast.List | ast.Tuple):
        with suppress(ValueError, TypeError):  # not all of them hold literals only
            yield ast.literal_eval(node)
    text = _text(node)
    for whole in (text, f"x = {text}") if text is not None and "=" in text else ():
        with suppress(tomllib.TOMLDecodeError, RecursionError):  # most texts are no mappings
            yield tomllib.loads(whole)


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "x" for one in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _gather(table: Any, words: dict[str, set[str]]) -> None:
    """Sort the words of a table by what they may be; what is no word of the language does no harm."""
    if isinstance(table, list | tuple):
        words["transform"] |= {one for one in table if isinstance(one, str)}
        for one in table:
            _gather(one, words)
    if not isinstance(table, dict):
        return
    for kind in ("file", "rule", "test", "transform"):
        words[kind] |= {str(key) for key in table}
    words["pick"] |= {str(table.get("pick"))}
    for key in ("source", "item"):
        words[key] |= {*table[key]} if isinstance(table.get(key), dict) else set()
    for value in table.values():
        _gather(value, words)


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        ("file", MappingPart.keys()),
        ("source", SourcePart.keys()),
        ("item", ItemPart.keys()),
        ("rule", RulePart.keys()),
        ("test", TestPart.keys()),
        ("transform", list(TRANSFORMS)),
        ("pick", list(get_args(Pick))),
    ],
)
def test_every_word_of_the_language_is_in_a_mapping_of_some_test(kind: str, known: list[str]) -> None:
    """A key, condition or transform that no test maps with may do anything; what only mistakes name does not count."""
    assert set(known) - used()[kind] == set()


def test_a_word_that_no_test_uses_would_be_found() -> None:
    """The gathering sees texts, pieces of rules and literals, and nothing that is not there."""
    words: dict[str, set[str]] = {
        kind: set() for kind in ("file", "source", "item", "rule", "test", "transform", "pick")
    }
    code = ast.parse(
        'a = \'[source]\\nsheet = 1\\n[fields]\\nx = { from = "A", pick = "sum" }\'\nb = \'{ like = "x*" }\'\n'
    )
    for node in ast.walk(code):
        for table in _tables(node):
            _gather(table, words)
    assert (words["source"], words["pick"]) == ({"sheet"}, {"sum", "None"})
    assert "like" in words["test"]
    assert "min" not in words["test"]
