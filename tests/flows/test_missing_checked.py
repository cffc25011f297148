"""`missing = "create"` as commands show it: what `check` foretells, several mappings at once, `verify`, `status`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
import pytest

from importer.commands.check import check
from importer.commands.options import RunOptions
from importer.commands.run import run
from importer.commands.several import check_all, run_all
from importer.commands.status import status
from importer.commands.verify import verify
from importer.report.sentences import check_text, result_text
from importer.report.several import several_text
from importer.report.standing import standing_text
from tests.flows.naming import RULES, seed

if TYPE_CHECKING:
    from pathlib import Path

SANDBOX = RunOptions(sandbox=True)


def written(rule: Any) -> str:
    """Write a rule as TOML does."""
    if isinstance(rule, str):
        return f'"{rule}"'
    return "{ " + ", ".join(f'{key} = "{one}"' for key, one in rule.items()) + " }"


FIELDS = "\n".join(f"{slug} = {written(rule)}" for slug, rule in RULES.items())


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with a mapping for notes and one for topics, and their sheets."""
    (tmp_path / "sandbox.json").write_bytes(orjson.dumps(seed()))
    for name, fields in (("notes", FIELDS), ("topics", 'name = "Name"')):
        text = f'collection = "{name}"\n[source]\npath = "{name}.csv"\n[fields]\n{fields}\n'
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    (tmp_path / "topics.csv").write_text("Name\nRivers\nBread\n", encoding="utf-8")
    notes = 'One,one,Rivers,"Trains,Bread",Ada\nTwo,two,rivers,,Bob\n,three,Nobody,,Nobody\nFour,four,,+++,Ada\n'
    (tmp_path / "notes.csv").write_text("Title,Slug,Main,Topics,Writer\n" + notes, encoding="utf-8")
    return tmp_path


def foretold(result: Any) -> list[tuple[str, int, list[str]]]:
    """What the object says would be made, or was: collection, how many in all, some names."""
    referenced = result.as_json()["runs"][0]["referenced"]
    return [(one["collection"]["slug"], one["items"]["total"], one["names"]) for one in referenced]


@pytest.mark.parametrize("offline", [False, True])
def test_check_foretells_what_would_be_made_and_makes_nothing(desk: Path, offline: bool) -> None:
    """In one line for each collection, and in the object; of rejected rows nothing. The same offline."""
    check(desk / "notes.toml", None, SANDBOX)
    for _ in range(2):
        result = check(desk / "notes.toml", None, RunOptions(sandbox=True, offline=offline))
        assert foretold(result) == [("topics", 3, ["Rivers", "Trains", "Bread"]), ("writers", 2, ["Ada", "Bob"])]
    said = check_text(result.runs[0])
    assert '\n  in "topics", for rows that refer to them: 3 items would be made (Rivers, Trains, Bread)\n' in said
    assert result.problem_counts == {"required": 1, "reference_unmade": 1}
    assert result.problems is not None
    (problem,) = (one for one in result.problems if one.code == "reference_unmade")
    assert (problem.row, problem.column, problem.field, problem.value) == (5, "Topics", "topics", "+++")
    assert "gives no slug" in problem.message


def test_a_run_says_what_it_made_and_the_rejects_say_why_not(desk: Path) -> None:
    """The counts are those of the sheet; what was made has a line of its own. A second run made nothing."""
    result = run(desk / "notes.toml", None, SANDBOX)
    counts = result.runs[0].counts
    assert (counts.total, counts.created, counts.rejected) == (4, 2, 2)
    assert '  in "writers", for rows that refer to them: 2 published (Ada, Bob)' in result_text(result)
    assert result.runs[0].rejects is not None
    rejects = pl.read_csv(result.runs[0].rejects)
    assert rejects["_error_code"].to_list() == ["required", "reference_unmade"]
    assert 'the item "+++" of the collection "topics"' in rejects["_error"][1]
    assert foretold(run(desk / "notes.toml", None, SANDBOX)) == []
    assert foretold(check(desk / "notes.toml", None, SANDBOX)) == []


def test_a_corrected_rejects_file_makes_what_its_rows_name(desk: Path) -> None:
    """Its rows are checked anew, and refer to what is there by then."""
    result = run(desk / "notes.toml", None, SANDBOX)
    rejects = result.runs[0].rejects
    assert rejects is not None
    rejects.write_text(rejects.read_text(encoding="utf-8").replace("'+++", "Plus"), encoding="utf-8")
    again = run(desk / "notes.toml", rejects, SANDBOX)
    assert again.runs[0].counts.created == 1
    assert foretold(again) == [("topics", 1, ["Plus"])]


def test_with_the_mapping_of_the_other_collection_only_the_rest_is_made(desk: Path) -> None:
    """What that mapping's sheet has is made by it, before; the rest by the rows that name it."""
    both = [desk / "notes.toml", desk / "topics.toml"]
    checked = check_all(both, SANDBOX)
    assert {name: foretold(part) for name, part in zip(checked.names, checked.parts, strict=True)} == {
        "topics": [],
        "notes": [("topics", 1, ["Trains"]), ("writers", 2, ["Ada", "Bob"])],
    }
    results = run_all(both, SANDBOX)
    assert (results.names, results.counts.created, results.counts.rejected) == (("topics", "notes"), 4, 2)
    assert foretold(results.parts[1]) == [("topics", 1, ["Trains"]), ("writers", 2, ["Ada", "Bob"])]
    assert 'in "topics", for rows that refer to them: 1 published (Trains)' in several_text(results)


@pytest.mark.parametrize("hindrance", ["rejected", "not sent yet"])
def test_what_the_other_sheet_has_is_not_made_of_its_name_alone(desk: Path, hindrance: str) -> None:
    """Its row is rejected, or was not sent yet: it has more than a name, and would find its own slug taken."""
    both = [desk / "notes.toml", desk / "topics.toml"]
    both[1].write_text(both[1].read_text(encoding="utf-8") + 'slug = "Slug"\n', encoding="utf-8")
    good = "Name,Slug\nBread,bread\nRivers,rivers\n"
    sheet = good.replace(",rivers", ",ri vers!") if hindrance == "rejected" else good
    (desk / "topics.csv").write_text(sheet, encoding="utf-8")
    results = run_all(both, replace(SANDBOX, limit=None if hindrance == "rejected" else 1))
    assert [part.runs[0].counts.created for part in results.parts] == [1, 0]
    rejects = results.parts[1].runs[0].rejects
    assert rejects is not None
    assert "has a row of that name, which goes first" in rejects.read_text(encoding="utf-8")
    (desk / "topics.csv").write_text(good, encoding="utf-8")
    results = run_all(both, SANDBOX)
    assert [part.runs[0].counts.created for part in results.parts] == [1, 2]
    assert results.parts[0].exit_code == 0


def test_verify_and_status_say_which_items_are_none_of_the_sheets(desk: Path) -> None:
    """`verify` proves the rows of the sheet, and says how many items it leaves out; `status` counts them apart."""
    run(desk / "notes.toml", None, SANDBOX)
    result = verify(desk / "notes.toml", RunOptions(sandbox=True))
    assert result.proof is not None
    assert len(result.proof.receipts) == 4
    assert any(
        note.startswith("5 items of other collections, to which rows refer, are not looked at") for note in result.notes
    )
    (report,) = status(desk / "notes.toml", SANDBOX)
    said = standing_text(report.path, report.rows, report.lines(), report.unsettled(), report.beside)
    assert "  items of other collections that rows refer to: 5 published" in said
    assert "2 published" in said.splitlines()[1]
