"""The calls as they are written, and the answers as they are read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.client import (
    ApiError,
    Call,
    Detail,
    UnreadableAnswer,
    endpoints,
    read_collections,
    read_created,
    read_introspection,
    read_page,
    read_published,
    read_site,
    read_sites,
)
from importer.client.wire import UNREADABLE, read_error, read_json
from importer.errors.api import RefusalKind

if TYPE_CHECKING:
    from collections.abc import Callable

BODIES = [b'{"fieldData":{"name":"A"}}', b'{"fieldData":{"name":"B"}}']

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["items", "id", "fieldData", "slug", "pagination", "total", "code", "message", "details"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("call", "written"),
    [
        (endpoints.introspect(), "GET /token/introspect"),
        (endpoints.sites(), "GET /sites"),
        (endpoints.site("s"), "GET /sites/s"),
        (endpoints.collections("s"), "GET /sites/s/collections"),
        (endpoints.collection("c"), "GET /collections/c"),
        (endpoints.collection("../sites?x=1"), "GET /collections/..%2Fsites%3Fx%3D1"),
        (endpoints.items_page("c", live=True), "GET /collections/c/items/live"),
        (endpoints.items_page("c", live=False), "GET /collections/c/items"),
        (endpoints.publish_items("c", ["i"]), "POST /collections/c/items/publish"),
        (endpoints.unpublish_items("c", ["i"]), "DELETE /collections/c/items/live"),
        (endpoints.delete_items("c", ["i"]), "DELETE /collections/c/items"),
        (endpoints.update_items("c", BODIES), "PATCH /collections/c/items"),
        (endpoints.create_collection("s", name="A", singular="B"), "POST /sites/s/collections"),
        (endpoints.delete_collection("../sites/s"), "DELETE /collections/..%2Fsites%2Fs"),
        (endpoints.items_asked("c", [("name", "a")], live=True), "GET /collections/c/items/live"),
    ],
)
def test_calls_go_where_the_description_says(call: Call, written: str) -> None:
    """Paths are those of the official description; ids cannot leave their place in the path."""
    assert str(call) == written


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("skip", [True, False])
def test_bytes_are_joined_and_the_switch_is_explicit(live: bool, skip: bool) -> None:
    """What was hashed is what is sent; `skipInvalidFiles` is never left to Webflow's default."""
    call = endpoints.create_items("c", BODIES, live=live, skip_invalid_files=skip)
    assert call.body == b'{"items":[' + BODIES[0] + b"," + BODIES[1] + b"]}"
    assert call.params == (("skipInvalidFiles", "true" if skip else "false"),)
    assert call.path == ("/collections/c/items/live" if live else "/collections/c/items")
    assert call.timeout == 180


def test_listing_asks_for_what_is_named() -> None:
    """Filters that are not named are not sent."""
    assert endpoints.items_page("c", live=True, offset=200).params == (("limit", "100"), ("offset", "200"))
    full = endpoints.items_page("c", live=True, limit=1, newest_first=True, slug="a&b", name="", locale="l1,l2")
    assert dict(full.params) == {
        "limit": "1",
        "offset": "0",
        "sortBy": "createdOn",
        "sortOrder": "desc",
        "slug": "a&b",
        "name": "",
        "cmsLocaleId": "l1,l2",
    }


def test_items_are_named_by_id_and_locale() -> None:
    """Publishing takes ids, or items with their locales; the other two take items."""
    assert orjson.loads(endpoints.publish_items("c", ["a", "b"]).body or b"") == {"itemIds": ["a", "b"]}
    localised = {"items": [{"id": "a", "cmsLocaleIds": ["l"]}]}
    assert orjson.loads(endpoints.publish_items("c", ["a"], locale="l").body or b"") == localised
    assert orjson.loads(endpoints.unpublish_items("c", ["a"], locale="l").body or b"") == localised
    assert orjson.loads(endpoints.delete_items("c", ["a"]).body or b"") == {"items": [{"id": "a"}]}


RECORDED = {
    "id": "656f505bd83bd52fe7d56688",
    "cmsLocaleId": "655276ef2d7dfc2d8eef35a0",
    "lastPublished": None,
    "lastUpdated": "2023-12-05T16:31:23.936Z",
    "createdOn": "2023-12-05T16:31:23.936Z",
    "isArchived": False,
    "isDraft": True,
    "fieldData": {"name": "Test", "slug": "test-d2192"},
}


@pytest.mark.parametrize("body", [{"items": [RECORDED]}, [RECORDED], RECORDED, {"items": RECORDED}])
def test_answers_to_creates_are_read_in_every_shape(body: Any) -> None:
    """A list under `items`, a bare list and a single item are all the same answer."""
    (item,) = read_created(body) or []
    assert (item.id, item.slug, item.name, item.is_draft) == (RECORDED["id"], "test-d2192", "Test", True)
    assert item.created_on == datetime(2023, 12, 5, 16, 31, 23, 936000, tzinfo=UTC)
    assert item.last_published is None
    assert item.locale == "655276ef2d7dfc2d8eef35a0"


@pytest.mark.parametrize("body", [None, "ok", 5, {"ok": True}, [1], {"items": [{"id": ""}]}, {"items": None}])
def test_answer_that_cannot_be_read_leaves_doubt(body: Any) -> None:
    """No item is made up: None says that the rows are in doubt."""
    assert read_created(body) is None


def test_empty_answer_is_read() -> None:
    """No items in an answer is not the same as an unreadable one."""
    assert read_created({"items": []}) == []


