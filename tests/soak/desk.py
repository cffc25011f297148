"""A desk on which one round is played: a sandbox, a proxy before it, a disk for the state file, and every run."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from tests.flows.processes import ROOT, Ended, Served, until
from tests.soak.disks import Disk, limit_memory
from tests.soak.processes import Command, HungError, ServedForked
from tests.soak.proof import items_in
from tests.soak.proxy import Proxy
from tests.soak.sheets import TOKEN, write_site

if TYPE_CHECKING:
    from pathlib import Path

    from tests.soak.plans import Act, Plan
    from tests.soak.processes import Running

MEMORY: Final = 4 << 30
"""Bytes of address space that a process of ours may take."""

LONGEST: Final = 90.0
"""Seconds that a run may take, on a machine that others use too."""


class BrokenError(AssertionError):
    """Something that must hold does not; `story` is what happened until then."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.story: list[str] = []
        self.lost = self.doubled = 0


@dataclass(slots=True)
class Desk:
    """Where the commands of one round are typed; `happened` counts (kind, what), `story` tells it.

    `bug` names a mistake that is planted in every run.
    """

    plan: Plan
    folder: Path
    bug: str = ""
    happened: Counter[tuple[str, str]] = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    others: list[dict[str, Any]] = field(default_factory=list)
    said: list[Ended] = field(default_factory=list)
    started: list[Running] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)
    served: Served = field(init=False)
    proxy: Proxy = field(init=False)
    disk: Disk = field(init=False)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(self._end_all)
            self.disk = Disk.at(self.folder / "state", own=self.plan.needs_a_disk)
            stack.callback(self.disk.remove)
            for name in ("webflow", "desk", "said"):
                (self.folder / name).mkdir()
            write_site(self.folder / "webflow")
            self.plan.sheet.write(self.folder / "desk")
            self._serve()
            stack.callback(lambda: self.served.__exit__(None, None, None))
            self.proxy = stack.enter_context(Proxy(self._port()))
            self._invite_strangers()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    @property
    def state(self) -> Path:
        """The state file."""
        return self.disk.folder / "notes.db"

    @property
    def sandbox_file(self) -> Path:
        """The sandbox's own database."""
        return self.folder / "webflow" / "webflow.db"

    def tell(self, text: str) -> None:
        """Add to the story."""
        self.story.append(f"{time.monotonic() - self.began:7.3f}  {text}")

    def count(self, kind: str, what: str) -> None:
        """Count what happened, and tell it."""
        self.happened[kind, what] += 1
        self.tell(f"{kind}: {what}")

    # The sandbox -----------------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        self.served = Served(self.sandbox_file) if self.plan.typed else ServedForked(self.sandbox_file)
        self.served.switch(self.plan.switches)

    def _port(self) -> int:
        return int(self.served.address.rpartition(":")[2])

    def restart(self, seconds: float) -> None:
        """Kill the sandbox, and start it again after a while; what has not fired of its faults is forgotten."""
        self.count_faults()
        self.served.__exit__(None, None, None)
        time.sleep(seconds)
        self._serve()
        self.proxy.port = self._port()

    def misbehave(self, act: Act | None) -> None:
        """Plan what goes wrong at the sandbox and on the wire during an act; None: nothing."""
        slow = {"when": {"method": "POST"}, "do": "slow", "seconds": self.plan.pace}
        self.served.plan(*(act.faults if act else ()), *([slow] if self.plan.pace and act else []))
        self.proxy.plan(list(act.tricks) if act else [])

    def count_faults(self) -> None:
        """Count the faults of the sandbox that fired since the last plan."""
        for rule in self.served.report()["faults"]:
            name = f"{rule['do']} {rule.get('status', '')}".strip()
            if rule["fired"] and "nth" in rule["when"]:
                self.count("fault", f"{rule['when']['method']} {name}")

    def _invite_strangers(self) -> None:
        """Somebody else has made items before."""
        if self.plan.sheet.strangers:
            self.served.make("notes", self.plan.sheet.strangers, token=TOKEN)
            time.sleep(float(self.plan.switches.get("listing_delay", "0")))  # "before" is when they can be seen
        self.others = items_in(self.sandbox_file)

    def items(self) -> list[dict[str, Any]]:
        """Every item, once no request is on its way or put off."""
        until(lambda: not self.served.report()["late"], seconds=20, pause=0.05)
        return items_in(self.sandbox_file)

    def too_late(self) -> str:
        """Say whether the machine was too busy to keep what is assumed of Webflow: then a round proves nothing."""
        most = self.plan.timeout + 0.8 * self.plan.patience
        late = self.proxy.longest
        return f"a request was held for {late:.1f} s where {most:.1f} s were the most" if late > most else ""

    # Runs ------------------------------------------------------------------------------------------------------------

    def start(self, act: Act | None = None) -> Running:
        """Start a run: in a hurry during an act, else as anybody would."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("WEBFLOW_", "IMPORTER_"))}
        more = {"WEBFLOW_TOKEN": TOKEN, "PYTHONPATH": str(ROOT), "POLARS_MAX_THREADS": "1", "IMPORTER_DEBUG": "1"}
        more |= {"PYTHONDONTWRITEBYTECODE": "1"}  # a module compiled without room on the disk would stay cut off
        hurry = {"IMPORTER_SOAK_TIMEOUT": str(self.plan.timeout)} if act else {}
        hurry |= {"IMPORTER_SOAK_BUG": self.bug} if self.bug else {}
        arguments = (
            *("run", "notes.toml", "--json", "--base-url", f"{self.proxy.address}/v2", "--state", str(self.state)),
            *("--patience", f"{self.plan.patience * 1000:.0f}ms", "--concurrency", str(act.concurrency if act else 4)),
        )
        said = [self.folder / "said" / f"{len(self.started)}.{end}" for end in ("out", "err")]
        command = Command(arguments, self.folder / "desk", clean | more | hurry, *said)
        run = command.typed() if self.plan.typed else command.forked()
        limit_memory(run.process.pid, MEMORY)
        self.started.append(run)
        return run

    def ended(self, run: Running, allowed: dict[int, set[str | None]]) -> Ended:
        """Wait for the end of a run; `allowed` maps exit codes to codes of errors."""
        try:
            ended = run.ended(LONGEST)
        except HungError as late:
            raise BrokenError("a run hung") from late
        self.said.append(ended)
        self.require(not _lives(run.process.pid), "a run left processes behind")
        code = ended.code
        told = ended.json if code >= 0 else {"error": None, "runs": []}
        error = told["error"]["code"] if told["error"] else None
        self.count("exit", f"{code} {error}" if error else str(code))
        self.tell(f"      {ended.seconds:.1f} s, {ended.items if told['runs'] else told['error']}")
        right = code in allowed and error in allowed[code]
        self.require(right, f"a run ended with {code} ({told['error']}), not with {allowed}; it said:\n{ended.err}")
        if told["runs"]:
            self._counts_fit(code, ended.items)
        return ended

    def _counts_fit(self, code: int, items: dict[str, int]) -> None:
        left = items["in_doubt"] + items["not_sent"]
        self.require(items["total"] == len(self.plan.sheet.notes), f"the run counts {items}")
        self.require(not (code in {0, 1} and left), f"the run ended with {code}, and {items}")
        self.require(code != 0 or not items["rejected"], f"the run ended with 0, and {items}")
        self.require(code != 7 or items["in_doubt"] > 0, f"the run ended with 7, and {items}")

    def kill(self, run: Running) -> bool:
        """Kill a run at once; whether it was still running."""
        run.signal(signal.SIGKILL)
        return run.process.wait(20) == -signal.SIGKILL

    def require(self, holds: object, what: str) -> None:
        """Break the round if something does not hold."""
        if not holds:
            raise BrokenError(what)

    def require_no_token(self) -> None:
        """The token stands in no file of ours, and nobody has said it."""
        self.require(not any(TOKEN in text for one in self.said for text in (one.out, one.err)), "the token was said")
        files = [path for place in ("desk", "state") for path in (self.folder / place).rglob("*") if path.is_file()]
        told = [str(path) for path in files if TOKEN.encode() in path.read_bytes()]
        self.require(not told, f"the token stands in {told}")

    def _end_all(self) -> None:
        """End what a broken round has left, and nothing else."""
        for run in self.started:
            run.signal(signal.SIGKILL)
            run.process.wait(20)


def _lives(group: int) -> bool:
    """Whether a process of that group still runs."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def holds_lock(state: Path) -> bool:
    """Whether somebody says that he holds the lock; he takes that back before he lets the lock go."""
    return state.with_name(f"{state.name}.lock.json").exists()


def age_lock(state: Path) -> None:
    """Let the lock look as old as can be: nothing is to be decided by that."""
    told = state.with_name(f"{state.name}.lock.json")
    old = re.sub(r'"heartbeat":"[^"]*"', '"heartbeat":"2001-01-01T00:00:00+00:00"', told.read_text(encoding="utf-8"))
    json.loads(old)
    told.write_text(old, encoding="utf-8")
    for path in (told, state.with_name(f"{state.name}.lock")):
        os.utime(path, (1e9, 1e9))
