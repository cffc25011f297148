"""What can be fuzzed: somebody who makes a case from a seed, and tries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to try: the content of a file, its name, and how it is to be used, in words that tell all of it."""

    data: bytes
    name: str
    how: str = ""


class Target(Protocol):
    """Whoever is fuzzed. A mistake is anything but an ImporterError that `attempt` lets out."""

    def make(self, random: Random) -> Case:
        """Make a case; the same for the same state of `random`."""

    def attempt(self, case: Case, folder: Path) -> None:
        """Try a case, with an empty folder to work in; ImporterErrors are answers, and are expected."""
