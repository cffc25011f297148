"""`from importer import run, check, load_mapping`: the commands without the command line."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import polars as pl
import pytest

import importer
import importer.errors as importer_errors
from importer import RunOptions, check, load_mapping, run
from importer.errors import MappingError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.capture import CaptureFixture

TAGS = 'collection = "tags"\n[fields]\nname = "Name"\nslug = "Slug"\ncolor = "Colour"\n'
FRAME = pl.DataFrame({"Name": ["Food", "Travel"], "Slug": ["food", "travel"], "Colour": ["#ff0000", None]})


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    """A mapping file without a sheet of its own."""
    path = tmp_path / "tags.toml"
    path.write_text(TAGS, encoding="utf-8")
    return path


def test_a_frame_is_checked_and_run_and_nothing_is_printed(mapping: Path, capfd: CaptureFixture[str]) -> None:
    """The library takes a path or a polars frame, and prints nothing."""
    options = RunOptions(sandbox=True, state=mapping.parent / "tags.db")
    assert check(mapping, FRAME, options).runs[0].counts.not_sent == 2
    first = run(load_mapping(mapping), FRAME, options)
    assert (first.exit_code, first.runs[0].counts.created, first.runs[0].source) == (0, 2, "<frame>")
    again = run(mapping, FRAME, options)
    assert (again.exit_code, again.runs[0].counts.unchanged) == (0, 2)
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_a_column_of_lists_matters_only_where_the_mapping_uses_it(mapping: Path) -> None:
    """A frame may hold anything beside what is imported; what is asked for must be cells."""
    options = RunOptions(sandbox=True, state=mapping.parent / "tags.db")
    frame = FRAME.with_columns(pl.Series("more", [["a", "b"], []]))
    assert check(mapping, frame, options).runs[0].counts.not_sent == 2
    mapping.write_text(TAGS + 'description = "More "\n', encoding="utf-8")
    result = check(mapping, frame, options)
    assert isinstance(result.error, importer.SourceError)
    assert result.error.message.startswith("<frame>: the columns more (List(String)) cannot be cells")
    assert "a list one text" in result.error.hint


def test_a_loaded_mapping_keeps_its_place(mapping: Path) -> None:
    """The state file lies beside the mapping file, however the mapping was given."""
    sheet = mapping.parent / "tags.csv"
    FRAME.write_csv(sheet)
    result = check(load_mapping(mapping), sheet, RunOptions(sandbox=True))
    assert result.runs[0].state == mapping.parent / ".importer" / "tags.sandbox.db"


def test_a_frame_needs_a_place_for_the_state(mapping: Path) -> None:
    """`state` must be given by a user whose source is a frame."""
    result = check(mapping, FRAME, RunOptions(sandbox=True))
    assert result.exit_code == 2
    with pytest.raises(UsageError, match="state file"):
        result.raise_for_error()


def test_what_breaks_a_command_is_in_the_result_or_raised_on_demand(mapping: Path) -> None:
    """A broken run is an error in the result; `raise_for_error` raises it."""
    mapping.write_text("collection = 5\n", encoding="utf-8")
    result = run(mapping, FRAME, RunOptions(sandbox=True, state=mapping.parent / "s.db"))
    assert (result.exit_code, result.runs) == (2, ())
    with pytest.raises(MappingError):
        result.raise_for_error()


def test_it_works_inside_a_running_loop(mapping: Path) -> None:
    """A notebook has a loop of its own."""

    async def cell() -> int:
        return check(mapping, FRAME, RunOptions(sandbox=True, state=mapping.parent / "s.db")).exit_code

    assert asyncio.run(cell()) == 0


def test_the_token_never_shows() -> None:
    """Options may be logged."""
    assert "secret" not in repr(RunOptions(token="secret"))


def test_names_that_are_not_there_are_said_as_usual() -> None:
    """The lazy door behaves like any module."""
    errors = {name for name, kind in vars(importer_errors).items() if isinstance(kind, type) and name != "ClassVar"}
    results = {"RunOptions", "RunResult", "RunResults", "VerifyResult"}
    commands = results | {"check", "check_all", "load_mapping", "run", "run_all", "verify"}
    assert set(importer.__all__) == commands | errors
    assert all(getattr(importer, name) for name in importer.__all__)
    assert importer.MappingError is MappingError
    with pytest.raises(AttributeError, match="nonsense"):
        importer.nonsense  # noqa: B018 - the access is the test


@pytest.mark.parametrize(
    "given",
    [
        {"mode": "replace"},
        {"limit": -1},
        {"concurrency": 0},
        {"requests_per_minute": 0},
        {"patience": -1.0},
        {"deadline": -1.0},
        {"sandbox": True, "base_url": "http://localhost/v2"},
        {"sandbox_file": "x.db"},
        {"max_rejects": "5%"},
    ],
)
def test_options_that_make_no_sense_are_refused_at_the_door(given: dict[str, object]) -> None:
    """Before anything is opened."""
    with pytest.raises(UsageError):
        RunOptions(**given)  # type: ignore[arg-type]
