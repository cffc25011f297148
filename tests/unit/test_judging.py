"""What is called changed, not comparable, or nobody's business, field by field."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from importer.model import Row, Status
from importer.publishing.judging import Difference, Judge
from importer.publishing.matching import Shown
from importer.publishing.stock import Sight
from importer.schema import CollectionSchema, Field
from importer.schema.content import parts, readable
from importer.state import Standing

KINDS = {
    "name": "PlainText", "body": "RichText", "photo": "Image", "photos": "MultiImage", "film": "VideoLink",
    "since": "DateTime", "price": "Number", "shown": "Switch", "tags": "MultiReference", "extra": "PlainText",
}  # fmt: skip
SCHEMA = CollectionSchema(id="c", fields=tuple(Field(slug=slug, type=kind) for slug, kind in KINDS.items()))
JUDGE = Judge(SCHEMA, frozenset(KINDS) - {"extra"})


def difference(sent: dict[str, Any], now: dict[str, Any], *, known: bool = True) -> Difference:
    """Compare what is there now with what was sent."""
    told = orjson.dumps(parts(sent, SCHEMA)).decode() if known else None
    row = Row("k", "", Status.PUBLISHED, item_id="i", slug="s", readable=readable(sent, SCHEMA))
    shown = Shown(
        "i", "", "s", "n", None, readable(now, SCHEMA), None, "p", is_draft=False, is_archived=False, live=True
    )
    return JUDGE.difference(Standing(row, told, 1, None), Sight(shown, orjson.dumps(parts(now, SCHEMA)).decode(), None))


CDN = {"fileId": "f", "url": "https://cdn.example/f.png", "alt": None}


@pytest.mark.parametrize(
    ("sent", "now"),
    [
        ({"since": "2024-04-14"}, {"since": "2024-04-14T00:00:00.000Z"}),
        ({"price": 5}, {"price": 5.0}),
        ({"shown": False}, {}),
        ({}, {"shown": False, "tags": []}),
        ({"tags": ["b", "a"]}, {"tags": ["a", "b"]}),
        ({"name": " e\u0301\r\n"}, {"name": "\u00e9"}),
        ({"film": "https://v.example/1"}, {"film": {"url": "https://v.example/1", "metadata": {"width": 1}}}),
        ({"body": "<p>x</p>"}, {"body": "<p>x</p>\n"}),
        ({"photo": {"url": "https://a.example/1.png"}}, {"photo": CDN | {"url": "https://a.example/1.png"}}),
    ],
)
def test_what_webflow_writes_otherwise_by_itself_is_no_change(sent: dict[str, Any], now: dict[str, Any]) -> None:
    """Equal, and known to be equal."""
    assert difference(sent, now) == Difference(set(), set(), set())


@pytest.mark.parametrize(
    ("sent", "now"),
    [
        ({"photo": {"url": "https://a.example/1.png"}}, {"photo": CDN}),
        ({"photos": [{"url": "https://a.example/1.png"}] * 2}, {"photos": [CDN, CDN]}),
        ({"body": "<p>x</p>"}, {"body": "<p>y</p>"}),
        ({"film": "https://v.example/1"}, {"film": {"url": "https://w.example/1"}}),
    ],
)
def test_what_does_not_read_back_is_never_called_equal(sent: dict[str, Any], now: dict[str, Any]) -> None:
    """Nor changed: nobody can tell."""
    assert difference(sent, now) == Difference(set(), set(sent), set())


@pytest.mark.parametrize(
    ("sent", "now"),
    [
        ({"photo": {"url": "https://a.example/1.png"}}, {}),
        ({"photos": [{"url": "https://a.example/1.png"}] * 2}, {"photos": [CDN]}),
        ({"body": "<p>x</p>"}, {"body": ""}),
        ({}, {"photo": CDN}),
        ({"price": 0}, {}),
        ({"name": "x"}, {"name": "X"}),
        ({"tags": ["a"]}, {"tags": ["a", "b"]}),
    ],
)
def test_what_is_surely_changed_is_named(sent: dict[str, Any], now: dict[str, Any]) -> None:
    """Also a file that is gone, or one of several."""
    assert difference(sent, now) == Difference({*sent, *now}, set(), set())


def test_a_field_of_nobody_may_be_filled_and_one_of_the_mapping_may_not() -> None:
    """What the mapping fills with nothing is to be empty."""
    assert difference({}, {"extra": "x"}) == Difference(set(), set(), {"extra"})
    assert difference({}, {"name": "x"}) == Difference({"name"}, set(), set())
    assert difference({"extra": "x"}, {"extra": "y"}) == Difference({"extra"}, set(), set())


def test_without_the_fields_as_sent_only_the_whole_is_compared() -> None:
    """As for rows that an earlier importer sent."""
    sent = {"name": "x", "photo": {"url": "https://a.example/1.png"}}
    assert difference(sent, {"name": "x", "photo": CDN}, known=False) == Difference(set(), {"photo"}, set())
    assert difference(sent, {"name": "y", "photo": CDN}, known=False).changed is None
