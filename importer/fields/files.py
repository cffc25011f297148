"""Image, MultiImage, File and ExtFileRef: public addresses that Webflow loads, with the alt text of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from importer.fields.addresses import file_address, joined, with_scheme
from importer.fields.parts import alts_of, parts_of, read_parts, wrong_parts
from importer.fields.terms import (
    Coerced,
    Context,
    Facts,
    recognised,
)
from importer.model import Cell, Check
from importer.schema.evaluation import staged

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.schema import Field

PAIR = pl.Struct({"url": pl.String, "alt": pl.String})
"""The value of one image or file."""

KNOWN_EXTENSIONS = frozenset(
    """
    jpg jpeg png gif svg webp avif bmp tif tiff heic heif ico psd ai eps
    pdf doc docx xls xlsx ppt pptx odt ods odp txt csv rtf json xml zip rar 7z gz
    mp3 mp4 m4a m4v mov avi wav ogg webm mkv
    """.split()  # noqa: SIM905 - words read better as a text than as a column of quotes
)
"""Endings that tell a kind of file; any other (`.php`, `.v2`) tells nothing."""


def coerce_file(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:
    """Take the address of one image or file (Struct of url and alt)."""
    read = _reader(field, context)
    url = pl.col("url")
    alt = pl.lit(None, pl.String) if cell.alt is None else pl.col("alt").str.strip_chars().replace("", None)
    stages = (
        {"url": read(pl.col("text"))},
        {"file": pl.when(url.is_not_null()).then(pl.struct(url, alt.alias("alt")))},
    )
    value = staged({"text": cell.value, "alt": cell.alt}, stages, PAIR)
    return recognised("file_invalid", cell, out, value, _suggested, _facts(field))


def coerce_images(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:
    """Take the addresses of several images (List of Struct of url and alt); one bad one spoils them all."""
    read = _reader(field, context)
    parts, alts = parts_of(cell), alts_of(cell)
    alt = pl.lit(None, pl.String) if alts is None else pl.col("alt")
    pairs = pl.struct(pl.col("read").alias("url"), alt.alias("alt"))
    wrong = wrong_parts(parts, out, read)
    checks = (Check("file_invalid", wrong.is_not_null(), wrong, facts=_facts(field)),)
    return Coerced(read_parts(parts, read, pairs, pl.List(PAIR), alts=alts), checks)


def _reader(field: Field, context: Context) -> Callable[[pl.Expr], pl.Expr]:
    """Make the function from text to a file's address."""
    refused = _refused_extensions(field)
    pattern = rf"^[^?#]*/[^/?#]*\.(?i:{'|'.join(refused)})(?:[?#].*)?$"

    def read(text: pl.Expr) -> pl.Expr:
        url = file_address(joined(text, context.base_url, any_path=True))
        if not refused:
            return url
        kept = pl.when(~pl.col("url").str.contains(pattern)).then(pl.col("url"))
        return staged({"url": url}, ({"kept": kept},), pl.String)

    return read


def _accepted(field: Field) -> frozenset[str]:
    """Give the endings that a field takes, jpg and jpeg being one; none means any."""
    named = {ending.strip().lstrip(".").lower() for ending in field.limits.accepted_extensions} - {""}
    return frozenset(named | {"jpg", "jpeg"} if named & {"jpg", "jpeg"} else named)


def _refused_extensions(field: Field) -> list[str]:
    accepted = _accepted(field)
    return sorted(KNOWN_EXTENSIONS - accepted) if accepted else []


def _facts(field: Field) -> Facts:
    accepted = sorted(_accepted(field))
    return {"accepted": f" (it takes {', '.join(accepted)})"} if accepted else {}


def _suggested(wrong: pl.Expr) -> pl.Expr:
    """Suggest `https://` where a path follows what looks like a domain; a file's name looks like one too."""
    return pl.when(wrong.str.contains("/", literal=True)).then(with_scheme(wrong))
