"""What a second run does with a row, found by its key: the table of that name, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.flows.faulty import CREATE
from tests.flows.notes import complete, content, names

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.flows.conftest import Night


# The rows of the table ------------------------------------------------------------------------------------------------


def test_published_unchanged_row_costs_no_request(night: Callable[..., Night]) -> None:
    """Published, unchanged: nothing, no request to the collection's items."""
    one = night()
    one.run()
    before = len(one.app.log)
    assert one.run().counts.unchanged == 5
    asked = list(one.app.log)[before:]
    assert not [line for line in asked if "/items" in line["path"]]
    assert one.exit_code == 0


def test_published_changed_row_is_left_alone_counted_and_warned_about(night: Callable[..., Night]) -> None:
    """Published, changed: mode create leaves the item as it is."""
    one = night()
    one.run()
    one.sheet = one.changed(Text={1: "Another text"})
    before = one.writes()
    counts = one.run().counts
    assert (counts.unchanged, counts.skipped, one.exit_code) == (4, 1, 0)
    assert one.writes() == before
    assert one.result is not None
    assert any("1 row is not as it was published" in note for note in one.result.notes)
    assert "Text of note 2" in {item["fieldData"]["text"] for item in one.items(live=True)}


def test_staged_unchanged_row_costs_no_request(night: Callable[..., Night]) -> None:
    """Staged, unchanged: nothing."""
    one = night()
    counts = one.run(draft=True).counts
    assert (counts.staged, counts.created) == (5, 0)
    before = one.writes()
    assert one.run(draft=True).counts.unchanged == 5
    assert one.writes() == before
    assert one.published() == []


def test_staged_row_that_is_now_meant_live_is_published(night: Callable[..., Night]) -> None:
    """Staged, now meant live: through /items/publish, counted updated, and never created a second time."""
    one = night()
    one.sheet = one.rows(230)
    one.run(draft=True)
    before = one.writes()
    counts = one.run().counts
    assert (counts.updated, counts.created, one.exit_code) == (230, 0, 0)
    assert one.writes() - before == 3
    assert one.published() == names(230)
    assert len(one.items(live=False)) == 230
    assert one.run().counts.unchanged == 230


def test_staged_changed_row_is_left_alone_counted_and_warned_about(night: Callable[..., Night]) -> None:
    """Staged, changed, and still meant as a draft: mode create leaves the draft as it is."""
    one = night()
    one.run(draft=True)
    one.sheet = one.changed(Text={1: "Another text"})
    before = one.writes()
    counts = one.run(draft=True).counts
    assert (counts.unchanged, counts.skipped, one.exit_code) == (4, 1, 0)
    assert one.writes() == before
    assert one.result is not None
    assert any("1 row is not as it was published" in note for note in one.result.notes)
    assert "Text of note 2" in {item["fieldData"]["text"] for item in one.items(live=False)}


def test_staged_changed_row_that_is_now_meant_live_is_published_as_it_was_sent(night: Callable[..., Night]) -> None:
    """Staged, changed, now meant live: published in every mode; the change does not reach the item, which is said."""
    one = night()
    one.run(draft=True)
    one.sheet = one.changed(Text={1: "Another text"})
    counts = one.run().counts
    assert (counts.updated, counts.skipped, one.exit_code) == (5, 0, 0)
    assert one.published() == names(5)
    assert "Text of note 2" in {item["fieldData"]["text"] for item in one.items(live=True)}
    assert one.result is not None
    assert any("1 " in note and "draft" in note for note in one.result.notes), one.result.notes
    counts = one.run().counts
    assert (counts.unchanged, counts.skipped) == (4, 1)


@pytest.mark.parametrize(
    "fault",
    [{"do": "reset_after"}, {"do": "stray_403"}, {"do": "throttle"}, {"do": "status", "status": 500, "work": "done"}],
    ids=lambda fault: fault["do"],
)
def test_publishing_staged_items_is_asked_for_again(night: Callable[..., Night], fault: dict[str, Any]) -> None:
    """Rule 5: publish is asked for by id and repeated."""
    one = night()
    one.run(draft=True)
    one.faults = [{"when": {"path": "*/items/publish", "nth": 1}} | fault]
    assert one.run().counts.updated == 5
    assert one.published() == names(5)


