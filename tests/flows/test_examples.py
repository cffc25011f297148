"""The kinds of sheets that people really have: all example mappings run into one sandbox, and what comes of each."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import openpyxl
import pytest

from importer import RunOptions, check_all, run_all
from importer.sandbox import create_app, serving

if TYPE_CHECKING:
    from importer import RunResults

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "mappings" / "examples"
PAGE = (ROOT / "docs" / "examples.md").read_text(encoding="utf-8")
EXPECTED = tomllib.loads(Path(__file__).with_name("example_items.toml").read_text(encoding="utf-8"))
FATES: dict[str, dict[str, int]] = EXPECTED["fates"]
ITEMS: dict[str, dict[str, dict[str, Any]]] = EXPECTED["items"]
SANDBOX = RunOptions(sandbox=True)
TOKEN = {"Authorization": "Bearer sandbox"}
REFERENCES = ("Reference", "MultiReference")


@dataclass(frozen=True, slots=True)
class Imported:
    """A copy of the examples, and how they ended: checked, run once, run again."""

    checked: RunResults
    first: RunResults
    second: RunResults
    before: list[tuple[Any, ...]]
    after: list[tuple[Any, ...]]
    items: dict[str, dict[str, dict[str, Any]]]
    """Collection -> slug -> item."""


def stored(folder: Path) -> list[tuple[Any, ...]]:
    """Every item as the sandbox keeps it, with the moments at which it was made and changed."""
    with closing(sqlite3.connect(folder / ".importer" / "sandbox.db")) as file:
        return file.execute("SELECT * FROM items ORDER BY n").fetchall()


def sent(folder: Path) -> int:
    """How many requests that write are in the state files, which say of each before it goes."""
    number = 0
    for file in (folder / ".importer").glob("*.sandbox.db"):
        with closing(sqlite3.connect(file)) as state:
            number += state.execute("SELECT count(*) FROM requests").fetchone()[0]
    return number


def items_of(folder: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Read all items as any client would."""
    app = create_app(folder / ".importer" / "sandbox.db", switches={"rate_limit": "6000"})
    with serving(app) as base, httpx.Client(base_url=f"{base}/v2", headers=TOKEN) as http:
        site = http.get("/sites").json()["sites"][0]["id"]
        listed = http.get(f"/sites/{site}/collections").json()["collections"]
        schemas = {one["slug"]: http.get(f"/collections/{one['id']}").json() for one in listed}
        items = {slug: http.get(f"/collections/{one['id']}/items").json()["items"] for slug, one in schemas.items()}
    app.close()
    slugs = {item["id"]: item["fieldData"]["slug"] for found in items.values() for item in found}
    for collection, found in items.items():
        fields = {field["slug"]: field for field in schemas[collection]["fields"]}
        for item in found:
            item["fieldData"] = {
                slug: readable(fields[slug], value, slugs) for slug, value in item["fieldData"].items()
            }
    return {collection: {item["fieldData"]["slug"]: item for item in found} for collection, found in items.items()}


def readable(field: dict[str, Any], value: Any, slugs: dict[str, str]) -> Any:
    """Show references by slug, options by name, and images as the name of the file and the alt text."""
    if isinstance(value, list):
        return [readable(field, part, slugs) for part in value]
    if field["type"] in REFERENCES:
        return slugs[value]
    if field["type"] == "Option":
        return {option["id"]: option["name"] for option in field["validations"]["options"]}[value]
    if field["type"] in {"Image", "MultiImage"}:
        return [value["url"].split("/")[-1].partition("_")[2], value["alt"] or ""]
    return value


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """Check and run all examples in one command, then run the same command again."""
    folder = tmp_path_factory.mktemp("kinds") / "examples"
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns(".importer"))
    mappings = sorted(folder.glob("*.toml"))
    checked = check_all(mappings, SANDBOX)
    first = run_all(mappings, options=SANDBOX)
    before, written = stored(folder), sent(folder)
    second = run_all(mappings, options=SANDBOX)
    after = stored(folder)
    assert sent(folder) == written > 0
    return Imported(checked, first, second, before, after, items_of(folder))


def test_all_examples_run_in_one_command_and_nothing_is_rejected(imported: Imported) -> None:
    """`importer run mappings/examples/*.toml --sandbox` ends with 0, each of its rows live, a draft or archived."""
    counts = imported.first.counts
    assert (imported.checked.exit_code, imported.first.exit_code) == (0, 0)
    assert imported.checked.as_json()["problems"] == []
    assert all(one["rejects"] is None for one in imported.first.as_json()["runs"])
    assert counts.rejected == counts.in_doubt == counts.not_sent == 0
    assert counts.created + counts.staged == counts.total == len(imported.before)


def test_the_same_command_again_writes_nothing(imported: Imported) -> None:
    """No request that writes is begun, and no item was made or touched."""
    assert imported.second.exit_code == 0
    assert imported.second.counts.unchanged == imported.first.counts.total
    assert imported.after == imported.before


@pytest.mark.parametrize("collection", FATES)
def test_each_sheet_gives_its_items(imported: Imported, collection: str) -> None:
    """So many are live, drafts and archived, and no row that is none became an item."""
    found = Counter(
        "archived" if item["isArchived"] else "draft" if item["isDraft"] else "live"
        for item in imported.items[collection].values()
    )
    assert dict(found) == FATES[collection]


@pytest.mark.parametrize(("collection", "slug"), [(one, slug) for one, items in ITEMS.items() for slug in items])
def test_items_say_what_the_cells_said(imported: Imported, collection: str, slug: str) -> None:
    """Every field of a telling item, and no field more."""
    assert imported.items[collection][slug]["fieldData"] == {**ITEMS[collection][slug], "slug": slug}


def test_every_kind_of_sheet_is_looked_at(imported: Imported) -> None:
    """No example is without an item that a test reads whole."""
    assert set(imported.items) == set(FATES)
    assert set(ITEMS) == set(FATES) - {"topics", "brands", "growers"}


def test_the_page_shows_each_mapping_as_the_file_says_it() -> None:
    """docs/examples.md has every example, word for word, under a link to it."""
    shown = dict(re.findall(r"\]\(\.\./mappings/examples/([a-z_]+\.toml)\)\n\n```toml\n(.*?)```", PAGE, re.DOTALL))
    assert shown == {path.name: path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("*.toml"))}


def test_the_script_makes_the_workbooks_again(tmp_path: Path) -> None:
    """Every cell of them with its type comes back (a library may pack them anew)."""
    shutil.copy(EXAMPLES / "sheets" / "make_workbooks.py", tmp_path)
    subprocess.run([sys.executable, tmp_path / "make_workbooks.py"], check=True, capture_output=True)
    for name in ("preisliste.xlsx", "stores.xlsx"):
        made, kept = (openpyxl.load_workbook(place / name) for place in (tmp_path, EXAMPLES / "sheets"))
        cells = [
            [[(cell.value, cell.data_type, cell.number_format) for cell in row] for sheet in book for row in sheet.rows]
            for book in (made, kept)
        ]
        assert cells[0] == cells[1]
