"""What marked cells say (see `marking`), written out by polars: canonical texts, and kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from importer.model import Kind
from importer.sources.canonical import days_cell, days_elapsed, duration_text, number_text
from importer.sources.marking import MARK
from importer.sources.number_formats import PLAIN, NumberFormat, Reads, fits, padded_text
from importer.sources.sheet import Column

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Reading:
    """How the marked cells of a workbook read: the formats of its styles by their numbers, and its calendar."""

    styles: Sequence[NumberFormat]
    since_1904: bool

    def column(self, texts: pl.Series) -> Column:
        """Write each cell's canonical text, and its kind."""
        marked = texts.str.starts_with(MARK).fill_null(value=False)
        if not marked.any():
            return Column(texts)
        parts = pl.col("text").str.slice(1).str.splitn(";", 2).struct
        cells = pl.DataFrame({"text": texts, "marked": marked}).with_columns(
            head=pl.when("marked").then(parts.field("field_0")), raw=pl.when("marked").then(parts.field("field_1"))
        )
        by_format: dict[tuple[str, NumberFormat], list[str]] = {}
        for head in sorted(cells.get_column("head").drop_nulls().unique().to_list()):
            by_format.setdefault((head[:1], self._format(head)), []).append(head)
        cells = cells.with_columns(number=pl.col("raw").cast(pl.Float64, strict=False)).with_columns(
            number=pl.when(pl.col("number").is_finite()).then("number")
        )
        text, kind = pl.col("text"), pl.lit(int(Kind.TEXT))
        for (letter, form), heads in by_format.items():
            here = pl.col("head").is_in(heads)
            written, meant = self._written(letter, form)
            text, kind = pl.when(here).then(written).otherwise(text), pl.when(here).then(meant).otherwise(kind)
        made = cells.select(text=text, kind=kind.cast(pl.UInt8))
        return Column(made.get_column("text"), made.get_column("kind"))

    def percent(self, texts: pl.Series) -> bool:
        """Tell whether a column has numbers that are shown as percent."""
        if not any(each.reads is Reads.PERCENT for each in self.styles):
            return False
        heads = texts.filter(texts.str.starts_with(MARK + "n")).str.extract(r"^..([0-9]*);").unique()
        return any(self._format(f"n{head or ''}").reads is Reads.PERCENT for head in heads.to_list())

    def _format(self, head: str) -> NumberFormat:
        """Give the format of a style; style 0 is the usual one."""
        letter, number = head[:1], head[1:]
        if letter != "n" or not number.isdecimal():
            return PLAIN
        return self.styles[int(number)] if int(number) < len(self.styles) else PLAIN

    def _written(self, letter: str, form: NumberFormat) -> tuple[pl.Expr, pl.Expr]:
        """Give text and kind of cells with one letter and one format."""
        raw, number = pl.col("raw"), pl.col("number")
        match letter:
            case "b":
                return pl.when(raw == "0").then(pl.lit("FALSE")).otherwise(pl.lit("TRUE")), pl.lit(int(Kind.BOOLEAN))
            case "e":
                return raw, pl.lit(int(Kind.ERROR))
            case "f":
                return pl.lit("=") + raw, pl.lit(int(Kind.ERROR))
            case "d":
                dated = raw.str.contains(r"^[0-9]{4}-")
                return raw.str.replace(r"T00:00:00(?:\.0+)?$", ""), _kind(dated, Kind.DATE)
        is_number = number.is_not_null()
        text, kind = _WRITERS[form.reads](form, since_1904=self.since_1904)
        return pl.when(is_number).then(text).otherwise(raw), pl.when(is_number).then(kind).otherwise(int(Kind.TEXT))


def _as_number(_: NumberFormat, *, since_1904: bool) -> tuple[pl.Expr, pl.Expr]:  # noqa: ARG001 - one of five
    return number_text(pl.col("number")), pl.lit(int(Kind.NUMBER))


def _as_padded(form: NumberFormat, *, since_1904: bool) -> tuple[pl.Expr, pl.Expr]:  # noqa: ARG001 - one of five
    """Write what is shown: leading zeros make an identifier of a number."""
    number = pl.col("number")
    shown = fits(number)
    text = pl.when(shown).then(padded_text(pl.when(shown).then(number), form.pattern))
    return text.otherwise(number_text(number)), _kind(~shown, Kind.NUMBER)


def _as_elapsed(_: NumberFormat, *, since_1904: bool) -> tuple[pl.Expr, pl.Expr]:  # noqa: ARG001 - one of five
    return duration_text(days_elapsed(pl.col("number"))), pl.lit(int(Kind.TEXT))


def _as_date(_: NumberFormat, *, since_1904: bool) -> tuple[pl.Expr, pl.Expr]:
    return days_cell(pl.col("number"), since_1904=since_1904)


_WRITERS = {
    Reads.NUMBER: _as_number,
    Reads.PERCENT: _as_number,
    Reads.PADDED: _as_padded,
    Reads.ELAPSED: _as_elapsed,
    Reads.DATE: _as_date,
}


def _kind(where: pl.Expr, kind: Kind) -> pl.Expr:
    return pl.when(where).then(int(kind)).otherwise(int(Kind.TEXT))
