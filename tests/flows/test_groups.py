"""Items of several rows through whole commands: counted once, rejected whole, run back in, killed and resumed."""

from __future__ import annotations

import csv
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

import httpx
import openpyxl
import orjson
import polars as pl
import pytest

from importer import RunOptions, check, run
from importer.report.sentences import check_text
from importer.settings import parse_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.flows.conftest import Night

MAPPING = """
collection = "products"
[source]
path = "shop.csv"
group_by = "Handle"
fill_down = ["Vendor"]
[where]
Handle = { not = "Total" }
[fields]
name = "Title"
slug = "Handle"
sku = "Handle"
price = { from = "Price", pick = "min" }
description = { from = "Vendor" }
"""

HEADER = "Handle,Title,Vendor,Price\n"
GOOD = HEADER + "lamp,Lamp,Ada,9\nbowl,Bowl,Bob,30\nlamp,,,7.50\nTotal,,,\nbowl,,,\n,Alone,,\n"
BAD = HEADER + "lamp,Lamp,Ada,9\nbowl,Bowl,Bob,30\nlamp,,,cheap\nTotal,,,99\nlamp,,,8\nbowl,,,29\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with the mapping of a shop's sheet."""
    (tmp_path / "shop.toml").write_text(MAPPING, encoding="utf-8")
    return tmp_path


def written(shop: Path, text: str) -> Path:
    (shop / "shop.csv").write_text(text, encoding="utf-8")
    return shop / "shop.toml"


def rejects(path: Path | None) -> list[dict[str, str]]:
    assert path is not None
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_who_forgot_to_group_rows_is_told_how(shop: Path) -> None:
    """Without group_by the second row of a product has the slug of the first, and its fix says what may be meant."""
    (shop / "shop.toml").write_text(MAPPING.replace('group_by = "Handle"\n', ""), encoding="utf-8")
    result = check(written(shop, GOOD), options=RunOptions(sandbox=True))
    assert result.problems is not None
    (fix,) = {one.fix for one in result.problems if one.code == "slug_duplicate"}
    assert fix.endswith("Where several rows are one item, say so in the mapping file: group_by in [source].")


def test_rows_are_counted_as_read_and_items_as_total(shop: Path) -> None:
    """`read` counts rows, left-out ones too; `total` counts items, which the summary says in both."""
    result = check(written(shop, GOOD), options=RunOptions(sandbox=True))
    answer = result.as_json()["runs"][0]
    assert (answer["rows"], answer["items"]["total"]) == ({"read": 6, "left_out": 1}, 3)
    assert (
        check_text(result.runs[0]) == "shop.csv: 3 items in 5 rows, 2 good, 1 would be rejected (1 left out by [where])"
    )


def test_a_problem_names_its_own_row_and_the_item_is_rejected_once(shop: Path) -> None:
    """Row 4 of an item that begins in row 2 is named, with its column; the item counts as one."""
    result = check(written(shop, BAD), options=RunOptions(sandbox=True))
    assert result.problems is not None
    assert [(one.row, one.column, one.code) for one in result.problems] == [(4, "Price", "transform_failed")]
    assert (result.runs[0].counts.total, result.runs[0].counts.rejected) == (2, 1)


def test_a_rejected_item_brings_all_its_rows_and_becomes_whole_again(shop: Path) -> None:
    """The error stands on its row, the others say whose they are; corrected, the file gives the item it should be."""
    result = run(written(shop, BAD), options=RunOptions(sandbox=True))
    assert (result.exit_code, result.runs[0].counts.created, result.runs[0].counts.rejected) == (1, 1, 1)
    path = result.runs[0].rejects
    lines = rejects(path)
    assert [(line["_row"], line["Vendor"], line["_error_code"]) for line in lines] == [
        ("2", "Ada", ""), ("4", "Ada", "transform_failed"), ("6", "Ada", ""),
    ]  # fmt: skip
    assert lines[0]["_error"] == lines[2]["_error"] == "Belongs to the same item as row 4."
    assert lines[0]["_fix"] == "Leave it as it is: the item is made of all its rows."
    assert path is not None
    path.write_text(path.read_text(encoding="utf-8-sig").replace("cheap", "5"), encoding="utf-8")
    again = run(shop / "shop.toml", path, RunOptions(sandbox=True))
    assert (again.exit_code, again.runs[0].counts.total, again.runs[0].counts.created) == (0, 1, 1)
    third = run(written(shop, BAD.replace("cheap", "5")), options=RunOptions(sandbox=True))
    assert (third.exit_code, third.runs[0].counts.unchanged) == (0, 2)
    assert third.runs[0].rejects is None


