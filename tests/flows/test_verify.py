"""`verify`: what the state file says of each row is held against the collection, and only what is known is said."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from importer.errors import Locked, StateError
from importer.report.deviations import proof_text
from importer.report.receipts import Verdict
from importer.sandbox.app import default_seed
from importer.state import State
from tests.flows.conftest import SEED
from tests.flows.faulty import CREATE
from tests.flows.verifying import OneMore, Somebody, by_row, item_of, proof_of, twice, verdicts, verified

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night


@pytest.fixture
def done(night: Callable[..., Night]) -> Night:
    """Five notes, sent and live; a minute has passed."""
    one = night()
    one.run()
    one.passes(60)
    return one


def test_what_stands_as_it_was_sent_is_proven(done: Night) -> None:
    """Each row has a receipt with its file, row, key, request, time, item and fingerprint; nothing was written."""
    writes = done.writes()
    result = verified(done)
    assert (result.exit_code, result.verdict) == (0, "done")
    proof = proof_of(done)
    assert (proof.rows[Verdict.PROVEN], proof.listed, proof.held) == (5, 5, 5)
    first = proof.receipts[0].as_json()
    (kept,) = done.ask_state("SELECT item_id, fingerprint, run FROM rows WHERE source_row = 2")
    assert (first["item_id"], first["fingerprint"], first["run"]) == kept
    assert (first["file"], first["row"], first["key"], first["request"]) == ("<frame>", 2, "note-1", 1)
    assert (first["verdict"], first["live"], first["slug"]) == ("proven", True, "note-1")
    assert first["time"].startswith("2026-")
    assert done.writes() == writes


DEEDS: list[tuple[str, dict[str, Any], str, tuple[str, ...]]] = [
    ("edits", {"text": "Another text"}, "edited", ("text",)),
    ("edits", {"text": None}, "edited", ("text",)),
    ("edits", {"name": "Another name", "text": "x"}, "edited", ("name", "text")),
    ("edits", {"slug": "another-slug"}, "edited", ("slug",)),
    ("edits", {"photo": {"url": "https://example.com/ok.png"}}, "edited", ("photo",)),
    ("drafts", {"text": "Another text"}, "edited", ("text",)),
    ("archives", {}, "edited", ("isArchived",)),
    ("deletes", {}, "missing", ()),
    ("unpublishes", {}, "not_live", ()),
    ("edits", {"text": " Text of note 11\r\n"}, "proven", ()),
]
"""What somebody does to a row, the verdict on it, and the fields that are named."""


def test_what_somebody_did_is_said_of_that_row_alone(night: Callable[..., Night]) -> None:
    """The verdict names the row and the fields; what Webflow writes otherwise by itself is no change."""
    one = night()
    one.sheet = one.rows(len(DEEDS) + 2)
    one.run()
    one.passes(60)
    somebody = Somebody(one)
    for row, (deed, fields, _, _) in enumerate(DEEDS, 3):
        getattr(somebody, deed)(row, **fields)
    result = verified(one)
    proof = proof_of(one)
    found = by_row(proof)
    assert verdicts(proof) == {row: told for row, (_, _, told, _) in enumerate(DEEDS, 3) if told != "proven"}
    assert [found[row].fields for row, _ in enumerate(DEEDS, 3)] == [named for _, _, _, named in DEEDS]
    assert (result.exit_code, result.verdict) == (1, "rejects")


def test_a_change_in_a_draft_is_told_from_one_that_is_live(done: Night) -> None:
    """Changes in draft: what is live stays as it was sent."""
    somebody = Somebody(done)
    somebody.drafts(3, text="Only a draft")
    somebody.edits(4, text="Live at once")
    found = by_row(proof_of(done))
    assert (found[3].edit_live, found[3].live) == (False, True)
    assert (found[4].edit_live, found[4].live) == (True, True)


def test_a_draft_that_is_live_and_one_that_is_edited(night: Callable[..., Night]) -> None:
    """Rows sent as drafts are proven as drafts."""
    one = night()
    one.run(draft=True)
    one.passes(60)
    assert verdicts(proof_of(one)) == {}
    somebody = Somebody(one)
    somebody.publishes(2)
    somebody.edits(3, live=False, text="x")
    somebody.deletes(4)
    proof = proof_of(one)
    assert verdicts(proof) == {2: "made_live", 3: "edited", 4: "missing"}
    assert by_row(proof)[3].edit_live is False


def test_a_draft_that_somebody_archived_is_not_as_it_was_sent(night: Callable[..., Night]) -> None:
    """Nor one that was sent archived and is not any more; rows from before that was kept are called as sent."""
    one = night()
    one.sheet = one.rows(4, Photo=["yes", "no", "no", "yes"])
    del one.mapping["fields"]["photo"]
    one.mapping |= {"item": {"archived": "Photo"}, "publish": "draft"}
    one.run()
    one.passes(60)
    assert verdicts(proof_of(one)) == {}
    somebody = Somebody(one)
    somebody.archives(3)
    somebody.archives(2, archived=False)
    proof = proof_of(one)
    assert (verdicts(proof), by_row(proof)[3].fields) == ({2: "edited", 3: "edited"}, ("isArchived",))
    with State.open(one.state) as state, state._file.transaction() as connection:
        connection.execute("UPDATE rows SET parts = json_remove(parts, '$.isArchived')")
    assert verdicts(proof_of(one)) == {}


def test_fields_that_do_not_read_back_are_not_called_equal(night: Callable[..., Night]) -> None:
    """An image comes back with another address: it is there, more is not known. One that is gone is a change."""
    one = night()
    one.sheet = one.filed(3)
    one.run()
    one.passes(60)
    proof = proof_of(one)
    assert {receipt.not_comparable for receipt in proof.receipts} == {("photo",)}
    assert verdicts(proof) == {}
    Somebody(one).edits(3, photo=None)
    proof = proof_of(one)
    assert (verdicts(proof), by_row(proof)[3].fields, by_row(proof)[3].not_comparable) == (
        {3: "edited"}, ("photo",), (),
    )  # fmt: skip


def test_a_field_that_the_mapping_leaves_alone_may_be_filled_by_anybody(night: Callable[..., Night]) -> None:
    """Nothing was promised about it; it is named, and no deviation."""
    one = night()
    del one.mapping["fields"]["photo"]
    one.run()
    one.passes(60)
    Somebody(one).edits(3, photo={"url": "https://example.com/ok.png"})
    proof = proof_of(one)
    assert (verdicts(proof), by_row(proof)[3].filled) == ({}, ("photo",))


def test_where_the_fields_as_sent_are_not_known_an_edit_is_seen_and_not_named(done: Night) -> None:
    """Rows that an earlier importer sent have no hash of each field."""
    with State.open(done.state) as state, state._file.transaction() as connection:
        connection.execute("UPDATE rows SET parts = NULL")
    assert verdicts(proof_of(done)) == {}
    Somebody(done).edits(3, text="Another text")
    proof = proof_of(done)
    assert (verdicts(proof), by_row(proof)[3].fields) == ({3: "edited"}, None)


def test_strangers_are_counted_and_named_only_where_that_is_asked_for(done: Night) -> None:
    """Items that no row holds are no deviation."""
    ids = done.strangers([{"name": "Other", "slug": "other"}, {"name": "Draft", "slug": "draft"}], live=False)
    result = verified(done)
    assert (result.exit_code, len(proof_of(done).strangers)) == (0, 2)
    assert "strangers" not in result.as_json()["proof"]
    assert {one["item_id"] for one in result.as_json(strangers=True)["proof"]["strangers"]} == set(ids)


def test_a_twin_is_told_from_a_stranger_and_from_an_edited_twin(night: Callable[..., Night]) -> None:
    """Ours by rule 4 and held by no row; older items of the same name and content are nobody's business."""
    one = night(taken_slug="suffix")
    one.strangers([{"name": "Note 2", "slug": "note-2-abcde", "text": "Text of note 2"}])
    one.passes(600)
    twice(one)
    somebody = Somebody(one)
    twin = somebody.doubles(3)
    suspect = somebody.doubles(4, text="Another text")
    somebody.doubles(5, name="Another name")
    proof = proof_of(one)
    assert [(stray.item_id, stray.row, stray.of) for stray in proof.twins] == [(twin, 4, item_of(one, 4))]
    assert [stray.item_id for stray in proof.suspects] == [suspect]
    assert (len(proof.strangers), verdicts(proof), verified(one).exit_code) == (3, {}, 1)


