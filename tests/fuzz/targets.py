"""Everything that can be fuzzed, by the name under which it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fuzz.mappings import Mappings
from tests.fuzz.sources import Sources
from tests.fuzz.workbooks import Workbooks

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fuzz.target import Target

TARGETS: dict[str, Callable[[], Target]] = {"mappings": Mappings, "sources": Sources, "workbooks": Workbooks}
