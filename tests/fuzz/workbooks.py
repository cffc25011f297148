"""Readers of workbooks: workbooks of the collection, changed in their bytes or in one of their parts."""

from __future__ import annotations

import io
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from importer.model import SourceOptions
from importer.sources import open_source
from tests.fuzz.target import Case
from tests.sheets import books_of_cells, books_of_layout, books_of_programs
from tests.sheets.binder import BOOKS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

COLLECTED = (books_of_cells, books_of_layout, books_of_programs)

TOKENS = (
    b"<v>", b"</v>", b"<f>", b"</f>", b'<c r="A1">', b'<c r="ZZZ9999999"><v>1</v></c>', b"</c>", b'<row r="1048577">',
    b'<row r="0">', b"<is><t>", b"]]>", b"<![CDATA[", b"<!--", b"&#0;", b"&#x1F600;", b"&amp;", b"&x;", b"_x0000_",
    b't="s"', b't="b"', b't="e"', b't="d"', b' hidden="1"', b's="99999"', b"-1", b"1E+308", b"1e999", b"NaN", b"inf",
    b"99999999999999999999", b"0.0000000001", b"2958466", b'ref="A1:XFD1048576"', b'ref="B2:A1"', b"\x01n1;5", b"\x01",
    b'table:number-columns-repeated="16384"', b'table:number-rows-repeated="1048576"', b'office:value="x"', b"<text:p>",
    b"\xff\xfe", b"\xef\xbb\xbf", b"\0", b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"PK\x05\x06", b"\x09\x08",
    b"[h]:mm",
    b'numFmtId="46"', b'formatCode="00000"', b'count="4294967295"', b'uniqueCount="4294967295"', b'date1904="1"',
    b"HYPERLINK(&quot;", b'HYPERLINK("x")', b"\xc3\x28", b"x:", b"'", b'"', b"<", b">", b"/",
)  # fmt: skip


OPTIONS = (
    SourceOptions(),
    SourceOptions(),
    SourceOptions(header_row=0),
    SourceOptions(header_row=2),
    SourceOptions(sheet=1),
)

LIKELY = ("sheet", "content.xml", "workbook")
"""Parts of which most is to be learnt."""


class Workbooks:
    """Opens what it made and reads it to its end."""

    def make(self, random: Random) -> Case:
        """Change a workbook: of an archive mostly a part."""
        assert COLLECTED
        suffix, content = random.choice(originals())
        at = random.randrange(len(OPTIONS))
        return Case(_made(random, content), f"book{suffix}", f"{at}")

    def attempt(self, case: Case, folder: Path) -> None:
        """Read it."""
        path = folder / case.name
        path.write_bytes(case.data)
        with open_source(path, OPTIONS[int(case.how)]) as source:
            for batch in source.batches():
                assert batch.width >= len(source.columns)


def _made(random: Random, content: bytes) -> bytes:
    if not content.startswith(b"PK") or random.random() < 0.2:
        return changed(random, content)
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    for _ in range(random.choice((1, 1, 2))):
        likely = [name for name in parts if any(each in name for each in LIKELY)]
        name = random.choice(likely if likely and random.random() < 0.7 else list(parts))
        match random.randrange(10):
            case 0 if len(parts) > 1:
                del parts[name]
            case 1:
                parts[name] = parts[random.choice(list(parts))]
            case _:
                parts[name] = changed(random, parts[name])
    return packed(parts)


def packed(parts: Mapping[str, bytes]) -> bytes:
    """Pack parts: the same ones give the same bytes at any time."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name, part in parts.items():
            file.writestr(zipfile.ZipInfo(name), part)
    return made.getvalue()


def changed(random: Random, data: bytes) -> bytes:
    """Change bytes in some places."""
    made = bytearray(data)
    for _ in range(random.randint(1, 4)):
        at, length = random.randint(0, len(made)), random.choice((1, 1, 2, 4, 16, 200))
        match random.randrange(7):
            case 0 if made:
                made[at % len(made)] ^= 1 << random.randrange(8)
            case 1:
                del made[at : at + length]
            case 2:
                made[at:at] = made[at : at + length] * random.choice((1, 1, 3))
            case 3:
                made[at:at] = random.choice(TOKENS)
            case 4:
                token = random.choice(TOKENS)
                made[at : at + len(token)] = token
            case 5:
                made[at : at + length] = random.randbytes(length)
            case _:
                del made[at + random.randint(0, 5000) :]
    return bytes(made)


@cache
def originals() -> tuple[tuple[str, bytes], ...]:
    """Write the workbooks of the collection that can be read, without the moment at which they are written."""
    made: dict[tuple[str, str], bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        for book in BOOKS:
            if book.complaint:
                continue
            path = Path(folder) / book.file
            book.write(path)
            content = path.read_bytes()
            if content.startswith(b"PK"):
                with zipfile.ZipFile(path) as file:
                    content = packed({name: file.read(name) for name in file.namelist() if "docProps" not in name})
            made[book.write.__name__, path.suffix] = content
    return tuple((suffix, content) for (_, suffix), content in made.items())
