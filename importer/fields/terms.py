"""What the field types share: what they are told besides the cell, what they give back, and a few expressions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import polars as pl

from importer.model import Check
from importer.schema.evaluation import first_reading
from importer.schema.reading import key_form, normalised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from importer.model import Cell

Facts: TypeAlias = Mapping[str, str | int | float]
"""What fills the sentences of a check: constants of the field."""

_SUGGESTED = 100
"""For how many different wrong values of a batch the nearest right one is looked for: each costs a look at them all."""

_LIKE_ENOUGH = 70.0
"""How alike, of 100, a wrong value and a right one must be to be suggested."""


@dataclass(frozen=True, slots=True)
class ReferenceTable:
    """The items of a referenced collection by what a cell may call them.

    `frame` has `match` (String, as `schema.reading.normalised` gives it, each once), `id` (String, null where several
    items are called so) and `shown` (String, as the first of them is written). `collection` and `match` ("name",
    "slug", ...) are for messages. By "key" an item is called exactly so, or else without case. `waiting` (String, as
    `called` gives them) are keys of items that the mapping of that collection knows, and has not published.

    `made` are the ids of items that are made because cells name them (`missing = "create"`), by what the cells say; it
    is filled while the mapping is at work, and None where nothing is made. What it does not know (yet) gives no id, but
    `UNMADE` and what the cell says. `why` tells, where nothing is made though that is asked for, why not.
    """

    collection: str
    match: str
    frame: pl.DataFrame
    waiting: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.String))
    made: Mapping[str, str] | None = None
    why: str = ""

    def called(self, text: pl.Expr) -> pl.Expr:
        """Give what a cell says in the form that `frame` has it in."""
        if self.match != BY_KEY:
            return normalised(text)
        exact = key_form(text)
        known = exact.is_in(self.frame.get_column("match").implode()) | exact.is_in(self.waiting.implode())
        return pl.when(known).then(exact).otherwise(_loosely(exact))

    def waits(self, text: pl.Expr) -> pl.Expr:
        """Tell whether a cell names an item that is known, and not published (Boolean, never null)."""
        if self.waiting.is_empty():
            return pl.lit(value=False)
        return self.called(text).is_in(self.waiting.implode()).fill_null(value=False)


UNMADE = "\0"
"""What stands before the name of an item that is to be made, in the place of its id; no id begins like that."""

BY_KEY = "key"
"""`match`: by the key under which that collection's own mapping imported an item."""


@dataclass(frozen=True, slots=True)
class Context:
    """What coercion needs besides the cell; `references` is the table of this field."""

    timezone: str = "UTC"
    decimal: str = "."
    dates: tuple[str, ...] = ()
    base_url: str | None = None
    references: ReferenceTable | None = None


@dataclass(frozen=True, slots=True)
class Coerced:
    """The value of a field, null where there is none or it is wrong, and what can be wrong with it."""

    value: pl.Expr
    checks: tuple[Check, ...]


def filled(text: pl.Expr) -> pl.Expr:
    """Tell whether a text says anything at all (Boolean, null for null)."""
    return text.str.strip_chars().str.len_bytes() > 0


def wrong_text(cell: Cell, out: pl.Expr) -> pl.Expr:
    """Give the text of the cells that say something but gave no value (String, else null)."""
    return pl.when(filled(cell.value) & out.is_null()).then(cell.value)


def recognised(
    code: str,
    cell: Cell,
    out: pl.Expr,
    value: pl.Expr,
    suggest: Callable[[pl.Expr], pl.Expr] | None = None,
    facts: Facts | None = None,
) -> Coerced:
    """Make the one check of a type that either knows a text or does not."""
    wrong = wrong_text(cell, out)
    better = first_reading(wrong.str.strip_chars(), [suggest], pl.String) if suggest else None
    return Coerced(value, (Check(code, wrong.is_not_null(), wrong, better, facts or {}),))


def once_each(text: pl.Expr, function: Callable[[str], str | None], *, most: int | None = None) -> pl.Expr:
    """Run a Python function on each different text of a batch (String); of `most` at most, the others give null."""

    def apply(texts: pl.Series) -> pl.Series:
        different = texts.drop_nulls().unique(maintain_order=True)
        if different.is_empty():
            return pl.repeat(None, len(texts), dtype=pl.String, eager=True)
        given = different.head(most) if most else different
        results = pl.Series([function(one) for one in given.to_list()], dtype=pl.String)
        return texts.replace_strict(given, results, default=None, return_dtype=pl.String)

    return text.map_batches(apply, return_dtype=pl.String, is_elementwise=True)


def nearest(text: pl.Expr, choices: Sequence[str]) -> pl.Expr:
    """Suggest the choice that is most like a wrong text (String), null where none is like it."""

    def best(wrong: str) -> str | None:
        from rapidfuzz import fuzz, process  # only when something is wrong: starting is quicker without

        found = process.extractOne(wrong, choices, scorer=fuzz.ratio, processor=_folded, score_cutoff=_LIKE_ENOUGH)
        return found[0] if found else None

    return once_each(text, best, most=_SUGGESTED) if choices else pl.lit(None, pl.String)


def reference_table(collection: str, match: str, pairs: Iterable[tuple[str, str]]) -> ReferenceTable:
    """Make the table of a reference field out of pairs of what an item is called and its id.

    A name that several ids have is ambiguous; blank names are left out.
    """
    rows = pl.DataFrame(list(pairs), schema={"match": pl.String, "id": pl.String}, orient="row")
    called = rows.with_columns(normalised(pl.col("match")), shown=pl.col("match").str.strip_chars())
    once = called.filter(pl.col("match") != "").unique(["match", "id"], keep="first", maintain_order=True)
    single = pl.when(pl.len() == 1).then(pl.col("id").first()).alias("id")
    named = once.group_by("match", maintain_order=True).agg(single, pl.col("shown").first())
    return ReferenceTable(collection, match, named)


def key_table(collection: str, pairs: Iterable[tuple[str, str]], waiting: Iterable[str]) -> ReferenceTable:
    """Make the table of a reference field that goes by keys: pairs of key and id, and keys that are not published.

    A key that is not found as it is written is looked for without case, where only one is written like it.
    """
    exact = pl.DataFrame(list(pairs), schema={"match": pl.String, "id": pl.String}, orient="row")
    exact = exact.with_columns(shown="match").unique("match", keep="first", maintain_order=True)
    single = pl.when(pl.len() == 1).then(pl.col("id").first()).alias("id")
    loose = exact.group_by(_loosely(pl.col("match")), maintain_order=True).agg(single, pl.col("shown").first())
    unsent = pl.DataFrame({"key": list(waiting)}, schema={"key": pl.String})
    names = pl.concat([unsent, unsent.select(_loosely(pl.col("key")))]).join(
        loose, left_on="key", right_on="match", how="anti"
    )
    return ReferenceTable(collection, BY_KEY, pl.concat([exact, loose]), names.get_column("key").unique())


def _loosely(key: pl.Expr) -> pl.Expr:
    """Give a key without case, in a form that no key has itself."""
    return key.str.to_lowercase().str.replace("^", "\0")


def _folded(text: str) -> str:
    return text.strip().casefold()
