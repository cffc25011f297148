"""What `verify` proves: a receipt for each row of the state file, and the items that no row holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from importer.errors import EXIT_VERDICTS, ImporterError, exit_code
from importer.model import Tally
from importer.report.summary import RunResult

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


class Verdict(StrEnum):
    """How a row stands in the collection, compared with what the state file says of it."""

    PROVEN = "proven"
    EDITED = "edited"
    NOT_LIVE = "not_live"
    MADE_LIVE = "made_live"
    MISSING = "missing"
    UNRECORDED = "unrecorded"
    IN_DOUBT = "in_doubt"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"


DEVIATIONS = frozenset({Verdict.EDITED, Verdict.NOT_LIVE, Verdict.MADE_LIVE, Verdict.MISSING, Verdict.UNRECORDED})
"""Verdicts of rows that do not stand as the state file says."""

OPEN = frozenset({Verdict.IN_DOUBT, Verdict.UNKNOWN})
"""Verdicts of rows of which it is not known how they stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What is proven of one row; `time` is the server's, at the answer to the request that carried the row last.

    `updated` is when Webflow says that the item was changed last. `live` is None where that is not known. `compared`
    says which version of the item was compared: "live", "staged", "both", or "" for none. `fields` were changed since
    they were sent (None: some were, and it is not known which); `edit_live` says whether such a change is live.
    `archived` says that somebody archived it (or, if False, took it out of the archive); None where neither is known.
    `not_comparable` are fields that do not read back as they were written, `filled` those that the mapping leaves
    alone and somebody filled.
    """

    file: str
    row: int
    key: str | None
    locale: str
    verdict: Verdict
    status: str
    request: int | None = None
    run: str | None = None
    time: datetime | None = None
    item_id: str | None = None
    slug: str | None = None
    fingerprint: str | None = None
    updated: str | None = None
    live: bool | None = None
    compared: str = ""
    fields: tuple[str, ...] | None = ()
    edit_live: bool | None = None
    archived: bool | None = None
    not_comparable: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """One element of the proof's `receipts`."""
        return {
            "file": self.file,
            "row": self.row,
            "key": self.key,
            "locale": self.locale,
            "verdict": self.verdict.value,
            "status": self.status,
            "request": self.request,
            "run": self.run,
            "time": _time(self.time),
            "item_id": self.item_id,
            "slug": self.slug,
            "fingerprint": self.fingerprint,
            "updated": self.updated,
            "live": self.live,
            "compared": self.compared or None,
            "fields": None if self.fields is None else list(self.fields),
            "edit_live": self.edit_live,
            "archived": self.archived,
            "not_comparable": list(self.not_comparable),
            "filled": list(self.filled),
        }


