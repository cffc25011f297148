"""The sheets of the benchmarks: products in few columns or many, a few of them bad, the same rows for the same size.

`python -m bench.sheets PATH ROWS SHAPE APART` writes one: a process of its own, for what it holds would count towards
the peak of what is measured next.
"""

from __future__ import annotations

import csv
import re
import sys
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from bench.workbooks import Cell, write_workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SEED = 20260301
BAD_IN = 1_000
"""One row in so many is bad: a sheet that somebody has looked after."""

ROWS_OF_ITEM = 4
"""How many rows an item of several has in the benchmarks."""

ITEM = "Item"
"""The column that says which rows are one item; only mappings with `group_by` use it."""

FIELDS: dict[str, dict[str, Any]] = {
    "Handle": {"slug": "slug"},
    "Product": {"slug": "name"},
    "SKU": {
        "slug": "sku",
        "type": "PlainText",
        "isRequired": True,
        "validations": {"singleLine": True, "maxLength": 32},
    },
    "Description": {"slug": "description", "type": "RichText"},
    "Price": {
        "slug": "price",
        "type": "Number",
        "validations": {"format": "decimal", "precision": 2, "minValue": 0},
    },
    "Stock": {"slug": "stock", "type": "Number", "validations": {"format": "integer", "minValue": 0}},
    "Available from": {"slug": "available-from", "type": "DateTime", "validations": {"format": "date-time"}},
    "On sale?": {"slug": "on-sale", "type": "Switch"},
    "Colour": {"slug": "color", "type": "Color"},
    "Size": {
        "slug": "size",
        "type": "Option",
        "validations": {"options": [{"name": name} for name in ("XS", "S", "M", "L", "XL")]},
    },
    "Photo": {"slug": "photo", "type": "Image", "validations": {"maxImageSize": 4096}},
    "Supplier e-mail": {"slug": "supplier-email", "type": "Email"},
}
"""The columns and the fields that they fill: texts, HTML, numbers, a date, a switch, a color, an option, a file."""

HEADER = tuple(FIELDS)
_AGAIN = HEADER[3:]

SHAPES = {
    "narrow": (ITEM, "Handle", "Product", "SKU", "Price", "Stock"),
    "usual": (ITEM, *HEADER),
    "wide": (ITEM, *HEADER, *(f"{name} {time}" for time in (2, 3, 4) for name in _AGAIN)),
}
"""Sheets of 6, 13 and 40 columns; every column but the first fills a field, in the wide one several each kind."""


def kind_of(column: str) -> str:
    """Tell what a column holds: "Price 3" holds what "Price" does."""
    return re.sub(r" \d$", "", column)


def field_of(column: str) -> str:
    """Name the field that a column fills."""
    return str(FIELDS[kind_of(column)]["slug"]) + column[len(kind_of(column)) :].replace(" ", "-")


def mapping_of(columns: Sequence[str], path: str, *, grouped: bool = False) -> str:
    """Write the mapping file of a sheet."""
    lines = ['collection = "products"', "", "[source]", f'path = "{path}"']
    lines += [f'group_by = "{ITEM}"'] if grouped else []
    lines += ["", "[fields]", *(f'{field_of(column)} = "{column}"' for column in columns if column != ITEM)]
    return "\n".join((*lines, ""))


def seed_of(columns: Sequence[str]) -> dict[str, Any]:
    """Give what a sandbox starts from that has all fields of the columns."""
    fields = [
        {**FIELDS[kind_of(column)], "slug": field_of(column), "displayName": column}
        for column in columns
        if column != ITEM and "type" in FIELDS[kind_of(column)]
    ]
    products = {"displayName": "Products", "singularName": "Product", "slug": "products", "fields": fields}
    locales = {"primary": {"tag": "en-US", "displayName": "English", "subdirectory": ""}}
    site = {"displayName": "Bench", "shortName": "bench", "timeZone": "Europe/Berlin", "locales": locales}
    return {"site": site, "tokens": {"sandbox": ["cms:read", "cms:write", "sites:read"]}, "collections": [products]}


