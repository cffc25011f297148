"""Rules 1 to 7 of the state: what is written before a request, after it, and when its answer is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from importer.errors import Bug
from importer.model import Item, Row, Status
from importer.state import Adopted, Identity, Published, Refused, Sent, SentRow, State, TwinCheck

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 23, 17, 45, 1, 123000, tzinfo=UTC)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State.open(tmp_path / "state.db") as opened:
        opened.claim(Identity("products", "", "c1"))
        yield opened


def item(key: str, row: int = 2, *, version: str = "1", locale: str = "") -> Item:
    return Item(
        *(key, locale, row, (row, row + 1), f"slug-{key}", f"Name {key}", False, False, b"{}", 0),
        *(f"hash{version}", f"print{version}", f"readable{version}"),
    )


def begin(
    state: State, *items: Item, watermark: datetime | None = None, verb: str = "create", run: str = "run-1"
) -> int:
    return state.begin(
        run=run,
        verb=verb,
        endpoint="items/live",
        watermark=watermark,
        at=NOW,
        sent=[Sent(one, "products.csv") for one in items],
    )


def row(state: State, key: str, locale: str = "") -> Row:
    return state.rows([(locale, key)])[locale, key]


def published(key: str, *, status: Status = Status.PUBLISHED, slug: str | None = None) -> Published:
    return Published("", key, f"id-{key}", slug or f"slug-{key}", status, "2026-11-23T17:45:02.000Z")


def test_before_a_request_its_rows_are_in_flight_as_sent(state: State) -> None:
    """Rule 1: whatever happens next, the file says what may have been written, and when at the earliest."""
    request = begin(state, item("a", 7), watermark=NOW)
    assert row(state, "a") == Row(
        key="a",
        locale="",
        status=Status.IN_FLIGHT,
        source="products.csv",
        source_row=7,
        slug_sent="slug-a",
        name="Name a",
        first_request=request,
        first_watermark=NOW,
        source_hash="hash1",
        fingerprint="print1",
        readable="readable1",
        attempts=1,
        run="run-1",
    )
    assert state.request_rows(request) == [SentRow("", "a", "slug-a", "Name a", "print1", "readable1")]
    assert state._file.all("SELECT source_rows FROM rows") == [("[7,8]",)]
    [doubt] = state.doubts()
    assert (doubt.row, doubt.request.id, doubt.request.outcome) == (row(state, "a"), request, None)
    assert (doubt.request.watermark, doubt.request.sent_at, doubt.request.closed) == (NOW, NOW, False)


def test_first_request_and_watermark_of_a_row_stay_for_good(state: State) -> None:
    """Rule 1: an item of the first send may turn up after the tenth; also a send that was not carried out counts."""
    first = begin(state, item("a"), watermark=NOW)
    state.finish(first, outcome="not_carried_out", at=None, pending=[("", "a")])
    begin(state, item("a", version="2"), watermark=NOW + timedelta(hours=1))
    found = row(state, "a")
    assert (found.first_request, found.first_watermark, found.attempts) == (first, NOW, 2)
    assert (found.source_hash, found.fingerprint, found.readable) == ("hash2", "print2", "readable2")


def test_empty_collection_is_a_watermark_before_everything(state: State) -> None:
    """Rule 1: a first send into an empty collection is not overwritten by a later watermark."""
    first = begin(state, item("a"), watermark=None)
    state.lost(first, NOW)
    state.release([("", "a")])
    begin(state, item("a"), watermark=NOW)
    assert row(state, "a").first_watermark is None
    assert row(state, "a").first_request == first


def test_row_in_flight_is_never_sent_again(state: State) -> None:
    """Rule 3: rows in doubt are settled first; a second send is our own mistake and writes nothing."""
    begin(state, item("a"))
    with pytest.raises(Bug, match="in flight"):
        begin(state, item("b"), item("a"))
    assert state.latest_request() == 1
    assert state.rows([("", "b")]) == {}


def test_after_the_answer_every_row_has_its_outcome_and_the_others_are_in_doubt(state: State) -> None:
    """Rule 2: published, staged and pending rows in one transaction; a row not mentioned stays in flight."""
    request = begin(state, *(item(key, number) for number, key in enumerate("abde", 2)))
    state.finish(
        request,
        outcome="answered",
        at=NOW,
        published=[published("a", slug="slug-a-1"), published("b", status=Status.STAGED)],
        pending=[("", "d")],
        watermark=NOW,
        facts={"trust:validation_error": "yes"},
        twin_checks=[("", "a")],
    )
    assert row(state, "a").status is Status.PUBLISHED
    assert (row(state, "a").slug, row(state, "a").slug_sent) == ("slug-a-1", "slug-a")
    assert row(state, "a").last_published == "2026-11-23T17:45:02.000Z"
    assert row(state, "b").status is Status.STAGED
    assert row(state, "d").status is Status.PENDING
    assert [doubt.row.key for doubt in state.doubts()] == ["e"]
    assert state.watermark("c1") == NOW
    assert state.fact("trust:validation_error") == "yes"
    assert state.twin_checks() == [TwinCheck("", "a", request)]
    assert state.open_requests() == []
    state.drop_twin_checks([("", "a")])
    assert state.twin_checks() == []


def test_answer_is_written_whole_or_not_at_all(state: State) -> None:
    """Rule 2: an answer that names a row which was never sent changes nothing."""
    request = begin(state, item("a"))
    with pytest.raises(Bug, match="never sent"):
        state.finish(request, outcome="answered", at=NOW, published=[published("a"), published("ghost")])
    assert row(state, "a").status is Status.IN_FLIGHT
    assert state.doubts()[0].request.outcome is None


def test_one_item_is_never_given_to_two_rows(state: State) -> None:
    """Rule 4: an item that another row holds is not ours to give; else one row would be lost."""
    request = begin(state, item("a"), item("b"))
    state.finish(request, outcome="answered", at=NOW, published=[published("a")])
    with pytest.raises(Bug, match="two rows"):
        state.adopt([Adopted(Published("", "b", "id-a", "slug-b", Status.PUBLISHED))])
    assert row(state, "b").item_id is None


def test_what_one_listing_found_is_written_down_whole_or_not_at_all(state: State) -> None:
    """A run that ends in between settles all of it again, so nothing may be counted twice."""
    begin(state, item("a"), item("b"), item("c"))
    found = [Adopted(published(key)) for key in ("a", "b")]
    twice = Adopted(Published("", "c", "id-a", "slug-c", Status.PUBLISHED))
    with pytest.raises(Bug, match="two rows"):
        state.adopt([*found, twice])
    assert [row(state, key).status for key in "abc"] == [Status.IN_FLIGHT] * 3
    state.adopt(found)
    assert [row(state, key).item_id for key in "abc"] == ["id-a", "id-b", None]
    state.adopt([])


def test_only_published_or_staged_rows_hold_items(state: State) -> None:
    """A row with an item that is called rejected would be counted wrongly."""
    begin(state, item("a"))
    with pytest.raises(Bug, match="cannot be rejected"):
        state.adopt([Adopted(Published("", "a", "id-a", "slug-a", Status.REJECTED))])


def test_answer_for_an_unknown_request_is_our_own_mistake(state: State) -> None:
    """Rule 1 stands before rule 2."""
    with pytest.raises(Bug, match="never begun"):
        state.finish(5, outcome="answered", at=NOW)


def test_refusal_of_an_older_request_does_not_touch_a_row_that_is_in_flight_again(state: State) -> None:
    """Each verdict belongs to the request that it answers."""
    old = begin(state, item("a"))
    state.lost(old, NOW)
    state.release([("", "a")])
    begin(state, item("a"))
    state.finish(old, outcome="refused:validation_error", at=NOW, pending=[("", "a")])
    assert row(state, "a").status is Status.IN_FLIGHT


def test_lost_request_stays_open_until_it_is_closed(state: State) -> None:
    """Rule 7: twins are looked for even if the rows were settled long before."""
    request = begin(state, item("a"))
    state.lost(request, NOW)
    state.adopt([Adopted(Published("", "a", "id-a", "slug-a", Status.PUBLISHED))])
    assert row(state, "a").status is Status.PUBLISHED
    [still] = state.open_requests()
    assert (still.id, still.outcome, still.lost_at, still.closed) == (request, "lost", NOW, False)
    state.close_request(request)
    assert state.open_requests() == []


def test_refused_chunk_can_stay_open(state: State) -> None:
    """Rule 3: a refusal whose rows are in doubt is looked at like a loss, though it is over."""
    request = begin(state, item("a"), item("b"))
    state.finish(request, outcome="refused:validation_error", at=NOW, open_=True)
    assert [one.id for one in state.open_requests()] == [request]
    assert {doubt.request.outcome for doubt in state.doubts()} == {"refused:validation_error"}
    assert state.doubts()[0].request.lost_at is None


def test_request_in_flight_when_a_run_starts_counts_as_lost(state: State) -> None:
    """Rule 3: the run that sent it died; without a server's time it is dated later, and dated once."""
    begin(state, item("a"))
    finished = begin(state, item("b"))
    state.finish(finished, outcome="answered", at=NOW, published=[published("b")])
    assert state.interrupted(None) == 1
    assert state.interrupted(None) == 0
    assert [one.lost_at for one in state.open_requests()] == [None]
    state.date_lost(NOW)
    state.date_lost(NOW + timedelta(hours=1))
    assert [one.lost_at for one in state.open_requests()] == [NOW]


