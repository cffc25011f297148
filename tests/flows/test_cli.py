"""The command line: arguments, one JSON object, exit statuses, and who speaks where."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import click
import pytest

from importer.cli import front
from importer.cli.verbs import group
from importer.cli.watching import Watcher
from importer.model import Progress
from importer.sandbox.faults import FAULTS
from importer.sandbox.switches import SWITCHES

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.capture import CaptureFixture

pytestmark = pytest.mark.usefixtures("place")


def test_main_exits_with_the_status_of_the_command(capsys: CaptureFixture[str]) -> None:
    """Only `main` exits."""
    with pytest.raises(SystemExit) as caught:
        front.main(["plan"])
    assert caught.value.code == 2
    assert capsys.readouterr().out == ""


def test_without_a_command_the_help_is_shown(capsys: CaptureFixture[str]) -> None:
    """As it stands, on stderr: a script that forgot the command is told by the status."""
    assert front.answer([]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.partition("\n")[0]) == ("", "Usage: importer [OPTIONS] COMMAND [ARGS]...")


def test_the_help_of_the_sandbox_names_every_switch_and_fault(capsys: CaptureFixture[str]) -> None:
    """Each with its values, the default first."""
    assert front.answer(["sandbox", "--help"]) == 0
    said = capsys.readouterr().out
    assert "refusal=atomic|partial|partial_ahead" in said
    assert "rate_limit=60|<number>" in said
    assert [name for name in (*SWITCHES, *FAULTS) if f"\n  {name}" not in said] == []


def test_results_go_to_stdout_and_all_else_to_stderr(capsys: CaptureFixture[str]) -> None:
    """Stdout carries results only; what was detected and warned about goes to stderr."""
    assert front.answer(["check", "tags.toml", "--sandbox"]) == 1
    said = capsys.readouterr()
    assert 'color_invalid · column "Colour" -> color · 1 row' in said.out
    assert "tags.csv: 2 rows, 1 good, 1 would be rejected" in said.out
    assert "UTF-8" not in said.out
    assert "tags.csv: UTF-8" in said.err


def test_quiet_says_nothing_but_results(capsys: CaptureFixture[str]) -> None:
    """`--quiet` leaves stderr to errors."""
    front.answer(["check", "tags.toml", "--sandbox", "--quiet"])
    assert capsys.readouterr().err == ""


def test_the_sheet_may_stand_anywhere_and_wins_over_the_mappings_own(place: Path, capsys: CaptureFixture[str]) -> None:
    """What ends in .toml is the mapping, the other one is the sheet."""
    (place / "other.csv").write_text("Name,Slug,Colour\nFood,food,\n", encoding="utf-8")
    assert front.answer(["check", "other.csv", "--sandbox", "tags.toml"]) == 0
    assert "other.csv: 1 row, all good" in capsys.readouterr().out


def answer_of(arguments: list[str], capsys: CaptureFixture[str]) -> dict[str, Any]:
    """Run a command with --json: its status is the object's, and stdout is that object."""
    status = front.answer([*arguments, "--json"])
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert answer["exit_code"] == status
    assert list(answer)[:6] == ["format", "verdict", "exit_code", "seconds", "error", "runs"]
    return answer


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (["check", "tags.toml", "--sandbox"], 1, None),
        (["check"], 2, "usage"),
        (["check", "tags.toml", ""], 2, "usage"),
        (["check", "nothing.toml"], 2, "mapping"),
        (["check", "tags.toml", "a.csv", "b.csv"], 2, "usage"),
        (["check", "tags.toml", "more.toml"], 2, "mapping"),
        (["run", "tags.toml", "more.toml", "a.csv"], 2, "usage"),
        (["check", "tags.toml", "gone.csv", "--sandbox"], 2, "source"),
        (["check", "tags.toml", "--sandbox", "--base-url", "http://localhost:1/v2"], 2, "usage"),
        (["check", "tags.toml", "--sandbox-file", "s.db"], 2, "usage"),
        (["check", "tags.toml", "--base-url", "nowhere"], 2, "usage"),
        (["check", "tags.toml"], 3, "token"),
        (["run", "tags.toml"], 3, "token"),
        (["run", "tags.toml", "--mode", "mirror", "--sandbox"], 2, "not_yet"),
        (["run", "tags.toml", "--rows", "x"], 2, "usage"),
        (["run", "tags.toml", "--patience", "soon"], 2, "usage"),
        (["run", "tags.toml", "--max-rejects", "many"], 2, "usage"),
        (["run", "tags.toml", "--concurrency", "0"], 2, "usage"),
        (["run", "--nonsense"], 2, "usage"),
        (["retry", "tags.toml", "--sandbox"], 2, "usage"),
        (["doctor"], 3, "token"),
        (["doctor", "--sandbox"], 0, None),
        (["doctor", "tags.toml", "--sandbox"], 0, None),
        (["init", "tags.csv", "--collection", "tags"], 2, "not_yet"),
        (["plan", "tags.toml"], 2, "not_yet"),
        (["verify", "tags.toml", "--heal", "--sandbox"], 2, "state"),
        (["verify"], 2, "usage"),
        (["undo", "tags.toml", "--run", "x"], 2, "not_yet"),
        (["export", "tags", "out.csv"], 2, "not_yet"),
        (["nonsense"], 2, "usage"),
    ],
)
def test_json_prints_exactly_one_object_whatever_the_exit_status(
    arguments: list[str], status: int, code: str | None, capsys: CaptureFixture[str]
) -> None:
    """design.md: `--json` prints one object, whatever the exit code, also for mistakes of usage."""
    answer = answer_of(arguments, capsys)
    assert answer["exit_code"] == status
    assert (answer["error"] or {}).get("code") == code
    if answer["error"]:
        assert answer["error"]["message"]
        assert answer["error"]["hint"]