def test_row_rejected_by_our_checks_is_checked_again(night: Callable[..., Night]) -> None:
    """Rejected by our checks, any: the rule that rejected it may have changed, so it is looked at anew."""
    one = night()
    one.sheet = one.changed(Text={1: "x" * 300})
    counts = one.run().counts
    assert (counts.created, counts.rejected) == (4, 1)
    assert one.outcome()[3] == ("rejected", "too_long")
    assert one.run().counts.rejected == 1
    one.sheet = one.rows(5)
    counts = one.run().counts
    assert (counts.created, counts.unchanged, one.exit_code) == (1, 4, 0)
    assert one.published() == names(5)


def test_row_rejected_by_webflow_and_unchanged_is_left(night: Callable[..., Night]) -> None:
    """Rejected by Webflow for a cause of its own, unchanged: no request; still in the new rejects file."""
    one = night()
    detail = [{"param": "text", "description": "Is too long: 'Text of note 3'"}]
    refusal = {"do": "status", "status": 400, "code": "validation_error", "message": "No", "details": detail}
    one.faults = [{"when": CREATE | {"body": '"slug":"note-3"'}} | refusal]
    one.run()
    assert one.outcome()[4] == ("rejected", "refused")
    one.faults = []
    before = one.writes()
    summary = one.run()
    assert (summary.counts.rejected, one.writes(), one.exit_code) == (1, before, 1)
    assert summary.rejects is not None
    assert "refused" in summary.rejects.read_text(encoding="utf-8-sig")


def test_row_rejected_by_webflow_for_a_cause_outside_is_sent_again_once_a_run(night: Callable[..., Night]) -> None:
    """A file that was not fetched may be there by now: such rows are tried again, though unchanged."""
    one = night()
    one.sheet = one.rows(3, Photo=[None, "https://example.com/dead.png", None])
    assert one.run().counts.rejected == 1
    before = one.writes()
    assert one.run().counts.rejected == 1
    assert one.writes() - before == 1


@pytest.mark.parametrize(
    ("cause", "refusal"),
    [
        ("slug_taken", None),
        ("slug_held", None),
        ("server_error", {"do": "status", "status": 500}),
        ("reference_unknown", {
            "do": "status", "status": 400, "code": "validation_error", "message": "Validation Error",
            "details": [{"param": "text", "description": "Referenced item not found: 'Text of note 3'"}],
        }),
    ],
)  # fmt: skip
def test_row_rejected_by_webflow_for_any_cause_outside_is_sent_again(
    night: Callable[..., Night], cause: str, refusal: dict[str, Any] | None
) -> None:
    """Slug taken or held, referenced item missing, server error: once the cause is gone, the same sheet completes."""
    one = night(deleted_slug="held" if cause == "slug_held" else "free")
    ids = one.strangers([content(3, text="Theirs")]) if refusal is None else []
    if cause == "slug_held":
        remove(one, ids)
    one.faults = [] if refusal is None else [{"when": CREATE | {"body": '"slug":"note-3"'}} | refusal]
    assert one.run().counts.rejected == 1
    assert one.outcome()[4] == ("rejected", cause)
    again = one.run().counts
    assert again.rejected + again.in_doubt == 1, "tried once more, and still so: where nothing succeeds, as an outage"
    one.faults = []
    if cause == "slug_taken":
        remove(one, ids)
    if cause == "slug_held":
        one.app.world.connection.execute("DELETE FROM held_slugs")
    one.passes(300)
    counts = one.run().counts
    assert (counts.created, counts.unchanged, one.exit_code) == (1, 4, 0)
    complete(one, 5)


def remove(one: Night, ids: list[str]) -> None:
    """Somebody deletes these items."""

    async def ask(http: httpx.AsyncClient, _site: dict[str, Any], collection: str) -> None:
        listed = [{"id": item_id} for item_id in ids]
        answer = await http.request("DELETE", f"/collections/{collection}/items", json={"items": listed})
        assert answer.status_code == 204, answer.text

    one.outside(ask)


