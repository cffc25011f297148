"""Rules 4 to 8, clause by clause: which item is a row's own, and what is done about two of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import polars as pl
import pytest

from tests.flows.faulty import CREATE
from tests.flows.notes import Wire, complete, content, creates, made, meanwhile, names

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night

LOST: dict[str, Any] = {"when": CREATE | {"nth": 1}, "do": "reset_before"}
MADE_AND_LOST: dict[str, Any] = {"when": CREATE | {"nth": 1}, "do": "reset_after"}


def held(one: Night) -> dict[str, str]:
    """Which item each row holds, by the slug that it was sent with."""
    return dict(one.ask_state("SELECT slug_sent, item_id FROM rows WHERE item_id IS NOT NULL"))


# Rule 4: what an item must be to be ours -----------------------------------------------------------------------------


def test_rule_4_item_of_equal_slug_and_other_content_is_not_ours(night: Callable[..., Night]) -> None:
    """Somebody took the slug while our answer was lost: theirs is not adopted, the row is rejected and names it."""
    one = night()
    one.faults = [LOST]
    theirs: list[str] = []
    meanwhile(one, lambda: theirs.append(made(one, content(2, text="Theirs"))))
    counts = one.run().counts
    assert (counts.created, counts.rejected) == (4, 1)
    assert one.outcome()[3] == ("rejected", "slug_taken")
    assert theirs[0] in one.told(3)
    assert theirs[0] not in held(one).values()


def test_rule_4_item_of_equal_content_and_another_slug_is_not_ours(night: Callable[..., Night]) -> None:
    """Somebody made what says the same, under a slug of their own: ours is made beside it."""
    one = night()
    one.faults = [LOST]
    theirs: list[str] = []
    meanwhile(one, lambda: theirs.append(made(one, content(2, slug="elsewhere"))))
    assert one.run().counts.created == 5
    assert one.published() == sorted([*names(5), "elsewhere"])
    assert theirs[0] not in held(one).values()


def test_rule_4_item_from_before_the_first_watermark_is_not_ours(night: Callable[..., Night]) -> None:
    """An old look-alike that no look-up showed: what is older than our send was not made by it."""
    one = night(taken_slug="suffix")
    (old,) = one.strangers([content(1, slug="note-1-abcde")])
    one.passes(3_600)
    one.strangers([content(n) for n in range(1_000, 1_210)])
    one.passes(3_600)
    one.sheet = one.rows(1)
    one.faults = [LOST]
    meanwhile(one, lambda: one.app.set(switches={"listing_order": "ignored"}))  # so that the old one is read at all
    assert one.run().counts.created == 1
    assert one.ask_state("SELECT 1 FROM seen WHERE item_id = ?", old) == [], "else it would be known as a stranger's"
    assert held(one)["note-1"] != old
    assert {"note-1", "note-1-abcde"} <= set(one.published())


def test_rule_4_item_that_was_seen_before_the_first_send_is_not_ours(night: Callable[..., Night]) -> None:
    """A look-alike that is as young as our send, but was shown by the look-up before it."""
    one = night(taken_slug="suffix")
    (theirs,) = one.strangers([content(2, slug="note-2-abcde")])
    one.faults = [LOST]
    assert one.run().counts.created == 5
    assert theirs not in held(one).values()
    assert one.published() == sorted([*names(5), "note-2-abcde"])


def test_rule_4_item_that_another_row_holds_is_not_ours(night: Callable[..., Night]) -> None:
    """Two rows say the same, and the item that one has by now looks like the other's under a suffixed slug."""
    one = night()
    one.sheet = one.rows(101)
    same: dict[int, str | None] = {0: "Same", 100: "Same"}
    one.sheet = one.changed(Title=same, Text=same, Slug={0: "first-abc", 100: "first"})
    one.faults = [{"when": CREATE | {"nth": 2}, "do": "reset_before"}]
    assert one.run(concurrency=1).counts.created == 101
    assert {"first", "first-abc"} <= set(one.published())
    assert len(set(held(one).values())) == 101