def test_rows_in_doubt_are_said_to_be_in_doubt(night: Callable[..., Night]) -> None:
    """`verify` does not guess: the next run settles them. Their items are neither twins nor strangers."""
    one = night(listing_delay="300")
    one.faults = [{"when": CREATE, "do": "reset_after"}]
    one.run(deadline=30.0)
    one.faults, one.switches["listing_delay"] = [], "0"
    one.passes(600)
    proof = proof_of(one)
    assert set(verdicts(proof).values()) == {"in_doubt"}
    assert verified(one).notes[0].startswith("1 request of earlier runs left rows in doubt for a while")
    assert (proof.unsettled, proof.strangers, verified(one).exit_code) == (5, (), 7)
    one.run()
    one.passes(60)
    assert verified(one).exit_code == 0


def test_an_item_that_the_state_does_not_know_is_the_rows_own(night: Callable[..., Night]) -> None:
    """A commit after patience: the state says pending, the collection holds the item; the next run finds it."""
    one = night(listing_delay="30")
    one.sheet = one.rows(1)
    one.faults = [
        {"when": CREATE | {"nth": 1}, "do": "status", "status": 500, "work": "done"},
        {"when": CREATE | {"from": 2}, "do": "refuse"},
    ]
    one.run(deadline=14.0)
    assert one.outcome() == {2: ("pending", None)}
    one.faults, one.switches["listing_delay"] = [], "0"
    one.passes(600)
    proof = proof_of(one)
    assert (verdicts(proof), proof.unsettled) == ({2: "unrecorded"}, 1)
    assert verified(one).exit_code == 1
    one.run()
    one.passes(60)
    assert verdicts(proof_of(one)) == {}


