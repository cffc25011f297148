from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.sandbox.palette import is_color
from importer.sandbox.wording import inspect, moment, slugified, stamp

if TYPE_CHECKING:
    from tests.adapters.conftest import Desk


def post(desk: Desk, **fields: Any) -> dict[str, Any]:
    """Write a blog post with what it must have."""
    author = desk.listed("authors") or desk.made("authors", {"name": "Ada"})
    return {"name": "Post", "body": "<p>Hello</p>", "author": author[0]["id"], **fields}


GOOD: list[tuple[str, Any, Any]] = [
    ("body", "<p>A</p>", "<p>A</p>"),
    ("summary", "short", "short"),
    ("source-link", "https://example.com/a", "https://example.com/a"),
    ("source-link", "mailto:a@example.com", "mailto:a@example.com"),
    ("contact-email", "ada@example.com", "ada@example.com"),
    ("contact-phone", "+49 30 1234", "+49 30 1234"),
    ("reading-minutes", 5, 5),
    ("reading-minutes", 5.0, 5),
    ("rating", 4.5, 4.5),
    ("published-on", "2024-05-31", "2024-05-31T00:00:00.000Z"),
    ("published-on", "2024-05-31T10:00:00+02:00", "2024-05-31T08:00:00.000Z"),
    ("published-on", "2024-05-31T10:00:00.5Z", "2024-05-31T10:00:00.500Z"),
    ("featured", False, False),
    ("accent-color", "#12f", "#12f"),
    ("accent-color", "hsla(120, 50%, 50%, 0.5)", "hsla(120, 50%, 50%, 0.5)"),
    ("tags", [], []),
    ("press-kit", "https://example.com/kit.zip", {"url": "https://example.com/kit.zip"}),
]


@pytest.mark.parametrize(("field", "sent", "read"), GOOD)
def test_good_value_is_kept_in_the_form_that_webflow_reads_back(desk: Desk, field: str, sent: Any, read: Any) -> None:
    """Numbers, dates and texts come back as the field types page says; a date alone is midnight UTC."""
    (item,) = desk.made("blog-posts", post(desk, **{field: sent}))

    assert item["fieldData"][field] == read


