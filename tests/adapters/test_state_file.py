"""The state file as a file: opening, refusing, migrating, full disks."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from importer.errors import Bug, DiskFull, Locked, StateError
from importer.model import Item, Status
from importer.state import CheckedRow, Identity, Sent, State
from importer.state.file import StateFile
from importer.state.migrations import APPLICATION, MIGRATIONS, migrate

if TYPE_CHECKING:
    from pathlib import Path

ME = Identity("products", "site-1", "collection-1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".importer" / "products.db"


def item(key: str, row: int = 2) -> Item:
    return Item(key, "", row, (row,), key, key, False, False, b"{}", 0, "hash", "print", "readable")


def test_opening_makes_folder_and_file(path: Path) -> None:
    """A first run needs nobody to prepare a place."""
    with State.open(path) as state:
        assert state.identity is None
    assert path.is_file()
    with sqlite3.connect(path) as plain:
        assert plain.execute("PRAGMA application_id").fetchone() == (APPLICATION,)
        assert plain.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    plain.close()


def test_every_commit_reaches_the_disk(path: Path) -> None:
    """A power cut must not take back what was answered: synchronous is FULL (2)."""
    with State.open(path) as state:
        assert state._file.one("PRAGMA synchronous") == (2,)
        assert state._file.one("PRAGMA busy_timeout") == (5000,)


def test_file_of_a_run_that_died_at_once_is_a_new_file(path: Path) -> None:
    """An empty file is what a crash right after its creation leaves."""
    path.parent.mkdir()
    path.touch()
    with State.open(path) as state:
        state.claim(ME)


def test_reading_makes_nothing(path: Path) -> None:
    """`status` of a mapping that was never run says so, and leaves no file behind."""
    with pytest.raises(StateError, match="no state file") as caught:
        State.open(path, read_only=True)
    assert "--state" in caught.value.hint
    assert not path.parent.exists()


def test_empty_file_is_said_to_be_empty_where_it_is_only_read(path: Path) -> None:
    """It may have been emptied by mistake; a run would fill it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with pytest.raises(StateError, match=r"is empty: nothing is known of any row"), State.open(path, read_only=True):
        pass


def test_read_only_state_answers_and_does_not_write(path: Path) -> None:
    """Who only reads may do so beside a run, and cannot change anything."""
    with State.open(path) as writer:
        writer.claim(ME)
        with State.open(path, read_only=True) as reader:
            assert reader.identity == ME
            assert sum(reader.count_rows().values()) == 0
            with pytest.raises(StateError, match="cannot be used"):
                reader.set_fact("a", "b")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder_can_be_read(path: Path) -> None:
    """A state file in a folder without the right to write can still be shown."""
    with State.open(path) as state:
        state.claim(ME)
    path.parent.chmod(0o500)
    try:
        with State.open(path, read_only=True) as state:
            assert state.identity == ME
        with pytest.raises(StateError, match="--state"):
            State.open(path.with_name("other.db"))
    finally:
        path.parent.chmod(0o700)


def test_journal_beside_the_file_is_part_of_the_state(path: Path, tmp_path: Path) -> None:
    """A copy is read with the journal that lies beside it; what is only in the journal is part of the state."""
    with State.open(path) as state:
        state.claim(ME)
        copied = tmp_path / "copy.db"
        copied.write_bytes(path.read_bytes())
        copied.with_name("copy.db-wal").write_bytes(path.with_name(f"{path.name}-wal").read_bytes())
    with State.open(copied, read_only=True) as copy:
        assert copy.identity == ME


def test_state_that_was_never_claimed_holds_nothing_and_takes_nothing(path: Path) -> None:
    """Rows belong to a collection: without one there are none, and none can be written."""
    with State.open(path) as state:
        assert state.rows([("", "a")]) == {}
        assert state.doubts() == []
        with pytest.raises(Bug, match="claimed"):
            state.reject_checked([CheckedRow("", None, 2, "required", "no name")], run="r", source="p.csv")


@pytest.mark.parametrize(
    ("place", "sentence"),
    [("file/state.db", "cannot be made"), ("folder", "cannot be used"), ("text.db", "is not a state file")],
)
def test_place_that_cannot_hold_a_state_is_refused_with_the_way_out(tmp_path: Path, place: str, sentence: str) -> None:
    """The message names --state, for that is what helps."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.db").write_text("name,price\n" * 500)
    with pytest.raises(StateError, match=sentence) as caught:
        State.open(tmp_path / place)
    assert "--state" in caught.value.hint
    assert caught.value.exit_code == 2


def test_database_of_another_program_is_refused_untouched(tmp_path: Path) -> None:
    """Somebody's own SQLite file named by mistake stays as it is, byte for byte."""
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as theirs:
        theirs.execute("CREATE TABLE orders (id INTEGER)")
    theirs.close()
    before = path.read_bytes()
    with pytest.raises(StateError, match="another program"):
        State.open(path)
    assert path.read_bytes() == before


def test_newer_format_is_refused_with_the_sentence_that_says_so(path: Path) -> None:
    """An older importer must not guess at what a newer one wrote."""
    State.open(path).close()
    with sqlite3.connect(path) as newer:
        newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    newer.close()
    for read_only in (False, True):
        with pytest.raises(StateError, match="written by a newer importer"):
            State.open(path, read_only=read_only)


@pytest.mark.parametrize("harm", ["PRAGMA user_version = 0", "PRAGMA user_version = -1", "DROP TABLE seen"])
def test_a_file_that_another_program_has_edited_is_said_to_be_damaged(path: Path, harm: str) -> None:
    """Not a mistake of ours, and nothing is put in its place."""
    State.open(path).close()
    with sqlite3.connect(path) as edited:
        edited.execute(harm)
    edited.close()
    with pytest.raises(StateError, match="is damaged") as caught, State.open(path) as state:
        state.seen_by_slug("", ["a"])
    assert "copy" in caught.value.hint


