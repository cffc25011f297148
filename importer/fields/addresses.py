"""Addresses: what counts as one on the web, and where a relative one leads."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

import polars as pl

from importer.fields.terms import once_each

_LABEL = r"""[^\s\x00-\x20\x7f/?#@:.,;!'"`()\[\]<>\\^{}|%*&=+$~]+"""
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])"
_REST = r'[/?#][^\s\x00-\x20\x7f<>"\\^`{|}]*'
_WEB = rf"^(?i:https?)://(?:[^\s/?#@\[\]<>]*@)?{_HOST}(?::[0-9]{{1,5}})?(?:{_REST})?$"
_OTHER_LINK = (
    r"^(?:(?i:mailto):[^\s@<>]+@[^\s@<>]+"
    r"|(?i:tel|sms):[+]?[0-9(][0-9().\-/*#]*(?:[;?][^\s<>]*)?)$"
)
_SCHEME = r"^[A-Za-z][A-Za-z0-9+.\-]*:"
_BARE = r"^(?:[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,24}(?::[0-9]{1,5})?"
_FILE_NAME = r"^[^/]*\.(?i:html?|php|aspx?|pdf|docx?|xlsx?|txt|jpe?g|png|gif|webp|svg|avif|mp4|mov|zip)$"
_EMAIL = r"^[^\s@<>()]+@[^\s@<>()]+\.[A-Za-z]{2,}$"
_IN_HTML = re.compile(r"""(<[a-zA-Z][^<>]*?\s(?:src|href)\s*=\s*)("[^"]*"|'[^']*')""", re.IGNORECASE)
_ABSOLUTE = re.compile(r"\s*(?:[a-z][a-z0-9+.\-]*:|#|$)", re.IGNORECASE)


def web_address(text: pl.Expr) -> pl.Expr:
    """Give a trimmed text as an http or https address with a host (String), blanks as `%20`; null if it is none."""
    address = text.str.strip_chars().str.replace_all(" ", "%20", literal=True)
    return pl.when(address.str.contains(_WEB)).then(address)


def file_address(text: pl.Expr) -> pl.Expr:
    """Give the address of a file (String), brackets percent-encoded as well: Webflow fails to load them otherwise."""
    address = text.str.strip_chars().str.replace_all("[", "%5B", literal=True).str.replace_all("]", "%5D", literal=True)
    return web_address(address)


def other_link(text: pl.Expr) -> pl.Expr:
    """Give a `mailto:`, `tel:` or `sms:` address (String), null if it is none."""
    bare = text.str.strip_chars()
    number = bare.str.contains(r"^(?i:tel|sms):")
    address = pl.when(number).then(bare.str.replace_all(r"\s", "")).otherwise(bare)
    return pl.when(address.str.contains(_OTHER_LINK)).then(address)


def joined(text: pl.Expr, base_url: str | None, *, any_path: bool) -> pl.Expr:
    """Join relative addresses to `base_url` (String): those with a leading `/` or `.`, or with `any_path` all."""
    bare = text.str.strip_chars()
    if base_url is None:
        return bare
    scheme, host, *_ = urlsplit(base_url)
    relative = ~bare.str.contains(_SCHEME) if any_path else bare.str.contains(r"^[/.]")
    rooted = bare.str.contains(r"^/[^/]")
    elsewhere = pl.when(relative & ~rooted & (bare != "")).then(bare)
    return (
        pl.when(rooted)
        .then(pl.lit(f"{scheme}://{host}") + bare)
        .otherwise(pl.coalesce(once_each(elsewhere, lambda path: _join(base_url, path)), bare))
    )


def with_scheme(wrong: pl.Expr) -> pl.Expr:
    """Suggest `https://` for what looks like an address without it (String, else null)."""
    bare = wrong.str.contains(_BARE + rf"(?:{_REST})?$") & ~wrong.str.contains(_FILE_NAME)
    return (
        pl.when(wrong.str.contains(r"^//[^/]"))
        .then(pl.lit("https:") + wrong)
        .when(bare)
        .then(pl.lit("https://") + wrong)
    )


def with_any_scheme(wrong: pl.Expr) -> pl.Expr:
    """Suggest `https://` or `mailto:` (String, else null)."""
    return pl.when(wrong.str.contains(_EMAIL)).then(pl.lit("mailto:") + wrong).otherwise(with_scheme(wrong))


def joined_in_html(html: pl.Expr, base_url: str | None) -> pl.Expr:
    """Join the relative addresses of `src` and `href` inside HTML to `base_url` (String)."""
    if base_url is None:
        return html

    def rewrite(text: str) -> str:
        return _IN_HTML.sub(lambda found: found[1] + _quoted_join(base_url, found[2]), text)

    linked = html.str.contains(r"(?i)\s(?:src|href)\s*=")
    return pl.coalesce(once_each(pl.when(linked).then(html), rewrite), html)


def _quoted_join(base_url: str, quoted: str) -> str:
    quote, address = quoted[0], quoted[1:-1]
    return quoted if _ABSOLUTE.match(address) else f"{quote}{_join(base_url, address) or address}{quote}"


def _join(base_url: str, path: str) -> str | None:
    try:
        return urljoin(base_url, path.strip())
    except ValueError:  # such as "//[": no address at all, which the caller then refuses
        return None
