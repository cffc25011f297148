"""Address, token, places of files, and the small notations of the command line."""

from __future__ import annotations

import copy
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.errors import TokenError, UsageError
from importer.settings import (
    DEFAULT_BASE_URL,
    SANDBOX_BASE_URL,
    Settings,
    Share,
    Token,
    parse_base_url,
    parse_count_or_percent,
    parse_duration,
    parse_rows,
    read_settings,
    run_folder,
    sandbox_path,
    state_path,
)

SECRET = "abc123secret"


def test_token_never_shows_itself() -> None:
    """Neither a log line nor a traceback, nor a file, may hold the token."""
    token = Token(f" {SECRET}\n")
    settings = Settings(DEFAULT_BASE_URL, token)
    for shown in (
        repr(token),
        str(token),
        f"{token}",
        f"{token:>40}",
        f"{settings!r} %s" % token,
        repr([token]),
    ):
        assert SECRET not in shown
    assert token.reveal() == SECRET
    with pytest.raises(TypeError, match="not written"):
        pickle.dumps(settings)
    assert copy.deepcopy(settings) == settings
    assert not hasattr(token, "__dict__")


def test_tokens_are_equal_by_value() -> None:
    """A token can be compared and kept in a set."""
    assert len({Token("a"), Token(" a "), Token("b")}) == 2
    assert Token("a") != "a"


@pytest.mark.parametrize("text", ["", "  \n", "two words", "line\nbreak", "sécret", "a\x00b"])
def test_what_can_be_no_token_is_refused_without_being_quoted(text: str) -> None:
    """A wrong file named as the token file must not end up in a message."""
    with pytest.raises(TokenError) as caught:
        Token(text)
    assert not text.strip() or text.strip() not in str(caught.value)
    assert caught.value.exit_code == 3


def test_environment_gives_what_the_command_line_does_not() -> None:
    """WEBFLOW_BASE_URL and WEBFLOW_TOKEN; an empty one counts as not set."""
    environ = {"WEBFLOW_BASE_URL": "http://127.0.0.1:8765/v2/", "WEBFLOW_TOKEN": SECRET}
    assert read_settings(environ=environ) == Settings("http://127.0.0.1:8765/v2", Token(SECRET))
    assert read_settings(environ={"WEBFLOW_BASE_URL": " ", "WEBFLOW_TOKEN": ""}) == Settings(DEFAULT_BASE_URL, None)


def test_what_is_asked_for_wins_over_the_environment(tmp_path: Path) -> None:
    """Flags are nearer than the environment."""
    environ = {"WEBFLOW_BASE_URL": "http://other.example", "WEBFLOW_TOKEN": "other"}
    kept = tmp_path / "token.txt"
    kept.write_text(f"{SECRET}\r\n", encoding="utf-8-sig")
    settings = read_settings(base_url="https://api.example/v2", token_file=kept, environ=environ)
    assert settings == Settings("https://api.example/v2", Token(SECRET))
    assert read_settings(token="mine", token_file=kept, environ=environ).require_token() == Token("mine")


