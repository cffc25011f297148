"""Finding the collection and the site that a mapping names, with an answer that lists what there is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from importer.client import NotFound, endpoints
from importer.errors import CollectionChanged, MappingError
from importer.schema import CollectionSchema, Locales, Site, collections_named, parse_collection

if TYPE_CHECKING:
    from importer.client import Client
    from importer.mapping import Mapping

ID = re.compile(r"[0-9a-f]{24}")
"""What an id of Webflow looks like; only such a reference is asked for without listing the sites."""


@dataclass(frozen=True, slots=True)
class Found:
    """A collection with its fields, and the id of its site ("" where the collection was asked for by its own id)."""

    schema: CollectionSchema
    site: str = ""


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
        collections = await collections_of(client, site)
        there += [(site, one) for one in collections]
        found += [(site, one) for one in collections_named(reference, collections)]
    if len(found) == 1:
        site, collection = found[0]
        return Found(await read_schema(client, collection.id), site.id)
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
            if any(collection.id == found.schema.id for collection in await collections_of(client, one)):
                site = one.id
    if not site:
        raise MappingError(
            f'The site of the collection "{found.schema.slug}" cannot be found, so its locales are not known.',
            "Write the cmsLocaleId instead of the tag, or give the token the scope sites:read.",
        )
    answer = _read_site(await client.read(endpoints.site(site)))
    return site, answer.locales or Locales()


async def sites_named(client: Client, reference: str | None) -> list[Site]:
    """List the sites that the mapping can mean: all, or those of that id, short name or display name."""
    answer = await client.read(endpoints.sites())
    sites = [_read_site(one) for one in _list_of(answer, "sites")]
    if reference is None:
        return sites
    wanted = reference.strip().casefold()
    for name in ("id", "short_name", "display_name"):
        found = [one for one in sites if getattr(one, name).strip().casefold() == wanted]
        if found:
            return found
    raise MappingError(
        f'There is no site "{reference}". The token reaches:' if sites else "The token reaches no site.",
        "Write one of these names or ids into the mapping: site = ...",
        tuple(f'{one.display_name} (short name "{one.short_name}", id {one.id})' for one in sites),
    )


async def collections_of(client: Client, site: Site) -> list[CollectionSchema]:
    """List the collections of a site (without their fields)."""
    answer = await client.read(endpoints.collections(site.id))
    return [_parsed(one) for one in _list_of(answer, "collections")]


async def read_schema(client: Client, collection: str) -> CollectionSchema:
    """Read a collection with its fields (GET /collections/{id})."""
    return _parsed(await client.read(endpoints.collection(collection)))


def _parsed(answer: Any) -> CollectionSchema:
    try:
        return parse_collection(answer)
    except ValueError as error:
        raise CollectionChanged(f"Webflow's answer cannot be read: {error}.", _REPORT) from error


def _read_site(answer: Any) -> Site:
    try:
        return Site.model_validate(answer)
    except ValidationError as error:
        raise CollectionChanged(
            f"Webflow's answer cannot be read: no description of a site ({answer!r:.80}).", _REPORT
        ) from error


def _list_of(answer: Any, name: str) -> list[Any]:
    listed = answer.get(name) if isinstance(answer, dict) else answer
    if not isinstance(listed, list):
        raise CollectionChanged(f"Webflow's answer cannot be read: it has no list of {name}.", _REPORT)
    return listed


_REPORT = "Try again; if it stays so, Webflow's API has changed: please report it."
