"""Workbooks that cannot be read: broken, protected, or made to exhaust whoever opens them."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING

from importer.model import SourceOptions
from tests.sheets.binder import MADE, complains, package, page, relations, row, strings
from tests.sheets.books_of_programs import binary_workbook, open_document, told

if TYPE_CHECKING:
    from pathlib import Path

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ROWS = row(1, "a", "b") + row(2, "x", "><v>1.5</v>")


def plain(path: Path) -> bytes:
    """Write a plain workbook; give its bytes."""
    package(path, page(ROWS), strings=strings("<t>shared</t>"))
    return path.read_bytes()


def archive(path: Path, *parts: str) -> None:
    """Pack parts that are no workbook."""
    with zipfile.ZipFile(path, "w") as file:
        for part in parts:
            file.writestr(part, "text")


@complains("a.xlsx", "a.xlsx is protected by a password.")
def protected_by_excel(path: Path) -> None:
    """Excel packs a protected workbook into a file of the old kind."""
    path.write_bytes(OLE + bytes(500) + "EncryptedPackage".encode("utf-16-le") + bytes(500))


@complains("a.xlsx", "a.xlsx is protected by a password.")
def protected_by_a_packer(path: Path) -> None:
    """A packer can encrypt each part."""
    content = plain(path)
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        first = file.infolist()[0].header_offset
        assert content[first : first + 4] == b"PK\3\4"
    path.write_bytes(_flagged(content))


def _flagged(content: bytes) -> bytes:
    """Say of each entry that it is encrypted."""
    made = bytearray(content)
    for magic, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = content.find(magic)
        while place >= 0:
            made[place + at] |= 1
            place = content.find(magic, place + 4)
    return bytes(made)


@complains("a.ods", "a.ods is protected by a password.")
def protected_by_libreoffice(path: Path) -> None:
    """LibreOffice says in the list of parts that they are encrypted."""
    open_document(path, "", manifest="<manifest:encryption-data/>")


@complains("a.xls", "a.xls is protected by a password.")
def protected_old_workbook(path: Path) -> None:
    """Old workbooks say so in one of their first records."""
    content = (MADE / "articles.xls").read_bytes()
    begin = content.find(b"\x09\x08\x10\x00\x00\x06\x05\x00")  # the workbook's first record, of 16 bytes
    assert begin > 0
    after = begin + 20
    protection = struct.pack("<HHHHHI", 0x2F, 54, 1, 1, 1, 0) + bytes(46)
    path.write_bytes(content[:after] + protection + content[after + len(protection) :])


@complains("a.xlsx", "a.xlsx cannot be read as a workbook: its end is missing.")
def cut_off_at_its_end(path: Path) -> None:
    """A download that broke off."""
    path.write_bytes(plain(path)[:-30])


@complains("a.ods", "a.ods cannot be read as a workbook: its end is missing.")
def cut_off_in_the_middle(path: Path) -> None:
    """The same of an .ods."""
    path.write_bytes((MADE / "articles.ods").read_bytes()[:6000])


@complains("a.xls", "a.xls cannot be read as a workbook: it is damaged, or it is none (")
def cut_off_old_workbook(path: Path) -> None:
    """The same of an .xls."""
    path.write_bytes((MADE / "articles.xls").read_bytes()[:3000])


@complains("a.xlsx", "a.xlsx cannot be read as a workbook: it is damaged, or it is none (its part")
def bytes_changed(path: Path) -> None:
    """A bit fell over: what unpacks has another checksum."""
    content = bytearray(plain(path))
    with zipfile.ZipFile(path) as file:
        sheet = file.getinfo("xl/worksheets/sheet1.xml")
    content[sheet.header_offset + 30 + len(sheet.filename) + 20] ^= 0xFF
    path.write_bytes(content)


@complains("a.xlsx", "a.xlsx cannot be read as a workbook: it is damaged, or it is none (its part")
def xml_cut_off(path: Path) -> None:
    """The archive is whole, the XML in it is not."""
    package(path, page(ROWS)[:-200])


@complains("a.xlsx", "a.xlsx cannot be read as a workbook: it is damaged, or it is none (its part xl/workbook.xml:")
def no_xml_at_all(path: Path) -> None:
    """A part holds something else."""
    package(path, page(ROWS), workbook="{}")


@complains("a.xlsx", "a.xlsx cannot be read as a workbook: it is damaged, or it is none (it has no part xl/worksheets")
def sheet_missing(path: Path) -> None:
    """The list of sheets names a part that is not there."""
    plain(path)
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist() if "sheet1" not in name}
    with zipfile.ZipFile(path, "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)


@complains("a.xlsx", "a.xlsx cannot be read as a workbook: it is damaged, or it is none (")
def text_missing(path: Path) -> None:
    """A cell points to a shared text that is not there."""
    package(path, page(ROWS + row(3, 't="s"><v>7</v>')), strings=strings("<t>one</t>"))


@complains("a.xlsx", "a.xlsx cannot be read as a workbook: it is damaged, or it is none (")
def cell_of_an_unknown_kind(path: Path) -> None:
    """A type that nobody knows is no text by chance."""
    package(path, page(ROWS + row(3, 't="q"><v>7</v>')))


@complains("a.xlsx", "a.xlsx has no sheets.")
def no_sheets(path: Path) -> None:
    """A workbook without any."""
    package(path, page(ROWS), workbook="<workbook><sheets/></workbook>")


@complains("a.xlsx", "a.xlsx is not read: its part xl/worksheets/sheet1.xml would unpack to 3.0 GB, which no sheet")
def zip_bomb(path: Path) -> None:
    """What a small archive would unpack to is told by its list of parts, before it is unpacked."""
    content = bytearray(plain(path))
    size = struct.pack("<I", len(page(ROWS)))
    while (at := content.find(size)) >= 0:
        content[at : at + 4] = struct.pack("<I", 3_000_000_000)
    path.write_bytes(content)


@complains("a.xlsx", "a.xlsx cannot be read as a workbook: it is damaged, or it is none (its part xl/worksheets/sheet1")
def zip_bomb_that_lies(path: Path) -> None:
    """No more is unpacked than the list says."""
    blanks = page(ROWS + " " * 10_000_000)
    package(path, blanks)
    content, size = bytearray(path.read_bytes()), struct.pack("<I", len(blanks))
    while (at := content.find(size)) >= 0:
        content[at : at + 4] = struct.pack("<I", 1000)
    path.write_bytes(content)


@complains("a.xlsx", "a.xlsx is not read: it consists of 30,000 parts, and workbooks have some dozens.")
def crowd_of_parts(path: Path) -> None:
    """Thousands of parts take their time; here one and the same is listed again and again."""
    archive(path, "xl/workbook.xml")
    content = path.read_bytes()
    listed, end = content.find(b"PK\1\2"), content.find(b"PK\5\6")
    entry = content[listed:end]
    many = struct.pack("<HHII", 30_000, 30_000, 30_000 * len(entry), listed)
    path.write_bytes(content[:listed] + entry * 30_000 + content[end : end + 8] + many + b"\0\0")


BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>{}]>".format(
    "".join(f"<!ENTITY {name} '{f'&{before};' * 10}'>" for before, name in zip("abcdefgh", "bcdefghi", strict=True))
)


@complains("a.xlsx", "a.xlsx is not read: its part xl/worksheets/sheet1.xml declares a document type")
def xml_bomb_in_a_sheet(path: Path) -> None:
    """Entities that double ten times over: a document type is refused before anything is expanded."""
    package(path, BOMB + page(row(1, "a", "b") + row(2, "&i;")))


@complains("a.xlsx", "a.xlsx is not read: its part xl/strings.xml declares a document type")
def xml_bomb_in_the_texts(path: Path) -> None:
    """The same in the shared texts, in capitals or not, behind a comment."""
    package(path, page(ROWS), strings=f"<?xml version='1.0'?><!-- x -->{BOMB.lower()}" + strings("<t>&i;</t>"))


@complains("a.xlsx", "a.xlsx is not read: its part xl/workbook.xml declares a document type")
def xml_that_fetches(path: Path) -> None:
    """An entity that would read a file of this machine."""
    package(path, page(ROWS), workbook="<!DOCTYPE x SYSTEM 'file:///etc/passwd'><workbook/>")


@complains("a.ods", "a.ods is not read: its part content.xml declares a document type")
def xml_bomb_in_open_document(path: Path) -> None:
    """The same in an .ods."""
    archive(path, "mimetype")
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("content.xml", BOMB + "<x>&i;</x>")


@complains("a.xlsx", "a.xlsx cannot be read as a workbook: it is damaged, or it is none (")
def xml_nested_deeply(path: Path) -> None:
    """A hundred thousand elements in each other."""
    package(path, page(ROWS, behind="<x>" * 100_000))


@complains("a.ods", "a.ods (sheet 'T'): the table would reach to cell ")
def cells_repeated_beyond_measure(path: Path) -> None:
    """A cell of an .ods that says it stands there a milliard times."""
    many = 'table:number-rows-repeated="1000000"'
    cell = told("x", 'table:number-columns-repeated="1000"')
    open_document(path, f'<table:table table:name="T"><table:table-row {many}>{cell}</table:table-row></table:table>')


@complains("a.xlsb", "a.xlsb (sheet 'T'): the table would reach to cell XFD1048576")
def binary_cell_far_away(path: Path) -> None:
    """A stray cell in a binary workbook."""
    binary_workbook(path, corner=1_048_575)


@complains("a.ods", "a.ods cannot be read as a workbook: it is damaged, or it is none (its part content.xml: not well-")
def name_in_no_encoding(path: Path) -> None:
    """The name of a sheet has bytes that are no UTF-8 (found by fuzzing)."""
    cell = f"<table:table-row>{told('x')}</table:table-row>"
    open_document(path, f'<table:table table:name="caf\udce9">{cell}</table:table>')


@complains("a.xlsb", "a.xlsb (sheet 'T'): the table would reach to cell XFE2")
def columns_beyond_the_last(path: Path) -> None:
    """A column that no sheet has: the reader is slow beyond measure with thousands of columns (found by fuzzing)."""
    binary_workbook(path)
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    sheet = "xl/worksheets/sheet1.bin"
    parts[sheet] = parts[sheet].replace(b"\x03\0\0\0\0\0\0\0\1\0\0\0d", b"\0\x40\0\0\0\0\0\0\1\0\0\0d")
    with zipfile.ZipFile(path, "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)


@complains("a.xls", "a.xls cannot be read as a workbook: it is damaged, or it is none (a sheet says that it has more")
def old_workbook_of_any_size(path: Path) -> None:
    """An .xls that says that it has milliards of rows: the reader makes room for them (found by fuzzing)."""
    content = (MADE / "articles.xls").read_bytes()
    begin = content.find(b"\0\2\x0e\0")
    assert begin > 0
    path.write_bytes(content[: begin + 8] + b"\xff\xff\xff\x7f" + content[begin + 12 :])


@complains("a.xls", "a.xls cannot be read as a workbook: it is damaged, or it is none (it promises more texts than it")
def old_workbook_of_any_number_of_texts(path: Path) -> None:
    """The same for the texts that it shares."""
    content = (MADE / "articles.xls").read_bytes()
    begin = next(
        at for at in range(len(content)) if content[at : at + 2] == b"\xfc\0" and content[at + 8 : at + 12] < b"\xff"
    )
    path.write_bytes(content[: begin + 8] + b"\xff\xff\xff\x7f" + content[begin + 12 :])


@complains("a.xlsx", "a.xlsx cannot be read as a workbook: it is a text document.")
def text_document(path: Path) -> None:
    """A file of Word by another name."""
    archive(path, "word/document.xml")


@complains("a.xlsx", "a.xlsx cannot be read as a workbook: it is a document of Apple Numbers")
def document_of_numbers(path: Path) -> None:
    """A file of Numbers by another name."""
    archive(path, "Index/Document.iwa")


@complains("a.xlsx", "a.xlsx cannot be read as a workbook: it is damaged, or it is none (it has no list of sheets).")
def archive_of_something(path: Path) -> None:
    """Any other archive."""
    archive(path, "sheet.csv")


@complains("a.xlsx", "a.xlsx is called a new workbook, but it is an old one of Excel.")
def old_workbook_with_a_new_ending(path: Path) -> None:
    """An .xls by another name."""
    path.write_bytes((MADE / "articles.xls").read_bytes())


@complains("a.xls", "a.xls has no sheet 'Prices'.", options=SourceOptions(sheet="Prices"))
def old_workbook_without_the_sheet(path: Path) -> None:
    """Its sheets are named too."""
    path.write_bytes((MADE / "articles.xls").read_bytes())


@complains("a.xlsb", "a.xlsb cannot be read as a workbook: it is damaged, or it is none (")
def binary_workbook_without_its_book(path: Path) -> None:
    """A list of sheets that is none."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("_rels/.rels", relations("r1 officeDocument xl/workbook.bin"))
        file.writestr("xl/workbook.bin", b"\x83\x01\x00")
