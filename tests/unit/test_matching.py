"""Whose item a listed one is: each clause of rule 4 decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from importer.publishing.matching import Evidence, Shown, Wanted, find, is_ours
from importer.state import Sending, SentRow

SINCE = datetime(2026, 6, 1, 12, tzinfo=UTC)
SENT = SentRow("", "one", "note-1", "Note 1", "f", "content")
ENDED = SINCE + timedelta(hours=1)
FIRST = Sending(7, SENT, SINCE, ENDED)
WANTED = Wanted("", "one", "note-1", (FIRST,))
ITEM = Shown(
    id="i",
    locale="",
    slug="note-1",
    name="Note 1",
    key="note-1",
    readable="content",
    created_on=SINCE + timedelta(seconds=5),
    last_published=None,
    is_draft=False,
    is_archived=False,
    live=True,
)
NOTHING = Evidence({}, {})


def test_item_as_it_was_sent_is_ours() -> None:
    """Made since, not seen before, held by nobody, and as sent."""
    assert is_ours(WANTED, ITEM, NOTHING)


@pytest.mark.parametrize(
    ("seconds", "ours"), [(-3_600, False), (-61, False), (-60, True), (0, True), (3_600, True), (None, False)]
)
def test_item_that_was_made_before_the_first_watermark_is_not_ours(seconds: int | None, *, ours: bool) -> None:
    """Stamps are at most a minute from their true order; an item without a stamp proves nothing."""
    made = None if seconds is None else SINCE + timedelta(seconds=seconds)
    assert is_ours(WANTED, replace(ITEM, created_on=made), NOTHING) is ours


def test_row_that_was_sent_before_everything_may_be_any_age() -> None:
    """The collection was empty at the first send: no stamp is too old."""
    wanted = replace(WANTED, sendings=(replace(FIRST, watermark=None),))
    assert is_ours(wanted, replace(ITEM, created_on=SINCE - timedelta(days=9)), NOTHING)


@pytest.mark.parametrize(("seconds", "ours"), [(0, True), (300 + 60, True), (300 + 61, False), (None, False)])
def test_item_that_was_made_after_patience_is_not_ours(seconds: int | None, *, ours: bool) -> None:
    """Where an end is asked for: a request has its effect within patience of its end, or never."""
    made = None if seconds is None else ENDED + timedelta(seconds=seconds)
    wanted = replace(WANTED, patience=timedelta(minutes=5))
    assert is_ours(wanted, replace(ITEM, created_on=made), NOTHING) is ours
    assert is_ours(replace(wanted, patience=None), replace(ITEM, created_on=made), NOTHING) is (made is not None)


def test_item_that_was_made_between_two_sends_is_nobodys() -> None:
    """Weeks lie between the requests of a row: what somebody made in them is neither's."""
    later = Sending(9, SENT, SINCE + timedelta(days=14), ENDED + timedelta(days=14))
    wanted = replace(WANTED, sendings=(FIRST, later), patience=timedelta(minutes=5))
    between = replace(ITEM, created_on=SINCE + timedelta(days=7))
    assert not is_ours(wanted, between, NOTHING)
    assert is_ours(wanted, replace(between, created_on=ENDED + timedelta(days=14)), NOTHING)


def test_item_that_was_seen_before_a_send_can_be_of_an_earlier_one() -> None:
    """The second request cannot have made it; the first can, with the content that it sent."""
    other = replace(SENT, readable="other")
    wanted = replace(WANTED, sendings=(FIRST, Sending(9, other, SINCE, ENDED)))
    seen = Evidence({}, {"i": 8})
    assert is_ours(wanted, ITEM, seen)
    assert not is_ours(wanted, replace(ITEM, readable="other"), seen)


@pytest.mark.parametrize(("mark", "ours"), [(6, False), (7, True), (8, True)])
def test_item_that_was_seen_before_the_first_send_is_not_ours(mark: int, *, ours: bool) -> None:
    """The mark of a sighting is the newest request that had begun by then."""
    assert is_ours(WANTED, ITEM, Evidence({}, {"i": mark})) is ours


@pytest.mark.parametrize(
    "change", [{"name": "Note 2"}, {"readable": "else"}, {"locale": "de"}], ids=lambda change: next(iter(change))
)
def test_item_that_is_not_as_it_was_sent_is_not_ours(change: dict[str, Any]) -> None:
    """Name, readable content and locale are the ones sent."""
    wanted = replace(WANTED, locale="en")
    assert is_ours(wanted, replace(ITEM, locale="en"), NOTHING)
    assert not is_ours(wanted, replace(ITEM, **{"locale": "en"} | change), NOTHING)


@pytest.mark.parametrize(("holder", "ours"), [(("", "one"), True), (("", "two"), False)])
def test_item_of_another_row_is_not_ours(holder: tuple[str, str], *, ours: bool) -> None:
    """Its own row may meet it again."""
    assert is_ours(WANTED, ITEM, Evidence({"i": holder}, {})) is ours


def test_older_of_two_fitting_items_is_taken_and_each_only_once() -> None:
    """Of twins the original is kept; two rows never get one item."""
    younger = replace(ITEM, id="j", created_on=SINCE + timedelta(seconds=9))
    second = replace(WANTED, key="two")
    found = find([WANTED, second], [younger, ITEM], NOTHING, suffixed=())
    assert {key: item.id for key, item in found.items()} == {("", "one"): "i", ("", "two"): "j"}


def test_late_item_is_taken_under_the_sent_slug_only() -> None:
    """It may have come beyond patience; under a suffix it may as well be a copy that somebody made."""
    wanted = replace(WANTED, patience=timedelta(minutes=5))
    late = replace(ITEM, created_on=ENDED + timedelta(days=1))
    assert find([wanted], [late], NOTHING, suffixed={wanted.id})
    assert not find([wanted], [replace(late, slug="note-1-a1b2c")], NOTHING, suffixed={wanted.id})


def test_suffixed_item_is_taken_only_by_the_deciding_listing() -> None:
    """And never where its slug is one that another row was sent with, or has under way."""
    suffixed = replace(ITEM, slug="note-1-a1b2c")
    assert not find([WANTED], [suffixed], NOTHING, suffixed=())
    assert find([WANTED], [suffixed], NOTHING, suffixed={WANTED.id})
    claimed = frozenset({"note-1-a1b2c"})
    assert not find([WANTED], [suffixed], NOTHING, suffixed={WANTED.id}, claimed=claimed)
