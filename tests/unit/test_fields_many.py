"""Images, files and references, one and many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from importer.fields import VALUE_TYPES, Context, coerce, reference_table
from importer.model import Cell
from importer.schema import WRITABLE_TYPES, Field

if TYPE_CHECKING:
    from tests.unit.conftest import Coercion

CDN = "https://cdn.example"
BASE = Context(base_url="https://old.example/blog/")
AUTHORS = reference_table(
    "Authors",
    "name",
    [("Ada ", "1"), ("Bob", "2"), ("BOB", "3"), ("Cafe\u0301", "4"), ("café", "4"), ("", "5"), ("Eve; Jr", "6")],
)
PEOPLE = Context(references=AUTHORS)
ITEM = "0123456789abcdef01234567"


@pytest.mark.parametrize("kind", ["Image", "File", "ExtFileRef"])
@pytest.mark.parametrize(
    ("cell", "url"),
    [
        (f"{CDN}/a.jpg", f"{CDN}/a.jpg"),
        (f" {CDN}/my photo[1].jpg?v=1 ", f"{CDN}/my%20photo%5B1%5D.jpg?v=1"),
        (f"{CDN}/image", f"{CDN}/image"),
        ("a.jpg", None),
        ("/a.jpg", None),
        ("cdn.example/a.jpg", None),
        ("data:image/png;base64,AAAA", None),
        ("C:\\photos\\a.jpg", None),
        ("file:///a.jpg", None),
    ],
)
def test_file_is_a_public_address(coerced: Coercion, kind: str, cell: str, url: str | None) -> None:
    """A file is named by an http or https address; blanks and brackets are percent-encoded."""
    (outcome,) = coerced(kind, [cell])
    assert outcome.value == (None if url is None else {"url": url, "alt": None})
    assert outcome.codes == (() if url else ("file_invalid",))


def test_alt_stands_beside_its_image(coerced: Coercion) -> None:
    """The alt text goes along without outer blanks; a blank one is none."""
    outcomes = coerced("Image", [f"{CDN}/a.jpg"] * 3 + [None], alts=[" A cat ", " ", None, "Nothing"])
    assert [one.value and one.value["alt"] for one in outcomes] == ["A cat", None, None, None]


@pytest.mark.parametrize(
    ("cell", "url"),
    [
        ("a.jpg", "https://old.example/blog/a.jpg"),
        ("i/a b.jpg", "https://old.example/blog/i/a%20b.jpg"),
        ("/a.jpg", "https://old.example/a.jpg"),
        ("../a.jpg", "https://old.example/a.jpg"),
        ("//cdn.example/a.jpg", "https://cdn.example/a.jpg"),
        (f"{CDN}/a.jpg", f"{CDN}/a.jpg"),
        ("mailto:a@b.de", None),
    ],
)
def test_relative_files_begin_at_base_url(coerced: Coercion, cell: str, url: str | None) -> None:
    """`base_url` completes the addresses of files, one and many."""
    (one,), (several,) = coerced("Image", [cell], context=BASE), coerced("MultiImage", [cell], context=BASE)
    assert one.value == (None if url is None else {"url": url, "alt": None})
    assert several.value == (None if url is None else [{"url": url, "alt": None}])


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("a.jpg", True),
        ("a.JPEG?x=.pdf", True),
        ("a.png", True),
        ("a", True),
        ("a.php", True),
        ("a.pdf", False),
        ("a.GIF#x", False),
    ],
)
def test_accepted_extensions_are_kept(coerced: Coercion, address: str, good: bool) -> None:
    """A known ending that the field does not take is refused; one that tells nothing is Webflow's to judge."""
    (outcome,) = coerced("Image", [f"{CDN}/v1.pdf/{address}"], limits={"acceptedExtensions": [".JPG", "png"]})
    assert outcome.codes == (() if good else ("file_invalid",))
    assert good or "jpeg, jpg, png" in outcome.messages[0]


def test_images_of_a_cell_are_split_and_each_taken_once(coerced: Coercion) -> None:
    """A cell of many is split at `;` and line breaks, never at commas; empty parts fall away, doubled ones too."""
    cells = [f"{CDN}/a.jpg;; {CDN}/b,c.jpg\r\n{CDN}/a.jpg", " ; \n", None]
    urls = [[pair["url"] for pair in one.value] if one.value else None for one in coerced("MultiImage", cells)]
    assert urls == [[f"{CDN}/a.jpg", f"{CDN}/b,c.jpg"], None, None]


