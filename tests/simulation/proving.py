"""`verify` at the end of a world: what it says is held against what the server has, and twins are healed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.commands.opening import Door
from importer.commands.options import RunOptions
from importer.commands.verify import verify_through
from importer.mapping import parse_mapping
from importer.report.receipts import Verdict
from tests.simulation.late import PATIENCE
from tests.simulation.loop import OwnHours
from tests.simulation.people import leave
from tests.simulation.process import Death, Died
from tests.simulation.seen import BrokenError, Seen

if TYPE_CHECKING:
    from importer.report.receipts import Proof, Receipt, VerifyResult
    from tests.simulation.mix import Mix
    from tests.simulation.webflow import Shown
    from tests.simulation.world import World

KNOWN = {0, 1}
"""How `verify` ends where nothing is in doubt any more and the listing can be read."""

LONGER = 2_000.0
"""Seconds of patience with which a twin that came too late is provable: the user says so by `--patience`."""


def prove_and_heal(world: World, mix: Mix) -> None:
    """Check that each receipt is true, that no stranger is called a twin, and that healing leaves every row an item."""
    patience = world.chance.choice([PATIENCE, LONGER])
    proof, seen = _proven(world, patience), Seen.now(world)
    for receipt in proof.receipts:
        _is_true(world, receipt, seen.items.get(receipt.item_id or ""))
    if proof.listed != len(seen.items):
        raise BrokenError(f"verify listed {proof.listed} items of {len(seen.items)}")
    called = {twin.item_id for twin in proof.twins}
    if called & world.others.keys():
        raise BrokenError(f"verify calls somebody else's items twins: {called & world.others.keys()}")
    _every_twin_is_named(proof, seen)
    if proof.twins:
        if world.chance.random() < HINDERED:
            _hindered(world, mix, patience)
        _heal(world, proof, seen, patience)


HINDERED = 0.5
"""How often the first healing dies, or meets the faults of a night."""


def _every_twin_is_named(proof: Proof, seen: Seen) -> None:
    """Each item of a row besides the one that its receipt names is called a twin, or suspected to be one."""
    held = {receipt.item_id for receipt in proof.receipts}
    named = {stray.item_id for stray in (*proof.twins, *proof.suspects)}
    for items in seen.ours().values():
        more = {item.id for item in items} - held
        if len(items) > 1 and not more <= named and not seen.world.forgot:
            raise BrokenError(f"verify does not name {more - named} of {items}")


def _hindered(world: World, mix: Mix, patience: float) -> None:
    """Heal in a bad night: the process dies, or requests fail; what is left must be healed by the next."""
    chance = world.chance
    death = Death.drawn(chance) if chance.random() < HINDERED else None
    world.faults = [
        {"when": {"method": chance.choice(["DELETE", "GET"]), "nth": chance.randint(1, 3)}} | chance.choice(mix.faults)
        for _ in range(3)
    ]
    _verified(world, patience, heal=True, death=death)
    world.count("verify: healing died" if world.process.dead else "verify: healed in a bad night")
    if world.process.dead:
        world.process.bury()
    world.faults = []
    world.passes(1_000)
    leave(world)


def _heal(world: World, proof: Proof, before: Seen, patience: float) -> None:
    """Heal; of a row's items the oldest that are provably its own stay, and nobody else's goes."""
    healed = _proven(world, patience, heal=True)
    after = Seen.now(world)
    gone = before.items.keys() - after.items.keys()
    lost = before.ours().keys() - after.ours().keys()
    twins = {twin.item_id for twin in proof.twins} | {row["item_id"] for row in before.rows.values()}
    if lost or not gone <= twins or gone & world.others.keys() or world.wrongs:
        raise BrokenError(f"healing removed {gone}; of the notes {lost} nothing is left; {world.wrongs}")
    if any(twin.healable for twin in healed.twins):
        raise BrokenError(f"healing left {healed.twins} of {proof.twins}")
    for twin in proof.twins:
        if twin.healable and twin.item_id in gone:
            stays = next(one for one in healed.receipts if one.key == twin.key).item_id
            if before.items[stays or ""].created_on > before.items[twin.item_id].created_on:
                raise BrokenError(f"healing kept {before.items[stays or '']}, and removed {before.items[twin.item_id]}")
    world.count("verify: healed")


def _proven(world: World, patience: float, *, heal: bool = False) -> Proof:
    """Verify a world without a fault; what it says adds up."""
    result = _verified(world, patience, heal=heal)
    proof = None if result is None else result.proof
    if result is None or result.error is not None or proof is None or result.exit_code not in KNOWN:
        raise BrokenError(f"verify ended with {result and (result.exit_code, result.error)}")
    if not proof.adds_up():
        raise BrokenError(f"verify does not add up: {proof.rows}")
    rows = {one.key: one.verdict.value for one in proof.receipts if one.verdict is not Verdict.PROVEN}
    world.tell(f"VERIFIED {result.exit_code} {rows}")
    return proof


def _verified(world: World, patience: float, *, heal: bool, death: Death | None = None) -> VerifyResult | None:
    """Verify the state file of a world; None where the process died."""
    world.tell(f"VERIFY {'and heal' if heal else ''} {patience} {death}")
    told = world.told
    world.begins()
    world.process.begins(death, None)
    world.clock = OwnHours(world.hours, 0.0)
    door = Door(world._open, world._wait, world._machine_time)
    chosen = RunOptions(state=world.process.state, sandbox=True, patience=patience)
    try:
        with world._watching():
            return verify_through(door, parse_mapping(world.mapping, name="notes"), chosen, heal=heal)
    except Died:
        return None
    finally:
        world.told = told


def _is_true(world: World, receipt: Receipt, item: Shown | None) -> None:
    """Hold a receipt against the item that it names."""
    match receipt.verdict:
        case Verdict.PROVEN:
            true = item is not None and item.slug == receipt.slug and item.live == (receipt.status == "published")
            true = true and item is not None and item.text == item.original
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
