"""The arguments and options that several commands share, and how they become one `RunOptions`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from importer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.commands.options import RunOptions

F = TypeVar("F", bound="Callable[..., Any]")


class Parsed(click.ParamType[Any]):
    """A text that one of the parsers of `settings` reads, such as a duration."""

    def __init__(self, name: str, parser: str) -> None:
        self.name = name
        self._parser = parser

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it; a mistake is a mistake of usage."""
        from importer import settings

        if not isinstance(value, str):
            return value
        try:
            return getattr(settings, self._parser)(value)
        except UsageError as error:
            self.fail(f"{error.message} {error.hint}", param, ctx)


DURATION = Parsed("duration", "parse_duration")
GUARD = Parsed("count or percentage", "parse_count_or_percent")
ROWS = Parsed("rows", "parse_rows")
FILE = click.Path(path_type=Path, dir_okay=False)

REQUESTS_PER_MINUTE = click.option(
    "--requests-per-minute", type=click.IntRange(min=1), metavar="N", help="A limit of your own."
)
PATIENCE = click.option(
    "--patience", type=DURATION, metavar="TIME", default="5m", show_default=True,
    help="How long a lost request may still take effect.",
)  # fmt: skip


class Files(NamedTuple):
    """Mappings, and the sheet of a single one (None: each one's own)."""

    mappings: tuple[Path, ...]
    sheet: str | None

    @property
    def several(self) -> bool:
        """Whether the command is one for several mappings."""
        return len(self.mappings) > 1

    @property
    def mapping(self) -> Path:
        """The only mapping."""
        (one,) = self.mappings
        return one


def files_of(arguments: tuple[str, ...]) -> Files:
    """Tell mappings from the sheet: what ends in `.toml` is a mapping; raises UsageError."""
    if "" in arguments:
        raise UsageError(
            "A file's name is empty.", "Is a variable of the shell unset? Name the file, or leave it away."
        )
    mappings = [text for text in arguments if text.lower().endswith(".toml")]
    sheets = [text for text in arguments if not text.lower().endswith(".toml")]
    if not mappings:
        context = click.get_current_context(silent=True)
        verb = context.info_name if context is not None else "check"
        raise UsageError(
            "No mapping file is named (it ends in .toml)." if arguments else "A mapping file is needed.",
            f"For example: `importer {verb} mappings/products.toml`",
        )
    if len(mappings) > 1 and sheets:
        raise UsageError(
            f"{sheets[0]} is named together with {len(mappings)} mappings, and it is not said whose sheet it is.",
            "With several mappings each reads the sheet that it names itself: [source] path = ...",
        )
    if len(sheets) > 1:
        raise UsageError(f"Several sheets are named: {', '.join(sheets)}.", "A mapping takes one sheet at a time.")
    return Files(tuple(map(Path, mappings)), sheets[0] if sheets else None)


def options_of(given: dict[str, Any]) -> RunOptions:
    """Make the one object of what was given; options that a command does not have keep their defaults."""
    from importer.commands.options import RunOptions

    return RunOptions(**{name: value for name, value in given.items() if value is not None})


def destination(command: F) -> F:
    """Add the options of every command that talks to Webflow."""
    return _with(
        command,
        click.option("--base-url", metavar="URL", help="The API's address (env WEBFLOW_BASE_URL)."),
        click.option("--token-file", type=FILE, help="A file that holds the token (else env WEBFLOW_TOKEN)."),
        click.option("--sandbox", is_flag=True, help="Use a Webflow inside this process: no token, no network."),
        click.option("--sandbox-file", type=FILE, help="Where that Webflow is kept (.importer/sandbox.db)."),
    )


def state(command: F) -> F:
    """Add `--state`."""
    return _with(
        command, click.option("--state", type=FILE, help="The state file (.importer/<mapping>.db beside the mapping).")
    )


def sending(command: F) -> F:
    """Add the options of the commands that send."""
    return _with(
        command,
        click.option("--mode", type=click.Choice(["create", "upsert", "mirror"]), help="What to do with known items."),
        click.option("--draft", is_flag=True, help="Stage every item as a draft instead of publishing it."),
        click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Only the first N items to be sent."),
        click.option("--rows", type=ROWS, metavar="ROWS", help="Only these rows of the sheet, such as 2-40,97."),
        REQUESTS_PER_MINUTE,
        click.option("--concurrency", type=click.IntRange(min=1), metavar="N", default=4, show_default=True,
                     help="Requests under way at the same time."),
        PATIENCE,
        click.option("--deadline", type=DURATION, metavar="TIME", help="Stop after this time; run again to go on."),
        click.option("--max-rejects", type=GUARD, metavar="N|P%", help="Send nothing if more rows are rejected."),
        click.option("--max-change", type=GUARD, metavar="N|P%", help="Send nothing if more items would change."),
        click.option("--max-delete", type=GUARD, metavar="N|P%", help="Send nothing if more would be removed."),
        click.option("--accept-new-keys", is_flag=True, help="Go on although the rules of key or slug changed."),
    )  # fmt: skip


def patient(command: F) -> F:
    """Add what a command takes that reads much, and sends little."""
    return _with(command, REQUESTS_PER_MINUTE, PATIENCE)


def talking(command: F) -> F:
    """Add the options of what is shown."""
    return _with(
        command,
        click.option("--quiet", is_flag=True, help="Say nothing but results and errors."),
        click.option("--no-progress", is_flag=True, help="Show no progress."),
    )


def as_json(command: F) -> F:
    """Add `--json`."""
    return _with(command, click.option("--json", "as_json", is_flag=True, help="Print one JSON object."))


def _with(command: F, *decorators: Callable[[F], F]) -> F:
    for decorator in reversed(decorators):
        command = decorator(command)
    return command
