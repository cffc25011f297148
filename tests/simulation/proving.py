"""`verify` at the end of a world: what it says is held against what the server has, and twins are healed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.commands.opening import Door
from importer.commands.options import RunOptions
from importer.commands.verify import verify_through
from importer.mapping import parse_mapping
from importer.pacing import Pacer
from importer.report.receipts import Verdict
from tests.simulation.invariants import BrokenError, Seen
from tests.simulation.world import PATIENCE, OwnHours

if TYPE_CHECKING:
    from importer.report.receipts import Proof, Receipt
    from tests.simulation.webflow import Shown
    from tests.simulation.world import World

KNOWN = {0, 1}
"""How `verify` ends where nothing is in doubt any more and the listing can be read."""


def prove_and_heal(world: World) -> None:
    """Check that each receipt is true, that no stranger is called a twin, and that healing leaves every row an item."""
    proof = _verified(world, heal=False)
    seen = Seen.now(world)
    for receipt in proof.receipts:
        _is_true(world, receipt, seen.items.get(receipt.item_id or ""))
    if proof.listed != len(seen.items):
        raise BrokenError(f"verify listed {proof.listed} items of {len(seen.items)}")
    called = {twin.item_id for twin in proof.twins}
    if called & world.others.keys():
        raise BrokenError(f"verify calls somebody else's items twins: {called & world.others.keys()}")
    if proof.twins:
        _heal(world, proof, seen)


def _heal(world: World, proof: Proof, before: Seen) -> None:
    healed, after = _verified(world, heal=True), Seen.now(world)
    gone = before.items.keys() - after.items.keys()
    lost = before.ours().keys() - after.ours().keys()
    if lost or gone & world.others.keys() or len(gone) != healed.removed:
        raise BrokenError(f"healing removed {gone}; of the notes {lost} nothing is left")
    if any(twin.healable for twin in healed.twins):
        raise BrokenError(f"healing left {healed.twins} of {proof.twins}")
    world.count("verify: healed")


def _verified(world: World, *, heal: bool) -> Proof:
    """Verify the state file of a world, without a fault; what it says adds up."""
    world.tell(f"VERIFY {'and heal' if heal else ''}")
    told = world.told
    world._begin(None)
    world.process.begins(None, None)
    world.pacer, world.clock = Pacer(), OwnHours(world.hours, 0.0)
    door = Door(world._open, world._wait, world._machine_time)
    chosen = RunOptions(state=world.process.state, sandbox=True, patience=PATIENCE)
    with world._watching():
        result = verify_through(door, parse_mapping(world.mapping, name="notes"), chosen, heal=heal)
    world.told = told
    proof = result.proof
    if result.error is not None or proof is None or result.exit_code not in KNOWN or not proof.adds_up():
        raise BrokenError(f"verify ended with {result.exit_code}: {result.error}, {proof and proof.rows}")
    rows = {one.key: one.verdict.value for one in proof.receipts if one.verdict is not Verdict.PROVEN}
    world.tell(f"VERIFIED {result.exit_code} {rows}")
    return proof


def _is_true(world: World, receipt: Receipt, item: Shown | None) -> None:
    """Hold a receipt against the item that it names."""
    match receipt.verdict:
        case Verdict.PROVEN:
            true = item is not None and item.slug == receipt.slug and item.live == (receipt.status == "published")
            true = true and item is not None and not item.text.startswith("Edited")
        case Verdict.EDITED:
            true = item is not None and (item.id in world.touched or "text" not in (receipt.fields or ("text",)))
        case Verdict.MISSING:
            true = item is None
        case Verdict.NOT_LIVE | Verdict.MADE_LIVE:
            true = item is not None and item.live == (receipt.verdict is Verdict.MADE_LIVE)
        case Verdict.IN_DOUBT | Verdict.UNKNOWN:
            true = False
        case _:
            true = True
    if not true:
        raise BrokenError(f"verify calls row {receipt.row} {receipt.verdict}: {receipt}; its item: {item}")
