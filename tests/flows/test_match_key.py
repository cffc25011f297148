# ruff: noqa: E501 - a line for each case
"""`match = "key"`: a reference by the key under which another mapping imported the item."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import orjson
import pytest

from importer.commands.check import check
from importer.commands.options import RunOptions
from importer.commands.run import run
from importer.commands.several import check_all, run_all
from importer.errors import MappingError
from importer.settings import parse_count_or_percent

if TYPE_CHECKING:
    from pathlib import Path

    from importer.commands.result import RunResult

SEED = {
    "collections": [
        {
            "displayName": "People",
            "singularName": "Person",
            "slug": "people",
            "fields": [{"slug": "age", "displayName": "Age", "type": "Number"}],
        },
        {
            "displayName": "Books",
            "singularName": "Book",
            "slug": "books",
            "fields": [
                {"slug": "author", "displayName": "Author", "type": "Reference", "validations": {"collection": "people"}},
                {"slug": "readers", "displayName": "Readers", "type": "MultiReference", "validations": {"collection": "people"}},
            ],
        },
    ]
}  # fmt: skip

PEOPLE = 'collection = "people"\nkey = { from = "ID" }\n[source]\npath = "people.csv"\n[fields]\nname = "Name"\nage = "Age"\n[item]\ndraft = "Draft"\n'
BOOKS = 'collection = "books"\n[source]\npath = "books.csv"\n[fields]\nname = "Title"\nauthor = { from = "Author", match = "key" }\nreaders = { from = "Readers", match = "key", missing = "skip" }\n'
SANDBOX = RunOptions(sandbox=True)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Two mappings side by side, the second one refers to items of the first."""
    (tmp_path / "sandbox.json").write_bytes(orjson.dumps(SEED))
    (tmp_path / "people.toml").write_text(PEOPLE, encoding="utf-8")
    (tmp_path / "books.toml").write_text(BOOKS, encoding="utf-8")
    people = "ID,Name,Age,Draft\n7,Ada,36,\nrecAb,Bob,x,\nrecAB,Eve,5,\nrec9,Dan,5,yes\n"
    (tmp_path / "people.csv").write_text(people, encoding="utf-8")
    return tmp_path


