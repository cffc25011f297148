"""Bad rows that only Webflow knows to be bad: found with few requests, and never a good one with them (rule 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import orjson
import pytest

from tests.flows.faulty import CREATE
from tests.flows.secretive import SAYINGS, Secretive, texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night


class Narrow(httpx.AsyncBaseTransport):
    """A wire to a Webflow that takes no more than 60 items at a time."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and len(orjson.loads(request.content)["items"]) > 60:
            return httpx.Response(413, json={"message": "Payload Too Large", "code": "too_large"}, request=request)
        return await self._inner.handle_async_request(request)


def secretive(one: Night, rows: int, guilty: set[int], saying: str) -> None:
    """Let these rows (from 0) be bad, and Webflow say so much of it."""
    one.sheet = one.rows(rows, Text=texts(rows, guilty))
    one.wire = lambda inner: Secretive(inner, saying)


def isolate(one: Night, rows: int, guilty: set[int]) -> int:
    """Run; exactly the guilty rows are rejected and the others published. Gives the number of requests that write."""
    counts = one.run().counts
    assert (counts.created, counts.rejected) == (rows - len(guilty), len(guilty))
    assert {row - 2 for row, (status, _) in one.outcome().items() if status == "rejected"} == guilty
    assert len(one.items(live=True)) == rows - len(guilty)
    return one.writes()


@pytest.mark.parametrize("refusal", ["atomic", "partial", "partial_ahead"])
@pytest.mark.parametrize(("saying", "most"), [*zip(SAYINGS, (6, 9, 54, 54), strict=True)])
def test_bad_rows_are_found_with_few_requests(
    night: Callable[..., Night], refusal: str, saying: str, most: int
) -> None:
    """Four of 300: whatever the answer says of them, and whatever a refused request wrote."""
    one, guilty = night(refusal=refusal), {0, 120, 135, 299}
    secretive(one, 300, guilty, saying)
    assert isolate(one, 300, guilty) <= 3 + most


@pytest.mark.parametrize("saying", [SAYINGS[0], *(pytest.param(one, marks=pytest.mark.soak) for one in SAYINGS[1:])])
def test_systematic_refusal_takes_hardly_more_than_a_request_for_each_row(
    night: Callable[..., Night], saying: str
) -> None:
    """All rows are bad: sizes that keep being refused are not repeated."""
    one, guilty = night(), set(range(120))
    secretive(one, 120, guilty, saying)
    assert isolate(one, 120, guilty) <= 120 * 1.5


def test_row_that_an_answer_names_is_told_its_own_mistake(night: Callable[..., Night]) -> None:
    """One answer names several rows: each is rejected with what it says of that row, and is not sent alone."""
    one = night()
    secretive(one, 60, {3, 40}, "every value")
    assert isolate(one, 60, {3, 40}) == 2
    assert "Text 3 " in one.told(5)
    assert "Text 40 " not in one.told(5)


def test_row_that_shares_the_quoted_value_is_not_rejected_for_it(night: Callable[..., Night]) -> None:
    """Two rows hold the value that the error quotes, one of them is guilty: each is sent alone."""
    one = night()
    one.sheet = one.changed(Text={1: "The same", 3: "the SAME"})
    said = [{"param": "text", "description": "Expected value to be kind: 'The same'"}]
    refusal = {"do": "status", "status": 400, "code": "validation_error", "details": said}
    one.faults = [{"when": CREATE | {"body": "The same"}} | refusal]
    assert isolate(one, 5, {1}) <= 4


def test_rule_3_refusal_is_not_trusted_for_a_good_row_behind_the_first_guilty_one(night: Callable[..., Night]) -> None:
    """The first row and a later one are bad: that nothing was written says nothing of rows ahead of the first."""
    one = night(refusal="partial_ahead", taken_slug="suffix")
    secretive(one, 40, {0, 20}, "a field")
    isolate(one, 40, {0, 20})
    assert not one.ask_state("SELECT 1 FROM facts WHERE name LIKE 'trust:%'")


def test_request_that_is_too_large_is_cut_and_no_later_one_is_as_large(night: Callable[..., Night]) -> None:
    """413 speaks of a request as a whole: its parts are sent, and nobody is searched for."""
    one = night()
    one.sheet = one.rows(400)
    one.wire = Narrow
    assert isolate(one, 400, set()) <= 16


def test_schema_is_read_again_once_a_minute_not_once_a_refusal(night: Callable[..., Night]) -> None:
    """Refusals of values do not each cost a second request."""
    one = night()
    secretive(one, 100, set(range(0, 100, 7)), "a field")
    isolate(one, 100, set(range(0, 100, 7)))
    read = [line for line in one.app.log if line["method"] == "GET" and "/items" not in line["path"]]
    assert len(read) <= 8


def test_row_is_given_up_only_for_failures_that_it_had_alone(night: Callable[..., Night]) -> None:
    """Every third request is answered 500, whatever is in it: nobody is guilty, and nobody is rejected."""
    one = night()
    one.sheet = one.filed(130)
    one.faults = [{"when": CREATE | {"every": 3}, "do": "status", "status": 500}]
    isolate(one, 130, set())
