"""Readers of Webflow's answers: items as listed, pages, what was published, what a token may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from importer.errors import Outage
from importer.schema import CollectionSchema, Site


class UnreadableAnswer(Outage):
    """Webflow answered with success, but not with what it says it answers with."""


@dataclass(frozen=True, slots=True)
class ListedItem:
    """An item as an answer shows it; `locale` is its cmsLocaleId or "", `field_data` as Webflow wrote it."""

    id: str
    slug: str
    name: str
    created_on: datetime | None
    last_published: str | None
    last_updated: str | None
    is_draft: bool
    is_archived: bool
    locale: str
    field_data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing; `total` counts every item that matches, on all pages."""

    items: tuple[ListedItem, ...]
    total: int
    offset: int


@dataclass(frozen=True, slots=True)
class Introspection:
    """What a token may do; `rate_limit` in requests a minute."""

    scopes: frozenset[str]
    rate_limit: int | None
    site_ids: tuple[str, ...]


class _NoItemError(ValueError):
    """What stands where an item should stand, and is none."""


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", defer_build=True)


class _Pagination(_Answer):
    total: int = Field(ge=0)
    offset: int = Field(default=0, ge=0)


class _Page(_Answer):
    items: list[Any]
    pagination: _Pagination


class _Published(_Answer):
    published_item_ids: list[str]
    errors: list[Any] = Field(default_factory=list)


_LATER = ConfigDict(defer_build=True)
"""Compile a reader where it is first used: a run uses few of them, and starting is quicker."""

_SITES = TypeAdapter(tuple[Site, ...], config=_LATER)
_COLLECTIONS = TypeAdapter(tuple[CollectionSchema, ...], config=_LATER)


def _listed(entry: Any) -> ListedItem:
    """Read an item by hand, for thousands come in a run; what is odd about its times and flags does not hide it.

    Raises _NoItemError for what has no id, or whose content is none.
    """
    found = entry.get("id") if isinstance(entry, dict) else None
    if not isinstance(found, str) or not found:
        raise _NoItemError("an item has no id")
    fields = entry.get("fieldData", {})
    if not isinstance(fields, dict):
        raise _NoItemError(f"the item {found} has a fieldData that is no object")
    return ListedItem(
        id=found,
        slug=_text(fields.get("slug")),
        name=_text(fields.get("name")),
        created_on=_moment(entry.get("createdOn")),
        last_published=_text(entry.get("lastPublished")) or None,
        last_updated=_text(entry.get("lastUpdated")) or None,
        is_draft=entry.get("isDraft") is True,
        is_archived=entry.get("isArchived") is True,
        locale=_text(entry.get("cmsLocaleId")),
        field_data=fields,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _moment(value: Any) -> datetime | None:
    """Read an ISO time; None where it is none: an item without a time is still an item."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def read_created(body: Any) -> list[ListedItem] | None:
    """Read the answer to a create or an update: `{"items": [...]}`, a bare list or a single item.

    None if it cannot be read: then its rows are in doubt.
    """
    found = body.get("items", body) if isinstance(body, dict) else body
    if isinstance(found, dict):
        found = [found]
    try:
        return [_listed(item) for item in found] if isinstance(found, list) else None
    except _NoItemError:
        return None


def read_page(body: Any) -> Page:
    """Read one page of a listing.

    Raises UnreadableAnswer, also where `total` is missing: without it nobody knows when a listing is complete.
    """
    try:
        page = _Page.model_validate(body)
        return Page(tuple(_listed(item) for item in page.items), page.pagination.total, page.pagination.offset)
    except (ValidationError, _NoItemError) as error:
        raise _unreadable("a page of items", error) from error


def read_published(body: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read the answer to publishing items: the ids that were published, and Webflow's sentences about the others.

    Raises UnreadableAnswer.
    """
    try:
        published = _Published.model_validate(body)
    except ValidationError as error:
        raise _unreadable("a list of published items", error) from error
    return tuple(published.published_item_ids), tuple(str(one) for one in published.errors)


def read_sites(body: Any) -> tuple[Site, ...]:
    """Read the list of sites.

    Raises UnreadableAnswer.
    """
    try:
        return _SITES.validate_python(body.get("sites") if isinstance(body, dict) else body)
    except ValidationError as error:
        raise _unreadable("a list of sites", error) from error


def read_site(body: Any) -> Site:
    """Read one site.

    Raises UnreadableAnswer.
    """
    try:
        return Site.model_validate(body)
    except ValidationError as error:
        raise _unreadable("a site", error) from error


def read_collections(body: Any) -> tuple[CollectionSchema, ...]:
    """Read the list of a site's collections (their fields are not in it).

    Raises UnreadableAnswer.
    """
    try:
        return _COLLECTIONS.validate_python(body.get("collections") if isinstance(body, dict) else body)
    except ValidationError as error:
        raise _unreadable("a list of collections", error) from error


class _Reach(_Answer):
    site_ids: list[str] = Field(default_factory=list)


class _Authorization(_Answer):
    scope: str = ""
    rate_limit: int | None = None
    authorized_to: _Reach = _Reach()


class _Introspection(_Answer):
    authorization: _Authorization


def read_introspection(body: Any) -> Introspection:
    """Read what a token may do.

    Raises UnreadableAnswer.
    """
    try:
        found = _Introspection.model_validate(body).authorization
    except ValidationError as error:
        raise _unreadable("the description of a token", error) from error
    scopes = frozenset(scope.strip() for scope in found.scope.replace(" ", ",").split(",") if scope.strip())
    return Introspection(scopes, found.rate_limit, tuple(found.authorized_to.site_ids))


def _unreadable(what: str, error: ValidationError | _NoItemError) -> UnreadableAnswer:
    return UnreadableAnswer(
        f"Webflow answered with success, but its answer cannot be read as {what}: {_reason(error)}.",
        "Check the base address; if it is right, run the same command again later.",
    )


def _reason(error: ValidationError | _NoItemError) -> str:
    if isinstance(error, _NoItemError):
        return str(error)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the answer"
    return f"{where}: {first['msg']}"
