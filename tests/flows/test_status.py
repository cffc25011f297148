"""`status`: what the state files say, without a token and without a network."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from importer.cli import front
from importer.commands.options import RunOptions
from importer.commands.run import run
from importer.commands.status import StateReport, run_of, status
from importer.model import Item, Status
from importer.report.standing import standing_text
from importer.state import Identity, Sent, State

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.capture import CaptureFixture


@pytest.fixture
def place(place: Path) -> Path:
    """A folder where one run was made: two rows published, one rejected."""
    with (place / "tags.csv").open("a", encoding="utf-8") as sheet:
        sheet.write("Stone,stone,\n")
    result = run("tags.toml", None, RunOptions(sandbox=True))
    assert result.error is None
    return place


def test_it_shows_row_counts_and_runs(place: Path, capsys: CaptureFixture[str]) -> None:
    """Without a mapping: every state file of the folder; the sandbox's own file is none."""
    assert front.answer(["status"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    lines = said.out.splitlines()
    assert lines[0] == ".importer/tags.sandbox.db"
    assert "          2 published" in lines
    assert "          1 rejected" in lines
    assert lines[-1].endswith("tags.csv: rejects (1): 2 published, 1 rejected")


def test_what_a_run_published_of_what_was_there_counts_too(place: Path) -> None:
    """The numbers of a run's line add up to its rows."""
    record = status(None, RunOptions(state=place / ".importer" / "tags.sandbox.db"))[0].runs[0]
    assert record.summary is not None
    summary = run_of(record.summary)
    summary["items"] = {"total": 4, "created": 1, "updated": 2, "staged": 0, "unchanged": 0, "skipped": 0,
                        "rejected": 1, "in_doubt": 0, "not_sent": 0, "removed": 0}  # fmt: skip
    report = StateReport(place, {}, (replace(record, summary=summary),))
    assert report.lines()[0].endswith("1 published, 2 updated, 1 rejected")


def test_json_is_the_object_of_the_last_run(place: Path, capsys: CaptureFixture[str]) -> None:
    """`status --json`: the same object from the last run of each mapping."""
    assert front.answer(["run", "tags.toml", "--sandbox", "--json", "--quiet"]) == 1
    last = json.loads(capsys.readouterr().out)
    assert front.answer(["status", "tags.toml", "--sandbox", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["runs"] == last["runs"]
    assert (answer["verdict"], answer["exit_code"]) == ("rejects", 1)


def test_it_says_from_when_on_a_run_need_not_wait(place: Path) -> None:
    """As `doubt` of --json does; rows that are settled by now are in doubt no more."""
    lost = datetime(2026, 11, 28, 17, 0, 5, tzinfo=UTC)
    record = status(None, RunOptions(state=place / ".importer" / "tags.sandbox.db"))[0].runs[0]
    assert record.summary is not None
    doubt = {"rows": 2, "lost_at": lost.isoformat(), "known_by": (lost + timedelta(minutes=5)).isoformat()}
    summary = {"runs": [{**run_of(record.summary), "doubt": doubt}]}
    report = StateReport(place, {Status.IN_FLIGHT: 2}, (replace(record, summary=summary),))
    said = standing_text(report.path, report.rows, report.lines(), report.unsettled())
    assert said.endswith(
        "  2 rows are in doubt, for an answer was lost at 17:00:05 UTC. The next run finds out what became of them;"
        " started after 17:05:05 UTC, it need not wait for that."
    )
    assert "lost" not in standing_text(report.path, {Status.PUBLISHED: 2}, report.lines(), report.unsettled())


def rows_of(arguments: list[str], capsys: CaptureFixture[str]) -> list[dict[str, str]]:
    assert front.answer(["status", *arguments]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_list_prints_rows_as_csv_in_the_order_of_the_sheet(place: Path, capsys: CaptureFixture[str]) -> None:
    """`--list` gives all rows, `--list rejected` those; the option may stand before the mapping."""
    rows = rows_of(["tags.toml", "--sandbox", "--list"], capsys)
    assert [(row["row"], row["status"], row["key"]) for row in rows] == [
        ("2", "published", "food"), ("3", "rejected", "travel"), ("4", "published", "stone"),
    ]  # fmt: skip
    assert all(row["item_id"] for row in rows if row["status"] == "published")
    assert rows[1]["error_code"] == "color_invalid"
    assert len(rows_of(["--sandbox", "--list", "tags.toml"], capsys)) == 3
    assert [row["key"] for row in rows_of(["tags.toml", "--sandbox", "--list", "rejected"], capsys)] == ["travel"]
    assert rows_of(["--state", ".importer/tags.sandbox.db", "--list", "in-flight"], capsys) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tags.toml"], "add --sandbox"),
        (["tags.toml", "--sandbox", "--list", "lost"], "published"),
        (["--list", "--json"], "Leave one of them away"),
        (["--state", "gone.db"], "nothing was run there yet"),
        (["gone.toml", "--sandbox"], "There is no mapping file gone.toml"),
        ([".importer", "--sandbox"], ".importer is no mapping file"),
    ],
)
def test_what_cannot_be_shown_is_said_with_the_way_out(
    arguments: list[str], said: str, place: Path, capsys: CaptureFixture[str]
) -> None:
    """Exit 2, nothing on stdout but an asked-for object."""
    assert front.answer(["status", *arguments]) == 2
    answer = capsys.readouterr()
    assert said in answer.err
    assert "row,status" not in answer.out


def test_where_nothing_was_run_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: CaptureFixture[str]
) -> None:
    """A folder without state files."""
    monkeypatch.chdir(tmp_path)
    assert front.answer(["status"]) == 2
    said = capsys.readouterr().err
    assert f"no state file in {tmp_path}: looked in .importer, */.importer and mappings/*/.importer." in said
    assert "name the mapping (`importer status mappings/products.toml`)" in said


@pytest.mark.parametrize("folder", ["mine", "mappings", "mappings/shop"])
def test_state_files_of_folders_near_by_are_found(
    folder: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: CaptureFixture[str]
) -> None:
    """Mappings lie in a folder of their own as a rule, sorted into others at times."""
    elsewhere = place / "elsewhere"
    (elsewhere / folder).mkdir(parents=True)
    (place / ".importer").rename(elsewhere / folder / ".importer")
    monkeypatch.chdir(elsewhere)
    assert front.answer(["status"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"{folder}/.importer/tags.sandbox.db"


def test_a_run_that_was_killed_shows_as_what_the_rows_say(tmp_path: Path, capsys: CaptureFixture[str]) -> None:
    """No summary was written: the counts are those of the rows, they add up, and rows in flight are in doubt."""
    path = tmp_path / "killed.db"
    item = Item("k", "", 2, (2,), "k", "K", draft=False, archived=False, body=b"{}", files=0,
                source_hash="h", fingerprint="f", readable="r")  # fmt: skip
    with State.open(path) as state:
        state.claim(Identity("m", "", "c"))
        begun = state.start_run(mapping="m.toml", source="/data/m.csv", mode="create")
        state.begin(run=begun, verb="POST", endpoint="/x", watermark=None, at=None, sent=[Sent(item, "m.csv")])
    assert front.answer(["status", "--state", str(path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["verdict"], answer["error"]["code"]) == ("stopped", "interrupted")
    assert answer["runs"][0]["run"] == begun
    assert answer["runs"][0]["items"]["in_doubt"] == answer["runs"][0]["items"]["total"] == 1
    report = status(None, RunOptions(state=path))[0]
    assert "did not come to its end" in report.lines()[0]
