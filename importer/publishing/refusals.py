"""What a refusal means for the rows of a chunk: who is suspected, and whether a refusal can be trusted as whole."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from importer.errors.phrases import quoted_value
from importer.planning import Chunk

if TYPE_CHECKING:
    from importer.client import ApiError
    from importer.model import Item

Key = tuple[str, str]


def narrowed(chunk: Chunk, error: ApiError) -> tuple[Chunk, ...]:
    """Cut a refused chunk: the rows that hold a value that the error quotes apart, else in halves.

    The parts are chunks of at least one row, together the whole chunk; a chunk of one row stays as it is.
    """
    if len(chunk.items) == 1:
        return (chunk,)
    guilty = {item.key for item in chunk.items if _quoted_in(item, error)}
    if not guilty or len(guilty) == len(chunk.items):
        return chunk.halves()
    suspects = [item for item in chunk.items if item.key in guilty]
    rest = tuple(item for item in chunk.items if item.key not in guilty)
    # Each suspect alone gets its verdict at once; many of them (a common value) are halved like any others.
    apart = [Chunk((item,)) for item in suspects] if len(suspects) <= _FEW else [Chunk(tuple(suspects))]
    return (Chunk(rest), *apart)


_FEW = 5

_QUOTES = re.compile(r"""(?<!\w)(['"`]).*?\1(?!\w)""")
"""Something in quotes; the apostrophe of "the site's plan" is none."""


def _quoted_in(item: Item, error: ApiError) -> bool:
    """Whether a detail of the error names a field of this item and quotes the value that it has there."""
    for detail in error.details:
        quoted = quoted_value(detail.description)
        if detail.param is None or quoted is None:
            continue
        content = orjson.loads(item.body)["fieldData"]
        name = detail.param.removeprefix("fieldData.")
        if name in content and quoted in _texts(content[name]):
            return True
    return False


def _texts(value: Any) -> set[str]:
    """The ways in which a value may be quoted."""
    if isinstance(value, list):
        return set().union(*(_texts(part) for part in value)) if value else set()
    if isinstance(value, dict):
        return _texts(list(value.values()))
    return {str(value), str(value).casefold()}


def nameless(error: ApiError) -> str | None:
    """The reason of a refusal that names no field and no value (so may be about the site's plan), else None."""
    return None if not error.anonymous or _QUOTES.search(error.message) else error.said


@dataclass(slots=True)
class Refusal:
    """A refused chunk, kept until it is known whether such refusals are whole.

    `absent` are the rows that a listing showed not to be written; once one of them turns out good (written later)
    and stood ahead of a guilty one, refusals with this `code` are trusted to have written nothing.
    """

    code: str
    order: dict[Key, int]
    absent: set[Key] = field(default_factory=set)
    good: set[Key] = field(default_factory=set)
    guilty: set[Key] = field(default_factory=set)

    def proves_whole(self) -> bool:
        """Whether a good row ahead of a guilty one was not written by the refused request."""
        if not self.guilty or len(self.absent) != len(self.order):
            return False
        last = max(self.order[key] for key in self.guilty)
        return any(self.order[key] < last for key in self.good)


class Trust:
    """Which refusals, by error code, are known to be whole."""

    def __init__(self, trusted: set[str]) -> None:
        self._trusted = trusted
        self._open: dict[Key, Refusal] = {}

    def whole(self, code: str) -> bool:
        """Whether a refusal with this code writes nothing at all."""
        return code in self._trusted

    def watch(self, code: str, chunk: Chunk) -> None:
        """Take note of a refused chunk that must be settled; the outermost refusal of a row is the one watched."""
        fresh = [key for key in chunk.keys if key not in self._open]
        if len(fresh) == len(chunk.keys):
            refusal = Refusal(code, {key: place for place, key in enumerate(chunk.keys)})
            self._open.update(dict.fromkeys(chunk.keys, refusal))

    def absent(self, key: Key) -> None:
        """A listing showed that the row was not written."""
        if key in self._open:
            self._open[key].absent.add(key)

    def verdict(self, key: Key, *, good: bool) -> str | None:
        """Take the final verdict on a row; gives the error code that is trusted from now on, if that follows."""
        refusal = self._open.pop(key, None)
        if refusal is None:
            return None
        (refusal.good if good else refusal.guilty).add(key)
        if refusal.code not in self._trusted and refusal.proves_whole():
            self._trusted.add(refusal.code)
            return refusal.code
        return None