@pytest.mark.parametrize("staged", ["yes", "no"])
def test_it_costs_a_request_for_each_hundred_items_and_two_more(night: Callable[..., Night], staged: str) -> None:
    """Also where rows are missing or edited; where two lists are needed, a request for each hundred of both."""
    one = night(live_in_staged=staged)
    one.sheet = one.rows(120)
    one.run()
    one.passes(60)
    somebody = Somebody(one)
    for row in (3, 4, 5):
        somebody.deletes(row)
    somebody.edits(6, text="x")
    somebody.unpublishes(7)
    proof = proof_of(one)
    assert verdicts(proof) == {3: "missing", 4: "missing", 5: "missing", 6: "edited", 7: "not_live"}
    assert proof.listed == 117
    lists = [117] if staged == "yes" else [1, 116]
    assert proof.tally.sent <= sum(math.ceil(number / 100) for number in lists) + 2
    assert bool(verified(one).notes) == (staged == "no")


def test_both_lists_are_read_where_that_is_asked_for(night: Callable[..., Night]) -> None:
    """What is live is compared word by word then; else Webflow's own words about it are believed."""
    one = night()
    one.sheet = one.rows(101)
    one.run()
    one.passes(60)
    few, all_ = proof_of(one), proof_of(one, both=True)
    assert (few.tally.sent, all_.tally.sent) == (3, 5)
    assert {receipt.compared for receipt in few.receipts} == {"both", "staged"}
    assert {receipt.compared for receipt in all_.receipts} == {"both"}
    assert {receipt.live for receipt in few.receipts} == {True}


def test_that_a_live_version_was_not_compared_is_said(night: Callable[..., Night]) -> None:
    """Where what is live was changed alone, the staged list shows nothing of it; `--both` does."""
    one = night()
    one.sheet = one.rows(101)
    one.run()
    one.passes(60)
    items = one.app.world.connection
    items.execute("UPDATE items SET live = replace(live, 'Text of note 1\"', 'by hand\"')")
    (row,) = one.ask_state("SELECT source_row FROM rows WHERE key = 'note-1'")[0]
    few, all_ = verified(one), verified(one, both=True)
    assert few.proof is not None
    assert all_.proof is not None
    assert (verdicts(few.proof), by_row(few.proof)[row].compared) == ({}, "staged")
    assert "1 live row: as sent in the staged list, and live by" in proof_text(few)
    assert (verdicts(all_.proof), "staged list" in proof_text(all_)) == ({row: "edited"}, False)


