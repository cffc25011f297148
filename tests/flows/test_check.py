"""`check`: every row is read, mapped and judged before anything is sent; nothing is sent."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.commands.check import check
from importer.commands.checking import check_sheet
from importer.commands.doctor import doctor
from importer.commands.loading import load_mapping
from importer.commands.options import RunOptions
from importer.errors import SourceError
from importer.mapping import compile_mapping, parse_mapping
from importer.model import SourceOptions
from importer.schema import Locales, parse_collection
from importer.sources import open_source
from importer.state import Identity, State

if TYPE_CHECKING:
    from pathlib import Path

    from importer.mapping import Compiled
    from importer.sources import Source

TAGS = 'collection = "tags"\n[fields]\nname = "Name"\nslug = "Slug"\ncolor = "Colour"\ndescription = "About"\n'
HEADER = "Name,Slug,Colour,About\n"
SANDBOX = RunOptions(sandbox=True)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the mapping of a small collection."""
    (tmp_path / "tags.toml").write_text(TAGS, encoding="utf-8")
    return tmp_path


def sheet(place: Path, rows: str, name: str = "tags.csv") -> Path:
    path = place / name
    path.write_text(HEADER + rows, encoding="utf-8")
    return path


def test_good_rows_are_counted_as_not_sent_and_nothing_is_sent(place: Path) -> None:
    """`check --json` is the same object: run null, good items counted `not_sent`."""
    path = sheet(place, "Food,food,#ff0000,\nTravel,travel,,\n")
    result = check(place / "tags.toml", path, SANDBOX)
    assert result.error is None
    assert result.exit_code == 0
    answer = result.as_json()
    assert answer["runs"][0]["run"] is None
    assert answer["runs"][0]["rows"] == {"read": 2, "left_out": 0}
    assert answer["runs"][0]["items"]["not_sent"] == answer["runs"][0]["items"]["total"] == 2
    assert answer["runs"][0]["rejects"] is None
    assert answer["problems"] == []
    assert "0 items" in next(one.message for one in doctor(None, _beside(place)).findings if one.what == "items")


def _beside(place: Path) -> RunOptions:
    return RunOptions(sandbox=True, sandbox_file=place / ".importer" / "sandbox.db")


def test_bad_rows_stand_in_the_answer_and_in_the_rejects_file(place: Path) -> None:
    """A problem has row, column, field, code, value, message and fix; `runs/check/rejects.*` hold the rows."""
    path = sheet(place, "Food,food,#ff0000,\nTravel,travel,red-ish,\n,nameless,,\n")
    result = check(place / "tags.toml", path, SANDBOX)
    assert (result.exit_code, result.verdict) == (1, "rejects")
    assert [(one.row, one.column, one.field, one.code) for one in result.problems or ()] == [
        (3, "Colour", "color", "color_invalid"),
        (4, "Name", "name", "required"),
    ]
    assert result.problem_counts == {"color_invalid": 1, "required": 1}
    rejects = place / ".importer" / "runs" / "check" / "rejects.csv"
    assert result.runs[0].rejects == rejects
    assert rejects.with_suffix(".xlsx").exists()
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        assert [(line["Slug"], line["_row"], line["_error_code"]) for line in csv.DictReader(file)] == [
            ("travel", "3", "color_invalid"),
            ("nameless", "4", "required"),
        ]


def test_corrected_rejects_run_back_in_and_are_not_overwritten(place: Path) -> None:
    """A corrected file of ours passes with the same mapping; checking it never touches the file that is checked."""
    check(place / "tags.toml", sheet(place, "Food,food,#ff0000,\nTravel,travel,red-ish,\n"), SANDBOX)
    rejects = place / ".importer" / "runs" / "check" / "rejects.csv"
    rejects.write_text(rejects.read_text(encoding="utf-8-sig").replace("travel,red-ish", "travel,red"), "utf-8")
    corrected = rejects.read_bytes()
    result = check(place / "tags.toml", rejects, SANDBOX)
    assert (result.error, result.exit_code, result.runs[0].counts.not_sent) == (None, 0, 1)
    assert rejects.read_bytes() == corrected
    rejects.write_text(rejects.read_text(encoding="utf-8").replace("travel,red", "travel,redd"), encoding="utf-8")
    still = check(place / "tags.toml", rejects, SANDBOX)
    assert [one.row for one in still.problems or ()] == [3]
    assert still.runs[0].rejects == place / ".importer" / "runs" / "check-again" / "rejects.csv"


