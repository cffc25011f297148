"""A peer: `frictionless validate` (https://framework.frictionlessdata.io), with a schema that says what our checks say.

A price in a CSV is a pattern there, for its numbers cannot begin with "€ " and have a sign.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bench.sheets import ITEM, kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLOUR = r"^(#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})|(rgb|hsl)a?\([0-9.%, ]+\)|[a-z]+)$"

_RULES: dict[str, dict[str, Any]] = {
    ITEM: {"type": "string"},
    "Handle": {
        "type": "string",
        "constraints": {
            "required": True,
            "unique": True,
            "maxLength": 256,
            "pattern": "^[_a-zA-Z0-9][-_a-zA-Z0-9]*$",
        },
    },
    "Product": {"type": "string", "constraints": {"required": True, "maxLength": 256}},
    "SKU": {"type": "string", "constraints": {"required": True, "maxLength": 32}},
    "Description": {"type": "string"},
    "Price": {
        "type": "string",
        "constraints": {"pattern": r"^(€ )?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]{1,2})?$"},
    },
    "Stock": {"type": "integer", "constraints": {"minimum": 0}},
    "Available from": {"type": "date"},
    "On sale?": {"type": "boolean", "trueValues": ["yes", "TRUE", "x"], "falseValues": ["no", "FALSE"]},
    "Colour": {"type": "string", "constraints": {"pattern": _COLOUR}},
    "Size": {"type": "string", "constraints": {"enum": ["XS", "S", "M", "L", "XL", "xl"]}},
    "Photo": {"type": "string", "format": "uri"},
    "Supplier e-mail": {"type": "string", "format": "email"},
}

_TYPED: dict[str, dict[str, Any]] = {"Price": {"type": "number", "constraints": {"minimum": 0}}}
"""What is different where a workbook says which cells are numbers."""


def schema_of(columns: Sequence[str], *, typed: bool) -> str:
    """Write the schema (Table Schema, JSON) that frictionless checks these columns by."""
    rules = _RULES | (_TYPED if typed else {})
    return json.dumps({"fields": [{"name": column, **rules[kind_of(column)]} for column in columns]})


def found_by(report: str) -> tuple[int, int]:
    """Read from a report how many rows were read, and how many are bad."""
    (task,) = json.loads(report)["tasks"]
    return task["stats"]["rows"], len({error["rowNumber"] for error in task["errors"]})
