"""JSON lines (NDJSON): a file in which each line is one JSON object, and so one row."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from importer.errors import SourceError
from importer.model import BROKEN, KIND_PREFIX, Kind
from importer.sources.canonical import number_text
from importer.sources.encoding import Encoding, find_encoding, utf8_pieces
from importer.sources.header import WIDEST, column_names, too_wide
from importer.sources.shape import PLACE
from importer.sources.window import EndlessLine, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from importer.model import SourceOptions
    from importer.sources.stored import Stored

_EXACT = 1 << 53
"""The greatest whole number up to which all are JSON numbers; beyond it digits are what counts, so it is text."""

_LONG_NUMBER = re.compile(rb"[0-9]{19}")
"""Lines with such a number are read by Python's own reader, which keeps every digit of it."""

_NESTED = {list: "list", dict: "object"}
_SHAPES = 10_000
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class JsonLines:
    """A file of JSON lines as it was found; `names` are what its `keys` are called as columns.

    `typed` are the columns that hold anything but text, `unreadable` those that hold lists or objects.
    """

    file: Stored
    encoding: Encoding
    keys: tuple[str, ...]
    names: tuple[str, ...]
    typed: tuple[str, ...]
    unreadable: dict[str, str]
    block_bytes: int

    def frames(self) -> Iterator[pl.DataFrame]:
        """Read the rows: `names` as String, the kinds of `typed`, `PLACE` (the number of the line) and `BROKEN`."""
        self.file.require_unchanged()
        for numbers, lines in _blocks(self.file, self.encoding, self.block_bytes):
            records, broken = _records(lines)
            data: dict[str, pl.Series] = {}
            for key, name in zip(self.keys, self.names, strict=True):
                if name in self.unreadable:
                    continue
                values = [record.get(key) for record in records]
                data[name] = _texts(values)
                if name in self.typed:
                    data[KIND_PREFIX + name] = pl.Series(list(map(_kind, values)), dtype=pl.UInt8)
            yield pl.DataFrame(data).with_columns(
                pl.Series(PLACE, numbers, dtype=pl.UInt32), pl.Series(BROKEN, broken, dtype=pl.String)
            )
        self.file.require_unchanged()


def open_json_lines(file: Stored, options: SourceOptions, block_bytes: int) -> JsonLines:
    """Look through the whole file for the columns that there are, and what they hold.

    Raises SourceError if it is empty or its first line is no object; other lines may be broken, as rows may.
    """
    encoding = find_encoding(file, options.encoding, options.charset)
    types: dict[str, set[type]] = {}
    shapes: set[tuple[tuple[str, ...], tuple[type, ...]]] = set()
    first = True
    for numbers, lines in _blocks(file, encoding, block_bytes):
        records, broken = _records(lines)
        if first and numbers and broken[0]:
            raise SourceError(
                f"{file.name}, row {numbers[0]}: {broken[0]}.",
                'Each line of such a file is an object of its own, such as {"Name": "Ada"}. A list in [ ] is ordinary '
                "JSON: write each of its objects into a line.",
            )
        first = first and not numbers
        for record in records:
            shape = (tuple(record), tuple(map(type, record.values())))
            if shape not in shapes:
                shapes.add(shape)
                for key, kind in zip(*shape, strict=True):
                    types.setdefault(key, set()).add(kind)
        if len(types) > WIDEST:
            raise too_wide(file.name, len(types))
        if len(shapes) > _SHAPES:
            shapes.clear()
    if not types:
        raise SourceError(f"{file.name} is empty: it has no rows.", "Is it the right file?")
    keys = tuple(types)
    names = column_names(keys)
    unreadable = {
        name: next(what for kind, what in _NESTED.items() if kind in types[key])
        for key, name in zip(keys, names, strict=True)
        if not types[key].isdisjoint(_NESTED)
    }
    typed = tuple(
        name for key, name in zip(keys, names, strict=True) if name not in unreadable and types[key] - {str, type(None)}
    )
    return JsonLines(file, encoding, keys, names, typed, unreadable, block_bytes)


def _blocks(file: Stored, encoding: Encoding, size: int) -> Iterator[tuple[list[int], list[bytes]]]:
    """Give the lines that are not blank, with their numbers, as many at a time as make up `size` bytes."""
    window, number = Window(utf8_pieces(file, encoding, max(1, size))), 1
    while True:
        window.fill(size)
        if not window.data:
            return
        try:
            end = window.fed_lines_end()
        except EndlessLine as error:
            raise SourceError(
                f"{file.name}, row {number}: the line has no end ({error}).", "Is it the right file?"
            ) from error
        lines = window.data[:end].removesuffix(b"\n").split(b"\n")
        window.drop(end)
        filled = [(place, line) for place, line in enumerate(lines, number) if line.strip()]
        yield [place for place, _ in filled], [line for _, line in filled]
        number += len(lines)


def _records(lines: Sequence[bytes]) -> tuple[list[dict[str, Any]], list[str | None]]:
    """Read lines as objects, an empty one for each that is none; and say what is wrong with that."""
    records: list[dict[str, Any]] = []
    broken: list[str | None] = []
    for line in lines:
        read: Callable[[bytes], Any] = _read_exactly if _LONG_NUMBER.search(line) else orjson.loads
        record, wrong = {}, None
        try:
            value = read(line)
        except (ValueError, RecursionError) as error:
            wrong = f"the line is no JSON ({str(error).partition(':')[0]}): {_shown(line)}"
        else:
            if isinstance(value, dict):
                record = value
            else:
                wrong = f"the line is no JSON object: {_shown(line)}"
        records.append(record)
        broken.append(wrong)
    return records, broken


def _read_exactly(line: bytes) -> Any:
    """Read with every digit of whole numbers, and no more leniently than `orjson` does."""
    value = json.loads(line.decode(), parse_constant=_refuse)
    json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is no text: this is a ValueError then
    return value


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _shown(line: bytes) -> str:
    text = line.decode("utf-8", "replace").strip()
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…")


def _texts(values: list[Any]) -> pl.Series:
    """Write values as canonical text, as those of a workbook or a frame."""
    if not any(isinstance(value, float) for value in values):
        return pl.Series(list(map(_text, values)), dtype=pl.String)
    floats = pl.Series([value if isinstance(value, float) else None for value in values], dtype=pl.Float64)
    others = pl.Series([None if isinstance(value, float) else _text(value) for value in values], dtype=pl.String)
    frame = pl.DataFrame({"float": floats, "other": others})
    return frame.select(pl.coalesce("other", number_text(pl.col("float")))).to_series()


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value)


def _kind(value: Any) -> int:
    if isinstance(value, bool):
        return Kind.BOOLEAN
    if isinstance(value, float) or (isinstance(value, int) and abs(value) <= _EXACT):
        return Kind.NUMBER
    return Kind.TEXT
