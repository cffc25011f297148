"""Several mappings typed into a shell: a whole site checked before anything is sent, texts, and `kill -9`."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from importer import RunOptions, check_all
from importer.cli import front
from tests.flows.bookshop import SEED, SHEETS, Sheets
from tests.flows.processes import TOKEN, Clone, ServedHere, until

if TYPE_CHECKING:
    from pathlib import Path

ALL = ["reviews.toml", "books.toml", "topics.toml", "writers.toml"]


@pytest.fixture
def sheets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sheets:
    """Mappings and sheets in a folder whose sandbox has their collections, empty; commands are typed there."""
    monkeypatch.chdir(tmp_path)
    for name in ("WEBFLOW_TOKEN", "WEBFLOW_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "sandbox.json").write_text(json.dumps(SEED), encoding="utf-8")
    one = Sheets(tmp_path)
    one.write()
    return one


def typed(*arguments: str) -> int:
    """Type a command with all four mappings."""
    return front.answer([arguments[0], *ALL, "--sandbox", *arguments[1:]])


def test_a_whole_site_is_checked_before_anything_is_sent(sheets: Sheets) -> None:
    """Rows may name what another sheet of the same command will make; what no sheet has is unknown, as ever."""
    sheets.rows["books"].append("Odd,odd,Nobody,Rivers")
    sheets.rows["reviews"] += ["Of odd,of-odd,Odd", "Of crust,of-crust, CRUST "]
    sheets.write()
    results = check_all(ALL, RunOptions(sandbox=True))
    assert results.names == ("topics", "writers", "books", "reviews")
    problems = results.as_json()["problems"]
    assert [(one["mapping"], one["row"], one["code"], one["value"]) for one in problems] == [
        ("books.toml", 5, "reference_unknown", "Nobody"),
        ("reviews.toml", 4, "reference_unknown", "Odd"),
    ]
    assert (results.exit_code, results.counts.rejected, results.counts.not_sent) == (1, 2, 11)
    offline = check_all(ALL, RunOptions(sandbox=True, offline=True))
    assert offline.as_json()["problems"] == problems


def test_two_rows_of_one_name_are_ambiguous_before_they_are_there(sheets: Sheets) -> None:
    """A name that two rows of the other sheet have names neither of them; what is there and will be is one item."""
    assert typed("run", "--quiet") == 0
    sheets.rows["topics"].append("Bread,bread-2,T-4")
    sheets.rows["books"][2] = "Crust,crust,Ada Ek,Bread"
    sheets.rows["topics"].append("Boats,boats,T-5")
    sheets.rows["topics"].append("BOATS,boats-2,T-6")
    sheets.rows["books"].append("Keel,keel,Ada Ek,Boats")
    sheets.write()
    results = check_all(ALL, RunOptions(sandbox=True))
    assert [(one["row"], one["code"]) for one in results.as_json()["problems"]] == [(5, "reference_ambiguous")]


def test_staged_items_are_no_more_foretold_than_they_are_found(sheets: Sheets) -> None:
    """A live item cannot name a draft: the check says so as the run does, and drafts may name drafts."""
    sheets.heads["topics"] += ",State"
    sheets.rows["topics"] = [f"{row},{'draft' if 'Bread' in row else ''}" for row in sheets.rows["topics"]]
    sheets.rows["books"][2] = "Crust,crust,Ada Ek,Bread"
    sheets.write()
    path = sheets.path("topics")
    path.write_text(
        path.read_text(encoding="utf-8") + '[item]\ndraft = { when = { State = "draft" } }\n', encoding="utf-8"
    )
    for options, expected in ((RunOptions(sandbox=True), 1), (RunOptions(sandbox=True, draft=True), 0)):
        assert check_all(ALL, options).exit_code == expected
    assert typed("run", "--quiet") == 1
    assert typed("run", "--quiet", "--draft") == 0


def test_a_check_says_each_mapping_and_the_total(sheets: Sheets, capsys: pytest.CaptureFixture[str]) -> None:
    """Problems stand under their mapping, each with rejects of its own; then a line for each, and the total."""
    sheets.rows["topics"].append("Rivers,rivers,T-9")
    sheets.rows["writers"].append("Cy,cy,soon")
    sheets.write()
    assert typed("check") == 1
    told = capsys.readouterr().out
    assert told.endswith(
        "topics   4 rows, 3 good, 1 would be rejected\n"
        "         rejected rows: .importer/runs/check-topics/rejects.csv\n"
        "writers  3 rows, 2 good, 1 would be rejected\n"
        "         rejected rows: .importer/runs/check-writers/rejects.csv\n"
        "books    3 rows, all good\n"
        "reviews  2 rows, all good\n"
        "in all   12 rows, 10 good, 2 would be rejected\n"
    )
    assert "topics:\nslug_duplicate" in told
    for name, text in (("topics", "Rivers,rivers,T-9,5"), ("writers", "Cy,cy,soon,4")):
        path = sheets.folder / ".importer" / "runs" / f"check-{name}" / "rejects.csv"
        assert text in path.read_text(encoding="utf-8-sig")


def test_a_run_says_a_line_for_each_mapping_and_the_total(sheets: Sheets, capsys: pytest.CaptureFixture[str]) -> None:
    """Who had no turn is said with the others, once on stdout and once, with the reason, on stderr."""
    sheets.path("topics").with_suffix(".csv").unlink()
    assert typed("run", "--no-progress") == 2
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[:4] == [
        "topics   stopped; something is to be put right first",
        "writers  done: 2 published",
        "books    not run",
        "reviews  not run",
    ]
    assert lines[4].startswith("in all   2 published; ")
    assert "importer: topics: There is no file topics.csv." in told.err
    assert "books: Had no turn: it refers to items of topics, which did not come to its end." in told.err
    sheets.write()
    assert typed("run", "--no-progress") == 0
    assert "writers  done: 2 unchanged\n" in capsys.readouterr().out


def test_several_mappings_take_no_sheet(sheets: Sheets, capsys: pytest.CaptureFixture[str]) -> None:
    """A sheet beside several mappings belongs to none of them."""
    assert front.answer(["run", *ALL, "writers.csv", "--sandbox"]) == 2
    assert "writers.csv is named together with 4 mappings" in capsys.readouterr().err


def test_mappings_of_several_folders_need_one_sandbox(sheets: Sheets, capsys: pytest.CaptureFixture[str]) -> None:
    """Each folder has a sandbox of its own, and one command goes to one destination."""
    (sheets.folder / "more").mkdir()
    sheets.path("topics").rename(sheets.folder / "more" / "topics.toml")
    sheets.path("topics").with_suffix(".csv").rename(sheets.folder / "more" / "topics.csv")
    mappings = ["writers.toml", "more/topics.toml", "books.toml"]
    assert front.answer(["run", *mappings, "--sandbox"]) == 2
    assert "--sandbox-file PATH" in capsys.readouterr().err
    seeded = ["--sandbox", "--sandbox-file", ".importer/sandbox.db"]
    assert front.answer(["run", *mappings, *seeded]) == 0


def test_killed_in_the_second_mapping_the_same_command_completes(sheets: Sheets) -> None:
    """`kill -9` while the second of the mappings is being sent: the same command again loses and doubles nothing."""
    sheets.rows["writers"] += [f"Writer {n},writer-{n},1980" for n in range(150)]
    sheets.rows["books"] += [f"Book {n},book-{n},Writer {n},Rivers" for n in range(150)]
    sheets.write()
    with ServedHere(sheets.folder / "webflow.db", seed=SEED) as served:
        served.plan({"when": {"method": "POST", "nth": 2}, "do": "slow_answer", "seconds": 3})
        clone = Clone(sheets.folder)
        names = ["books.toml", "topics.toml", "writers.toml"]
        command = ["run", *names, "--base-url", served.base_url, "--json", "--patience", "2s"]
        started = clone.start(*command, WEBFLOW_TOKEN=TOKEN)
        until(lambda: len(served.creates()) > 1)
        started.signal(signal.SIGKILL)
        assert started.ended().code == -signal.SIGKILL
        assert served.items("topics", live=True)
        assert not served.items("books", live=True)
        served.switch({"listing_delay": "1"})
        again = clone.run(*command, WEBFLOW_TOKEN=TOKEN)
        assert [run["verdict"] for run in again.json["runs"]] == ["done"] * 3, again.err
        assert next(run["items"]["unchanged"] for run in again.json["runs"]) == len(SHEETS["topics"][1])
        served.switch({"listing_delay": "0"})
        for name in ("topics", "writers", "books"):
            slugs = sorted(item["fieldData"]["slug"] for item in served.items(name, live=True))
            assert slugs == sorted(row.split(",")[1] for row in sheets.rows[name])
