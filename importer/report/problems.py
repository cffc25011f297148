"""What `check` prints: the problems grouped by kind and column, the first few of each, and where all of them are."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from importer.report.amounts import number_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from importer.model import Problem

SHOWN_OF_EACH = 5
"""Rows that are shown of each kind of problem."""


def problems_text(
    problems: Iterable[Problem],
    counts: Mapping[str, int],
    *,
    rejects: Path | None,
    shown_of_each: int = SHOWN_OF_EACH,
) -> str:
    """Give the problems as text for people; `counts` says how many there are of each code, `problems` the first ones.

    A group is one code in one column; where all its rows are mended alike, that is said once.
    """
    groups: dict[tuple[str, str | None, str | None], list[Problem]] = defaultdict(list)
    for problem in problems:
        groups[problem.code, problem.column, problem.field].append(problem)
    parts = [_group(*names, of_group, shown_of_each) for names, of_group in groups.items()]
    listed = sum(map(len, groups.values()))
    shown = sum(min(len(of_group), shown_of_each) for of_group in groups.values())
    total = max(sum(counts.values()), listed)
    if total > shown:
        place = "" if rejects is None else f", all in {rejects}"
        parts.append(f"... and {number_of(total - shown, 'more problem', 'more problems')}{place}")
    return "\n\n".join(parts)


def _group(code: str, column: str | None, field: str | None, problems: list[Problem], shown_of_each: int) -> str:
    lines = [
        " · ".join(part for part in (code, _place(column, field), number_of(len(problems), "row", "rows")) if part)
    ]
    shown = problems[:shown_of_each]
    alike = len({problem.fix for problem in shown}) == 1
    width = max(len(str(problem.row)) for problem in shown)
    for problem in shown:
        lines.append(f"  row {problem.row:>{width}}  {problem.message}")
        if not alike:
            lines.append(f"  {'':>{width + 4}}  -> {problem.fix}")
    if len(problems) > len(shown):
        rows = ", ".join(str(problem.row) for problem in problems[shown_of_each : shown_of_each + 10])
        lines.append(
            f"  and {'rows' if len(problems) > shown_of_each + 1 else 'row'} {rows}" + _more(problems, shown_of_each)
        )
    if alike:
        lines.append(f"  -> {shown[0].fix}")
    return "\n".join(lines)


def _more(problems: list[Problem], shown_of_each: int) -> str:
    hidden = len(problems) - shown_of_each - 10
    return f" and {hidden:,} more" if hidden > 0 else ""


def _place(column: str | None, field: str | None) -> str:
    if column is None:
        return "" if field is None else f'field "{field}"'
    return f'column "{column}"' if field is None else f'column "{column}" -> {field}'
