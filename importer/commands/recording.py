"""What the state file and the rejects say of rows that were rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.errors.problems import PROBLEMS, describe
from importer.model import ROW, Problem
from importer.state import CheckedRow

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

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
    for batch in [None] if asked.rows is None and not source.ours else source.batches():
        numbers = None if batch is None else asked.keep(batch).get_column(ROW).to_list()
        state.forget_checked(None if source.ours else name, numbers)
    total = 0
    if sheet.bad.is_empty():
        return total
    for batch in sheet.guilty(source):
        bad = asked.keep(batch)
        if not bad.height:
            continue
        problems = sheet.problems_for(bad.get_column(ROW))
        keys = {
            row: (locale, key)
            for row, locale, key in compiled.apply(bad).frame.select(ROW, "_locale", "_key").iter_rows()
        }
        state.reject_checked(
            [_checked(row, found, keys.get(row, ("", None)), compiled) for row, found in problems.items()],
            run=run,
            source=name,
        )
        total += len(problems)
    return total


def _checked(row: int, found: list[Problem], named: tuple[str, str | None], compiled: Compiled) -> CheckedRow:
    codes = {problem.code for problem in found}
    another = "key_duplicate" in codes or ("slug_duplicate" in codes and compiled.key_field == "slug")
    sentence = " | ".join(problem.message for problem in found)
    return CheckedRow(named[0] or "", None if another else named[1], row, found[0].code, sentence)


def problems_of_run(
    sheet: Sheet, rejections: dict[int, tuple[str, str]], asked: Selection
) -> Callable[[pl.Series], dict[int, list[Problem]]]:
    """Tell the problems of rows by number: what our checks found, and what Webflow refused."""

    def of_rows(rows: pl.Series) -> dict[int, list[Problem]]:
        wanted = asked.keep(rows.rename(ROW).to_frame()).get_column(ROW)
        answer = sheet.problems_for(wanted)
        for row in wanted:
            if row in rejections:
                answer.setdefault(row, []).append(_refused(row, *rejections[row]))
        return answer

    return of_rows


def _refused(row: int, code: str, sentence: str) -> Problem:
    """A row that Webflow refused, in its words; what to do is ours to say."""
    fix = describe(code if code in PROBLEMS else "refused", value=None)[1]
    return Problem(row, None, None, code, None, sentence, fix)
