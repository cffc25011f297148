"""Items that a sheet names and that are not there (`missing = "create"`): gathered in pass 1, and judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from importer.commands.checking import check_sheet
from importer.commands.loading import today_of
from importer.commands.neighbours import UNCERTAIN
from importer.commands.surroundings import Surroundings, compile_for
from importer.errors.problems import describe, shorten
from importer.fields import UNMADE
from importer.mapping import parse_mapping
from importer.mapping.compiled import VALUE
from importer.model import ROW, Problem, SourceOptions, Status
from importer.schema.reading import normalised
from importer.sources import open_source
from importer.state import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from importer.commands.checking import Sheet
    from importer.commands.loading import Job
    from importer.commands.surroundings import Making, References
    from importer.mapping import Compiled
    from importer.sources import Source

CODE = "reference_unmade"

NAME = "Name"
"""The one column of the sheet that missing items make."""

FIRST = 2
"""The number of the first row of that sheet."""

_GATHERED = {ROW: pl.UInt32, "field": pl.UInt16, "name": pl.UInt32}

_UNMADE = {"item": pl.UInt32, "field": pl.String, "text": pl.String, "collection": pl.String, "why": pl.String}


class Wanted(NamedTuple):
    """An item that is to be made: its name, how else cells write that, and the first row that names it."""

    name: str
    texts: tuple[str, ...]
    row: int


@dataclass(frozen=True, slots=True)
class Order:
    """The items of one collection that are to be made; `called` is what the collection is called."""

    making: Making
    called: str
    items: tuple[Wanted, ...]


class Little(NamedTuple):
    """Names as a sheet of their own, with the mapping that makes items of it: name and slug, no more."""

    source: Source
    compiled: Compiled


def little_sheet(job: Job, making: Making, names: Sequence[str]) -> Little:
    """Make names into a sheet: so all that holds for rows holds for the items that rows refer to."""
    mapping = parse_mapping({"collection": making.schema.id, "fields": {"name": NAME}}, name=job.mapping.name)
    source = open_source(pl.DataFrame({NAME: list(names)}, schema={NAME: pl.String}), SourceOptions())
    around = Surroundings(making.schema)
    return Little(source, compile_for(mapping, around, source, today=today_of(job.mapping), draft=job.drafts))


def with_made(job: Job, around: Surroundings, at: datetime | None) -> Surroundings:
    """Let names stand for the items that earlier runs made of them, where nothing else is called so.

    An item counts that is listed, be it under another name by now, or that is too new for the listing, which was read
    at this moment (of the server; None where that is not known).
    """
    making = {slug: one for slug, one in around.references.items() if one.making is not None}
    if not making or not job.state_path.exists():
        return around
    with State.open(job.state_path, read_only=True) as state:
        since = None if at is None else at - timedelta(seconds=job.options.patience) - UNCERTAIN
        kept = {slug: _remembered(state, one, since, drafts=job.drafts) for slug, one in making.items()}
    return replace(around, references={**around.references, **kept})


def with_made_by(others: Sequence[Job], references: References, at: datetime | None, *, drafts: bool) -> References:
    """Do the same for what other mappings have made in this command; each keeps that in a state file of its own."""
    for job in others:
        if references.making is not None and job.state_path.exists():
            with State.open(job.state_path, read_only=True) as state:
                since = None if at is None else at - timedelta(seconds=job.options.patience) - UNCERTAIN
                references = _remembered(state, references, since, drafts=drafts)
    return references


def _remembered(state: State, one: References, since: datetime | None, *, drafts: bool) -> References:
    listed = {item for _, item in one.pairs}
    known = set(_called(text for text, _ in one.pairs))
    pairs = []
    for standing in state.beside(one.collection).standings():
        row = standing.row
        new = since is None or standing.at is None or standing.at >= since
        stands = row.status is Status.PUBLISHED or (row.status is Status.STAGED and drafts)
        if stands and row.item_id is not None and row.name and (new or row.item_id in listed):
            pairs.append((row.name, row.item_id))
    names = _called(name for name, _ in pairs)
    added = [pair for pair, name in zip(pairs, names, strict=True) if name not in known]
    return replace(one, pairs=(*one.pairs, *added))


class Missing:
    """Gathers what the rows of a sheet name and nobody has: each name once, and 10 bytes each time that it is named."""

    def __init__(self, references: Mapping[str, References]) -> None:
        self._fields = [(slug, one) for slug, one in references.items() if one.making is not None]
        self._names: dict[str, int] = {}
        self._parts: list[pl.DataFrame] = []

    def __bool__(self) -> bool:
        """Whether there is any such name."""
        return bool(self._names)

    def add(self, mapped: pl.DataFrame) -> None:
        """Take a mapped batch of pass 1."""
        for place, (slug, _) in enumerate(self._fields):
            named = unmade_in(mapped, slug)
            if named.is_empty():
                continue
            texts = named.get_column("text")
            codes = {text: self._names.setdefault(text, len(self._names)) for text in texts.unique(maintain_order=True)}
            found = texts.replace_strict(codes, return_dtype=pl.UInt32)
            self._parts.append(
                named.select(ROW, field=pl.lit(place, dtype=pl.UInt16), name=found).cast(_GATHERED)  # type: ignore[arg-type]  # polars types schemas wider than it takes them
            )

    def judged(self, job: Job, sheet: Sheet, state: State | None, going: pl.Series | None) -> Sheet:
        """Reject the good rows (of those that are `going` to be sent; None: of all) that name what cannot be made."""
        if not self:
            return sheet
        lines = self._of(sheet, going)
        whys: dict[tuple[str, int], str] = {}
        for one, wanted in self._collections(lines):
            for item, why in zip(wanted, _whys(job, one, [item.name for item in wanted], state), strict=True):
                whys |= {(one.collection, self._names[text]): why for text in item.texts if why}
        texts = list(self._names)
        found = []
        for row, place, name in lines.iter_rows() if whys else ():
            slug, one = self._fields[place]
            if (one.collection, name) in whys:
                found.append((row, slug, texts[name], one.name, whys[one.collection, name]))
        return sheet.without(Unmade(sheet.compiled, pl.DataFrame(found, schema=_UNMADE, orient="row")))

    def orders(self, sheet: Sheet, going: pl.Series | None) -> tuple[Order, ...]:
        """Give what is to be made for the good rows that are `going` to be sent (None: for all)."""
        found = self._collections(self._of(sheet, going))
        return tuple(Order(one.making, one.name, wanted) for one, wanted in found if one.making is not None)

    def _of(self, sheet: Sheet, going: pl.Series | None) -> pl.DataFrame:
        lines = pl.concat([pl.DataFrame(schema=_GATHERED), *map(sheet.without_bad, self._parts)])
        return lines if going is None else lines.filter(pl.col(ROW).is_in(going.implode()))

    def _collections(self, lines: pl.DataFrame) -> Iterator[tuple[References, tuple[Wanted, ...]]]:
        """Give what is named of each collection, each item once, in the order of the sheet."""
        texts = pl.Series(list(self._names), dtype=pl.String)
        places: dict[str, list[int]] = {}
        for place, (_, one) in enumerate(self._fields):
            places.setdefault(one.collection, []).append(place)
        for of_one in places.values():
            here = lines.filter(pl.col("field").is_in(of_one))
            if here.is_empty():
                continue
            named = here.group_by("name").agg(pl.col(ROW).min()).sort(ROW, "name")
            written = named.select(ROW, text=texts.gather(named.get_column("name")))
            each = written.group_by(normalised(pl.col("text")).alias("called"), maintain_order=True).agg(
                pl.col("text"), pl.col(ROW).min()
            )
            wanted = (Wanted(texts[0], tuple(texts), row) for _, texts, row in each.iter_rows())
            yield self._fields[of_one[0]][1], tuple(wanted)


def unmade_in(mapped: pl.DataFrame, slug: str) -> pl.DataFrame:
    """Give the names in a reference field that nobody has (`text`), with the numbers of their rows (`_row`)."""
    column = mapped.select(ROW, text=pl.col(VALUE + slug))
    if column.schema["text"] != pl.String:
        column = column.explode("text")
    named = column.filter(pl.col("text").str.starts_with(UNMADE))
    return named.with_columns(pl.col("text").str.strip_prefix(UNMADE))


def _whys(job: Job, one: References, names: list[str], state: State | None) -> list[str]:
    """Say of each name why no item can be made of it; nothing where one can."""
    if one.making is None:
        return [""] * len(names)
    little = little_sheet(job, one.making, names)
    sheet = check_sheet(little.source, little.compiled, hashed=False)
    firsts = {row: names[first - FIRST] for row, first in sheet.doubles.frame.select("row", "first").iter_rows()}
    whys = [""] * len(names)
    for row, problems in sheet.problems_for(sheet.bad).items():
        whys[row - FIRST] = _why(problems[0], firsts.get(row, ""))
    slugs = [slug for batch in little.source.batches() for slug in little.compiled.apply(batch).frame["_slug"]]
    there = {slug.casefold(): name for slug, name in one.making.slugs}
    beside = None if state is None else state.beside(one.collection)
    for place, slug in enumerate(slugs):
        if slug is not None and not whys[place]:
            whys[place] = _held(names[place], slug, there, beside, drafts=job.drafts)
    for place, called in enumerate(_called(names) if one.making.reserved else ()):
        if called in one.making.reserved:
            whys[place] = "the sheet that is imported into that collection has a row of that name, which goes first"
    return whys


def _why(problem: Problem, first: str) -> str:
    if problem.code in {"slug_duplicate", "key_duplicate"}:
        return _same_slug(problem.value or "", f'"{first}", which other rows refer to')
    if problem.code == "slug_invalid":
        return "nothing in the name can be written with letters from a to z or digits, so it gives no slug"
    return problem.message.removesuffix(".")


def _same_slug(slug: str, other: str) -> str:
    return f'its slug would be "{slug}", and that is the slug of {other}'


def _held(name: str, slug: str, there: Mapping[str, str], state: State | None, *, drafts: bool) -> str:
    """Say who holds the slug that an item would get; nothing where nobody is known to."""
    if slug.casefold() in there:
        return _same_slug(slug, f'"{there[slug.casefold()]}", which is there already')
    named = ("", slug.casefold())
    row = None if state is None else state.rows([named]).get(named)
    if row is None or row.item_id is None:
        return ""
    if not same_name(row.name or "", name):
        return _same_slug(slug, f'"{row.name}", which an earlier run made')
    if row.status is Status.STAGED and not drafts:
        return ""
    return f"an earlier run made it (item {row.item_id}), and somebody has removed it or taken it off the site since"


def same_name(one: str, other: str) -> bool:
    """Whether two texts name the same item."""
    first, second = _called((one, other))
    return first == second


def _called(texts: Iterable[str]) -> list[str]:
    """Give texts in the form in which names are compared."""
    column = pl.DataFrame({"text": list(texts)}, schema={"text": pl.String})
    return column.select(normalised(pl.col("text"))).to_series().to_list()


@dataclass(frozen=True, slots=True)
class Unmade:
    """Items that name what cannot be made: `frame` has item (the number of its row), field, text, collection, why."""

    compiled: Compiled
    frame: pl.DataFrame

    @property
    def items(self) -> pl.Series:
        """Their row numbers (UInt32), each once."""
        return self.frame.get_column("item").unique()

    def counts(self) -> dict[str, int]:
        """Count the problems by code."""
        return {CODE: self.frame.height} if self.frame.height else {}

    def problems_for(self, items: pl.Series) -> Iterator[tuple[int, Problem]]:
        """Say of these items what they name, and why that cannot be made."""
        for item, field, text, collection, why in self.frame.filter(pl.col("item").is_in(items.implode())).iter_rows():
            columns = (check.column for check in self.compiled.checks if check.field == field)
            column = next((one for one in columns if one is not None), None)
            message, fix = describe(CODE, value=text, field=field, column=column, facts=_facts(collection, why))
            yield item, Problem(item, column, field, CODE, shorten(text), message, fix)


def _facts(collection: str, why: str) -> dict[str, str]:
    return {"collection": collection, "why": why}


class Gaps:
    """Names for which there is no item when rows are sent: such rows are not.

    `whys` says of names (by collection and what the cell says) why there is none.
    """

    def __init__(self, references: Mapping[str, References], whys: Mapping[tuple[str, str], str]) -> None:
        self._fields = [(slug, one) for slug, one in references.items() if one.making is not None]
        self._whys = whys

    def found_in(self, mapped: pl.DataFrame) -> dict[int, tuple[str, str]]:
        """Give code and sentence for each row that has such a gap, by its place in a mapped frame."""
        gaps: dict[int, tuple[str, str]] = {}
        for slug, one in self._fields:
            found = unmade_in(mapped.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias(ROW)), slug)
            for place, text in found.iter_rows():
                why = self._whys.get((one.collection, text), "this run did not foresee that it is needed")
                said, _ = describe(CODE, value=text, field=slug, facts=_facts(one.name, why))
                gaps.setdefault(place, (CODE, said))
        return gaps