class Likeness(StrEnum):
    """How an item that no row holds is like the row whose own item is gone: somebody may have made it instead."""

    EQUAL = "equal"
    NOT_LIVE = "not_live"
    OTHER_CONTENT = "other_content"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """An item that no row holds: a twin of a row's item (`of`, with its row), or somebody else's.

    `healable` says that healing leaves only the older of a twin and its original; `stuck` is why that failed just now.
    A `suspect` looks like a twin of its row's item, which cannot be proven; `instead` says how it is like that
    item where that is gone.
    """

    item_id: str
    locale: str
    slug: str
    name: str
    created_on: datetime | None
    file: str = ""
    row: int | None = None
    key: str | None = None
    of: str | None = None
    healable: bool = False
    suspect: bool = False
    instead: Likeness | None = None
    stuck: str = ""

    def as_json(self) -> dict[str, Any]:
        """One element of the proof's `twins`, `suspects` or `strangers`."""
        told: dict[str, Any] = {
            "item_id": self.item_id,
            "locale": self.locale,
            "slug": self.slug,
            "name": self.name,
            "created_on": _time(self.created_on),
        }
        if self.row is not None:
            told |= {"file": self.file, "row": self.row, "key": self.key, "of": self.of, "healable": self.healable}
            told |= {"instead": self.instead} if self.suspect else {}
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One state file, proven against its collection; the verdicts of `receipts` add up to the state's rows.

    `typed` is what stands behind the verb of a command that means the same: mapping, destination, state file;
    `typed_run` names the sheet besides, where the mapping does not.
    `listed` items are those that rows hold, `unsettled` ones (which rows in doubt, pending or rejected ones will be
    given), `twins` and `strangers`; `removed` twins are none of them any more.
    """

    mapping: str
    typed: str
    typed_run: str
    site: str
    collection_id: str
    collection_slug: str
    state: Path
    receipts: tuple[Receipt, ...]
    twins: tuple[Stray, ...] = ()
    strangers: tuple[Stray, ...] = ()
    listed: int = 0
    held: int = 0
    unsettled: int = 0
    removed: int = 0
    whole: bool = True
    tally: Tally = field(default_factory=Tally)

    @property
    def rows(self) -> dict[Verdict, int]:
        """How many rows have each verdict; every verdict is there."""
        counted = Counter(one.verdict for one in self.receipts)
        return {verdict: counted[verdict] for verdict in Verdict}

    @property
    def suspects(self) -> tuple[Stray, ...]:
        """Strangers that look like twins."""
        return tuple(one for one in self.strangers if one.suspect)

    @property
    def deviations(self) -> int:
        """How many rows do not stand as the state file says, and how many twins there are."""
        return sum(self.rows[verdict] for verdict in DEVIATIONS) + len(self.twins)

    def adds_up(self) -> bool:
        """Whether each item that was listed is counted once."""
        return self.listed == self.held + self.unsettled + len(self.twins) + len(self.strangers)

    def as_json(self, *, strangers: bool = False) -> dict[str, Any]:
        """Give the object's `proof`; strangers are named one by one only where that is asked for."""
        told = {
            "mapping": self.mapping,
            "site": self.site,
            "collection": {"id": self.collection_id, "slug": self.collection_slug},
            "state": str(self.state),
            "rows": {"total": len(self.receipts), **{verdict.value: count for verdict, count in self.rows.items()}},
            "items": {
                "listed": self.listed,
                "held": self.held,
                "unsettled": self.unsettled,
                "twins": len(self.twins),
                "strangers": len(self.strangers),
                "removed": self.removed,
            },
            "whole": self.whole,
            "requests": {"sent": self.tally.sent, "retried": self.tally.retried, "throttled": self.tally.throttled},
            "receipts": [one.as_json() for one in self.receipts],
            "twins": [one.as_json() for one in self.twins],
            "suspects": [one.as_json() for one in self.suspects],
        }
        return {**told, "strangers": [one.as_json() for one in self.strangers]} if strangers else told


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyResult:
    """What `verify` gives back: the proof, or the error that ended it (both, where healing was stopped).

    `notes` are sentences for people.
    """

    proof: Proof | None = None
    seconds: float = 0.0
    error: ImporterError | None = None
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 all proven, 1 something deviates, 7 something is not known; an error's own where one ended it."""
        if self.proof is None:
            return exit_code(self.error)
        unknown = sum(self.proof.rows[verdict] for verdict in OPEN) + (not self.proof.whole)
        return exit_code(self.error, in_doubt=unknown, rejected=self.proof.deviations)

    @property
    def verdict(self) -> str:
        """What that exit status is called."""
        return EXIT_VERDICTS[self.exit_code]

    def raise_for_error(self) -> None:
        """Raise what ended it early, if anything did (an ImporterError)."""
        if self.error is not None:
            raise self.error

    def as_json(self, *, strangers: bool = False) -> dict[str, Any]:
        """Give the object that `--json` prints: that of every command, and `proof`."""
        frame = RunResult(seconds=self.seconds, error=self.error).as_json()
        frame |= {"verdict": self.verdict, "exit_code": self.exit_code}
        proof = None if self.proof is None else self.proof.as_json(strangers=strangers)
        return {**frame, "proof": proof, "notes": list(self.notes)}


def _time(moment: datetime | None) -> str | None:
    """Write a moment as Webflow does."""
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
