"""The mapping language: read once, compiled once, then run on every batch of the sheet as polars expressions."""

from __future__ import annotations

from importer.mapping.columns import find_column, loosely
from importer.mapping.compiled import PROBLEM_COLUMNS, CheckInfo, Compiled, Mapped
from importer.mapping.compiling import ReferenceNeed, check_matches, compile_mapping, reference_needs
from importer.mapping.folding import ORIGIN, ROWS
from importer.mapping.grouping import Borders
from importer.mapping.items import items_of, problems_of
from importer.mapping.layers import Layer
from importer.mapping.mistakes import Mistakes
from importer.mapping.nesting import too_deep
from importer.mapping.parsing import extended_by, parse_mapping
from importer.mapping.rules import Mapping, Rule

__all__ = [
    "ORIGIN",
    "PROBLEM_COLUMNS",
    "ROWS",
    "Borders",
    "CheckInfo",
    "Compiled",
    "Layer",
    "Mapped",
    "Mapping",
    "Mistakes",
    "ReferenceNeed",
    "Rule",
    "check_matches",
    "compile_mapping",
    "extended_by",
    "find_column",
    "items_of",
    "loosely",
    "parse_mapping",
    "problems_of",
    "reference_needs",
    "too_deep",
]
