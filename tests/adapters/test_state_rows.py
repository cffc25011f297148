"""Rows, sightings, runs, facts and caches of the state."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from importer.model import Item, Row, Status
from importer.state import Adopted, CheckedRow, Identity, Published, Refused, SeenItem, Sent, State, unnamed_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 23, 17, 45, 1, tzinfo=UTC)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State.open(tmp_path / "state.db") as opened:
        opened.claim(Identity("products", "", "c1"))
        yield opened


def item(key: str, row: int = 2) -> Item:
    return Item(key, "", row, (row,), key, key, False, False, b"{}", 0, "hash", "print", "readable")


def begin(state: State, *items: Item) -> int:
    sent = [Sent(one, "products.csv") for one in items]
    return state.begin(run="run-1", verb="create", endpoint="live", watermark=None, at=None, sent=sent)


def publish(state: State, *keys: str, status: Status = Status.PUBLISHED, first: int = 2) -> None:
    request = begin(state, *(item(key, number) for number, key in enumerate(keys, first)))
    published = [Published("", key, f"id-{key}", key, status) for key in keys]
    state.finish(request, outcome="answered", at=None, published=published)


def check(state: State, *checked: CheckedRow, source: str = "products.csv") -> None:
    state.reject_checked(checked, run="run-2", source=source)


def row(state: State, key: str) -> Row:
    return state.rows([("", key)])["", key]


def seen(item_id: str, slug: str, *, key: str | None = None, locale: str = "") -> SeenItem:
    return SeenItem(item_id, locale, slug, f"Name {slug}", key, "readable", NOW, live=True)


def test_rows_are_found_in_any_number(state: State) -> None:
    """A whole batch is asked for at once, though SQLite takes only so many values in a list."""
    keys = [f"key-{number}" for number in range(1201)]
    publish(state, *keys)
    asked = [("", key) for key in [*keys, "unknown"]]
    assert set(state.rows(asked)) == set(asked[:-1])
    assert state.rows([]) == {}


def test_all_rows_come_in_the_order_of_the_sheet(state: State) -> None:
    """`status --list` reads like the sheet."""
    publish(state, "z", "m", "a", first=2)
    check(state, CheckedRow("", "bad", 1, "required", "No name."))
    assert [one.source_row for one in state.all_rows()] == [1, 2, 3, 4]
    assert [one.key for one in state.all_rows(Status.REJECTED)] == ["bad"]


def test_counts_have_every_status(state: State) -> None:
    """A missing status is a zero, not a surprise."""
    publish(state, "a", "b")
    publish(state, "c", status=Status.STAGED)
    begin(state, item("d"))
    check(state, CheckedRow("", "e", 9, "required", "No name."))
    assert state.count_rows() == {
        Status.PENDING: 0,
        Status.IN_FLIGHT: 1,
        Status.PUBLISHED: 2,
        Status.STAGED: 1,
        Status.REJECTED: 1,
    }
    assert state.has_published() == 3


def test_rows_of_another_collection_are_not_counted(state: State) -> None:
    """Items that are made for references live in the same file under their own collection."""
    publish(state, "a")
    state._file.all("UPDATE rows SET collection = 'c2'")
    assert state.rows([("", "a")]) == {}
    assert sum(state.count_rows().values()) == 0
    assert list(state.all_rows()) == []


def test_rows_are_found_by_the_item_and_the_returned_slug(state: State) -> None:
    """An item that a listing shows is looked for among the rows, its slug without case."""
    request = begin(state, item("a"), item("b"))
    state.finish(
        request, outcome="answered", at=None, published=[Published("", "a", "id-1", "Shirt-1", Status.PUBLISHED)]
    )
    assert state.keys_by_item(["id-1", "id-2"]) == {"id-1": ("", "a")}
    assert {slug: one.key for slug, one in state.rows_by_slug("", ["SHIRT-1", "b"]).items()} == {"shirt-1": "a"}
    assert state.rows_by_slug("fr", ["shirt-1"]) == {}


def test_row_that_fails_our_checks_is_rejected_with_its_reason(state: State) -> None:
    """The file says of every row why, by number, code and sentence."""
    check(state, CheckedRow("", "a", 5, "required", "The name is empty."))
    found = row(state, "a")
    assert (found.status, found.source_row, found.source, found.run) == (Status.REJECTED, 5, "products.csv", "run-2")
    assert (found.error_source, found.error_code, found.error) == ("check", "required", "The name is empty.")


@pytest.mark.parametrize("held", [Status.PUBLISHED, Status.STAGED])
def test_refused_new_version_leaves_the_item_as_it_is(state: State, held: Status) -> None:
    """A published row whose cells are now wrong is still published; it is only told what is wrong."""
    publish(state, "a", status=held)
    check(state, CheckedRow("", "a", 2, "too_long", "The name is too long."))
    found = row(state, "a")
    assert (found.status, found.item_id, found.error_code, found.run) == (held, "id-a", "too_long", "run-1")
    state.clear_errors([("", "a")])
    found = row(state, "a")
    assert (found.status, found.error_source, found.error_code, found.error) == (held, None, None, None)


def test_row_in_flight_stays_in_doubt_whatever_the_sheet_says_now(state: State) -> None:
    """Settling comes first: a bad new version must not hide that an item may exist."""
    begin(state, item("a"))
    check(state, CheckedRow("", "a", 2, "too_long", "The name is too long."))
    assert [doubt.row.key for doubt in state.doubts()] == ["a"]


def test_row_found_to_be_published_is_still_told_what_is_wrong_with_it_now(state: State) -> None:
    """The sheet was made wrong while the row was in doubt: the file says so, as the rejects do."""
    begin(state, item("a"))
    check(state, CheckedRow("", "a", 2, "too_long", "The name is too long."))
    state.adopt([Adopted(Published("", "a", "id-a", "a", Status.PUBLISHED))])
    found = row(state, "a")
    assert (found.status, found.error_source, found.error_code) == (Status.PUBLISHED, "check", "too_long")


def test_row_that_is_right_again_and_found_is_no_longer_told_what_was_wrong(state: State) -> None:
    """It gets its item without being sent: what the sheet says now is good."""
    check(state, CheckedRow("", "a", 2, "too_long", "The name is too long."))
    state.adopt([Adopted(Published("", "a", "id-a", "a", Status.PUBLISHED), sent=Sent(item("a"), "products.csv"))])
    assert (row(state, "a").status, row(state, "a").error_code) == (Status.PUBLISHED, None)


def test_rows_without_a_key_of_their_own_are_kept_beside_the_first(state: State) -> None:
    """An empty key, a doubled key and a key twice in one call: each row is there with its reason."""
    publish(state, "a")
    check(
        state,
        CheckedRow("", None, 3, "key_empty", "The key is empty."),
        CheckedRow("", "a", 4, "key_duplicate", "Row 2 has this key."),
        CheckedRow("", "b", 5, "required", "The name is empty."),
        CheckedRow("", "b", 6, "too_long", "The name is too long."),
    )
    rejected = {one.source_row: (one.key, one.error_code) for one in state.all_rows(Status.REJECTED)}
    assert rejected == {
        3: (unnamed_key(3), "key_empty"),
        4: (unnamed_key(4), "key_duplicate"),
        5: ("b", "required"),
        6: (unnamed_key(6), "too_long"),
    }
    assert row(state, "a").error_code is None


def test_what_checks_said_of_a_sheet_is_forgotten_before_it_is_checked_again(state: State) -> None:
    """Row numbers and keys change between runs; only the sheet that is read now is meant, and no row that was sent."""
    check(state, CheckedRow("", None, 3, "key_empty", "Empty."), CheckedRow("", None, 4, "key_empty", "Empty."))
    check(state, CheckedRow("", None, 9, "key_empty", "Empty."), source="rejects.csv")
    check(state, CheckedRow("", "a", 5, "required", "The name is empty."))
    state.forget_checked("products.csv", [3])
    assert [one.source_row for one in state.all_rows()] == [4, 5, 9]
    state.forget_checked("products.csv")
    assert [one.source_row for one in state.all_rows()] == [9]
    state.forget_checked(None, [9])
    assert not list(state.all_rows())


def test_row_that_is_good_again_but_not_sent_is_pending(state: State) -> None:
    """With --limit a good row may wait; it is not called rejected meanwhile. Webflow's refusals stay."""
    check(state, CheckedRow("", "a", 2, "required", "The name is empty."))
    state.reject([Refused("", "b", "slug_taken", "Taken.", sent=Sent(item("b"), "products.csv"))], "run-2")
    state.clear_errors([("", "a"), ("", "b"), ("", "unknown")])
    assert (row(state, "a").status, row(state, "a").error_code) == (Status.PENDING, None)
    assert (row(state, "b").status, row(state, "b").error_code) == (Status.REJECTED, "slug_taken")


