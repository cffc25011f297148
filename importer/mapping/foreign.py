"""What a mapping brings besides rules: functions of a hooks file beside it, and of packages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from importer.errors import MappingError
from importer.mapping.mistakes import nearest
from importer.mapping.workbench import blank_as_null
from importer.model import BROKEN, KIND_PREFIX, ROW, Kind
from importer.transforms import TRANSFORMS
from importer.transforms.foreign import FAILURES, failure, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from collections.abc import Mapping as Table

    from importer.mapping.mistakes import Mistakes
    from importer.mapping.rules import Mapping, Rule
    from importer.transforms import Call, Transform

_HINT = "Mend rows(frame) in the hooks file, and run the same command."


@dataclass(frozen=True, slots=True)
class RowsHook:
    """`rows(frame)` of a hooks file: it sees each batch before all else, and may leave out rows, but make none.

    It is given the rows that could be read, with `_row` and the cells as text; what it gives is held to be that too.
    """

    file: str
    function: Callable[[pl.DataFrame], Any]

    def __call__(self, batch: pl.DataFrame, needed: Iterable[str] = ()) -> pl.DataFrame:
        """Give a batch as the mapping sees it; raises MappingError where `rows` does not do what it should."""
        broken = batch.get_column(BROKEN).is_not_null() if BROKEN in batch.columns else None
        unread = batch.filter(broken) if broken is not None and broken.any() else batch.clear()
        sound = batch.filter(~broken) if broken is not None and unread.height else batch
        shown = sound.select(name for name in sound.columns if not name.startswith("\0"))
        try:
            given = self.function(shown)
        except FAILURES as error:
            raise MappingError(f"{failure(self.file, 'rows', self.function, error)}.", _HINT) from error
        texts = self._checked(given, shown, needed)
        held = sound.select(ROW, *(name for name in sound.columns if name.startswith("\0")))
        known = texts.join(held, on=ROW, how="left", maintain_order="left")
        whole = known.with_columns(self._kinds(known, sound))
        return pl.concat([whole, unread], how="diagonal").sort(ROW) if unread.height else whole

    def _checked(self, given: Any, shown: pl.DataFrame, needed: Iterable[str]) -> pl.DataFrame:
        """See that the rows are rows of the batch, each once, in its order, and that cells are texts."""
        if not isinstance(given, pl.DataFrame):
            more = "; end it with .collect()" if isinstance(given, pl.LazyFrame) else ""
            raise self._wrong(f"must give a polars DataFrame, not {type(given).__name__}{more}")
        if ROW not in given.columns:
            raise self._wrong(f'must keep the column "{ROW}", which says which row of the sheet each one is')
        numbers = given.get_column(ROW)
        if numbers.dtype != pl.UInt32():
            raise self._wrong(f'must leave the column "{ROW}" as it is, and made {numbers.dtype} of UInt32')
        strange = numbers.filter(numbers.is_null() | ~numbers.is_in(shown.get_column(ROW).implode()))
        if not strange.is_empty():
            raise self._wrong(f'gave a row whose "{ROW}" is {strange[0]}, which it was not given')
        twice = numbers.filter(numbers.is_duplicated())
        if not twice.is_empty():
            raise self._wrong(f"gave row {twice[0]} twice; it may leave rows out, and make none")
        for name, kind in given.schema.items():
            if name != ROW and kind not in {pl.String(), pl.Null()}:
                raise self._wrong(f'made the column "{name}" {kind}; cells are text: end it with .cast(pl.String)')
        for name in needed:
            if name not in given.columns:
                first, last = (shown.get_column(ROW)[at] for at in (0, -1)) if shown.height else ("?", "?")
                raise self._wrong(f'gave no column "{name}" for the rows {first} to {last}, and the mapping uses it')
        texts = given.with_columns(blank_as_null(pl.col(name).cast(pl.String)) for name in given.columns if name != ROW)
        return shown.select(ROW).join(texts, on=ROW, how="inner", maintain_order="left")

    def _kinds(self, known: pl.DataFrame, sound: pl.DataFrame) -> Iterator[pl.Expr]:
        """Say of typed cells that were changed that they are text now."""
        before = known.select(ROW).join(sound, on=ROW, how="left", maintain_order="left")
        for name in sound.columns:
            cell = name.removeprefix(KIND_PREFIX)
            if name.startswith(KIND_PREFIX) and cell in known.columns:
                same = pl.lit(known.get_column(cell).eq_missing(before.get_column(cell)))
                yield pl.when(same).then(pl.col(name)).otherwise(pl.lit(int(Kind.TEXT), dtype=pl.UInt8)).alias(name)

    def _wrong(self, sentence: str) -> MappingError:
        line = place_of(self.function)[1]
        return MappingError(f"{self.file}, line {line}: rows {sentence}.", _HINT)


@dataclass(frozen=True, slots=True)
class Foreign:
    """Functions that are not ours: transforms by name, `rows`, and a digest of the file that they stand in."""

    transforms: Table[str, Transform] = field(default_factory=dict)
    rows: RowsHook | None = None
    digest: str = ""


def foreign_calls(mapping: Mapping) -> Iterator[tuple[str, Call]]:
    """Give every call of a transform that is none of ours, with its key path."""
    for rule in mapping.rules():
        yield from _foreign_in(rule)


def _foreign_in(rule: Rule) -> Iterator[tuple[str, Call]]:
    yield from ((f"{rule.path}.transform", call) for call in rule.transforms if call.name not in TRANSFORMS)
    for inner in (rule.otherwise, rule.alt):
        if inner is not None:
            yield from _foreign_in(inner)


def check_calls(mapping: Mapping, mistakes: Mistakes) -> None:
    """Note calls of transforms that nobody brings, and arguments that one does not take, or lacks."""
    known = mapping.foreign.transforms
    for path, call in foreign_calls(mapping):
        transform = known.get(call.name)
        if transform is None:
            near = nearest(call.name, _names(known))
            mistakes.add(path, f'there is no transform "{call.name}", neither of ours nor in {mapping.hooks}{near}')
        elif call.argument is not None and transform.argument is None:
            mistakes.add(path, f'{call.name} takes no argument: write "{call.name}"')
        elif call.argument is None and transform.argument is not None and not transform.bare:
            mistakes.add(path, f"{call.name} needs an argument: {{ {call.name} = ... }}")


def _names(known: Table[str, Transform]) -> Sequence[str]:
    return [*TRANSFORMS, *known]
