"""`importer verify` as it is typed: what is printed, as text, as one object and as CSV."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

import importer
from importer.cli import front
from importer.cli.verbs import group
from importer.state import State

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.capture import CaptureFixture


@pytest.fixture
def sandbox(place: Path, capsys: CaptureFixture[str]) -> sqlite3.Connection:
    """A run of five rows, one of them rejected; somebody may work in the sandbox's file."""
    lines = "".join(f"Tag {n},tag-{n},\n" for n in range(1, 4))
    with (place / "tags.csv").open("a", encoding="utf-8") as sheet:
        sheet.write(lines)
    assert front.answer(["run", "tags.toml", "--sandbox", "--quiet"]) == 1
    capsys.readouterr()
    return sqlite3.connect(place / ".importer" / "sandbox.db", isolation_level=None)


def harm(sandbox: sqlite3.Connection) -> None:
    """Remove an item and change another."""
    sandbox.execute("DELETE FROM items WHERE slug = 'tag-1'")
    sandbox.execute("UPDATE items SET data = json_set(data, '$.color', '#00ff00') WHERE slug = 'food'")
    sandbox.execute("UPDATE items SET live = json_set(live, '$.color', '#00ff00') WHERE slug = 'food'")
    sandbox.close()


def test_all_proven_is_said_in_a_few_lines(sandbox: sqlite3.Connection, capsys: CaptureFixture[str]) -> None:
    """Counts that add up to the rows of the state, and what it cost."""
    sandbox.close()
    assert front.answer(["verify", "tags.toml", "--sandbox"]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].startswith("tags.toml -> tags: all stands as the state file says (")
    assert lines[1:6] == [
        "          4 proven: there, as sent, live or staged as it should be",
        "          1 rejected, and not there",
        "          5 rows in all",
        "  4 items listed: 4 of rows",
        "  2 requests",
    ]
    assert said.err == ""


def test_each_deviation_is_a_sentence_that_says_what_next(
    sandbox: sqlite3.Connection, capsys: CaptureFixture[str]
) -> None:
    """File, row, key, what happened and what to do."""
    harm(sandbox)
    assert front.answer(["verify", "tags.toml", "--sandbox"]) == 1
    said = capsys.readouterr().out
    assert 'tags.csv, row 2 ("food"): somebody changed color (item ' in said
    assert "Keep it, or change it back in Webflow." in said
    assert 'tags.csv, row 4 ("tag-1"): its item ' in said
    assert " is gone. A run does not make it a second time. If it should be there, bring it back in Webflow" in said


def test_the_way_out_of_a_missing_item_is_true(sandbox: sqlite3.Connection, capsys: CaptureFixture[str]) -> None:
    """No run makes it again; brought back with its id it is proven, under another id it is named as equal."""
    (kept,) = sandbox.execute("SELECT id FROM items WHERE slug = 'tag-1'").fetchone()
    sandbox.execute("CREATE TABLE backup AS SELECT * FROM items WHERE slug = 'tag-1'")
    sandbox.execute("DELETE FROM items WHERE slug = 'tag-1'")
    assert front.answer(["run", "tags.toml", "--sandbox", "--quiet", "--json"]) == 1
    counts = json.loads(capsys.readouterr().out)["runs"][0]["items"]
    assert (counts["created"], counts["unchanged"], counts["rejected"]) == (0, 4, 1)
    sandbox.execute("INSERT INTO items SELECT * FROM backup")
    assert front.answer(["verify", "tags.toml", "--sandbox", "--quiet"]) == 0
    by_hand = "0123456789abcdef01234567"
    sandbox.execute("UPDATE items SET id = ? WHERE id = ?", (by_hand, kept))
    sandbox.close()
    capsys.readouterr()
    assert front.answer(["verify", "tags.toml", "--sandbox", "--quiet"]) == 1
    said = capsys.readouterr().out
    assert f'tags.csv, row 4 ("tag-1"): an equal item {by_hand} ("tag-1") is there that no row holds.' in said
    assert f"in the place of its item {kept}, which is gone" in said
    assert "twin" not in said


def test_json_is_the_one_object_with_a_receipt_for_each_row(
    sandbox: sqlite3.Connection, capsys: CaptureFixture[str]
) -> None:
    """The frame of every command, and `proof`; its counts add up."""
    harm(sandbox)
    assert front.answer(["verify", "tags.toml", "--sandbox", "--json"]) == 1
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert list(answer)[:6] == ["format", "verdict", "exit_code", "seconds", "error", "runs"]
    assert (answer["verdict"], answer["exit_code"], answer["error"]) == ("rejects", 1, None)
    rows = answer["proof"]["rows"]
    assert rows.pop("total") == sum(rows.values()) == 5
    assert {name: number for name, number in rows.items() if number} == {
        "proven": 2, "edited": 1, "missing": 1, "rejected": 1,
    }  # fmt: skip
    receipts = answer["proof"]["receipts"]
    assert [(one["row"], one["verdict"]) for one in receipts] == [
        (2, "edited"), (3, "rejected"), (4, "missing"), (5, "proven"), (6, "proven"),
    ]  # fmt: skip
    assert receipts[0]["fields"] == ["color"]


