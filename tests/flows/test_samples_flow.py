"""The samples through the whole importer: all rows but the planted ones go live, and say what the cells said."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import openpyxl
import pytest

from importer.commands.options import RunOptions
from importer.commands.run import run
from importer.sandbox import create_app, serving
from tests.flows.planted import planted

if TYPE_CHECKING:
    from importer.commands.result import RunResult
    from importer.model import Counts

ROOT = Path(__file__).parents[2]
SANDBOX = RunOptions(sandbox=True)
TOKEN = {"Authorization": "Bearer sandbox"}


@dataclass(frozen=True, slots=True)
class Imported:
    """A copy of the samples, and how each sheet ended."""

    folder: Path
    results: dict[str, RunResult]

    def counts(self, name: str) -> Counts:
        return self.results[name].runs[0].counts


def posts() -> list[dict[str, str]]:
    with (ROOT / "sample_data" / "blog_posts.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def live_items(folder: Path, collection: str) -> list[dict[str, Any]]:
    """Read all live items of a collection from the sandbox file, as any client would."""
    app = create_app(folder / "mappings" / ".importer" / "sandbox.db", switches={"rate_limit": "6000"})
    with serving(app) as base, httpx.Client(base_url=f"{base}/v2", headers=TOKEN) as http:
        site = http.get("/sites").json()["sites"][0]["id"]
        collections = http.get(f"/sites/{site}/collections").json()["collections"]
        wanted = next(one["id"] for one in collections if one["slug"] == collection)
        items: list[dict[str, Any]] = []
        while True:
            page = http.get(f"/collections/{wanted}/items/live", params={"offset": len(items), "limit": 100}).json()
            items += page["items"]
            if not page["items"] or len(items) >= page["pagination"]["total"]:
                break
    app.close()
    return items


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """Run all four samples once, in the order in which they need each other."""
    folder = tmp_path_factory.mktemp("samples")
    for name in ("mappings", "sample_data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".importer"))
    results = {}
    for name in ("authors", "tags", "blog_posts", "products"):
        results[name] = run(folder / "mappings" / f"{name}.toml", options=SANDBOX)
        results[name].raise_for_error()
    return Imported(folder, results)


def test_all_other_rows_end_where_they_belong(imported: Imported) -> None:
    """Good rows are live, drafts and discontinued ones staged, planted ones rejected; the counts add up."""
    bad = {row for row, _, _ in planted("blog_posts.csv")}
    status = Counter(post["Status"] for row, post in enumerate(posts(), start=2) if row not in bad)
    counts = imported.counts("blog_posts")
    assert counts.adds_up()
    assert (counts.created, counts.staged) == (status["published"], status["draft"] + status["in review"])
    assert counts.rejected == len(bad)
    assert imported.results["blog_posts"].runs[0].left_out == status["spiked"]
    products = imported.counts("products")
    assert products.adds_up()
    assert (products.total, products.rejected) == (300, len(planted("products.xlsx")))
    assert imported.results["products"].runs[0].left_out == 1
    assert (imported.counts("authors").created, imported.counts("tags").created) == (25, 20)
    assert [imported.results[name].exit_code for name in imported.results] == [0, 0, 1, 1]


def test_live_items_say_what_the_cells_said(imported: Imported) -> None:
    """Digits, dates, prices, references and pictures arrive as they stood in the sheet, each item once."""
    products = {item["fieldData"]["sku"]: item["fieldData"] for item in live_items(imported.folder, "products")}
    assert len(products) == imported.counts("products").created
    book = openpyxl.load_workbook(ROOT / "sample_data" / "products.xlsx")["Products"]
    header = [cell.value for cell in book[3]]
    bad = {row for row, _, _ in planted("products.xlsx")}
    for number, cells in enumerate(book.iter_rows(min_row=4, max_row=303, values_only=True), start=4):
        row = dict(zip(header, cells, strict=True))
        if number in bad or row["Discontinued?"]:
            continue
        sent = products[str(row["SKU"])]
        assert f"<p>EAN {row['EAN']}</p>" in sent["description"]
        assert sent["price"] == (row["Sale price"] or row["Price"])
        assert sent["on-sale"] is row["On sale?"]
        assert sent["weight-kg"] == pytest.approx(int(str(row["Weight (g)"])) / 1000, abs=1e-9)
        assert sent["available-from"] == f"{row['Available from']:%Y-%m-%d}T00:00:00.000Z"
    live = live_items(imported.folder, "blog-posts")
    assert (
        len({item["fieldData"]["slug"].lower() for item in live}) == len(live) == imported.counts("blog_posts").created
    )
    titles = {item["fieldData"]["name"] for item in live}
    assert {"Build it, then sand it 🛶", 'The "temporary" bridge turns 30'} <= titles
    relative = [item for item in live if 'href="/archive' in item["fieldData"]["body"]]
    assert not relative, "addresses inside HTML begin at base_url"


@pytest.mark.parametrize("name", ["authors", "tags", "blog_posts", "products"])
def test_the_second_run_sends_nothing(imported: Imported, name: str) -> None:
    """All rows are known: none is made again, and what was made is unchanged."""
    again = run(imported.folder / "mappings" / f"{name}.toml", options=SANDBOX)
    again.raise_for_error()
    first, second = imported.counts(name), again.runs[0].counts
    assert (second.created, second.staged, second.updated) == (0, 0, 0)
    assert second.unchanged == first.created + first.staged
    assert second.rejected == first.rejected