def test_row_rejected_by_webflow_and_changed_is_sent(night: Callable[..., Night]) -> None:
    """Rejected by Webflow, changed: sent."""
    one = night()
    one.sheet = one.rows(3, Photo=[None, "https://example.com/dead.png", None])
    one.run()
    one.sheet = one.rows(3, Photo=[None, "https://example.com/alive.png", None])
    counts = one.run().counts
    assert (counts.created, counts.unchanged, one.exit_code) == (1, 2, 0)
    assert one.published() == names(3)


def test_retry_sends_any_rejected_row_and_nothing_else(night: Callable[..., Night]) -> None:
    """`retry` sends what Webflow rejected, changed or not, and no row that was never tried."""
    one = night()
    refusal = {"do": "status", "status": 413, "code": "", "message": "Too much", "details": []}
    one.faults = [{"when": CREATE | {"body": '"slug":"note-3"'}} | refusal]
    one.run()
    one.faults = []
    one.sheet = one.rows(7)
    counts = one.run(only_failed=True).counts
    assert (counts.created, counts.unchanged, counts.skipped) == (1, 4, 2)
    assert one.published() == names(5)


def test_retry_sends_rows_that_were_corrected_since_our_checks_refused_them(night: Callable[..., Night]) -> None:
    """Rows that our own checks refused have failed too: corrected, `retry` sends them, also one that had no key."""
    one = night()
    good = one.sheet
    one.sheet = one.changed(Text={1: "x" * 201, 2: "x" * 201}, Slug={3: None})
    assert one.run().counts.rejected == 3
    one.sheet = good.vstack(one.rows(7).tail(2)).with_columns(Text=pl.Series([*good["Text"], "6", "7"]))
    one.sheet = one.changed(Text={2: "x" * 201})
    counts = one.run(only_failed=True).counts
    assert (counts.created, counts.unchanged, counts.rejected, counts.skipped) == (2, 2, 1, 2)
    assert one.published() == ["note-1", "note-2", "note-4", "note-5"]


@pytest.mark.parametrize("landed", [True, False])
def test_row_in_flight_is_settled_first(night: Callable[..., Night], *, landed: bool) -> None:
    """In flight: looked for before anything of it is sent again; found, or sent once more."""
    one = night()
    lose(one, landed=landed)
    counts = one.run().counts
    assert (counts.created, one.exit_code) == (5, 0)
    assert one.published() == names(5)
    assert one.run().counts.unchanged == 5


@pytest.mark.parametrize("landed", [True, False])
def test_row_in_flight_that_was_changed_meanwhile_is_settled_as_it_was_sent(
    night: Callable[..., Night], *, landed: bool
) -> None:
    """What was sent decides: found as sent, it is published and the change left alone; not found, it is sent edited."""
    one = night()
    lose(one, landed=landed)
    one.sheet = one.changed(Text={1: "Another text"})
    counts = one.run().counts
    assert (counts.created, counts.skipped) == ((4, 1) if landed else (5, 0))
    assert one.published() == names(5)
    texts = {item["fieldData"]["text"] for item in one.items(live=True)}
    assert ("Another text" in texts) is not landed


@pytest.mark.parametrize("landed", [True, False])
def test_row_in_flight_that_left_the_sheet_is_settled_and_stands_outside_the_sum(
    night: Callable[..., Night], *, landed: bool
) -> None:
    """A row that was sent and then removed from the sheet is settled all the same, and never sent again."""
    one = night()
    lose(one, landed=landed)
    one.sheet = one.sheet.head(3)
    summary = one.run()
    assert (summary.counts.total, summary.counts.created, one.exit_code) == (3, 3, 0)
    assert one.published() == (names(5) if landed else names(3))
    status = one.outcome()[6][0]
    assert status == ("published" if landed else "pending")
    assert not one.ask_state("SELECT 1 FROM rows WHERE status = 'in_flight'")


def lose(one: Night, *, landed: bool) -> None:
    """The only chunk's answer is lost, and the run is stopped before it is known what became of it."""
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "reset_after" if landed else "reset_before"}]
    one.switches["listing_delay"] = "60"
    summary = one.run(deadline=5.0, patience=300.0)
    assert (summary.counts.in_doubt, one.exit_code) == (5, 5)
    one.faults, one.switches["listing_delay"] = [], "0"
    one.passes(600)


