from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.conftest import Desk

    Opened = Callable[..., Desk]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"fieldData": {"slug": "x", "nonsense": 1}}, "Value (fieldData) should have required property 'name'"),
        ({"items": [{"fieldData": {}}]}, "Value (fieldData) should have required property 'name'"),
        ({}, "Value should have required property 'fieldData'"),
        ({"fieldData": []}, "Value (fieldData) should be object"),
        ({"items": []}, "Value (items) should NOT have fewer than 1 items"),
        ({"items": {}}, "Value (items) should be array"),
        ({"items": ["x"]}, "Value (items) should be object"),
        ({"items": [{"fieldData": {"name": "x"}}] * 101}, "Value (items) should NOT have more than 100 items"),
        ({"fieldData": {"name": "x"}, "isDraft": "no"}, "Value (isDraft) should be boolean"),
        ({"fieldData": {"name": "x"}, "cmsLocaleId": 5}, "Value (cmsLocaleId) should be string"),
        (
            {"fieldData": {"name": "x"}, "cmsLocaleId": "zz"},
            "Value (cmsLocaleId) should be one of the site's locales: zz",
        ),
        ([], "Value should be object"),
    ],
)
def test_first_stage_puts_the_reason_into_the_message_and_hides_the_fields(
    desk: Desk, content: Any, reason: str
) -> None:
    """Recorded for the missing name: details are empty, and the unknown field beside it is not reported."""
    answer = desk.ask("POST", desk.items("tags", "live"), content)

    assert answer.status_code == 400
    body = answer.json()
    assert body["message"] == f'Validation Error: ["{reason}"]'
    assert (body["code"], body["details"], body["externalReference"]) == ("validation_error", [], None)


def test_hundred_items_go_in_one_request(desk: Desk) -> None:
    """The limit is one hundred, and one hundred it is."""
    assert len(desk.made("tags", *({"name": f"T{number}"} for number in range(100)))) == 100


def test_item_has_the_recorded_shape(desk: Desk) -> None:
    """Keys, ids of 24 hex digits, stamps with milliseconds and Z."""
    staged = desk.ask("POST", desk.items("tags"), {"fieldData": {"name": "A"}})
    assert staged.status_code == 202
    item = staged.json()
    assert list(item) == [
        "id", "cmsLocaleId", "lastPublished", "lastUpdated", "createdOn", "isArchived", "isDraft", "fieldData",
    ]  # fmt: skip
    assert len(item["id"]) == len(item["cmsLocaleId"]) == 24
    assert (item["lastPublished"], item["createdOn"]) == (None, "2024-05-31T12:00:00.000Z")
    (live,) = desk.made("tags", {"name": "B"})
    assert live["lastPublished"] == live["createdOn"] == live["lastUpdated"]


def test_drafts_and_archived_items_do_not_go_live_though_sent_to_the_live_endpoint(desk: Desk) -> None:
    """They stay staged."""
    desk.made("tags", {"name": "A"}, isDraft=True)
    desk.made("tags", {"name": "B"}, isArchived=True)

    assert [(one["isDraft"], one["isArchived"], one["lastPublished"]) for one in desk.listed("tags")] == [
        (False, True, None),
        (True, False, None),
    ]
    assert desk.listed("tags", live=True) == []


def test_update_keeps_what_is_not_sent_and_clears_null(desk: Desk) -> None:
    """Live updates change the staged version too; staged ones leave the live version alone."""
    (item,) = desk.made("tags", {"name": "A", "slug": "a", "color": "red", "description": "x"})
    desk.time += 60
    change = {"items": [{"id": item["id"], "fieldData": {"name": "B", "color": None}}]}

    answer = desk.ask("PATCH", desk.items("tags", "live"), change)
    assert answer.status_code == 200
    assert answer.json()["pagination"] == {"limit": 100, "offset": 0, "total": 1}
    assert answer.json()["items"][0]["fieldData"] == {"name": "B", "slug": "a", "description": "x"}
    assert answer.json()["items"][0]["lastUpdated"] == "2024-05-31T12:01:00.000Z"

    one = desk.ask("PATCH", desk.items("tags", item["id"]), {"fieldData": {"name": "C", "slug": "c"}})
    assert one.json()["fieldData"]["name"] == "C"
    assert desk.slugs("tags") == ["c"]
    assert desk.slugs("tags", live=True) == desk.slugs("tags", live=True, slug="a") == ["a"]
    assert desk.ask("GET", desk.items("tags", item["id"], "live")).json()["fieldData"]["name"] == "B"
    live = desk.ask("PATCH", desk.items("tags", item["id"], "live"), {"fieldData": {"description": "y"}})
    assert live.json()["fieldData"] == {"name": "B", "slug": "a", "description": "y"}