def test_check_json_has_the_problems(capsys: CaptureFixture[str]) -> None:
    """The same object, plus `problems` and `problem_counts`."""
    answer = answer_of(["check", "tags.toml", "--sandbox"], capsys)
    assert [(one["row"], one["code"]) for one in answer["problems"]] == [(3, "color_invalid")]
    assert answer["problem_counts"] == {"color_invalid": 1}
    assert answer["runs"][0]["rejects"] == ".importer/runs/check/rejects.csv"


@pytest.mark.parametrize("mistake", [ZeroDivisionError, EOFError])
def test_a_mistake_of_ours_is_exit_70_and_asks_for_a_report(
    mistake: type[Exception], capsys: CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback unless IMPORTER_DEBUG asks for it; an EOFError (of a damaged module, say) is no Ctrl-C."""

    @click.command()
    @click.option("--json", is_flag=True)
    def breaks(**_given: bool) -> None:
        raise mistake("half a row")

    monkeypatch.setitem(group.commands, "breaks", breaks)
    monkeypatch.delenv("IMPORTER_DEBUG", raising=False)
    assert front.answer(["breaks", "--json"]) == 70
    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert (answer["verdict"], answer["error"]["code"]) == ("bug", "bug")
    assert "half a row" in answer["error"]["message"]
    assert "report" in answer["error"]["hint"]
    assert "Traceback" not in said.err
    monkeypatch.setenv("IMPORTER_DEBUG", "1")
    front.answer(["breaks"])
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("command", sorted(group.commands))
def test_the_help_of_every_command_ends_with_an_example(command: str, capsys: CaptureFixture[str]) -> None:
    """A person learns a command from one that works."""
    assert front.answer([command, "--help"]) == 0
    assert capsys.readouterr().out.rstrip().split("\n\n")[-1].strip().startswith(f"Example:  importer {command} ")


DESTINATION = {"--base-url", "--token-file", "--sandbox", "--sandbox-file"}
SENDING = {
    "--mode", "--draft", "--limit", "--rows", "--requests-per-minute", "--concurrency", "--patience", "--max-rejects",
    "--max-change", "--max-delete", "--deadline", "--quiet", "--no-progress", "--accept-new-keys",
}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "promised"),
    [
        ("check", DESTINATION | {"--state", "--json", "--offline"}),
        ("run", DESTINATION | SENDING | {"--state", "--json"}),
        ("retry", DESTINATION | SENDING | {"--state", "--json"}),
        ("status", {"--state", "--json", "--list"}),
        ("doctor", DESTINATION | {"--json"}),
        ("sandbox", {"--port", "--switch", "--faults"}),
    ],
)
def test_every_promised_option_is_there(command: str, promised: set[str]) -> None:
    """design.md, section 2; and the token is never a plain flag."""
    options = {name for parameter in group.commands[command].params for name in parameter.opts}
    assert promised <= options
    assert "--token" not in options


def test_help_loads_nothing_heavy() -> None:
    """`importer --help` starts without polars, httpx, pydantic, tqdm or a database."""
    script = (
        "import sys\nfrom importer.cli import front\nstatus = front.answer(['run', '--help'])\n"
        "heavy = {'polars', 'httpx', 'pydantic', 'tqdm', 'openpyxl', 'starlette', 'sqlite3', 'asyncio'}\n"
        "sys.exit(status or ','.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_leaves_early_is_no_error(place: Path) -> None:
    """`importer status --list | head` ends quietly."""
    (place / "tags.csv").write_text(
        "Name,Slug,Colour\n" + "".join(f"N{at},s{at},nope\n" for at in range(300)), encoding="utf-8"
    )
    command = f"{sys.executable} -m importer check tags.toml --sandbox --quiet --json | head -c 10"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=place)
    assert (done.stdout, done.stderr) == ('{\n  "forma', "")


def test_standard_input_is_a_sheet(place: Path) -> None:
    """`-` is standard input, also where it is read twice."""
    done = subprocess.run(
        [sys.executable, "-m", "importer", "check", "tags.toml", "-", "--sandbox", "--quiet"],
        input="Name,Slug,Colour\nFood,food,#ff0000\nTwin,food,\n",
        capture_output=True,
        text=True,
        check=False,
        cwd=place,
    )
    assert done.returncode == 1
    assert "slug_duplicate" in done.stdout


def test_without_a_terminal_progress_is_one_plain_line_every_ten_seconds(
    capsys: CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No bar when stderr is no terminal."""
    moments = iter([0.0, 3.0, 11.0, 12.0, 22.0])
    monkeypatch.setattr("importer.cli.watching.time.monotonic", lambda: next(moments))
    with Watcher(terminal=False) as watcher:
        for done in (1, 110, 120, 220):
            watcher.progress(Progress(500, done, 2, 57))
    assert capsys.readouterr().err.splitlines() == [
        "110 of 500 rows (22 %), 2 rejected, 10 rows/s, 57 requests left this minute",
        "220 of 500 rows (44 %), 2 rejected, 10 rows/s, 57 requests left this minute",
    ]


def test_on_a_terminal_there_is_a_bar_and_sentences_stand_above_it(capsys: CaptureFixture[str]) -> None:
    """The bar says rows, rejects, requests left and what is waited for, and is gone at the end."""
    with Watcher(terminal=True) as watcher:
        watcher.progress(Progress(0, 10, 0, None))
        watcher.progress(Progress(500, 112, 3, 57, "the rate limit (41 s)"))
        watcher.say("A sentence.")
        watcher.progress(Progress(500, 500, 3, 50))
    said = capsys.readouterr().err
    assert "A sentence." in said
    assert "500" in said


@pytest.mark.parametrize("given", [{"quiet": True}, {"progress": False}])
def test_no_progress_where_none_is_wanted(given: dict[str, bool], capsys: CaptureFixture[str]) -> None:
    """--quiet and --no-progress."""
    with Watcher(terminal=True, **given) as watcher:
        watcher.progress(Progress(500, 112, 3, 57))
        watcher.say("A sentence.")
    assert capsys.readouterr().err == ("" if "quiet" in given else "A sentence.\n")


def test_the_sandbox_refuses_what_it_does_not_know(place: Path, capsys: CaptureFixture[str]) -> None:
    """A wrong switch or plan of faults is a mistake of usage, said before anything listens."""
    (place / "faults.json").write_text("{", encoding="utf-8")
    assert front.answer(["sandbox", "s.db", "--switch", "nonsense"]) == 2
    assert front.answer(["sandbox", "s.db", "--switch", "nonsense=1", "--port", "0"]) == 2
    assert front.answer(["sandbox", "s.db", "--faults", "faults.json"]) == 2
    assert front.answer(["sandbox", "s.db", "--faults", "gone.json"]) == 2
    (place / "faults.json").write_text('{"fault": [{"do": "slow"}]}', encoding="utf-8")
    assert front.answer(["sandbox", "s.db", "--faults", "faults.json"]) == 2
    said = capsys.readouterr().err
    assert "NAME=VALUE" in said
    assert "taken_slug" in said, "an unknown switch is answered with those that there are"
    assert "The plan of faults faults.json is wrong: A fault plan knows faults, not fault." in said
