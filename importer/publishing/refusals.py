"""What a refusal means for the rows of a chunk: who is suspected, and whether a refusal can be trusted as whole."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson

from importer.errors.api import Consequence, RefusalKind
from importer.errors.phrases import quoted_value

if TYPE_CHECKING:
    from importer.client import ApiError
    from importer.errors.api import Detail
    from importer.planning import Chunk

Key = tuple[str, str]


def pointed_at(chunk: Chunk, error: ApiError) -> tuple[dict[Key, ApiError], set[Key]]:
    """Find the rows of a refused chunk that hold a value which the error quotes for one of their fields.

    Gives the rows that it names beyond doubt, each with what it says of that row: only they hold the value. The others
    are suspected: rows that share the value, or whose slug is said to be taken, which may be by an item of their own.
    """
    said: dict[Key, list[Detail]] = {}
    suspected: set[Key] = set()
    contents = [(item.locale, item.key, orjson.loads(item.body)["fieldData"]) for item in chunk.items]
    for detail in error.details:
        quoted = quoted_value(detail.description)
        if detail.param is None or not quoted:
            continue
        name = detail.param.removeprefix("fieldData.")
        holders = {
            (locale, key)
            for locale, key, content in contents
            if name in content and {quoted, quoted.casefold()} & _texts(content[name])
        }
        if len(holders) == 1 and _about_the_row(error, detail):
            said.setdefault(holders.pop(), []).append(detail)
        else:
            suspected |= holders
    named = {key: replace(error, details=tuple(details)) for key, details in said.items()}
    return named, suspected - set(named)


def _about_the_row(error: ApiError, detail: Detail) -> bool:
    """Whether what a detail says is the fault of the row that holds the value, whatever else there is."""
    one = replace(error, details=(detail,))
    kind = one.kind(creating=True)
    judged = one.rule(creating=True).consequence is Consequence.REJECT or kind is RefusalKind.SCHEMA
    return judged and kind is not RefusalKind.SLUG_TAKEN


_QUOTES = re.compile(r"""(?<!\w)(['"`]).*?\1(?!\w)""")
"""Something in quotes; the apostrophe of "the site's plan" is none."""


def _texts(value: Any) -> set[str]:
    """The ways in which a value may be quoted."""
    if isinstance(value, list):
        return set().union(*(_texts(part) for part in value)) if value else set()
    if isinstance(value, dict):
        return _texts(list(value.values()))
    return {str(value), str(value).casefold()}


def code_of(error: ApiError) -> str:
    """What refusals of this kind go by."""
    return error.code or str(error.status)


def verdict_of(error: ApiError) -> tuple[str, str]:
    """The problem of a row that was refused like this, and the sentence about it."""
    rule = error.rule(creating=True)
    return rule.problem or "refused", f"{rule.sentence} Webflow says: {error.said}"


def nameless(error: ApiError) -> str | None:
    """The reason of a refusal that names no field and no value (so may be about the site's plan), else None."""
    return None if not error.anonymous or _QUOTES.search(error.message) else error.said


@dataclass(slots=True)
class Refusal:
    """A refused chunk, kept until it is known whether such refusals are whole.

    `absent` are the rows that a listing showed not to be written. If those are all, if the `first` row turns out good
    and a later one guilty, refusals with this `code` are trusted to write nothing: a good row ahead of every guilty one
    was not written.
    """

    code: str
    first: Key
    rows: int
    absent: set[Key] = field(default_factory=set)
    first_good: bool = False
    guilty: bool = False

    def proves_whole(self) -> bool:
        """Whether a good row ahead of the guilty ones was not written by the refused request."""
        return self.guilty and self.first_good and len(self.absent) == self.rows


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
        if not any(key in self._open for key in chunk.keys):
            refusal = Refusal(code, chunk.keys[0], len(chunk.keys))
            self._open.update(dict.fromkeys(chunk.keys, refusal))

    def absent(self, key: Key) -> None:
        """A listing showed that the row was not written."""
        if key in self._open:
            self._open[key].absent.add(key)

    def verdict(self, key: Key, *, good: bool, by: str = "") -> str | None:
        """Take the final verdict on a row; gives the error code that is trusted from now on, if that follows.

        A guilty one was refused `by` an error with this code.
        """
        refusal = self._open.pop(key, None)
        if refusal is None:
            return None
        refusal.first_good = refusal.first_good or (good and key == refusal.first)
        refusal.guilty = refusal.guilty or (not good and by == refusal.code)
        if refusal.code not in self._trusted and refusal.proves_whole():
            self._trusted.add(refusal.code)
            return refusal.code
        return None
