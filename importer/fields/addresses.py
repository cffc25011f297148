"""Addresses: what counts as one on the web, and where a relative one leads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import polars as pl

from importer.fields.terms import once_each
from importer.schema.evaluation import first_reading

if TYPE_CHECKING:
    from collections.abc import Mapping

_LABEL = r"""[^\s\x00-\x20\x7f/?#@:.,;!'"`()\[\]<>\\^{}|%*&=+$~]+"""
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])"
_REST = r'[/?#][^\s\x00-\x20\x7f<>"\\^`{|}]*'
_WEB = rf"^(?i:https?)://(?:[^\s/?#@\[\]<>]*@)?{_HOST}(?::[0-9]{{1,5}})?(?:{_REST})?$"
_PLAIN_WEB = (
    r"^https?://[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*(?::[0-9]{1,5})?(?:[/?#][A-Za-z0-9/._~?#=&%+,;:@!$'()*\-]*)?$"
)
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
    return first_reading(text, (_plain, _encoded), pl.String)


def file_address(text: pl.Expr) -> pl.Expr:
    """Give the address of a file (String), brackets percent-encoded as well: Webflow fails to load them otherwise."""
    return first_reading(text, (_plain, lambda left: _encoded(left, {"[": "%5B", "]": "%5D"})), pl.String)


def other_link(text: pl.Expr) -> pl.Expr:
    """Give a `mailto:`, `tel:` or `sms:` address (String), null if it is none."""
    bare = text.str.strip_chars()
    number = bare.str.contains(r"^(?i:tel|sms):")
    address = pl.when(number).then(bare.str.replace_all(r"\s", "")).otherwise(bare)
    return pl.when(address.str.contains(_OTHER_LINK)).then(address)


def _plain(text: pl.Expr) -> pl.Expr:
    """Take an address of which nothing needs to be encoded, as nearly all are."""
    return pl.when(text.str.contains(_PLAIN_WEB)).then(text)


def _encoded(text: pl.Expr, more: Mapping[str, str] | None = None) -> pl.Expr:
    address = text.str.strip_chars()
    for sign, code in {" ": "%20", **(more or {})}.items():
        address = address.str.replace_all(sign, code, literal=True)
    return pl.when(address.str.contains(_WEB)).then(address)


def joined(text: pl.Expr, base_url: str | None, *, any_path: bool) -> pl.Expr:
    """Join relative addresses to `base_url` (String): those with a leading `/` or `.`, or with `any_path` all."""
    bare = text.str.strip_chars()
    if base_url is None:
        return bare
    scheme, host, folder, *_ = urlsplit(base_url)
    folder = f"{scheme}://{host}{folder.rpartition('/')[0]}/"
    relative = r"^" if any_path else r"^[/.]"

    def whole(text: pl.Expr) -> pl.Expr:
        return pl.when(text.str.contains(_SCHEME) | ~text.str.contains(relative) | (text == "")).then(text)

    def rooted(text: pl.Expr) -> pl.Expr:
        return pl.when(text.str.contains(r"^/[^/]")).then(pl.lit(f"{scheme}://{host}") + text)

    def below(text: pl.Expr) -> pl.Expr:
        return pl.when(text.str.contains(r"^[^/.?#][^?#]*$") & ~text.str.contains("/.", literal=True)).then(
            pl.lit(folder) + text
        )

    def elsewhere(text: pl.Expr) -> pl.Expr:
        return pl.coalesce(once_each(text, lambda path: _join(base_url, path)), text)

    return first_reading(bare, (whole, rooted, below, elsewhere), pl.String)


def with_scheme(wrong: pl.Expr) -> pl.Expr:
    """Suggest `https://` for what looks like an address without it (String, else null)."""
    bare = wrong.str.contains(_BARE + rf"(?:{_REST})?$") & ~wrong.str.contains(_FILE_NAME)
    whole = pl.when(wrong.str.contains(r"^//[^/]")).then(pl.lit("https:") + wrong)
    return web_address(whole.when(bare).then(pl.lit("https://") + wrong))


def with_any_scheme(wrong: pl.Expr) -> pl.Expr:
    """Suggest `https://` or `mailto:` (String, else null)."""
    return pl.when(wrong.str.contains(_EMAIL)).then(pl.lit("mailto:") + wrong).otherwise(with_scheme(wrong))


def joined_in_html(html: pl.Expr, base_url: str | None) -> pl.Expr:
    """Join the relative addresses of `src` and `href` inside HTML to `base_url` (String)."""
    if base_url is None:
        return html

    origin = "{}://{}".format(*urlsplit(base_url)[:2])

    def whole(found: re.Match[str]) -> str:
        quote, address = found[2][0], found[2][1:-1]
        if _ABSOLUTE.match(address):
            return found[0]
        rooted = address.startswith("/") and address[1:2] not in {"/", ""} and "/." not in address
        return f"{found[1]}{quote}{origin + address if rooted else _join(base_url, address) or address}{quote}"

    def rewrite(text: str) -> str:
        return _IN_HTML.sub(whole, text)

    def linked(text: pl.Expr) -> pl.Expr:
        return once_each(pl.when(text.str.contains(r"(?i)\s(?:src|href)\s*=")).then(text), rewrite)

    return first_reading(html, (linked, lambda text: text), pl.String)


def _join(base_url: str, path: str) -> str | None:
    try:
        return urljoin(base_url, path.strip())
    except ValueError:  # such as "//[": no address at all, which the caller then refuses
        return None
