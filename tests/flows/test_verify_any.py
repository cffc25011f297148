"""Whatever somebody does in Webflow, the receipts name exactly that; and healing undoes nothing but doubling."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.flows.conftest import Night
from tests.flows.verifying import Somebody, by_row, item_of, proof_of, twice, verdicts

ROWS = 8

VERDICTS = {
    "nothing": "proven",
    "edits": "edited",
    "renames": "edited",
    "deletes": "missing",
    "unpublishes": "not_live",
    "doubles": "proven",
    "loses the original": "unrecorded",
    "edits the twin": "proven",
}
"""What somebody does to a row that is live, and the verdict on it."""

DEEDS = st.lists(st.sampled_from(sorted(VERDICTS)), min_size=ROWS, max_size=ROWS)
SWITCHES = st.fixed_dictionaries(
    {
        "live_in_staged": st.sampled_from(["yes", "no"]),
        "listing_order": st.sampled_from(["as_asked", "ignored", "random"]),
        "listing_sort": st.sampled_from(["supported", "refused"]),
    }
)


def done_by_hand(somebody: Somebody, deed: str, row: int, twins: list[str]) -> None:
    """Do it; `twins` takes the items that are provably a row's own, and that it does not hold."""
    if deed == "edits":
        somebody.edits(row, text="by hand")
    elif deed == "renames":
        somebody.edits(row, slug=f"renamed-{row}")
    elif deed == "deletes":
        somebody.deletes(row)
    elif deed == "unpublishes":
        somebody.unpublishes(row)
    elif deed == "doubles":
        twins.append(somebody.doubles(row - 1))
    elif deed == "loses the original":
        somebody.doubles(row - 1)
        somebody.deletes(row)
    elif deed == "edits the twin":
        somebody.doubles(row - 1, text="by hand")


@settings(max_examples=4, deadline=None, derandomize=True)
@given(DEEDS, SWITCHES, st.integers(0, 3))
def test_receipts_name_exactly_what_was_done(deeds: list[str], switches: dict[str, str], others: int) -> None:
    """Each row has the verdict of what was done to it, counts add up, and healing removes exactly the twins."""
    told_and_healed(deeds, switches, others)


@pytest.mark.soak
@pytest.mark.timeout(600)
@settings(max_examples=150, deadline=None)
@given(DEEDS, SWITCHES, st.integers(0, 3))
def test_receipts_name_exactly_what_was_done_many_times(
    deeds: list[str], switches: dict[str, str], others: int
) -> None:
    """The same, much longer."""
    told_and_healed(deeds, switches, others)


def told_and_healed(deeds: list[str], switches: dict[str, str], others: int) -> None:
    """Let somebody work, and look at what is said and healed."""
    with TemporaryDirectory() as folder:
        night = Night(Path(folder), seed=None, taken_slug="suffix", **switches)
        night.sheet = night.rows(ROWS)
        twice(night)
        somebody, twins = Somebody(night), list[str]()
        for row, deed in enumerate(deeds, 2):
            done_by_hand(somebody, deed, row, twins)
        strangers = night.strangers([{"name": "Other", "slug": f"other-{n}"} for n in range(others)])
        proof = proof_of(night)
        told = {row: VERDICTS[deed] for row, deed in enumerate(deeds, 2)}
        assert {row: one.verdict.value for row, one in by_row(proof).items()} == told
        assert {one.item_id for one in proof.twins} == set(twins)
        assert len(proof.strangers) == others + deeds.count("edits the twin")
        assert proof.unsettled == deeds.count("loses the original")
        held = {row: item_of(night, row) for row, verdict in told.items() if verdict != "unrecorded"}
        healed = proof_of(night, heal=True)
        assert (healed.removed, healed.twins) == (len(twins), ())
        assert len(healed.strangers) == len(proof.strangers)
        assert verdicts(healed) == {row: one for row, one in told.items() if one not in {"proven", "unrecorded"}}
        assert {row: item_of(night, row) for row in held} == held
        left = {item["id"] for live in (True, False) for item in night.items(live=live)}
        assert left.isdisjoint(twins)
        assert set(strangers) <= left
        assert verdicts(proof_of(night)) == verdicts(healed)
        night.app.close()
