"""A sheet at a web address, through whole commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.cli.front import answer
from importer.commands.check import check
from importer.commands.options import RunOptions
from importer.commands.retry import retry
from importer.commands.run import run
from importer.errors import SourceError, UsageError
from tests.shelf import Answer, Shelf, open_shelf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAPPING = 'collection = "tags"\n[source]\npath = "{}"\n[fields]\nname = "Name"\nslug = "Slug"\ncolor = "Colour"\n'
SHEET = "Name,Slug,Colour\nFood,food,#ff0000\nTravel,travel,reddish\n"
MENDED = SHEET.replace("reddish", "#00ff00")
PATH = "/spreadsheets/pub?output=csv&key=very-secret"


class Listener:
    def __init__(self) -> None:
        self.said: list[str] = []

    def progress(self, progress: object) -> None:
        """Ignore it."""

    def say(self, sentence: str) -> None:
        self.said.append(sentence)


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with open_shelf() as one:
        yield one


def mapping_of(folder: Path, address: str) -> Path:
    path = folder / "tags.toml"
    path.write_text(MAPPING.format(address), encoding="utf-8")
    return path


def test_a_published_sheet_is_run_and_retried(tmp_path: Path, shelf: Shelf) -> None:
    """Fetched once for each command; the state keeps the address as it was given, for `retry` needs all of it."""
    address = shelf.sheet(PATH, SHEET)
    mapping, heard = mapping_of(tmp_path, address), Listener()
    first = run(mapping, None, RunOptions(sandbox=True), observer=heard)
    assert (first.exit_code, first.as_json()["runs"][0]["source"]) == (1, address)
    assert len(shelf.asked) == 1
    shown = address.partition("?")[0]
    assert f"Fetching {shown}." in heard.said
    assert f"{shown}: UTF-8, delimiter ',', header in row 1" in heard.said
    assert not any("very-secret" in line for line in heard.said)
    shelf.sheet(PATH, MENDED)
    again = retry(mapping, None, RunOptions(sandbox=True))
    assert (again.error, again.runs[0].read, again.runs[0].source) == (None, 2, address)
    assert len(shelf.asked) == 2


def test_no_summary_shows_what_stands_behind_the_question_mark(
    tmp_path: Path, shelf: Shelf, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key in the address opens the sheet to everybody who reads the log of a run."""
    mapping = str(mapping_of(tmp_path, shelf.sheet(PATH, SHEET)))
    for verb in ("check", "run", "status", "retry", "verify"):
        answer([verb, mapping, "--sandbox"])
        told = capsys.readouterr()
        assert "very-secret" not in told.out + told.err, verb
        assert verb == "verify" or "pub" in told.out, verb


def test_an_address_on_the_command_line_wins_over_the_mapping(tmp_path: Path, shelf: Shelf) -> None:
    """As any sheet does."""
    mapping = mapping_of(tmp_path, "nothing.csv")
    result = check(mapping, shelf.sheet("/tags.csv", MENDED), RunOptions(sandbox=True))
    assert (result.exit_code, result.runs[0].read) == (0, 2)


def test_no_copy_is_left_behind(tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither of a sheet that was read nor of one that was not."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    check(mapping_of(tmp_path, shelf.sheet("/tags.csv", MENDED)), None, RunOptions(sandbox=True))
    page = shelf.put("/page.csv", Answer(b"<html>", headers={"Content-Type": "text/html"}))
    refused = check(mapping_of(tmp_path, page), None, RunOptions(sandbox=True))
    assert isinstance(refused.error, SourceError)
    assert refused.error.message == f"{page} gives a web page, and no sheet."
    assert list(folder.iterdir()) == []


def test_offline_means_offline(tmp_path: Path, shelf: Shelf) -> None:
    """Nothing is asked."""
    address = shelf.sheet("/tags.csv", MENDED)
    result = check(mapping_of(tmp_path, address), None, RunOptions(sandbox=True, offline=True))
    assert isinstance(result.error, UsageError)
    assert result.error.message == f"--offline uses no network, but the sheet lies at {address}."
    assert shelf.asked == []