def books(shop: Path, *lines: str, options: RunOptions = SANDBOX) -> RunResult:
    (shop / "books.csv").write_text("Title,Author,Readers\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return run(shop / "books.toml", None, options)


def told(result: RunResult) -> list[tuple[int, str, str]]:
    assert result.problems is not None
    return [(one.row, one.code, one.message) for one in result.problems]


def test_an_item_is_found_by_the_key_that_it_was_imported_with(shop: Path) -> None:
    """The number 7.0 is the key 7; where keys differ by case only, the one that is written so counts."""
    run(shop / "people.toml", None, SANDBOX)
    result = books(shop, "One,7,recAB; 7", "Two,recAB,nobody", "Three, 7.0 ,")
    assert result.error is None
    assert result.runs[0].counts.created == 3


def test_a_changed_reference_changes_the_row_and_a_second_run_sends_nothing(shop: Path) -> None:
    """The ids that keys resolve to belong to the row."""
    run(shop / "people.toml", None, SANDBOX)
    assert books(shop, "One,7,").runs[0].counts.created == 1
    assert books(shop, "One,7,").runs[0].counts.unchanged == 1


def test_what_is_known_and_not_published_is_said_to_be(shop: Path) -> None:
    """A row that was rejected there, and a draft, are no strangers: the message says why they cannot be named."""
    run(shop / "people.toml", None, SANDBOX)
    (shop / "books.csv").write_text(
        "Title,Author,Readers\nOne,recAb,\nTwo,rec9,\nThree,rec8,\nFour,7,recab;rec8;rec9\n", encoding="utf-8"
    )
    (shop / "books.toml").write_text(BOOKS.replace(', missing = "skip"', ""), encoding="utf-8")
    why = ": the mapping that imports them knows that one, but has not published it (yet)"
    assert told(check(shop / "books.toml", None, SANDBOX)) == [
        (2, "reference_unknown", f'No item of the collection "people" has the key "recAb"{why}.'),
        (3, "reference_unknown", f'No item of the collection "people" has the key "rec9"{why}.'),
        (4, "reference_unknown", 'No item of the collection "people" has the key "rec8".'),
        (5, "reference_unknown", 'No item of the collection "people" has the key "rec8".'),
        (5, "reference_unknown", f'No item of the collection "people" has the key "rec9"{why}.'),
    ]
    draft = RunOptions(sandbox=True, draft=True)
    assert [row for row, _, _ in told(check(shop / "books.toml", None, draft))] == [2, 4, 5]


def test_without_case_only_where_one_key_is_written_like_it(shop: Path) -> None:
    """Ids of old systems tell items apart by case."""
    (shop / "people.csv").write_text("ID,Name,Age,Draft\nrecAb,Bob,1,\nrecAB,Eve,5,\nrec9,Dan,5,\n", encoding="utf-8")
    run(shop / "people.toml", None, SANDBOX)
    (shop / "books.csv").write_text("Title,Author,Readers\nOne,recab,\nTwo,REC9,\nThree,recAb,\n", encoding="utf-8")
    assert [(row, code) for row, code, _ in told(check(shop / "books.toml", None, SANDBOX))] == [
        (2, "reference_ambiguous")
    ]


def test_the_other_mapping_must_have_run(shop: Path) -> None:
    """The message says which collection it is about, and what to do; also where nothing is asked of Webflow."""
    result = books(shop, "One,7,")
    assert result.exit_code == 2
    assert isinstance(result.error, MappingError)
    assert result.error.mistakes == (
        f'line 6: fields.author.match: "key" asks the mapping that imports the collection "people", and no state file in {shop}/.importer is of it. Run that mapping first, for the same destination',
        f'line 7: fields.readers.match: "key" asks the mapping that imports the collection "people", and no state file in {shop}/.importer is of it. Run that mapping first, for the same destination',
    )


def test_keys_that_another_mapping_of_the_command_will_import_are_known_before(shop: Path) -> None:
    """A site is checked before anything is sent, and a run is not stopped by a guard for items that will be there."""
    (shop / "books.csv").write_text("Title,Author,Readers\nOne,7,recAB\nTwo,recAB,\nThree,rec8,\n", encoding="utf-8")
    both = [shop / "books.toml", shop / "people.toml"]
    bad = [(3, "not_a_number", "x"), (4, "reference_unknown", "rec8")]
    for result in (check_all(both, SANDBOX), check_all(both, RunOptions(sandbox=True, offline=True))):
        problems = result.as_json()["problems"]
        assert sorted((one["row"], one["code"], one["value"]) for one in problems) == bad
    result = run_all(both, RunOptions(sandbox=True, max_rejects=parse_count_or_percent("1")))
    assert (result.counts.created, result.counts.staged, result.counts.rejected) == (4, 1, 2)
    (shop / "people.csv").write_text("ID,Name,Age,Draft\n7,Ada,36,\nrecAB,Eve,5,\nrec8,Kim,4,\n", encoding="utf-8")
    assert check_all(both, SANDBOX).exit_code == 0, "a sheet may have gained a key since its last run"
    assert check(shop / "books.toml", None, SANDBOX).exit_code == 1


def test_two_state_files_of_one_collection_are_a_mistake(shop: Path) -> None:
    """Nobody could say which one counts."""
    run(shop / "people.toml", None, SANDBOX)
    shutil.copy(shop / ".importer" / "people.sandbox.db", shop / ".importer" / "copy.sandbox.db")
    error = books(shop, "One,7,").error
    assert 'several state files know the collection "people": ' in str(error)
    assert "copy.sandbox.db (of the mapping people) and " in str(error)


def test_the_state_file_of_another_destination_does_not_count(shop: Path) -> None:
    """Its items are somewhere else; a file that is no state file is named, for it may have been the one."""
    run(shop / "people.toml", None, SANDBOX)
    (shop / ".importer" / "people.sandbox.db").rename(shop / ".importer" / "people.db")
    (shop / ".importer" / "odd.sandbox.db").write_bytes(b"no state file at all")
    error = books(shop, "One,7,").error
    assert f"no state file in {shop}/.importer is of it; odd.sandbox.db cannot be read. Run" in str(error)


def test_state_files_beside_the_one_that_is_named_count(shop: Path) -> None:
    """`--state` puts them where people want them, under names of their own."""

    def options(name: str) -> RunOptions:
        return RunOptions(sandbox=True, state=shop / "states" / name)

    run(shop / "people.toml", None, options("one.db"))
    assert books(shop, "One,7,", options=options("two.db")).runs[0].counts.created == 1


def test_offline_reads_the_keys_as_they_are_now(shop: Path) -> None:
    """They lie on this machine: what the other mapping has published since is known."""
    run(shop / "people.toml", None, SANDBOX)
    books(shop, "One,7,")
    offline = RunOptions(sandbox=True, offline=True)
    (shop / "books.csv").write_text("Title,Author,Readers\nOne,7,\nTwo,8,\n", encoding="utf-8")
    assert [row for row, _, _ in told(check(shop / "books.toml", None, offline))] == [3]
    (shop / "people.csv").write_text("ID,Name,Age,Draft\n8,Ida,36,\n", encoding="utf-8")
    run(shop / "people.toml", None, SANDBOX)
    assert told(check(shop / "books.toml", None, offline)) == []


def test_both_mappings_may_come_in_one_command(shop: Path) -> None:
    """The sheet of the first is checked before anything is sent: the keys of its good rows are known by then."""
    (shop / "books.csv").write_text("Title,Author,Readers\nOne,7,recAB\nTwo,recAB,\nThree,8,\n", encoding="utf-8")
    both = [shop / "books.toml", shop / "people.toml"]
    checked = check_all(both, SANDBOX)
    assert (checked.counts.not_sent, checked.counts.rejected) == (5, 2)
    ran = run_all(both, SANDBOX)
    assert (ran.error, ran.counts.created, ran.counts.staged, ran.counts.rejected) == (None, 4, 1, 2)
    again = run_all(both, SANDBOX)
    assert (again.counts.unchanged, again.counts.rejected) == (5, 2)