def test_alts_keep_step_with_images(coerced: Coercion) -> None:
    """The second alt text belongs to the second image, although the first image has none; missing ones are none."""
    cells = [f"{CDN}/a.jpg;;{CDN}/b.jpg;{CDN}/c.jpg", f"{CDN}/d.jpg", None]
    outcomes = coerced("MultiImage", cells, alts=[";no;Bee", None, "x"])
    assert [[pair["alt"] for pair in one.value or []] for one in outcomes] == [[None, "Bee", None], [None], []]
    lists = coerced("MultiImage", [[f"{CDN}/a.jpg", f"{CDN}/b.jpg"], []], alts=[["A;1"], None], many=True)
    assert lists[0].value == [{"url": f"{CDN}/a.jpg", "alt": "A;1"}, {"url": f"{CDN}/b.jpg", "alt": None}]
    assert lists[1].value is None


def test_one_bad_image_spoils_the_cell_and_is_named(coerced: Coercion) -> None:
    """Nothing is sent of a cell with a bad part, and the message names only the bad parts."""
    (outcome,) = coerced("MultiImage", [f"{CDN}/a.jpg; x.jpg; y"])
    assert (outcome.value, outcome.codes) == (None, ("file_invalid",))
    assert outcome.messages[0].startswith('"x.jpg; y" is no file')


@pytest.mark.parametrize(
    ("cell", "value", "code"),
    [
        ("ada", "1", None),
        (" ADA ", "1", None),
        ("CAFÉ", "4", None),
        ("bob", None, "reference_ambiguous"),
        ("Adda", None, "reference_unknown"),
        ("1", None, "reference_unknown"),
        ("Eve; Jr", "6", None),
        ("", None, None),
    ],
)
def test_reference_is_found_by_what_its_item_is_called(
    coerced: Coercion, cell: str, value: str | None, code: str | None
) -> None:
    """Names are compared trimmed, NFC and without case; nothing else is tried."""
    (outcome,) = coerced("Reference", [cell], context=PEOPLE)
    assert (outcome.value, outcome.codes) == (value, (code,) if code else ())


def test_nearest_reference_is_suggested(coerced: Coercion) -> None:
    """The message names the collection, and the fix the nearest item."""
    (outcome,) = coerced("Reference", ["Adda"], context=PEOPLE)
    assert outcome.messages == ('No item of the collection "Authors" has the name "Adda".',)
    assert outcome.fixes[0].startswith('Did you mean "Ada"?')


def test_reference_by_id_needs_no_table(coerced: Coercion) -> None:
    """Without a table a cell is an id of 24 hex digits."""
    good, bad = coerced("Reference", [ITEM.upper(), "ada"])
    assert (good.value, bad.codes) == (ITEM, ("reference_unknown",))
    assert coerced("MultiReference", [f"{ITEM};{ITEM}"])[0].value == [ITEM]


@pytest.mark.parametrize(
    ("cell", "value", "codes", "named"),
    [
        ("Ada; café\nADA", ["1", "4"], (), ""),
        ("Ada;;", ["1"], (), ""),
        ("Ada; bob", None, ("reference_ambiguous",), '"bob"'),
        ("Ada; x; y", None, ("reference_unknown",), '"x; y"'),
        ("bob; x", None, ("reference_unknown", "reference_ambiguous"), '"x"'),
        ("Ada, café", None, ("reference_unknown",), '"Ada, café"'),
        (" ; ", None, ("required",), ""),
        (None, None, ("required",), ""),
    ],
)
def test_references_of_a_cell(
    coerced: Coercion, cell: str | None, value: Any, codes: tuple[str, ...], named: str
) -> None:
    """All parts must be found; the unknown and the ambiguous ones are named apart."""
    (outcome,) = coerced("MultiReference", [cell], context=PEOPLE, required=cell is None or not cell.strip(" ;"))
    assert (outcome.value, outcome.codes) == (value, codes)
    assert named in "".join(outcome.messages)


def test_split_cells_are_not_split_again(coerced: Coercion) -> None:
    """Where the rule made the parts, a `;` belongs to a part."""
    outcomes = coerced("MultiReference", [["Eve; Jr", " ", "ada"], [], None, [""]], many=True, context=PEOPLE)
    assert [one.value for one in outcomes] == [["6", "1"], None, None, None]
    required = coerced("MultiReference", [["ada"], [], None, [None, " "]], many=True, required=True, context=PEOPLE)
    assert [one.codes for one in required] == [(), ("required",), ("required",), ("required",)]


def test_field_of_one_takes_the_first_of_many(coerced: Coercion) -> None:
    """Of several parts in a field of one the first counts, with its alt text."""
    assert coerced("Number", [["5", "6"], []], many=True)[0].value == 5.0
    (image,) = coerced("Image", [[f"{CDN}/a.jpg", f"{CDN}/b.jpg"]], many=True, alts=[["A", "B"]])
    assert image.value == {"url": f"{CDN}/a.jpg", "alt": "A"}


def test_every_writable_type_can_be_coerced() -> None:
    """The 17 types of the schema are the types of this room, and a read-only one is refused."""
    assert set(VALUE_TYPES) == WRITABLE_TYPES
    with pytest.raises(KeyError):
        coerce(Field(slug="user", type="User"), Cell(pl.col("cell")), pl.col("out"), Context())
