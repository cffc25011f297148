"""Headers that mean something to the machinery below are headers like any other, through a whole run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.commands.options import RunOptions
from importer.commands.run import run

if TYPE_CHECKING:
    from pathlib import Path

MAPPING = 'collection = "tags"\n[fields]\nname = "*"\nslug = "^a$"\ncolor = "^.*$"\n'


def test_headers_that_are_patterns_to_polars_are_addressed_by_their_names(tmp_path: Path) -> None:
    """`*` marks what must be filled in, in many a sheet."""
    (tmp_path / "tags.toml").write_text(MAPPING, encoding="utf-8")
    sheet = tmp_path / "tags.csv"
    sheet.write_text("*,^a$,^.*$,a\nFood,food,#ff0000,1\nTravel,travel,reddish,2\n", encoding="utf-8")
    result = run(tmp_path / "tags.toml", sheet, RunOptions(sandbox=True))
    assert result.error is None
    assert (result.runs[0].counts.created, result.runs[0].counts.rejected) == (1, 1)
    assert result.runs[0].rejects is not None
    header, row = result.runs[0].rejects.read_text(encoding="utf-8-sig").splitlines()
    assert header.startswith("*,^a$,^.*$,a,_row,")
    assert row.startswith("Travel,travel,reddish,2,3,color_invalid,")
