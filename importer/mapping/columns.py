"""Columns of the sheet, by the names that a mapping gives them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from importer.mapping.mistakes import nearest
from importer.model import KIND_PREFIX, ROW
from importer.schema.evaluation import named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importer.mapping.mistakes import Mistakes

CELL = "c:"
"""`CELL + column` is the text of a column while a batch is worked on."""

CELL_KIND = "k:"
"""`CELL_KIND + column` is its kind."""


def loosely(name: str) -> str:
    """Give what two names must have in common to be one: nothing that cannot be seen tells them apart.

    Not case, nor outer blanks, nor how blanks (no-break ones, line breaks) and accents (one sign or two) are made.
    """
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


@dataclass(slots=True)
class Columns:
    """Finds columns by header: as written, else as `loosely` compares them; notes which ones are used."""

    headers: Sequence[str]
    kinds: frozenset[str]
    used: dict[str, None] = field(default_factory=dict)
    _loose: Mapping[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        loose: dict[str, list[str]] = {}
        for header in self.headers:
            loose.setdefault(loosely(header), []).append(header)
        self._loose = loose
        self.kinds = frozenset(kind.removeprefix(KIND_PREFIX) for kind in self.kinds)

    def find(self, name: str) -> str | None:
        """Give the header that a name means, None where there is none."""
        if name in self.headers:
            return name
        if name == ROW:
            return ROW
        near = self._loose.get(loosely(name), [])
        return near[0] if len(near) == 1 else None

    def check(self, path: str, name: str, mistakes: Mistakes, hint: str = "", far: str = "") -> None:
        """Note a column that is not in the sheet, with the nearest one that is; `far` is a hint where none is near."""
        if self.find(name) is None:
            known = ", ".join(f'"{header}"' for header in self.headers[:12])
            more = f", and {len(self.headers) - 12} more" if len(self.headers) > 12 else ""  # noqa: PLR2004 - those beyond the ones that are named
            near = nearest(name, self.headers) or f"; the columns are {known}{more}{far}"
            mistakes.add(path, f'there is no column "{name}" in the sheet{hint}{near}')

    def cell(self, name: str) -> tuple[pl.Expr, pl.Expr | None]:
        """Give text and kind of a column, and note that it is used."""
        header = self.find(name)
        if header is None:
            # Reported already by `check`; compiling goes on only to find more mistakes.
            return pl.lit(None, dtype=pl.String), None
        self.used[header] = None
        kind = pl.col(CELL_KIND + header) if header in self.kinds else None
        return pl.col(CELL + header), kind

    def inputs(self) -> list[pl.Expr]:
        """Select the used columns of a batch under their working names."""
        texts = [
            pl.col(ROW).cast(pl.String).alias(CELL + ROW) if header == ROW and ROW not in self.headers
            else named(header).alias(CELL + header)
            for header in self.used
        ]  # fmt: skip
        return texts + [pl.col(KIND_PREFIX + header).alias(CELL_KIND + header) for header in self.kinded()]

    def kinded(self) -> list[str]:
        """Name the used columns that have kinds."""
        return [header for header in self.used if header in self.kinds]


def find_column(name: str, headers: Sequence[str]) -> str | None:
    """Give the header that a name of the mapping means, None where there is none."""
    return Columns(headers, frozenset()).find(name)
