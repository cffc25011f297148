"""Fuzzing the readers of workbooks: `python -m tests.fuzz.workbooks --minutes 5`; one case again: `--seed 17`.

Workbooks of the collection are changed in some places, in their bytes or in one of their parts. Whatever comes of it
is read to its end, or refused with a sentence.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import resource
import sys
import tempfile
import time
import zipfile
from functools import cache
from pathlib import Path
from random import Random

from importer.errors import SourceError
from importer.model import SourceOptions
from importer.sources import open_source
from tests.sheets import books_of_cells, books_of_layout, books_of_programs
from tests.sheets.binder import BOOKS

MEMORY = 4_000_000_000
"""Bytes that a case may take; reading the largest of these workbooks takes some millions."""

SLOWEST = 20.0
"""Seconds that a case may take."""

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
    """Write the workbooks of the collection that can be read."""
    assert all((books_of_cells, books_of_layout, books_of_programs))
    with tempfile.TemporaryDirectory() as folder:
        made = {}
        for book in BOOKS:
            if not book.complaint:
                path = Path(folder) / book.file
                book.write(path)
                made[book.write.__name__, path.suffix] = path.read_bytes()
    return tuple((suffix, content) for (_, suffix), content in made.items())


def make(seed: int) -> tuple[str, bytes]:
    """Make a workbook from a seed: the ending of its name, and its bytes."""
    random = Random(seed)
    suffix, content = random.choice(originals())
    if not content.startswith(b"PK") or random.random() < 0.2:
        return suffix, changed(random, content)
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    for _ in range(random.choice((1, 1, 2))):
        likely = [name for name in parts if "sheet" in name or "content.xml" in name or "workbook" in name]
        name = random.choice(likely if likely and random.random() < 0.7 else list(parts))
        match random.randrange(10):
            case 0 if len(parts) > 1:
                del parts[name]
            case 1:
                parts[name] = parts[random.choice(list(parts))]
            case _:
                parts[name] = changed(random, parts[name])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, part in parts.items():
            file.writestr(name, part)
    return suffix, packed.getvalue()


def once(seed: int) -> None:
    """Try one workbook; lets out whatever is no sentence."""
    suffix, content = make(seed)
    random = Random(~seed)
    options = random.choice((SourceOptions(), SourceOptions(), SourceOptions(header_row=0), SourceOptions(sheet=1)))
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        path = Path(folder) / f"book{suffix}"
        path.write_bytes(content)
        with contextlib.suppress(SourceError), open_source(path, options) as source:
            for batch in source.batches():
                assert batch.width >= len(source.columns)


def main(arguments: list[str] | None = None) -> int:
    """Try workbooks for some minutes; the first mistake ends it with its traceback."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.workbooks")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, help="one case only")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    given = parser.parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    if given.seed is not None:
        once(given.seed)
        return 0
    ends, seed = time.monotonic() + 60 * given.minutes, given.first
    while time.monotonic() < ends:
        print(f"\r{seed}", end="", file=sys.stderr, flush=True)  # what is read last, should the process die over it
        began = time.process_time()
        try:
            once(seed)
        except BaseException:
            print(f"seed {seed}:")
            raise
        if time.process_time() - began > SLOWEST:
            print(f"seed {seed} took {time.process_time() - began:.0f} s")
            return 1
        seed += 1
    print(f"{seed - given.first:,} workbooks")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
