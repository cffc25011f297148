"""The verdicts of a run: counted once each, and told to whoever watches."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from importer.model import Progress, Status
from importer.publishing.matching import status_of
from importer.state import CheckedRow, Published, Refused, Sent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.client import ListedItem
    from importer.model import Counts, Item, Observer, Row
    from importer.publishing.matching import Key, Shown, Wanted
    from importer.publishing.target import Allowance, Place

SLUG_ALTERED = "slug_altered"
"""The warning of a row whose item has another slug than was sent."""


class Ledger:
    """Keeps the counts of a run while rows get their verdicts, and writes down those that come without a request.

    `rejections` says of each row number why Webflow refused it (code, sentence).

    `settled` holds the rows in doubt from earlier runs that turned out to be published before the sheet named them,
    `undecided` the rows that were drawn from the sheet and have no verdict yet.
    """

    def __init__(self, place: Place, counts: Counts, observer: Observer, allowance: Allowance) -> None:
        self._place = place
        self.counts = counts
        self.allowance = allowance
        self._observer = observer
        self.settled: dict[Key, Status] = {}
        self.undecided: set[Key] = set()
        self.warnings: Counter[str] = Counter()
        self.rejections: dict[int, tuple[str, str]] = {}
        self._rejected: dict[Key, tuple[tuple[int, ...], str | None]] = {}

    def created(self, key: Key, status: Status) -> None:
        """Count an item that this run made, or settled as made."""
        self.undecided.discard(key)
        if status is Status.STAGED:
            self.counts.staged += 1
        else:
            self.counts.created += 1
        self.tell()

    def found(self, wanted: Wanted, item: Item | None, shown: Shown) -> None:
        """Give a row the item that was found for it."""
        key, status = wanted.id, status_of(shown)
        warning = SLUG_ALTERED if shown.slug != wanted.slug else None
        self.adopt(wanted, shown, warning)
        if warning:
            self.warnings[warning] += 1
        if item is not None:
            now: str | None = item.fingerprint
        elif key in self._rejected:
            now = self._recant(key)
        else:
            self.settled[key] = status
            return
        if self._place.state.rows([key])[key].fingerprint == now:
            self.created(key, status)
        else:
            self.left_alone(key)

    def adopt(self, wanted: Wanted, shown: Shown, warning: str | None = None) -> None:
        """Write down that a row has this item, and with what content, which an earlier send may have brought."""
        self._place.state.adopt(
            *wanted.id,
            (shown.id, shown.slug, status_of(shown), shown.last_published),
            warning,
            as_sent=wanted.sent.get(shown.readable),
        )

    def _recant(self, key: Key) -> str | None:
        """Take back that a row is rejected, for its item is there after all; gives what the sheet says (hash)."""
        numbers, fingerprint = self._rejected.pop(key)
        self.counts.rejected -= 1
        for number in numbers:
            self.rejections.pop(number, None)
        return fingerprint

    def settled_before(self, item: Item, row: Row) -> None:
        """Count a row for which an item was found while it was not looked at; the sheet may say otherwise by now."""
        key = (item.locale, item.key)
        self.settled.pop(key, None)
        if row.fingerprint == item.fingerprint:
            self.created(key, row.status)
        else:
            self.left_alone(key)

    def left_alone(self, key: Key) -> None:
        """Count a row that was changed since it was published: mode create leaves its item as it is."""
        self.undecided.discard(key)
        self.counts.skipped += 1
        self.warnings["changed"] += 1
        self.tell()

    def unchanged(self, key: Key) -> None:
        """Count a row whose item is as the sheet has it."""
        self.undecided.discard(key)
        self.counts.unchanged += 1
        self.tell()

    def updated(self, keys: Iterable[Key]) -> None:
        """Count rows whose items this run changed."""
        for key in keys:
            self.undecided.discard(key)
            self.counts.updated += 1
        self.tell()

    def skipped(self, key: Key) -> None:
        """Count a row that was not to be sent."""
        self.undecided.discard(key)
        self.counts.skipped += 1
        self.tell()

    def adopted(self, item: Item, holder: Shown) -> None:
        """Take an item of the collection that is the row's own, though the state did not know of it."""
        self._place.state.adopt(
            item.locale,
            item.key,
            (holder.id, holder.slug, status_of(holder), holder.last_published),
            SLUG_ALTERED if holder.slug != item.slug else None,
            sent=Sent(item, self._place.source),
        )

    def rejected(self, item: Item, code: str, message: str) -> None:
        """Reject a row, sent or not."""
        refused = Refused(item.locale, item.key, code, message, sent=Sent(item, self._place.source))
        self._place.state.reject([refused], self._place.run)
        self.refused(item, code, message)

    def doubled(self, locale: str, number: int, code: str, message: str) -> None:
        """Reject a row of a rejects file whose key or slug is still that of another row's item."""
        place = self._place
        checked = CheckedRow(locale, None, number, code, message)
        place.state.reject_checked([checked], run=place.run, source=place.source)
        self.rejections[number] = (code, message)
        self.counts.rejected += 1

    def refused(self, item: Item, code: str, message: str) -> None:
        """Count a row as rejected."""
        self.undecided.discard((item.locale, item.key))
        self._rejected[item.locale, item.key] = (item.rows, item.fingerprint)
        self.rejections.update(dict.fromkeys(item.rows, (code, message)))
        self.counts.rejected += 1
        self.tell()

    def left_rejected(self, row: Row, number: int) -> None:
        """Count a row that Webflow refused in an earlier run, and that is not sent again."""
        self._rejected[row.locale, row.key] = ((number,), row.fingerprint)
        self.rejections[number] = (row.error_code or "refused", row.error or "")
        self.counts.rejected += 1

    def answer(self, item: Item, listed: ListedItem, status: Status) -> Published:
        """What the state is told of an item of an answer."""
        warning = SLUG_ALTERED if listed.slug != item.slug else None
        if warning:
            self.warnings[warning] += 1
        return Published(item.locale, item.key, listed.id, listed.slug, status, listed.last_published, warning)

    def tell(self, waiting_for: str = "") -> None:
        """Tell how far the run is."""
        counts = self.counts
        done = counts.created + counts.updated + counts.staged + counts.unchanged + counts.skipped + counts.rejected
        waiting = waiting_for or self._place.client.waiting_for
        self._observer.progress(
            Progress(counts.total, done, counts.rejected, self._place.client.requests_left(), waiting)
        )

    def say(self, sentence: str) -> None:
        """Tell a person something."""
        self._observer.say(sentence)
