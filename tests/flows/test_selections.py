"""Which rows of the sheet are rows of a run: `--limit`, `--rows`, and each locale's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from importer.settings import parse_rows
from tests.flows.faulty import CREATE
from tests.flows.notes import names

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night

LOCALES: dict[str, Any] = {
    "site": {"locales": {"primary": {"tag": "en-US"}, "secondary": [{"tag": "fr-FR"}]}},
    "collections": [
        {
            "displayName": "Notes",
            "singularName": "Note",
            "slug": "notes",
            "fields": [{"slug": "text", "displayName": "Text", "type": "PlainText"}],
        }
    ],
}


def test_limit_sends_so_many_and_the_next_run_goes_on(night: Callable[..., Night]) -> None:
    """--limit: the rest is skipped, and does not change the exit code."""
    one = night()
    counts = one.run(limit=2).counts
    assert (counts.created, counts.skipped, one.exit_code) == (2, 3, 0)
    assert one.published() == names(2)
    counts = one.run(limit=2).counts
    assert (counts.created, counts.unchanged, counts.skipped) == (2, 2, 1)
    assert one.run().counts.created == 1
    assert one.published() == names(5)


def test_rows_sends_only_those(night: Callable[..., Night]) -> None:
    """--rows: by the numbers that a person sees; rows not asked for are skipped."""
    one = night()
    counts = one.run(rows=parse_rows("3-4")).counts
    assert (counts.created, counts.skipped, one.exit_code) == (2, 3, 0)
    assert one.published() == ["note-2", "note-3"]
    assert one.run().counts.created == 3


def test_locales_are_rows_of_their_own(night: Callable[..., Night]) -> None:
    """One key in two locales is two items; each is published once, and a second run changes nothing."""
    one = night(seed=LOCALES, slug_per_locale="separate")
    both = one.rows(4, Slug=["note-1", "note-2", "note-1", "note-2"])
    one.sheet = both.drop("Photo").with_columns(pl.Series("Language", ["en", "en", "fr", "fr"]))
    one.mapping = {
        "collection": "notes",
        "fields": {"name": "Title", "slug": "Slug", "text": "Text"},
        "item": {"locale": "Language"},
    }
    one.faults = [{"when": CREATE | {"nth": 2}, "do": "reset_after"}]
    counts = one.run().counts
    assert (counts.created, one.exit_code) == (4, 0)
    assert one.published() == ["note-1", "note-1", "note-2", "note-2"]
    assert one.run().counts.unchanged == 4
    one.state = one.folder / "new.db"
    assert one.run().counts.unchanged == 4
    assert len(one.items(live=False)) == 4