@pytest.mark.parametrize(
    "switches",
    [
        {"live_in_staged": "no", "missing_headers": "yes"},
        {"listing_order": "ignored", "stamps": "spread"},
        {"listing_order": "random", "listing_sort": "refused"},
        {"listing_delay": "7", "taken_slug": "suffix"},
        {"listing_delay": "7", "date_header": "no"},
    ],
    ids=lambda switches: " ".join(f"{name}={value}" for name, value in switches.items()),
)
def test_however_webflow_behaves_the_verdicts_are_the_same(
    night: Callable[..., Night], switches: dict[str, str]
) -> None:
    """Also at once after the run: what was written last is waited for."""
    one = night(**switches)
    one.run()
    assert verdicts(proof_of(one)) == {}
    somebody = Somebody(one)
    somebody.deletes(2)
    somebody.edits(3, text="x")
    somebody.unpublishes(4)
    one.app.set(switches=switches)
    assert verdicts(proof_of(one)) == {2: "missing", 3: "edited", 4: "not_live"}


def test_a_listing_that_cannot_be_read_whole_proves_no_absence(done: Night) -> None:
    """What was shown counts; of what was not shown nothing is known (exit 7), and no twin is removed."""
    Somebody(done).deletes(2)
    done.wire = OneMore
    result = verified(done)
    assert result.proof is not None
    assert (verdicts(result.proof), result.proof.whole, result.exit_code) == ({2: "unknown"}, False, 7)
    assert "kept changing" in result.notes[0]


def test_a_run_at_work_keeps_it_from_proving_anything(done: Night) -> None:
    """What moves cannot be proven: exit 5, the same as for a second run."""
    with State.open(done.state) as state, state.lock():
        result = verified(done)
    assert isinstance(result.error, Locked)
    assert result.exit_code == 5


def test_a_run_that_came_and_went_meanwhile_is_noticed(done: Night) -> None:
    """The state file is not the one that the listing was read for."""

    class Running:
        def __init__(self) -> None:
            self.ran = False

        def progress(self, progress: object) -> None:
            if not self.ran:
                self.ran = True
                with State.open(done.state) as state:
                    state.start_run(mapping="notes", source="<frame>", mode="create")

        def say(self, sentence: str) -> None:
            pass

    done.observer = Running()
    assert isinstance(verified(done).error, Locked)


@pytest.mark.parametrize("heal", [False, True])
def test_without_a_state_file_nothing_is_asked_and_nothing_made(night: Callable[..., Night], *, heal: bool) -> None:
    """There is nothing to prove."""
    one = night()
    result = verified(one, heal=heal)
    assert isinstance(result.error, StateError)
    assert not one.state.exists()
    assert not one.app.log


def test_each_locale_is_read_on_its_own(night: Callable[..., Night]) -> None:
    """A row's item is looked for in the row's locale."""
    one = night(seed={**SEED, "site": default_seed()["site"]}, slug_per_locale="separate")
    one.mapping["item"] = {"locale": "Photo"}
    del one.mapping["fields"]["photo"]
    one.sheet = one.rows(4, Photo=["en", "fr-FR", "fr-FR", "en"], Slug=["a", "a", "b", "b"])
    one.run()
    one.passes(60)
    proof = proof_of(one)
    assert (verdicts(proof), proof.listed, proof.tally.sent) == ({}, 4, 4)
    assert len({receipt.locale for receipt in proof.receipts}) == 2
    Somebody(one).deletes(3)
    assert verdicts(proof_of(one)) == {3: "missing"}


def test_a_state_file_that_cannot_be_locked_is_read_all_the_same(done: Night) -> None:
    """As in a folder that may only be read: nothing is written there."""
    done.state.with_name(f"{done.state.name}.lock").unlink(missing_ok=True)
    done.state.with_name(f"{done.state.name}.lock").mkdir()
    assert verdicts(proof_of(done)) == {}
    assert isinstance(verified(done, heal=True).error, StateError)


def test_a_state_file_of_another_collection_is_refused(done: Night) -> None:
    """The mapping names a collection that is not the one of the state."""
    done.mapping["collection"] = "others"
    result = verified(done)
    assert isinstance(result.error, StateError)
    assert "others" in result.error.message


def test_a_collection_that_is_gone_is_said(done: Night) -> None:
    """Nothing is called missing row by row, where it is the collection that is not there."""

    async def remove(http: Any, site: dict[str, Any], collection: str) -> None:
        await http.delete(f"/collections/{collection}")

    done.outside(remove)
    result = verified(done)
    assert isinstance(result.error, StateError)
    assert "is not there" in result.error.message