@pytest.mark.parametrize(
    ("more", "rows"),
    [(["--list"], ["2", "3", "4", "5", "6"]), (["--list", "missing"], ["4"]), (["--list", "twin"], [])],
)
def test_list_prints_receipts_as_csv(
    sandbox: sqlite3.Connection, capsys: CaptureFixture[str], more: list[str], rows: list[str]
) -> None:
    """All of them, or those of one verdict; the exit status stays that of the proof."""
    harm(sandbox)
    assert front.answer(["verify", "tags.toml", "--sandbox", "--quiet", *more]) == 1
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [line["row"] for line in lines] == rows
    assert all(line["source"].endswith("tags.csv") for line in lines)


def test_strangers_are_named_where_that_is_asked_for(sandbox: sqlite3.Connection, capsys: CaptureFixture[str]) -> None:
    """As text and as CSV."""
    sandbox.close()
    state = sqlite3.connect(".importer/tags.sandbox.db", isolation_level=None)
    state.execute("DELETE FROM rows WHERE key = 'tag-3'")
    state.close()
    assert front.answer(["verify", "--list", "tags.toml", "--sandbox", "--strangers"]) == 0
    assert "stranger,,,,,tag-3," in capsys.readouterr().out
    assert front.answer(["verify", "tags.toml", "--sandbox", "--strangers"]) == 0
    said = capsys.readouterr().out
    assert "4 items listed: 3 of rows, 1 of others" in said
    assert 'tag-3  "Tag 3"' in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tags.toml", "--list", "nonsense"], "is no verdict"),
        (["tags.toml", "--list", "--json"], "--list prints CSV"),
        (["tags.csv"], "No mapping file"),
        ([], "A mapping file is needed"),
        ([], "For example: `importer verify mappings/products.toml`"),
    ],
)
def test_what_makes_no_sense_is_refused(
    place: Path, arguments: list[str], said: str, capsys: CaptureFixture[str]
) -> None:
    """Exit 2."""
    assert front.answer(["verify", *arguments, "--sandbox"]) == 2
    assert said in capsys.readouterr().err


def test_where_nothing_was_run_it_says_what_to_type(place: Path, capsys: CaptureFixture[str]) -> None:
    """A state file of a run that never came to its collection."""
    State.open(place / "new.db").close()
    assert front.answer(["verify", "tags.toml", "--sandbox", "--state", "new.db"]) == 2
    said = capsys.readouterr().err
    hint = "Run something first: `importer run tags.toml --sandbox --state new.db`."
    assert f"tells of no collection: nothing was run.\n{hint}" in said


def test_an_emptied_state_file_is_not_written_into(place: Path, capsys: CaptureFixture[str]) -> None:
    """The warning is the same with --heal, and it is still there the next time."""
    empty = place / "empty.db"
    empty.touch()
    for more in ([], ["--heal"], []):
        assert front.answer(["verify", "tags.toml", "--sandbox", "--state", "empty.db", *more]) == 2
        assert "empty.db is empty: nothing is known of any row.\nPut back a copy" in capsys.readouterr().err
        assert empty.stat().st_size == 0


def test_with_nothing_to_heal_it_says_so(sandbox: sqlite3.Connection, capsys: CaptureFixture[str]) -> None:
    """Whoever asks for something hears what came of it."""
    sandbox.close()
    assert front.answer(["verify", "tags.toml", "--sandbox", "--heal"]) == 0
    assert capsys.readouterr().out.endswith("\nThere was nothing to heal.\n")


def test_what_it_takes_is_what_is_documented() -> None:
    """The options of verify."""
    options = {name for parameter in group.commands["verify"].params for name in parameter.opts}
    assert {"--heal", "--both", "--strangers", "--list", "--json", "--state", "--sandbox", "--patience"} <= options


def test_the_library_gives_the_same(sandbox: sqlite3.Connection) -> None:
    """`from importer import verify`."""
    harm(sandbox)
    result = importer.verify("tags.toml", importer.RunOptions(sandbox=True))
    assert isinstance(result, importer.VerifyResult)
    assert (result.exit_code, result.error) == (1, None)
    assert result.proof is not None
    assert len(result.proof.receipts) == 5
    result.raise_for_error()
    with pytest.raises(importer.StateError):
        importer.verify("tags.toml", importer.RunOptions(sandbox=True, state=result.proof.state.parent / "no.db")
                        ).raise_for_error()  # fmt: skip
