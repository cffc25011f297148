"""What a mapping needs of its destination is asked for, and nothing else."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from importer.client import Client, connect, endpoints, read_created
from importer.client.local import LocalTransport
from importer.commands.surroundings import look_around, remember, remembered
from importer.errors import MappingError, UsageError
from importer.mapping import Mapping, parse_mapping
from importer.model import SystemClock, Tally
from importer.pacing import Pacer
from importer.sandbox import create_app
from importer.state import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


def mapping_of(collection: str, **more: Any) -> Mapping:
    return parse_mapping({"collection": collection, "fields": {"name": "Name"}, **more}, name="m")


@asynccontextmanager
async def webflow(folder: Path) -> AsyncIterator[tuple[Client, Tally]]:
    """A client of a new sandbox, and the count of its requests."""
    app = create_app(folder / "sandbox.db", switches={"rate_limit": "6000"})
    tally = Tally()
    try:
        async with connect("http://sandbox.invalid/v2", "sandbox", transport=LocalTransport(app)) as http:
            yield Client(http, Pacer(), SystemClock(), tally), tally
    finally:
        app.close()


async def test_a_collection_named_by_its_id_costs_one_request(tmp_path: Path) -> None:
    """Then the scopes cms:read and cms:write are enough: no site is asked for."""
    async with webflow(tmp_path) as (client, tally):
        by_slug = await look_around(client, mapping_of("tags"), drafts=False)
        assert by_slug.site
        before = tally.sent
        by_id = await look_around(client, mapping_of(by_slug.schema.id), drafts=False)
        assert tally.sent - before == 1
        assert (by_id.schema.slug, by_id.site, by_id.locales) == ("tags", "", None)
        assert (await look_around(client, mapping_of("TAGS"), drafts=False)).schema.id == by_id.schema.id


@pytest.mark.parametrize(
    ("collection", "more", "said"),
    [
        ("f" * 24, {}, "no collection with the id"),
        ("tagz", {}, 'tags ("Tags"'),
        ("tags", {"site": "Elsewhere"}, 'no site "Elsewhere"'),
    ],
)
async def test_what_is_not_there_is_answered_with_what_there_is(
    collection: str, more: dict[str, Any], said: str, tmp_path: Path
) -> None:
    """Unknown ids, names and sites: a mistake of the mapping, with the list to choose from."""
    async with webflow(tmp_path) as (client, _):
        with pytest.raises(MappingError) as caught:
            await look_around(client, mapping_of(collection, **more), drafts=False)
        assert said in caught.value.message
        assert caught.value.hint


async def test_locales_are_asked_for_only_where_a_tag_has_to_be_known(tmp_path: Path) -> None:
    """Also for a collection named by its id, whose site is then looked for."""
    async with webflow(tmp_path) as (client, _):
        plain = await look_around(client, mapping_of("tags"), drafts=False)
        assert plain.locales is None
        tagged = await look_around(client, mapping_of(plain.schema.id, locale="fr-FR"), drafts=False)
        assert tagged.site == plain.site
        assert tagged.locales is not None
        french = next(one.cms_locale_id for one in tagged.locales.all if one.tag == "fr-FR")
        by_id = await look_around(client, mapping_of("tags", locale=french), drafts=False)
        assert by_id.locales is None


async def create(client: Client, collection: str, number: int, *, live: bool) -> None:
    for start in range(0, number, 100):
        named = [f"{'live' if live else 'staged'}-{at}" for at in range(start, min(start + 100, number))]
        bodies = [
            orjson.dumps({"isDraft": not live, "isArchived": False, "fieldData": {"name": name, "slug": name}})
            for name in named
        ]
        reply = await client.send(endpoints.create_items(collection, bodies, live=live, skip_invalid_files=False))
        assert read_created(reply.body), reply


async def test_referenced_collections_are_listed_whole_and_once(tmp_path: Path) -> None:
    """All pages, by collection and not by field; staged items only for runs that stage."""
    async with webflow(tmp_path) as (client, tally):
        tags = (await look_around(client, mapping_of("tags"), drafts=False)).schema.id
        await create(client, tags, 230, live=True)
        await create(client, tags, 3, live=False)
        mapping = mapping_of("products", fields={"name": "Name", "tags": "Tags"})
        before = tally.sent
        around = await look_around(client, mapping, drafts=False)
        assert tally.sent - before == 3 + 3, "sites, collections, the collection; three pages of tags"
        assert len(around.references["tags"].pairs) == 230
        assert around.references["tags"].name == "tags"
        staged = await look_around(client, mapping, drafts=True)
        assert len(staged.references["tags"].pairs) == 233


@pytest.mark.parametrize(
    ("match", "said"),
    [
        ("emial", 'there is no field "emial" in the collection "authors"; did you mean "email"?'),
        ("photo", 'is the field "photo" of the type Image, by which no cell can name an item'),
        ("active", 'is the field "active" of the type Switch, by which no cell can name an item'),
    ],
)
async def test_items_are_named_by_a_field_that_the_other_collection_has(tmp_path: Path, match: str, said: str) -> None:
    """Else it is a mistake of the mapping, and not one of each row; what only lists or files hold names nothing."""
    async with webflow(tmp_path) as (client, _):
        authors = (await look_around(client, mapping_of("authors"), drafts=False)).schema.id
        fields = {"name": "Ada", "slug": "ada", "email": "ada@example.com", "photo": {"url": "https://a.example/a.jpg"}}
        body = orjson.dumps({"isDraft": False, "isArchived": False, "fieldData": fields})
        await client.send(endpoints.create_items(authors, [body], live=True, skip_invalid_files=False))
        named = {"name": "Name", "author": {"from": "Author", "match": "email"}}
        around = await look_around(client, mapping_of("blog-posts", fields=named), drafts=False)
        assert [text for text, _ in around.references["author"].pairs] == ["ada@example.com"]
        named["author"] = {"from": "Author", "match": match}
        with pytest.raises(MappingError) as caught:
            await look_around(client, mapping_of("blog-posts", fields=named), drafts=False)
    assert f"fields.author.match: {said}" in caught.value.message


async def test_what_is_kept_is_what_was_learnt(tmp_path: Path) -> None:
    """`--offline` sees the same; a mapping that needs more is told so."""
    async with webflow(tmp_path) as (client, _):
        tags = (await look_around(client, mapping_of("tags"), drafts=False)).schema.id
        await create(client, tags, 2, live=True)
        mapping = mapping_of("products", fields={"name": "Name", "tags": "Tags"}, locale="fr-FR")
        around = await look_around(client, mapping, drafts=False)
    with State.open(tmp_path / "m.db") as state:
        remember(state, mapping, around)
        assert remembered(state, mapping) == around
        by_slug = mapping_of("products", fields={"name": "Name", "tags": {"from": "Tags", "match": "slug"}})
        with pytest.raises(UsageError, match="tags"):
            remembered(state, by_slug)
        with pytest.raises(UsageError, match="Nothing is known"):
            remembered(state, mapping_of("authors"))