def test_the_workbook_of_rejects_can_be_sorted_corrected_and_run_back_in(shop: Path) -> None:
    """Rows that somebody has put in another order find together by their numbers."""
    result = run(written(shop, BAD), options=RunOptions(sandbox=True))
    assert result.runs[0].rejects is not None
    book = openpyxl.load_workbook(result.runs[0].rejects.with_suffix(".xlsx"))
    sheet = book.worksheets[0]
    lines = [[cell.value for cell in line] for line in sheet.iter_rows()]
    assert [line[4] for line in lines] == ["_row", 2, 4, 6]
    lines[2][3] = 5
    for at, line in enumerate([lines[0], *reversed(lines[1:])], start=1):
        for place, value in enumerate(line, start=1):
            sheet.cell(at, place).value = value
    book.save(shop / "again.xlsx")
    again = run(shop / "shop.toml", shop / "again.xlsx", RunOptions(sandbox=True))
    assert (again.error, again.runs[0].counts.total, again.runs[0].counts.created) == (None, 1, 1)


def test_two_items_of_one_slug_name_the_row_on_which_it_stands(night: Callable[..., Night]) -> None:
    """The item that begins first counts, whichever ends first; the later one is rejected with all its rows."""
    one = grouped(
        night(), [("a", "A", "same", "x"), ("b", None, None, "y"), ("b", "B", "same", "z"), ("a", None, None, "w")]
    )
    summary = one.run()
    assert (summary.counts.created, summary.counts.rejected) == (1, 1)
    lines = rejects(summary.rejects)
    assert [(line["_row"], line["_error_code"]) for line in lines] == [("3", ""), ("4", "slug_duplicate")]
    assert lines[1]["_error"] == 'The slug "same" is used by the item of row 2 already.'
    assert one.published() == ["same"]


def grouped(one: Night, lines: Sequence[tuple[str | None, ...]]) -> Night:
    """Give a night a sheet whose items have several rows."""
    names = ("Item", "Title", "Slug", "Text")
    one.sheet = pl.DataFrame(
        {name: pl.Series([line[at] for line in lines], dtype=pl.String) for at, name in enumerate(names)}
    )
    one.mapping = {
        "collection": "notes",
        "source": {"group_by": "Item"},
        "fields": {"name": "Title", "slug": "Slug", "text": {"from": "Text", "pick": "all", "join": " "}},
    }
    return one


def many(items: int, rows: int, seed: int) -> list[tuple[str | None, ...]]:
    """Make items of several rows each, which stand anywhere."""
    lines: list[tuple[str | None, ...]] = [
        (f"i{at}", f"Note {at}" if not row else None, f"note-{at}" if row == rows - 1 else None, f"{at}.{row}")
        for at in range(items)
        for row in range(rows)
    ]
    Random(seed).shuffle(lines)
    return lines


def texts(one: Night) -> dict[str, list[str]]:
    """Give what the items that are live say, as words."""
    items = [item["fieldData"] for item in one.items(live=True)]
    assert len({item["slug"] for item in items}) == len(items)
    return {item["slug"]: sorted(item["text"].split()) for item in items}


def expected(items: int, rows: int) -> dict[str, list[str]]:
    return {f"note-{at}": [f"{at}.{row}" for row in range(rows)] for at in range(items)}


def test_the_state_keeps_all_rows_of_an_item(night: Callable[..., Night]) -> None:
    """`source_row` is the first of them, `source_rows` has them all, of rejected items too."""
    lines = [("a", "A", "a", "x"), ("b", "B", "b", "y" * 300), ("a", None, None, "z"), ("b", None, None, "w")]
    one = grouped(night(), lines)
    one.run()
    kept = one.ask_state("SELECT key, source_row, source_rows, status, error_code FROM rows ORDER BY source_row")
    assert [(key, row, orjson.loads(rows), status, code) for key, row, rows, status, code in kept] == [
        ("a", 2, [2, 4], "published", None),
        ("b", 3, [3, 5], "rejected", "too_long"),
    ]


