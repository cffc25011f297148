"""Rules 6 and 7 where the sheet gives a row another slug while its first request is in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.flows.faulty import CREATE
from tests.flows.notes import content
from tests.flows.verifying import proof_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night


@pytest.mark.parametrize("taken_slug", ["refuse", "suffix"])
@pytest.mark.parametrize("moved", [True, False])
def test_rule_6_row_of_an_earlier_run_is_looked_up_before_it_is_sent_again(
    night: Callable[..., Night], taken_slug: str, *, moved: bool
) -> None:
    """Its request wrote nothing, and by now somebody else's item has the slug: the row is rejected, not renamed."""
    one = night(taken_slug=taken_slug)
    one.mapping["key"] = {"from": "Text"}
    one.sheet = one.rows(1)
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "reset_before"}]
    assert one.run(deadline=5.0).counts.in_doubt == 1
    one.faults = []
    slug = "elsewhere" if moved else "note-1"
    one.strangers([content(9, slug=slug)])
    one.sheet = one.changed(Slug={0: slug})
    one.passes(1_000)

    counts = one.run().counts

    assert (counts.rejected, counts.created) == (1, 0)
    assert one.ask_state("SELECT status, error_code FROM rows") == [("rejected", "slug_taken")]
    assert one.published() == [slug]


def test_draft_that_a_look_up_finds_is_published_where_it_is_meant_live_by_now(night: Callable[..., Night]) -> None:
    """Webflow said 429 and made the draft; the next run means it live and has other text: it publishes the draft."""
    one = night()
    one.sheet = one.rows(1)
    lie = {"do": "status", "status": 429, "work": "done", "headers": {"Retry-After": "600"}}
    one.faults = [{"when": {"method": "POST", "nth": 1}} | lie]
    one.run(draft=True, deadline=5.0)
    assert one.ask_state("SELECT status FROM rows") == [("pending",)]
    one.faults = []
    one.sheet = one.changed(Text={0: "Another text"})
    one.passes(1_000)

    counts = one.run().counts

    assert (one.exit_code, counts.updated) == (0, 1)
    assert one.published() == ["note-1"]


def test_rule_7_twin_under_a_slug_that_the_row_no_longer_has_is_named(night: Callable[..., Night]) -> None:
    """A commit beyond patience comes under the first slug, the row is there under the second: `verify` names both."""
    one = night(taken_slug="suffix")
    one.mapping["key"] = {"from": "Text"}
    one.sheet = one.rows(1)
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "timeout_then_commit", "seconds": 900, "wait": 1}]
    assert one.run(deadline=5.0).counts.in_doubt == 1
    one.faults = []
    one.sheet = one.changed(Slug={0: "elsewhere"})
    one.passes(500)
    one.run()
    one.passes(1_000)

    proof = proof_of(one)

    assert one.published() == ["elsewhere", "note-1"]
    assert [stray.slug for stray in (*proof.twins, *proof.suspects)] == ["note-1"]
