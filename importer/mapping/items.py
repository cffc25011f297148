"""Rows as items, in the bytes that are sent; problems as sentences."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from importer.errors.problems import describe, shorten
from importer.mapping.compiled import ROW_BROKEN, VALUE
from importer.mapping.folding import ROWS
from importer.model import Item, Problem
from importer.schema import content

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Table

    from importer.mapping.compiled import Compiled

_WHOLE = 2.0**53
_AS_THEY_ARE = frozenset({pl.String(), pl.Boolean()})
"""Types of columns whose values are JSON already."""

_ODD = r"^\s|\s$|^$|[^\n\t -~]"
"""Text that `content.comparable` may change; most cells are not of the kind."""


def items_of(mapped_frame: pl.DataFrame, compiled: Compiled) -> Iterator[Item]:
    """Make the items of mapped rows without problems (of a part of `Mapped.frame`), each when it is drawn.

    Values are made a column at a time, in the order of their slugs: the JSON that is sent is the one that is hashed.
    """
    columns = {name.removeprefix(VALUE): name for name in mapped_frame.columns if name.startswith(VALUE)}
    columns = dict(sorted((columns | {"slug": "_slug"}).items()))
    kinds = content.readable_kinds(compiled.schema)
    sent = {slug: _sent_column(mapped_frame[name]) for slug, name in columns.items()}
    compared = {
        slug: _compared_column(mapped_frame[columns[slug]], sent[slug], kinds[slug])
        for slug in columns
        if slug in kinds
    }
    heads = mapped_frame.select(
        "_key", "_locale", "_row", "_slug", "_name", "_draft", "_archived", "_files", "_hash"
    ).iter_rows()
    rows_of = map(tuple, mapped_frame.get_column(ROWS)) if ROWS in mapped_frame.columns else zip(mapped_frame["_row"])
    openings: dict[tuple[str, bool, bool], bytes] = {}
    told, kept = (_contents(values, mapped_frame.height) for values in (sent, compared))
    types = {one.slug: one.type for one in compiled.schema.fields}
    marked = _parts(sent, compared, types, mapped_frame.select("_draft", "_archived").iter_rows())
    for head, rows, said, held, parts in zip(heads, rows_of, told, kept, marked, strict=True):
        key, locale, row, slug, name, draft, archived, files, source_hash = head
        kind = locale, draft, archived
        if kind not in openings:
            openings[kind] = _opening(locale, draft=draft, archived=archived)
        yield Item(
            key=key,
            locale=locale,
            row=row,
            rows=rows,
            slug=slug,
            name=name,
            draft=draft,
            archived=archived,
            body=openings[kind] + said + b"}",
            files=files,
            source_hash=source_hash,
            fingerprint=content.fingerprint(said),
            readable=content.fingerprint(held),
            parts=parts,
        )


def _opening(locale: str, *, draft: bool, archived: bool) -> bytes:
    """Begin the body of an item; its content and a brace end it."""
    body: dict[str, Any] = {"isArchived": archived, "isDraft": draft}
    if locale:
        body["cmsLocaleId"] = locale
    return orjson.dumps(body)[:-1] + b',"fieldData":'


def _contents(columns: Table[str, list[Any]], height: int) -> Iterator[bytes]:
    """Give the canonical JSON of each row of these columns, without what is null."""
    slugs = tuple(columns)
    rows = zip(*columns.values(), strict=True) if columns else repeat((), height)
    for row in rows:
        yield content.canonical({slug: value for slug, value in zip(slugs, row, strict=True) if value is not None})


def _parts(
    sent: Table[str, list[Any]],
    compared: Table[str, list[Any]],
    kinds: Table[str, str],
    meant: Iterator[tuple[bool, bool]],
) -> Iterator[str]:
    """Give the short hashes of each row's fields, as `content.parts` makes them of what Webflow lists.

    `meant` says of each row whether it is a draft, and whether archived: of one that is not sent live, that is kept.
    """
    slugs = tuple(slug for slug in sent if slug != "slug")
    ready = [slug in compared for slug in slugs]
    rows = zip(*(compared.get(slug, sent[slug]) for slug in slugs), strict=True)
    for row, (draft, archived) in zip(rows, meant, strict=True):
        found = {content.ARCHIVED: content.archived_part(archived=archived)} if draft or archived else {}
        for slug, value, known in zip(slugs, row, ready, strict=True):
            one = None if value is None else content.digest(value) if known else content.part(value, kinds[slug])
            if one is not None:
                found[slug] = one
        yield orjson.dumps(found).decode()


def _sent_column(column: pl.Series) -> list[Any]:
    """Give a column's values as JSON has them."""
    values = column.to_list()
    return values if column.dtype in _AS_THEY_ARE else [_sent(value) for value in values]


def _compared_column(column: pl.Series, sent: list[Any], kind: str) -> list[Any]:
    """Give the values that are compared with what Webflow lists."""
    if column.dtype.is_float():
        return (column + 0.0).to_list()  # there is no -0 in what is sent
    if column.dtype == pl.Boolean():
        return [value or None for value in sent]
    if kind == "DateTime":
        forms = {text: content.comparable(text, kind) for text in column.unique()}
        return [forms[text] for text in sent]
    if column.dtype != pl.String():
        return [content.comparable(value, kind) for value in sent]
    compared = sent.copy()
    for place in column.str.contains(_ODD).arg_true():
        compared[place] = content.comparable(sent[place], kind)
    return compared


def _sent(value: Any) -> Any:
    """A value as JSON has it: whole numbers without a point, files without an empty alt text."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= _WHOLE else value
    if isinstance(value, list):
        return [_sent(one) for one in value]
    if isinstance(value, dict):
        return {key: one for key, one in value.items() if one is not None}
    return value


def problems_of(problems: pl.DataFrame, compiled: Compiled) -> list[Problem]:
    """Put problems (a part of `Mapped.problems`) into sentences."""
    told = []
    for row, check, value, suggest in problems.select("row", "check", "value", "suggest").iter_rows():
        info = compiled.checks[check]
        facts = {**info.facts, "reason": value or ""} if info.code == ROW_BROKEN else info.facts
        message, fix = describe(
            info.code, value=value, field=info.field, column=info.column, suggest=suggest, facts=facts
        )
        shown = None if value is None else shorten(value)
        told.append(Problem(row, info.column, info.field, info.code, shown, message, fix))
    return told
