"""The calls of Webflow's Data API v2 that the importer makes (facts: the official OpenAPI description).

Bodies of items come as bytes and are joined as bytes: what was hashed is what is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson

from importer.client.wire import WRITE_TIMEOUT, Call

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = 100
"""Items that a page of a listing holds at most."""


def create_items(collection: str, bodies: Sequence[bytes], *, live: bool, skip_invalid_files: bool) -> Call:
    """Create up to 100 items, published at once (`live`) or staged."""
    return _write("POST", _items(collection, live=live), bodies, skip_invalid_files=skip_invalid_files)


def update_items(collection: str, bodies: Sequence[bytes]) -> Call:
    """Change up to 100 staged items; each body names its item by `id`."""
    return _write("PATCH", _items(collection, live=False), bodies, skip_invalid_files=False)


def delete_items(collection: str, ids: Sequence[str], *, locale: str = "") -> Call:
    """Delete up to 100 items (with `locale`, only that variant of them)."""
    return Call("DELETE", _items(collection, live=False), body=_named(ids, locale), timeout=WRITE_TIMEOUT)


def unpublish_items(collection: str, ids: Sequence[str], *, locale: str = "") -> Call:
    """Take up to 100 items off the live site; they stay as drafts."""
    return Call("DELETE", _items(collection, live=True), body=_named(ids, locale), timeout=WRITE_TIMEOUT)


def publish_items(collection: str, ids: Sequence[str], *, locale: str = "") -> Call:
    """Publish up to 100 staged items; the answer may be partial (see `answers.read_published`)."""
    body = _named(ids, locale) if locale else orjson.dumps({"itemIds": list(ids)})
    return Call("POST", f"{_items(collection, live=False)}/publish", body=body, timeout=WRITE_TIMEOUT)


def introspect() -> Call:
    """Ask what the token may do; tokens of a site may not ask."""
    return Call("GET", "/token/introspect")


def sites() -> Call:
    """List the sites that the token reaches."""
    return Call("GET", "/sites")


def site(site_id: str) -> Call:
    """Read one site, with its locales."""
    return Call("GET", f"/sites/{_part(site_id)}")


def collections(site_id: str) -> Call:
    """List a site's collections, without their fields."""
    return Call("GET", f"/sites/{_part(site_id)}/collections")


def collection(collection_id: str) -> Call:
    """Read a collection with its fields."""
    return Call("GET", f"/collections/{_part(collection_id)}")


def create_collection(site_id: str, *, name: str, singular: str) -> Call:
    """Create a collection that has no fields but name and slug."""
    body = orjson.dumps({"displayName": name, "singularName": singular})
    return Call("POST", f"/sites/{_part(site_id)}/collections", body=body)


def delete_collection(collection_id: str) -> Call:
    """Delete a collection with all its items."""
    return Call("DELETE", f"/collections/{_part(collection_id)}")


def items_asked(collection_id: str, asked: Sequence[tuple[str, str]], *, live: bool) -> Call:
    """Read the first page of a collection's items with any query parameters, such as a filter or an order."""
    return Call("GET", _items(collection_id, live=live), (("limit", str(PAGE)), ("offset", "0"), *asked))


def items_page(  # noqa: PLR0913 - one for each query parameter of the endpoint
    collection_id: str,
    *,
    live: bool,
    offset: int = 0,
    limit: int = PAGE,
    newest_first: bool = False,
    slug: str | None = None,
    name: str | None = None,
    locale: str | None = None,
) -> Call:
    """Read one page of a collection's items: `live` the published ones, else all of them as staged.

    `locale` is one cmsLocaleId or several with commas; without it Webflow lists the primary locale only.
    """
    params = [("limit", str(limit)), ("offset", str(offset))]
    if newest_first:
        params += [("sortBy", "createdOn"), ("sortOrder", "desc")]
    asked = (("slug", slug), ("name", name), ("cmsLocaleId", locale))
    params += [(key, value) for key, value in asked if value is not None]
    return Call("GET", _items(collection_id, live=live), tuple(params))


def _write(method: str, path: str, bodies: Sequence[bytes], *, skip_invalid_files: bool) -> Call:
    params = (("skipInvalidFiles", "true" if skip_invalid_files else "false"),)
    return Call(method, path, params, b'{"items":[' + b",".join(bodies) + b"]}", WRITE_TIMEOUT)


def _named(ids: Sequence[str], locale: str) -> bytes:
    more = {"cmsLocaleIds": [locale]} if locale else {}
    return orjson.dumps({"items": [{"id": one, **more} for one in ids]})


def _items(collection_id: str, *, live: bool) -> str:
    return f"/collections/{_part(collection_id)}/items{'/live' if live else ''}"


def _part(text: str) -> str:
    return quote(text, safe="")
