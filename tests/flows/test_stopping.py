"""Signals are heard once, whatever is going on when they come, and none is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time

import polars as pl
import pytest

from importer.commands.stopping import Stopping
from importer.errors import Interrupted

SIGNALS = [(signal.SIGINT, "Stopped by Ctrl-C.", 130), (signal.SIGTERM, "Stopped by SIGTERM.", 143)]


@pytest.mark.parametrize(("number", "sentence", "code"), SIGNALS)
def test_the_first_signal_waits_to_be_looked_at(number: int, sentence: str, code: int) -> None:
    """Nothing is cut in two: it stops where the command looks, and says what it was."""
    with Stopping() as stopping:
        stopping.check()
        signal.raise_signal(number)
        with pytest.raises(Interrupted) as stop:
            stopping.check()
    assert (stop.value.message, stop.value.exit_code) == (sentence, code)


def test_the_second_signal_goes_to_who_heard_signals_before() -> None:
    """Ctrl-C twice ends what nobody could stop in order."""
    with Stopping():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_that_is_ignored_stays_so() -> None:
    """What a shell starts in the background is not for its Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Stopping() as stopping:
            signal.raise_signal(signal.SIGINT)
            stopping.check()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_handlers_are_given_back() -> None:
    """Who heard signals before hears them again."""
    before = [signal.getsignal(number) for number, _, _ in SIGNALS]
    with Stopping():
        pass
    assert [signal.getsignal(number) for number, _, _ in SIGNALS] == before


def test_no_signal_is_lost_in_the_middle_of_an_expression() -> None:
    """A library at work, which has a handler of its own for Ctrl-C, takes none of a hundred."""
    frame = pl.DataFrame({"text": [str(number) for number in range(20_000)]})
    heard = 0
    for _ in range(100):
        with Stopping() as stopping:
            sender = threading.Timer(0.001, os.kill, (os.getpid(), signal.SIGINT))
            sender.start()
            while sender.is_alive():
                frame.select(pl.col("text").str.replace("1", "2").str.to_uppercase())
            sender.join()
            time.sleep(0)  # the handler runs before the next line of Python
            heard += stopping.error is not None
    assert heard == 100


@pytest.mark.parametrize("stubborn", [False, True])
def test_what_is_awaited_is_cut_off(stubborn: bool) -> None:
    """The stop is told even where the work swallows that it was cancelled."""

    async def work() -> str:
        asyncio.get_running_loop().call_later(0.01, signal.raise_signal, signal.SIGINT)
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            if not stubborn:
                raise
        return "done"

    with Stopping() as stopping, pytest.raises(Interrupted):
        asyncio.run(stopping.unless_told(work()))


def test_what_is_awaited_answers_if_no_signal_comes() -> None:
    """Without a signal the work's answer, or what it raises, is all there is."""

    async def answer() -> int:
        await asyncio.sleep(0)
        return 5

    async def fail() -> None:
        await asyncio.sleep(0)
        raise LookupError

    with Stopping() as stopping:
        assert asyncio.run(stopping.unless_told(answer())) == 5
        with pytest.raises(LookupError):
            asyncio.run(stopping.unless_told(fail()))


def test_a_signal_before_anybody_listens_is_told() -> None:
    """The window between two phases of a command has no hole."""

    async def listen(stopping: Stopping) -> list[Interrupted]:
        told: list[Interrupted] = []
        with stopping.telling(told.append):
            await asyncio.sleep(0)
            signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(0.01)
        return told

    with Stopping() as stopping:
        signal.raise_signal(signal.SIGINT)
        told = asyncio.run(listen(stopping))
    assert told == [stopping.error] * 2


def test_another_thread_hears_nothing() -> None:
    """Only the main thread may set handlers; a run elsewhere leaves them as they are."""
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def elsewhere() -> None:
        with Stopping() as stopping:
            seen.append(signal.getsignal(signal.SIGINT))
            stopping.check()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [before]


def test_signals_wait_for_imports() -> None:
    """An import that is cut off would leave half a module behind, and end in a traceback."""
    program = (
        "import signal\n"
        "from importer.cli.holding import signals_held\n"
        "with signals_held():\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "    print('whole')\n"
        "print('never')\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.stdout == "whole\n"
    assert "KeyboardInterrupt" in ended.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_before_the_command_line_is_there_waits_for_it(number: int, code: int) -> None:
    """Who presses Ctrl-C in the first moment sees no traceback either."""
    program = (
        "import signal, importer.__main__ as start\n"
        "from importer.cli import holding\n"
        "holding.hold_signals()\n"
        f"signal.raise_signal({int(number)})\n"
        "start.main()\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, "Traceback" in ended.stderr) == (code, False)
    assert "importer: Stopped by" in ended.stderr
