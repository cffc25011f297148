"""The sample sheets: what they hold, and that the script beside them makes them again."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_data"
HEADER_ROW = {"blog_posts.csv": 1, "products.xlsx": 3}


@cache
def rows_of(name: str, *, delimiter: str = ",", encoding: str = "utf-8") -> list[dict[str, str]]:
    with (SAMPLES / name).open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


@cache
def cells_of(path: Path) -> list[tuple[Any, ...]]:
    sheet = openpyxl.load_workbook(path)["Products"]
    return [tuple((cell.value, cell.data_type) for cell in row) for row in sheet.iter_rows()]


def test_the_script_makes_the_samples_again(tmp_path: Path) -> None:
    """The text files come back byte for byte; of the workbook every cell with its type (a library may pack it anew)."""
    copy = shutil.copytree(SAMPLES, tmp_path / "sample_data", ignore=shutil.ignore_patterns("*.csv", "*.xlsx"))
    subprocess.run([sys.executable, copy / "make_samples.py"], check=True, capture_output=True)
    for old in sorted(SAMPLES.glob("*.csv")):
        assert (copy / old.name).read_bytes() == old.read_bytes(), old.name
    assert cells_of(copy / "products.xlsx") == cells_of(SAMPLES / "products.xlsx")
    first = (copy / "products.xlsx").read_bytes()
    subprocess.run([sys.executable, copy / "make_samples.py"], check=True, capture_output=True)
    assert (copy / "products.xlsx").read_bytes() == first


def test_the_samples_have_the_announced_size_and_languages() -> None:
    """About 500 posts in eight languages, 300 products, 25 authors, 20 tags."""
    posts = rows_of("blog_posts.csv")
    assert len(posts) == 500
    assert set(Counter(post["Language"] for post in posts)) == {"en", "de", "fr", "pl", "el", "ru", "ja", "ar"}
    assert len(rows_of("authors.csv", delimiter=";", encoding="utf-8-sig")) == 25
    assert len(rows_of("tags.csv")) == 20
    assert len(cells_of(SAMPLES / "products.xlsx")) == 300 + HEADER_ROW["products.xlsx"] + 2


def test_the_posts_hold_what_makes_csv_hard() -> None:
    """Quotes, commas, line breaks inside cells, emoji, HTML, relative and absolute addresses, plain texts."""
    text = (SAMPLES / "blog_posts.csv").read_text(encoding="utf-8")
    posts = rows_of("blog_posts.csv")
    assert text.count("\n") > len(posts) + 1 + 50
    for piece in ('""temporary""', "🛶", 'href=""/archive/', 'href=""https://', "Mending", "<h2>"):
        assert piece.lower() in text.lower(), piece
    assert any(post["Body"] and "<" not in post["Body"] for post in posts)


def test_the_products_are_typed_cells() -> None:
    """Numbers, dates and yes/no are cells of their type; SKUs and EANs are texts and keep every digit."""
    sheet = openpyxl.load_workbook(SAMPLES / "products.xlsx")["Products"]
    header = [cell.value for cell in sheet[3]]
    first = dict(zip(header, (cell.value for cell in sheet[4]), strict=True))
    assert first["SKU"] == "000037"
    assert isinstance(first["EAN"], str)
    assert len(first["EAN"]) == 13
    assert isinstance(first["Price"], float | int)
    assert isinstance(first["Available from"], datetime)
    assert first["On sale?"] in {True, False}


@pytest.mark.parametrize(
    "reject", rows_of("expected_rejects.csv"), ids=lambda reject: f"{reject['code']}-{reject['row']}"
)
def test_each_planted_row_stands_where_the_list_says(reject: dict[str, str]) -> None:
    """The row number is what a person counts in the spreadsheet: a cell of several lines is one row."""
    planted = tomllib.loads((SAMPLES / "planted.toml").read_text(encoding="utf-8"))
    stem = reject["file"].partition(".")[0]
    rows: list[Any] = rows_of(reject["file"]) if reject["file"].endswith(".csv") else []
    if not rows:
        cells = cells_of(SAMPLES / reject["file"])[HEADER_ROW[reject["file"]] - 1 :]
        header = [value for value, _ in cells[0]]
        rows = [dict(zip(header, (value for value, _ in line), strict=True)) for line in cells[1:]]
    found = rows[int(reject["row"]) - HEADER_ROW[reject["file"]] - 1][reject["column"]]
    bad = [row for row in planted[stem] if (row["column"], row["code"]) == (reject["column"], reject["code"])]
    if "like" in bad[0]:
        assert [row[reject["column"]] for row in rows].count(found) == 2
    else:
        assert found in [row.get("value", "") for row in bad]


def test_no_other_row_repeats_a_slug_a_title_or_a_number() -> None:
    """Only the planted doubles are doubles."""
    posts = rows_of("blog_posts.csv")
    slugs = Counter(post["Slug"] for post in posts if post["Slug"])
    assert [slug for slug, number in slugs.items() if number > 1] == [posts[1]["Slug"]]
    assert max(Counter(post["Title"] for post in posts).values()) == 1


@pytest.mark.parametrize("mapping", sorted((ROOT / "mappings").glob("*.toml")), ids=lambda path: path.stem)
def test_a_mapping_stands_for_each_sheet(mapping: Path) -> None:
    """Each mapping names a sheet that is there, and a collection."""
    table = tomllib.loads(mapping.read_text(encoding="utf-8"))
    assert (mapping.parent / table["source"]["path"]).exists()
    assert table["collection"]
    assert "name" in table["fields"]


def test_blog_posts_fill_every_field_of_the_sandbox() -> None:
    """The mapping of the posts uses all 17 field types: each of the 20 fields."""
    mapping = tomllib.loads((ROOT / "mappings" / "blog_posts.toml").read_text(encoding="utf-8"))
    seed = json.loads((ROOT / "importer" / "sandbox" / "seed.json").read_text(encoding="utf-8"))
    posts = next(collection for collection in seed["collections"] if collection["slug"] == "blog-posts")
    assert set(mapping["fields"]) == {"name", "slug"} | {field["slug"] for field in posts["fields"]}
    assert len({field["type"] for field in posts["fields"]}) == 17