def test_required_field_cannot_be_cleared(desk: Desk) -> None:
    """Each in its own words."""
    (item,) = desk.made("tags", {"name": "A"})
    answer = desk.ask("PATCH", desk.items("tags", item["id"]), {"fieldData": {"name": "", "slug": ""}})

    assert answer.json()["details"] == [
        {"param": "name", "description": "Required field cannot be cleared"},
        {"param": "slug", "description": "Required field cannot be cleared"},
    ]


def test_items_of_one_update_may_not_end_with_one_slug(desk: Desk) -> None:
    """A slug that one item gives up in a request is free for the next."""
    first, second = desk.made("tags", {"name": "A", "slug": "a"}, {"name": "B", "slug": "b"})

    def change(*slugs: str) -> int:
        items = [
            {"id": one["id"], "fieldData": {"slug": slug}} for one, slug in zip((first, second), slugs, strict=True)
        ]
        return desk.ask("PATCH", desk.items("tags"), {"items": items}).status_code

    assert change("c", "c") == 400
    assert change("b", "a") == 400
    assert change("z", "a") == 200


def test_live_update_of_an_item_never_published_is_a_conflict(desk: Desk) -> None:
    """Recorded body."""
    (item,) = desk.made("tags", {"name": "A"}, live=False)
    answer = desk.ask("PATCH", desk.items("tags", item["id"], "live"), {"fieldData": {"name": "B"}})

    assert answer.status_code == 409
    assert answer.json() == {
        "message": "Conflict: Conflict with server data: Live PATCH updates can't be applied to items that have never"
        " been published",
        "code": "conflict",
        "externalReference": None,
        "details": [],
    }


@pytest.mark.parametrize(
    ("method", "rest", "content"),
    [
        ("GET", ["nobody"], None),
        ("GET", ["nobody", "live"], None),
        ("PATCH", ["nobody"], {"fieldData": {}}),
        ("PATCH", ["live"], {"items": [{"id": "nobody", "fieldData": {}}]}),
        ("DELETE", ["nobody"], None),
        ("DELETE", ["live"], {"items": [{"id": "nobody"}]}),
        ("DELETE", [], {"items": [{"id": "nobody"}]}),
        ("GET", ["a", "b", "c"], None),
    ],
)
def test_what_is_not_there_is_a_404_in_the_recorded_words(
    desk: Desk, method: str, rest: list[str], content: Any
) -> None:
    """`resource_not_found`, never `item_not_found`."""
    answer = desk.ask(method, desk.items("tags", *rest), content)

    assert answer.status_code == 404
    assert answer.json()["message"] == "Requested resource not found"
    assert answer.json()["code"] == "resource_not_found"


def test_unpublished_item_stays_as_a_draft_and_can_be_published_again(desk: Desk) -> None:
    """Unpublishing twice is no mistake; publishing says in its 202 what it could not do."""
    first, second = desk.made("tags", {"name": "A", "slug": "a"}, {"name": "B", "slug": "b"})
    content = {"items": [{"id": first["id"]}]}
    assert [desk.ask("DELETE", desk.items("tags", "live"), content).status_code for _ in "ab"] == [204, 204]
    assert desk.ask("DELETE", desk.items("tags", second["id"], "live")).status_code == 204
    assert desk.listed("tags", live=True) == []
    assert [(one["isDraft"], one["lastPublished"]) for one in desk.listed("tags")] == [(True, None), (True, None)]

    answer = desk.ask("POST", desk.items("tags", "publish"), {"itemIds": [first["id"], "nobody"]})
    assert answer.status_code == 202
    assert answer.json() == {"publishedItemIds": [first["id"]], "errors": ["Staging item ID nobody not found."]}
    named = {"items": [{"id": second["id"], "cmsLocaleIds": [second["cmsLocaleId"]]}]}
    assert desk.ask("POST", desk.items("tags", "publish"), named).json()["publishedItemIds"] == [second["id"]]
    assert [(one["isDraft"], one["lastPublished"] is None) for one in desk.listed("tags", live=True)] == [
        (False, False)
    ] * 2


def test_items_that_cannot_go_live_are_named_when_publishing(desk: Desk) -> None:
    """Archived ones, and those that point to something that is not live."""
    (author,) = desk.made("authors", {"name": "A"}, live=False, isDraft=True)
    fields = {"name": "P", "body": "x", "author": author["id"]}
    (item,) = desk.made("blog-posts", fields, live=False, isDraft=True)
    (archived,) = desk.made("authors", {"name": "B"}, isArchived=True)

    posts = desk.ask("POST", desk.items("blog-posts", "publish"), {"itemIds": [item["id"]]}).json()
    authors = desk.ask("POST", desk.items("authors", "publish"), {"itemIds": [archived["id"]]}).json()

    assert posts["errors"] == [f"Staging item ID {item['id']} references items that are not published."]
    assert authors["errors"] == [f"Staging item ID {archived['id']} is archived."]


