"""What the mapping file itself says wrong is told once, of the file, and not again in every row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.errors import MappingError
from importer.mapping.nesting import DEEPEST, too_deep

if TYPE_CHECKING:
    from tests.unit.mapping.conftest import Workshop

WRONG: list[tuple[str, str]] = [
    ("on-sale = 5", 'line 4: fields.on-sale: "5" is neither yes nor no'),
    ("price = { value = 'cheap' }", 'line 4: fields.price: "cheap" is no number'),
    ("price = { value = '', default = 'cheap' }", "fields.price.value: is empty"),
    ("price = { from = 'A', default = 'cheap' }", 'line 4: fields.price.default: "cheap" is no number'),
    ("price = { from = 'A', else = { value = 'cheap' } }", 'fields.price.else: "cheap" is no number'),
    ("price = { value = 'cheap', when = { A = 'x' } }", 'fields.price: "cheap" is no number'),
    ("count = 1.5", 'fields.count: "1.5" has decimals'),
    ("size = { value = 'Smal' }", 'fields.size: "Smal" is not among the options of "size": Small, Large.'),
    ("size = { value = 'Smal' }", 'Did you mean "Small"?'),
    ("starts = { value = '31/05/2024' }", 'fields.starts: "31/05/2024"'),
    ("link = { value = 'nowhere' }", 'fields.link: "nowhere" is no address'),
    ("author = { value = 'Adam Nobody' }", 'fields.author: No item of the collection "people" has the name'),
    ("tags = { from = 'A', default = 'Nobody' }", "fields.tags.default: No item of the collection"),
    ("slug = { value = 'No Slug' }", 'fields.slug: "No Slug" is no slug'),
    ("price = { value = 'x', transform = ['number'] }", 'fields.price: The transform "number" can make nothing of "x"'),
    ("[item]\ndraft = { value = 'perhaps' }", 'line 5: item.draft: "perhaps" is neither yes nor no'),
    ("[item]\nlocale = { from = 'A', default = 'xx' }", 'line 5: item.locale.default: "xx" is no locale of the site'),
]


@pytest.mark.parametrize(("rule", "sentence"), WRONG)
def test_a_constant_that_its_field_cannot_hold_is_a_mistake_of_the_mapping(
    workshop: Workshop, rule: str, sentence: str
) -> None:
    """It would reject every row that it reaches, and no row can mend it."""
    with pytest.raises(MappingError) as caught:
        workshop.compiled(f'[fields]\nname = "A"\n{rule}\n', ["A"])
    assert sentence in str(caught.value)


RIGHT = [
    "on-sale = true",
    "price = 5",
    "price = { value = '5,50', transform = ['number'] }",
    "price = { from = 'A', transform = ['number'], default = 12.5 }",
    "price = { value = 5, transform = [{ multiply = 'A' }] }",
    "starts = 2024-05-31",
    "starts = { value = '31/05/2024', format = '%d/%m/%Y' }",
    "starts = { from = 'A', format = '%d/%m/%Y', else = { value = '31/05/2024', format = '%d/%m/%Y' } }",
    "size = { value = 'small' }",
    "author = { value = 'ada' }",
    "author = { value = 'Nobody', missing = 'skip' }",
    "tags = { value = 'Ada;Bob', split = ';' }",
    "gallery = { value = 'https://x.example/a.jpg', alt = 'A' }",
    "html = { value = 'Hello' }",
    "[item]\ndraft = true\narchived = { when = { A = 'x' } }\nlocale = { value = 'fr' }",
]


@pytest.mark.parametrize("rule", RIGHT)
def test_a_constant_that_its_field_can_hold_is_none(workshop: Workshop, rule: str) -> None:
    """Constants go the way of cells: through split, transforms, date forms and the field's type."""
    workshop.compiled(f'[source]\ndecimal = ","\n[fields]\nname = "A"\n{rule}\n', ["A"])


def test_all_wrong_constants_are_told_together_with_everything_else(workshop: Workshop) -> None:
    """Nobody corrects a mapping one mistake at a time."""
    with pytest.raises(MappingError) as caught:
        workshop.compiled('[fields]\nname = "B"\nprice = { value = "x" }\ncount = { value = "y" }\n', ["A"])
    assert [mistake.partition(": ")[0] for mistake in caught.value.mistakes] == ["line 3", "line 4", "line 5"]


DEEP = [
    "[fields]\nname = " + '{ from = "A", else = ' * (DEEPEST + 1) + '"A"' + " }" * (DEEPEST + 1) + "\n",
    '[fields]\nname = "A"\n[where]\nA = ' + "{ not = " * 200 + '"x"' + " }" * 200 + "\n",
    f'[fields]\nname = "A"\n[lookup.s]\nA = {"[" * 100}{"]" * 100}\n',
    f'[fields]\nname = "A"\n[fields.x{".else" * 1200}]\nfrom = "A"\n',
]


@pytest.mark.parametrize("text", DEEP, ids=("else", "not", "lists", "dots"))
def test_what_goes_too_deep_is_a_mistake_with_its_key_path(workshop: Workshop, text: str) -> None:
    """A file that no reader gets to the bottom of is wrong, and is no mistake of ours."""
    with pytest.raises(MappingError, match=r"line \d+: (fields|where|lookup)\.\S+: goes more than 32 levels deep"):
        workshop.read(text)


def test_where_the_reader_of_toml_gives_up_the_brackets_tell_the_line() -> None:
    """`tomllib` goes down level by level; what it said before it fell is lost."""
    text = 'collection = "c"  # [[[\n[fields]\nname = "{{{{"\nmore = ' + "[" * 3000 + "]" * 3000 + "\n"
    assert too_deep("things", text).mistakes == ("line 4: fields.more: goes more than 32 levels deep",)


def test_a_long_chain_of_else_still_compiles(workshop: Workshop) -> None:
    """What is allowed must also work."""
    depth = DEEPEST - 2
    rule = '{ from = "A", else = ' * depth + '"B"' + " }" * depth
    outcome = workshop.run(f"[fields]\nname = {rule}\n", {"A": [None, "x"], "B": ["y", None]})
    assert outcome.values("name") == ["y", "x"]
