"""The rules of the state file, each by its number: what a crash, a lost answer or a refusal may not do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest

from tests.flows.faulty import CREATE
from tests.flows.notes import Wire, complete, content, creates, names

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night


# Rules 1 and 2 --------------------------------------------------------------------------------------------------------


def test_rule_1_rows_are_written_down_before_they_are_sent(night: Callable[..., Night]) -> None:
    """When a create goes on the wire, the state file holds its rows as in flight, as sent."""
    one = night()
    one.sheet = one.rows(230)
    seen = []

    def look(request: httpx.Request) -> None:
        if creates(request):
            slugs = {item["fieldData"]["slug"] for item in orjson.loads(request.content)["items"]}
            known = {slug for (slug,) in one.ask_state("SELECT slug_sent FROM rows WHERE status = 'in_flight'")}
            assert slugs <= known
            seen.append(len(slugs))

    one.wire = lambda inner: Wire(inner, before=look)
    one.run()
    assert sorted(seen) == [30, 100, 100]


def test_rule_1_watermark_of_the_first_send_is_kept(night: Callable[..., Night]) -> None:
    """A row that is sent again keeps the watermark of its first send, though the collection has gone on."""
    one = night()
    one.sheet = one.rows(230)
    one.strangers([content(900)])
    one.passes(100)
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "reset_before"}]
    one.run()
    first, kept, latest = one.ask_state(
        "SELECT f.watermark, rows.first_watermark, l.watermark FROM rows JOIN requests f ON f.id = rows.first_request"
        " JOIN requests l ON l.id = rows.request WHERE rows.attempts = 2"
    )[0]
    assert first == kept
    assert kept < latest


@pytest.mark.parametrize("shape", ["items", "list"])
def test_rule_2_answers_are_matched_never_by_position(night: Callable[..., Night], shape: str) -> None:
    """Shuffled answers that leave out an item: each row has the item with its own slug; the missing one is settled."""
    one = night(answer_order="shuffled", answer_shape=shape)
    one.sheet = one.rows(120)

    def shorten(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if not creates(request) or response.status_code != 202:
            return response
        body = orjson.loads(response.content)
        kept = (body if isinstance(body, list) else body["items"])[1:]
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        return httpx.Response(202, headers=headers, content=orjson.dumps({"items": kept}), request=request)

    one.wire = lambda inner: Wire(inner, after=shorten)
    assert one.run().counts.created == 120
    complete(one, 120)


def test_rule_2_altered_slug_is_published_with_a_warning(night: Callable[..., Night]) -> None:
    """A server that suffixes a slug which no look-up showed: published, warned about, both slugs kept."""
    one = night(taken_slug="suffix", listing_delay="30")
    one.strangers([content(2, text="Mine")])
    counts = one.run().counts
    assert (counts.created, one.exit_code) == (5, 0)
    line = one.ask_state("SELECT slug_sent, slug, warning FROM rows WHERE source_row = 3")[0]
    assert line[0] == "note-2"
    assert line[1].startswith("note-2-")
    assert line[2] == "slug_altered"
    assert len(one.items(live=True)) == 6


def test_rule_2_altered_slug_is_remembered_when_the_draft_is_published(night: Callable[..., Night]) -> None:
    """The warning belongs to the slug, and stays as long as that is another one than was sent."""
    one = night(taken_slug="suffix", listing_delay="30")
    one.strangers([content(2, text="Mine")])
    one.run(draft=True)
    one.passes(60)
    one.run()
    sent, slug, status, warning = one.ask_state(
        "SELECT slug_sent, slug, status, warning FROM rows WHERE source_row = 3"
    )[0]
    assert (slug != sent, status, warning) == (True, "published", "slug_altered")


# Rule 3 ---------------------------------------------------------------------------------------------------------------


def dead(number: int, place: int) -> list[str | None]:
    return [None] * place + ["https://example.com/dead.png"] + [None] * (number - place - 1)


def test_rule_3_refusals_are_trusted_only_after_a_listing_has_shown_it(night: Callable[..., Night]) -> None:
    """The first refused chunk is settled by listings; once it is known to be whole, later ones wait for nothing."""
    one = night()
    good = ["https://example.com/ok.png"] * 20
    one.sheet = one.rows(20, Photo=[*good[:9], "https://example.com/dead.png", *good[10:]])
    counts = one.run().counts
    assert (counts.created, counts.rejected) == (19, 1)
    assert one.hours.now > 10
    assert one.ask_state("SELECT value FROM facts WHERE name = 'trust:validation_error'") == [("whole",)]
    one.passes(600)
    second = [*good[:4], "https://example.com/dead.png", *good[5:]]
    one.sheet = one.rows(20, Slug=[f"note-{n}" for n in range(101, 121)], Photo=second)
    before = one.hours.now
    counts = one.run().counts
    assert (counts.created, counts.rejected) == (19, 1)
    assert one.hours.now - before < 10


@pytest.mark.parametrize("refusal", ["partial", "partial_ahead"])
def test_rule_3_refusals_that_wrote_something_are_never_trusted(night: Callable[..., Night], refusal: str) -> None:
    """Where a refused chunk wrote its good rows, they are found and not sent again."""
    one = night(refusal=refusal)
    one.sheet = one.rows(60, Photo=dead(60, 30))
    counts = one.run().counts
    assert (counts.created, counts.rejected) == (59, 1)
    assert not one.ask_state("SELECT value FROM facts WHERE name LIKE 'trust:%'")
    assert len(one.items(live=False)) == 59


# Rules 4 and 6 --------------------------------------------------------------------------------------------------------


def test_rule_4_late_commit_within_patience_is_adopted(night: Callable[..., Night]) -> None:
    """The answer is lost and the work is done 50 s later: no row is sent before that can be excluded."""
    one = night()
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "timeout_then_commit", "seconds": 50, "wait": 1}]
    before = one.writes()
    assert one.run(patience=60.0).counts.created == 5
    assert one.writes() - before == 1
    complete(one, 5)


def test_rule_4_look_alike_of_somebody_else_is_neither_adopted_nor_removed(night: Callable[..., Night]) -> None:
    """An item that looks like a suffixed one of ours, but was there before: it stays as it is, and ours is made."""
    one = night(taken_slug="suffix")
    made = one.strangers([content(2, slug="note-2-abcde")])
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "reset_before"}]
    assert one.run().counts.created == 5
    one.passes(600)
    one.faults = []
    one.run()
    assert one.published() == sorted([*names(5), "note-2-abcde"])
    assert not one.ask_state("SELECT 1 FROM rows WHERE item_id = ?", made[0])


def test_rule_4_item_of_a_row_under_way_is_nobody_elses(night: Callable[..., Night]) -> None:
    """A lost row and one under way say the same, and its slug looks suffixed: each gets an item of its own."""
    one = night()
    one.sheet = one.rows(120)
    one.sheet = one.changed(Title={110: "Note 1"}, Text={110: "Text of note 1"}, Slug={110: "note-1-b"})
    one.faults = [
        {"when": CREATE | {"nth": 1}, "do": "reset_before"},
        {"when": CREATE | {"nth": 2}, "do": "slow_answer", "seconds": 100},
    ]
    counts = one.run(patience=60.0).counts
    assert (counts.created, counts.removed, one.exit_code) == (120, 0, 0)
    assert one.published() == sorted({*names(120), "note-1-b"} - {"note-111"})
    assert one.run().counts.unchanged == 120


@pytest.mark.parametrize("taken", ["refuse", "suffix"])
@pytest.mark.parametrize("rows", [1, 5])
def test_rule_6_slug_taken_after_a_resend_is_settled_not_rejected(
    night: Callable[..., Night], rows: int, taken: str
) -> None:
    """A 429 that was carried out all the same: the second send finds the slugs taken, by the rows' own items."""
    one = night(taken_slug=taken)
    one.sheet = one.rows(rows)
    done = {"do": "status", "status": 429, "code": "too_many_requests", "work": "done"}
    one.faults = [{"when": CREATE | {"nth": 1}} | done]
    counts = one.run().counts
    assert (counts.created, counts.rejected, one.exit_code) == (rows, 0, 0)
    complete(one, rows)
    assert counts.removed == (rows if taken == "suffix" else 0)


