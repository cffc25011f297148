"""What is broken around an import (the sandbox's file, its seed, proxies, certificates) is said, with the way out."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from importer.cli import front

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.capture import CaptureFixture


@pytest.mark.parametrize("verb", ["check", "run", "doctor"])
def test_a_damaged_sandbox_is_said(place: Path, verb: str, capsys: CaptureFixture[str]) -> None:
    """Exit 2, with the way out."""
    assert front.answer(["check", "tags.toml", "--sandbox", "--quiet"]) == 1
    kept = place / ".importer" / "sandbox.db"
    whole = kept.read_bytes()
    kept.write_bytes(whole[:4096] + b"\x5a" * (len(whole) - 4096))
    capsys.readouterr()
    assert front.answer([verb, "tags.toml", "--sandbox"]) == 2
    said = capsys.readouterr()
    assert "The sandbox cannot use its file" in said.out + said.err
    assert "--sandbox-file" in said.out + said.err


@pytest.mark.parametrize(
    ("seed", "said"),
    [
        (None, "sandbox.json cannot be read: Is a directory."),
        ('{"collections": 5}', "The seed is not built like one"),
        ('{"collections": ["x"]}', "The seed is not built like one"),
        ('{"site": []}', "The seed is not built like one"),
        ("[1]", "does not hold a JSON object"),
    ],
)
def test_a_seed_that_is_none_is_said(place: Path, seed: str | None, said: str, capsys: CaptureFixture[str]) -> None:
    """People write their own beside the mapping; nothing is made of a wrong one."""
    if seed is None:
        (place / "sandbox.json").mkdir()
    else:
        (place / "sandbox.json").write_text(seed, encoding="utf-8")
    assert front.answer(["check", "tags.toml", "--sandbox", "--quiet"]) == 2
    assert said in capsys.readouterr().err
    assert not (place / ".importer" / "sandbox.db").exists()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ALL_PROXY", "nonsense://me:hunter2@proxy.example", "A proxy that the environment names is no address."),
        ("ALL_PROXY", "socks5://me:hunter2@127.0.0.1:9", "Proxies of the kind SOCKS are not supported."),
    ],
)
def test_an_environment_that_no_request_can_use_is_said(
    place: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str, capsys: CaptureFixture[str]
) -> None:
    """Before anything is sent, and without the password of a proxy."""
    assert place
    monkeypatch.setenv("WEBFLOW_TOKEN", "x")
    monkeypatch.setenv(name, value)
    assert front.answer(["check", "tags.toml", "--quiet", "--base-url", "https://webflow.invalid/v2"]) == 2
    answer = capsys.readouterr().err
    assert said in answer
    assert "hunter2" not in answer


@pytest.mark.parametrize("file", ["/no/such/file", "tags.toml"])
def test_certificates_that_cannot_be_read_are_said(place: Path, file: str) -> None:
    """In a process of its own, for certificates are read once in each."""
    command = [sys.executable, "-m", "importer", "check", "tags.toml", "--base-url", "https://webflow.invalid/v2"]
    environment = {**os.environ, "WEBFLOW_TOKEN": "x", "SSL_CERT_FILE": file}
    ended = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "The certificates that the environment names cannot be read" in ended.stderr
