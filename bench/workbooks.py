"""Writes a workbook as Excel does (texts once, in a list of their own), row by row: 40 million cells take no memory."""

from __future__ import annotations

from datetime import date
from itertools import chain
from typing import IO, TYPE_CHECKING, TypeAlias
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Cell: TypeAlias = "str | float | bool | date"
"""What a cell holds; no text is no cell."""

_OPEN = "http://schemas.openxmlformats.org"
_MAIN = f'xmlns="{_OPEN}/spreadsheetml/2006/main"'
_LINKS = f"{_OPEN}/officeDocument/2006/relationships"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DAY_0 = date(1899, 12, 30)

_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_OPEN}/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPES}.sharedStrings+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_OPEN}/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_OPEN}/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_LINKS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_LINKS}/styles" Target="styles.xml"/>'
    f'<Relationship Id="rId3" Type="{_LINKS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_LINKS}">'
    '<sheets><sheet name="Products" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/styles.xml": f'<styleSheet {_MAIN}><fonts count="1"><font/></fonts>'
    '<fills count="1"><fill><patternFill/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}
"""All but the sheet and its texts; format 14 is that of days."""


def write_workbook(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a workbook of one sheet."""
    texts: dict[str, int] = {}
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=1) as book:
        for name, content in _PARTS.items():
            book.writestr(name, content)
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as out:
            _write_sheet(out, chain([header], rows), texts)
        with book.open("xl/sharedStrings.xml", "w", force_zip64=True) as out:
            _write_texts(out, texts)


def _write_sheet(out: IO[bytes], rows: Iterable[Sequence[Cell]], texts: dict[str, int]) -> None:
    out.write(f"<worksheet {_MAIN}><sheetData>".encode())
    letters: list[str] = []
    for number, row in enumerate(rows, 1):
        letters = letters or [_letters(place) for place in range(len(row))]
        cells = "".join(
            _cell(f"{letter}{number}", cell, texts) for letter, cell in zip(letters, row, strict=True) if cell != ""
        )
        out.write(f'<row r="{number}">{cells}</row>'.encode())
    out.write(b"</sheetData></worksheet>")


def _cell(place: str, cell: Cell, texts: dict[str, int]) -> str:
    if isinstance(cell, str):
        return f'<c r="{place}" t="s"><v>{texts.setdefault(cell, len(texts))}</v></c>'
    if isinstance(cell, bool):
        return f'<c r="{place}" t="b"><v>{cell:d}</v></c>'
    if isinstance(cell, date):
        return f'<c r="{place}" s="1"><v>{(cell - _DAY_0).days}</v></c>'
    return f'<c r="{place}"><v>{cell:.15g}</v></c>'


def _write_texts(out: IO[bytes], texts: Iterable[str]) -> None:
    out.write(f"<sst {_MAIN}>".encode())
    for text in texts:
        out.write(f"<si><t>{escape(text)}</t></si>".encode())
    out.write(b"</sst>")


def _letters(place: int) -> str:
    return (chr(64 + place // 26) if place >= 26 else "") + chr(65 + place % 26)
