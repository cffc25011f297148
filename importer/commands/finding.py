"""Finding the collection and the site that a mapping names, with an answer that lists what there is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.client import NotFound, UnreadableAnswer, endpoints, read_collections, read_site, read_sites
from importer.errors import MappingError
from importer.schema import CollectionSchema, Locales, Site, collections_named, parse_collection

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from importer.client import Client
    from importer.mapping import Mapping

ID = re.compile(r"[0-9a-f]{24}")
"""What an id of Webflow looks like; only such a reference is asked for without listing the sites."""


@dataclass(frozen=True, slots=True)
class Found:
    """A collection with its fields, and its site's id and collections by id, where those had to be listed."""

    schema: CollectionSchema
    site: str = ""
    names: Table[str, str] = field(default_factory=dict)


async def find_collection(client: Client, mapping: Mapping) -> Found:
    """Find the collection by id, slug or display name; raises MappingError that lists what there is."""
    reference = mapping.collection
    if ID.fullmatch(reference):
        try:
            return Found(await read_schema(client, reference))
        except NotFound as error:
            raise MappingError(
                f'There is no collection with the id "{reference}", or the token does not reach it.',
                "Copy the id anew, or name the collection by its slug or name.",
            ) from error
    found: list[tuple[Site, CollectionSchema]] = []
    there: list[tuple[Site, CollectionSchema]] = []
    for site in await sites_named(client, mapping.site):
        collections = read_collections(await client.read(endpoints.collections(site.id)))
        there += [(site, one) for one in collections]
        found += [(site, one) for one in collections_named(reference, collections)]
    if len(found) == 1:
        site, collection = found[0]
        return Found(await read_schema(client, collection.id), site.id, {one.id: one.slug for _, one in there})
    if found:
        raise MappingError(
            f'The name "{reference}" fits {len(found)} collections:',
            "Name the one you mean by its id, or say site = ... in the mapping.",
            tuple(f'{one.slug} (id {one.id}, site "{site.display_name}")' for site, one in found),
        )
    raise MappingError(
        f'There is no collection "{reference}". There are:' if there else f'There is no collection "{reference}".',
        "Write one of these slugs, names or ids into the mapping: collection = ..."
        if there
        else "The site has no collections that the token reaches.",
        tuple(f'{one.slug} ("{one.display_name}", id {one.id})' for _, one in there),
    )


async def find_site(client: Client, mapping: Mapping, found: Found) -> tuple[str, Locales]:
    """Find the locales of the collection's site; raises MappingError where the site cannot be told."""
    site = found.site
    if not site:
        for one in await sites_named(client, mapping.site):
            collections = read_collections(await client.read(endpoints.collections(one.id)))
            if any(collection.id == found.schema.id for collection in collections):
                site = one.id
    if not site:
        raise MappingError(
            f'The site of the collection "{found.schema.slug}" cannot be found, so its locales are not known.',
            "Write the cmsLocaleId instead of the tag, or give the token the scope sites:read.",
        )
    answer = read_site(await client.read(endpoints.site(site)))
    return site, answer.locales or Locales()


async def sites_named(client: Client, reference: str | None) -> tuple[Site, ...]:
    """List the sites that the mapping can mean: all, or those of that id, short name or display name."""
    sites = read_sites(await client.read(endpoints.sites()))
    if reference is None:
        return sites
    wanted = reference.strip().casefold()
    for name in ("id", "short_name", "display_name"):
        found = tuple(one for one in sites if getattr(one, name).strip().casefold() == wanted)
        if found:
            return found
    raise MappingError(
        f'There is no site "{reference}". The token reaches:' if sites else "The token reaches no site.",
        "Write one of these names or ids into the mapping: site = ...",
        tuple(f'{one.display_name} (short name "{one.short_name}", id {one.id})' for one in sites),
    )


async def read_schema(client: Client, collection: str) -> CollectionSchema:
    """Read a collection with its fields (GET /collections/{id})."""
    answer = await client.read(endpoints.collection(collection))
    try:
        return parse_collection(answer)
    except ValueError as error:
        raise UnreadableAnswer(
            f"Webflow answered with success, but {error}.",
            "Check the base address; if it is right, run the same command again later.",
        ) from error
