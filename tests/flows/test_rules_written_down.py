"""Rules 1 to 3, clause by clause: what is written down when, and which rows are in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import orjson
import pytest

from tests.flows.conftest import EVENING
from tests.flows.faulty import CREATE
from tests.flows.notes import Wire, complete, content, creates, names

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night

# Rules 1 and 2 --------------------------------------------------------------------------------------------------------


def test_rule_1_nothing_is_in_flight_while_the_pacer_holds_it_back(night: Callable[..., Night]) -> None:
    """A request is written down once it is let go: what waits a minute for its turn does not count as sent."""
    one = night(rate_limit="6")
    one.sheet = one.filed(100)
    seen: list[int] = []

    def look(request: httpx.Request) -> None:
        if creates(request):
            seen.append(one.ask_state("SELECT count(*) FROM rows WHERE status = 'in_flight'")[0][0])
            assert abs(one.ask_state("SELECT max(julianday(sent_at)) FROM requests")[0][0] - now()) < 2 / 86_400

    def now() -> float:
        return (EVENING + one.hours.now) / 86_400 + 2_440_587.5

    one.wire = lambda inner: Wire(inner, before=look)
    assert one.run().counts.created == 100
    assert one.hours.now > 60
    assert len(seen) == 4


def test_rule_1_watermark_is_the_greatest_stamp_seen_in_any_answer(night: Callable[..., Night]) -> None:
    """An empty collection is a watermark before everything; then what the look-up, and each answer, showed counts."""
    one = night()
    one.run()
    assert one.ask_state("SELECT watermark FROM requests") == [("",)]
    one.passes(1_000)
    one.strangers([content(900)])
    one.passes(1_000)
    one.sheet = one.rows(6)
    one.run()
    one.passes(1_000)
    one.sheet = one.rows(206)
    one.faults = [{"when": CREATE, "do": "slow", "seconds": 30}]
    one.run(concurrency=1)
    marks = [mark for (mark,) in one.ask_state("SELECT watermark FROM requests ORDER BY id")]
    stamps = {item["fieldData"]["slug"]: item["createdOn"][:19] for item in one.items(live=True)}
    shown = [stamps["note-900"], stamps["note-6"], stamps["note-7"]]
    assert [mark[:19] for mark in marks[1:]] == shown, "what a look-up showed, and what each answer did"


def test_rule_2_without_its_slug_a_row_is_matched_by_name_and_content_where_one_fits(
    night: Callable[..., Night],
) -> None:
    """The answer altered every slug: rows go by name and content; two that say the same are in doubt, and read."""
    one = night(answer_order="shuffled")
    one.sheet = one.rows(6, Title=["A", "B", "C", "D", "Same", "Same"], Text=["a", "b", "c", "d", "same", "same"])

    def rename(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if not creates(request):
            return response
        items = orjson.loads(response.content)["items"]
        for item in items:
            item["fieldData"]["slug"] += "-x1y2z"
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        return httpx.Response(202, headers=headers, content=orjson.dumps({"items": items}), request=request)

    one.wire = lambda inner: Wire(inner, after=rename)
    assert one.run().counts.created == 6
    names_by_id = {item["id"]: item["fieldData"]["name"] for item in one.items(live=True)}
    told = {slug: names_by_id[item_id] for slug, item_id in one.ask_state("SELECT slug, item_id FROM rows")}
    altered = {f"note-{n}-x1y2z": name for n, name in enumerate("ABCD", 1)}
    assert told == altered | {"note-5": "Same", "note-6": "Same"}
    assert len(names_by_id) == 6


def test_rule_2_what_rule_7_must_look_at_is_written_down_with_the_answer(night: Callable[..., Night]) -> None:
    """The row came back under another slug though it had been sent before: the process may die right then."""
    one = night(taken_slug="suffix")
    carried = {"do": "status", "status": 429, "code": "too_many_requests", "work": "done"}
    one.faults = [{"when": CREATE | {"nth": 1}} | carried, {"when": {"method": "DELETE"}, "do": "missing_scopes"}]
    one.run()
    answered = one.ask_state("SELECT id FROM requests WHERE verb = 'create' AND outcome = 'answered'")
    assert one.ask_state("SELECT DISTINCT request_id FROM twin_checks") == answered
    assert {warning for (warning,) in one.ask_state("SELECT warning FROM rows")} <= {"slug_altered", None}


def test_rule_2_a_slug_is_always_sent(night: Callable[..., Night]) -> None:
    """Without a rule for it, it is made from the name."""
    one = night()
    one.mapping["fields"] = {"name": "Title", "text": "Text"}
    sent: list[str] = []

    def look(request: httpx.Request) -> None:
        if creates(request):
            sent.extend(item["fieldData"]["slug"] for item in orjson.loads(request.content)["items"])

    one.wire = lambda inner: Wire(inner, before=look)
    assert one.run().counts.created == 5
    assert sorted(sent) == names(5)


# Rule 3 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 500])
def test_rule_3_rows_of_a_chunk_that_was_refused_are_in_doubt_until_a_listing(
    night: Callable[..., Night], status: int
) -> None:
    """Somebody pulls the plug before it is read: none of the rows counts as not written."""
    one = night()
    refusal = {"do": "status", "status": status, "code": "validation_error", "message": "Validation Error"}
    one.faults = [{"when": CREATE | {"nth": 1}} | refusal]
    counts = one.run(deadline=5.0).counts
    assert (counts.in_doubt, counts.not_sent) == (5, 0)
    assert one.outcome() == dict.fromkeys(range(2, 7), ("in_flight", None))
    one.faults = []
    assert one.run().counts.created == 5
    complete(one, 5)
