"""What a person might not expect of a run, in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.report.amounts import number_of
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
        read = ended.sheet.read
        rows = "The only row does not pass" if read == 1 else f"None of the {read:,} rows passes"
        yield f"{rows} [where], so there is nothing to do; check its conditions."
    elif ended.whole and ended.counts.skipped == ended.counts.total and ended.selection.rows:
        yield f"No row of the sheet is among --rows {ended.selection.rows}, so nothing was done."
    if ended.whole and ended.elsewhere:
        rows = number_of(ended.elsewhere, "row", "rows")
        yield (
            f"Still in doubt: {rows} of earlier runs, not in the sheet or not asked for; the same command settles this."
        )
    if ended.unsettled is not None:
        yield doubt_text(ended.unsettled)
    if warnings.get("staged_changed"):
        number = warnings["staged_changed"]
        said = number_of(number, "draft was published as it stands", "drafts were published as they stand")
        yield (f"{said} in Webflow, though the sheet says something else by now; mode create changes nothing there.")
    if warnings.get("changed"):
        rows = number_of(warnings["changed"], "row is not as it was published", "rows are not as they were published")
        yield (
            f"{rows}, for the sheet or the mapping was changed since; mode create leaves what is in Webflow as it is"
            " (skipped)."
        )
    if warnings.get("slug_altered"):
        items = number_of(warnings["slug_altered"], "item", "items")
        yield f"{items} got another slug from Webflow than was sent; `importer status --list` shows which."
