"""The official Python client against the served sandbox: a witness that the sandbox speaks Webflow's language."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
from webflow import (
    BadRequestError,
    CollectionItem,
    CollectionItemFieldData,
    NotFoundError,
    TooManyRequestsError,
    Webflow,
)
from webflow.core.parse_error import ParsingError
from webflow.environment import WebflowEnvironment
from webflow.resources.collections.resources.items import MultipleLiveItems
from webflow.types import CollectionItemPatchSingleFieldData

if TYPE_CHECKING:
    from collections.abc import Iterator

ABSENT = "0123456789abcdef01234567"
ONCE = {"max_retries": 0}


@contextmanager
def client_of(base: str) -> Iterator[Webflow]:
    """Point the client at a sandbox; its connections are closed at the end, which it leaves to its users."""
    environment = WebflowEnvironment(base=base, data_api=base, content_delivery_api=base)
    with httpx.Client(timeout=20) as http:
        yield Webflow(environment=environment, access_token="sandbox", httpx_client=http)


def item(slug: str, **fields: str) -> CollectionItem:
    data = CollectionItemFieldData(name=f"Tag {slug}", slug=slug, **fields)
    return CollectionItem(is_archived=False, is_draft=False, field_data=data)


@pytest.fixture
def webflow(sandbox: str) -> Iterator[Webflow]:
    with client_of(sandbox) as client:
        yield client


@pytest.fixture
def tags(webflow: Webflow) -> str:
    """Find the id of the collection of tags."""
    sites = webflow.sites.list().sites or []
    collections = webflow.collections.list(sites[0].id).collections or []
    return next(str(collection.id) for collection in collections if collection.slug == "tags")


def test_sites_and_collections_are_listed(webflow: Webflow) -> None:
    """The client reads the one site and its four collections."""
    sites = webflow.sites.list().sites or []
    assert [len(site.id) for site in sites] == [24]
    collections = webflow.collections.list(sites[0].id).collections or []
    assert sorted(collection.slug or "" for collection in collections) == ["authors", "blog-posts", "products", "tags"]


def test_a_collection_is_read_with_its_fields(webflow: Webflow, tags: str) -> None:
    """The schema parses: fields with their types."""
    collection = webflow.collections.get(tags)
    assert {field.slug: field.type for field in collection.fields}["color"] == "Color"


def test_every_seeded_collection_can_be_read(webflow: Webflow) -> None:
    """All 17 types of fields pass the client's own models."""
    site = (webflow.sites.list().sites or [])[0]
    types = set()
    for collection in webflow.collections.list(site.id).collections or []:
        types |= {field.type for field in webflow.collections.get(collection.id).fields}
    assert len(types) == 17


def test_one_live_item_is_created_found_updated_and_unpublished(webflow: Webflow, tags: str) -> None:
    """The life of an item: live, found by its slug, renamed, off the site again but kept as a draft."""
    items = webflow.collections.items
    made = items.create_item_live(tags, request=item("python-one"), skip_invalid_files=False)
    assert made.last_published
    found = items.list_items_live(tags, slug="python-one")
    assert [one.id for one in found.items or []] == [made.id]
    changed = items.update_item_live(
        tags, str(made.id), field_data=CollectionItemPatchSingleFieldData(name="Renamed"), request_options=ONCE
    )
    assert changed.field_data
    assert changed.field_data.name == "Renamed"
    items.delete_item_live(tags, str(made.id))
    assert not items.list_items_live(tags, slug="python-one").items
    staged = items.get_item(tags, str(made.id))
    assert (staged.is_draft, staged.last_published) == (True, None)


def test_a_refused_value_is_a_bad_request_that_names_the_field(webflow: Webflow, tags: str) -> None:
    """A 400 carries code and details as Webflow's do."""
    with pytest.raises(BadRequestError) as refused:
        webflow.collections.items.create_item_live(tags, request=item("python-bad", color="no colour"))
    assert refused.value.status_code == 400
    assert isinstance(refused.value.body, dict)
    assert refused.value.body["code"] == "validation_error"
    assert [detail["param"] for detail in refused.value.body["details"]] == ["color"]


def test_an_item_that_is_not_there_is_not_found(webflow: Webflow, tags: str) -> None:
    """A 404 says resource_not_found."""
    with pytest.raises(NotFoundError) as absent:
        webflow.collections.items.get_item(tags, ABSENT)
    assert absent.value.body.code == "resource_not_found"


def test_too_many_requests_are_answered_429(narrow_sandbox: str) -> None:
    """The third request of the minute is answered 429, with the headers of the limit."""
    with client_of(narrow_sandbox) as webflow:
        webflow.sites.list()
        webflow.sites.list()
        with pytest.raises(TooManyRequestsError) as throttled:
            webflow.sites.list(request_options=ONCE)
    assert throttled.value.body.code == "too_many_requests"
    headers = {name.lower(): value for name, value in (throttled.value.headers or {}).items()}
    assert headers["x-ratelimit-remaining"] == "0"
    assert 0 < int(headers["retry-after"]) <= 60


def test_the_client_cannot_read_the_answer_to_many_items_that_were_written(webflow: Webflow, tags: str) -> None:
    """Why the importer has a client of its own: this one reports a failure, and both items are live."""
    slugs = ["python-many-1", "python-many-2"]
    request = MultipleLiveItems.model_validate(
        {"items": [item(slug).model_dump(by_alias=True, exclude_none=True) for slug in slugs]}
    )
    with pytest.raises(ParsingError) as unread:
        webflow.collections.items.create_item_live(tags, request=request, skip_invalid_files=False)
    assert unread.value.status_code == 202
    for slug in slugs:
        assert len(webflow.collections.items.list_items_live(tags, slug=slug).items or []) == 1
