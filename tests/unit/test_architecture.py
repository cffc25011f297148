"""ARCHITECTURE.md names what is there: floors, modules and what is in them, files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_LINES = 400

TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
QUOTED = sorted(set(re.findall(r"`([^`\n]+)`", TEXT)))
FILES = [one for one in QUOTED if re.fullmatch(r"[\w/]+\.py", one)]
MEMBERS = [one for one in QUOTED if re.fullmatch(r"[a-z_]+\.\w+", one)]
PLACES = sorted(
    {
        word
        for line in re.findall(r"^\| I want to .*?\n\n", TEXT, re.MULTILINE | re.DOTALL)[0].strip().splitlines()
        for word in re.findall(r"`([a-z]+)`", line.split("|")[2])
    }
)
"""What the table of changes names as the place, without files."""


def modules(name: str) -> list[Path]:
    """The files of a module with this name, or of a package."""
    found = list((ROOT / "importer").rglob(f"{name}.py"))
    for folder in (ROOT / "importer").rglob(f"{name}/__init__.py"):
        found += folder.parent.rglob("*.py")
    return found


def test_the_floors_are_those_of_the_package() -> None:
    """Each module on the first level stands on one floor, and no other does."""
    block = TEXT.split("## Floors")[1].split("A module imports")[0]
    named = re.findall(r"^    (\w+(?: \| \w+)*)", block, re.MULTILINE)
    there = {one.stem for one in (ROOT / "importer").iterdir() if one.suffix == ".py" or (one / "__init__.py").exists()}
    assert sorted(" | ".join(named).split(" | ")) == sorted(there - {"__init__", "__main__"})


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_there(name: str) -> None:
    """Files are named from the package or from the root of the repository."""
    assert (ROOT / "importer" / name).is_file() or (ROOT / name).is_file()


@pytest.mark.parametrize("name", PLACES)
def test_each_place_of_a_change_is_a_module(name: str) -> None:
    """Where a change goes is a module or a package."""
    assert modules(name)


@pytest.mark.parametrize("name", MEMBERS)
def test_each_function_and_class_is_in_its_module(name: str) -> None:
    """`module.name` is defined in a module of that name, or in that package."""
    module, _, member = name.partition(".")
    defined = re.compile(rf"^\s*(?:async )?(?:def|class) {member}\b", re.MULTILINE)
    assert any(defined.search(one.read_text(encoding="utf-8")) for one in modules(module)), name


def test_no_file_has_more_than_400_lines() -> None:
    """Neither of the package nor of its tests: what grows is split where its subject does."""
    ours = (path for folder in ("importer", "tests", "bench", "sample_data") for path in (ROOT / folder).rglob("*.py"))
    long = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in ours}
    assert {name: lines for name, lines in long.items() if lines > MOST_LINES} == {}
