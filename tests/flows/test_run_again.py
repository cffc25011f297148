"""What a person does next, done to a sheet of a few rows: the same again, the rejects as they are, another rule."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from importer import RunOptions, run

if TYPE_CHECKING:
    from pathlib import Path

    from importer import RunResult
    from importer.model import Progress

MAPPING = """
collection = "authors"
[fields]
name = "Name"
slug = { from = "Slug", else = { from = "Name", transform = ["slugify"] } }
bio = "Bio"
"""


class Listener:
    """Hears what a person is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def progress(self, progress: Progress) -> None:
        """Nothing to hear."""

    def say(self, sentence: str) -> None:
        self.said.append(sentence)


class Folder:
    """A mapping and its sheet in a folder of their own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard = Listener()
        self.write("m.toml", MAPPING)

    def write(self, name: str, text: str | bytes) -> None:
        (self.path / name).write_bytes(text.encode() if isinstance(text, str) else text)

    def run(self, sheet: str | Path = "a.csv", mapping: str = "m.toml", **options: object) -> RunResult:
        """Run a sheet of the folder into its sandbox."""
        chosen = RunOptions(sandbox=True, **options)  # type: ignore[arg-type]  # as the test gives them
        self.heard = Listener()
        return run(self.path / mapping, self.path / sheet, chosen, observer=self.heard)

    def rejects(self, result: RunResult) -> Path:
        path = result.runs[0].rejects
        assert path is not None
        return path


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_broken_row_stays_rejected_until_somebody_has_looked_at_it(folder: Folder) -> None:
    """A cell beyond the header is not in the rejects file; run back as it is, the row would lose it in silence."""
    folder.write("a.csv", "Name,Slug,Bio\nTea,,nice, with milk\nCoffee,,black\n")
    first = folder.run()
    assert (first.exit_code, first.runs[0].counts.created, first.runs[0].counts.rejected) == (1, 1, 1)
    again = folder.run(folder.rejects(first))
    assert (again.exit_code, again.runs[0].counts.created, again.runs[0].counts.rejected) == (1, 0, 1)
    rejects = folder.rejects(again)
    assert "row_broken" in rejects.read_text(encoding="utf-8-sig")
    corrected = rejects.read_text(encoding="utf-8-sig").replace("nice", "nice with milk").replace("row_broken", "")
    folder.write("corrected.csv", corrected)
    assert folder.run("corrected.csv").runs[0].counts.created == 1


def test_damaged_signs_are_not_published_from_the_rejects(folder: Folder) -> None:
    """A row whose bytes were not in the encoding stays rejected in our own file too."""
    folder.write("a.csv", b"Name,Slug,Bio\n" + "Jörg,j,ü\n".encode() * 1 + b"Caf\xe9,cafe,x\n")
    first = folder.run()
    assert first.runs[0].counts.rejected == 1
    assert folder.run(folder.rejects(first)).exit_code == 1


def test_double_in_the_rejects_stays_a_double(folder: Folder) -> None:
    """The row exists nowhere, so it is not done; with a slug of its own it is."""
    folder.write("a.csv", "Name,Slug,Bio\nA,aa,x\nB,aa,y\n")
    first = folder.run()
    again = folder.run(folder.rejects(first))
    assert (again.exit_code, again.runs[0].counts.rejected) == (1, 1)
    text = folder.rejects(again).read_text(encoding="utf-8-sig")
    assert "slug_duplicate" in text
    assert "row 2" in text
    folder.write("corrected.csv", text.replace("B,aa", "B,bb"))
    assert folder.run("corrected.csv").runs[0].counts.created == 1


def test_changed_rows_are_said(folder: Folder) -> None:
    """Mode create leaves a published row alone, and says so; a draft that goes live with older content, too."""
    folder.write("a.csv", "Name,Slug,Bio\nA,a,x\nB,b,y\n")
    folder.run()
    folder.write("a.csv", "Name,Slug,Bio\nA,a,z\nB,b,y\n")
    result = folder.run()
    assert (result.exit_code, result.runs[0].counts.skipped) == (0, 1)
    assert any("1 row is not as it was published" in sentence for sentence in folder.heard.said)
    folder.write("a.csv", "Name,Slug,Bio\nC,c,x\n")
    folder.run(draft=True)
    folder.write("a.csv", "Name,Slug,Bio\nC,c,y\n")
    assert folder.run().runs[0].counts.updated == 1
    assert any("something else by now" in sentence for sentence in folder.heard.said)


def test_conditions_that_leave_nothing_are_said(folder: Folder) -> None:
    """A slip in [where] must not look like success."""
    folder.write("a.csv", "Name,Slug,Bio\nA,a,x\n")
    folder.write("m.toml", MAPPING + '[where]\nName = "Nobody"\n')
    assert folder.run().exit_code == 0
    assert any("not pass [where]" in sentence for sentence in folder.heard.said)


def test_run_works_where_a_loop_is_running(folder: Folder) -> None:
    """A notebook has a loop of its own."""
    folder.write("a.csv", "Name,Slug,Bio\nA,a,x\n")

    async def cell() -> RunResult:
        return folder.run()

    assert asyncio.run(cell()).runs[0].counts.created == 1


def test_deadline_that_passes_when_all_is_done_is_no_stop(folder: Folder) -> None:
    """Nothing is left that the same command could go on with."""
    folder.write("a.csv", "Name,Slug,Bio\nA,a,x\n")
    folder.run()
    result = folder.run(deadline=0.001)
    assert (result.exit_code, result.runs[0].counts.unchanged) == (0, 1)


def test_taking_a_rule_of_identity_back_needs_no_flag(folder: Folder) -> None:
    """Rules are kept once rows were made by them: where nothing became new, nothing has changed."""
    folder.write("a.csv", "Name,Slug,Bio\nA,a,x\n")
    folder.run()
    folder.write("other.toml", MAPPING.replace("[fields]", 'key = { from = "Name" }\n[fields]'))
    assert folder.run(mapping="other.toml", state=folder.path / ".importer" / "m.sandbox.db").exit_code == 6
    again = folder.run(mapping="other.toml", state=folder.path / ".importer" / "m.sandbox.db", accept_new_keys=True)
    assert again.runs[0].counts.rejected == 1
    assert folder.run().exit_code == 0


def test_what_is_no_sheet_is_said(folder: Folder) -> None:
    """A lazy frame, or a number, is answered like any other mistake."""
    result = run(folder.path / "m.toml", 5, RunOptions(sandbox=True))  # type: ignore[arg-type]  # the mistake
    assert result.exit_code == 2