@given(JSON)
def test_any_answer_is_read_or_refused(body: Any) -> None:
    """Whatever JSON comes, readers give a value or raise `UnreadableAnswer`."""
    read_created(body)
    read_error(400, body)
    readers: tuple[Callable[[Any], Any], ...] = (
        read_page,
        read_published,
        read_sites,
        read_site,
        read_collections,
        read_introspection,
    )
    for read in readers:
        try:
            read(body)
        except UnreadableAnswer as error:
            assert "Webflow answered" in error.message  # noqa: PT017 - raising is one of two right ends


@given(st.binary(max_size=40))
def test_any_bytes_can_come_as_a_body(content: bytes) -> None:
    """Bytes that are no JSON are told apart from JSON null."""
    body = read_json(content)
    assert body is UNREADABLE or content.strip()


@given(created=st.none() | st.text() | st.integers(), archived=st.none() | st.text() | st.booleans())
def test_odd_times_and_flags_do_not_hide_an_item(created: Any, archived: Any) -> None:
    """An item whose `createdOn` cannot be read is still there."""
    (item,) = read_created([RECORDED | {"createdOn": created, "isArchived": archived}]) or []
    assert item.id == RECORDED["id"]
    assert item.created_on is None or item.created_on.tzinfo is UTC
    assert item.is_archived is (archived is True)


def test_a_time_beyond_the_calendar_is_none() -> None:
    """An instant before the year 1 of UTC can be written, and stands for no time."""
    (item,) = read_created([RECORDED | {"createdOn": "0001-01-01T00:00:00+05:00"}]) or []
    assert item.created_on is None


def test_what_is_no_item_is_named() -> None:
    """A page with something else among its items is not read in part."""
    total = {"pagination": {"limit": 100, "offset": 0, "total": 2}}
    with pytest.raises(UnreadableAnswer, match="a page of items: an item has no id"):
        read_page({"items": [RECORDED, {"id": None}], **total})
    with pytest.raises(UnreadableAnswer, match=f"the item {RECORDED['id']} has a fieldData that is no object"):
        read_page({"items": [RECORDED | {"fieldData": []}], **total})


def test_page_needs_its_total() -> None:
    """Without a total nobody can say when a listing is complete."""
    page = read_page({"items": [RECORDED], "pagination": {"limit": 100, "offset": 0, "total": 7}})
    assert (len(page.items), page.total, page.offset) == (1, 7, 0)
    with pytest.raises(UnreadableAnswer, match=r"pagination\.total"):
        read_page({"items": [RECORDED], "pagination": {"limit": 100, "offset": 0}})


def test_publishing_can_be_partial() -> None:
    """Ids that were published, and sentences about the others."""
    body = {"publishedItemIds": ["a"], "errors": ["Staging item ID b not found."]}
    assert read_published(body) == (("a",), ("Staging item ID b not found.",))
    with pytest.raises(UnreadableAnswer):
        read_published({})


def test_sites_collections_and_tokens() -> None:
    """The answers that find the way to a collection."""
    assert read_sites({"sites": [{"id": "s", "displayName": "Site"}]})[0].display_name == "Site"
    site = read_site({"id": "s", "locales": {"primary": {"id": "x", "cmsLocaleId": "l", "tag": "en"}}})
    assert site.locales is not None
    assert site.locales.all[0].cms_locale_id == "l"
    assert read_collections({"collections": [{"id": "c", "slug": "posts"}]})[0].slug == "posts"
    token = read_introspection(
        {
            "authorization": {
                "scope": "cms:read,cms:write sites:read",
                "rateLimit": 120,
                "authorizedTo": {"siteIds": ["s"]},
            }
        }
    )
    assert token.scopes == {"cms:read", "cms:write", "sites:read"}
    assert (token.rate_limit, token.site_ids) == (120, ("s",))


@pytest.mark.parametrize(
    ("entry", "detail"),
    [
        ({"param": "slug", "description": "Is too long: 'a'"}, Detail("slug", "Is too long: 'a'")),
        ({"field": "email", "message": "Invalid"}, Detail("email", "Invalid")),
        ("Invalid", Detail(None, "Invalid")),
        ({"param": 4, "other": 1}, Detail(None, '{"param":4,"other":1}')),
        (7, Detail(None, "7")),
    ],
)
def test_details_are_read_in_every_shape(entry: Any, detail: Detail) -> None:
    """The description says one shape, Webflow sends another, and a string is possible."""
    error = read_error(400, {"message": "m", "code": "validation_error", "details": [entry]})
    assert error == ApiError(400, "validation_error", "m", (detail,))


@pytest.mark.parametrize("body", [None, [], "x", {"message": "gateway"}, {"code": "x"}, {"message": 5, "code": "x"}])
def test_only_webflows_envelope_is_an_error_of_webflow(body: Any) -> None:
    """A gateway's own JSON says nothing about what Webflow did."""
    assert read_error(500, body) is None


def test_error_knows_what_it_is_about() -> None:
    """An error gives its kind, its words, and whether it names anything."""
    words = "Unique value is already in database: 'a'"
    taken = ApiError(400, "validation_error", "Validation Error", (Detail("slug", words),))
    assert taken.kind() is RefusalKind.SLUG_TAKEN
    assert taken.rule().problem == "slug_taken"
    assert taken.said == "Validation Error - slug: Unique value is already in database: 'a'"
    assert not taken.anonymous
    assert ApiError(400, "bad_request", "No more items", ()).anonymous