def test_offline_uses_what_an_earlier_check_kept(place: Path) -> None:
    """Schema and reference tables are cached in the state file; without them the answer says what to do."""
    path = sheet(place, "Food,food,nocolor,\n")
    offline = replace(SANDBOX, offline=True)
    before = check(place / "tags.toml", path, offline)
    assert before.error is not None
    assert (before.exit_code, before.error.code) == (2, "usage")
    assert "without --offline" in before.error.hint
    online = check(place / "tags.toml", path, SANDBOX)
    (place / ".importer" / "sandbox.db").unlink()
    after = check(place / "tags.toml", path, offline)
    assert after.problems == online.problems
    assert after.runs[0].tally.sent == 0
    assert not (place / ".importer" / "sandbox.db").exists()


def test_a_sheet_without_rows_is_guarded(place: Path) -> None:
    """An empty source is exit 6: more often a mistake than a wish."""
    result = check(place / "tags.toml", sheet(place, ""), SANDBOX)
    assert result.error is not None
    assert (result.exit_code, result.error.code) == (6, "source_empty")


def test_an_unknown_collection_is_answered_with_those_that_there_are(place: Path) -> None:
    """The nearest help is the list of slugs, names and ids."""
    (place / "tags.toml").write_text(TAGS.replace('"tags"', '"tagz"'), encoding="utf-8")
    result = check(place / "tags.toml", sheet(place, "Food,food,,\n"), SANDBOX)
    assert result.error is not None
    assert (result.exit_code, result.error.code) == (2, "mapping")
    assert 'no collection "tagz"' in result.error.message
    assert "blog-posts" in result.error.message


def test_a_state_file_of_another_collection_is_refused(place: Path) -> None:
    """The state is refused (exit 2) for another collection, before a run would find out."""
    state = place / "s.db"
    with State.open(state) as opened:
        opened.claim(Identity("tags", "", "0" * 24))
    result = check(place / "tags.toml", sheet(place, "Food,food,,\n"), replace(SANDBOX, state=state))
    assert result.error is not None
    assert (result.exit_code, result.error.code) == (2, "state")
    assert "--state" in result.error.hint


def test_a_check_takes_no_lock(place: Path) -> None:
    """It works while a run holds the state file."""
    path = sheet(place, "Food,food,,\n")
    check(place / "tags.toml", path, SANDBOX)
    with State.open(place / ".importer" / "tags.sandbox.db") as state, state.lock():
        assert check(place / "tags.toml", path, SANDBOX).exit_code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "There is no mapping file"),
        ("collection = tags\n", "line 1, column 14: Invalid value"),
        ('collection = "tags"\nfields = [\n', "end of the file"),
        (b"\xff\xfe", "UTF-8"),
        ("collection = \u201ctags\u201d\n", "Quotation marks are straight"),
        ('collection = "tags\n', "A text ends with a quotation mark in the line in which it begins"),
        (f"collection = {'1' * 5000}\n", "a number of thousands of digits"),
        (f"collection = {'[' * 3000}{']' * 3000}\n", "line 1: collection: goes more than 32 levels deep"),
    ],
)
def test_a_mapping_that_cannot_be_read_says_why(place: Path, text: str | bytes | None, said: str) -> None:
    """Missing, no TOML, no UTF-8: a sentence each, exit 2."""
    path = place / "broken.toml"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    result = check(path, sheet(place, "Food,food,,\n"), SANDBOX)
    assert result.error is not None
    assert (result.exit_code, result.error.code) == (2, "mapping")
    assert said in f"{result.error.message} {result.error.hint}"
    json.dumps(result.as_json())


