"""What the state file and the rejects say of rows that were rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from importer.errors.problems import PROBLEMS, describe
from importer.mapping import ROWS
from importer.model import ROW, Problem
from importer.state import CheckedRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.commands.checking import Sheet
    from importer.commands.feed import Selection
    from importer.mapping import Compiled
    from importer.sources import Source
    from importer.state import State


def record_rejected(  # noqa: PLR0913 - who was rejected, by whom, of what
    state: State, source: Source, compiled: Compiled, sheet: Sheet, *, run: str, name: str, asked: Selection
) -> int:
    """Write down every row that our own checks rejected and that was asked for; gives how many they are.

    A row without a key, or with an earlier row's, is kept under its row number. What the checks of an earlier run said
    of these rows is forgotten first, also under a key that was corrected since; a rejects file of ours speaks of the
    rows of its sheet by their numbers.
    """
    for batch in [None] if asked.rows is None and not source.ours else sheet.batches(source):
        numbers = None if batch is None else asked.keep(batch).get_column(ROW).to_list()
        state.forget_checked(None if source.ours else name, numbers)
    total = 0
    if sheet.bad.is_empty():
        return total
    for batch in sheet.guilty(source):
        bad = asked.keep(batch)
        if not bad.height:
            continue
        mapped = compiled.apply(bad, hashed=False).frame
        known = mapped.select(ROW, "_locale", "_key", *(name for name in (ROWS,) if name in mapped.columns))
        items = {item[ROW]: item for item in known.to_dicts()}
        problems = sheet.problems_for(pl.Series(sorted(items), dtype=pl.UInt32))
        state.reject_checked(
            [_checked(items[item], found, compiled) for item, found in problems.items()], run=run, source=name
        )
        total += len(problems)
    return total


def _checked(item: dict[str, Any], found: list[Problem], compiled: Compiled) -> CheckedRow:
    codes = {problem.code for problem in found}
    another = "key_duplicate" in codes or ("slug_duplicate" in codes and compiled.key_field == "slug")
    sentence = " | ".join(
        problem.message if problem.row == item[ROW] else f"Row {problem.row}: {problem.message}" for problem in found
    )
    key, rows = None if another else item["_key"], tuple(item.get(ROWS, ()))
    return CheckedRow(item["_locale"] or "", key, item[ROW], found[0].code, sentence, rows)


def problems_of_run(
    sheet: Sheet, rejections: dict[int, tuple[str, str]]
) -> Callable[[pl.Series], dict[int, list[Problem]]]:
    """Tell the problems of items by row number: what our checks found, and what Webflow refused."""

    def of_items(items: pl.Series) -> dict[int, list[Problem]]:
        answer = sheet.problems_for(items)
        for item in items:
            if item in rejections:
                answer.setdefault(item, []).append(_refused(item, *rejections[item]))
        return answer

    return of_items


def _refused(row: int, code: str, sentence: str) -> Problem:
    """A row that Webflow refused, in its words; what to do is ours to say."""
    fix = describe(code if code in PROBLEMS else "refused", value=None)[1]
    return Problem(row, None, None, code, None, sentence, fix)
