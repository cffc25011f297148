"""Cells of Open XML sheets: what is no text is marked in the XML, so that one reading as texts tells what each was.

`fastexcel` gives numbers as text with nine decimals, gives nothing for errors and for formulas without a result, and
knows of no number formats. So before it reads a sheet, each such cell is made a text cell: a mark, a letter for what
it was, its style, and its value as it stands in the file. What the texts then say is written out by polars.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import polars as pl

from importer.model import Kind
from importer.sources.canonical import days_cell, days_elapsed, duration_text, number_text
from importer.sources.number_formats import PLAIN, NumberFormat, Reads, fits, padded_text
from importer.sources.sheet import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

_MARK = "\x01"
"""Begins the text of a marked cell; XML cannot hold it, and who smuggles it in has typed a cell and no more."""

_ATTRIBUTES = (
    rb'(?: r="(?P<place>[A-Z]{1,3}[0-9]{1,7})")?(?: s="(?P<style>[0-9]{1,6})")?(?: t="(?P<kind>[bden])")?'
    rb'(?: (?:cm|vm|ph)="[^"]*")*\s*'
)
_CELL = (
    rb"<@c" + _ATTRIBUTES + rb"(?:/>|>\s*(?P<formula><@f(?:\s[^>]*)?(?:/>|>(?P<code>[^<]*)</@f>)\s*)?"
    rb"(?:(?:<@v\s*/>|<@v></@v>)?\s*(?P<end></@c>)|<@v(?:\s[^>/]*)?>))"
)
"""A cell whose value is no text, up to its value; or all of it, where it has none."""

_TEXT_CELLS = (b' t="s"', b' t="str"', b' t="inlineStr"')


@lru_cache(maxsize=8)
def _pattern(prefix: bytes) -> re.Pattern[bytes]:
    return re.compile(_CELL.replace(b"@", prefix))


def mark_cells(rows: bytes, prefix: bytes) -> bytes | None:
    """Mark the cells of a sheet (the content of `sheetData`), and leave out empty ones.

    Gives None where not each cell is written as programs usually write them; `usual` writes them so.
    """
    if b"<!" in rows:
        return None
    opening = b"<" + prefix + b"c"
    text = opening + b' r="%b" t="str"><' + prefix + b"v>\x01%b%b;"
    unplaced = opening + b' t="str"><' + prefix + b"v>\x01%b%b;"
    closing = b"</" + prefix + b"v></" + prefix + b"c>"

    def mark(cell: re.Match[bytes]) -> bytes:
        place, style, kind, formula, code, end = cell.groups()
        if end is None and not cell[0].endswith(b"/>"):
            values = (kind or b"n", style or b"")
            return text % (place, *values) if place else unplaced % values
        if kind == b"e":
            last = b"#ERROR!"
        elif formula is not None and kind in {None, b"n"}:
            kind, last = b"f", code or b""
        else:
            return b"" if place else cell[0]
        return (text % (place, kind, b"") if place else unplaced % (kind, b"")) + last + closing

    marked, count = _pattern(prefix).subn(mark, rows)
    texts = sum(rows.count(each) for each in _TEXT_CELLS)
    return marked if count + texts == rows.count(opening) else None


@dataclass(frozen=True, slots=True)
class Reading:
    """How the marked cells of a workbook read: the formats of its styles by their numbers, and its calendar."""

    styles: Sequence[NumberFormat]
    since_1904: bool

    def column(self, texts: pl.Series) -> Column:
        """Write each cell's canonical text, and its kind."""
        marked = texts.str.starts_with(_MARK).fill_null(value=False)
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
        heads = texts.filter(texts.str.starts_with(_MARK + "n")).str.extract(r"^..([0-9]*);").unique()
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


@dataclass(slots=True)
class Usual:
    """Writes the cells of a sheet as most programs do: no prefixes, no CDATA, attributes in one order, each placed."""

    pieces: list[str] = field(default_factory=list)
    inside: bool = False
    row: int = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Write the beginning of an element, if it stands in the rows."""
        if not self.inside:
            self.inside = tag == "sheetData"
            return
        kept: dict[str, str] = attributes
        if tag == "row":
            self.row = int(attributes["r"]) if attributes.get("r", "").isdecimal() else self.row + 1
            kept = {"r": f"{self.row}", "hidden": attributes.get("hidden", "0")}
        elif tag == "c":
            kept = {key: attributes[key] for key in ("r", "s", "t") if key in attributes}
        else:
            kept = {}
        self.pieces.append(f"<{tag}{''.join(f' {key}={quoteattr(value)}' for key, value in kept.items())}>")

    def end(self, tag: str) -> None:
        """Write its end."""
        if tag == "sheetData":
            self.inside = False
        elif self.inside:
            self.pieces.append(f"</{tag}>")

    def text(self, piece: str) -> None:
        """Write text."""
        if self.inside:
            self.pieces.append(escape(piece))