def test_rule_6_slug_of_a_deleted_item_is_slug_held(night: Callable[..., Night]) -> None:
    """A slug that Webflow says is taken while no item that has it can be read."""
    one = night(deleted_slug="held")
    ids = one.strangers([content(2)])

    async def delete(http: httpx.AsyncClient, site: dict[str, Any], collection: str) -> None:
        await http.request("DELETE", f"/collections/{collection}/items", json={"items": [{"id": ids[0]}]})

    one.outside(delete)
    counts = one.run().counts
    assert (counts.created, counts.rejected) == (4, 1)
    assert one.outcome()[3] == ("rejected", "slug_held")


def test_rule_6_slug_taken_by_an_item_that_came_meanwhile_names_it(night: Callable[..., Night]) -> None:
    """An item that no look-up showed has the slug: Webflow refuses, and the row names who has it."""
    one = night(listing_delay="5")
    made = one.strangers([content(2, text="Mine")])
    counts = one.run().counts
    assert (counts.created, counts.rejected) == (4, 1)
    assert one.outcome()[3] == ("rejected", "slug_taken")
    assert made[0] in one.told(3)


# Rule 7 ---------------------------------------------------------------------------------------------------------------


def test_rule_7_suffixed_twin_is_removed_and_the_original_kept(night: Callable[..., Night]) -> None:
    """A row that became two items: the older, with the sent slug, stays, and the state holds it."""
    one = night(taken_slug="suffix")
    one.sheet = one.rows(120)
    done = {"do": "status", "status": 429, "code": "too_many_requests", "work": "done"}
    one.faults = [{"when": CREATE | {"nth": 2}} | done]
    one.run()
    complete(one, 120)
    assert one.run().counts.unchanged == 120