BAD: list[tuple[str, Any, str]] = [
    ("name", 5, "Expected value to be a string: 5"),
    ("name", "x" * 257, "Is too long: "),
    ("body", "", "Required field cannot be cleared"),
    ("summary", "Monday:\r\nFever\r\n", "Expected value to be a single line: 'Monday:\\r\\n' + 'Fever\\r\\n'"),
    ("summary", "x" * 201, "Is too long: 'xxx"),
    ("main-image", "images.example/a.jpg", "Expected value to be an image: 'images.example/a.jpg'"),
    ("main-image", "https://images.example/dead.jpg", "Remote file failed to import"),
    ("main-image", {"url": "https://missing.example/a.jpg"}, "Remote file failed to import"),
    ("main-image", "https://images.example/a.html", "Remote image failed to import: Unsupported file type"),
    ("main-image", "https://images.example/too-large.png", "Remote image failed to import: File size limit reached"),
    ("gallery", ["https://images.example/a.jpg", "https://dead.example/b.jpg"], "Remote file failed to import"),
    ("gallery", "https://images.example/a.jpg", "Expected value to be an array: "),
    ("video", "watch this", "Expected value to be a video link: 'watch this'"),
    ("source-link", "example.com", "Expected value to be a link: 'example.com'"),
    ("contact-email", "ada@example", "Expected value to be an email: 'ada@example'"),
    ("contact-phone", "call me", "Expected value to be a phone number: 'call me'"),
    ("reading-minutes", "5", "Expected value to be a number: '5'"),
    ("reading-minutes", True, "Expected value to be a number: true"),
    ("reading-minutes", 5.5, "Expected value to be an integer: 5.5"),
    ("reading-minutes", 0, "Is less than the minimum 1: 0"),
    ("reading-minutes", -3, "Expected value not to be negative: -3"),
    ("rating", 5.5, "Is more than the maximum 5: 5.5"),
    ("rating", 1.25, "Expected value to have at most 1 decimals: 1.25"),
    ("published-on", "31.05.2024", "Expected value to be an ISO 8601 date: '31.05.2024'"),
    ("published-on", "2024-05-31T10:00:00", "Expected value to be an ISO 8601 date: "),
    ("published-on", "2024-02-30", "Expected value to be an ISO 8601 date: "),
    ("featured", "yes", "Expected value to be a boolean: 'yes'"),
    ("accent-color", "reddish", "Expected value to be a color: 'reddish'"),
    ("category", "Engineering", "Expected value to be one of the options: 'Engineering'"),
    ("author", None, "Expected value to be an ItemRef: 'null'"),
    ("author", "6123456789abcdef01234567", "Referenced item not found: '6123456789abcdef01234567'"),
    ("author", 5, "Expected value to be an ItemRef: 5"),
    ("tags", ["nobody"], "Referenced item not found: 'nobody'"),
    ("tags", "nobody", "Expected value to be an array of ItemRefs: 'nobody'"),
    ("attachment", {"alt": "no address"}, "Expected value to be a file: { alt: 'no address' }"),
    ("attachment", "https://files.example/too-large.pdf", "Remote file failed to import: File size limit reached"),
    ("press-kit", 1, "Expected value to be a file: 1"),
    ("slug", "é", "Must be alphanumerical and not contain any spaces or special characters: 'é'"),
    ("slug", "post\n", "Must be alphanumerical and not contain any spaces or special characters: 'post\\n'"),
    ("contact-email", "ada@example.com\n", "Expected value to be an email: 'ada@example.com\\n'"),
    ("source-link", "https://example.com/a\n", "Expected value to be a link: 'https://example.com/a\\n'"),
    ("accent-color", "#ff8800\n", "Expected value to be a color: '#ff8800\\n'"),
    (
        "main-image",
        "https://images.example/a.jpg\n",
        "Expected value to be an image: 'https://images.example/a.jpg\\n'",
    ),
    ("slug", "-first", "Must be alphanumerical and not contain any spaces or special characters: '-first'"),
    ("slug", "x" * 257, "Is too long: "),
    ("slug", 5, "Expected value to be a string: 5"),
    ("nonsense", "x", "Field not described in schema: undefined"),
]


@pytest.mark.parametrize(("field", "sent", "description"), BAD)
def test_bad_value_is_refused_in_the_words_that_webflow_uses(
    desk: Desk, field: str, sent: Any, description: str
) -> None:
    """A detail names the field and quotes the value as Node's util.inspect does."""
    answer = desk.create("blog-posts", post(desk, **{field: sent}))

    assert answer.status_code == 400
    (detail,) = answer.json()["details"]
    assert detail["param"] == field
    assert detail["description"].startswith(description)


def test_details_come_once_for_each_field_over_all_bad_rows(desk: Desk) -> None:
    """A refused chunk names fields, never rows."""
    answer = desk.create("tags", {"name": "a", "color": "x"}, {"name": "b", "color": "y", "description": 1})

    body = answer.json()
    assert (body["message"], body["code"], body["externalReference"]) == ("Validation Error", "validation_error", None)
    assert sorted(one["param"] for one in body["details"]) == ["color", "description"]


def test_file_is_dropped_silently_unless_files_are_checked_strictly(desk: Desk) -> None:
    """`skipInvalidFiles` is true where nothing is said: the item is made without the file."""
    bad = {"url": "https://images.example/dead.jpg", "alt": "x"}
    item = {"fieldData": post(desk, **{"main-image": bad, "gallery": [bad, "https://images.example/a.jpg"]})}

    answer = desk.ask("POST", desk.items("blog-posts", "live"), item)

    assert answer.status_code == 202
    fields = answer.json()["fieldData"]
    assert "main-image" not in fields
    assert len(fields["gallery"]) == 1


