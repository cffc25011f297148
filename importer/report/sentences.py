"""How a command ended, as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.errors.addresses import sheet_name
from importer.errors.problems import shorten
from importer.report.amounts import duration, number_of

if TYPE_CHECKING:
    from importer.errors import ImporterError
    from importer.model import Counts, Unsettled
    from importer.report.summary import Referenced, RunResult, RunSummary

HEADLINES = {
    "done": "done",
    "rejects": "finished, with rejected rows",
    "invalid": "stopped; something is to be put right first",
    "denied": "refused: no access",
    "refused": "refused by the destination",
    "stopped": "stopped; the same command goes on from here",
    "guarded": "stopped by a guard, nothing was sent",
    "in_doubt": "finished, with rows in doubt; the same command settles them",
    "bug": "failed, by a mistake of ours",
}
"""What a person reads for each verdict."""

_LABELS = {
    "created": "published",
    "updated": "updated",
    "staged": "staged (drafts or archived)",
    "unchanged": "unchanged",
    "skipped": "skipped",
    "rejected": "rejected",
    "in_doubt": "in doubt",
    "not_sent": "not sent",
    "removed": "removed",
}


def result_text(result: RunResult) -> str:
    """Give the summary of every run, one below the other; the error that ended it is said elsewhere."""
    return "\n\n".join(run_text(run, result) for run in result.runs)


def run_text(run: RunSummary, result: RunResult) -> str:
    """Give the summary of one run: what, how each item ended, what it cost, where the files are."""
    target = run.collection_slug or run.collection_id or "?"
    head = f"{sheet_name(run.source)} -> {target}: {HEADLINES[result.verdict]} ({duration(result.seconds)})"
    lines = [head, *counts_lines(run.counts)]
    if run.left_out:
        lines.append(_line(number_of(run.left_out, "row", "rows"), "left out by [where]"))
    lines += [f"  {made_text(one)}" for one in run.referenced]
    sent = [number_of(run.tally.sent, "request", "requests")]
    if run.tally.retried:
        sent.append(f"{run.tally.retried:,} sent again")
    if run.tally.throttled:
        sent.append(f"{run.tally.throttled:,} held back to keep the pace")
    lines.append(f"  {', '.join(sent)}")
    if run.rejects is not None:
        lines.append(f"  rejected rows: {run.rejects}")
    if run.state is not None:
        lines.append(f"  state:         {run.state}")
    return "\n".join(lines)


def doubt_text(unsettled: Unsettled, again: str = "The same command") -> str:
    """Say which rows a run left in doubt, why, and from when on the next run (`again`) need not wait for them."""
    rows = number_of(unsettled.rows, "row is", "rows are")
    if unsettled.lost_at is None:
        return f"{rows} in doubt: what became of them is not known yet. {again} finds it out."
    lost = f"{rows} in doubt, for an answer was lost at {unsettled.lost_at:%H:%M:%S} UTC."
    if unsettled.known_by is None:
        return f"{lost} {again} finds out what became of them."
    return (
        f"{lost} {again} finds out what became of them; started after {unsettled.known_by:%H:%M:%S} UTC,"
        " it need not wait for that."
    )


def made_text(made: Referenced) -> str:
    """Say in one line what was made of a collection that rows refer to, or after a check would be."""
    names = ", ".join(shorten(name) for name in made.names)
    more = ", …" if made.counts.total > len(made.names) else ""
    would = made.counts.not_sent == made.counts.total
    said = f"{number_of(made.counts.total, 'item', 'items')} would be made" if would else kinds_of(made.counts)
    return f'in "{made.collection_slug}", for rows that refer to them: {said} ({names}{more})'


def check_text(run: RunSummary) -> str:
    """Give the summary of a check: how many rows are good, how many would be rejected."""
    counts = run.counts
    rows = number_of(counts.total, "row", "rows")
    if counts.total != run.read - run.left_out:
        rows = f"{number_of(counts.total, 'item', 'items')} in {number_of(run.read - run.left_out, 'row', 'rows')}"
    if not counts.rejected:
        said = f"{sheet_name(run.source)}: {rows}, all good"
    else:
        said = f"{sheet_name(run.source)}: {rows}, {counts.not_sent:,} good, {counts.rejected:,} would be rejected"
    said = f"{said} ({run.left_out:,} left out by [where])" if run.left_out else said
    return "\n".join([said, *(f"  {made_text(one)}" for one in run.referenced)])


def counts_lines(counts: Counts) -> list[str]:
    """Give one line for each way in which items ended, those that are zero left out, and the total."""
    lines = [_line(f"{getattr(counts, name):,}", label) for name, label in _LABELS.items() if getattr(counts, name)]
    return [*lines, _line(f"{counts.total:,}", "in all")] if len(lines) != 1 else lines


def kinds_of(counts: Counts) -> str:
    """Say in one line how items ended, "412 published, 61 staged, 27 rejected"; nothing where there are none."""
    named = {name: label.partition(" (")[0] for name, label in _LABELS.items()}
    said = [f"{getattr(counts, name):,} {label}" for name, label in named.items() if getattr(counts, name)]
    return ", ".join(said)


def error_text(error: ImporterError) -> str:
    """Give what went wrong, and what to do next, as sentences."""
    return "\n".join(filter(None, (_sentence(error.message), _sentence(error.hint))))


def _sentence(text: str) -> str:
    """Begin with a capital, but for the name of a file, and end with a full stop; a list is left as it is."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    text = text[:1].upper() + text[1:] if first.isalpha() else text
    return text if "\n" in text or not text[-1:].isalnum() else f"{text}."


def _line(number: str, label: str) -> str:
    return f"  {number:>9} {label}"
