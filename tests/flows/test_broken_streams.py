"""Output that nobody reads, that is closed, or without room: the work is done, and the exit status is the work's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TAGS = 'collection = "tags"\n[source]\npath = "tags.csv"\n[fields]\nname = "Name"\nslug = "Slug"\ncolor = "Colour"\n'

needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a mapping and its sheet of one good row and one bad one."""
    (tmp_path / "tags.toml").write_text(TAGS, encoding="utf-8")
    (tmp_path / "tags.csv").write_text("Name,Slug,Colour\nFood,food,#ff0000\nTravel,travel,nope\n", encoding="utf-8")
    return tmp_path


def shell(place: Path, line: str) -> tuple[int, str]:
    """Type a line into a shell; the status of the first command of its pipe, and what was said on stderr."""
    done = subprocess.run(
        ["bash", "-c", line.replace("importer", f"{sys.executable} -m importer", 1) + "\nexit ${PIPESTATUS[0]}"],
        cwd=place,
        env={name: value for name, value in os.environ.items() if not name.startswith("WEBFLOW_")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    assert "mistake in importer" not in done.stderr
    return done.returncode, done.stderr


RUN = "importer run tags.toml --sandbox"

LEAVES = " | true"
"""A reader that has left before anything is said."""


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (f"{RUN} 2>&1{LEAVES}", 1),
        pytest.param(f"{RUN} --json{LEAVES}", 1, marks=pytest.mark.soak),
        pytest.param(f"{RUN} --max-rejects 0{LEAVES}", 6, marks=pytest.mark.soak),
        (f"importer run none.toml --json 2>&1{LEAVES}", 2),
        (f"importer doctor tags.toml{LEAVES}", 3),
        pytest.param(f"importer status --list{LEAVES}", 2, marks=pytest.mark.soak),
        (f"importer --help{LEAVES}", 0),
        pytest.param(f"{RUN} >&-", 1, marks=pytest.mark.soak),
        pytest.param(f"{RUN} 2>&-", 1, marks=pytest.mark.soak),
        (f"{RUN} 2>&- >&- <&-", 1),
        pytest.param("importer run tags.toml - --sandbox <&-", 2, marks=pytest.mark.soak),
    ],
)
def test_the_status_is_that_of_the_work(place: Path, line: str, status: int) -> None:
    """Whether somebody listens or not."""
    code, _ = shell(place, line)
    assert code == status


@pytest.mark.soak
def test_a_run_goes_on_when_nobody_listens_any_more(place: Path) -> None:
    """`2>&1 | head -1` does not stop it before it has sent anything."""
    shell(place, f"{RUN} 2>&1{LEAVES}")
    code, _ = shell(place, f"{RUN} --max-change 0")
    assert code == 1, "the good row was sent already"


@needs_full
@pytest.mark.parametrize(
    "line",
    [
        RUN,
        pytest.param("importer check tags.toml --sandbox", marks=pytest.mark.soak),
        pytest.param("importer status", marks=pytest.mark.soak),
    ],
)
def test_a_result_that_finds_no_room_is_said(place: Path, line: str) -> None:
    """Exit 5: what was done is kept, and the same command says it again."""
    shell(place, RUN)
    code, said = shell(place, f"{line} > /dev/full")
    assert code == 5
    assert "The result could not be printed: No space left on device." in said


@needs_full
def test_messages_that_find_no_room_stop_nothing(place: Path) -> None:
    """A log file on a full disk."""
    code, _ = shell(place, f"{RUN} 2> /dev/full")
    assert code == 1


@pytest.mark.soak
def test_what_broke_a_run_is_said_although_nobody_reads_the_result(place: Path) -> None:
    """The guard's sentence stands on stderr."""
    _, said = shell(place, f"{RUN} --max-rejects 0{LEAVES}")
    assert "--max-rejects allows 0" in said
