"""What `verify` says to people: short where many rows stand alike, and true where nothing can be known."""

from __future__ import annotations

from pathlib import Path

from importer.report.deviations import proof_text
from importer.report.receipts import Proof, Receipt, Verdict, VerifyResult


def text(*receipts: Receipt) -> list[str]:
    """The lines that are printed of these receipts."""
    proof = Proof(mapping="m.toml", site="s", collection_id="c", collection_slug="tags", state=Path("m.db"),
                  receipts=receipts)  # fmt: skip
    return proof_text(VerifyResult(proof=proof)).splitlines()


def receipt(row: int, verdict: Verdict, *, not_comparable: tuple[str, ...] = ()) -> Receipt:
    """The receipt of one row."""
    return Receipt(file="m.csv", row=row, key=f"k-{row}", locale="", verdict=verdict, status="published",
                   item_id="i", not_comparable=not_comparable)  # fmt: skip


def test_many_rows_in_doubt_are_one_sentence_that_says_how_to_see_them_all() -> None:
    """A lost answer leaves a hundred rows in doubt: what they share is said once, beside the other deviations."""
    lines = text(*(receipt(row, Verdict.IN_DOUBT) for row in range(2, 102)), receipt(102, Verdict.MISSING))
    told = lines[lines.index("") + 1 :]
    assert len(told) == 2
    assert told[0].startswith('m.csv, row 102 ("k-102"): its item i is gone.')
    assert told[1] == (
        'm.csv, row 2 ("k-2") and 99 more: what became of them is not known yet. `importer run` settles them.'
        " `importer verify m.toml --list in_doubt` names them all."
    )


def test_few_rows_in_doubt_are_named_each() -> None:
    """Up to three."""
    lines = text(*(receipt(row, Verdict.UNKNOWN) for row in (2, 3, 4)))
    assert sum("could not be found out. Verify again later." in line for line in lines) == 3


def test_what_cannot_be_compared_is_not_called_unchanged() -> None:
    """A rich text that reads otherwise may have been written anew by Webflow, or edited: both is said."""
    said = " ".join(text(receipt(2, Verdict.PROVEN, not_comparable=("bio",))))
    assert "not comparable: bio (1 row). It reads otherwise than it was sent" in said
    assert "an edit of them cannot be told from that" in said