def test_what_webflow_refuses_stands_on_the_first_row_and_brings_the_others(night: Callable[..., Night]) -> None:
    """A taken slug rejects the item: one error, all rows."""
    one = grouped(night(), [("a", "A", "a", "x"), ("b", "B", "b", "y"), ("a", None, None, "z")])
    one.strangers([{"name": "Other", "slug": "a"}])
    summary = one.run()
    assert (summary.counts.created, summary.counts.rejected) == (1, 1)
    lines = rejects(summary.rejects)
    assert [(line["_row"], line["_error_code"]) for line in lines] == [("2", "slug_taken"), ("4", "")]


@pytest.mark.parametrize("asked", ["2", "4", "4-5"])
def test_rows_takes_an_item_if_any_of_its_rows_is_named(night: Callable[..., Night], asked: str) -> None:
    """--rows 4 takes the item of rows 2 and 4 whole; others are skipped."""
    one = grouped(night(), [("a", "A", "a", "x"), ("b", "B", "b", "y"), ("a", None, None, "z")])
    summary = one.run(rows=parse_rows(asked))
    assert (summary.counts.created, summary.counts.skipped) == (1, 1)
    assert texts(one) == {"a": ["x", "z"]}
    one.sheet = one.changed(Title={0: None})  # the item is rejected now, and asked for by another of its rows
    rejected = one.run(rows=parse_rows("4"))
    assert (rejected.counts.rejected, rejected.counts.skipped) == (1, 1)
    assert [line["_row"] for line in rejects(rejected.rejects)] == ["2", "4"]


def test_limit_counts_items(night: Callable[..., Night]) -> None:
    """--limit 2 sends two items, with all their rows."""
    one = grouped(night(), many(5, 3, 1))
    summary = one.run(limit=2)
    assert (summary.counts.created, summary.counts.skipped) == (2, 3)
    assert all(len(words) == 3 for words in texts(one).values())


def test_a_second_run_of_a_sheet_in_another_order_sends_nothing(night: Callable[..., Night]) -> None:
    """Keys decide, and the rows of an item keep their order: row numbers may change."""
    one = grouped(night(), many(6, 3, 2))
    assert one.run().counts.created == 6
    sent = one.writes()
    one.sheet = one.sheet.sort("Item", maintain_order=True)
    assert one.run().counts.unchanged == 6
    assert one.writes() == sent


class Died(BaseException):
    """The process is gone."""


class Dying(httpx.AsyncBaseTransport):
    """Lets the process die at its n-th request that writes: before it goes, or when its work is done."""

    def __init__(self, inner: httpx.AsyncBaseTransport, n: int, *, after: bool) -> None:
        self._inner, self._n, self._after, self._writes = inner, n, after, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._writes += request.method != "GET"
        dies = request.method != "GET" and self._writes >= self._n
        if dies and not self._after:
            raise Died
        answer = await self._inner.handle_async_request(request)
        if dies:
            raise Died
        return answer


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("deaths", [(2,), (1, 1, 2)])
def test_a_run_that_is_killed_and_resumed_gives_each_item_once(
    night: Callable[..., Night], deaths: tuple[int, ...], *, after: bool
) -> None:
    """Killed at its n-th request, with the items' rows all over the sheet: each item is there once, and whole."""
    one = grouped(night(), many(430, 2, len(deaths)))
    for n in deaths:
        one.wire = lambda inner, n=n: Dying(inner, n, after=after)  # type: ignore[misc]
        with pytest.raises(Died):
            one.run(concurrency=1)
        one.passes(600)
    assert len(one.items(live=True)) < 430
    one.wire = lambda inner: inner
    summary = one.run()
    assert summary.counts.created + summary.counts.unchanged == 430
    assert texts(one) == expected(430, 2)
    statuses: Counter[Any] = Counter(status for (status,) in one.ask_state("SELECT status FROM rows"))
    assert statuses == {"published": 430}
