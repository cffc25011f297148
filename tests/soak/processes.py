"""The processes of a soak: commands as anybody types them, or forked from a process that has loaded everything.

Loading the modules is most of what a short run costs. A forked run is a process like any other: it has its own number,
it can be stopped and killed, and it runs the same command line.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from tests.flows.processes import Ended, Served

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerContext
    from multiprocessing.process import BaseProcess

LOADED = (
    "importer.cli.front",
    "importer.commands.run",
    "importer.commands.sandbox",
    "importer.report.workbook",
    "uvicorn",
)
"""What a process that others are forked from has loaded."""


class HungError(Exception):
    """A process did not end in time."""


class Process(Protocol):
    """A process of ours."""

    @property
    def pid(self) -> int:
        """Its number."""

    def poll(self) -> int | None:
        """Its exit code (the negative number of the signal that killed it); None while it runs."""

    def wait(self, timeout: float) -> int:
        """Wait for its end; raises HungError."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A process that was started as anybody starts it."""

    popen: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.popen.pid

    def poll(self) -> int | None:
        return self.popen.poll()

    def wait(self, timeout: float) -> int:
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired as late:
            raise HungError(f"It runs for {timeout:.0f} s.") from late


@dataclass(frozen=True, slots=True)
class Forked:
    """A process that was forked."""

    process: BaseProcess

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def poll(self) -> int | None:
        return self.process.exitcode

    def wait(self, timeout: float) -> int:
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise HungError(f"It runs for {timeout:.0f} s.")
        return self.process.exitcode


@dataclass(slots=True)
class Running:
    """A run of the importer; what it says goes into two files."""

    process: Process
    out: Path
    err: Path
    began: float = field(default_factory=time.monotonic)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def hears(self, number: int) -> bool:
        """Whether a signal would find the command: before it is there, Python itself would answer."""
        try:
            told = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        except FileNotFoundError:  # it has ended, or this is no Linux
            return True
        masks = re.findall(r"^Sig(?:Blk|Cgt):\s*([0-9a-f]+)$", told, re.MULTILINE)
        return any(int(mask, 16) >> (number - 1) & 1 for mask in masks)

    def signal(self, number: int) -> None:
        """Send a signal to this process, if it has not ended, and to no other."""
        if not self.is_over:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, number)

    def ended(self, timeout: float) -> Ended:
        """Wait for its end; raises HungError."""
        code = self.process.wait(timeout)
        seconds = time.monotonic() - self.began
        return Ended(code, self.out.read_text(encoding="utf-8"), self.err.read_text(encoding="utf-8"), seconds)


@dataclass(frozen=True, slots=True)
class Command:
    """A command line of the importer, where it is typed, and what it finds in the environment."""

    arguments: tuple[str, ...]
    folder: Path
    environment: dict[str, str]
    out: Path
    err: Path

    def typed(self) -> Running:
        """Start it as anybody does."""
        hasty = any(name.startswith("IMPORTER_SOAK_") for name in self.environment)
        with self.out.open("wb") as out, self.err.open("wb") as err:
            popen = subprocess.Popen(
                [sys.executable, "-m", "tests.soak.hasty" if hasty else "importer", *self.arguments],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                process_group=0,
            )
        return Running(Typed(popen), self.out, self.err)

    def forked(self) -> Running:
        """Start it in a process that is forked."""
        for said in (self.out, self.err):  # it may be killed before it makes them
            said.touch()
        process = _nursery().Process(target=_typed_in, args=(self,))
        process.start()
        return Running(Forked(process), self.out, self.err)


def _nursery() -> ForkServerContext:
    context = get_context("forkserver")
    context.set_forkserver_preload(list(LOADED))
    return context


def _typed_in(command: Command) -> None:
    """Become a command, in a process of its own."""
    os.setpgid(0, 0)
    _speak_into(command.out, command.err)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(command.folder)
    os.environ.clear()
    os.environ.update(command.environment)
    sys.argv = ["importer", *command.arguments]
    sys.dont_write_bytecode = True  # the environment is read too late for that
    from tests.soak.hasty import main_in_a_hurry

    main_in_a_hurry()


def _speak_into(out: Path, err: Path) -> None:
    """Lead both streams of this process into files; nothing is to be read."""
    for number, path, way in ((0, os.devnull, os.O_RDONLY), (1, out, os.O_WRONLY), (2, err, os.O_WRONLY)):
        opened = os.open(path, way | os.O_CREAT, 0o644)
        os.dup2(opened, number)
        os.close(opened)


class ServedForked(Served):
    """A sandbox that `importer sandbox` serves in a process that is forked."""

    def __init__(self, file: Path) -> None:
        ours, theirs = get_context("forkserver").Pipe(duplex=False)
        self._forked = _nursery().Process(target=_serve, args=(file, theirs))
        self._forked.start()
        theirs.close()
        assert ours.poll(60), "the sandbox does not say where it is"
        self.address = f"http://127.0.0.1:{ours.recv()}"
        self.base_url = f"{self.address}/v2"
        self._http = httpx.Client(base_url=self.address, timeout=30)

    def __exit__(self, *exc: object) -> None:
        self._http.close()
        self._forked.kill()
        self._forked.join(20)


def _serve(file: Path, ready: Connection[Any, Any]) -> None:
    """Become `importer sandbox`, and say which port it is."""
    from importer.commands.sandbox import sandbox

    os.chdir(file.parent)  # where the seed is
    sandbox(file, port=0, switches={"rate_limit": "6000"}, on_ready=ready.send)
