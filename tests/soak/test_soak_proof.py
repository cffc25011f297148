"""The proof at the end of a round can fail: each thing that it must notice is shown to it."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from importer.commands.options import RunOptions
from importer.commands.run import run
from tests.soak.plans import ACTS, Plan
from tests.soak.proof import Proof, hasty_verdicts, items_in, prove, stage_of
from tests.soak.rounds import PLAYED
from tests.soak.sheets import BAD, COLUMNS, DEAD, SITE, Note, Sheet

KINDS = ("good", "good", "draft", "known", *BAD)
SHEET = Sheet(
    tuple(
        Note(
            place + 2,
            "good" if kind == "draft" else kind,
            f"note-{0 if kind == 'doubled' else place}",
            (
                "" if kind == "nameless" else f"Note {place}",
                f"note-{0 if kind == 'doubled' else place}",
                "x" * 201 if kind == "too long" else f"Text {place}",
                DEAD if kind == "dead photo" else "",
                "yes" if kind == "draft" else "",
            ),
        )
        for place, kind in enumerate(KINDS)
    ),
    (),
)


@dataclass(frozen=True, slots=True)
class End:
    """What a round has left, as far as the proof looks at it."""

    sandbox: Path
    state: Path
    rejects: Path
    others: list[dict[str, object]]

    def copied(self, folder: Path) -> End:
        """Copy it, for one test to spoil."""
        copied = [Path(shutil.copy(path, folder)) for path in (self.sandbox, self.state, self.rejects)]
        return End(copied[0], copied[1], copied[2], self.others)

    def spoil(self, file: Path, change: str) -> None:
        """Change one of its files."""
        with closing(sqlite3.connect(file)) as opened, opened:
            assert opened.execute(change).rowcount == 1

    def proven(self) -> Proof:
        """Ask for the proof."""
        return prove(SHEET, items_in(self.sandbox), self.state, self.rejects, self.others)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> End:
    """Import the sheet, where somebody else has made two items before."""
    folder = tmp_path_factory.mktemp("proof")
    (folder / "sandbox.json").write_text(json.dumps({"collections": SITE["collections"]}), encoding="utf-8")
    SHEET.write(folder)
    taken = next(note for note in SHEET.notes if note.kind == "taken")
    known = next(note for note in SHEET.notes if note.kind == "known")
    with (folder / "others.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, known.cells, ("Other", taken.slug, "Somebody else's", "", "")])
    sandbox = folder / "webflow.db"

    def imported(sheet: str) -> Path | None:
        options = RunOptions(sandbox=True, sandbox_file=sandbox, state=folder / f"{sheet}.db")
        result = run(folder / "notes.toml", folder / sheet, options)
        assert result.exit_code in {0, 1}, result.error
        return result.runs[0].rejects

    imported("others.csv")
    others = items_in(sandbox)
    rejects = imported("notes.csv")
    assert rejects is not None
    return End(sandbox, folder / "notes.csv.db", rejects, others)


def test_what_is_right_is_proven(whole: End) -> None:
    """Every kind of row ends as it must."""
    proof = whole.proven()
    assert (proof.wrong, proof.lost, proof.doubled) == ([], 0, 0)
    assert hasty_verdicts(SHEET, items_in(whole.sandbox), whole.state) == []


COPY = """
    INSERT INTO items SELECT NULL, collection, 'twin', locale, name, 'note-0-x', 'note-0-x', created_on, updated_on,
    published_on, draft, archived, through_live, replace(data, '"note-0"', '"note-0-x"'), live, live_name, live_slug
    FROM items WHERE slug = 'note-0'