def test_rule_4_item_under_the_sent_slug_of_another_unsettled_row_is_not_ours(night: Callable[..., Night]) -> None:
    """It says what the one lost row says, under a slug like its own with a suffix, which another row was sent with."""
    one = night()
    one.sheet = one.rows(2, Title=["One", "Two"], Text=["one", "two"], Slug=["note-1", "note-1-b"])
    one.faults = [LOST]
    theirs: list[str] = []
    meanwhile(one, lambda: theirs.append(made(one, {"name": "One", "slug": "note-1-b", "text": "one"})))
    counts = one.run().counts
    assert (counts.created, counts.rejected) == (1, 1)
    assert one.published() == ["note-1", "note-1-b"]
    assert held(one).keys() == {"note-1"}
    assert theirs[0] not in held(one).values()
    assert one.outcome()[3] == ("rejected", "slug_taken")


def test_rule_4_sent_slugs_are_matched_before_suffixed_ones(night: Callable[..., Night]) -> None:
    """Two lost rows say the same, and the item of one looks like a suffix of the other's: it is its own row's."""
    one = night()
    one.sheet = one.rows(2, Title=["Same", "Same"], Text=["same", "same"], Slug=["note-1", "note-1-b"])
    one.faults = [LOST]
    theirs: list[str] = []
    meanwhile(one, lambda: theirs.append(made(one, {"name": "Same", "slug": "note-1-b", "text": "same"})))
    assert one.run().counts.created == 2
    assert one.published() == ["note-1", "note-1-b"]
    assert held(one)["note-1-b"] == theirs[0], "the row's own, as far as anybody can tell"


@pytest.mark.parametrize("order", ["ignored", "random"])
def test_rule_4_an_order_that_cannot_be_believed_is_no_order(night: Callable[..., Night], order: str) -> None:
    """The listing does not come newest first: an item on its last page is found, and no row is made twice."""
    one = night(listing_order=order, taken_slug="suffix", listing_delay="5")
    one.strangers([content(n) for n in range(1_000, 1_110)])
    one.passes(1_000)
    one.faults = [MADE_AND_LOST]
    before = one.writes()
    one.run()
    assert (one.exit_code, one.writes() - before) == (0, 1)
    assert [slug for slug in one.published() if slug < "note-10"] == ["note-1"]
    assert one.published().count("note-1") == 1
    assert len(one.items(live=False)) == 115


class OldestFirst(Wire):
    """A Webflow whose listings come oldest first, whatever is asked for, once something was made."""

    turned = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.turned and request.method == "GET" and request.url.params.get("sortOrder"):
            request = httpx.Request(
                "GET", request.url.copy_set_param("sortOrder", "asc"), headers=request.headers,
                extensions=request.extensions,
            )  # fmt: skip
        self.turned = self.turned or creates(request)
        return await super().handle_async_request(request)


@pytest.mark.parametrize(
    "times", [pytest.param(1, id="one page of equal stamps shows no order"), pytest.param(2, id="an order that rises")]
)
def test_rule_4_the_oldest_items_do_not_pass_for_the_newest(night: Callable[..., Night], times: int) -> None:
    """The first page is older than the first send, but nothing says that the others are older still: all is read."""
    one = night(taken_slug="suffix", listing_delay="8")
    for start in range(0, 100, 100 // times):
        one.strangers([content(1_000 + n) for n in range(start, start + 100 // times)])
        one.passes(600)
    one.strangers([content(1_100)])
    one.passes(600)
    one.wire = OldestFirst
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "status", "status": 500, "work": "done"}]
    before = one.writes()
    assert one.run().counts.created == 5
    assert one.writes() - before == 1, "nothing was sent again"
    assert set(names(5)) <= set(one.published())


# Rule 5: what may be repeated ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "fault"),
    [
        ("unpublish", {"do": "reset_after"}),
        ("unpublish", {"do": "stray_403"}),
        ("delete", {"do": "reset_after"}),
        ("delete", {"do": "status", "status": 500}),
    ],
)
def test_rule_5_the_removal_of_a_twin_is_repeated_until_it_is_done(
    night: Callable[..., Night], verb: str, fault: dict[str, Any]
) -> None:
    """It is asked for by id: twice does no harm, and an item that is gone is gone."""
    one = night(taken_slug="suffix")
    one.sheet = one.rows(1)
    carried = {"do": "status", "status": 429, "code": "too_many_requests", "work": "done"}
    path = "*/items/live" if verb == "unpublish" else "*/items"
    one.faults = [
        {"when": CREATE | {"nth": 1}} | carried,
        {"when": {"method": "DELETE", "path": path, "nth": 1}} | fault,
    ]
    one.run()
    assert one.exit_code == 0
    complete(one, 1)


# Rule 7 ---------------------------------------------------------------------------------------------------------------


def test_rule_7_a_row_that_is_not_published_adopts_what_is_found(night: Callable[..., Night]) -> None:
    """It left the sheet and was not sent again, and its item was listed later than is assumed."""

    def standing() -> set[str]:
        return {status for (status,) in one.ask_state("SELECT status FROM rows WHERE key <> 'note-6'")}

    one = night(listing_delay="60")
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "status", "status": 500, "work": "done"}]
    one.run(deadline=8.0)
    assert standing() == {"in_flight"}
    one.faults = []
    one.sheet = one.rows(6).tail(1)
    one.passes(5)
    one.run()
    assert standing() == {"pending"}
    one.passes(400)
    one.switches["listing_delay"] = "0"
    one.run()
    assert standing() == {"published"}
    one.sheet = one.rows(6)
    assert one.run().counts.unchanged == 6
    complete(one, 6)


