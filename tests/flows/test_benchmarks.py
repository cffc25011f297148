"""What `make bench` compares does the same; how long it takes is tested nowhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bench import plain_check, plain_read
from bench.sheets import BAD_IN, ITEM, ROWS_OF_ITEM, SHAPES, mapping_of, rows_of, seed_of, write_sheet
from importer import RunOptions, check

if TYPE_CHECKING:
    from pathlib import Path

ROWS = BAD_IN + 10


@pytest.mark.parametrize("shape", ["narrow", "wide"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_all_that_are_compared_read_the_same_rows_and_find_the_same_bad_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], shape: str, kind: str
) -> None:
    """Importer, plain loop and floor read all rows of a sheet of the benchmarks; two of these rows are bad.

    The first lacks its name, which an item takes from its next row.
    """
    columns = SHAPES[shape]
    sheet = tmp_path / f"products.{kind}"
    write_sheet(sheet, ROWS, columns)
    (tmp_path / "sandbox.json").write_text(json.dumps(seed_of(columns)), encoding="utf-8")
    counts = {}
    for grouped in (False, True):
        mapping = tmp_path / f"{grouped}.toml"
        mapping.write_text(mapping_of(columns, sheet.name, grouped=grouped), encoding="utf-8")
        result = check(mapping, options=RunOptions(sandbox=True))
        assert result.error is None
        counts[grouped] = (result.runs[0].read, result.runs[0].counts.total, result.runs[0].counts.rejected)
    plain_check.main(str(sheet), str(tmp_path / "loop.csv"))
    assert capsys.readouterr().out.split() == [str(ROWS), "2"]
    assert counts == {False: (ROWS, ROWS, 2), True: (ROWS, -(-ROWS // ROWS_OF_ITEM), 1)}
    assert plain_read.rows_in(str(sheet)) == ROWS


def test_rows_of_an_item_stand_as_far_apart_as_asked() -> None:
    """Scattered rows are the same rows in another order, four an item, so many rows apart."""
    columns = SHAPES["narrow"]
    together, scattered = (list(rows_of(80, columns, apart)) for apart in (1, 10))
    assert sorted(scattered) == sorted(together)
    places = [at for at, row in enumerate(scattered) if row[columns.index(ITEM)] == "item-0"]
    assert places == [0, 10, 20, 30]
