"""The official Node client against the served sandbox; `make sdk` installs it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NODE = Path(__file__).parent / "node"


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed; `make sdk` needs it and npm")
@pytest.mark.skipif(
    not (NODE / "node_modules" / "webflow-api").is_dir(), reason="run `make sdk`: it installs webflow-api"
)
def test_the_node_client_reads_the_sandbox(sandbox: str) -> None:
    """All that the script beside this test asks of the sandbox, many items in one call included."""
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap", "sdk.test.mjs"],
        cwd=NODE,
        env={**os.environ, "SANDBOX_URL": sandbox},
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert done.returncode == 0, done.stdout + done.stderr