def test_doubt_names_the_latest_request_of_a_row(state: State) -> None:
    """Patience counts from the last send; the search begins at the first one's watermark."""
    first = begin(state, item("a"), watermark=NOW)
    state.lost(first, NOW)
    state.release([("", "a")])
    second = begin(state, item("a"), watermark=NOW + timedelta(minutes=1))
    [doubt] = state.doubts()
    assert (doubt.request.id, doubt.row.first_request, doubt.row.first_watermark) == (second, first, NOW)


def test_released_row_is_pending_and_keeps_its_first_watermark(state: State) -> None:
    """Rule 4: not found by the deciding listing means: send it again."""
    request = begin(state, item("a"), watermark=NOW)
    state.lost(request, NOW)
    state.release([("", "a")])
    assert row(state, "a").status is Status.PENDING
    assert row(state, "a").first_watermark == NOW
    assert state.doubts() == []


@pytest.mark.parametrize("held", [Status.PUBLISHED, Status.STAGED])
def test_row_that_holds_an_item_stands_as_its_item_does_after_a_send_came_to_nothing(
    state: State, held: Status
) -> None:
    """Such a row is never created anew, and never taken for unchanged."""
    request = begin(state, item("a"))
    state.finish(request, outcome="answered", at=NOW, published=[published("a", status=held)])
    second = begin(state, item("a", version="2"), verb="publish")
    assert row(state, "a").status is Status.IN_FLIGHT
    state.finish(second, outcome="not_carried_out", at=NOW, pending=[("", "a")])
    found = row(state, "a")
    assert (found.status, found.item_id) == (held, "id-a")
    assert (found.source_hash, found.fingerprint, found.readable) == (None, None, None)


