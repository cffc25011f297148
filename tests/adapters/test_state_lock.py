"""Who holds a state file, and what a run leaves that is killed: real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from importer.errors import Locked, StateError
from importer.model import Status
from importer.state import Adopted, Published, State

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """
import sys
from pathlib import Path
from importer.state import State
with State.open(Path(sys.argv[1])) as state, state.lock():
    print("held", flush=True)
    sys.stdin.read()
"""

SENDER = """
import sys
from pathlib import Path
from importer.model import Item, Status
from importer.state import Identity, Published, Sent, State
with State.open(Path(sys.argv[1])) as state:
    state.claim(Identity("products", "site-1", "collection-1"))
    run = state.start_run(mapping="products", source="p.csv", mode="create")
    first = state.latest_request() * 20
    print("ready", flush=True)
    for start in range(first, first + 100_000, 20):
        keys = [f"k{number}" for number in range(start, start + 20)]
        sent = [Sent(Item(k, "", 2, (2,), k, k, False, False, b"{}", 0, "h", "f", "r"), "p.csv") for k in keys]
        request = state.begin(run=run, verb="create", endpoint="live", watermark=None, at=None, sent=sent)
        published = [Published("", key, f"id-{key}", key, Status.PUBLISHED) for key in keys]
        state.finish(request, outcome="answered", at=None, published=published)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".importer" / "products.db"


def child(script: str, path: Path) -> subprocess.Popen[str]:
    started = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert started.stdout is not None
    assert started.stdout.readline().strip() in {"held", "ready"}
    return started


def kill(started: subprocess.Popen[str]) -> None:
    os.kill(started.pid, signal.SIGKILL)
    started.communicate()


def test_lock_of_a_living_process_holds_and_its_death_frees_it(path: Path) -> None:
    """Two runs never share a state; a killed one leaves no lock behind, however old it is."""
    holder = child(HOLDER, path)
    try:
        with State.open(path) as state:
            with pytest.raises(Locked, match=rf"process {holder.pid} on .+ last sign of life") as caught, state.lock():
                pytest.fail("the lock was given twice")
            assert caught.value.exit_code == 5
            kill(holder)
            with state.lock():
                pass
    finally:
        kill(holder) if holder.poll() is None else None


def test_lock_is_not_given_twice_in_one_process(path: Path) -> None:
    """Two runs of a library user in one process are two runs."""
    with State.open(path) as one, State.open(path) as two:
        with one.lock():
            with pytest.raises(Locked, match=f"process {os.getpid()}"), two.lock():
                pytest.fail("the lock was given twice")
            one.beat()
        assert not path.with_name("products.db.lock.json").exists()
        with two.lock():
            pass


def test_lock_is_freed_by_a_failing_run(path: Path) -> None:
    """An exception ends the hold like any other end."""
    with State.open(path) as state:
        with pytest.raises(RuntimeError), state.lock():
            raise RuntimeError
        with state.lock():
            pass


def test_lock_says_who_holds_it_even_if_the_note_is_unreadable(path: Path) -> None:
    """The note is for people; without it the lock holds all the same."""
    with State.open(path) as one, State.open(path) as two, one.lock():
        path.with_name("products.db.lock.json").write_text("[")
        with pytest.raises(Locked, match=r"products\.db\."), two.lock():
            pytest.fail("the lock was given twice")


def test_lock_that_cannot_be_made_names_the_way_out(path: Path) -> None:
    """Where there can be no lock there is no run."""
    with State.open(path) as state:
        path.with_name("products.db.lock").mkdir()
        with pytest.raises(StateError, match="cannot be locked") as caught, state.lock():
            pytest.fail("a folder was locked")
        assert "--state" in caught.value.hint


def test_killed_run_leaves_every_row_published_or_in_flight(path: Path) -> None:
    """Whenever `kill -9` comes, the file is whole: each row is finished with its request, or in doubt with it."""
    for moment in (0.0, 0.05, 0.15):
        sender = child(SENDER, path)
        time.sleep(moment)
        kill(sender)
        with State.open(path) as state:
            assert state._file.all("PRAGMA integrity_check") == [("ok",)]
            counted = state.count_rows()
            requests = state.latest_request()
            doubts = state.doubts()
            assert sum(counted.values()) == requests * 20
            assert counted[Status.PUBLISHED] + counted[Status.IN_FLIGHT] == requests * 20
            assert len(doubts) == counted[Status.IN_FLIGHT]
            assert {doubt.request.id for doubt in doubts} <= {requests}
            assert state.interrupted(None) == bool(doubts)
            assert state.runs()[-1].finished_at is None
            state.release([(doubt.row.locale, doubt.row.key) for doubt in doubts])
            left = list(state.all_rows(Status.PENDING))
            state.adopt(
                [Adopted(Published(row.locale, row.key, f"id-{row.key}", row.key, Status.PUBLISHED)) for row in left]
            )
