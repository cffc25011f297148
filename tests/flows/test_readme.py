"""The README: each of its commands runs, its tables are true, its links lead somewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from importer.cli.front import answer
from importer.errors import EXIT_PRECEDENCE, EXIT_VERDICTS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = tuple(
    line.removeprefix("$ ")
    for fence in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in fence.splitlines()
    if line.startswith("$ ")
)
WRITTEN = dict(re.findall(r"`([\w./-]+\.(?:csv|toml))`[^`]*```\w+\n(.*?)```", README, re.DOTALL))
"""Files that the README shows: the path that the sentence above names, and the text."""

BAD_ROWS = {
    "check mine/people.toml",
    "run mine/people.toml",
    "check mappings/*.toml",
    "run mappings/*.toml",
    "retry mappings/blog_posts.toml",
}


def expected(command: str, before: list[str]) -> int:
    """Tell the exit status that the README announces: 1 where bad rows are in the sheet, until they are corrected."""
    if command in before and "mine/people" in command:
        return 0
    return 1 if any(f"importer {bad}" in command for bad in BAD_ROWS) else 0


def expanded(word: str) -> list[str]:
    """Name the files that a shell would put in place of a pattern."""
    return sorted(map(str, Path().glob(word))) if "*" in word else [word]


@contextmanager
def sandbox_at(file: Path, folder: Path) -> Iterator[str]:
    """Serve a sandbox with the README's own command, at a port that is free; gives the base URL."""
    command = ["importer", "sandbox", str(file), "--port", "0", "--switch", "rate_limit=6000"]
    with subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            found = re.search(r"http://127\.0\.0\.1:\d+", server.stderr.readline())
            assert found
            yield f"{found[0]}/v2"
        finally:
            server.terminate()


def environment(**more: str) -> dict[str, str]:
    """Describe a shell in which `importer` is the one under test."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WEBFLOW_")}
    return {**clean, "PATH": path, **more}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Copy what a clone has, with the files that the README tells people to write."""
    for folder in ("mappings", "sample_data"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns(".importer"))
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parents[1])
    for name, text in WRITTEN.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_commands_of_the_readme_run(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Typed in their order into a fresh clone, the commands end as the README says (in one process, to be quick)."""
    before: list[str] = []
    monkeypatch.chdir(clone)
    with sandbox_at(clone / "webflow.db", clone) as base:
        for command in COMMANDS:
            if not command.startswith("importer "):
                continue
            if command in before:
                sheet = clone / "mine" / "people.csv"
                sheet.write_text(sheet.read_text(encoding="utf-8").replace(" at ", "@"), encoding="utf-8")
            for name, value in {"WEBFLOW_BASE_URL": base, "WEBFLOW_TOKEN": "sandbox"}.items():
                monkeypatch.delenv(name, raising=False)
                if "--sandbox" not in command:
                    monkeypatch.setenv(name, value)
            status = answer([word for part in command.split()[1:] for word in expanded(part)])
            assert status == expected(command, before), f"$ {command}\n{capsys.readouterr()}"
            before.append(command)


def test_the_demo_runs_and_its_sandbox_can_be_looked_at(clone: Path) -> None:
    """`make demo` is its script: all four sheets go in, and the file that the README serves is there."""
    assert "make demo" in COMMANDS
    demo = [clone / "sample_data" / "demo.sh"]
    done = subprocess.run(demo, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    served = next(command for command in COMMANDS if command.startswith(".venv/bin/importer sandbox")).split()
    assert (clone / served[2]).exists()
    assert " ".join(served) in done.stdout


def test_the_library_example_runs(clone: Path) -> None:
    """The lines of Python in the README do what they say, in a clone."""
    code = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(code) == 1
    python = [sys.executable, "-c", code[0]]
    done = subprocess.run(python, cwd=clone, env=environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "done 20"), done.stderr


def test_the_targets_of_the_readme_are_in_the_makefile() -> None:
    """Each `make` target that the README or CONTRIBUTING names is there, with its line of help."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    text = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for target in set(re.findall(r"^\$ make (\w+)", text, re.MULTILINE)):
        assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE), target


def test_a_python_that_is_too_old_is_said_before_anything_is_made(tmp_path: Path) -> None:
    """The first command of a newcomer: what is missing, and how to name another Python."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    make = ["make", "demo", "PYTHON=false"]
    done = subprocess.run(make, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "false is not Python 3.11 or newer" in done.stderr
    assert "make PYTHON=python3.12" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_the_exit_table_is_the_one_of_the_code() -> None:
    """Codes, verdicts and their order of precedence are those of `importer.errors`."""
    table = {int(code): verdict for code, verdict in re.findall(r"^\| (\d+) \| `(\w+)` \|", README, re.MULTILINE)}
    assert table == EXIT_VERDICTS
    order = re.search(r"the first of ([\d, ]+) counts", README)
    assert order
    assert tuple(int(code) for code in order[1].split(", ")) == EXIT_PRECEDENCE


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_the_links_lead_somewhere(document: str) -> None:
    """Each relative link of a document names a file of the repository."""
    for link in re.findall(r"\]\(([^)#:]+)\)", (ROOT / document).read_text(encoding="utf-8")):
        assert (ROOT / link).exists(), link