def test_rule_7_twin_that_could_not_be_removed_is_looked_at_by_the_next_run(night: Callable[..., Night]) -> None:
    """The token is revoked before the twin is gone: the run stops, and the next one removes it."""
    one = night(taken_slug="suffix")
    done = {"do": "status", "status": 429, "code": "too_many_requests", "work": "done"}
    one.faults = [{"when": CREATE | {"nth": 1}} | done, {"when": {"method": "DELETE"}, "do": "missing_scopes"}]
    one.run()
    assert one.exit_code == 3
    one.faults = []
    one.run()
    assert one.exit_code == 0
    complete(one, 5)


def test_rule_7_open_requests_are_closed_by_a_later_run(night: Callable[..., Night]) -> None:
    """No request stays open for ever: a run after its patience looks for its twins and closes it."""
    one = night()
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "status", "status": 500}]
    one.run(patience=300.0)
    assert one.ask_state("SELECT count(*) FROM requests WHERE open") == [(1,)]
    one.faults = []
    one.passes(400)
    before = one.hours.now
    one.run(patience=300.0)
    assert one.ask_state("SELECT count(*) FROM requests WHERE open") == [(0,)]
    assert one.hours.now - before < 5
    complete(one, 5)


# Rule 9 ---------------------------------------------------------------------------------------------------------------


def test_rule_9_quoted_value_isolates_the_guilty_at_once(night: Callable[..., Night]) -> None:
    """An error that quotes the value: the row that has it is cut apart, the others go together."""
    one = night()
    one.sheet = one.rows(100)
    detail = [{"param": "text", "description": "Is too long: 'Text of note 77'"}]
    refusal = {"do": "status", "status": 400, "code": "validation_error", "message": "Validation Error"}
    one.faults = [{"when": CREATE | {"body": "Text of note 77"}} | refusal | {"details": detail}]
    counts = one.run().counts
    assert (counts.created, counts.rejected) == (99, 1)
    assert one.outcome()[78] == ("rejected", "refused")
    assert one.writes() == 2, "the row that is named is not sent again"


