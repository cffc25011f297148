"""What `verify` found, as text for people: counts, and a sentence for each row that does not stand as it should."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from importer.errors.addresses import sheet_name
from importer.report.amounts import duration, number_of
from importer.report.receipts import DEVIATIONS, Likeness, Verdict
from importer.schema.content import ARCHIVED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.report.receipts import Proof, Receipt, Stray, VerifyResult

SHOWN = 50
"""Sentences that are shown; `--list` gives all rows."""

ALONE = 3
"""Rows in doubt that get a sentence each; more of them share one."""

LABELS = {
    Verdict.PROVEN: "proven: there, as sent, live or staged as it should be",
    Verdict.EDITED: "edited in Webflow since",
    Verdict.NOT_LIVE: "no longer live",
    Verdict.MADE_LIVE: "live, though sent as a draft",
    Verdict.MISSING: "missing",
    Verdict.UNRECORDED: "there, though the state file does not know it",
    Verdict.IN_DOUBT: "in doubt: sent, outcome not known yet",
    Verdict.UNKNOWN: "not known: the listing could not be read whole",
    Verdict.REJECTED: "rejected, and not there",
    Verdict.NOT_SENT: "not sent yet, and not there",
}
"""What a person reads for each verdict."""

IN_PART = "proven in part: there, live or staged as it should be, not all of it comparable (below)"
"""What is read instead for proven rows with fields of which nobody can say that they are as sent."""

COLUMNS = (
    "row", "verdict", "status", "key", "locale", "live", "slug", "item_id", "fields", "not_comparable", "compared",
    "request", "time", "fingerprint", "said", "source",
)  # fmt: skip
"""The header of `verify --list`."""

TWIN, STRANGER = "twin", "stranger"
"""What stands in place of a verdict for items that no row holds."""

HEADLINES = {
    0: "all stands as the state file says",
    1: "not all stands as the state file says",
    7: "not all is known",
}


def proof_text(result: VerifyResult, *, strangers: bool = False) -> str:
    """Give the whole answer; the error that ended it is said elsewhere."""
    proof = result.proof
    if proof is None:
        return ""
    headline = HEADLINES.get(result.exit_code, "stopped before its end")
    lines = [f"{Path(proof.mapping).name} -> {proof.collection_slug}: {headline} ({duration(result.seconds)})"]
    lines += _counted(proof)
    lines.append(_line(len(proof.receipts), "rows in all"))
    lines += _staged_only(proof)
    lines += _not_comparable(proof)
    lines.append(f"  {_items(proof)}")
    lines.append(f"  {number_of(proof.tally.sent, 'request', 'requests')}")
    lines.append(f"  state:         {proof.state}")
    told = [*_sentences(proof)]
    lines += ["", *told[:SHOWN]] if told else []
    if len(told) > SHOWN:
        lines.append(f"... and {len(told) - SHOWN:,} more: `importer verify {proof.typed} --list` gives all of them.")
    if strangers and proof.strangers:
        lines += ["", "Items that no row holds:"]
        lines += [f'  {one.item_id}  {one.slug}  "{one.name}"' for one in proof.strangers]
    notes = [note for note in result.notes if note not in told[:SHOWN]]
    return "\n".join([*lines, *(("", *notes) if notes else ())])


def _counted(proof: Proof) -> Iterator[str]:
    """Count the rows of each verdict; proven ones apart where not all of them can be compared."""
    in_part = sum(one.verdict is Verdict.PROVEN and bool(one.not_comparable) for one in proof.receipts)
    for verdict, number in proof.rows.items():
        whole = number - in_part if verdict is Verdict.PROVEN else number
        if whole:
            yield _line(whole, LABELS[verdict])
        if verdict is Verdict.PROVEN and in_part:
            yield _line(in_part, IN_PART)


def lines_of(proof: Proof, *, wanted: str | None, strangers: bool) -> Iterator[tuple[object, ...]]:
    """Give the lines of `verify --list`: receipts (of one verdict), twins, and strangers where they are asked for."""
    for one in proof.receipts:
        if wanted in {None, one.verdict}:
            told = one.as_json()
            fields = "?" if one.fields is None else " ".join(one.fields)
            yield (
                *(one.row, one.verdict.value, one.status, one.key, one.locale, one.live, one.slug, one.item_id, fields),
                *(" ".join(one.not_comparable), one.compared, one.request, told["time"], one.fingerprint),
                *(sentence(one, proof), one.file),
            )
    if wanted in {None, TWIN}:
        yield from (_stray_line(TWIN, one, proof) for one in proof.twins)
    if wanted == STRANGER or (wanted is None and strangers):
        yield from (_stray_line(STRANGER, one, proof) for one in proof.strangers)


def _stray_line(kind: str, stray: Stray, proof: Proof) -> tuple[object, ...]:
    said = twin_sentence(stray, proof) if kind == TWIN else suspect_sentence(stray) if stray.suspect else ""
    where = (stray.row, kind, None, stray.key, stray.locale, None, stray.slug, stray.item_id)
    return (*where, *(None,) * 6, said, stray.file)


def sentence(receipt: Receipt, proof: Proof) -> str:
    """Say how a row deviates, and what to do next; nothing of a row that stands as it should."""
    what = _WHAT.get(receipt.verdict)
    if what is None:
        return ""
    deeds, edited = _deeds(receipt), receipt.verdict is Verdict.EDITED
    also = f" Somebody also {deeds}." if deeds and not edited else ""
    return f"{_row(receipt)}: {what.format(item=receipt.item_id, deeds=deeds)}{also}{_next(receipt, proof)}"


_WHAT = {
    Verdict.EDITED: "somebody {deeds} (item {item}).",
    Verdict.NOT_LIVE: "its item {item} is there, and not live.",
    Verdict.MADE_LIVE: "it was sent as a draft, and its item {item} is live.",
    Verdict.MISSING: "its item {item} is gone.",
    Verdict.UNRECORDED: "an item that is its own is there ({item}), and the state file does not know it.",
    Verdict.IN_DOUBT: "what became of it is not known yet.",
    Verdict.UNKNOWN: "how it stands could not be found out.",
}


def _deeds(receipt: Receipt) -> str:
    """Say what somebody did to an item: fields that were changed, and whether it went into the archive or out of it."""
    fields = None if receipt.fields is None else [name for name in receipt.fields if name != ARCHIVED]
    where = "" if receipt.edit_live is not False or not receipt.live else ", in a draft that is not live"
    deeds = []
    if receipt.archived is not None:
        deeds.append("archived it" if receipt.archived else "took it out of the archive")
    if fields != []:
        named = "its content (which fields is not known)" if fields is None else ", ".join(fields)
        deeds.append(f"changed {named}{where}")
    return " and ".join(deeds)


def _next(receipt: Receipt, proof: Proof) -> str:
    """Say what to do next."""
    if receipt.verdict is Verdict.UNRECORDED:
        if receipt.status in {"published", "staged"}:
            return f" `importer verify {proof.typed} --heal` gives it to the row."
        return f" {_again(receipt, proof)} finds it."
    return {
        Verdict.EDITED: " Keep it, or change it back in Webflow.",
        Verdict.NOT_LIVE: " If it should be live, publish it in Webflow.",
        Verdict.MADE_LIVE: " If it should be a draft, unpublish it in Webflow.",
        Verdict.MISSING: " A run does not make it a second time. If it should be there, bring it back in Webflow: from"
        " a backup of the site, or by hand (an item made by hand is then named here as one that no row holds).",
        Verdict.IN_DOUBT: f" {_again(receipt, proof)} settles it.",
        Verdict.UNKNOWN: " Verify again later.",
    }.get(receipt.verdict, "")


def _again(receipt: Receipt, proof: Proof) -> str:
    """Name the command that takes up a row."""
    return f"`importer retry {proof.typed}`" if receipt.status == "rejected" else f"`importer run {proof.typed_run}`"


def _together(alike: Sequence[Receipt], proof: Proof) -> str:
    """Say of many rows at once how they stand: their sentences would all be the same."""
    first, verdict = alike[0], alike[0].verdict
    said = {
        Verdict.IN_DOUBT: f"what became of them is not known yet. {_again(first, proof)} settles them.",
        Verdict.UNKNOWN: "how they stand could not be found out. Verify again later.",
    }
    all_of_them = f"`importer verify {proof.typed} --list {verdict}` names them all."
    return f"{_row(first)} and {len(alike) - 1:,} more: {said[verdict]} {all_of_them}"


def twin_sentence(twin: Stray, proof: Proof) -> str:
    """Say whose twin an item is, and what to do next."""
    if twin.stuck:
        next_ = f"It could not be removed ({twin.stuck.rstrip('.')}): remove it in Webflow, or try again later."
    elif twin.healable:
        next_ = f"`importer verify {proof.typed} --heal` removes the newer one."
    else:
        next_ = (
            "Healing leaves both, for somebody may have worked on one of them or taken one off the site, or not"
            " all is known: look at both in Webflow, and remove the one that should go."
        )
    return f'{_row(twin)}: the item {twin.item_id} ("{twin.slug}") is a twin of its item {twin.of}. {next_}'


def suspect_sentence(stray: Stray) -> str:
    """Say whose twin an item may be, or in whose place it stands."""
    item, own = f'item {stray.item_id} ("{stray.slug}")', "its item" if stray.of is None else f"its item {stray.of}"
    if stray.instead is not None:
        return f"{_row(stray)}: {_INSTEAD[stray.instead].format(item=item, own=own)}"
    return (
        f"{_row(stray)}: the {item} looks like a twin of {own}. That cannot be proven (somebody may have copied it, or"
        " worked on a twin), so it is left alone: look at it in Webflow."
    )


_INSTEAD = {
    Likeness.EQUAL: "an equal {item} is there that no row holds. It can stay in the place of {own}, which is gone;"
    " the row goes on being called missing, for the item that was made for it is.",
    Likeness.NOT_LIVE: "an equal {item} is there that no row holds, in the place of {own}, which is gone. It does not"
    " seem to be live: look at it in Webflow, and publish it there if it should be.",
    Likeness.OTHER_CONTENT: "an {item} with the same name is there that no row holds, and other content or another slug"
    " than {own}, which is gone: look at it in Webflow.",
}


def _sentences(proof: Proof) -> Iterator[str]:
    yield from (sentence(one, proof) for one in proof.receipts if one.verdict in DEVIATIONS)
    for verdict in (Verdict.IN_DOUBT, Verdict.UNKNOWN):
        alike = [one for one in proof.receipts if one.verdict is verdict]
        alone = len(alike) <= ALONE
        yield from (sentence(one, proof) for one in alike) if alone else (_together(alike, proof),)
    yield from (twin_sentence(one, proof) for one in proof.twins)
    yield from map(suspect_sentence, proof.suspects)


def _not_comparable(proof: Proof) -> Iterator[str]:
    """Name the fields that nobody can compare with what was sent."""
    counts = Counter(name for one in proof.receipts for name in one.not_comparable)
    if counts:
        said = ", ".join(f"{name} ({number_of(number, 'row', 'rows')})" for name, number in sorted(counts.items()))
        yield f"  there, but not comparable: {said}. It reads otherwise than it was sent; Webflow writes such fields"
        yield "  anew, so an edit of them cannot be told from that. Look at them in Webflow where it matters:"
        yield f"  `importer verify {proof.typed} --list` names the rows, in its column not_comparable."


def _staged_only(proof: Proof) -> Iterator[str]:
    """Say of how many proven rows what is live was not compared."""
    number = sum(
        one.verdict is Verdict.PROVEN and bool(one.live) and one.compared == "staged" for one in proof.receipts
    )
    if number:
        yield f"  of the proven, {number_of(number, 'live row', 'live rows')}: as sent in the staged list, and live by"
        yield "  Webflow's word; the live version itself was not compared (`--both` does that)"


def _items(proof: Proof) -> str:
    """Count the items of the collection."""
    counts = {"of rows": proof.held, "to be settled": proof.unsettled, "of our own doubled": len(proof.twins),
              "of others": len(proof.strangers)}  # fmt: skip
    said = ", ".join(f"{number:,} {what}" for what, number in counts.items() if number)
    removed = f"; {number_of(proof.removed, 'twin', 'twins')} removed" if proof.removed else ""
    return f"{number_of(proof.listed, 'item', 'items')} listed{f': {said}' if said else ''}{removed}"


def _row(one: Receipt | Stray) -> str:
    key = f' ("{one.key}")' if one.key else ""
    return f"{sheet_name(one.file)}, row {one.row}{key}"


def _line(number: int, label: str) -> str:
    return f"  {number:>9,} {label}"