def test_a_mistyped_mapping_is_told_what_lies_beside_it(place: Path) -> None:
    """The mappings of the folder; a project's own file is none."""
    (place / "pyproject.toml").write_text("")
    error = check(place / "tag.toml", None, SANDBOX).error
    assert error is not None
    assert error.hint == "In that folder there are: tags.toml."


def test_a_name_that_is_no_utf8_is_refused_before_anything_is_kept(place: Path) -> None:
    """The state file keeps the names of mapping and sheet."""
    for mapping, rows in (("tags.toml", "\udcff.csv"), ("\udcff.toml", "tags.csv")):
        result = check(place / mapping, place / rows, SANDBOX)
        assert result.error is not None
        assert (result.exit_code, result.error.code) == (2, "usage")
        json.dumps(result.as_json(), ensure_ascii=False).encode()


def test_a_place_of_the_state_that_cannot_be_reached_is_said(place: Path) -> None:
    """Such as a folder that may not be looked into, or a name that is too long."""
    path = sheet(place, "Food,food,,\n")
    for options in (SANDBOX, replace(SANDBOX, offline=True)):
        result = check(place / "tags.toml", path, replace(options, state=place / ("a" * 300)))
        assert result.error is not None
        assert (result.exit_code, result.error.code) == (2, "state")
        assert "--state" in result.error.hint


# The whole sheet, in small batches ---------------------------------------------------------------------------------

SCHEMA = parse_collection(
    {
        "id": "0" * 24,
        "slug": "things",
        "fields": [
            {"slug": "name", "type": "PlainText", "isRequired": True},
            {"slug": "slug", "type": "PlainText"},
            {"slug": "code", "type": "PlainText"},
        ],
    }
)
LOCALES = Locales.model_validate(
    {
        "primary": {"cmsLocaleId": "1" * 24, "tag": "en"},
        "secondary": [{"cmsLocaleId": "2" * 24, "tag": "fr"}],
    }
)


def compiled_for(source: Source, table: dict[str, object]) -> Compiled:
    mapping = parse_mapping({"collection": "things", **table}, name="things")
    return compile_mapping(mapping, SCHEMA, source.columns, references={}, locales=LOCALES, today=date(2026, 11, 23))


