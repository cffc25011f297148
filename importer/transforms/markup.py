"""Transforms for Markdown and HTML."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import polars as pl

from importer.schema.reading import TAG
from importer.transforms.distinct import on_distinct
from importer.transforms.steps import Call, Step, Surroundings, Transform, plain

if TYPE_CHECKING:
    from collections.abc import Callable

_BLOCKS = (
    "address|article|aside|blockquote|br|caption|dd|details|div|dl|dt|fieldset|figcaption|figure|footer|form|"
    "h[1-6]|header|hr|li|main|nav|ol|option|p|pre|section|summary|table|tbody|td|tfoot|th|thead|title|tr|ul"
)
_TAG = re.compile(TAG)
_REST_OF_TAG = r"""(?:"[^"]*"|'[^']*'|[^'">])*>"""


def without_tags(value: pl.Expr) -> pl.Expr:
    """Give the text of HTML in one line: entities resolved, block ends as blanks."""
    text = value.str.replace_all(r"(?is)<!--.*?-->|<script\b.*?</script\s*>|<style\b.*?</style\s*>", " ")
    text = text.str.replace_all(rf"(?i)</?(?:{_BLOCKS})(?:/|\s{_REST_OF_TAG}|>)>?", " ")
    text = text.str.replace_all(rf"</?[a-zA-Z][a-zA-Z0-9:-]*(?:/?>|\s{_REST_OF_TAG})|<![a-zA-Z]{_REST_OF_TAG}", "")
    return unescaped(text).str.replace_all(r"\s+", " ").str.strip_chars()


def unescaped(value: pl.Expr) -> pl.Expr:
    """Resolve HTML entities: `&amp;` is `&`."""
    return on_distinct(value, html.unescape, pl.String)


def _html_of_markdown() -> Callable[[str], str]:
    from markdown_it import MarkdownIt  # only for mappings that need it: starting is quicker without

    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return lambda text: str(reader.render(text)).strip()


def _markdown(call: Call, _around: Surroundings) -> Step:
    render = _html_of_markdown()
    return plain(call, lambda value: on_distinct(value, render, pl.String), python=True)


def _html_clean(call: Call, _around: Surroundings) -> Step:
    return plain(call, lambda value: on_distinct(value, _cleaned, pl.String), python=True)


def _cleaned(text: str) -> str:
    import nh3  # only for mappings that need it: starting is quicker without

    if not _TAG.search(text):
        return text  # else its signs would be escaped here, and once more by a field that takes HTML
    cleaned = nh3.clean(text, link_rel=None)
    return cleaned if "<" in cleaned or not cleaned.strip() else f"<p>{cleaned}</p>"


def _strip_html(call: Call, _around: Surroundings) -> Step:
    return plain(call, without_tags, python=True)


def _unescape(call: Call, _around: Surroundings) -> Step:
    return plain(call, unescaped, python=True)


MARKUP_TRANSFORMS = (
    Transform("markdown", "turns Markdown (with tables) into HTML", _markdown),
    Transform("html_clean", "drops scripts, styles, event handlers and unknown tags from HTML", _html_clean),
    Transform("strip_html", "keeps the text of HTML: entities resolved, block ends as blanks", _strip_html),
    Transform("unescape", "resolves HTML entities: `&amp;` is `&`", _unescape),
)
