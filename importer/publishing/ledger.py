"""The verdicts of a run: counted once each, and told to whoever watches."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

from importer.model import Progress, Status
from importer.publishing.matching import status_of
from importer.state import SLUG_ALTERED, Adopted, CheckedRow, Published, Refused, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from importer.client import ListedItem
    from importer.model import Counts, Item, Observer, Row
    from importer.publishing.matching import Key, Shown, Wanted
    from importer.publishing.target import Allowance, Place

Later: TypeAlias = "Callable[[Item, str], bool]"
"""Publishes the item of a row (by its id) later; gives whether it will."""


def never(_item: Item, _item_id: str) -> bool:
    """Publish nothing later."""
    return False


class Ledger:
    """Keeps the counts of a run while rows get their verdicts, and writes down those that come without a request.

    `rejections` says of each row number (of an item of several: the least) why Webflow refused it (code, sentence).

    `settled` holds the rows in doubt from earlier runs that turned out to be published before the sheet named them,
    `undecided` the rows that were drawn from the sheet and have no verdict yet, `unanswered` those whose staged item
    may be live by now.
    """

    def __init__(self, place: Place, counts: Counts, observer: Observer, allowance: Allowance) -> None:
        self._place = place
        self.counts = counts
        self.allowance = allowance
        self._observer = observer
        self.settled: dict[Key, Status] = {}
        self.undecided: set[Key] = set()
        self.unanswered: set[Key] = set()
        self.warnings: Counter[str] = Counter()
        self.rejections: dict[int, tuple[str, str]] = {}
        self._rejected: dict[Key, tuple[int, str | None]] = {}

    def created(self, key: Key, status: Status) -> None:
        """Count an item that this run made, or settled as made."""
        self._count_created(key, status)
        self.tell()

    def answered(self, published: Iterable[Published]) -> None:
        """Count the items of an answer."""
        for one in published:
            self._count_created((one.locale, one.key), one.status)
        self.tell()

    def _count_created(self, key: Key, status: Status) -> None:
        self.undecided.discard(key)
        if status is Status.STAGED:
            self.counts.staged += 1
        else:
            self.counts.created += 1

    def found(self, found: Sequence[tuple[Wanted, Item | None, Shown]], publish: Later = never) -> None:
        """Give rows the items that were found for them: all are written down before one is counted.

        Drafts that are meant live by now go to `publish`.
        """
        state = self._place.state
        state.adopt([_adopted(wanted, shown) for wanted, _, shown in found])
        rows = state.rows([wanted.id for wanted, _, _ in found])
        for wanted, item, shown in found:
            if shown.slug != wanted.slug:
                self.warnings[SLUG_ALTERED] += 1
            row = rows[wanted.id]
            if item is not None:
                self.settled_before(item, row, publish)
            else:
                self._count_found(row)

    def _count_found(self, row: Row) -> None:
        """Count a row that was given an item; one that the sheet has not named yet waits for that."""
        key = (row.locale, row.key)
        if key not in self._rejected:
            self.settled[key] = row.status
        elif row.fingerprint == self._recant(key):
            self.created(key, row.status)
        else:
            self.left_alone(key)

    def adopt(self, wanted: Wanted, shown: Shown) -> None:
        """Write down that a row has this item now, instead of another."""
        self._place.state.adopt([_adopted(wanted, shown)])

    def _recant(self, key: Key) -> str | None:
        """Take back that a row is rejected, for its item is there after all; gives what the sheet says (hash)."""
        number, fingerprint = self._rejected.pop(key)
        self.counts.rejected -= 1
        self.rejections.pop(number, None)
        return fingerprint

    def live_after_all(self, key: Key) -> None:
        """Count a row as updated whose item is live, if Webflow refused to publish it once more."""
        if key in self._rejected:
            self._recant(key)
            self.updated([key])

    def settled_before(self, item: Item, row: Row, publish: Later = never) -> None:
        """Count a row for which an item was found, by now or before; the sheet may say otherwise since it was sent.

        A draft that is meant live by now goes to `publish`.
        """
        key = (item.locale, item.key)
        self.settled.pop(key, None)
        same = row.fingerprint == item.fingerprint
        if item.live and row.status is Status.STAGED and publish(item, row.item_id or ""):
            self.warnings["staged_changed"] += not same
        elif same:
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

    def adopted(self, found: Sequence[tuple[Item, Shown]]) -> None:
        """Take items of the collection that are the rows' own, though the state did not know of them."""
        self._place.state.adopt(
            [
                Adopted(
                    _published(item.locale, item.key, shown),
                    sent=Sent(item, self._place.source),
                )
                for item, shown in found
            ]
        )

    def rejected(self, item: Item, code: str, message: str) -> None:
        """Reject a row, sent or not."""
        refused = Refused(item.locale, item.key, code, message, sent=Sent(item, self._place.source))
        self._place.state.reject([refused], self._place.run)
        self.refused(item, code, message)

    def doubled(self, checked: CheckedRow) -> None:
        """Reject a row of a rejects file whose key or slug is still that of another row's item."""
        place = self._place
        place.state.reject_checked([checked], run=place.run, source=place.source)
        self.rejections[checked.source_row] = (checked.code, checked.message)
        self.counts.rejected += 1

    def refused(self, item: Item, code: str, message: str) -> None:
        """Count a row as rejected."""
        self.undecided.discard((item.locale, item.key))
        self._rejected[item.locale, item.key] = (item.row, item.fingerprint)
        self.rejections[item.row] = (code, message)
        self.counts.rejected += 1
        self.tell()

    def left_rejected(self, row: Row, number: int) -> None:
        """Count a row that Webflow refused in an earlier run, and that is not sent again."""
        self._rejected[row.locale, row.key] = (number, row.fingerprint)
        self.rejections[number] = (row.error_code or "refused", row.error or "")
        self.counts.rejected += 1

    def answer(self, item: Item, listed: ListedItem, status: Status) -> Published:
        """What the state is told of an item of an answer."""
        if listed.slug != item.slug:
            self.warnings[SLUG_ALTERED] += 1
        return Published(item.locale, item.key, listed.id, listed.slug, status, listed.last_published)

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


def _adopted(wanted: Wanted, shown: Shown) -> Adopted:
    """Say whose an item is, and with what content, which an earlier send may have brought."""
    return Adopted(_published(*wanted.id, shown), as_sent=wanted.sent_as(shown.readable))


def _published(locale: str, key: str, shown: Shown) -> Published:
    return Published(locale, key, shown.id, shown.slug, status_of(shown), shown.last_published)
