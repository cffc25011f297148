"""What tells items apart and rows' versions apart: keys, digests of rules, hashes of rows."""

from __future__ import annotations

import hashlib
from functools import reduce
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from importer.mapping.conditions import mentions_today
from importer.mapping.rules import Rule
from importer.schema import reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from importer.mapping.rules import Mapping
    from importer.schema import CollectionSchema


def key_text(text: pl.Expr, *, slug: bool) -> pl.Expr:
    """Give a key as it is compared: trimmed NFC text, whole numbers without `.0`, slugs (ASCII) without case."""
    if slug:
        return text.str.to_lowercase()
    whole = composed(text).str.strip_chars().str.replace(reading.WHOLE, "$1")  # as `reading.key_form`
    return pl.when(whole != "").then(whole)


def composed(text: pl.Expr) -> pl.Expr:
    """Text in NFC; a batch of nothing but ASCII, as most keys are, is in NFC already (8 times faster)."""

    def run(texts: pl.Series) -> pl.Series:
        plain = texts.str.len_bytes().sum() == texts.str.len_chars().sum()
        return texts if plain else texts.str.normalize("NFC")

    return text.map_batches(run, return_dtype=pl.String, is_elementwise=True)


def rules_digest(mapping: Mapping, schema: CollectionSchema, today: date) -> str:
    """Digest all that rows are made by, besides their cells (32 hex digits).

    The day counts only where a field depends on it; what it makes of drafts stands in each row's hash, and so do the
    values that lookups give: a table that changes concerns the rows that it gives other values.
    """
    source = mapping.source
    told: dict[str, Any] = {
        "fields": {slug: rule.canonical() for slug, rule in mapping.fields.items()},
        "hooks": mapping.foreign.digest,
        "key": mapping.key.canonical() if isinstance(mapping.key, Rule) else mapping.key,
        "reading": [source.decimal, source.timezone, source.dates, source.base_url, source.null_values],
        "schema": [field.model_dump(mode="json") for field in schema.fields],
        "day": today.isoformat() if any(_daily(rule) for rule in mapping.fields.values()) else "",
    }
    return hashlib.blake2b(orjson.dumps(told, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def canonical(told: Any) -> str:
    """Plain data as canonical text."""
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS).decode()


def row_hashes(digest: str, columns: Sequence[pl.Expr]) -> tuple[pl.Expr, pl.Expr]:
    """Two 64-bit hashes of a row; each column has seeds of its own, so that cells cannot change places."""
    return _mixed(digest, "high", columns), _mixed(digest, "low", columns)


def _mixed(digest: str, half: str, columns: Iterable[pl.Expr]) -> pl.Expr:
    hashes = [column.hash(_seed(digest, half, at)) for at, column in enumerate(columns)]
    return reduce(lambda one, other: one ^ other, hashes).alias(half)


def _seed(*told: object) -> int:
    return int.from_bytes(hashlib.blake2b(repr(told).encode(), digest_size=8).digest(), "big")


def _daily(rule: Rule) -> bool:
    inner = [one for one in (rule.otherwise, rule.alt) if one is not None]
    return mentions_today(rule.when) or any(_daily(one) for one in inner)
