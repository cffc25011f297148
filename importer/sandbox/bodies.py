"""The first stage of validation: the shape of what is sent, before any field is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

from importer.sandbox.answers import malformed, refused

MOST: Final = 100
"""Items in one request."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a request, as it was sent; `None` where nothing was said."""

    id: str | None
    locale: str | None
    draft: bool | None
    archived: bool | None
    fields: dict[str, Any] | None


def read_object(body: bytes) -> dict[str, Any]:
    """Read a body that must be a JSON object; an empty one counts as `{}`."""
    if not body:
        return {}
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise refused(400) from error
    if not isinstance(content, dict):
        raise malformed("Value should be object")
    return content


def read_entries(content: dict[str, Any], *, making: bool) -> tuple[list[Entry], bool]:
    """Read one item or `{"items": [...]}`; say whether it was one alone.

    Raises RefusedError whose message holds the reason, with empty details.
    """
    if "items" not in content:
        return [_entry(content, making=making)], True
    items = _listed(content["items"], "items")
    return [_entry(item, making=making) for item in items], False


def read_targets(content: dict[str, Any]) -> list[tuple[str, list[str] | None]]:
    """Read `{"items": [{id, cmsLocaleIds?}]}` or `{"itemIds": [...]}`: ids with the locales that are meant."""
    if "itemIds" in content:
        return [(_text(one, "itemIds"), None) for one in _listed(content["itemIds"], "itemIds")]
    if "items" not in content:
        raise malformed("Value should have required property 'items'")
    targets: list[tuple[str, list[str] | None]] = []
    for item in _listed(content["items"], "items"):
        if not isinstance(item, dict) or "id" not in item:
            raise malformed("Value (items) should have required property 'id'")
        locales = item.get("cmsLocaleIds") or ([item["cmsLocaleId"]] if item.get("cmsLocaleId") else None)
        targets.append((_text(item["id"], "id"), locales))
    return targets


def _listed(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise malformed(f"Value ({name}) should be array")
    if not value:
        raise malformed(f"Value ({name}) should NOT have fewer than 1 items")
    if len(value) > MOST:
        raise malformed(f"Value ({name}) should NOT have more than {MOST} items")
    return value


def _entry(item: Any, *, making: bool) -> Entry:
    if not isinstance(item, dict):
        raise malformed("Value (items) should be object")
    fields = item.get("fieldData")
    if making and fields is None:
        raise malformed("Value should have required property 'fieldData'")
    if fields is not None and not isinstance(fields, dict):
        raise malformed("Value (fieldData) should be object")
    if making and not (fields or {}).get("name"):
        raise malformed("Value (fieldData) should have required property 'name'")
    if not making and "id" in item:
        _text(item["id"], "id")
    for name in ("isDraft", "isArchived"):
        if not isinstance(item.get(name, False), bool):
            raise malformed(f"Value ({name}) should be boolean")
    locale = item.get("cmsLocaleId")
    return Entry(
        id=item.get("id"),
        locale=None if locale is None else _text(locale, "cmsLocaleId"),
        draft=item.get("isDraft"),
        archived=item.get("isArchived"),
        fields=fields,
    )


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise malformed(f"Value ({name}) should be string")
    return value
