"""What tests of pure rooms share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import polars as pl
import pytest

from importer.errors.problems import describe
from importer.fields import VALUE_TYPES, Context, coerce
from importer.model import Cell, Kind
from importer.schema import Field

if TYPE_CHECKING:
    from collections.abc import Sequence


class Outcome(NamedTuple):
    """What became of one cell."""

    value: Any
    codes: tuple[str, ...]
    messages: tuple[str, ...]
    fixes: tuple[str, ...]


class Coercion(Protocol):
    """The fixture `coerced`: run cells through a field, as the compiler of mappings does."""

    def __call__(
        self,
        kind: str,
        cells: Sequence[Any],
        *,
        limits: dict[str, Any] | None = None,
        slug: str = "field",
        required: bool = False,
        many: bool = False,
        kinds: Sequence[Kind] | None = None,
        alts: Sequence[Any] | None = None,
        context: Context | None = None,
    ) -> list[Outcome]:
        """Give the outcome of each cell."""


def _coerced(
    kind: str,
    cells: Sequence[Any],
    *,
    limits: dict[str, Any] | None = None,
    slug: str = "field",
    required: bool = False,
    many: bool = False,
    kinds: Sequence[Kind] | None = None,
    alts: Sequence[Any] | None = None,
    context: Context | None = None,
) -> list[Outcome]:
    shape = pl.List(pl.String) if many else pl.String
    frame = pl.DataFrame({"cell": pl.Series(cells, dtype=shape)})
    cell = Cell(pl.col("cell"), many=many)
    if kinds is not None:
        frame = frame.with_columns(pl.Series("kind", [int(one) for one in kinds], dtype=pl.UInt8))
        cell = Cell(cell.value, many, pl.col("kind"))
    if alts is not None:
        frame = frame.with_columns(pl.Series("alt", alts, dtype=shape))
        cell = Cell(cell.value, many, cell.kind, pl.col("alt"))
    field = Field.model_validate({"slug": slug, "type": kind, "isRequired": required, "validations": limits})
    made = coerce(field, cell, pl.col("out"), context or Context())
    frame = frame.with_columns(made.value.alias("out"))
    assert frame.schema["out"] == VALUE_TYPES[kind]
    found: list[list[tuple[str, str, str]]] = [[] for _ in cells]
    for check in made.checks:
        nothing = pl.lit(None, pl.String)
        told = frame.select(
            check.when.fill_null(value=False).alias("when"),
            (nothing if check.value is None else check.value).alias("value"),
            (nothing if check.suggest is None else check.suggest).alias("suggest"),
        )
        for place, (guilty, value, suggest) in enumerate(told.iter_rows()):
            if guilty:
                sentences = describe(
                    check.code, value=value, field=slug, column="Column", suggest=suggest, facts=check.facts
                )
                found[place].append((check.code, *sentences))
    values = frame.get_column("out").to_list()
    return [
        Outcome(value, tuple(one[0] for one in told), tuple(one[1] for one in told), tuple(one[2] for one in told))
        for value, told in zip(values, found, strict=True)
    ]


@pytest.fixture(scope="session")
def coerced() -> Coercion:
    """Give the function that runs cells through a field."""
    return _coerced
