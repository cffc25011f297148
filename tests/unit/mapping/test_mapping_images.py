"""Images and their alt texts: which text goes with which picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.mapping.conftest import Workshop

Cells = dict[str, list[str | None]]


def test_images_keep_step_with_their_alt_texts(workshop: Workshop) -> None:
    """A doubled or empty image takes its alt text with it; the others keep theirs."""
    url = "https://x.example/"
    cells: Cells = {
        "A": [f"{url}1.jpg; {url}2.jpg; {url}1.jpg", f"{url}5.jpg", None],
        "B": [f"{url}3.jpg", None, f"{url}4.jpg"],
        "C": ["one; two; again", "with; sign", "none"],
        "D": ["three", None, "four"],
    }
    found = workshop.field("gallery", '{ from = ["A", "B"], alt = ["C", "D"] }', {"Name": ["n"] * 3, **cells})
    assert [[(image["url"][-5], image["alt"]) for image in images] for images in found] == [
        [("1", "one"), ("2", "two"), ("3", "three")],
        [("5", "with; sign")],
        [("4", "four")],
    ]


@pytest.mark.parametrize("between", [";", "\n", "\r\n", " ; ", ";\n", ";\r\n"])
def test_a_gap_among_images_or_alt_texts_keeps_its_place(workshop: Workshop, between: str) -> None:
    """What stands between two separators is a part without a word, and no alt text moves to another image."""
    url = "https://x.example/"
    images = [f"{url}{number}.jpg" for number in (1, 2, 3)]
    cells: Cells = {
        "A": [between.join(images), between.join([images[0], "", images[2]])],
        "B": [between.join(["one", "", "three"]), between.join(["one", "two", "three"])],
    }
    found = workshop.field("gallery", '{ from = "A", alt = "B" }', {"Name": ["n"] * 2, **cells})
    assert [[(image["url"][-5], image["alt"]) for image in images] for images in found] == [
        [("1", "one"), ("2", None), ("3", "three")],
        [("1", "one"), ("3", "three")],
    ]


def test_an_alt_text_that_is_no_column_goes_to_every_image(workshop: Workshop) -> None:
    """A template as alt stands for the whole row."""
    url = "https://x.example/"
    cells: Cells = {"A": [f"{url}1.jpg\n{url}2.jpg"], "B": ["Lamp"]}
    found = workshop.field("gallery", '{ from = "A", alt = { template = "{B} in use" } }', cells)
    assert [image["alt"] for image in found[0]] == ["Lamp in use", "Lamp in use"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ('{ template = "https://x.example/{A}.jpg", alt = "B" }', [["Lamp"], ["Sun"]]),
        ('{ template = "https://x.example/{A}.jpg", alt = { template = "{B}!" } }', [["Lamp!"], ["Sun!"]]),
        ('{ template = "https://x.example/{A}.jpg;https://x.example/z", alt = "C" }', [["one", "two"], ["1st", None]]),
        ('{ value = "https://x.example/1.jpg", alt = "B" }', [["Lamp"], ["Sun"]]),
    ],
)  # fmt: skip
def test_images_of_templates_and_constants_have_alt_texts_too(
    workshop: Workshop, rule: str, expected: list[list[str | None]]
) -> None:
    """Wherever an address comes from, its alt text goes with it: one for one, or part by part."""
    cells: Cells = {"Name": ["n"] * 2, "A": ["1", "2"], "B": ["Lamp", "Sun"], "C": ["one; two", "1st"]}
    found = workshop.field("gallery", rule, cells)
    assert [[image["alt"] for image in images] for images in found] == expected
    if "/z" not in rule:
        assert [image["alt"] for image in workshop.field("photo", rule, cells)] == [one for (one,) in expected]


def test_an_alt_text_that_is_no_column_goes_to_every_address_that_is_found(workshop: Workshop) -> None:
    """`urls` and `extract_all` find the parts themselves; a text for the whole row still goes to each of them."""
    cells: Cells = {
        "A": ["a.jpg (https://x.example/1.jpg), b.jpg (https://x.example/2.jpg)", None, "see https://x.example/3.jpg"],
        "B": ["Lamp", "Sun", None],
    }
    found = workshop.field(
        "gallery", '{ from = "A", transform = ["urls"], alt = { template = "In use[: {B}]" } }', cells
    )
    assert [None if images is None else [(image["url"][-5], image["alt"]) for image in images] for images in found] == [
        [("1", "In use: Lamp"), ("2", "In use: Lamp")],
        None,
        [("3", "In use")],
    ]


def test_every_address_of_a_text_becomes_an_image(workshop: Workshop) -> None:
    """`urls` looks at the whole cell: nothing is split before it, and an address may hold a `;`."""
    cells: Cells = {"A": ["see https://x.example/1.jpg?a;b and\nhttps://x.example/2.jpg."]}
    found = workshop.field("gallery", '{ from = "A", transform = ["urls"] }', cells)
    assert [image["url"] for image in found[0]] == ["https://x.example/1.jpg?a;b", "https://x.example/2.jpg"]