def test_release_touches_only_rows_in_flight(state: State) -> None:
    """A row that was adopted meanwhile keeps its item."""
    request = begin(state, item("a"))
    state.finish(request, outcome="answered", at=NOW, published=[published("a")])
    state.release([("", "a"), ("", "unknown")])
    assert row(state, "a").status is Status.PUBLISHED


def test_row_rejected_before_its_first_send_is_kept_with_its_hash(state: State) -> None:
    """Rule 8: a slug that somebody else's item holds rejects the row; unchanged, it is left next time."""
    refused = Refused("", "a", "slug_taken", "Item 5 has it.", sent=Sent(item("a", 9), "products.csv"))
    state.reject([refused], "run-1")
    found = row(state, "a")
    assert (found.status, found.source_row, found.source_hash) == (Status.REJECTED, 9, "hash1")
    assert (found.first_request, found.attempts, found.run) == (None, 0, "run-1")
    with pytest.raises(Bug, match="before the state knew it"):
        state.reject([Refused("", "b", "slug_taken", "Taken.")], "run-1")


def test_settled_row_can_be_rejected(state: State) -> None:
    """Rule 6: the slug is held by an item that is not ours."""
    request = begin(state, item("a"))
    state.lost(request, NOW)
    state.reject([Refused("", "a", "slug_held", "No item has it.")], "run-2")
    assert row(state, "a").status is Status.REJECTED
    assert row(state, "a").first_request == request
    assert state.doubts() == []


