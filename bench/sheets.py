"""The sheet of the benchmarks: products in twelve columns, a few of them bad, the same bytes for the same size."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SEED = 20260301
BAD_IN = 1_000
"""One row in so many is bad: a sheet that somebody has looked after."""

HEADER = (
    "Handle",
    "Product",
    "SKU",
    "Description",
    "Price",
    "Stock",
    "Available from",
    "On sale?",
    "Colour",
    "Size",
    "Photo",
    "Supplier e-mail",
)

MAPPING = """\
collection = "products"

[source]
path = "products.csv"

[fields]
name = "Product"
slug = "Handle"
sku = "SKU"
description = "Description"
price = "Price"
stock = "Stock"
available-from = "Available from"
on-sale = "On sale?"
color = "Colour"
size = "Size"
photo = "Photo"
supplier-email = "Supplier e-mail"
"""
"""Every column fills a field: names, text, HTML, numbers, a date, a switch, a color, an option, a file, an e-mail."""

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
_BAD = (
    (0, "not a slug {at}"),
    (1, ""),
    (4, "-4.00"),
    (4, "a lot"),
    (5, "2.5"),
    (6, "31/02/2026"),
    (7, "perhaps"),
    (8, "#12345"),
    (9, "XXL"),
    (10, "photo.jpg"),
    (11, "shop at example.org"),
)
"""What bad rows hold, by column: the mistakes that an editor makes."""


ROWS_OF_ITEM = 4
"""How many rows an item of several has in the benchmarks."""

ITEM = "Item"
"""The column that says which rows are one item."""


def write_grouped(path: Path, rows: int, *, apart: int) -> None:
    """Write a sheet with a column `Item` that four rows have in common, so many rows apart from each other."""
    lines, stretch = enumerate(_rows(rows)), apart * ROWS_OF_ITEM
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow((*HEADER, ITEM))
        while held := list(
            islice(lines, stretch)
        ):  # all of them at once would count towards the peak of what is measured
            for member in range(ROWS_OF_ITEM):
                out.writerows((*line, f"item-{at // ROWS_OF_ITEM}") for at, line in held[member::ROWS_OF_ITEM])


def write_sheet(path: Path, rows: int) -> None:
    """Write a sheet of so many rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(HEADER)
        lines.writerows(_rows(rows))


def _rows(count: int) -> Iterator[list[str]]:
    number = Random(SEED).random
    first = date(2026, 1, 1)
    days = [(first + timedelta(days=days)).isoformat() for days in range(900)]

    def pick(choices: Sequence[str]) -> str:
        return choices[int(number() * len(choices))]

    for at in range(1, count + 1):
        look, kind = pick(_LOOKS), pick(_KINDS)
        row = [
            f"{look}-{_ASCII.get(kind, kind.lower())}-{at}",
            f"{look.capitalize()} {kind} No. {at}",
            f"SKU-{at:07}",
            pick(_TEXTS),
            f"{number() * 900:,.2f}" if at % 7 else f"€ {number() * 2000:,.2f}",
            str(int(number() * 500)),
            pick(days),
            pick(_YES),
            pick(_COLOURS),
            pick(_SIZES),
            f"https://cdn.example.org/photos/{at % 977}/{kind[0].lower()}-{at}.jpg" if at % 3 else "",
            f"{look}@{kind[0].lower()}{at % 89}.example.org",
        ]
        if not at % BAD_IN:
            column, text = _BAD[at // BAD_IN % len(_BAD)]
            row[column] = text.format(at=at)
        yield row