def test_moment_that_is_none_is_said_to_be_damage(path: Path) -> None:
    """Somebody wrote something else into the file, where a moment stands: exit 2, not 70."""
    with State.open(path) as state:
        state.raise_watermark("c", datetime(2026, 6, 1, tzinfo=UTC))
    with sqlite3.connect(path) as edited:
        edited.execute("UPDATE watermarks SET at = 'yesterday'")
    edited.close()
    with pytest.raises(StateError, match="is damaged: it holds 'yesterday'") as caught, State.open(path) as state:
        state.watermark("c")
    assert caught.value.exit_code == 2


def test_a_sandbox_that_was_made_anew_is_thought_of(tmp_path: Path) -> None:
    """Who removes the sandbox's file to begin afresh is told of the state file beside it."""
    with State.open(tmp_path / "tags.sandbox.db") as state:
        state.claim(ME)
        with pytest.raises(StateError) as caught:
            state.require_collection("another")
    assert "remove this state file too" in caught.value.hint


def test_migrations_run_once_in_one_transaction_and_keep_the_rows(path: Path) -> None:
    """An older file becomes a present one with all that it held."""
    with State.open(path) as state:
        state.claim(ME)
    later = (*MIGRATIONS, "ALTER TABLE runs ADD COLUMN host TEXT;\nCREATE INDEX runs_host ON runs (host);\n")
    file = StateFile.open(path)
    migrate(file.connection, path, later)
    migrate(file.connection, path, later)
    assert file.one("PRAGMA user_version") == (len(later),)
    assert file.all("SELECT host FROM runs") == []
    assert file.one("SELECT count(*) FROM facts") == (1,)
    file.close()


def test_failed_migration_leaves_the_file_as_it_was(path: Path) -> None:
    """Half a migration is worse than none."""
    State.open(path).close()
    file = StateFile.open(path)
    broken = (*MIGRATIONS, "ALTER TABLE runs ADD COLUMN host TEXT;\nCREATE INDEX nothing ON nowhere (host);\n")
    with pytest.raises(sqlite3.OperationalError):
        migrate(file.connection, path, broken)
    assert file.one("PRAGMA user_version") == (len(MIGRATIONS),)
    assert "host" not in {line[1] for line in file.all("PRAGMA table_info(runs)")}
    file.close()


def test_damaged_file_is_said_to_be_damaged(path: Path) -> None:
    """Garbage in the middle of the file ends the run with a sentence, not with a wrong answer."""
    with State.open(path) as state:
        state.claim(ME)
        run = state.start_run(mapping="products", source="p.csv", mode="create")
        checked = [CheckedRow("", f"k{number}", number, "required", "x" * 200) for number in range(2, 400)]
        state.reject_checked(checked, run=run, source="p.csv")
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    with pytest.raises(StateError, match="damaged") as caught, State.open(path) as state:
        list(state.all_rows())
    assert "copy" in caught.value.hint


def test_full_disk_stops_the_run_and_takes_back_only_what_was_not_finished(path: Path) -> None:
    """What could not be written is not half written, and the file goes on when there is room again."""
    with State.open(path) as state:
        state.claim(ME)
        run = state.start_run(mapping="products", source="p.csv", mode="create")
        pages = state._file.one("PRAGMA page_count")
        assert pages is not None
        state._file.all(f"PRAGMA max_page_count = {pages[0] + 2}")
        sent = [Sent(item(f"key-{number}" * 20, number), "p.csv") for number in range(200)]
        with pytest.raises(DiskFull, match="could not be written") as caught:
            state.begin(run=run, verb="create", endpoint="live", watermark=None, at=None, sent=sent)
        assert caught.value.exit_code == 5
        assert sum(state.count_rows().values()) == 0
        assert state.latest_request() == 0
        state._file.all("PRAGMA max_page_count = 100000")
        state.begin(run=run, verb="create", endpoint="live", watermark=None, at=None, sent=sent)
        assert state.count_rows()[Status.IN_FLIGHT] == 200


def test_other_writer_is_waited_for_and_then_named(path: Path) -> None:
    """A database viewer that holds the file for good is said, not hung upon."""
    with State.open(path) as state:
        state.claim(ME)
        state._file.all("PRAGMA busy_timeout = 50")
        viewer = sqlite3.connect(path, isolation_level=None)
        viewer.execute("BEGIN IMMEDIATE")
        with pytest.raises(Locked, match="Another program is writing"):
            state.set_fact("a", "b")
        viewer.execute("ROLLBACK")
        viewer.close()
        state.set_fact("a", "b")


@pytest.mark.parametrize(
    "other", [Identity("products", "site-1", "collection-2"), Identity("products", "site-2", "collection-1")]
)
def test_state_of_another_destination_is_refused(path: Path, other: Identity) -> None:
    """Row keys of one collection say nothing about another."""
    with State.open(path) as state:
        state.claim(ME)
    with State.open(path) as state:
        with pytest.raises(StateError, match=r"belongs to (collection|site)") as caught:
            state.claim(other)
        assert "--state" in caught.value.hint
        assert state.identity == ME


def test_unknown_site_agrees_with_every_site_until_it_is_known(path: Path) -> None:
    """A mapping by id needs no `sites:read`, so a run may not know its site."""
    with State.open(path) as state:
        state.claim(Identity("products", "", "collection-1"))
        state.claim(ME)
        state.claim(Identity("products", "", "collection-1"))
        assert state.identity == ME
        with pytest.raises(StateError):
            state.claim(Identity("products", "site-2", "collection-1"))
