"""The page about the mapping language leaves nothing out."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from importer.mapping import Layer, parse_mapping
from importer.mapping.language import (
    ItemPart,
    LookupPart,
    LookupSourcePart,
    MappingPart,
    Pick,
    RulePart,
    SourcePart,
    TestPart,
    keys_at,
)
from importer.transforms import TRANSFORMS

PAGE = (Path(__file__).parents[3] / "docs" / "mapping.md").read_text(encoding="utf-8")


def _section(start: str, end: str) -> str:
    return PAGE[PAGE.index(start) : PAGE.index(end)]


@pytest.mark.parametrize(
    ("section", "words"),
    [
        (_section("## The keys", "### `[source]`"), MappingPart.keys()),
        (_section("### `[source]`", "## Columns"), SourcePart.keys()),
        (_section("| lookup from a sheet", "The sheet is read once"), [*LookupPart.keys(), *LookupSourcePart.keys()]),
        (_section("## Rules", "| `pick` | gives"), RulePart.keys()),
        (_section("| `pick` | gives", "## Conditions"), list(get_args(Pick))),
        (_section("## Conditions", "## Transforms"), TestPart.keys()),
        (_section("## Slugs", "passes every"), ItemPart.keys()),
    ],
    ids=["file", "source", "lookup", "rule", "pick", "condition", "item"],
)
def test_every_word_of_the_language_is_on_its_page(section: str, words: list[str]) -> None:
    """A key that the reader knows and the page does not is a secret."""
    told = set(re.findall(r"`\[?(?:lookup\.NAME\b|)([a-z_]*)\]?`", section)) | (
        {"lookup"} if "[lookup." in section else set()
    )
    assert set(words) <= told


def test_every_transform_is_on_the_page_in_its_own_words() -> None:
    """Each has its line, as it says itself; options stand in it."""
    for transform in TRANSFORMS.values():
        assert f"| `{transform.name}` | {transform.says} |" in PAGE
        assert all(option in transform.says for option in transform.options)


def test_keys_are_known_where_they_stand() -> None:
    """The nearest right word is looked for among the keys of the right table."""
    assert keys_at(("source", "pth")) == SourcePart.keys()
    assert keys_at(("fields", "name", "else", "when", 0, "Status", "nt")) == TestPart.keys()
    assert keys_at(("item", "draft", "frm")) == RulePart.keys()
    assert TestPart.keys() == ["not", "empty", "like", "min", "max"]


def test_examples_of_the_page_are_mappings() -> None:
    """Each example reads without a mistake."""
    examples = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(examples) == 6
    shared, own = (Layer(tomllib.loads(text), text) for text in examples[1:3])
    assert parse_mapping(dict(own.table), name="p", environment={"SITE": "shop"}, beneath=[shared]).site == "shop"
    for example in (examples[0], *examples[3:]):
        text = example if "collection" in example else f'collection = "things"\n{example}'
        assert parse_mapping(tomllib.loads(text), name="example.toml", text=text).fields
