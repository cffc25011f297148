"""What people write without us: a loop over `csv.DictReader` that maps and checks as `bench.sheets.MAPPING` says.

`python -m bench.plain_check SHEET REJECTS` prints how many rows were read and how many are bad. It does for this one
mapping what the importer does for any: the same values, the same checks, doubled slugs, and the bad rows in a file.
"""

from __future__ import annotations

import csv
import html
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
        raise ValueError(text)
    return float(bare.replace(",", ""))


def identity_of(row: dict[str, str], item: dict[str, Any], wrong: list[tuple[str, str]]) -> None:
    """Take name, slug and SKU."""
    for column, field, longest in (("Product", "name", LONGEST), ("SKU", "sku", LONGEST_SKU)):
        text = row[column]
        if not text.strip():
            wrong.append((column, "required"))
        elif len(text) > longest:
            wrong.append((column, "too_long"))
        elif "\n" in text:
            wrong.append((column, "not_single_line"))
        else:
            item[field] = text
    slug = row["Handle"]
    if not slug.strip():
        wrong.append(("Handle", "required"))
    elif not SLUG.fullmatch(slug):
        wrong.append(("Handle", "slug_invalid"))
    elif len(slug) > LONGEST:
        wrong.append(("Handle", "too_long"))
    else:
        item["slug"] = slug


def amounts_of(row: dict[str, str], item: dict[str, Any], wrong: list[tuple[str, str]]) -> None:
    """Take price, stock and date."""
    for column, field, places in (("Price", "price", 2), ("Stock", "stock", 0)):
        text = row[column]
        if not text.strip():
            continue
        try:
            number = number_in(text)
        except ValueError:
            wrong.append((column, "not_a_number"))
            continue
        if number < 0:
            wrong.append((column, "out_of_range"))
        elif round(number, places) != number:
            wrong.append((column, "too_precise" if places else "not_an_integer"))
        else:
            item[field] = number if places else int(number)
    text = row["Available from"].strip()
    if text:
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            wrong.append(("Available from", "not_a_date"))
        else:
            if instant.tzinfo is None:
                instant = instant.replace(tzinfo=UTC)
            item["available-from"] = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def choices_of(row: dict[str, str], item: dict[str, Any], wrong: list[tuple[str, str]], sizes: dict[str, str]) -> None:
    """Take switch, color and size."""
    text = row["On sale?"].strip().casefold()
    if text:
        if text in SWITCH:
            item["on-sale"] = SWITCH[text]
        else:
            wrong.append(("On sale?", "not_a_switch"))
    text = row["Colour"].strip()
    if text:
        if COLOR.fullmatch(text) or text.lower() in COLOR_NAMES:
            item["color"] = text
        else:
            wrong.append(("Colour", "color_invalid"))
    text = row["Size"].strip().casefold()
    if text:
        if text in sizes:
            item["size"] = sizes[text]
        else:
            wrong.append(("Size", "option_unknown"))


def texts_of(row: dict[str, str], item: dict[str, Any], wrong: list[tuple[str, str]]) -> None:
    """Take description, photo and e-mail."""
    text = row["Description"].strip()
    if text:
        item["description"] = text if TAG.search(text) else f"<p>{html.escape(text, quote=False)}</p>"
    text = row["Photo"].strip()
    if text:
        if ADDRESS.fullmatch(text):
            item["photo"] = {"url": text}
        else:
            wrong.append(("Photo", "file_invalid"))
    text = row["Supplier e-mail"].strip()
    if text:
        if EMAIL.fullmatch(text):
            item["supplier-email"] = text
        else:
            wrong.append(("Supplier e-mail", "email_invalid"))


def item_of(row: dict[str, str], sizes: dict[str, str]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Make the item of a row, and say what is wrong with it: column and code; `sizes` are option ids by folded name."""
    item: dict[str, Any] = {}
    wrong: list[tuple[str, str]] = []
    identity_of(row, item, wrong)
    amounts_of(row, item, wrong)
    choices_of(row, item, wrong, sizes)
    texts_of(row, item, wrong)
    return item, wrong


def main(sheet: str, rejects: str) -> None:
    seen: set[str] = set()
    read = bad = 0
    with (
        Path(sheet).open(encoding="utf-8", newline="") as file,
        Path(rejects).open("w", encoding="utf-8", newline="") as out,
    ):
        rows = csv.DictReader(file)
        lines = csv.DictWriter(out, [*(rows.fieldnames or ()), "_row", "_error"])
        lines.writeheader()
        for number, row in enumerate(rows, 2):
            item, wrong = item_of(row, SIZES)
            slug = item.get("slug", "").lower()
            if slug:
                if slug in seen:
                    wrong.append(("Handle", "slug_duplicate"))
                seen.add(slug)
            read += 1
            if wrong:
                bad += 1
                lines.writerow({**row, "_row": number, "_error": " | ".join(": ".join(one) for one in wrong)})
    print(read, bad)


if __name__ == "__main__":
    main(*sys.argv[1:])
