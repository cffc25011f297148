"""PlainText, RichText, Link, VideoLink, Email and Phone: types whose value is a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from importer.fields.addresses import (
    joined,
    joined_in_html,
    other_link,
    web_address,
    with_any_scheme,
    with_scheme,
)
from importer.fields.terms import Coerced, Context, filled, recognised
from importer.model import Cell, Check
from importer.schema.evaluation import first_reading
from importer.schema.reading import TAG

if TYPE_CHECKING:
    from importer.schema import Field

NAME_LENGTH = 256
"""The characters of a name, where the schema does not say (recorded: `{"maxLength": 256}`)."""

_LINE_BREAK = r"[\r\n\u{2028}\u{2029}]"
_CONTROL = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\u{9F}\u{FFFE}\u{FFFF}]"
"""Signs that no text has: all controls of Unicode but tab and line breaks, and what is no character at all.

Invisible signs that scripts need (joiners, direction marks, soft hyphens) are text.
"""
_NUL = r"\x00"
"""The one of them that HTML cannot hold; browsers pass over the others, and looking for all costs as much again."""

_MAILBOX = r"[^\s@<>()\[\]\\,;:\"\x00-\x20.]+(?:\.[^\s@<>()\[\]\\,;:\"\x00-\x20.]+)*"
_DOMAIN = (
    r"(?:[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}\-]*[\p{L}\p{N}\p{M}])?\.)+[\p{L}\p{M}][\p{L}\p{N}\p{M}\-]*[\p{L}\p{N}\p{M}]"
)
_PHONE = r"^\+?[0-9().\-/ \u{a0}\u{202f}]*(?i:(?:,| |;)*(?:ext|x|#)\.? ?[0-9]+)?$"
_DIGITS = r"[0-9](?:[^0-9]*[0-9]){2}"


def coerce_plain_text(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:  # noqa: ARG001 - one form for all types
    """Take text as it is (String)."""
    limits = field.limits
    longest = limits.max_length or (NAME_LENGTH if field.slug == "name" else None)
    one_line = _in_one_line(cell.value) if limits.single_line else None
    checks = [_control_check(cell.value), *_length_checks(cell.value, cell.value, limits.min_length, longest)]
    if one_line is not None:
        broken = cell.value.str.contains(_LINE_BREAK)
        checks.append(Check("not_single_line", broken, cell.value, pl.when(broken).then(one_line)))
    return _unless(cell.value, cell.value, checks)


def coerce_rich_text(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:  # noqa: ARG001 - one form for all types
    """Take HTML as it is, and text without any tag paragraph by paragraph (String).

    Lengths are counted without tags, an entity being one character: how Webflow counts is documented nowhere.
    """
    limits = field.limits
    tagged = cell.value.str.contains(TAG)
    html = first_reading(cell.value, (lambda text: _tagged(text, context.base_url), _paragraphs), pl.String)
    bare = cell.value.str.replace_all(TAG, "").str.replace_all(r"&(?:#?[0-9A-Za-z]+);", "_")
    shown = pl.when(tagged).then(bare).otherwise(cell.value)
    lengths = _length_checks(cell.value, shown, limits.min_length, limits.max_length)
    return _unless(html, cell.value, [_control_check(cell.value, only=_NUL), *lengths])


def coerce_link(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:  # noqa: ARG001 - one form for all types
    """Take a web address, or one that begins with `mailto:`, `tel:` or `sms:` (String)."""
    text = joined(cell.value, context.base_url, any_path=False)
    return recognised("link_invalid", cell, out, pl.coalesce(web_address(text), other_link(text)), with_any_scheme)


def coerce_video(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:  # noqa: ARG001 - one form for all types
    """Take the web address of a video (String); which providers Webflow can embed is for Webflow to say."""
    return recognised("video_invalid", cell, out, web_address(cell.value), _video_meant)


def coerce_email(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:  # noqa: ARG001 - one form for all types
    """Take one email address (String)."""
    text = cell.value.str.strip_chars()
    value = pl.when(text.str.contains(f"^{_MAILBOX}@{_DOMAIN}$")).then(text)
    return recognised("email_invalid", cell, out, value, _email_meant)


def coerce_phone(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:  # noqa: ARG001 - one form for all types
    """Take a telephone number as people write it (String)."""
    text = cell.value.str.strip_chars()
    value = pl.when(text.str.contains(_PHONE) & text.str.contains(_DIGITS)).then(text)
    return recognised("phone_invalid", cell, out, value, _phone_meant)


def _video_meant(wrong: pl.Expr) -> pl.Expr:
    """Find the address in the code that video pages offer for embedding."""
    embedded = wrong.str.extract(r"""(?i)<iframe[^>]*\ssrc=["'](https?://[^"']+)["']""", 1)
    return pl.coalesce(embedded, with_scheme(wrong))


def _email_meant(wrong: pl.Expr) -> pl.Expr:
    """Find the one address in a text such as `Ada <ada@example.com>`."""
    found = wrong.str.extract(rf"(?:^|[\s<:(\[])({_MAILBOX}@{_DOMAIN})[\s>)\],;.]*$", 1)
    return pl.when(wrong.str.count_matches("@", literal=True) == 1).then(found)


def _phone_meant(wrong: pl.Expr) -> pl.Expr:
    bare = wrong.str.replace(r"^(?i:tel:|phone:|fon:|tel\.)\s*", "")
    return pl.when((bare != wrong) & bare.str.contains(_PHONE) & bare.str.contains(_DIGITS)).then(bare)


def _control_check(value: pl.Expr, only: str = _CONTROL) -> Check:
    """Find signs that cannot be shown."""
    found = value.str.contains(only)
    return Check("control_character", found, value, pl.when(found).then(value.str.replace_all(only, "")))


def _length_checks(value: pl.Expr, shown: pl.Expr, least: int | None, most: int | None) -> list[Check]:
    """Check the length in characters."""
    checks: list[Check] = []
    if most is not None:
        checks.append(Check("too_long", shown.str.len_chars() > most, value, facts={"limit": most}))
    if least:
        short = filled(value) & (shown.str.len_chars() < least)
        checks.append(Check("too_short", short, value, facts={"limit": least}))
    return checks


def _unless(value: pl.Expr, text: pl.Expr, checks: list[Check]) -> Coerced:
    """Give a value only where no check speaks against it and the cell says anything."""
    sound = filled(text)
    for check in checks:
        sound &= ~check.when
    return Coerced(pl.when(sound).then(value), tuple(checks))


def _in_one_line(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().str.replace_all(rf"\s*{_LINE_BREAK}\s*", " ")


def _tagged(text: pl.Expr, base_url: str | None) -> pl.Expr:
    """Take the texts with a tag in them as HTML."""
    return joined_in_html(pl.when(text.str.contains(TAG)).then(text), base_url)


def _paragraphs(text: pl.Expr) -> pl.Expr:
    """Escape a text and wrap its paragraphs; a blank line parts them, a line break alone stays one."""

    def lone(left: pl.Expr) -> pl.Expr:
        return pl.when(~left.str.contains(r"[\r\n]")).then(left)

    def several(left: pl.Expr) -> pl.Expr:
        lines = left.str.replace_all(r"\r\n?", "\n")
        parted = lines.str.replace_all(r"\s*\n[\s--\n]*\n\s*", "</p><p>")
        return parted.str.replace_all(r"[\s--\n]*\n[\s--\n]*", "<br>")

    escaped = text.str.strip_chars().str.replace_many(["&", "<", ">"], ["&amp;", "&lt;", "&gt;"])
    return pl.lit("<p>") + first_reading(escaped, (lone, several), pl.String) + pl.lit("</p>")
