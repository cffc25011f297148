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

NAMED_OF_EACH = 10
"""Rows of each kind that are named beyond those."""


def problems_text(
    problems: Iterable[Problem],
    counts: Mapping[str, int],
    *,
    rejects: Path | None,
    shown_of_each: int = SHOWN_OF_EACH,
) -> str:
    """Give the problems as text for people.

    `counts` may be more than were listed. A group is one code in one column; a fix that its rows share is said once.
    """
    groups: dict[tuple[str, str | None, str | None], list[Problem]] = defaultdict(list)
    for problem in problems:
        groups[problem.code, problem.column, problem.field].append(problem)
    listed = sum(map(len, groups.values()))
    rest = max(sum(counts.values()) - listed, 0)
    parts = [_group(*names, of_group, shown_of_each, whole=not rest) for names, of_group in groups.items()]
    if rest:
        place = "" if rejects is None else f", all in {rejects}"
        parts.append(f"... and {number_of(rest, 'more problem', 'more problems')}{place}")
    return "\n\n".join(parts)


def _group(
    code: str, column: str | None, field: str | None, problems: list[Problem], shown_of_each: int, *, whole: bool
) -> str:
    rows = number_of(len(problems), "row", "rows")
    lines = [" · ".join(part for part in (code, _place(column, field), rows if whole else f"{rows} or more") if part)]
    shown, hidden = problems[:shown_of_each], problems[shown_of_each:]
    alike = len({problem.fix for problem in shown}) == 1
    width = max(len(str(problem.row)) for problem in shown)
    for problem in shown:
        lines.append(f"  row {problem.row:>{width}}  {problem.message}")
        if not alike:
            lines.append(f"  {'':>{width + 4}}  -> {problem.fix}")
    if hidden:
        named = ", ".join(str(problem.row) for problem in hidden[:NAMED_OF_EACH])
        dots = ", ..." if len(hidden) > NAMED_OF_EACH else ""
        lines.append(f"  and {len(hidden):,} more: {'row' if len(hidden) == 1 else 'rows'} {named}{dots}")
    if alike:
        lines.append(f"  -> {shown[0].fix}")
    return "\n".join(lines)


def _place(column: str | None, field: str | None) -> str:
    if column is None:
        return "" if field is None else f'field "{field}"'
    return f'column "{column}"' if field is None else f'column "{column}" -> {field}'
