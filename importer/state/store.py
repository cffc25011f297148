"""The one door to the state file: every method is one question, or one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.state import requests, rows, runs, seen, standing
from importer.state.book import Book

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from importer.model import Row, Status
    from importer.state.records import (
        Adopted,
        CheckedRow,
        Doubt,
        Published,
        Refused,
        Request,
        SeenItem,
        Sending,
        Sent,
        SentRow,
        TwinCheck,
    )
    from importer.state.standing import Standing

Named = tuple[str, str]
"""A row by its locale and key."""


class State(Book):
    """The state of one mapping at one destination.

    Instants are aware and kept in UTC with milliseconds. Every method that writes is one transaction, on the disk when
    it returns; it raises DiskFull if that was not possible and Locked if another program is writing.
    """

    # Rows ----------------------------------------------------------------------------------------------------------

    def rows(self, keys: Sequence[Named]) -> dict[Named, Row]:
        """Find the rows with these (locale, key); those that the state does not know are left out."""
        return rows.rows(self._file, self._read_collection, keys)

    def count_rows(self) -> dict[Status, int]:
        """Count how many rows have each status; every status is there."""
        return rows.count_rows(self._file, self._read_collection)

    def count_beside(self) -> dict[Status, int]:
        """Count the rows of other collections, which rows of this one name, by status; every status is there."""
        return rows.count_beside(self._file, self._read_collection)

    def has_published(self) -> int:
        """Count how many rows hold an item."""
        return rows.has_published(self._file, self._read_collection)

    def all_rows(self, status: Status | None = None) -> Iterator[Row]:
        """Give all rows (of a status), in the order of the sheet."""
        return rows.all_rows(self._file, self._read_collection, status)

    def standings(self) -> Iterator[Standing]:
        """Give all rows in the order of the sheet, each with the request that carried it last."""
        return standing.standings(self._file, self._read_collection)

    def standing_of(self, locale: str, key: str) -> Standing | None:
        """Give one row with the request that carried it last; None where the state does not know it."""
        return standing.standing_of(self._file, self._read_collection, locale, key)

    def sent_locales(self) -> list[str]:
        """List the locales of the rows that were ever sent, or that hold an item."""
        return standing.sent_locales(self._file, self._read_collection)

    def keys_by_item(self, item_ids: Sequence[str]) -> dict[str, Named]:
        """Find the (locale, key) of the rows that hold these items, by item id."""
        return rows.keys_by_item(self._file, item_ids)

    def rows_by_slug(self, locale: str, slugs: Sequence[str]) -> dict[str, Row]:
        """Find the rows that hold an item, by their returned slug without case (`str.casefold`)."""
        return rows.rows_by_slug(self._file, self._read_collection, locale, slugs)

    def keyed(self) -> Iterator[tuple[str, Status, str | None]]:
        """Give key, status and item of every row that has a key of its own; those of the primary locale come first."""
        return rows.keyed(self._file, self._read_collection)

    def held_slugs(self) -> Iterator[tuple[str, str, str | None, str | None]]:
        """Give locale, key, the slug sent and the slug held, of all rows that were ever sent or hold an item."""
        return rows.held_slugs(self._file, self._read_collection)

    def flying_slugs(self, locale: str) -> frozenset[str]:
        """Tell with which slugs (`str.casefold`) the rows that are in flight were sent."""
        return rows.flying_slugs(self._file, self._read_collection, locale)

    def asked_slugs(self, locale: str) -> frozenset[str]:
        """Tell with which slugs (`str.casefold`) rows were sent last that hold no item under them."""
        return rows.asked_slugs(self._file, self._read_collection, locale)

    def reject_checked(self, checked: Sequence[CheckedRow], *, run: str, source: str) -> None:
        """Write down what our own checks found.

        A row that holds an item, or is in flight, keeps its status and is only told the error. A row without a key, or
        with an earlier row's (code `key_duplicate`, or twice in one call), is kept under `unnamed_key(source_row)`.
        """
        with self._file.transaction() as connection:
            rows.put_checked(connection, self._collection, checked, run=run, source=source)

    def forget_checked(self, source: str | None, source_rows: Sequence[int] | None = None) -> None:
        """Forget the rows that only our own checks know: of a sheet (None: of any), all or those with these numbers."""
        with self._file.transaction() as connection:
            rows.forget_checked(connection, source, source_rows)

    def unnamed_rejects(self, source: str | None) -> frozenset[int]:
        """Tell the numbers of the rows of a sheet (None: of any) that our checks refused and that had no key."""
        return rows.unnamed_rejects(self._file, source)

    def clear_errors(self, keys: Sequence[Named]) -> None:
        """Forget what our own checks found: the rows are good again, a rejected one is pending."""
        with self._file.transaction() as connection:
            rows.clear_errors(connection, self._collection, keys)

    # Requests: before, after, lost ---------------------------------------------------------------------------------

    def begin(
        self,
        *,
        run: str,
        verb: str,
        endpoint: str,
        watermark: datetime | None,
        at: datetime | None,
        sent: Sequence[Sent],
    ) -> int:
        """Rule 1: write down a request and its rows as sent, and mark them as in flight; returns its number.

        `watermark` None stands for an empty collection. `at` is the server's time, if any is known. Raises Bug for a
        row that is in flight already.
        """
        self.beat()
        with self._file.transaction() as connection:
            return requests.begin(
                connection, self._collection, sent, head=(run, verb, endpoint), watermark=watermark, at=at
            )

    def finish(  # noqa: PLR0913 - rule 2 is one transaction
        self,
        request: int,
        *,
        outcome: str,
        at: datetime | None,
        published: Sequence[Published] = (),
        pending: Sequence[Named] = (),
        watermark: datetime | None = None,
        facts: Mapping[str, str | None] | None = None,
        twin_checks: Sequence[Named] = (),
        open_: bool = False,
    ) -> None:
        """Rule 2: write down the outcome ("answered", "refused:<code>", "not_carried_out") and what became of the rows.

        Rows of the request that are not mentioned stay in flight: they are in doubt. `pending` ones were not written;
        one that holds an item stands again as that item does. `open_` keeps the request open for rule 7, `twin_checks`
        names rows that it must look at. Raises Bug for an item of a row that was never sent,
        or that another row holds.
        """
        self.beat()
        collection = self._collection
        with self._file.transaction() as connection:
            requests.answered(connection, request, outcome, at, still_open=open_)
            rows.put_published(connection, collection, published)
            rows.put_back(connection, collection, pending, request)
            requests.put_twin_checks(connection, collection, twin_checks, request)
            requests.doubt_denials(connection, collection, twin_checks)
            for name, value in (facts or {}).items():
                runs.put_fact(connection, name, value)
            if watermark is not None:
                runs.raise_watermark(connection, collection, watermark)

    def lost(self, request: int, at: datetime | None) -> None:
        """Write down that the answer was lost at this moment of the server's time (None: not known yet)."""
        self.beat()
        with self._file.transaction() as connection:
            requests.lost(connection, request, at)

    def interrupted(self, at: datetime | None) -> int:
        """Count every request in flight as lost, when a run starts; returns how many they were."""
        with self._file.transaction() as connection:
            return requests.interrupted(connection, at)

    def date_lost(self, at: datetime) -> None:
        """Give lost requests without a date this one."""
        with self._file.transaction() as connection:
            requests.date_lost(connection, at)

    # Settling ------------------------------------------------------------------------------------------------------

    def doubts(self) -> list[Doubt]:
        """List the rows in flight, each with the latest request that carried it."""
        return requests.doubts(self._file, self._read_collection)

    def adopt(self, found: Sequence[Adopted]) -> None:
        """Give rows the items that were found to be their own, all or none of them; they may be PUBLISHED or STAGED.

        Raises Bug for an item of a row that was never sent and has no `sent`, or that another row holds.
        """
        if not found:
            return
        with self._file.transaction() as connection:
            for one in found:
                if one.sent is not None:
                    rows.put_named(connection, self._collection, one.sent)
            rows.put_published(connection, self._collection, [one.published for one in found])
            for one in found:
                if one.as_sent is not None:
                    rows.put_as_sent(connection, self._collection, one.as_sent)
            given = [(one.published.locale, one.published.key) for one in found]
            requests.doubt_denials(connection, self._collection, given)

    def tell_error(self, refused: Refused, run: str) -> None:
        """Tell a row that holds an item what went wrong with it; its status stays."""
        with self._file.transaction() as connection:
            rows.put_error(connection, self._collection, refused, run)

    def keep_unchanged(self, hashes: Sequence[tuple[Named, str]]) -> None:
        """Write down the present `source_hash` of rows whose content is still the same."""
        with self._file.transaction() as connection:
            rows.put_unchanged(connection, self._collection, hashes)

    def release(self, keys: Sequence[Named]) -> None:
        """Make rows in flight pending again; one that holds an item stands again as that item does."""
        with self._file.transaction() as connection:
            rows.put_back(connection, self._collection, keys)

    def reject(self, refused: Sequence[Refused], run: str) -> None:
        """Reject rows; one that was never sent needs its `Refused.sent` (raises Bug without).

        What Webflow says it has not carried out of them before is looked for all the same (rule 7).
        """
        with self._file.transaction() as connection:
            rows.put_rejected(connection, self._collection, refused, run)
            requests.doubt_denials(connection, self._collection, [(one.locale, one.key) for one in refused])

    def open_requests(self) -> list[Request]:
        """Rule 7: list the requests whose twins must still be looked for, oldest first."""
        return requests.open_requests(self._file, self._read_collection)

    def request_rows(self, request: int) -> list[SentRow]:
        """List the rows of a request, as they were sent."""
        return requests.request_rows(self._file, request)

    def sendings(self, row: Row) -> list[Sending]:
        """List a row as each request carried it, the oldest first; none where it was never sent."""
        if row.first_request is None:
            return []
        last = row.first_request if row.attempts == 1 else None
        return requests.sendings(self._file, self._read_collection, (row.locale, row.key), row.first_request, last)

    def close_request(self, request: int) -> None:
        """Write down that the twins of a request were looked for."""
        with self._file.transaction() as connection:
            requests.close_request(connection, request)

    def doubt_denials(self, keys: Sequence[Named]) -> None:
        """Open what Webflow says it has not carried out of these rows: what it made of them is looked for (rule 7)."""
        with self._file.transaction() as connection:
            requests.doubt_denials(connection, self._collection, keys)

    def twin_checks(self) -> list[TwinCheck]:
        """Rule 7: list the rows that came back under an altered slug and must be looked at."""
        return requests.twin_checks(self._file, self._read_collection)

    def drop_twin_checks(self, keys: Sequence[Named]) -> None:
        """Write down that they were looked at."""
        with self._file.transaction() as connection:
            requests.drop_twin_checks(connection, self._collection, keys)

    def latest_request(self) -> int:
        """Tell the number of the newest request, 0 if there is none."""
        return requests.latest_request(self._file)

    def latest_moment(self) -> datetime | None:
        """Tell when the last request was answered or lost (the server's clock); None where that is not known of one."""
        return standing.latest_moment(self._file)

    # What look-ups showed ------------------------------------------------------------------------------------------

    def note_seen(self, items: Sequence[SeenItem]) -> None:
        """Keep what a look-up showed, marked with the newest request that had begun at its first sighting."""
        with self._file.transaction() as connection:
            seen.note_seen(connection, self._collection, items, requests.latest_request(self._file))

    def seen_by_slug(self, locale: str, slugs: Sequence[str]) -> dict[str, list[SeenItem]]:
        """Find the items seen under these slugs, by slug without case (`str.casefold`), oldest sighting first."""
        return seen.seen_by_slug(self._file, self._read_collection, locale, slugs)

    def seen_by_key(self, locale: str, keys: Sequence[str]) -> dict[str, list[SeenItem]]:
        """Find the items seen with these keys, by key, oldest sighting first."""
        return seen.seen_by_key(self._file, self._read_collection, locale, keys)

    def first_sighting(self, item_ids: Sequence[str]) -> dict[str, int]:
        """Tell the mark of the first sighting of each item; those never seen are left out."""
        return seen.first_sighting(self._file, item_ids)

    def forget_seen(self, item_ids: Sequence[str]) -> None:
        """Forget items that are gone."""
        with self._file.transaction() as connection:
            seen.forget_seen(connection, item_ids)
