"""The fuzzer itself: a few cases of each target, and that it finds what is there to be found."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from importer.errors import SourceError
from tests.fuzz.__main__ import main
from tests.fuzz.campaign import campaign
from tests.fuzz.target import Case
from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from pathlib import Path


class Careless:
    """Falls over files that begin with an even byte, and refuses the others."""

    def make(self, random: Random) -> Case:
        return Case(random.randbytes(3), "careless.csv", "with care")

    def attempt(self, case: Case, folder: Path) -> None:
        assert list(folder.iterdir()) == []
        if case.data[0] % 2 == 1:
            raise SourceError("No.", "Really.")
        raise ValueError("even")


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_few_cases_raise_nothing_but_importer_errors(name: str) -> None:
    """The same few each time: `python -m tests.fuzz` tries new ones for as long as it is told to."""
    told = campaign(TARGETS[name](), 1, cases=60)
    assert told.mistake is None, told.mistake.story
    assert told.tried == 60


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_seed_makes_the_same_case_again(name: str) -> None:
    """A mistake can be looked at as often as it takes."""
    assert [TARGETS[name]().make(Random(seed)) for seed in range(5)] == [
        TARGETS[name]().make(Random(seed)) for seed in range(5)
    ]


def test_a_mistake_is_told_with_its_seed_and_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the command ends with 1; what is refused in order is no mistake."""
    monkeypatch.setitem(TARGETS, "careless", Careless)
    assert main(["careless", "--first", "1", "--keep", str(tmp_path)]) == 1
    (kept,) = tmp_path.iterdir()
    told = capsys.readouterr().out
    seed = int(kept.name.split("-")[1])
    assert "ValueError: even" in told
    assert f"seed {seed}: careless.csv, with care" in told
    assert repr(kept.read_bytes()) in told
    assert main(["careless", "--seed", str(seed), "--keep", str(tmp_path)]) == 1
    odd = next(one for one in range(100) if Careless().make(Random(one)).data[0] % 2)
    assert main(["careless", "--seed", str(odd)]) == 0
