"""The one place where a command's end becomes lines on the screen and an exit status."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from importer.cli.holding import release_signals, signals_held
from importer.cli.streams import Unwritten, lead_nowhere, open_closed_streams
from importer.cli.verbs import group
from importer.errors import EXIT_PRECEDENCE, Bug, DiskFull, ImporterError, Interrupted, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:
        signal.signal(signal.SIGTERM, _terminated)
    open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a narrow terminal is no reason to die
    spoken: dict[str, int] = {}
    try:
        try:
            status = answer(given, spoken)
            _deafen()
        except KeyboardInterrupt as stop:  # it came in the moment between the last word and the end
            _deafen()
            status = spoken.get("exit_code", _interrupted(stop).exit_code)
        sys.stdout.flush()
    except BrokenPipeError:  # of the help: somebody read the first lines and left, such as `head`
        lead_nowhere(sys.stdout)
        status = 0
    sys.exit(status)


def answer(arguments: list[str], spoken: dict[str, int] | None = None) -> int:
    """Run one command; its exit status, which is put into `spoken` once the one object of --json was begun."""
    as_json = "--json" in arguments
    spoken = {} if spoken is None else spoken
    try:
        release_signals()
        status = group.main(args=arguments, prog_name="importer", standalone_mode=False, obj=spoken)
    except click.exceptions.Exit as done:
        status = done.exit_code
    except click.exceptions.NoArgsIsHelpError as bare:
        click.echo(bare.ctx.get_help(), err=True)
        status = bare.exit_code
    except click.ClickException as wrong:
        status = _said(_usage(wrong), as_json=as_json)
    except (click.Abort, KeyboardInterrupt) as stop:
        if isinstance(stop.__cause__, EOFError):  # click takes it for the end of somebody's answers; nobody is asked
            _trace(stop.__cause__)
            return _said(_bug(stop.__cause__), as_json=as_json)
        # Where the one object of --json stands already, the signal came too late.
        status = spoken["exit_code"] if spoken else _said(_interrupted(stop), as_json=as_json)
    except ImporterError as error:
        status = _said(error, as_json=as_json)
    except Unwritten as lost:
        status = _unwritten(lost)
    except SystemExit:  # click's own answer where a reader of the help has left
        status = 0
    except Exception as mistake:  # noqa: BLE001 - the last net: a mistake of ours becomes exit 70, for scripts to see
        _trace(mistake)
        status = _said(_bug(mistake), as_json=as_json)
    return status if isinstance(status, int) else 0


def _deafen() -> None:
    """It is said how the command ended: a signal comes too late."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _said(error: ImporterError, *, as_json: bool) -> int:
    with signals_held():
        from importer.cli.printing import print_error

    return print_error(error, as_json=as_json)


def _unwritten(lost: Unwritten) -> int:
    """Weigh that a result could not be printed; a reader who has left has read what was wanted."""
    if isinstance(lost.reason, BrokenPipeError):
        return lost.status
    full = DiskFull(
        f"The result could not be printed: {lost.reason.strerror or lost.reason}.",
        "Make room where the output goes, then run the same command again: what is done is not done twice.",
    )
    said = _said(full, as_json=False)
    return next(code for code in EXIT_PRECEDENCE if code in {said, lost.status})


def _trace(mistake: Exception) -> None:
    """Show where a mistake of ours happened, to those who ask for it."""
    import traceback

    from importer.settings import wants_traceback

    if wants_traceback():
        traceback.print_exception(mistake)


def _usage(wrong: click.ClickException) -> UsageError:
    hint = "`importer --help` lists the commands."
    context: Any = getattr(wrong, "ctx", None)
    if context is not None and context.command is not group:
        hint = f"`{context.command_path} --help` explains the command."
    return UsageError(wrong.format_message(), hint)


def _bug(mistake: Exception) -> Bug:
    return Bug(
        f"This is a mistake in importer: {type(mistake).__name__}: {mistake}",
        "Please report it with the output of the same command under IMPORTER_DEBUG=1."
        " Rows that were being sent are settled by the next run.",
    )


class _Terminated(KeyboardInterrupt):
    """SIGTERM takes the way of Ctrl-C: an event loop would swallow an exception of the ordinary kind."""


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _Terminated


def _interrupted(stop: BaseException) -> Interrupted:
    terminated = isinstance(stop, _Terminated) or isinstance(stop.__cause__, _Terminated)
    return Interrupted(f"Stopped by {'SIGTERM' if terminated else 'Ctrl-C'}.", terminated=terminated)
