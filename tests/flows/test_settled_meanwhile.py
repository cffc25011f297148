"""Rows in doubt whose item is found just as the sheet names them: whoever comes first, each gets its verdict."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.flows.conftest import Hours
from tests.flows.faulty import CREATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night


class Polite(Hours):
    """A time in which whoever lets others run lets them run for long."""

    async def sleep(self, seconds: float) -> None:
        for _ in range(0 if seconds else 40):
            await asyncio.sleep(0)
        await asyncio.sleep(seconds)


@pytest.mark.parametrize("before", [478, 878])
def test_row_that_the_sheet_names_while_what_was_found_is_written_down(
    night: Callable[..., Night], before: int
) -> None:
    """400 rows in doubt were written: a hundred of them have their verdict, the others are named just then."""
    one = night()
    one.hours = Polite()
    whole = one.rows(before + 450)
    one.sheet = whole[before : before + 400]
    one.faults = [{"when": CREATE, "do": "reset_after"}]
    one.switches["listing_delay"] = "60"
    assert one.run(deadline=0.5).counts.in_doubt == 400
    one.faults, one.switches["listing_delay"] = [], "0"
    one.sheet = whole
    one.passes(1_000)
    assert one.run(concurrency=1).counts.created == before + 450
    assert one.exit_code == 0