def test_rule_7_what_cannot_be_proven_ours_is_left_and_told(night: Callable[..., Night]) -> None:
    """The row was sent twice and came back altered, for somebody has its slug: theirs stays, and the warning too."""
    one = night(taken_slug="suffix", listing_delay="5")
    one.sheet = one.rows(1)
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "throttle", "retry_after": "2"}]
    theirs: list[str] = []
    meanwhile(one, lambda: theirs.append(made(one, content(1, text="Theirs"))))
    counts = one.run().counts
    assert (counts.created, counts.removed, one.exit_code) == (1, 0, 0)
    assert one.ask_state("SELECT warning FROM rows") == [("slug_altered",)]
    assert theirs[0] in {item["id"] for item in one.items(live=True)}
    assert one.result is not None
    assert any("1 item got another slug" in note for note in one.result.notes)


def test_rule_7_the_older_of_two_is_kept_though_the_row_held_the_newer(night: Callable[..., Night]) -> None:
    """The original stays, whichever the row had; the state names it."""
    one = night(taken_slug="suffix")
    one.sheet = one.rows(1)
    carried = {"do": "status", "status": 429, "code": "too_many_requests", "work": "done"}
    one.faults = [{"when": CREATE | {"nth": 1}} | carried, {"when": {"method": "DELETE"}, "do": "missing_scopes"}]
    one.run()
    stamps = {item["id"]: item["createdOn"] for item in one.items(live=True)}
    assert len(stamps) == 2
    one.faults = []
    one.run()
    assert list(held(one).values()) == [min(stamps, key=lambda item_id: stamps[item_id])]
    complete(one, 1)


# Rule 8 ---------------------------------------------------------------------------------------------------------------


def test_rule_8_a_slug_that_was_seen_held_is_asked_for_before_its_row_is_rejected(night: Callable[..., Night]) -> None:
    """The look-up showed somebody's item; it was deleted since: the row is not rejected for what is gone."""
    one = night()
    ids = one.strangers([content(2, text="Theirs")])
    one.run()
    assert one.outcome()[3] == ("rejected", "slug_taken")

    async def remove(http: httpx.AsyncClient, _site: dict[str, Any], collection: str) -> None:
        await http.request("DELETE", f"/collections/{collection}/items", json={"items": [{"id": ids[0]}]})

    one.outside(remove)
    one.passes(300)
    one.sheet = pl.concat([one.sheet, one.rows(6).tail(1)])
    assert one.run().counts.created == 2
    complete(one, 6)


def test_rule_8_what_was_shown_is_kept_across_runs(night: Callable[..., Night]) -> None:
    """A later run lists only what is younger than the last look-up, and knows the rest from the state file."""
    one = night()
    one.strangers([content(n, text="Theirs") for n in range(100, 400)])
    one.passes(1_000)
    one.sheet = one.rows(150).head(50)
    one.run()
    one.passes(300)
    one.sheet = one.rows(150)
    before = len(one.app.log)
    counts = one.run().counts
    assert (counts.unchanged, counts.created, counts.rejected) == (50, 49, 51)
    listed = [line for line in list(one.app.log)[before:] if "/items" in line["path"] and "slug" not in line["query"]]
    assert len([line for line in listed if line["method"] == "GET"]) <= 4
    with closing(sqlite3.connect(one.state)) as file:
        assert file.execute("SELECT count(*) FROM seen").fetchone()[0] >= 300