def test_plain_sql_answers_which_rows_were_published_and_which_failed(state: State, tmp_path: Path) -> None:
    """The view `outcome` needs no importer; a made-up key is not shown."""
    publish(state, "a")
    check(state, CheckedRow("", None, 3, "key_empty", "The key is empty."))
    with sqlite3.connect(tmp_path / "state.db") as plain:
        question = "SELECT source_row, key, status, item_id, error_code FROM outcome"
        assert plain.execute(question).fetchall() == [
            (2, "a", "published", "id-a", None),
            (3, None, "rejected", None, "key_empty"),
        ]
    plain.close()


def test_first_sighting_of_an_item_is_kept_for_good(state: State) -> None:
    """Rule 4: what was seen before the first send is not ours, however often it is seen later."""
    state.note_seen([seen("old", "shirt")])
    request = begin(state, item("a"))
    state.note_seen([seen("old", "shirt-2"), seen("new", "shirt-1")])
    assert state.first_sighting(["old", "new", "never"]) == {"old": 0, "new": request}
    assert state.seen_by_slug("", ["shirt"]) == {}
    assert state.seen_by_slug("", ["SHIRT-2"]) == {"shirt-2": [seen("old", "shirt-2")]}


def test_sightings_are_found_by_slug_without_case_and_by_key(state: State) -> None:
    """Several items can hold one slug in another case, or one key."""
    state.note_seen([seen("1", "Shirt", key="SKU"), seen("2", "shirt", key="SKU"), seen("3", "shirt", locale="fr")])
    assert [one.item_id for one in state.seen_by_slug("", ["sHIRT"])["shirt"]] == ["1", "2"]
    assert [one.item_id for one in state.seen_by_key("", ["SKU", "sku"])["SKU"]] == ["1", "2"]
    assert [one.item_id for one in state.seen_by_slug("fr", ["shirt"])["shirt"]] == ["3"]
    state.forget_seen(["1"])
    assert [one.item_id for one in state.seen_by_slug("", ["shirt"])["shirt"]] == ["2"]


