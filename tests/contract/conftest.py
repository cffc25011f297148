"""The sandbox, served by a process of its own: what the official clients talk to."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVER = """
import sys
from pathlib import Path
from importer.sandbox import serve
switches = dict(pair.split("=") for pair in sys.argv[2:])
serve(Path(sys.argv[1]), port=0, switches=switches, on_ready=lambda port: print(port, flush=True))
"""


@contextmanager
def served(file: Path, **switches: str) -> Iterator[str]:
    """Serve a new sandbox until the block ends; gives its base URL."""
    settings = [f"{name}={value}" for name, value in switches.items()]
    process = subprocess.Popen([sys.executable, "-c", SERVER, file, *settings], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port, "the sandbox did not start"
        yield f"http://127.0.0.1:{port}/v2"
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a sandbox with a wide rate limit to all tests of one file."""
    with served(tmp_path_factory.mktemp("sandbox") / "sandbox.db", rate_limit="6000") as base:
        yield base


@pytest.fixture
def narrow_sandbox(tmp_path: Path) -> Iterator[str]:
    """Serve a sandbox that lets two requests a minute through."""
    with served(tmp_path / "sandbox.db", rate_limit="2") as base:
        yield base