_KINDS = ("Kettle", "Lamp", "Apron", "Stool", "Ladle", "Café table", "Plaid", "Crate", "Bürste", "Teapot")
_ASCII = {"Café table": "cafe-table", "Bürste": "burste"}
_LOOKS = ("plain", "striped", "glazed", "oiled", "folding", "tall", "small", "enamelled", "woven", "mended")
_TEXTS = (
    "Made in small numbers, by hand.",
    "A piece for every day; it only gets better.",
    'The one that everybody calls "the good one".',
    "Dishwasher safe",
    "Comes in a box of recycled board, with a note about the people who made it.",
    "",
)
_COLOURS = ("#2d5a3d", "#d8c49a", "#1c2541", "teal", "rgb(181, 83, 42)", "")
_SIZES = ("XS", "S", "M", "L", "xl", "")
_YES = ("yes", "no", "TRUE", "FALSE", "x", "")
_DAYS = tuple((date(2026, 1, 1) + timedelta(days=days)).isoformat() for days in range(900))
_BAD = (
    ("Handle", "not a slug {at}"),
    ("Product", ""),
    ("Price", "-4.00"),
    ("Price", "a lot"),
    ("Stock", "2.5"),
    ("Available from", "31/02/2026"),
    ("On sale?", "perhaps"),
    ("Colour", "#12345"),
    ("Size", "XXL"),
    ("Photo", "photo.jpg"),
    ("Supplier e-mail", "shop at example.org"),
)
"""What bad rows hold, by column: the mistakes that an editor makes."""


def write_sheet(path: Path, rows: int, columns: Sequence[str] = HEADER, *, apart: int = 1) -> None:
    """Write a sheet of so many rows, a CSV or a workbook; those of an item stand so many rows apart."""
    made = rows_of(rows, columns, apart)
    if path.suffix == ".xlsx":
        kinds = [kind_of(column) for column in columns]
        write_workbook(path, columns, ([*map(_typed, kinds, row)] for row in made))
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(columns)
        lines.writerows(made)


def rows_of(count: int, columns: Sequence[str], apart: int = 1) -> Iterator[list[str]]:
    """Make the rows of a sheet, in its order."""
    rows = _rows(count, columns)
    if apart == 1:
        yield from rows
        return
    while held := list(islice(rows, apart * ROWS_OF_ITEM)):
        for member in range(ROWS_OF_ITEM):
            yield from held[member::ROWS_OF_ITEM]


def _rows(count: int, columns: Sequence[str]) -> Iterator[list[str]]:
    number = Random(SEED).random
    pick = _picker(number)
    makers = _makers(number)
    kinds = [kind_of(column) for column in columns]
    bad = [(kinds.index(kind), text) for kind, text in _BAD if kind in kinds]
    for at in range(1, count + 1):
        look, thing = pick(_LOOKS), pick(_KINDS)
        row = [makers[kind](at, look, thing) for kind in kinds]
        if at % BAD_IN == 1:  # it begins an item, which takes its values from its first row
            place, text = bad[at // BAD_IN % len(bad)]
            row[place] = text.format(at=at)
        yield row


def _picker(number: Callable[[], float]) -> Callable[[Sequence[str]], str]:
    def pick(choices: Sequence[str]) -> str:
        return choices[int(number() * len(choices))]

    return pick


def _makers(number: Callable[[], float]) -> dict[str, Callable[[int, str, str], str]]:
    """Say how a cell of each kind is made, by the row's place, its look and what the product is."""
    pick = _picker(number)
    return {
        ITEM: lambda at, _, __: f"item-{(at - 1) // ROWS_OF_ITEM}",
        "Handle": lambda at, look, thing: f"{look}-{_ASCII.get(thing, thing.lower())}-{at}",
        "Product": lambda at, look, thing: f"{look.capitalize()} {thing} No. {at}",
        "SKU": lambda at, _, __: f"SKU-{at:07}",
        "Description": lambda _, __, ___: pick(_TEXTS),
        "Price": lambda at, _, __: f"{number() * 900:,.2f}" if at % 7 else f"€ {number() * 2000:,.2f}",
        "Stock": lambda _, __, ___: str(int(number() * 500)),
        "Available from": lambda _, __, ___: pick(_DAYS),
        "On sale?": lambda _, __, ___: pick(_YES),
        "Colour": lambda _, __, ___: pick(_COLOURS),
        "Size": lambda _, __, ___: pick(_SIZES),
        "Photo": lambda at, _, thing: (
            f"https://cdn.example.org/photos/{at % 977}/{thing[0].lower()}-{at}.jpg" if at % 3 else ""
        ),
        "Supplier e-mail": lambda at, look, thing: f"{look}@{thing[0].lower()}{at % 89}.example.org",
    }


def _typed(kind: str, text: str) -> Cell:
    """Give a cell as a workbook holds it: numbers, days and truth values are no texts there."""
    try:
        match kind:
            case "Price":
                return float(text.removeprefix("€ ").replace(",", ""))
            case "Stock":
                return float(text)
            case "Available from":
                return date.fromisoformat(text)
            case "On sale?" if text in {"TRUE", "FALSE"}:
                return text == "TRUE"
    except ValueError:  # one of the bad cells
        return text
    return text


if __name__ == "__main__":
    place, size, shape, distance = sys.argv[1:]
    write_sheet(Path(place), int(size), SHAPES[shape], apart=int(distance))
