"""What people read: problems, summaries, progress, amounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from importer.errors import EXIT_VERDICTS, MappingError, Outage, SourceError
from importer.model import Counts, Problem, Progress, Status, Tally
from importer.report.amounts import duration, number_of
from importer.report.problems import problems_text
from importer.report.progress import progress_line
from importer.report.sentences import HEADLINES, check_text, error_text, result_text
from importer.report.standing import standing_text
from importer.report.summary import RunResult, RunSummary, taken_back


def problem(row: int, code: str = "not_a_date", fix: str = "Write it like 2024-05-31.") -> Problem:
    return Problem(row, "Publish date", "published-on", code, "31/05/24", '"31/05/24" is no date.', fix)


def test_problems_are_grouped_and_a_common_fix_is_said_once() -> None:
    """One kind of mistake in one column is one group: row, sentence, and what to do."""
    text = problems_text([problem(3), problem(17)], {"not_a_date": 2}, rejects=None)
    assert text.splitlines() == [
        'not_a_date · column "Publish date" -> published-on · 2 rows',
        '  row  3  "31/05/24" is no date.',
        '  row 17  "31/05/24" is no date.',
        "  -> Write it like 2024-05-31.",
    ]


def test_different_fixes_stand_below_their_rows() -> None:
    """A suggestion for one value is said beside that value."""
    text = problems_text([problem(3, fix="Write a."), problem(4, fix="Write b.")], {"not_a_date": 2}, rejects=None)
    assert "-> Write a." in text.splitlines()[2]
    assert "-> Write b." in text.splitlines()[4]


def test_the_first_ones_are_shown_and_the_rest_counted() -> None:
    """First N, then "and 197 more, all in <rejects>": the count is of all problems, not of those that were listed."""
    listed = [problem(row) for row in range(2, 22)]
    text = problems_text(listed, {"not_a_date": 217}, rejects=Path("runs/check/rejects.csv"))
    assert text.splitlines()[0].endswith("20 rows or more")
    assert "  and 15 more: rows 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, ..." in text
    assert text.splitlines()[-1] == "... and 197 more problems, all in runs/check/rejects.csv"


def test_a_group_says_how_many_there_are_even_where_few_were_listed() -> None:
    """A problem without column or field has a group too."""
    text = problems_text([Problem(5, None, None, "row_broken", None, "Broken.", "Mend.")], {}, rejects=None)
    assert text.splitlines()[0] == "row_broken · 1 row"


def summary(counts: Counts, *, left_out: int = 0) -> RunSummary:
    return RunSummary(
        run="20261123-174501-ab12",
        mapping="mappings/products.toml",
        source="/data/products.xlsx",
        collection_slug="products",
        collection_id="0" * 24,
        read=counts.total + left_out,
        left_out=left_out,
        counts=counts,
        tally=Tally(sent=5, retried=1, throttled=0),
        rejects=Path("runs/x/rejects.csv"),
        state=Path(".importer/products.db"),
    )


def test_a_summary_names_what_was_done_and_where_the_files_are() -> None:
    """A person sees how each item ended, what it cost, and where to look."""
    result = RunResult(runs=(summary(Counts(total=300, created=292, rejected=8), left_out=2),), seconds=3.21)
    assert result_text(result).splitlines() == [
        "products.xlsx -> products: finished, with rejected rows (3.2 s)",
        "        292 published",
        "          8 rejected",
        "        300 in all",
        "     2 rows left out by [where]",
        "  5 requests, 1 sent again",
        "  rejected rows: runs/x/rejects.csv",
        "  state:         .importer/products.db",
    ]


def test_every_verdict_has_a_headline() -> None:
    """No exit status leaves a person without a word."""
    assert set(HEADLINES) == set(EXIT_VERDICTS.values())


def test_a_run_that_is_cut_off_by_its_sheet_is_not_called_one_that_did_not_start() -> None:
    """A sheet that somebody saves during the run ends it with 2; what was published by then is published."""
    result = RunResult(runs=(summary(Counts(total=3, created=2, not_sent=1)),), error=SourceError("It was changed."))
    assert result_text(result).startswith("products.xlsx -> products: stopped; something is to be put right first")


def test_a_check_says_how_many_rows_are_good() -> None:
    """Good rows are counted as not sent."""
    assert check_text(summary(Counts(total=3, not_sent=3))) == "products.xlsx: 3 rows, all good"
    assert (
        check_text(summary(Counts(total=3, not_sent=2, rejected=1), left_out=1))
        == "products.xlsx: 3 rows, 2 good, 1 would be rejected (1 left out by [where])"
    )


def test_the_json_object_has_every_key_of_the_contract() -> None:
    """design.md, section 2: scripts rely on these keys."""
    answer = RunResult(runs=(summary(Counts(total=1, created=1)),), error=Outage("Gone.", "Run again.")).as_json()
    assert list(answer) == ["format", "verdict", "exit_code", "seconds", "error", "runs"]
    assert (answer["format"], answer["verdict"], answer["exit_code"]) == (1, "stopped", 5)
    assert answer["error"] == {"code": "outage", "message": "Gone.", "hint": "Run again."}
    assert list(answer["runs"][0]) == [
        "run", "mapping", "source", "site", "collection", "mode", "rows", "items", "referenced", "doubt", "requests",
        "rejects", "state",
    ]  # fmt: skip
    assert list(answer["runs"][0]["items"]) == [
        "total", "created", "updated", "staged", "unchanged", "skipped", "rejected", "in_doubt", "not_sent", "removed",
    ]  # fmt: skip
    assert answer["runs"][0]["requests"] == {"sent": 5, "retried": 1, "throttled": 0}


def test_check_lists_at_most_a_thousand_problems_and_counts_all() -> None:
    """The object stays readable however bad a sheet is."""
    result = RunResult(problems=tuple(problem(row) for row in range(1_200)), problem_counts={"not_a_date": 1_200})
    answer = result.as_json()
    assert len(answer["problems"]) == 1_000
    assert answer["problem_counts"] == {"not_a_date": 1_200}
    assert list(answer["problems"][0]) == ["row", "column", "field", "code", "value", "message", "fix"]


def test_what_the_state_keeps_of_a_run_can_be_taken_back() -> None:
    """`status` shows the last run as it was said then."""
    said = summary(Counts(total=2, created=1, in_doubt=1))
    assert taken_back(said.as_json()) == said
    assert taken_back({"run": "x", "items": {"total": 1, "created": 1, "later": 5}}).counts == Counts(1, 1)


def test_rejected_and_doubtful_rows_decide_the_exit_status() -> None:
    """7 comes before 1, and both before 0."""
    assert RunResult(runs=(summary(Counts(total=2, created=2)),)).exit_code == 0
    assert RunResult(runs=(summary(Counts(total=2, created=1, rejected=1)),)).exit_code == 1
    assert RunResult(runs=(summary(Counts(total=2, in_doubt=1, rejected=1)),)).verdict == "in_doubt"


def test_raise_for_error_raises_what_ended_the_run() -> None:
    """Library users choose between looking and raising."""
    RunResult().raise_for_error()
    with pytest.raises(Outage):
        RunResult(error=Outage("Gone.")).raise_for_error()


def test_an_error_is_said_as_sentences_whatever_room_it_comes_from() -> None:
    """What happened, then what to do next; it begins with a capital and ends with a full stop."""
    assert error_text(Outage("the line is down", "try again")) == "The line is down.\nTry again."
    assert error_text(Outage('"x" is odd.')) == '"x" is odd.'
    told = error_text(MappingError("Two mistakes:", "Mend them.", ("a: one", "b: two")))
    assert told == "Two mistakes:\n  a: one\n  b: two\nMend them."


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (Progress(500, 112, 3, 57), "112 of 500 rows (22 %), 3 rejected, 11 rows/s, 57 requests left this minute"),
        (
            Progress(1, 0, 0, 1, "the rate limit (41 s)"),
            "0 of 1 row (0 %), waiting for the rate limit (41 s), 1 request left this minute",
        ),
        (Progress(0, 120_000, 0, None), "120,000 rows, 12,000 rows/s"),
        (Progress(0, 40, 0, None, mapping="tags"), "tags: 40 rows, 4 rows/s"),
        (Progress(0, 200, 0, None, unit="item"), "200 items, 20 items/s"),
        (Progress(0, 0, 0, None, "Webflow: the line is down (8 s)"), "waiting for Webflow: the line is down (8 s)"),
    ],
)
def test_progress_is_one_line(progress: Progress, line: str) -> None:
    """Rows done and rejected, rows per second, requests left in the minute, what is being waited for."""
    assert progress_line(progress, seconds=10.0) == line


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (310, "5 min 10 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    """No more digits than a person needs."""
    assert duration(seconds) == text


def test_numbers_agree_with_their_noun() -> None:
    """1 row, 1,234 rows."""
    assert [number_of(number, "row", "rows") for number in (0, 1, 1234)] == ["0 rows", "1 row", "1,234 rows"]


def test_standing_says_every_status_that_is_there() -> None:
    """What the state file counts, and the newest runs."""
    text = standing_text(Path("s.db"), {Status.PUBLISHED: 3, Status.IN_FLIGHT: 1, Status.PENDING: 0}, ["one", "two"])
    assert text.splitlines() == [
        "s.db",
        "          3 published",
        "          1 in doubt: sent, outcome not known yet",
        "  runs:",
        "    one",
        "    two",
    ]
    assert "no rows yet" in standing_text(Path("s.db"), {}, [])
    assert "the last 10 of 12" in standing_text(Path("s.db"), {}, [str(number) for number in range(12)])