def test_environment_of_the_process_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an `environ` it is the real one."""
    monkeypatch.setenv("WEBFLOW_TOKEN", SECRET)
    monkeypatch.delenv("WEBFLOW_BASE_URL", raising=False)
    assert read_settings() == Settings(DEFAULT_BASE_URL, Token(SECRET))


def test_missing_token_is_said_with_all_ways_out() -> None:
    """The sentence names the variable, the option and the sandbox."""
    with pytest.raises(TokenError) as caught:
        read_settings(environ={}).require_token()
    for way in ("WEBFLOW_TOKEN", "--token-file", "--sandbox"):
        assert way in caught.value.hint


def test_sandbox_needs_no_token_and_ignores_the_real_one() -> None:
    """`--sandbox` must never reach Webflow with a real token."""
    settings = read_settings(sandbox=True, environ={"WEBFLOW_TOKEN": SECRET, "WEBFLOW_BASE_URL": "nonsense"})
    assert settings == Settings(SANDBOX_BASE_URL, Token("sandbox"))


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00", b"one two"])
def test_unusable_token_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    """The message says which file, and never what is in it."""
    kept = tmp_path / "token.txt"
    if content is not None:
        kept.write_bytes(content)
    with pytest.raises(TokenError, match=r"token\.txt") as caught:
        read_settings(token_file=kept, environ={})
    assert "one two" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api.webflow.com/v2",
        "ftp://api.example",
        "https://",
        "http://h:0",
        "http://h:99999",
        "http://[::1",
        "http://h/?a=b",
    ],
)
def test_address_that_is_none_is_refused(text: str) -> None:
    """A wrong address is a mistake of usage, found before anything is sent."""
    with pytest.raises(UsageError, match="no address"):
        parse_base_url(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("https://me:hunter2@api.example/v2", "no user name"),
        ("https://me:hunter2@api.example:x/v2", "'https://api.example:x/v2' is no address"),
        ("https://api.example/v2?key=hunter2", "'https://api.example/v2' is no address"),
        ("https://api.example/v2#hunter2", "'https://api.example/v2' is no address"),
        ("https://me:hun?hunter2@api.example/v2?key=hunter2", "'https://api.example/v2' is no address"),
        ("me:hunter2@api.example/v2", "'api.example/v2' is no address"),
        ("ftp://me:hun@hunter2@api.example", "'ftp://api.example' is no address"),
    ],
)
def test_address_with_a_secret_is_refused_without_showing_it(text: str, said: str) -> None:
    """Secrets come by the token only; what may be one is not shown."""
    with pytest.raises(UsageError, match=re.escape(said)) as caught:
        parse_base_url(text)
    assert "hun" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize(
    ("base_url", "sandbox", "name"),
    [
        (DEFAULT_BASE_URL, False, "products.db"),
        ("https://API.webflow.com:443/v2/", False, "products.db"),
        ("https://api.webflow.com/beta", False, "products.db"),
        ("http://api.webflow.com/v2", False, "products.api.webflow.com_80.db"),
        ("http://127.0.0.1:8765/v2", False, "products.127.0.0.1_8765.db"),
        ("http://[::1]:8765/v2", False, "products.--1_8765.db"),
        (SANDBOX_BASE_URL, True, "products.sandbox.db"),
    ],
)
def test_state_file_lies_beside_the_mapping_one_for_each_destination(base_url: str, sandbox: bool, name: str) -> None:
    """What was published there says nothing about here."""
    found = state_path("shop/products.toml", base_url=base_url, sandbox=sandbox)
    assert found == Path("shop/.importer") / name


def test_place_of_the_state_can_be_said_and_must_be_where_there_is_no_mapping_file() -> None:
    """A library user with a frame has no file beside which it could lie."""
    assert state_path(None, override="here.db") == Path("here.db")
    assert state_path("shop/products.toml", sandbox=True, override="here.db") == Path("here.db")
    with pytest.raises(UsageError) as caught:
        state_path(None)
    assert "--state" in caught.value.hint


def test_sandbox_and_runs_lie_beside_the_state() -> None:
    """One folder holds all that a mapping leaves behind."""
    assert sandbox_path("shop/products.toml") == Path("shop/.importer/sandbox.db")
    assert sandbox_path(None) == Path(".importer/sandbox.db")
    assert sandbox_path("shop/products.toml", "box.db") == Path("box.db")
    assert run_folder("shop/.importer/products.db", "check") == Path("shop/.importer/runs/check")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("2h", 7200), ("1h30m", 5400), ("0.5s", 0.5), (" 2 S ", 2), ("500ms", 0.5), ("0s", 0)],
)
def test_durations_read_as_people_write_them(text: str, seconds: float) -> None:
    """90s, 5m, 2h."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "-5m", "5 minutes", "1e3s", "٣s", "5d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """A number without a unit could mean anything."""
    with pytest.raises(UsageError, match="no duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "share"), [("10", Share(10)), ("0", Share(0)), ("5%", Share(5, percent=True)), ("2.5 %", Share(2.5, True))]
)
def test_guards_are_counts_or_percentages(text: str, share: Share) -> None:
    """Both notations of `--max-rejects`."""
    assert parse_count_or_percent(text) == share
    assert parse_count_or_percent(str(share)) == share


@pytest.mark.parametrize("text", ["", "1.5", "-1", "101%", "%", "many", "1e3"])
def test_what_is_no_guard_is_refused(text: str) -> None:
    """A guard that is misread guards nothing."""
    with pytest.raises(UsageError, match="neither"):
        parse_count_or_percent(text)


def test_guard_trips_when_exceeded_not_when_reached() -> None:
    """5 % of 200 allows 10."""
    assert not Share(5, percent=True).exceeded(10, 200)
    assert Share(5, percent=True).exceeded(11, 200)
    assert not Share(0).exceeded(0, 0)
    assert Share(0).exceeded(1, 1)


def test_row_ranges_hold_both_ends() -> None:
    """`2-40,97` as in the documentation."""
    rows = parse_rows("97, 2-40")
    assert [number for number in (1, 2, 40, 41, 96, 97, 98) if number in rows] == [2, 40, 97]
    assert rows.ranges == ((2, 40), (97, 97))
    assert str(rows) == "2-40,97"


@pytest.mark.parametrize("text", ["", "2-", "-2", "40-2", "0", "2,,3", "a", "1.5", "2-3-4"])
def test_what_is_no_row_range_is_refused(text: str) -> None:
    """A range that is misread sends the wrong rows."""
    with pytest.raises(UsageError, match="no row"):
        parse_rows(text)


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 20)), min_size=1, max_size=8))
def test_row_ranges_mean_the_same_however_they_are_written(pairs: list[tuple[int, int]]) -> None:
    """Overlapping and touching ranges become one; nothing is added or lost."""
    rows = parse_rows(",".join(f"{first}-{first + more}" for first, more in pairs))
    wanted = {number for first, more in pairs for number in range(first, first + more + 1)}
    assert {number for number in range(100) if number in rows} == wanted
    assert parse_rows(str(rows)) == rows
    assert all(left[1] + 1 < right[0] for left, right in zip(rows.ranges, rows.ranges[1:], strict=False))
