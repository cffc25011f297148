"""The collection of odd workbooks: each is written by a few lines that stand beside what it must read as."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from importer.model import Kind, SourceOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Cell = str | tuple[str, Kind] | None

MADE = Path(__file__).parent / "books"
"""Workbooks that only LibreOffice can write; `books/make.py` has it do so."""


def number(text: str) -> Cell:
    """Expect a number."""
    return text, Kind.NUMBER


def date(text: str) -> Cell:
    """Expect a date."""
    return text, Kind.DATE


def truth(text: str) -> Cell:
    """Expect a boolean."""
    return text, Kind.BOOLEAN


def error(text: str) -> Cell:
    """Expect an error, or a formula without its result."""
    return text, Kind.ERROR


@dataclass(frozen=True, slots=True)
class Book:
    """An odd workbook, and what reading it must give: rows (with their numbers), or a complaint."""

    file: str
    write: Callable[[Path], object]
    options: SourceOptions
    columns: tuple[str, ...] = ()
    rows: Mapping[int, Sequence[Cell]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    detected: str = ""
    complaint: str = ""


BOOKS: list[Book] = []


def reads(
    file: str,
    columns: str,
    rows: Mapping[int, Sequence[Cell]],
    *,
    options: SourceOptions | None = None,
    notes: tuple[str, ...] = (),
    detected: str = "",
) -> Callable[[Callable[[Path], object]], Callable[[Path], object]]:
    """Say what a workbook reads as: columns (`a|b`), rows, the beginnings of all notes, a part of `detected`."""

    def register(write: Callable[[Path], object]) -> Callable[[Path], object]:
        names = tuple(columns.split("|"))
        BOOKS.append(Book(file, write, options or SourceOptions(), names, rows, notes, detected))
        return write

    return register


def complains(
    file: str, complaint: str, *, options: SourceOptions | None = None
) -> Callable[[Callable[[Path], object]], Callable[[Path], object]]:
    """Say with what sentence a workbook is refused."""

    def register(write: Callable[[Path], object]) -> Callable[[Path], object]:
        BOOKS.append(Book(file, write, options or SourceOptions(), complaint=complaint))
        return write

    return register


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def relations(*targets: str) -> str:
    """Write a part of relations: each `Id kind target`, or `Id hyperlink address`."""
    links = []
    for target in targets:
        identity, kind, where = target.split(" ", 2)
        mode = ' TargetMode="External"' if kind == "hyperlink" else ""
        links.append(f'<Relationship Id="{identity}" Type="{RELATED}/{kind}" Target="{where}"{mode}/>')
    return f'<Relationships xmlns="{PACKAGE}">{"".join(links)}</Relationships>'


def page(rows: str, *, before: str = "", behind: str = "") -> str:
    """Write the part of a sheet."""
    return f'<worksheet xmlns="{MAIN}" xmlns:r="{RELATED}">{before}<sheetData>{rows}</sheetData>{behind}</worksheet>'


def strings(*items: str) -> str:
    """Write the part of shared strings, each the content of an `si`."""
    return f'<sst xmlns="{MAIN}">{"".join(f"<si>{item}</si>" for item in items)}</sst>'


def styles(*formats: str | int) -> str:
    """Write a part of styles: style 0 is plain, the next ones have these formats (a number is a built-in one)."""
    codes = "".join(
        f'<numFmt numFmtId="{164 + at}" formatCode="{code.replace(chr(34), "&quot;").replace("<", "&lt;")}"/>'
        for at, code in enumerate(formats)
        if isinstance(code, str)
    )
    numbers = [164 + at if isinstance(code, str) else code for at, code in enumerate(formats)]
    xfs = "".join(f'<xf numFmtId="{each}"/>' for each in (0, *numbers))
    return f'<styleSheet xmlns="{MAIN}"><numFmts>{codes}</numFmts><cellXfs>{xfs}</cellXfs></styleSheet>'


def package(path: Path, sheet: str | bytes, *, properties: str = "", **parts: str | bytes) -> None:
    """Pack a workbook of one sheet, T; parts are `strings`, `styles`, `links` (relations of the sheet), `workbook`."""
    workbook = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{RELATED}">{properties}'
        '<sheets><sheet name="T" sheetId="1" r:id="r1"/></sheets></workbook>'
    )
    targets = ["r1 worksheet worksheets/sheet1.xml"]
    targets += [f"r{name} {kind} {name}.xml" for name, kind in _PARTS.items() if name in parts]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("_rels/.rels", relations("r1 officeDocument xl/workbook.xml"))
        file.writestr("xl/workbook.xml", parts.pop("workbook", workbook))
        file.writestr("xl/_rels/workbook.xml.rels", relations(*targets))
        file.writestr("xl/worksheets/sheet1.xml", sheet)
        for name, content in parts.items():
            file.writestr("xl/worksheets/_rels/sheet1.xml.rels" if name == "links" else f"xl/{name}.xml", content)


_PARTS = {"strings": "sharedStrings", "styles": "styles"}


def row(at: int, *cells: str, attributes: str = "") -> str:
    """Write a row of cells, each `attributes>content` after its reference: `t="b"><v>1</v>`, or a plain text."""
    made = []
    for place, cell in enumerate(cells):
        if cell:
            typed = cell if cell.startswith((">", "s=", "t=")) else f't="inlineStr"><is><t>{cell}</t></is>'
            made.append(f'<c r="{chr(65 + place)}{at}" {typed}</c>'.replace(f'{at}" >', f'{at}">'))
    return f'<row r="{at}"{attributes}>{"".join(made)}</row>'
