"""Items of several rows beside the rest of the language: hooks, numbers behind slugs, odd headers."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from importer import RunOptions, check, run

if TYPE_CHECKING:
    from pathlib import Path

MAPPING = """
collection = "tags"
hooks = "shop.py"
[source]
path = "shop.csv"
group_by = "Handle"
fill_down = ["Group"]
[fields]
name = "Title"
slug = "Handle"
description = { template = "{Group}/{Size}", pick = "all", join = " " }
"""

HOOK = """
import polars as pl

def rows(frame):
    kept = frame.filter(pl.col("Title").fill_null("") != "Total")
    return kept.with_columns(pl.col("Code").str.split("-").list.first().alias("Handle"))
"""

SHEET = "Code,Title,Group,Size\nlamp-1,Lamp,G,S\nx,Total,H,\nbowl-1,Bowl,K,S\nlamp-2,,,L\nbowl-2,,,\n"

SANDBOX = RunOptions(sandbox=True)


def test_rows_of_a_hooks_file_sees_the_sheet_before_it_is_filled_and_grouped(tmp_path: Path) -> None:
    """Columns that it makes group rows, rows that it leaves out count so; rejects hold the sheet's cells, filled."""
    (tmp_path / "shop.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "shop.py").write_text(HOOK, encoding="utf-8")
    (tmp_path / "shop.csv").write_text(SHEET.replace("Bowl", ""), encoding="utf-8")
    result = run(tmp_path / "shop.toml", options=SANDBOX)
    assert result.error is None
    one = result.runs[0]
    assert (one.read, one.left_out, one.counts.total, one.counts.created, one.counts.rejected) == (5, 1, 2, 1, 1)
    assert one.rejects is not None
    with one.rejects.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    assert [line[:6] for line in lines] == [
        ["Code", "Title", "Group", "Size", "_row", "_error_code"],
        ["bowl-1", "", "K", "S", "4", "required"],
        ["bowl-2", "", "K", "", "6", ""],
    ]
    one.rejects.write_text(one.rejects.read_text(encoding="utf-8-sig").replace("bowl-1,,", "bowl-1,Bowl,"), "utf-8")
    assert run(tmp_path / "shop.toml", one.rejects, SANDBOX).runs[0].counts.created == 1
    (tmp_path / "shop.csv").write_text(SHEET, encoding="utf-8")
    assert run(tmp_path / "shop.toml", options=SANDBOX).runs[0].counts.unchanged == 2


def test_rows_of_a_hooks_file_comes_before_cells_are_filled_where_nothing_is_grouped(tmp_path: Path) -> None:
    """What it leaves out fills nothing."""
    text = MAPPING.replace('group_by = "Handle"\n', "").replace('slug = "Handle"', 'slug = "Code"')
    (tmp_path / "shop.toml").write_text(text, encoding="utf-8")
    (tmp_path / "shop.py").write_text(HOOK, encoding="utf-8")
    (tmp_path / "shop.csv").write_text("Code,Title,Group,Size\na,A,G,S\nx,Total,H,\nb,B,,L\nc,,,\n", encoding="utf-8")
    one = run(tmp_path / "shop.toml", options=SANDBOX).runs[0]
    assert (one.read, one.left_out, one.counts.created, one.counts.rejected) == (4, 1, 2, 1)
    assert one.rejects is not None
    assert "c,,G,,5,required" in one.rejects.read_text(encoding="utf-8-sig")


def test_a_slug_that_an_item_has_already_gets_a_number(tmp_path: Path) -> None:
    """By items, not by rows: the first one that begins keeps it, and a second run changes nothing."""
    text = MAPPING.replace('hooks = "shop.py"\n', "").replace(
        'slug = "Handle"', 'slug = { from = "Slug", taken = "suffix" }'
    )
    (tmp_path / "shop.toml").write_text('key = { from = "Handle" }\n' + text, encoding="utf-8")
    sheet = "Handle,Title,Group,Size,Slug\na,A,G,S,same\nb,B,G,S,\nb,,,L,same\na,,,L,\n"
    (tmp_path / "shop.csv").write_text(sheet, encoding="utf-8")
    result = run(tmp_path / "shop.toml", options=SANDBOX)
    assert (result.error, result.runs[0].counts.created) == (None, 2)
    assert run(tmp_path / "shop.toml", options=SANDBOX).runs[0].counts.unchanged == 2


def test_headers_that_look_like_patterns_group_and_fill(tmp_path: Path) -> None:
    """`*` and `^...$` are headers like any other."""
    text = MAPPING.replace('hooks = "shop.py"\n', "").replace("Handle", "*").replace("Group", "^G.*$")
    (tmp_path / "shop.toml").write_text(text, encoding="utf-8")
    (tmp_path / "shop.csv").write_text("*,Title,^G.*$,Size,Go\na,A,G,S,x\nb,B,,S,y\na,,,L,z\n", encoding="utf-8")
    result = check(tmp_path / "shop.toml", options=SANDBOX)
    assert (result.error, result.problems) == (None, ())
    assert (result.runs[0].counts.total, result.runs[0].counts.not_sent) == (2, 2)


def test_a_hooks_file_may_drop_columns_and_rows_in_some_batches_only(tmp_path: Path) -> None:
    """What it gives is what rules see; the rejects have all columns of the sheet, and each batch goes with the next."""
    hook = HOOK.replace("return kept", 'kept = kept.filter(pl.col("_row") != 3)\n    return kept').replace(
        '.alias("Handle"))', '.alias("Handle")).drop("Code")'
    )
    (tmp_path / "shop.py").write_text(hook, encoding="utf-8")
    (tmp_path / "shop.toml").write_text(MAPPING, encoding="utf-8")
    rows = [f"i{at % 9}-{at},{'T' if at < 9 else ''},G,{'x' * 400}" for at in range(20_000)]
    (tmp_path / "shop.csv").write_text("\n".join(["Code,Title,Group,Size", *rows, "odd-1,,,\n"]), encoding="utf-8")
    mapping = tmp_path / "shop.toml"
    mapping.write_text(MAPPING.replace('"{Group}/{Size}"', '"{Group}"'), encoding="utf-8")
    result = check(mapping, options=SANDBOX)
    assert result.error is None
    one = result.runs[0]
    assert (one.read, one.left_out, one.counts.total, one.counts.rejected) == (20_001, 1, 10, 2)
    assert one.rejects is not None
    with one.rejects.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert lines[-1]["Code"] == "odd-1"
    assert {line["Code"].split("-")[0] for line in lines} == {"i1", "odd"}
