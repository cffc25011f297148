"""What other mappings of one command will refer to: items that a sheet is about to make, or that were made just now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from importer.mapping.compiled import VALUE
from importer.model import ROW, Status
from importer.schema.reading import normalised
from importer.state import State
from importer.transforms.arithmetic import number_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from importer.commands.checking import Sheet
    from importer.commands.loading import Job
    from importer.commands.surroundings import References

_COLUMNS = {"name": "_name", "slug": "_slug", "key": "_key"}
"""Where a mapped frame holds what every item is called by; all else is the value of a field."""

UNCERTAIN = timedelta(seconds=60)
"""How far two stamps of the server may be from their true order, and a listing from what it lists."""


class Expected:
    """What the good rows of one sheet will be called by those who refer to them, before there are items.

    `matches` names what they are called by: "name", "slug", "key", or a field. About a hundred bytes a row, twice
    that if it is by name: `names` (as names are compared) are those of all rows, the bad ones too.
    """

    def __init__(self, matches: Iterable[str]) -> None:
        self._matches = sorted(set(matches))
        self._parts: list[pl.DataFrame] = []
        self._frame: pl.DataFrame | None = None
        self.names: frozenset[str] = frozenset()

    def add(self, mapped: pl.DataFrame) -> None:
        """Take a mapped batch of the sheet."""
        called = [_text(mapped, match).alias(match) for match in self._matches]
        locale_key = (pl.col("_locale").alias("l:locale"), pl.col("_key").alias("l:key"))
        live = (~(pl.col("_draft") | pl.col("_archived"))).alias("l:live")
        self._parts.append(mapped.select(ROW, *locale_key, live, *called))

    def settle(self, sheet: Sheet) -> None:
        """Leave out the rows that are bad, now that all are known."""
        self._frame = pl.concat([sheet.without_bad(part) for part in self._parts])
        if "name" in self._matches:
            named = pl.concat([part.select(normalised(pl.col("name"))) for part in self._parts]).drop_nulls()
            self.names = frozenset(named.to_series())
        self._parts.clear()

    def pairs(self, match: str, *, drafts: bool, locale: str | None) -> Iterator[tuple[str, str]]:
        """Give what each row (of a locale) will be called, and something in place of the id that it will get."""
        if self._frame is None or match not in self._frame.columns:
            return
        live = pl.lit(value=True) if drafts else pl.col("l:live")
        here = pl.lit(value=True) if locale is None else pl.col("l:locale") == locale
        for text, row in self._frame.filter(live & here).select(match, ROW).drop_nulls().iter_rows():
            yield text, f"the item of row {row}"

    def called(self, match: str) -> dict[tuple[str, str], str]:
        """Give what each row is called, by its locale and key."""
        if self._frame is None or match not in self._frame.columns:
            return {}
        lines = self._frame.select("l:locale", "l:key", match).drop_nulls().iter_rows()
        return {(locale, key): text for locale, key, text in lines}


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The mapping that fills a collection to which others refer: what it expects, and its state file.

    `since` is the moment (of the server) from which on its items may be too new for the listing that was read; None
    where that is not known.
    """

    job: Job
    expected: Expected
    since: datetime | None

    @property
    def _locale(self) -> str | None:
        """The locale whose items are listed: the primary one; None where all rows are of one that nobody looked up."""
        return "" if self.job.mapping.needs_locales else None

    def foretold(self, references: References, *, drafts: bool) -> References:
        """Add what the sheet is about to make, where nothing that is there is called so."""
        new = pl.DataFrame(
            list(self.expected.pairs(references.match, drafts=drafts, locale=self._locale)),
            schema={"match": pl.String, "id": pl.String},
            orient="row",
        )
        there = pl.DataFrame({"match": [text for text, _ in references.pairs]}, schema={"match": pl.String})
        missing = new.filter(
            ~normalised(pl.col("match")).is_in(there.select(normalised(pl.col("match"))).to_series().implode())
        )
        return replace(references, pairs=(*references.pairs, *missing.iter_rows()), expected=True)

    def reserved(self, references: References) -> References:
        """Let nothing be made of a name that the sheet has: its row, once put right, would find its slug taken."""
        if references.making is None:
            return references
        return replace(references, making=replace(references.making, reserved=self.expected.names))

    def listed_late(self, references: References, *, drafts: bool) -> References:
        """Add the items that the state file holds and that are too new to have been listed."""
        if not self.job.state_path.exists():
            return references
        listed = {item for _, item in references.pairs}
        added = [pair for pair in self._new(references.match, drafts=drafts) if pair[1] not in listed]
        return replace(references, pairs=(*references.pairs, *added))

    def _new(self, match: str, *, drafts: bool) -> Iterator[tuple[str, str]]:
        shown = {Status.PUBLISHED, Status.STAGED} if drafts else {Status.PUBLISHED}
        called = {} if match in _COLUMNS else self.expected.called(match)
        with State.open(self.job.state_path, read_only=True) as state:
            for one in state.standings():
                row = one.row
                if row.status not in shown or row.item_id is None or self._locale not in {None, row.locale}:
                    continue
                if self.since is not None and one.at is not None and one.at < self.since:
                    continue
                ours = {"name": row.name, "slug": row.slug, "key": row.key}
                text = ours[match] if match in ours else called.get((row.locale, row.key))
                if text:
                    yield text, row.item_id


def _text(mapped: pl.DataFrame, match: str) -> pl.Expr:
    """Give what rows are called as text, as Webflow's answers write it; null where the sheet does not say."""
    column = _COLUMNS.get(match, VALUE + match)
    if column not in mapped.columns:
        return pl.lit(None, dtype=pl.String)
    text = pl.col(column)
    return number_text(text) if mapped.schema[column] == pl.Float64 else text.cast(pl.String)