def frame_of(rows: list[tuple[str | None, ...]], names: tuple[str, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def test_the_first_of_a_slug_counts_and_the_later_ones_name_its_row() -> None:
    """Compared without case, over the whole file, whatever the batches."""
    rows: list[tuple[str | None, ...]] = [(f"N{number}", f"slug-{number}") for number in range(200)]
    rows[150] = ("Twin", "SLUG-3")
    rows[199] = ("Third", "Slug-3")
    with open_source(frame_of(rows, ("Name", "Slug")), SourceOptions(), block_bytes=200) as source:
        found = check_sheet(source, compiled_for(source, {"fields": {"name": "Name", "slug": "Slug"}}))
    assert found.bad.to_list() == [152, 201]
    problems = list(found.problems())
    assert [(one.row, one.column, one.field, one.code, one.value) for one in problems] == [
        (152, "Slug", "slug", "slug_duplicate", "SLUG-3"),
        (201, "Slug", "slug", "slug_duplicate", "Slug-3"),
    ]
    assert all("row 5" in one.message for one in problems)
    assert found.problem_counts() == {"slug_duplicate": 2}
    assert (found.total, found.good) == (200, 198)


def test_a_slug_made_from_the_name_is_called_so() -> None:
    """Somebody whose sheet has no slugs looks for the name, not for a slug."""
    rows: list[tuple[str | None, ...]] = [("Maria Silva",), ("Maria Silva",)]
    with open_source(frame_of(rows, ("Name",)), SourceOptions()) as source:
        (problem,) = check_sheet(source, compiled_for(source, {"fields": {"name": "Name"}})).problems()
    assert problem.message == 'The slug "maria-silva", made from the name, is used by row 2 already.'
    assert problem.fix.startswith("Give this row another name, or give the sheet a column of slugs")


def test_the_same_slug_in_another_locale_is_no_double() -> None:
    """A slug is unique for each collection and locale."""
    rows: list[tuple[str | None, ...]] = [("A", "a", "en"), ("A", "a", "fr"), ("A", "a", "FR")]
    table: dict[str, object] = {"fields": {"name": "N", "slug": "S"}, "item": {"locale": "L"}}
    with open_source(frame_of(rows, ("N", "S", "L")), SourceOptions()) as source:
        found = check_sheet(source, compiled_for(source, table))
    assert found.bad.to_list() == [4]


def test_a_doubled_key_and_a_doubled_slug_are_two_problems_of_one_row() -> None:
    """Where the key is not the slug, each is said on its own, with its own column."""
    rows: list[tuple[str | None, ...]] = [("A", "a", "1"), ("B", "a", "1"), ("C", "c", "1.0")]
    table: dict[str, object] = {"key": {"from": "Code"}, "fields": {"name": "N", "slug": "S", "code": "Code"}}
    with open_source(frame_of(rows, ("N", "S", "Code")), SourceOptions()) as source:
        found = check_sheet(source, compiled_for(source, table))
    assert [(one.row, one.code, one.column) for one in found.problems()] == [
        (3, "key_duplicate", "Code"), (3, "slug_duplicate", "S"), (4, "key_duplicate", "Code"),
    ]  # fmt: skip


SLUGS = st.sampled_from(["a", "A", "b", "c-c", "C-C", "ö", ""])


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(st.tuples(st.sampled_from(["x", ""]), SLUGS), min_size=1, max_size=40), block=st.integers(1, 300))
def test_every_row_has_one_verdict_whatever_the_batches(rows: list[tuple[str, str]], block: int) -> None:
    """Good and bad rows are all rows; a row is bad exactly where plain Python says so."""
    cells: list[tuple[str | None, ...]] = [
        (f"n{at}" if name else None, slug or None) for at, (name, slug) in enumerate(rows)
    ]
    first: dict[str, int] = {}
    bad = set()
    for at, (name, slug) in enumerate(rows, start=2):
        made = slug or f"n{at - 2}" * bool(name)
        if not name or "ö" in made:
            bad.add(at)
        if made and "ö" not in made and first.setdefault(made.lower(), at) != at:
            bad.add(at)
    frame = frame_of(cells, ("N", "S"))
    table: dict[str, object] = {"fields": {"name": "N", "slug": {"from": "S", "else": "N"}}}
    kept = frame.with_row_index("at", 2).filter(pl.any_horizontal(pl.col("N", "S").is_not_null()))
    if not kept.height:
        return
    with open_source(frame, SourceOptions(), block_bytes=block) as source:
        found = check_sheet(source, compiled_for(source, table))
        good = [
            row
            for batch in source.batches()
            for row in found.without_bad(found.compiled.apply(batch).frame).get_column("_row")
        ]
        told = [list(one.guilty(source)) for one in (found, replace(found, kept=None))]
    present = set(kept.get_column("at"))
    assert all({row for batch in each for row in batch.get_column("_row")} == set(found.bad) for each in told)
    assert all(batch.columns[:2] == ["N", "S"] for each in told for batch in each)
    assert set(found.bad) == bad & present
    assert sorted(good) == sorted(present - bad)
    assert found.good + found.bad.len() == found.total == len(present)
    assert {one.row for one in found.problems()} == set(found.bad)


def test_two_rows_with_one_number_are_refused() -> None:
    """A frame may bring its own `_row`: a number names one row, or verdicts would fall on the wrong one."""
    frame = frame_of([("A", "a"), ("B", "b")], ("N", "S")).with_columns(pl.Series("_row", [7, 7], dtype=pl.UInt32))

    with (
        open_source(frame, SourceOptions()) as source,
        pytest.raises(SourceError, match=r"number 7|row 7|_row"),
    ):
        check_sheet(source, compiled_for(source, {"fields": {"name": "N", "slug": "S"}}))


def test_load_mapping_knows_its_file(place: Path) -> None:
    """Relative paths and the state file go by the mapping's place."""
    loaded = load_mapping(place / "tags.toml")
    assert (loaded.name, loaded.path, loaded.collection) == ("tags", place / "tags.toml", "tags")
