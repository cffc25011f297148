# ruff: noqa: E501 - a line for each case
"""Transforms of installed packages, by entry points of the group `importer.transforms`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from importer.commands.check import check
from importer.commands.options import RunOptions
from importer.commands.run import run
from importer.errors import MappingError
from tests.flows.test_hooks import Told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHOUT = "import polars as pl\n\ndef shout(text, sign='!'):\n    return text.str.to_uppercase() + pl.lit(sign)\n"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Install a package: its code, what it brings, and its version."""
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def put(name: str, code: str, brings: str = "shout = {name}:shout", version: str = "1.2") -> None:
        (site / f"{name}.py").write_text(code, encoding="utf-8")
        for old in site.glob(f"{name}-*.dist-info"):
            (old / "METADATA").unlink()
            (old / "entry_points.txt").unlink()
            old.rmdir()
        info = site / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
        text = f"[importer.transforms]\n{brings.format(name=name)}\n"
        (info / "entry_points.txt").write_text(text, encoding="utf-8")
        sys.modules.pop(name, None)

    return put


def place(folder: Path, transform: str = '"shout"', more: str = "") -> Path:
    (folder / "tags.csv").write_text("Name,Slug\nFood,food\nTravel,travel\n", encoding="utf-8")
    path = folder / "tags.toml"
    text = f'collection = "tags"\n{more}[source]\npath = "tags.csv"\n[fields]\nname = {{ from = "Name", transform = [{transform}] }}\nslug = "Slug"\n'
    path.write_text(text, encoding="utf-8")
    return path


SANDBOX = RunOptions(sandbox=True)


def test_a_package_brings_transforms_and_the_output_says_so(tmp_path: Path, install: Callable[..., None]) -> None:
    """The same contract as in a hooks file; the package is named with its version."""
    install("acme", SHOUT)
    told = Told()
    path = place(tmp_path, '"shout", { shout = "?" }')
    assert check(path, None, SANDBOX, observer=told).error is None
    assert "Transforms of packages: shout (acme 1.2)" in told.lines


def test_a_package_is_loaded_only_where_it_is_used(tmp_path: Path, install: Callable[..., None]) -> None:
    """A broken one that nobody asks for breaks nothing; and a transform of ours is ours."""
    install("acme", "raise RuntimeError", "shout = acme:shout\nlower = acme:lower")
    assert check(place(tmp_path, '"lower"'), None, SANDBOX).error is None


def test_an_upgrade_reopens_only_rows_that_get_other_texts(tmp_path: Path, install: Callable[..., None]) -> None:
    """The version belongs to no row; what came out does."""
    install("acme", SHOUT)
    path = place(tmp_path)
    assert run(path, None, SANDBOX).runs[0].counts.created == 2
    install("acme", SHOUT, version="1.3")
    assert run(path, None, SANDBOX).runs[0].counts.unchanged == 2
    install("acme", SHOUT.replace("pl.lit(sign)", "pl.when(text == 'Food').then(pl.lit('?')).otherwise(pl.lit(sign))"))
    counts = run(path, None, SANDBOX).runs[0].counts
    assert (counts.unchanged, counts.skipped) == (1, 1)


def test_a_hooks_file_wins_over_a_package(tmp_path: Path, install: Callable[..., None]) -> None:
    """It lies beside the mapping, and is the nearer one."""
    install("acme", "raise RuntimeError")
    (tmp_path / "own.py").write_text("def shout(text):\n    return text\n", encoding="utf-8")
    assert check(place(tmp_path, more='hooks = "own.py"\n'), None, SANDBOX).error is None


@pytest.mark.parametrize(
    ("code", "brings", "told"),
    [
        ("import no_such_module\n", "shout = acme:shout", "fields.name.transform: the transform shout of the package acme 1.2 cannot be loaded: ModuleNotFoundError: No module named 'no_such_module'"),
        ("x = 1\n", "shout = acme:shout", "the transform shout of the package acme 1.2 cannot be loaded: AttributeError: module 'acme' has no attribute 'shout'"),
        ("shout = 5\n", "shout = acme:shout", "the transform shout of the package acme 1.2 is no function, but int"),
        ("def shout():\n    pass\n", "shout = acme:shout", "the package acme 1.2, acme.py, line 1: shout takes something else than the text"),
        ("def shout(text):\n    return 5\n", "shout = acme:shout", "the package acme 1.2, acme.py, line 1: shout must give a polars expression, not int"),
        ("\ndef shout(text):\n    return text.nope()\n", "shout = acme:shout", "the package acme 1.2, acme.py, line 3: shout failed: AttributeError"),
        (SHOUT, "shuot = acme:shout", 'fields.name.transform: there is no transform "shout"'),
    ],
)  # fmt: skip
def test_a_broken_package_is_told(
    tmp_path: Path, install: Callable[..., None], code: str, brings: str, told: str
) -> None:
    """The package, the function, and what is wrong; exit status 2."""
    install("acme", code, brings)
    result = check(place(tmp_path), None, SANDBOX)
    assert isinstance(result.error, MappingError)
    assert result.exit_code == 2
    assert told in str(result.error)


def test_two_packages_of_one_transform_are_a_mistake(tmp_path: Path, install: Callable[..., None]) -> None:
    """Nobody could say which one counts."""
    install("acme", SHOUT)
    install("bolt", SHOUT)
    error = check(place(tmp_path), None, SANDBOX).error
    assert "the transform shout comes from acme 1.2 (acme:shout) and bolt 1.2 (bolt:shout)" in str(error)