def test_row_never_sent_adopts_the_item_that_was_found(state: State) -> None:
    """Without a state file an item with the row's key and content is adopted: the row is made for it."""
    found = Published("", "a", "id-a", "slug-a", Status.PUBLISHED, "2026-11-23T17:45:02.000Z")
    with pytest.raises(Bug, match="never sent"):
        state.adopt([Adopted(found)])
    state.adopt([Adopted(found, sent=Sent(item("a", 9), "products.csv"))])
    kept = row(state, "a")
    assert (kept.status, kept.item_id, kept.source_row, kept.source_hash) == (Status.PUBLISHED, "id-a", 9, "hash1")
    assert (kept.first_request, kept.attempts) == (None, 0)


def test_staged_row_that_could_not_be_published_stays_staged_with_its_reason(state: State) -> None:
    """The item is there; only what it was told to become failed."""
    request = begin(state, item("a"))
    state.finish(request, outcome="answered", at=NOW, published=[published("a", status=Status.STAGED)])
    state.tell_error(Refused("", "a", "refused", "Not published."), "run-2")
    kept = row(state, "a")
    assert (kept.status, kept.error_code, kept.error) == (Status.STAGED, "refused", "Not published.")


def test_unchanged_row_takes_the_hash_of_its_present_cells(state: State) -> None:
    """A mapping written in another way must not be compared in full again and again."""
    request = begin(state, item("a"))
    state.finish(request, outcome="answered", at=NOW, published=[published("a")])
    state.keep_unchanged([(("", "a"), "hash9")])
    assert (row(state, "a").source_hash, row(state, "a").fingerprint) == ("hash9", "print1")


def test_success_clears_the_errors_of_earlier_runs(state: State) -> None:
    """A published row says nothing of what was wrong with it once."""
    state.reject([Refused("", "a", "slug_taken", "Taken.", sent=Sent(item("a"), "products.csv"))], "run-1")
    request = begin(state, item("a"), run="run-2")
    assert row(state, "a").error_code is None
    state.finish(request, outcome="answered", at=NOW, published=[published("a")])
    found = row(state, "a")
    assert (found.error_source, found.error_code, found.error, found.run) == (None, None, None, "run-2")


def test_locales_are_rows_of_their_own(state: State) -> None:
    """One key in two locales is two rows, which may share an item id."""
    request = begin(state, item("a"), item("a", locale="fr"))
    answer = [Published(locale, "a", "id-1", "slug-a", Status.PUBLISHED) for locale in ("", "fr")]
    state.finish(request, outcome="answered", at=NOW, published=answer)
    assert set(state.rows([("", "a"), ("fr", "a"), ("de", "a")])) == {("", "a"), ("fr", "a")}
    assert {one.locale for one in state.request_rows(request)} == {"", "fr"}


def test_instants_are_kept_in_utc_and_need_a_zone(state: State) -> None:
    """Text sorts as time only if all of it is in one zone."""
    tokyo = datetime(2026, 11, 24, 2, 45, 1, 123999, tzinfo=timezone(timedelta(hours=9)))
    request = begin(state, item("a"), watermark=tokyo)
    assert row(state, "a").first_watermark == NOW
    with pytest.raises(ValueError, match="no time zone"):
        state.lost(request, NOW.replace(tzinfo=None))
