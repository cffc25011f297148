"""The content of an item in a form that can be compared: as it was sent, and as Webflow reads it back."""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from importer.schema import UNREADABLE_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.schema import CollectionSchema

_SHORT = hashlib.blake2b(digest_size=6)
"""Where each short hash begins; it is only ever copied."""

ARCHIVED = "isArchived"
"""Where the parts of an item that was not sent live say whether it was sent archived; no slug is like it."""


def fingerprint(content: bytes) -> str:
    """Hash content in its canonical JSON, keys sorted (hex, 32 digits)."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def readable(field_data: Mapping[str, Any], schema: CollectionSchema) -> str:
    """Hash the part of the content that reads back as it was written (hex, 32 digits).

    Left out: the slug (Webflow may suffix it), files, videos and rich text (Webflow rewrites them), fields that the
    schema does not know. Empty values (null, "", [], false) count as absent, for Webflow may fill them in.
    """
    kinds = readable_kinds(schema)
    values = {slug: comparable(value, kinds[slug]) for slug, value in field_data.items() if slug in kinds}
    return fingerprint(canonical({slug: value for slug, value in values.items() if value is not None}))


def readable_kinds(schema: CollectionSchema) -> dict[str, str]:
    """Give the types of the fields that `readable` compares, by slug."""
    return {
        field.slug: field.type for field in schema.fields if field.slug != "slug" and field.type not in UNREADABLE_TYPES
    }


def parts(field_data: Mapping[str, Any], schema: CollectionSchema) -> dict[str, str]:
    """Give a short hash of each field that holds something, by slug, so that it can be said which ones were changed.

    Left out: the slug, and fields that the schema does not know. The hash of a list of files ends in their number.
    """
    kinds = {field.slug: field.type for field in schema.fields if field.slug != "slug"}
    found = {slug: part(value, kinds[slug]) for slug, value in field_data.items() if slug in kinds}
    return {slug: one for slug, one in found.items() if one is not None}


def archived_part(*, archived: bool) -> str:
    """Write down whether an item is archived, as the parts of one that was not sent live have it."""
    return "yes" if archived else "no"


def part(value: Any, kind: str) -> str | None:
    """Hash one value of a field; None for a value that counts as absent."""
    if kind not in UNREADABLE_TYPES:
        form = comparable(value, kind)
        return None if form is None else digest(form)
    many = isinstance(value, list)
    form = [_seen(one, kind) for one in value] if many else _seen(value, kind)
    if _is_empty(form):
        return None
    return f"{digest(form)}*{len(form)}" if many else digest(form)


def digest(form: Any) -> str:
    """Hash a value that is in its comparable form already (hex, 12 digits)."""
    hashed = _SHORT.copy()  # a third of the time that a new one takes
    hashed.update(orjson.dumps(form, option=orjson.OPT_SORT_KEYS))
    return hashed.hexdigest()


def _seen(value: Any, kind: str) -> Any:
    """Give what of a file, a video or a rich text may read back as it was written."""
    if isinstance(value, str):
        text = _normal(value, kind)
        return text if kind == "RichText" or not text else {"url": text}
    if isinstance(value, dict):
        told = {name: value[name] for name in ("url", "alt") if value.get(name)}
        return told or value
    return value


def comparable(value: Any, kind: str) -> Any:
    """Give the form in which two spellings of one value are equal; None for a value that counts as absent."""
    normal = _normal(value, kind)
    return None if _is_empty(normal) else normal


def canonical(content: Mapping[str, Any]) -> bytes:
    """Write content down in the one way in which it is hashed."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def key_of(field_data: Mapping[str, Any], key_field: str | None) -> str | None:
    """The key of an item that Webflow lists: the text of its key field as keys are compared, None without one.

    Keys are compared as trimmed NFC text, whole numbers without `.0`, slugs without case.
    """
    value = field_data.get(key_field) if key_field else None
    if value is None or isinstance(value, list | dict):
        return None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = unicodedata.normalize("NFC", str(value).strip())
    return text.lower() if key_field == "slug" else text


def _is_empty(value: Any) -> bool:
    """Whether a value counts as absent; the number 0 does not."""
    return value is None or value is False or value in ("", [])


def _normal(value: Any, kind: str) -> Any:
    """The form in which two spellings of one value are equal."""
    if isinstance(value, str):
        text = value.replace("\r\n", "\n").strip()
        text = text if text.isascii() else unicodedata.normalize("NFC", text)
        return _instant(text) if kind == "DateTime" else text
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, list):
        return sorted(str(part) for part in value)
    return value


@lru_cache(maxsize=1024)
def _instant(text: str) -> str:
    """A date as the instant it names; another text stays as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
