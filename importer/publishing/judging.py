"""The verdict on one row: whether its item is there, as sent, and live where it should be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import orjson

from importer.model import Status
from importer.publishing.matching import is_ours
from importer.report.receipts import Receipt, Verdict
from importer.schema import UNREADABLE_TYPES
from importer.schema.content import ARCHIVED, archived_part, readable_kinds
from importer.state import UNNAMED

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Sequence

    from importer.publishing.matching import Evidence, Shown, Wanted
    from importer.publishing.stock import Sight, Stock
    from importer.schema import CollectionSchema
    from importer.state import Standing

WITHOUT_ITEM = {Status.REJECTED: Verdict.REJECTED, Status.PENDING: Verdict.NOT_SENT}
"""The verdict on rows of which the state says that they have no item, and that have none."""


@dataclass(slots=True)
class Difference:
    """How an item differs from what was sent: `changed` fields (None: some, not known which), and what is no change.

    `unreadable` fields hold something else than was sent, as Webflow writes such fields anew; `filled` ones are none
    of the mapping's.
    """

    changed: set[str] | None
    unreadable: set[str]
    filled: set[str]


@dataclass(frozen=True, slots=True)
class Judge:
    """Compares items with what was sent; `mapped` are the fields that the mapping fills (None: not known)."""

    schema: CollectionSchema
    mapped: Collection[str] | None

    def receipt(self, standing: Standing, stock: Stock | None, found: Shown | None) -> Receipt:
        """Give the receipt of a row; `found` is an item that is its own, where it holds none that is there."""
        row, bare = standing.row, _bare(standing)
        whole = stock is not None and stock.whole
        if row.status is Status.IN_FLIGHT:
            return replace(bare, verdict=Verdict.IN_DOUBT)
        if found is not None and stock is not None and (row.item_id is None or whole):
            live = stock.is_live(found.id)
            return replace(bare, verdict=Verdict.UNRECORDED, item_id=found.id, slug=found.slug, live=live)
        if row.item_id is None:
            known = whole or not row.attempts
            return replace(bare, verdict=WITHOUT_ITEM.get(row.status, bare.verdict)) if known else bare
        if stock is None or stock.sight(row.item_id) is None:
            return replace(bare, verdict=Verdict.MISSING) if whole else bare
        return self._held(standing, stock, row.item_id)

    def _held(self, standing: Standing, stock: Stock, item_id: str) -> Receipt:
        """The receipt of a row whose item is there."""
        live, staged = stock.is_live(item_id), stock.staged.get(item_id)
        versions = {"live": stock.live.get(item_id), "staged": staged}
        found = {name: self.difference(standing, sight) for name, sight in versions.items() if sight is not None}
        every = tuple(found.values())
        known = all(one.changed is not None for one in every)
        changed = set[str]().union(*(one.changed or () for one in every))
        edited = bool(changed) or not known
        edit_live = found["live"].changed != set() if "live" in found else staged is not None and not staged.waits
        return replace(
            _bare(standing),
            verdict=_verdict(standing.row.status, live=live, edited=edited),
            live=live,
            updated=max(one.last_updated or "" for one in versions.values() if one is not None) or None,
            compared="both" if len(every) > 1 else next(iter(found)),
            fields=tuple(sorted(changed)) if known else None,
            edit_live=bool(live) and edit_live if edited else None,
            archived=any(one.shown.is_archived for one in versions.values() if one) if ARCHIVED in changed else None,
            not_comparable=tuple(sorted(set[str]().union(*(one.unreadable for one in every)) - changed)),
            filled=tuple(sorted(set[str]().union(*(one.filled for one in every)))),
        )

    def difference(self, standing: Standing, sight: Sight) -> Difference:
        """Compare one version of an item with what was sent."""
        row, shown = standing.row, sight.shown
        changed = {"slug"} if shown.slug != row.slug else set()
        if shown.is_archived and row.status is Status.PUBLISHED:
            changed.add(ARCHIVED)
        if sight.parts == standing.parts:
            return Difference(changed, set(), set())
        now: dict[str, str] = orjson.loads(sight.parts)
        kinds = {slug: field.type for slug, field in self.schema.by_slug.items()}
        if standing.parts is None:
            unreadable = {slug for slug in now if kinds[slug] in UNREADABLE_TYPES}
            same = row.readable is None or shown.readable == row.readable
            return Difference(changed if same else None, unreadable, set())
        sent: dict[str, str] = orjson.loads(standing.parts)
        if sent.pop(ARCHIVED, None) == archived_part(archived=not shown.is_archived) and row.status is Status.STAGED:
            changed.add(ARCHIVED)
        unreadable, filled = set[str](), set[str]()
        for slug in sent.keys() | now.keys():
            before, after = sent.get(slug), now.get(slug)
            if before == after:
                continue
            if before is None and self.mapped is not None and slug not in self.mapped:
                filled.add(slug)
            elif before is None or after is None or not _rewritten(before, after, kinds[slug]):
                changed.add(slug)
            else:
                unreadable.add(slug)
        return Difference(changed, unreadable, filled)

    def may_remove(
        self, standing: Standing, own: Sequence[Sequence[Sight]], live: Container[str], *, strict: bool = True
    ) -> bool:
        """Whether all of a row's own items but the first may go; `live` are the ids of those that are live.

        The one that the row holds stays if somebody worked on it, and what is live does not go for what is not:
        somebody may have taken that off the site because it was there twice. Of a picture that the row's item has by
        now nobody knows whether it is the one that was sent: where this is asked weeks later (`strict`) it stays.
        """
        kept, *newer = (versions[0].shown.id for versions in own)
        if kept not in live and any(item_id in live for item_id in newer):
            return False
        held = [one for versions in own[1:] for one in versions if one.shown.id == standing.row.item_id]
        found = [self.difference(standing, sight) for sight in held]
        return all(one.changed == set() and not one.filled and not (strict and one.unreadable) for one in found)

    def as_made(
        self, standing: Standing, versions: Sequence[Sight], wanted: Wanted, evidence: Evidence, *, strict: bool = True
    ) -> bool:
        """Whether every version of an item is as a request of the row made it.

        Where that cannot be told of pictures and their like, because an earlier send may have brought others than the
        last, it is so unless this is asked `strict`ly.
        """
        if not all(is_ours(wanted, one.shown, evidence) for one in versions):
            return False
        row, seen = standing.row, {one.shown.readable for one in versions}
        prints = {one.row.fingerprint for one in wanted.sendings if one.row.readable in seen}
        if not strict and (prints != {row.fingerprint} or standing.parts is None):
            return True
        return not any(self._filled_otherwise(standing, sight) for sight in versions)

    def _filled_otherwise(self, standing: Standing, sight: Sight) -> bool:
        """Whether an item whose readable content was sent for the row differs in something else."""
        found = self.difference(standing, sight)
        if standing.parts is None:
            return bool(found.unreadable)
        changed = (found.changed or set()) - {"slug"}
        if sight.shown.readable != standing.row.readable:  # an earlier send made it
            changed -= readable_kinds(self.schema).keys()
        return bool(changed | found.filled)


def _bare(standing: Standing) -> Receipt:
    """Begin a receipt: what the state file says, and that nothing is known yet."""
    row = standing.row
    return Receipt(
        file=row.source,
        row=row.source_row,
        key=None if row.key.startswith(UNNAMED) else row.key,
        locale=row.locale,
        verdict=Verdict.UNKNOWN,
        status=row.status.value,
        request=standing.request,
        run=row.run,
        time=standing.at,
        item_id=row.item_id,
        slug=row.slug or row.slug_sent,
        fingerprint=row.fingerprint,
    )


def _rewritten(before: str, after: str, kind: str) -> bool:
    """Whether two hashes may differ though nobody changed the field; as many files as were sent must be there."""
    return kind in UNREADABLE_TYPES and before.partition("*")[2] == after.partition("*")[2]


def _verdict(status: Status, *, live: bool | None, edited: bool) -> Verdict:
    """Say how an item stands that is there."""
    if status is Status.PUBLISHED and live is False:
        return Verdict.NOT_LIVE
    if status is Status.STAGED and live is True:
        return Verdict.MADE_LIVE
    if edited:
        return Verdict.EDITED
    return Verdict.UNKNOWN if live is None else Verdict.PROVEN
