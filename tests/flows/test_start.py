"""Starting: nothing is loaded before it is needed, for people wait for it every time."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "importer.cli": {"polars", "httpx", "pydantic", "openpyxl", "sqlite3", "starlette", "tqdm", "importer.commands"},
    "importer": {"polars", "httpx", "pydantic", "openpyxl", "sqlite3", "starlette", "importer.commands"},
    "importer.commands.check, importer.commands.run": {
        "openpyxl",
        "fastexcel",
        "uvicorn",
        "starlette",
        "markdown_it",
        "nh3",
        "rapidfuzz",
    },
}


@pytest.mark.parametrize("modules", HEAVY)
def test_what_is_not_needed_yet_is_not_loaded(modules: str) -> None:
    """Help needs click alone; a check of a CSV needs no reader of workbooks, and no server."""
    code = f"import sys, {modules}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert HEAVY[modules].isdisjoint(loaded), sorted(HEAVY[modules].intersection(loaded))
