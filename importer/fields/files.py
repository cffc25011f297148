"""Image, MultiImage, File and ExtFileRef: public addresses that Webflow loads, with the alt text of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from importer.fields.addresses import file_address, joined, with_scheme
from importer.fields.terms import (
    Coerced,
    Context,
    all_read,
    parts_of,
    recognised,
    split,
    wrong_parts,
)
from importer.model import Cell, Check

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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

_ENDING = r"^[^?#]*/[^/?#]*\.([0-9A-Za-z]+)(?:[?#].*)?$"


def coerce_file(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:
    """Take the address of one image or file (Struct of url and alt)."""
    url = _reader(field, context)(cell.value)
    alt = pl.lit(None, pl.String) if cell.alt is None else _said(cell.alt)
    value = pl.when(url.is_not_null()).then(pl.struct(url.alias("url"), alt.alias("alt")))
    return recognised("file_invalid", cell, out, value, _suggested, _facts(field))


def coerce_images(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:
    """Take the addresses of several images (List of Struct of url and alt); one bad one spoils them all."""
    read = _reader(field, context)
    parts = parts_of(cell)
    urls = all_read(parts, read)
    alts = None if cell.alt is None else cell.alt if cell.many else split(cell.alt)
    if alts is None:
        lone = pl.struct(pl.element().alias("url"), pl.lit(None, pl.String).alias("alt"))
        value = urls.list.drop_nulls().list.eval(lone)
    else:
        value = pl.map_batches([urls, alts], _paired, return_dtype=pl.List(PAIR))
    wrong = wrong_parts(parts, out, read)
    return Coerced(value, (Check("file_invalid", wrong.is_not_null(), wrong, facts=_facts(field)),))


def _reader(field: Field, context: Context) -> Callable[[pl.Expr], pl.Expr]:
    """Make the function from text to a file's address."""
    refused = _refused_extensions(field)

    def read(text: pl.Expr) -> pl.Expr:
        url = file_address(joined(text, context.base_url, any_path=True))
        if not refused:
            return url
        return pl.when(~url.str.extract(_ENDING, 1).str.to_lowercase().is_in(refused).fill_null(value=False)).then(url)

    return read


def _accepted(field: Field) -> frozenset[str]:
    """Give the endings that a field takes, jpg and jpeg being one; none means any."""
    named = {ending.strip().lstrip(".").lower() for ending in field.limits.accepted_extensions} - {""}
    return frozenset(named | {"jpg", "jpeg"} if named & {"jpg", "jpeg"} else named)


def _refused_extensions(field: Field) -> list[str]:
    accepted = _accepted(field)
    return sorted(KNOWN_EXTENSIONS - accepted) if accepted else []


def _facts(field: Field) -> dict[str, str | int | float]:
    accepted = sorted(_accepted(field))
    return {"accepted": f", which takes {', '.join(accepted)}"} if accepted else {}


def _said(alt: pl.Expr) -> pl.Expr:
    """Give an alt text without outer blanks, null where it says nothing."""
    bare = alt.str.strip_chars()
    return pl.when(bare != "").then(bare)


def _suggested(wrong: pl.Expr) -> pl.Expr:
    """Suggest `https://` where a path follows what looks like a domain; a file's name looks like one too."""
    return pl.when(wrong.str.contains("/", literal=True)).then(with_scheme(wrong))


def _paired(columns: Sequence[pl.Series]) -> pl.Series:
    """Put alt texts beside their images: both lists keep step, places without an image fall away."""
    urls, alts = columns
    frame = pl.DataFrame({"url": urls, "alt": alts}).with_row_index("at")
    places = pl.int_ranges(pl.col("url").list.len().fill_null(0))
    level = frame.with_columns(pl.col("alt").list.gather(places, null_on_oob=True))
    pairs = (
        level.explode("url", "alt")
        .filter(pl.col("url").is_not_null())
        .with_columns(_said(pl.col("alt")))
        .group_by("at", maintain_order=True)
        .agg(pl.struct("url", "alt").alias("pairs"))
    )
    return frame.select("at").join(pairs, on="at", how="left", maintain_order="left").get_column("pairs")
