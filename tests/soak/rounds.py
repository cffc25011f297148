"""One round: every act of its plan, then a run that nobody disturbs, then the proof."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.flows.processes import until
from tests.soak.desk import BrokenError, Desk, age_lock, holds_lock
from tests.soak.disks import can_be_closed, limit_files
from tests.soak.proof import asked, hasty_verdicts, prove, stage_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.soak.plans import Act, Plan
    from tests.soak.processes import Running

Codes = dict[int, set[str | None]]

DONE: Final[Codes] = {0: {None}, 1: {None}}
"""How a run ends that has done its work: the sheet is good, or some rows of it are bad."""

BROKEN_WIRE: Final[Codes] = {5: {"outage"}, 7: {None}}
SAID: Final = 1 << 14
"""Bytes that a run may always write: what it says goes into files, too."""

SIGNALS: Final = {"Ctrl-C": (signal.SIGINT, 130), "SIGTERM": (signal.SIGTERM, 143)}


@dataclass(slots=True)
class Round:
    """What became of a round: `void` says why it proves nothing (a machine too busy to keep what it promised)."""

    desk: Desk
    void: str = ""


def play(plan: Plan, folder: Path, bug: str = "") -> Round:
    """Play a round, with a mistake planted where one is named; raises BrokenError with its story."""
    desk = Desk(plan, folder, bug)
    try:
        with desk:
            desk.count("round", "with commands as anybody types them" if plan.typed else "with forked processes")
            desk.tell(f"{len(plan.sheet.notes)} rows, {len(plan.sheet.bad())} bad; {plan.switches}")
            desk.tell(f"patience {plan.patience} s, answers within {plan.timeout} s, creates take {plan.pace} s")
            for act in plan.acts:
                _played(desk, act)
            _proven(desk)
            return Round(desk)
    except AssertionError as error:
        broken = error if isinstance(error, BrokenError) else BrokenError(f"{type(error).__name__}: {error}")
        broken.story = desk.story
        if desk.too_late():
            return Round(desk, f"{desk.too_late()} ({broken})")
        if broken is error:
            raise
        raise broken from error


def _played(desk: Desk, act: Act) -> None:
    """Play one act, and see that the state file says nothing that is not so."""
    desk.tell(f"ACT {act.what} at {act.moment}; wire {act.tricks}, faults {act.faults}")
    desk.misbehave(act)
    PLAYED[act.what](desk, act)
    for trick, times in desk.proxy.took().items():
        desk.happened["wire", trick] += times
    desk.count_faults()
    wrong = hasty_verdicts(desk.plan.sheet, desk.items(), desk.state) if desk.state.exists() else []
    desk.require(not wrong, "; ".join(wrong[:3]))


def _usual(act: Act) -> Codes:
    return DONE | BROKEN_WIRE if act.breaks_the_wire else DONE


def _reached(desk: Desk, run: Running, act: Act) -> bool:
    """Wait for the moment of an act; whether the run still runs then."""
    moment, seen = act.moment, desk.proxy.seen
    holds: dict[str, Callable[[], bool]] = {
        "start": lambda: True,
        "request": lambda: seen.requests >= moment.nth,
        "create": lambda: seen.creates >= moment.nth,
        "created": lambda: seen.created >= moment.nth,
    }
    deadline = time.monotonic() + 60
    while not holds[moment.after]():
        if run.is_over or time.monotonic() > deadline:
            desk.happened["moment", "never came"] += 1
            return False
        time.sleep(0.002)
    time.sleep(moment.later)
    if run.is_over:
        desk.happened["moment", "came too late"] += 1
        return False
    return True


def _kill(desk: Desk, act: Act) -> None:
    before = len(_runs(desk))
    run = desk.start(act)
    if not _reached(desk, run, act):
        desk.ended(run, _usual(act))
    elif desk.kill(run):
        desk.count("kill -9", stage_of(desk.state, before) if desk.state.exists() else "before it began")
        desk.ended(run, {-9: {None}})
    else:
        desk.ended(run, _usual(act))


def _frozen(desk: Desk, run: Running, act: Act) -> bool:
    """Stop a run at its moment, if it still holds its lock then."""
    if not _reached(desk, run, act):
        return False
    run.signal(signal.SIGSTOP)
    if holds_lock(desk.state):
        return True
    desk.happened["moment", "came too late"] += 1
    run.signal(signal.SIGCONT)
    return False


def _freeze(desk: Desk, act: Act) -> None:
    run = desk.start(act)
    if _frozen(desk, run, act):
        stopped = time.monotonic()
        _refuse_second(desk, run)
        time.sleep(max(0.0, act.seconds - (time.monotonic() - stopped)))
        desk.count("trouble", "SIGSTOP for longer than the time-out, then SIGCONT")
        run.signal(signal.SIGCONT)
    desk.ended(run, _usual(act))


def _freeze_and_kill(desk: Desk, act: Act) -> None:
    run = desk.start(act)
    if not _frozen(desk, run, act):
        desk.ended(run, _usual(act))
        return
    _refuse_second(desk, run)
    desk.kill(run)
    desk.count("trouble", "the frozen holder of the lock killed, the next run at once")
    desk.ended(run, {-9: {None}})
    desk.misbehave(None)
    desk.ended(desk.start(), DONE)


def _refuse_second(desk: Desk, holder: Running) -> None:
    """A second run is refused by the lock, however old that looks, and told who holds it."""
    age_lock(desk.state)
    ended = desk.ended(desk.start(), {5: {"locked"}})
    named = f"process {holder.process.pid} on " in ended.json["error"]["message"]
    desk.require(named, f"the second run was told: {ended.json['error']}")
    desk.count("trouble", "a second run, refused by the lock")


def _interrupt(desk: Desk, act: Act) -> None:
    number, code = SIGNALS[act.what]
    run = desk.start(act)
    if _reached(desk, run, act):
        until(lambda: run.hears(signal.SIGTERM))
        run.signal(number)
        desk.count("trouble", act.what)
    desk.ended(run, _usual(act) | {code: {"interrupted"}})


def _full_disk(desk: Desk, act: Act) -> None:
    if not desk.disk.is_own:
        _small_files(desk, act)
        return
    run = desk.start(act)
    reached = _reached(desk, run, act)
    if reached:
        desk.disk.fill(act.room)
        desk.count("trouble", f"disk full, {'nothing' if not act.room else 'a few kB'} left")
    desk.ended(run, _usual(act) | ({5: {"disk_full", "outage"}} if reached else {}))
    desk.disk.empty()


def _small_files(desk: Desk, act: Act) -> None:
    """No file may grow: what a quota does, and needs no rights."""
    run = desk.start(act)
    reached = _reached(desk, run, act)
    if reached:
        sizes = [path.stat().st_size for path in desk.disk.folder.iterdir() if path.is_file()]
        if limit_files(run.process.pid, max([SAID, *sizes]) + act.room):
            desk.count("trouble", "no file may grow any more (RLIMIT_FSIZE)")
    desk.ended(run, _usual(act) | ({5: {"disk_full", "outage"}} if reached else {}))


def _read_only(desk: Desk, act: Act) -> None:
    """A run that cannot write sends nothing."""
    if not can_be_closed(desk.folder):
        desk.count("trouble", "read-only folder: not possible here")
        return
    desk.disk.close()
    try:
        ended = desk.ended(desk.start(act), {2: {"state"}})
        desk.require("--state" in ended.err + ended.out, f"a read-only folder, and it says: {ended.err}")
        desk.require(not desk.proxy.seen.creates, "something was sent from a read-only folder")
        desk.count("trouble", "read-only folder")
    finally:
        desk.disk.open()


def _restart(desk: Desk, act: Act) -> None:
    run = desk.start(act)
    if _reached(desk, run, act):
        desk.restart(act.seconds)
        desk.count("trouble", "sandbox killed and started again")
    desk.ended(run, _usual(act))


def _refused(desk: Desk, act: Act) -> None:
    run = desk.start(act)
    if _reached(desk, run, act):
        desk.proxy.down()
        time.sleep(act.seconds)
        desk.proxy.up()
        desk.count("trouble", "connections refused for a while")
    desk.ended(run, _usual(act))


def _undisturbed(desk: Desk, act: Act) -> None:
    desk.ended(desk.start(act), _usual(act))


PLAYED: Final[dict[str, Callable[[Desk, Act], None]]] = {
    "kill": _kill,
    "freeze": _freeze,
    "freeze and kill": _freeze_and_kill,
    "Ctrl-C": _interrupt,
    "SIGTERM": _interrupt,
    "full disk": _full_disk,
    "file size limit": _small_files,
    "read-only folder": _read_only,
    "sandbox restarted": _restart,
    "connections refused": _refused,
    "wire and faults only": _undisturbed,
}


def _runs(desk: Desk) -> list[dict[str, Any]]:
    return asked(desk.state, "SELECT run FROM runs") if desk.state.exists() else []


def _proven(desk: Desk) -> None:
    """Run once more in peace, and see that everything is right; now and then once more, which changes nothing."""
    desk.tell("THE LAST RUN")
    desk.misbehave(None)
    sheet = desk.plan.sheet
    bad, good = len(sheet.bad()), len(sheet.good())
    code = 1 if bad else 0
    last = desk.ended(desk.start(), {code: {None}})
    fit = (
        last.items["rejected"] == bad and last.items["unchanged"] + last.items["created"] + last.items["staged"] == good
    )
    desk.require(fit, f"the last run counts {last.items}, of {good} good rows and {bad} bad ones")
    rejects = last.json["runs"][0]["rejects"]
    items = desk.items()
    proof = prove(sheet, items, desk.state, desk.folder / "desk" / rejects if rejects else None, desk.others)
    if proof.wrong:
        broken = BrokenError("\n".join(proof.wrong[:10]))
        broken.lost, broken.doubled = proof.lost, proof.doubled
        raise broken
    desk.require_no_token()
    if desk.plan.twice:
        again = desk.ended(desk.start(), {code: {None}})
        desk.require(again.items["unchanged"] == good, f"a run that had nothing to do counts {again.items}")
        desk.require(desk.items() == items, "a run that had nothing to do changed items")
        desk.count("trouble", "a run with nothing to do")
