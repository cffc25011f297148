"""The door to Webflow that every command opens: over HTTP, or to the sandbox inside this process."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from importer.client import Client, connect
from importer.errors import MappingError, UsageError
from importer.model import Clock, SystemClock, Tally
from importer.pacing import Pacer
from importer.settings import sandbox_path

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
    from contextlib import AbstractAsyncContextManager

    from importer.client.local import LocalTransport
    from importer.commands.loading import Job
    from importer.commands.options import RunOptions
    from importer.sandbox import Sandbox
    from importer.settings import Settings

T = TypeVar("T")

_OTHER_SANDBOX = "--sandbox-file PATH says where the sandbox keeps its file."

SANDBOX_RATE = "6000"
"""Requests a minute that the embedded sandbox allows: nobody should wait for a toy."""


@dataclass(frozen=True, slots=True)
class Connection:
    """An open door to Webflow, its time and its count of requests."""

    client: Client
    clock: Clock
    tally: Tally
    embedded: bool


def _by_the_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Door:
    """How a command reaches Webflow, and how it waits for asynchronous work; tests bring their own.

    `now` is the machine's clock, which may be wrong: it is written down for people, and decides nothing.
    """

    open: Callable[[Job], AbstractAsyncContextManager[Connection]]
    wait: Callable[[Coroutine[Any, Any, Any]], Any]
    now: Callable[[], datetime] = _by_the_clock


def front_door() -> Door:
    """Give the door of every ordinary command: over HTTP, or to the sandbox in this process, as the options say.

    However often it is opened, one pace is kept: what was sent before counts in the minute.
    """
    pacer = Pacer()

    def open_(job: Job) -> AbstractAsyncContextManager[Connection]:
        return connection(job.settings, job.options, mapping_path=job.mapping_path, pacer=pacer)

    return Door(open=open_, wait=finished)


@asynccontextmanager
async def connection(
    settings: Settings,
    options: RunOptions,
    *,
    mapping_path: Path | None,
    pacer: Pacer | None = None,
) -> AsyncIterator[Connection]:
    """Open the door that `options` name and close it again; a new sandbox looks for its seed beside the mapping.

    Raises TokenError where a token is needed and there is none.
    """
    clock, tally = SystemClock(), Tally()
    pacer = pacer or Pacer()
    pacer.own_limit = options.requests_per_minute
    token = settings.require_token().reveal()
    app = _embedded(mapping_path, options) if options.sandbox else None
    transport = None if app is None else _transport_to(app)
    try:
        async with connect(settings.base_url, token, transport=transport, concurrency=options.concurrency) as http:
            client = Client(
                http, pacer, clock, tally, patience=min(options.patience, options.deadline or options.patience)
            )
            with _damage_told(app):
                yield Connection(client, clock, tally, embedded=options.sandbox)
    finally:
        if app is not None:
            app.close()


def _transport_to(app: Sandbox) -> LocalTransport:
    from importer.client.local import LocalTransport  # not on the way to the real Webflow: starting is quicker without

    return LocalTransport(app)


@contextmanager
def _damage_told(app: Sandbox | None) -> Iterator[None]:
    """Say what a damaged file of the sandbox means for the person who asked."""
    if app is None:
        yield
        return
    from importer.sandbox import SandboxDamaged  # it is loaded already

    try:
        yield
    except SandboxDamaged as error:
        raise UsageError(
            f"The sandbox cannot use its file: {error}.",
            "Name another file with --sandbox-file; or remove it, and the state file beside it with it.",
        ) from error


def _embedded(mapping_path: Path | None, options: RunOptions) -> Sandbox:
    """Open the sandbox of this process, and make its file where there is none."""
    from importer.sandbox import create_app  # not on the way to the real Webflow: starting is quicker without

    path = sandbox_path(mapping_path, options.sandbox_file)
    try:
        seed = None if path.exists() else seed_beside(Path() if mapping_path is None else mapping_path.parent)
        path.parent.mkdir(parents=True, exist_ok=True)
        return create_app(path, seed=seed, switches={"rate_limit": SANDBOX_RATE})
    except OSError as error:
        raise UsageError(f"The sandbox cannot use {path}: {error.strerror or error}.", _OTHER_SANDBOX) from error
    except ValueError as error:
        raise UsageError(str(error), _OTHER_SANDBOX) from error


def finished(work: Coroutine[Any, Any, T]) -> T:
    """Wait for asynchronous work, also for somebody whose own loop is running (a notebook)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, work).result()


def seed_beside(folder: Path) -> dict[str, Any] | None:
    """Read `sandbox.json` of that folder, from which a new sandbox starts; None where there is none."""
    path = folder / "sandbox.json"
    if not path.exists():
        return None
    try:
        seed = orjson.loads(path.read_bytes())
    except OSError as error:
        raise MappingError(
            f"{path} cannot be read: {error.strerror or error}.", "A new sandbox starts from it; mend it or remove it."
        ) from error
    except orjson.JSONDecodeError as error:
        raise MappingError(
            f"{path} is no JSON: {error}.", "A new sandbox starts from it; mend it or remove it."
        ) from error
    if not isinstance(seed, dict):
        raise MappingError(
            f"{path} does not hold a JSON object.", "A new sandbox starts from it; mend it or remove it."
        )
    return seed