def test_item_in_use_cannot_be_deleted(desk: Desk) -> None:
    """Unless the one that uses it goes first."""
    (author,) = desk.made("authors", {"name": "A"})
    (item,) = desk.made("blog-posts", {"name": "My post", "body": "x", "author": author["id"]})
    content = {"items": [{"id": author["id"]}]}

    answer = desk.ask("DELETE", desk.items("authors"), content)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert answer.json()["message"] == "Conflict: This item is still being used by: My post"
    assert desk.ask("DELETE", desk.items("blog-posts", item["id"])).status_code == 204
    assert desk.ask("DELETE", desk.items("authors"), content).status_code == 204
    assert desk.listed("authors") == []


def test_publishing_the_site_takes_archived_items_off_once_a_minute(desk: Desk) -> None:
    """What waits goes live; a second publish within the minute is a 429."""
    (item,) = desk.made("tags", {"name": "A", "slug": "a"})
    desk.made("tags", {"name": "B", "slug": "b"}, live=False)
    desk.ask("PATCH", desk.items("tags", item["id"]), {"isArchived": True})

    assert desk.ask("POST", f"sites/{desk.site}/publish", {}).status_code == 202
    assert desk.slugs("tags", live=True) == ["b"]
    assert desk.ask("POST", f"sites/{desk.site}/publish", {}).status_code == 429
    desk.time += 60
    assert desk.ask("POST", f"sites/{desk.site}/publish", {}).status_code == 202


def test_listing_pages_through_everything_newest_first(desk: Desk) -> None:
    """`total` counts all that match, the default limit is 100."""
    for number in range(3):
        desk.made("tags", *({"name": f"T{number}-{one}"} for one in range(40)))
        desk.time += 1
    answer = desk.ask("GET", desk.items("tags"))

    assert answer.json()["pagination"] == {"limit": 100, "offset": 0, "total": 120}
    ids = [one["id"] for start in (0, 50, 100) for one in desk.listed("tags", limit=50, offset=start)]
    assert len(set(ids)) == 120
    stamps = [one["createdOn"] for one in answer.json()["items"]]
    assert stamps == sorted(stamps, reverse=True)


def test_listing_filters_and_sorts(desk: Desk) -> None:
    """Exact name and slug, times from and to, the locale, and five orders."""
    french = desk.ask("GET", f"sites/{desk.site}").json()["locales"]["secondary"][0]["cmsLocaleId"]
    for number, name in enumerate(("Bee", "Ant", "Cat")):
        desk.time += 1
        desk.made("tags", {"name": name, "slug": name.lower()})
        assert number < 3
    desk.made("tags", {"name": "Chat", "slug": "chat"}, cmsLocaleId=french)
    desk.made("tags", {"name": "Draft", "slug": "draft"}, live=False)

    assert desk.slugs("tags", name="Ant") == ["ant"]
    assert desk.slugs("tags", name="ant") == []
    assert desk.slugs("tags", slug="cat") == ["cat"]
    assert desk.slugs("tags", slug="CAT") == []
    assert desk.slugs("tags", sortBy="name", sortOrder="asc", live=True) == ["ant", "bee", "cat"]
    assert desk.slugs("tags", sortBy="createdOn", sortOrder="asc", limit=2) == ["bee", "ant"]
    assert desk.slugs("tags", cmsLocaleId=french) == ["chat"]
    both = f"{french},{desk.listed('tags')[0]['cmsLocaleId']}"
    assert len(desk.listed("tags", cmsLocaleId=both)) == 5
    since = {"createdOn[gte]": "2024-05-31T12:00:02.000Z", "createdOn[lte]": "2024-05-31T12:00:02Z"}
    assert desk.slugs("tags", **since) == ["ant"]
    assert desk.slugs("tags", **{"lastPublished[gte]": "2020-01-01T00:00:00Z"}) == ["cat", "ant", "bee"]


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"limit": "101"}, "Value (limit) should be <= 100"),
        ({"limit": "x"}, "Value (limit) should be integer"),
        ({"offset": "-1"}, "Value (offset) should be integer"),
        ({"offset": "9" * 20}, "Value (offset) should be integer"),
        ({"sortBy": "color"}, "Value (sortBy) should be equal to one of the allowed values"),
        ({"sortOrder": "up"}, "Value (sortOrder) should be equal to one of the allowed values"),
        ({"createdOn[gte]": "yesterday"}, "Value (createdOn) should match format 'date-time'"),
        ({"cmsLocaleId": "xx"}, "Value (cmsLocaleId) should be one of the site's locales: xx"),
    ],
)
def test_wrong_filter_is_refused(desk: Desk, params: dict[str, str], reason: str) -> None:
    """A filter that is not understood must not list everything."""
    answer = desk.ask("GET", desk.items("tags"), **params)

    assert (answer.status_code, answer.json()["message"]) == (400, f'Validation Error: ["{reason}"]')