def test_files_and_videos_read_back_as_objects(desk: Desk) -> None:
    """What was written as an address cannot be compared with what is read."""
    (option,) = [
        one["validations"]["options"][1]["id"]
        for one in desk.ask("GET", f"collections/{desk.collections['blog-posts']}").json()["fields"]
        if one["slug"] == "category"
    ]
    image = {"url": "https://images.example/a.jpg", "alt": "A"}
    (item,) = desk.made(
        "blog-posts", post(desk, **{"main-image": image, "video": "https://youtu.be/1", "category": option})
    )

    fields = item["fieldData"]
    assert fields["main-image"]["alt"] == "A"
    assert fields["main-image"]["url"].startswith("https://cdn.")
    assert len(fields["main-image"]["fileId"]) == 24
    assert fields["video"]["url"] == "https://youtu.be/1"
    assert fields["category"] == option
    kept = post(desk, name="Kept", **{"main-image": fields["main-image"]})
    assert desk.made("blog-posts", kept)[0]["fieldData"]["main-image"] == fields["main-image"]


def test_unset_fields_are_absent_and_the_slug_is_made(desk: Desk) -> None:
    """Recorded: fields without a value do not come back as null; a taken slug gets five hex digits."""
    first, second = desk.made("tags", {"name": "Ünder wegs!", "description": None}, {"name": "under wegs"})

    assert first["fieldData"] == {"name": "Ünder wegs!", "slug": "under-wegs"}
    assert second["fieldData"]["slug"].startswith("under-wegs-")
    assert len(second["fieldData"]["slug"]) == len("under-wegs-") + 5


def test_required_field_must_be_there(desk: Desk) -> None:
    """A post without body and author names both."""
    details = desk.create("blog-posts", {"name": "x"}).json()["details"]

    assert [one["param"] for one in details] == ["body", "author"]


def test_live_item_may_not_point_to_a_draft(desk: Desk) -> None:
    """Parents first, live; a draft may point to a draft."""
    (draft,) = desk.made("authors", {"name": "Draft"}, live=False, isDraft=True)
    fields = {"name": "Post", "body": "<p></p>", "author": draft["id"]}

    assert desk.create("blog-posts", fields).json()["details"][0]["description"].startswith("Referenced item not found")
    assert desk.create("blog-posts", fields, live=False, isDraft=True).status_code == 202


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("it's", '"it\'s"'),
        ('it\'s "so"', '`it\'s "so"`'),
        ("a\tb\\", "'a\\tb\\\\'"),
        ("\x00\x1b", "'\\x00\\x1B'"),
        (None, "null"),
        (5.0, "5"),
        ([1, "a"], "[ 1, 'a' ]"),
        ([], "[]"),
        ({}, "{}"),
        ({"a-b": False, "c": None}, "{ 'a-b': false, c: null }"),
        ("", "''"),
    ],
)
def test_values_are_shown_as_node_shows_them(value: Any, shown: str) -> None:
    """Error texts quote values with util.inspect."""
    assert inspect(value) == shown


@given(st.text())
def test_inspected_text_is_one_line_of_quoted_parts(text: str) -> None:
    """However odd the text, what is shown can stand in one line."""
    assert "\n" not in inspect(text)
    assert inspect(text)[0] in "'\"`"


@given(st.integers(min_value=0, max_value=4_000_000_000_000))
def test_stamps_read_back_as_the_moment_they_name(milliseconds: int) -> None:
    """A stamp loses nothing."""
    assert moment(stamp(milliseconds) or "") == milliseconds


@given(st.text(max_size=300))
def test_made_slug_is_always_a_slug(text: str) -> None:
    """Whatever the name is, the slug is legal and not empty."""
    made = slugified(text)
    assert made.isascii()
    assert 0 < len(made) <= 250
    assert not set(made) - set("abcdefghijklmnopqrstuvwxyz0123456789_-")


@pytest.mark.parametrize(
    "text",
    ["#FFF", "#ffff", "#a1b2c3", "#a1b2c3d4", "rgb(1,2,3)", "rgba(1,2,3,.5)", "hsl(9,9%,9%)", "Red", "transparent"],
)
def test_documented_colors_are_colors(text: str) -> None:
    """Every form of the field types page."""
    assert is_color(text)


@pytest.mark.parametrize("text", ["", "#12", "#12345", "rgb()", "red;x", "url(x)", "#ggg", "hsl(1,2)"])
def test_other_texts_are_no_colors(text: str) -> None:
    """A colour is written into a style attribute of the page, so nothing else may pass."""
    assert not is_color(text)
