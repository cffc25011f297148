"""What flows through a rule's pipeline, and where it is bound for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from importer.mapping.workbench import Blame
    from importer.model import Kind

MANY_TYPES = frozenset({"MultiReference", "MultiImage"})
"""Field types that hold several values."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What a rule gives so far: text (String), or parts (List(String), empty ones null) where `many`.

    `kind` (UInt8) stands for scalars only; `numeric` says that the parts of a list are canonical numbers.
    `alt` has the shape of `value`.
    """

    value: pl.Expr
    blame: Blame
    many: bool = False
    kind: pl.Expr | None = None
    numeric: bool = False
    alt: pl.Expr | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What a rule is for: a field (or `key`, `draft`, ...) and its type; `many` if that holds several values."""

    field: str | None
    type: str

    @property
    def many(self) -> bool:
        """Whether it holds several values."""
        return self.type in MANY_TYPES


def kind_of(kind: Kind) -> pl.Expr:
    """Give a kind as a column of it (UInt8)."""
    return pl.lit(int(kind), dtype=pl.UInt8)