def test_rule_9_poison_row_is_rejected_and_the_others_published(night: Callable[..., Night]) -> None:
    """One row that is always answered 500 without a sign which: narrowed, rejected (`server_error`)."""
    one = night()
    one.sheet = one.rows(230)
    one.faults = [{"when": CREATE | {"body": '"slug":"note-150"'}, "do": "status", "status": 500}]
    counts = one.run().counts
    assert (counts.created, counts.rejected, one.exit_code) == (229, 1, 1)
    assert one.outcome()[151] == ("rejected", "server_error")


@pytest.mark.parametrize("fault", ["refuse", "reset_before"])
def test_rule_9_outage_stops_within_bounded_requests(night: Callable[..., Night], fault: str) -> None:
    """Nothing succeeds: exit 5 after a bounded number of requests, and the next run completes."""
    one = night()
    one.sheet = one.filed(1_250)
    one.faults = [{"when": CREATE, "do": fault}]
    counts = one.run(patience=60.0).counts
    assert one.exit_code == 5
    assert counts.created == 0
    assert len(one.app.log) < 200
    one.faults = []
    one.passes(600)
    assert one.run(patience=60.0).counts.created == 1_250
    assert len(one.items(live=True)) == 1_250


def test_rule_9_stray_403s_cost_nothing(night: Callable[..., Night]) -> None:
    """Every fifth create is answered a stray 403: sent again once a single request succeeds."""
    one = night()
    one.sheet = one.filed(250)
    one.faults = [{"when": CREATE | {"every": 5}, "do": "stray_403"}]
    assert one.run().counts.created == 250
    complete(one, 250)


def test_rule_9_plan_limit_stops_the_run(night: Callable[..., Night]) -> None:
    """The site's plan holds no more items: exit 4, no row is blamed, and with more room the run goes on."""
    one = night(plan_limit="130")
    one.sheet = one.rows(230)
    counts = one.run().counts
    assert one.result is not None
    assert one.result.error is not None
    assert (one.exit_code, one.result.error.code) == (4, "plan_limit")
    assert counts.rejected == 0
    assert counts.created + counts.not_sent + counts.in_doubt == 230
    one.switches["plan_limit"] = "0"
    one.passes(600)
    assert one.run().counts.rejected == 0
    assert one.exit_code == 0
    complete(one, 230)


def test_rule_9_schema_changed_in_the_middle_stops_the_run(night: Callable[..., Night]) -> None:
    """A field became required while the run went on: exit 4, instead of rejecting row after row."""
    one = night()
    one.sheet = one.rows(230)
    state = {"posts": 0}

    def change(request: httpx.Request) -> None:
        state["posts"] += creates(request)
        if state["posts"] == 2 and creates(request):
            one.app.world.connection.execute(
                "UPDATE collections SET body = replace(body, '\"isRequired\":false', '\"isRequired\":true')"
            )

    one.wire = lambda inner: Wire(inner, before=change)
    counts = one.run().counts
    assert one.result is not None
    assert one.result.error is not None
    assert (one.exit_code, one.result.error.code) == (4, "collection_changed")
    assert counts.rejected == 0


def test_rule_9_token_revoked_in_the_middle_stops_the_run(night: Callable[..., Night]) -> None:
    """Exit 3; with a token again the next run completes."""
    one = night()
    one.sheet = one.filed(250)
    one.faults = [{"when": CREATE | {"nth": 4}, "do": "revoked"}]
    counts = one.run().counts
    assert one.exit_code == 3
    assert counts.created + counts.in_doubt + counts.not_sent == 250
    one.app._revoked.clear()
    one.faults = []
    one.run()
    assert one.exit_code == 0
    complete(one, 250)
