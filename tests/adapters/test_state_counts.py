"""Whatever happens to rows, in whatever order: every row is counted once, and no text is changed by being kept."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from importer.model import Item, Status
from importer.state import Adopted, CheckedRow, Identity, Published, SeenItem, Sent, State
from importer.state.instants import read, written

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
KEYS = st.sampled_from(["a", "b", "c", "é", "\N{SNOWMAN}", "A"])
SEVERAL = st.sets(KEYS, min_size=1)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
SLOW_DISK = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


def item(key: str, text: str = "x") -> Item:
    return Item(key, "", 2, (2,), text, text, False, False, b"{}", 0, text, text, text)


class Lives(RuleBasedStateMachine):
    """A few rows live through requests, losses, checks and settlements, beside a plain dictionary that knows best."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "state.db"
        self.state = State.open(self.path)
        self.state.claim(Identity("m", "", "c"))
        self.status: dict[str, Status] = {}
        self.item: dict[str, Status] = {}
        self.first: dict[str, int] = {}
        self.flying: dict[int, set[str]] = {}
        self.spoilt: set[str] = set()
        self.unnamed = 0

    def teardown(self) -> None:
        self.state.close()
        self.folder.cleanup()

    def back(self, key: str) -> Status:
        """How a row stands that was not written: as its item, as our checks said meanwhile, or as never sent."""
        return self.item.get(key, Status.REJECTED if key in self.spoilt else Status.PENDING)

    def in_flight(self) -> set[str]:
        return {key for key, status in self.status.items() if status is Status.IN_FLIGHT}

    @rule(keys=SEVERAL)
    def begin(self, keys: set[str]) -> None:
        sent = [Sent(item(key), "s") for key in sorted(keys - self.in_flight())]
        request = self.state.begin(run="r", verb="create", endpoint="e", watermark=None, at=NOW, sent=sent)
        self.flying[request] = {one.item.key for one in sent}
        self.spoilt -= self.flying[request]
        for key in self.flying[request]:
            self.status[key] = Status.IN_FLIGHT
            self.first.setdefault(key, request)

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        request = data.draw(st.sampled_from(sorted(self.flying)))
        keys = self.flying.pop(request)
        verdicts = {key: data.draw(st.sampled_from(["published", "staged", "pending", ""])) for key in keys}
        named = {verdict: [key for key in keys if verdicts[key] == verdict] for verdict in verdicts.values()}
        held = [(key, Status(verdict)) for key, verdict in verdicts.items() if verdict in {"published", "staged"}]
        self.state.finish(
            request,
            outcome="answered",
            at=NOW,
            published=[Published("", key, f"id-{key}", key, status) for key, status in held],
            pending=[("", key) for key in named.get("pending", [])],
        )
        self.status.update(held)
        self.item.update(held)
        self.status.update({key: self.back(key) for key in named.get("pending", [])})

    @rule(keys=SEVERAL)
    def check(self, keys: set[str]) -> None:
        self.state.reject_checked([CheckedRow("", key, 2, "required", "No.") for key in keys], run="r", source="s")
        for key in keys:
            if self.status.get(key) is Status.IN_FLIGHT:
                self.spoilt.add(key)
            elif self.status.get(key) not in {Status.PUBLISHED, Status.STAGED}:
                self.status[key] = Status.REJECTED

    @rule(rows=st.sets(st.integers(2, 5)))
    def check_unnamed(self, rows: set[int]) -> None:
        self.state.forget_checked("s")
        for key in [one for one, status in self.status.items() if status is Status.REJECTED and one not in self.first]:
            del self.status[key]
        self.state.reject_checked([CheckedRow("", None, row, "key_empty", "No.") for row in rows], run="r", source="s")
        self.unnamed = len(rows)

    @rule()
    def die_and_come_back(self) -> None:
        self.state.close()
        self.state = State.open(self.path)
        assert self.state.interrupted(NOW) == len(self.flying)
        self.flying.clear()

    @rule(adopted=st.booleans())
    def settle(self, *, adopted: bool) -> None:
        carried = set().union(*self.flying.values())
        for doubt in self.state.doubts():
            key = doubt.row.key
            if key in carried:
                continue
            if adopted:
                self.state.adopt([Adopted(Published("", key, f"id-{key}", key, Status.PUBLISHED))])
                self.status[key] = self.item[key] = Status.PUBLISHED
            else:
                self.state.release([("", key)])
                self.status[key] = self.back(key)

    @invariant()
    def every_row_is_counted_once(self) -> None:
        counted = self.state.count_rows()
        assert sum(counted.values()) == len(self.status) + self.unnamed
        assert {doubt.row.key for doubt in self.state.doubts()} == self.in_flight()
        assert self.state.has_published() == len(self.item)
        known = self.state.rows([("", key) for key in self.status])
        assert {key: row.status for (_, key), row in known.items()} == self.status
        assert {key: row.first_request for (_, key), row in known.items() if row.first_request} == self.first


TestLives = Lives.TestCase
TestLives.settings = settings(SLOW_DISK, stateful_step_count=20)


@SLOW_DISK
@given(texts=st.dictionaries(TEXT.filter(bool), TEXT, min_size=1, max_size=8), locale=TEXT)
def test_texts_come_back_as_they_went_in(texts: dict[str, str], locale: str) -> None:
    """Keys, slugs and names may hold anything, also NUL, quotes and signs of every script."""
    with tempfile.TemporaryDirectory() as folder, State.open(Path(folder) / "state.db") as state:
        state.claim(Identity("m", "", "c"))
        items = [
            Item(key, locale, 2, (2,), text, text, False, False, b"{}", 0, text, text, text)
            for key, text in texts.items()
        ]
        request = state.begin(
            run="r", verb="v", endpoint="e", watermark=None, at=None, sent=[Sent(one, "s") for one in items]
        )
        found = state.rows([(locale, key) for key in texts])
        assert {key: row.name for (_, key), row in found.items()} == texts
        assert {one.key: one.slug for one in state.request_rows(request)} == texts
        state.note_seen([SeenItem(key, locale, text, text, key, text, None, True) for key, text in texts.items()])
        shown = state.seen_by_slug(locale, list(texts.values()))
        assert {one.item_id: one.slug for items in shown.values() for one in items} == texts


@given(at=st.datetimes(timezones=st.timezones()), later=st.datetimes(timezones=st.timezones()))
def test_instants_sort_as_text_and_lose_less_than_a_millisecond(at: datetime, later: datetime) -> None:
    """What is compared in SQL is compared as text."""
    try:
        first, second = at.astimezone(UTC), later.astimezone(UTC)
    except OverflowError:  # beyond the years that a date can name
        return
    kept = read(written(first))
    assert kept is not None
    assert 0 <= (first - kept).total_seconds() < 0.001
    assert (written(first) <= written(second)) == (kept <= (read(written(second)) or kept))
