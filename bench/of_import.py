"""`importer run` over loopback, against a script that sends and remembers nothing.

Both leave the photos out: the importer sends items with files in smaller chunks, for Webflow fetches each file.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from bench.measuring import IMPORTER, Taken, compared, ended, in_turns, middle, surroundings, table, take
from bench.sheets import BAD_IN, HEADER, mapping_of, write_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS = 10_000
GOOD = ROWS - ROWS // BAD_IN + 1
"""One bad row is bad only for its photo."""
ROUNDS = 5
MOST = 2.0
TOKEN = "sandbox"


def bench_import(folder: Path) -> None:
    """Measure a whole import into a collection that is empty, in another new sandbox each time."""
    write_sheet(folder / "products.csv", ROWS)
    without_files = [column for column in HEADER if column != "Photo"]
    (folder / "products.toml").write_text(mapping_of(without_files, "products.csv"), encoding="utf-8")
    servers: list[Taken] = []
    again: list[Taken] = []
    ours, plain = "importer run", "bulk script without state"
    contenders = {
        ours: lambda: _ours(folder, servers, again),
        plain: lambda: _plain(folder, servers),
    }
    taken = in_turns(contenders, ROUNDS)
    taken["the same run again: nothing to send"] = middle(again)
    table(f"Import: {ROWS:,} rows in chunks of 100, 4 in flight", taken, ROWS)
    times = taken[ours].seconds / taken[plain].seconds
    compared("times the bulk script", f"{times:.1f}x", f"at most {MOST:.0f}x", met=times <= MOST)
    print(f"    the sandbox, a process beside them, took {middle(servers).processor:.1f} CPU s of each of both")


def _ours(folder: Path, servers: list[Taken], again: list[Taken]) -> Taken:
    """Import, and import again into the same sandbox."""
    command = [IMPORTER, "run", "products.toml", "--state", "state.db", "--json", "--quiet"]
    with _served(folder, servers) as url:
        command += ["--base-url", url]
        once = take(command, folder, ends=(1,), WEBFLOW_TOKEN=TOKEN)
        again.append(take(command, folder, ends=(1,), WEBFLOW_TOKEN=TOKEN))
        created = json.loads(once.printed)["runs"][0]["items"]["created"]
        unchanged = json.loads(again[-1].printed)["runs"][0]["items"]["unchanged"]
        _require_published(url, created, unchanged)
    _remove(folder, "state.db")
    return once


def _plain(folder: Path, servers: list[Taken]) -> Taken:
    with _served(folder, servers) as url:
        taken = take([sys.executable, "-m", "bench.plain_import", "products.csv", url, TOKEN], folder)
        _require_published(url, int(taken.printed))
    return taken


@contextmanager
def _served(folder: Path, servers: list[Taken]) -> Iterator[str]:
    """Serve a new sandbox that throttles nobody; gives the base URL, and notes what the server took."""
    command = [IMPORTER, "sandbox", "sandbox.db", "--port", "0", "--switch", "rate_limit=1000000"]
    server = subprocess.Popen(
        command, cwd=folder, env=surroundings(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        assert server.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", server.stderr.readline())
        if found is None:
            raise SystemExit("the sandbox did not start")
        yield f"{found[0]}/v2"
    finally:
        servers.append(ended(server))
        if server.stderr is not None:
            server.stderr.close()
        _remove(folder, "sandbox.db")


def _require_published(url: str, *said: int) -> None:
    """Refuse to count an import that left something out, or did not say how many items it made."""
    site = _got(f"{url}/sites")["sites"][0]["id"]
    collections = _got(f"{url}/sites/{site}/collections")["collections"]
    collection = next(one["id"] for one in collections if one["slug"] == "products")
    total = _got(f"{url}/collections/{collection}/items/live?limit=1")["pagination"]["total"]
    if {total, *said} != {GOOD}:
        raise SystemExit(f"{total} items are published, and {said} were said to be, not {GOOD}")


def _got(url: str) -> Any:
    with urlopen(Request(url, headers={"Authorization": f"Bearer {TOKEN}"})) as answer:
        return json.load(answer)


def _remove(folder: Path, name: str) -> None:
    """Remove a database with what SQLite and the lock keep beside it."""
    for path in folder.glob(f"{name}*"):
        path.unlink()
