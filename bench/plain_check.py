"""What people write without us: a loop over `csv.DictReader`, or over openpyxl, that maps and checks row by row.

`python -m bench.plain_check SHEET REJECTS` prints how many rows were read and how many are bad. It does for these
sheets what the importer does for any: the same values, the same checks, doubled slugs, and the bad rows in a file.
"""

from __future__ import annotations

import csv
import html
import re
import sys
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.sheets import field_of, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SLUG = re.compile(r"[_a-zA-Z0-9][-_a-zA-Z0-9]*")
NUMBER = re.compile(r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?")
COLOR = re.compile(
    r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})|(?:rgb|hsl)a?\(\s*[0-9.]+%?(?:\s*,\s*[0-9.]+%?){2,3}\s*\)",
    re.IGNORECASE,
)
COLOR_NAMES = frozenset(("black", "white", "red", "green", "blue", "teal", "navy", "olive", "transparent"))
ADDRESS = re.compile(r"https?://[^\s/?#@]+(?:[/?#]\S*)?", re.IGNORECASE)
EMAIL = re.compile(r"[^\s@<>()]+@(?:[\w-]+\.)+[\w-]{2,}")
TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
SWITCH = dict.fromkeys(("true", "yes", "y", "1", "on", "x"), True) | dict.fromkeys(
    ("false", "no", "n", "0", "off"), False
)
SIZES = {name.casefold(): f"id-{name}" for name in ("XS", "S", "M", "L", "XL")}
LONGEST, LONGEST_SKU = 256, 32


def number_in(text: str) -> float:
    """Read a number as people write it; raises ValueError."""
    bare = text.strip().strip("€$£% ")
    if not NUMBER.fullmatch(bare):
        raise ValueError("not_a_number")
    return float(bare.replace(",", ""))


def plain_text(text: str, longest: int, *_: Any) -> str:
    """Take name and SKU."""
    if not text.strip():
        raise ValueError("required")
    if len(text) > longest:
        raise ValueError("too_long")
    if "\n" in text:
        raise ValueError("not_single_line")
    return text


def slug(text: str, longest: int, *_: Any) -> str:
    if not text.strip():
        raise ValueError("required")
    if not SLUG.fullmatch(text):
        raise ValueError("slug_invalid")
    if len(text) > longest:
        raise ValueError("too_long")
    return text


def amount(text: str, places: int, *_: Any) -> float | int | None:
    """Take price and stock."""
    if not text.strip():
        return None
    number = number_in(text)
    if number < 0:
        raise ValueError("out_of_range")
    if round(number, places) != number:
        raise ValueError("too_precise" if places else "not_an_integer")
    return number if places else int(number)


def instant(text: str, *_: Any) -> str | None:
    text = text.strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("not_a_date") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def switch(text: str, *_: Any) -> bool | None:
    text = text.strip().casefold()
    if not text:
        return None
    if text not in SWITCH:
        raise ValueError("not_a_switch")
    return SWITCH[text]


def color(text: str, *_: Any) -> str | None:
    text = text.strip()
    if text and not COLOR.fullmatch(text) and text.lower() not in COLOR_NAMES:
        raise ValueError("color_invalid")
    return text or None


def option(text: str, _: int, sizes: dict[str, str]) -> str | None:
    text = text.strip().casefold()
    if text and text not in sizes:
        raise ValueError("option_unknown")
    return sizes.get(text)


def rich_text(text: str, *_: Any) -> str | None:
    text = text.strip()
    if not text:
        return None
    return text if TAG.search(text) else f"<p>{html.escape(text, quote=False)}</p>"


def photo(text: str, *_: Any) -> dict[str, str] | None:
    text = text.strip()
    if text and not ADDRESS.fullmatch(text):
        raise ValueError("file_invalid")
    return {"url": text} if text else None


def email(text: str, *_: Any) -> str | None:
    text = text.strip()
    if text and not EMAIL.fullmatch(text):
        raise ValueError("email_invalid")
    return text or None


TAKEN: dict[str, tuple[Callable[..., Any], int]] = {
    "Handle": (slug, LONGEST),
    "Product": (plain_text, LONGEST),
    "SKU": (plain_text, LONGEST_SKU),
    "Description": (rich_text, 0),
    "Price": (amount, 2),
    "Stock": (amount, 0),
    "Available from": (instant, 0),
    "On sale?": (switch, 0),
    "Colour": (color, 0),
    "Size": (option, 0),
    "Photo": (photo, 0),
    "Supplier e-mail": (email, 0),
}
"""How a value of each column is made, and how long it may be, or how precise."""


def plan_of(columns: Sequence[str]) -> list[tuple[str, str, Callable[..., Any], int]]:
    """Say of each column which field it fills, and how."""
    return [(column, field_of(column), *TAKEN[kind_of(column)]) for column in columns if kind_of(column) in TAKEN]


def item_of(
    row: dict[str, str], plan: Sequence[tuple[str, str, Callable[..., Any], int]], sizes: dict[str, str]
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Make the item of a row, and say what is wrong with it: column and code; `sizes` are option ids by folded name."""
    item: dict[str, Any] = {}
    wrong: list[tuple[str, str]] = []
    for column, field, take, limit in plan:
        try:
            value = take(row[column], limit, sizes)
        except ValueError as error:
            wrong.append((column, str(error)))
            continue
        if value is not None:
            item[field] = value
    return item, wrong


def rows_in(sheet: str) -> Iterator[dict[str, str]]:
    """Read the rows of a CSV, or of a workbook as texts."""
    if sheet.endswith(".csv"):
        with Path(sheet).open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
        return
    from openpyxl import load_workbook  # a loop over a CSV has no use for it

    with closing(load_workbook(sheet, read_only=True)) as book:
        rows = book.worksheets[0].iter_rows(values_only=True)
        header = [str(cell) for cell in next(rows)]
        for cells in rows:  # one ends with its last filled cell
            yield dict(zip_longest(header, map(text_of, cells), fillvalue=""))


def text_of(cell: object) -> str:
    """Write a cell of a workbook as a CSV would hold it."""
    if cell is None:
        return ""
    return cell.isoformat() if isinstance(cell, datetime) else str(cell)


def main(sheet: str, rejects: str) -> None:
    seen: set[str] = set()
    read = bad = 0
    rows = rows_in(sheet)
    first = next(rows)
    plan = plan_of(list(first))
    with Path(rejects).open("w", encoding="utf-8", newline="") as out:
        lines = csv.DictWriter(out, [*first, "_row", "_error"])
        lines.writeheader()
        for number, row in enumerate(chain([first], rows), 2):
            item, wrong = item_of(row, plan, SIZES)
            handle = item.get("slug", "").lower()
            if handle:
                if handle in seen:
                    wrong.append(("Handle", "slug_duplicate"))
                seen.add(handle)
            read += 1
            if wrong:
                bad += 1
                lines.writerow({**row, "_row": number, "_error": " | ".join(": ".join(one) for one in wrong)})
    print(read, bad)


if __name__ == "__main__":
    main(*sys.argv[1:])
