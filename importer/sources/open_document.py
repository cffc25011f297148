"""Workbooks of LibreOffice and others in OpenDocument (.ods): an own reader, for its cells say all that they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import unescape

import polars as pl

from importer.model import Kind
from importer.sources.canonical import number_text
from importer.sources.document_cells import Cells, Kept
from importer.sources.markup import walk
from importer.sources.refusals import damaged, protected
from importer.sources.sheet import Column, Sheet, Tab

if TYPE_CHECKING:
    from importer.sources.archive import Archive

_CONTENT, _MANIFEST = "content.xml", "META-INF/manifest.xml"

_TABLE = re.compile(rb"<table:table\s([^>]*)>")
_ENDS = re.compile(rb"<(/?)table:table(?=[\s>/])[^>]*?(/?)>")
_HIDING = re.compile(
    rb'<style:style\s(?=[^>]*style:family="table")[^>]*style:name="([^"]*)"[^>]*>\s*'
    rb'<style:table-properties\s[^>]*table:display="false"'
)
_QUOTES = {"&quot;": '"', "&apos;": "'"}
_ATTRIBUTE = re.compile(rb'table:(name|style-name)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """An open workbook: its sheets, and how one of them is read."""

    tabs: tuple[Tab, ...]
    _content: bytes
    _name: str

    def read(self, place: int) -> Sheet:
        """Read a sheet by its place among the others. Raises SourceError if it is broken, or holds too much."""
        cells = Cells(self._name, self.tabs[place].name)
        odd = cells.take(_table(self._content, place, self._name))
        walk(odd, cells, self._name, _CONTENT, prefixes=True)
        height = 1 + max((kept.rows[-1] for kept in cells.columns.values()), default=-1)
        width = 1 + max(cells.columns, default=-1)
        empty = Column(pl.Series([None] * height, dtype=pl.String))
        return Sheet(
            tuple(_column(cells.columns[at], height) if at in cells.columns else empty for at in range(width)),
            hidden_rows=tuple(cells.hidden_rows),
            hidden_columns=frozenset(at for at in cells.hidden_columns if at < width),
            merged=tuple(cells.merged),
            links=cells.links,
            worked_out=tuple(cells.worked_out),
            percents=frozenset(cells.percents),
        )


def open_document(archive: Archive) -> OpenDocument:
    """List the sheets. Raises SourceError if the file wants a password, or is no workbook."""
    if archive.has(_MANIFEST) and b"encryption-data" in archive.read(_MANIFEST):
        raise protected(archive.name)
    content = archive.read_xml(_CONTENT)
    hiding = {style.decode(errors="replace") for style in _HIDING.findall(content)}
    tabs = []
    for table in _TABLE.finditer(content):
        pairs = [(key.decode(), value.decode(errors="replace")) for key, value in _ATTRIBUTE.findall(table[1])]
        told = {key: unescape(value, _QUOTES) for key, value in pairs}
        tabs.append(Tab(told.get("name", ""), told.get("style-name", "") not in hiding))
    return OpenDocument(tuple(tabs), content, archive.name)


def _table(content: bytes, place: int, name: str) -> bytes:
    """Cut the XML of one table out; a table in a cell of another is part of that one."""
    start = [each.start() for each in _TABLE.finditer(content)][place]
    depth = 0
    for tag in _ENDS.finditer(content, start):
        if tag[1]:
            depth -= 1
        elif not tag[2]:
            depth += 1
        if depth <= 0:
            return content[start : tag.end()]
    raise damaged(name, f"its part {_CONTENT} ends too early")


def _column(kept: Kept, height: int) -> Column:
    """Put the cells of a column where they stand."""
    blank = pl.Series([None] * height, dtype=pl.String)
    texts = blank.scatter(kept.rows, pl.Series(kept.texts, dtype=pl.String))
    if not kept.kinds:
        return Column(texts)
    kinds = pl.zeros(height, pl.UInt8, eager=True).scatter(list(kept.kinds), list(kept.kinds.values()))
    number = number_text(pl.col("text").cast(pl.Float64, strict=False))
    written = pl.when(pl.col("kind") == Kind.NUMBER).then(number).otherwise("text")
    made = pl.DataFrame({"text": texts, "kind": kinds}).select(pl.coalesce(written, "text").alias("text"))
    return Column(made.get_column("text"), kinds)