# Doubles, order, numbers ----------------------------------------------------------------------------------------------


def test_two_items_with_one_slug_the_first_counts(night: Callable[..., Night]) -> None:
    """The later one is rejected and names the first one's row; compared without case."""
    one = night()
    one.sheet = one.rows(4, Slug=["note-1", "note-2", "Note-1", "note-4"])
    summary = one.run()
    assert (summary.counts.created, summary.counts.rejected) == (3, 1)
    assert summary.rejects is not None
    assert "row 2" in summary.rejects.read_text(encoding="utf-8-sig")
    assert one.published() == ["note-1", "note-2", "note-4"]


def test_two_items_with_one_key_the_first_counts(night: Callable[..., Night]) -> None:
    """A key of its own column: the later item is rejected, though its slug is free."""
    one = night()
    one.mapping["key"] = "text"
    one.sheet = one.rows(3, Text=["a", "b", "a"])
    summary = one.run()
    assert (summary.counts.created, summary.counts.rejected) == (2, 1)
    assert one.ask_state("SELECT source_row, error_code FROM outcome WHERE status = 'rejected'") == [
        (4, "key_duplicate")
    ]


def test_order_and_row_numbers_may_change_keys_decide(night: Callable[..., Night]) -> None:
    """A sheet turned round, with a new row on top: only the new row is sent."""
    one = night()
    one.run()
    one.sheet = pl.concat([one.rows(6).tail(1), one.sheet.reverse()])
    counts = one.run().counts
    assert (counts.created, counts.unchanged) == (1, 5)
    assert one.published() == names(6)


# Without a state file -------------------------------------------------------------------------------------------------


def test_item_with_equal_content_is_adopted_without_a_state_file(night: Callable[..., Night]) -> None:
    """The state file was lost: rows whose items are there are unchanged, and nothing is written."""
    one = night()
    one.sheet = one.rows(230)
    one.run()
    one.state = one.folder / "new.db"
    before = one.writes()
    counts = one.run().counts
    assert (counts.unchanged, counts.created, one.exit_code) == (230, 0, 0)
    assert one.writes() == before
    assert one.run().counts.unchanged == 230


def test_item_with_equal_content_is_adopted_with_an_old_state_file(night: Callable[..., Night]) -> None:
    """The state file was set back to an older copy: rows that it does not know are found in the collection."""
    one = night()
    one.sheet = one.rows(3)
    one.run()
    old = one.state.read_bytes()
    one.passes(300)
    one.sheet = one.rows(230)
    one.run()
    one.passes(300)
    for end in ("-wal", "-shm"):
        one.state.with_name(one.state.name + end).unlink(missing_ok=True)
    one.state.write_bytes(old)
    before = one.writes()
    counts = one.run().counts
    assert (counts.unchanged, counts.created, one.exit_code) == (230, 0, 0)
    assert one.writes() == before
    complete(one, 230)


def test_item_with_unequal_content_is_slug_taken_and_named(night: Callable[..., Night]) -> None:
    """Somebody's item has the slug and says something else: the row is rejected and names the item."""
    one = night()
    made = one.strangers([content(2, text="Mine"), content(9)])
    before = one.writes()
    counts = one.run().counts
    assert (counts.created, counts.rejected, one.exit_code) == (4, 1, 1)
    assert one.outcome()[3] == ("rejected", "slug_taken")
    assert made[0] in one.told(3)
    assert "Note 2" in one.told(3)
    assert one.writes() - before == 1, "it was known before sending"


def test_equal_item_that_is_only_staged_is_adopted_and_published(night: Callable[..., Night]) -> None:
    """The row's own item exists as a draft, and the sheet means it live: it is not done before it is live."""
    one = night()
    one.strangers([content(2)], live=False)
    counts = one.run().counts
    assert (counts.created, counts.updated, one.exit_code) == (4, 1, 0)
    assert one.published() == names(5)
    assert len(one.items(live=False)) == 5