"""


@pytest.mark.parametrize(
    ("change", "said", "lost", "doubled"),
    [
        ("DELETE FROM items WHERE slug = 'note-1'", "row 3 is lost", 1, 0),
        (COPY, "row 2 is there 2 times", 0, 1),
        ("UPDATE items SET data = replace(data, 'Text 1', 'Text 0') WHERE slug = 'note-1'", "row 3 became", 0, 0),
        ("UPDATE items SET data = replace(data, 'note-1', 'note-x') WHERE slug = 'note-1'", "row 3 became", 0, 0),
        ("UPDATE items SET live = NULL WHERE slug = 'note-1'", "row 3 became", 0, 0),
        ("UPDATE items SET live = data WHERE slug = 'note-2'", "row 4 became", 0, 0),
        ("UPDATE items SET id = 'another' WHERE slug = 'note-1'", "row 3 is item another", 0, 0),
        ("UPDATE items SET updated_on = 0 WHERE slug = 'note-3'", "somebody else's item note-3 was touched", 0, 0),
        ("DELETE FROM items WHERE name = 'Other'", "somebody else's item", 0, 0),
        (COPY.replace("data, '", "replace(data, 'Note 0', 'X'), '"), "asked for", 0, 0),
    ],
)  # fmt: skip
def test_a_collection_that_is_wrong_is_noticed(
    whole: End, tmp_path: Path, change: str, said: str, lost: int, doubled: int
) -> None:
    """Lost, doubled, changed, published by mistake, nobody's, somebody else's."""
    end = whole.copied(tmp_path)
    end.spoil(end.sandbox, change)
    proof = end.proven()
    assert said in "; ".join(proof.wrong)
    assert (proof.lost, proof.doubled) == (lost, doubled)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE rows SET status = 'staged' WHERE source_row = 2", "row 2 is item"),
        ("UPDATE rows SET status = 'in_flight' WHERE source_row = 2", "row 2 is item"),
        ("UPDATE rows SET item_id = 'another' WHERE source_row = 2", "row 2 is item"),
        ("UPDATE rows SET error_code = 'refused' WHERE error_code = 'asset_refused'", "(dead photo) is to be rejected"),
        ("DELETE FROM rows WHERE source_row = 2", "the state file knows"),
    ],
)
def test_a_state_file_that_is_wrong_is_noticed(whole: End, tmp_path: Path, change: str, said: str) -> None:
    """It says what became of each row, and of no other."""
    end = whole.copied(tmp_path)
    end.spoil(end.state, change)
    assert said in "; ".join(end.proven().wrong)


def test_rejects_that_are_wrong_are_noticed(whole: End, tmp_path: Path) -> None:
    """Each bad row stands there once."""
    end = whole.copied(tmp_path)
    lines = end.rejects.read_text(encoding="utf-8-sig").splitlines()
    end.rejects.write_text("\n".join([*lines, lines[-1]]), encoding="utf-8")
    assert "the rejects name" in "; ".join(end.proven().wrong)


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        (
            "state",
            "UPDATE rows SET status = 'rejected', item_id = NULL WHERE source_row = 2",
            "good, and called rejected",
        ),
        ("sandbox", "DELETE FROM items WHERE slug = 'note-0'", "its item is not there"),
        ("sandbox", "UPDATE items SET live = NULL WHERE slug = 'note-0'", "its item is not live"),
    ],
)
def test_verdicts_that_are_not_known_are_noticed(whole: End, tmp_path: Path, file: str, change: str, said: str) -> None:
    """Also in the middle of it all."""
    end = whole.copied(tmp_path)
    end.spoil(end.sandbox if file == "sandbox" else end.state, change)
    assert said in "; ".join(hasty_verdicts(SHEET, items_in(end.sandbox), end.state))


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ([], "after its end"),
        (["UPDATE runs SET finished_at = NULL"], "between requests"),
        (
            ["UPDATE runs SET finished_at = NULL", "UPDATE rows SET status = 'in_flight' WHERE source_row = 2"],
            "settling",
        ),
        (
            ["UPDATE runs SET finished_at = NULL", "UPDATE requests SET outcome = NULL WHERE id = 1"],
            "requests in flight",
        ),
        (["UPDATE runs SET finished_at = NULL, run = 'x'"], "before its first request"),
    ],
)
def test_the_stage_of_a_dead_run_is_read_from_its_state(
    whole: End, tmp_path: Path, changes: list[str], stage: str
) -> None:
    """That is what the summary counts kills by."""
    end = whole.copied(tmp_path)
    for change in changes:
        end.spoil(end.state, change)
    assert stage_of(end.state, 0) == stage
    assert stage_of(end.state, 1) == "before it began"


def test_plans_are_the_same_again_and_ask_for_everything() -> None:
    """A seed gives one plan; 100 of them hold each act at least twice, each act is played, each kind of row there."""
    plans = [Plan.drawn(seed) for seed in range(100)]
    assert plans[17] == Plan.drawn(17)
    assert set(PLAYED) == set(ACTS)
    for what in ACTS:
        assert sum(act.what == what for plan in plans for act in plan.acts) >= 2, what
    assert {note.kind for plan in plans for note in plan.sheet.notes} == {"good", "known", *BAD}
