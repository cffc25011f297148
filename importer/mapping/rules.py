"""A mapping as data: what `parse_mapping` reads out of the file, and `compile_mapping` turns into expressions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from importer.mapping.foreign import Foreign
from importer.model import Kind, SourceOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Table

    from importer.mapping.lines import Line
    from importer.transforms import Call


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that stands in the mapping itself: its canonical text, and what it was in TOML."""

    text: str
    kind: Kind = Kind.TEXT


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a template: text, or a column."""

    text: str = ""
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A run of pieces; an optional one is left out where one of its columns is empty."""

    pieces: tuple[Piece, ...]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Test:
    """What a condition asks of one column; all that is said must hold."""

    __test__ = False  # pytest shall not take it for one of its own

    one_of: tuple[Constant, ...] | None = None
    unless: Test | None = None
    empty: bool | None = None
    like: str | None = None
    at_least: Constant | None = None
    at_most: Constant | None = None


Condition = tuple[tuple[tuple[str, Test], ...], ...]
"""Tables of which any must hold; a table is (column, test) pairs that all must hold."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How one value comes out of a row, in the order in which it is worked out; `path` is its key path."""

    path: str
    sources: tuple[str, ...] = ()
    template: tuple[Part, ...] | None = None
    value: Constant | None = None
    when: Condition | None = None
    split: str | None = None
    transforms: tuple[Call, ...] = ()
    otherwise: Rule | None = None
    pick: str | None = None
    join: str | None = None
    default: Constant | None = None
    empty: str | None = None
    formats: tuple[str, ...] = ()
    alt: Rule | None = None
    match: str | None = None
    missing: str | None = None
    taken: str | None = None

    @property
    def bare(self) -> bool:
        """Whether it gives a cell as it is."""
        return bool(self.sources) and not self.split and not self.transforms

    @property
    def answers(self) -> bool:
        """Whether it is a condition alone, which is itself the answer."""
        return not self.sources and self.template is None and self.value is None

    def columns(self) -> Iterator[tuple[str, str]]:
        """Name every column that it uses, with the key path where it does."""
        where = f"{self.path}.from" if self.template is None else f"{self.path}.template"
        yield from ((where, column) for column in self.sources)
        for part in self.template or ():
            yield from ((where, piece.column) for piece in part.pieces if piece.column is not None)
        for table in self.when or ():
            yield from ((f"{self.path}.when", column) for column, _ in table)
        for call in self.transforms:
            if call.operand is not None:
                yield f"{self.path}.transform", call.operand
        for inner in (self.otherwise, self.alt):
            if inner is not None:
                yield from inner.columns()

    def canonical(self) -> dict[str, Any]:
        """The rule as plain data without its place, for digests: equal for rules that mean the same."""
        plain: dict[str, Any] = {
            "from": self.sources,
            "template": [
                [part.optional, *((piece.text, piece.column) for piece in part.pieces)] for part in self.template
            ]
            if self.template
            else None,
            "value": _constant(self.value),
            "when": canonical_condition(self.when) if self.when is not None else None,
            "split": self.split,
            "transform": [call.canonical() for call in self.transforms],
            "else": self.otherwise.canonical() if self.otherwise else None,
            "pick": self.pick,
            "join": self.join,
            "default": _constant(self.default),
            "empty": self.empty,
            "format": self.formats,
            "alt": self.alt.canonical() if self.alt else None,
            "match": self.match,
            "missing": self.missing,
            "taken": self.taken,
        }
        return {key: value for key, value in plain.items() if value not in (None, (), [])}


@dataclass(frozen=True, slots=True)
class LookupSheet:
    """A lookup that stands in two columns of another sheet: what is asked for, and what is given for it."""

    source: SourceOptions
    asked: str
    given: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping file: which sheet fills which collection, and how.

    `key` is the slug of a field, or a rule. `publish` is "live" or "draft". `lines` finds the line of a key path.
    `lookups` has the tables of `lookup_sheets` too, and `foreign` what is in the file `hooks`, once somebody has read
    them.
    """

    name: str
    collection: str
    source: SourceOptions
    fields: Table[str, Rule]
    site: str | None = None
    hooks: str | None = None
    key: str | Rule = "slug"
    mode: str = "create"
    locale: str | None = None
    publish: str = "live"
    skip_invalid_files: bool = False
    existing: str | None = None
    where: Condition = ()
    lookups: Table[str, Table[str, str]] = field(default_factory=dict)
    lookup_sheets: Table[str, LookupSheet] = field(default_factory=dict)
    draft: Rule | None = None
    archived: Rule | None = None
    row_locale: Rule | None = None
    lines: Table[str, Line] = field(default_factory=dict)
    foreign: Foreign = field(default_factory=Foreign)

    def rules(self) -> Iterator[Rule]:
        """Give every rule, in the order of the file's parts."""
        yield from self.fields.values()
        if isinstance(self.key, Rule):
            yield self.key
        yield from (rule for rule in (self.draft, self.archived, self.row_locale) if rule is not None)

    def columns(self) -> Iterator[str]:
        """Name every column that a rule or condition uses, as the file writes it."""
        yield from (name for rule in self.rules() for _, name in rule.columns())
        yield from (name for table in self.where for name, _ in table)
        yield from (*self.source.fill_down, *self.source.group_by)

    @property
    def needs_locales(self) -> bool:
        """Whether the locales of the site must be known to compile it (they need the scope `sites:read`)."""
        return self.row_locale is not None or (self.locale is not None and not is_id(self.locale))


def is_id(text: str) -> bool:
    """Whether a text looks like one of Webflow's ids (24 hex digits)."""
    return len(text) == ID_LENGTH and all(sign in "0123456789abcdef" for sign in text.lower())


ID_LENGTH = 24
"""Digits of an id."""


def canonical_condition(condition: Condition) -> list[Any]:
    """Give a condition as plain data, for digests."""
    return [[[column, _test(test)] for column, test in table] for table in condition]


def _test(test: Test) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "is": [_constant(one) for one in test.one_of] if test.one_of is not None else None,
        "not": _test(test.unless) if test.unless else None,
        "empty": test.empty,
        "like": test.like,
        "min": _constant(test.at_least),
        "max": _constant(test.at_most),
    }
    return {key: value for key, value in plain.items() if value is not None}


def _constant(constant: Constant | None) -> list[Any] | None:
    return None if constant is None else [constant.text, int(constant.kind)]
