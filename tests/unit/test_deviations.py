"""What `verify` says to people: short where many rows stand alike, and true where nothing can be known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from importer.commands.options import RunOptions
from importer.report.deviations import proof_text, suspect_sentence, twin_sentence
from importer.report.receipts import Likeness, Proof, Receipt, Stray, Verdict, VerifyResult


def proof(*receipts: Receipt, **more: Any) -> Proof:
    """The proof of a mapping that names no sheet, in the sandbox."""
    return Proof(mapping="m.toml", typed="m.toml --sandbox", typed_run="m.toml m.csv --sandbox", site="s",
                 collection_id="c", collection_slug="tags", state=Path("m.db"), receipts=receipts, **more)  # fmt: skip


def text(*receipts: Receipt) -> list[str]:
    """The lines that are printed of these receipts."""
    return proof_text(VerifyResult(proof=proof(*receipts))).splitlines()


def receipt(row: int, verdict: Verdict, *, status: str = "published", **more: Any) -> Receipt:
    """The receipt of one row."""
    return Receipt(file="m.csv", row=row, key=f"k-{row}", locale="", verdict=verdict, status=status,
                   item_id="i", **more)  # fmt: skip


def stray(**more: Any) -> Stray:
    """An item that has to do with row 2."""
    return Stray(item_id="n", locale="", slug="k-2", name="K", created_on=None, file="m.csv", row=2, key="k-2",
                 of="i", **more)  # fmt: skip


def test_many_rows_in_doubt_are_one_sentence_that_says_how_to_see_them_all() -> None:
    """A lost answer leaves a hundred rows in doubt: what they share is said once, beside the other deviations."""
    lines = text(*(receipt(row, Verdict.IN_DOUBT) for row in range(2, 102)), receipt(102, Verdict.MISSING))
    told = lines[lines.index("") + 1 :]
    assert len(told) == 2
    assert told[0].startswith('m.csv, row 102 ("k-102"): its item i is gone.')
    assert told[1] == (
        'm.csv, row 2 ("k-2") and 99 more: what became of them is not known yet.'
        " `importer run m.toml m.csv --sandbox` settles them."
        " `importer verify m.toml --sandbox --list in_doubt` names them all."
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
    assert "`importer verify m.toml --sandbox --list` names the rows, in its column not_comparable." in said


def test_a_row_that_cannot_be_compared_is_not_counted_as_sent() -> None:
    """It is there and live: that is what its line says; the numbers still add up."""
    part = receipt(2, Verdict.PROVEN, not_comparable=("bio",))
    whole = "proven: there, as sent, live or staged as it should be"
    in_part = "proven in part: there, live or staged as it should be, not all of it comparable (below)"
    assert [line.split(maxsplit=1) for line in text(part, receipt(3, Verdict.PROVEN), part)[1:4]] == [
        ["1", whole], ["2", in_part], ["3", "rows in all"],
    ]  # fmt: skip
    assert text(part)[1].split(maxsplit=1) == ["1", in_part]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"fields": ("isArchived",), "archived": True}, "somebody archived it (item i)."),
        ({"fields": ("isArchived",), "archived": False}, "somebody took it out of the archive (item i)."),
        (
            {"fields": ("bio", "isArchived"), "archived": True},
            "somebody archived it and changed bio, in a draft that is not live (item i).",
        ),
        ({"fields": ("bio",)}, "somebody changed bio, in a draft that is not live (item i)."),
        ({"fields": None}, "somebody changed its content (which fields is not known), in a draft"),
    ],
)
def test_what_somebody_did_is_said_as_a_deed(more: dict[str, Any], said: str) -> None:
    """An archive is no field that was changed, and no draft."""
    line = text(receipt(2, Verdict.EDITED, live=True, edit_live=False, **more))[-1]
    assert line.startswith(f'm.csv, row 2 ("k-2"): {said}')


def test_advice_can_be_typed_as_it_stands() -> None:
    """It names mapping, destination and state file as they were given, and the sheet where the mapping does not."""
    told = text(
        receipt(2, Verdict.UNRECORDED),
        receipt(3, Verdict.UNRECORDED, status="pending"),
        receipt(4, Verdict.UNRECORDED, status="rejected"),
        receipt(5, Verdict.IN_DOUBT),
    )
    told.append(twin_sentence(stray(healable=True), proof()))
    heal = "`importer verify m.toml --sandbox --heal`"
    run, retry = "`importer run m.toml m.csv --sandbox`", "`importer retry m.toml --sandbox`"
    for line, command in zip(told[-5:], (heal, run, retry, run, heal), strict=True):
        assert command in line


def test_what_is_to_be_typed_is_quoted_for_the_shell() -> None:
    """Mapping, destination and state file, each as it was given."""
    assert RunOptions(sandbox=True, state=Path("my state.db")).typed("a.toml") == (
        "a.toml --sandbox --state 'my state.db'"
    )
    assert RunOptions(base_url="http://127.0.0.1:1/v2").typed("a.toml", "b.csv") == (
        "a.toml b.csv --base-url http://127.0.0.1:1/v2"
    )


def test_no_advice_names_a_new_state_file() -> None:
    """A row that is gone is not made again by a run: with a new state file all others would be made twice."""
    line = text(receipt(2, Verdict.MISSING))[-1]
    assert "A run does not make it a second time." in line
    assert "bring it back in Webflow" in line
    assert "state" not in line


@pytest.mark.parametrize(
    ("likeness", "said"),
    [
        (None, 'the item n ("k-2") looks like a twin of its item i.'),
        (Likeness.EQUAL, 'an equal item n ("k-2") is there that no row holds.'),
        (Likeness.NOT_LIVE, "does not seem to be live"),
        (Likeness.OTHER_CONTENT, 'an item n ("k-2") with the same name is there that no row holds'),
    ],
)
def test_what_stands_in_the_place_of_an_item_that_is_gone_is_no_twin(likeness: Likeness | None, said: str) -> None:
    """A twin needs its original; row, key and both items are named."""
    told = suspect_sentence(stray(suspect=True, instead=likeness))
    assert told.startswith('m.csv, row 2 ("k-2"): ')
    assert said in told
    assert "item i" in told
    assert ("twin" in told) == (likeness is None)


def test_a_removal_that_failed_is_said_once() -> None:
    """Not as a note below a sentence that says the same, nor as a command that has just failed."""
    twin = stray(stuck="HTTP 500")
    whole = proof(twins=(twin,))
    said = twin_sentence(twin, whole)
    assert said.endswith("It could not be removed (HTTP 500): remove it in Webflow, or try again later.")
    assert proof_text(VerifyResult(proof=whole, notes=(said, "Another."))).count(said) == 1
    assert "--heal" not in said
