"""Readers of text: mutated torture sheets, read with any options, in batches of any size."""

from __future__ import annotations

import gzip
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from importer.errors import ImporterError
from importer.model import ROW, SourceOptions
from importer.sources import open_source
from importer.sources.stored import PACKED
from tests.fuzz.mutating import mutate
from tests.fuzz.target import Case

if TYPE_CHECKING:
    from random import Random

SHEETS = Path(__file__).parents[1] / "sheets" / "csv"
LARGEST = 100_000
"""Bytes of a torture sheet; a few large ones would take most of the time."""

TOKENS: tuple[bytes, ...] = (
    *(sign.encode() for sign in ('"', '""', ",", ";", "\t", "|", "\n", "\r\n", "\r", " ", ', "', "'", "\\", "\0")),
    *(sign.encode() for sign in ("\ufeff", "\ufffd", "é", "Ã¼", "â€™", "😀", "\u00a0", "\u2028", "\x85", "_row")),
    *(b"sep=;\n", b"_row,_error_code,_error,_fix\n", b"'=1", b"<html>", b"PK\x03\x04", PACKED, b"PAR1", b"%PDF"),
    *(b'{"a": 1}\n', b"{", b"}", b"[", b"]", b'"a":', b"1e999", b"-1e-999999999", b"9" * 400, b"\\ud800", b"null"),
    *(b"\xff", b"\xff\xfe", b"\xfe\xff", b"\x80", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f", b"k" * 5000, b"," * 300),
    *(b"\n" * 300, b"[" * 3000, b"\0" * 300, b"\x1b$B", b"+AGE-"),
)
ENCODINGS = ("utf-8", "utf-16", "utf-16-be", "utf-32", "cp1252", "ascii", "shift_jis", "utf-7", "iso2022_jp", "gb18030")
ENDINGS = (".csv", ".csv", ".tsv", ".txt", ".ndjson", ".jsonl", ".parquet", ".csv.gz", ".ndjson.gz", ".gz")


class Sources:
    """Opens what it made and reads it twice, in batches of two sizes: both must tell the same."""

    def __init__(self) -> None:
        paths = [path for path in sorted(SHEETS.rglob("*")) if path.is_file() and path.parent != SHEETS]
        files = [(path.name, path.read_bytes()) for path in paths]
        self._files = [(name, data) for name, data in files if len(data) <= LARGEST]
        self._contents = [data for _, data in self._files]

    def make(self, random: Random) -> Case:
        """Mutate a sheet: of a packed one mostly the content."""
        name, data = random.choice(self._files)
        inside = data.startswith(PACKED) and random.random() < 0.8
        if inside:
            data = _unpacked(data)
        data = mutate(random, data, self._contents, TOKENS)
        if inside or random.random() < 0.05:
            data = gzip.compress(data, 1, mtime=0)
        if random.random() < 0.2:
            name = "sheet" + random.choice(ENDINGS)
        options = SourceOptions(
            header_row=random.choice((None, None, None, 0, 1, 3)),
            encoding=random.choice((None, None, None, random.choice(ENCODINGS))),
            delimiter=random.choice((None, None, random.choice((",", ";", "tab", "§", " ", "a")))),
            quote=random.choice((None, None, None, "", "'", "«")),
            null_values=random.choice(((), (), ("1", "N/A"))),
            charset=random.choice((None, None, None, "iso-8859-2", "utf-7", "x")),
        )
        return Case(data, name, repr(options))

    def attempt(self, case: Case, folder: Path) -> None:
        """Read it in large batches and in small ones."""
        path = folder / case.name
        path.write_bytes(case.data)
        options = _options_of(case.how)
        large, small = (_told(path, options, size) for size in (1 << 21, 64))
        both_refuse = isinstance(large, str) and isinstance(small, str)  # of two damages each may meet another first
        assert both_refuse or large == small, f"large batches say {large!r:.500}, small ones {small!r:.500}"


def _options_of(how: str) -> SourceOptions:
    return SourceOptions(**eval(how, {"SourceOptions": lambda **given: asdict(SourceOptions(**given))}))


def _told(path: Path, options: SourceOptions, block_bytes: int) -> Any:
    """Give all rows, or the sentence of the refusal."""
    try:
        with open_source(path, options, block_bytes=block_bytes) as source:
            rows = [row for batch in source.batches() for row in batch.rows()]
            numbers = [row for batch in source.batches() for row in batch.get_column(ROW)]
            assert len(numbers) == len(rows), "the second reading gives other rows than the first"
            if not source.ours:
                assert all(one < other for one, other in pairwise(numbers)), "numbers go astray"
            return source.detected, source.columns, source.notes, rows
    except ImporterError as refusal:
        said = refusal
    assert said.message, "a refusal without a sentence"
    assert said.hint, "a refusal without a hint"
    return said.message


def _unpacked(data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError):  # one that is damaged on purpose
        return data