def test_watermark_never_falls(state: State) -> None:
    """It is the greatest `createdOn` of any answer, in whichever order answers come."""
    assert state.watermark("c1") is None
    for hours in (1, 3, 2):
        state.raise_watermark("c1", NOW + timedelta(hours=hours))
    assert state.watermark("c1") == NOW + timedelta(hours=3)
    assert state.watermark("c2") is None


def test_runs_are_kept_with_their_summaries(state: State) -> None:
    """`status` shows what a run said, also of one that died."""
    assert state.last_run() is None
    first = state.start_run(mapping="products", source="p.csv", mode="create", at=NOW)
    assert first.startswith("20261123-174501-")
    died = state.last_run("products")
    assert died is not None
    assert (died.run, died.started_at, died.finished_at, died.summary) == (first, NOW, None, None)
    state.finish_run(first, verdict="rejects", exit_code=1, summary={"items": {"total": 3}}, at=NOW)
    second = state.start_run(mapping="tags", source="t.csv", mode="create", at=NOW)
    assert [one.run for one in state.runs()] == [first, second]
    done = state.last_run("products")
    assert done is not None
    assert (done.verdict, done.exit_code, done.summary, done.finished_at) == (
        "rejects",
        1,
        {"items": {"total": 3}},
        NOW,
    )
    assert state.last_run() == state.runs("tags")[0]


def test_a_run_gets_no_name_that_is_taken(state: State) -> None:
    """Runs of other state files keep their rejects in the same folder: a name of theirs is not given again."""
    asked: list[str] = []

    def taken(run: str) -> bool:
        asked.append(run)
        return len(asked) < 3

    run = state.start_run(mapping="products", source="p.csv", mode="create", at=NOW, taken=taken)
    assert asked[2:] == [run]
    assert len(set(asked)) == 3
    assert [one.run for one in state.runs()] == [run]


def test_facts_are_kept_replaced_listed_and_forgotten(state: State) -> None:
    """Small facts survive the run; `_` and `%` in their names mean themselves."""
    assert state.fact("key_rule") is None
    state.set_fact("key_rule", "slug")
    state.set_fact("key_rule", "sku")
    state.set_fact("keyXrule", "other")
    assert state.fact("key_rule") == "sku"
    assert state.facts("key_") == {"key_rule": "sku"}
    state.set_fact("key_rule", None)
    assert state.fact("key_rule") is None


def test_caches_keep_json(state: State) -> None:
    """`check --offline` works from what an earlier command read."""
    assert state.cache("schema", "c1") is None
    state.save_cache("schema", "c1", {"fields": [1]})
    state.save_cache("schema", "c1", {"fields": [{"slug": "größe"}]})
    assert state.cache("schema", "c1") == {"fields": [{"slug": "größe"}]}
    assert state.cache("site", "c1") is None


def test_state_is_all_there_when_opened_again(tmp_path: Path) -> None:
    """The next run starts from what the last one wrote."""
    path = tmp_path / "again.db"
    with State.open(path) as first:
        first.claim(Identity("products", "s1", "c1"))
        publish(first, "a")
    with State.open(path) as second:
        assert second.identity == Identity("products", "s1", "c1")
        assert second.path == path
        assert row(second, "a").status is Status.PUBLISHED
        second.close()


def test_a_look_up_does_not_read_the_other_rows(state: State) -> None:
    """Each chunk asks for its slugs and keys: were all rows read for that, imports would slow down as they go on."""
    publish(state, *(f"key-{number}" for number in range(2000)))
    state.note_seen([seen(f"seen-{number}", f"slug-{number}", key=f"held-{number}") for number in range(2000)])
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 10
        return 0

    state._file.connection.set_progress_handler(count, 10)
    asked = [f"{number}" for number in range(5)]
    assert len(state.rows_by_slug("", [f"key-{number}" for number in asked])) == 5
    assert len(state.seen_by_slug("", [f"slug-{number}" for number in asked])) == 5
    assert len(state.seen_by_key("", [f"held-{number}" for number in asked])) == 5
    assert len(state.rows([("", f"key-{number}") for number in asked])) == 5
    assert len(state.keys_by_item([f"id-key-{number}" for number in asked])) == 5
    assert steps < 2000
