"""What a person might not expect of a run, in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.report.sentences import doubt_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from importer.commands.checking import Sheet
    from importer.commands.feed import Selection
    from importer.model import Counts, Unsettled


@dataclass(frozen=True, slots=True)
class Ended:
    """A run at its end, as far as there is anything to say of it; `whole` says that nothing ended it early."""

    sheet: Sheet
    counts: Counts
    selection: Selection
    warnings: Mapping[str, int]
    elsewhere: int
    unsettled: Unsettled | None
    whole: bool


def notes(ended: Ended) -> Iterator[str]:
    """Say in sentences what a person might not expect: above all of rows that were published before."""
    warnings = ended.warnings
    if not ended.sheet.total:
        yield f"None of the {ended.sheet.read} rows passes [where], so there is nothing to do; check its conditions."
    elif ended.whole and ended.counts.skipped == ended.counts.total and ended.selection.rows:
        yield f"No row of the sheet is among --rows {ended.selection.rows}, so nothing was done."
    if ended.whole and ended.elsewhere:
        yield (
            f"{ended.elsewhere} rows of earlier runs, which are not in the sheet or were not asked for, are still in"
            " doubt; the same command settles them."
        )
    if ended.unsettled is not None:
        yield doubt_text(ended.unsettled)
    if warnings.get("staged_changed"):
        yield (
            f"{warnings['staged_changed']} drafts were published as they stand in Webflow, though the sheet says"
            " something else by now; mode create does not change them."
        )
    if warnings.get("changed"):
        yield (
            f"{warnings['changed']} rows were changed in the sheet since they were published; mode create leaves them"
            " as they are in Webflow (skipped)."
        )
    if warnings.get("slug_altered"):
        yield (
            f"{warnings['slug_altered']} items got another slug from Webflow than was sent;"
            " `importer status --list` shows which."
        )
