"""The commands, each with its arguments; what they do is in `commands`, imported when one is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from importer.cli.holding import signals_held
from importer.cli.parameters import (
    DURATION,
    FILE,
    as_json,
    destination,
    files_of,
    options_of,
    patient,
    sending,
    state,
    talking,
)
from importer.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from importer.cli.parameters import Files
    from importer.commands.options import RunOptions

MAPPING_AND_SHEET = click.argument("files", nargs=-1, metavar="MAPPING [SHEET] | MAPPING...")


class InOrder(click.Group):
    """A group that lists its commands in the order in which people need them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        """Give the commands of today first, then those to come, each as they stand in this file."""
        return list(self.commands)


class WithSwitches(click.Command):
    """The command that serves the sandbox: its help names every switch and every fault."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write them below the options; the tables of the sandbox are their one source."""
        from importer.sandbox.faults import FAULTS
        from importer.sandbox.switches import SWITCHES

        with formatter.section("Switches (the first value is the default)"):
            formatter.write_dl(
                [
                    (f"{name}={'|'.join(dict.fromkeys((default, *allowed)))}", said)
                    for name, (allowed, default, said) in SWITCHES.items()
                ]
            )
        with formatter.section("Faults"):
            formatter.write_dl(
                [(" ".join((name, *sorted(more))), said) for name, (more, said) in FAULTS.items()], col_max=24
            )
        super().format_epilog(ctx, formatter)


@click.group(
    cls=InOrder,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example:  importer run mappings/products.toml products.xlsx --sandbox",
)
@click.version_option(package_name="webflow-importer", prog_name="importer")
def group() -> None:
    """Spreadsheets into Webflow CMS collections: complete, correct, exactly once.

    A mapping file (.toml) says how the rows of a sheet become the items of a collection. Running the same command
    again goes on where it stopped. Exit status: 0 done, 1 some rows rejected, 2 invalid, 3 denied, 4 refused,
    5 stopped (run again), 6 guarded, 7 rows in doubt (run again), 70 a mistake of ours.
    """


def _several(verb: str, named: Files, options: RunOptions, watching: dict[str, bool], *, as_json: bool) -> int:
    """Do a command with several mappings."""
    with signals_held():
        from importer.cli.printing import print_several
        from importer.cli.watching import Watcher
        from importer.commands import several

    done = {"check": several.check_all, "run": several.run_all, "retry": several.retry_all}[verb]
    with Watcher(**watching) as watcher:
        results = done(named.mappings, options, observer=watcher)
    return print_several(results, as_json=as_json)


@group.command(
    short_help="Read, map and check every row; send nothing.",
    epilog="Example:  importer check mappings/products.toml products.xlsx",
)
@MAPPING_AND_SHEET
@click.option("--offline", is_flag=True, help="With what the state file keeps of the collection; no network.")
@click.option("--draft", is_flag=True, help="Check as for a run that stages every item.")
@destination
@state
@talking
@as_json
def check(files: tuple[str, ...], *, as_json: bool, quiet: bool, no_progress: bool, **given: Any) -> int:
    """Read, map and check every row; send nothing.

    Problems are printed; the rejected rows are written into runs/check/ beside the state file, with what is wrong and
    what to do about it. With several mappings, rows may name what another of the sheets will make; the rejected rows
    are then in runs/check-MAPPING/.
    """
    named, options = files_of(files), options_of(given)
    watching = {"quiet": quiet, "progress": not no_progress}
    if named.several:
        return _several("check", named, options, watching, as_json=as_json)
    with signals_held():
        from importer.cli.printing import print_check
        from importer.cli.watching import Watcher
        from importer.commands.check import check as checked

    with Watcher(**watching) as watcher:
        result = checked(named.mapping, named.sheet, options, observer=watcher)
    return print_check(result, as_json=as_json)


@group.command(
    short_help="Send the items; the same command again goes on where it stopped.",
    epilog="Example:  importer run mappings/tags.toml mappings/blog_posts.toml --limit 10 --draft",
)
@MAPPING_AND_SHEET
@destination
@state
@sending
@talking
@as_json
def run(files: tuple[str, ...], *, as_json: bool, quiet: bool, no_progress: bool, **given: Any) -> int:
    """Check the whole sheet, then send its items; the same command again goes on where it stopped.

    With several mappings, each reads the sheet that it names, and those go first whose items others refer to. All
    are checked before the first item is sent. One that fails keeps back only those that refer to its items. They
    share --requests-per-minute and --deadline; --limit and the guards count for each.
    """
    named, options = files_of(files), options_of(given)
    watching = {"quiet": quiet, "progress": not no_progress}
    if named.several:
        return _several("run", named, options, watching, as_json=as_json)
    with signals_held():
        from importer.cli.printing import print_run
        from importer.cli.watching import Watcher
        from importer.commands.run import run as sent

    with Watcher(**watching) as watcher:
        result = sent(named.mapping, named.sheet, options, observer=watcher)
    return print_run(result, as_json=as_json)


@group.command(short_help="Send only the rows that failed.", epilog="Example:  importer retry mappings/products.toml")
@MAPPING_AND_SHEET
@destination
@state
@sending
@talking
@as_json
def retry(files: tuple[str, ...], *, as_json: bool, quiet: bool, no_progress: bool, **given: Any) -> int:
    """Send only the rows that failed; from the sheet of the last run unless one is named. Takes several mappings."""
    named, options = files_of(files), options_of(given)
    watching = {"quiet": quiet, "progress": not no_progress}
    if named.several:
        return _several("retry", named, options, watching, as_json=as_json)
    with signals_held():
        from importer.cli.printing import print_run
        from importer.cli.watching import Watcher
        from importer.commands.retry import retry as sent_again

    with Watcher(**watching) as watcher:
        result = sent_again(named.mapping, named.sheet, options, observer=watcher)
    return print_run(result, as_json=as_json)


@group.command(
    short_help="Show runs and row counts from the state file.",
    epilog="Example:  importer status mappings/products.toml --list rejected",
)
@click.argument("mapping", required=False)
@click.option(
    "--list", "listed", is_flag=False, flag_value="", metavar="[STATUS]",
    help="Print the rows as CSV: all, or pending, in_flight, published, staged, rejected.",
)  # fmt: skip
@destination
@state
@as_json
def status(mapping: str | None, *, listed: str | None, as_json: bool, **given: Any) -> int:
    """Show runs and row counts from the state file (of all mappings here, unless one is named).

    With --json: the object of the last run of each mapping; its exit_code is that run's.
    """
    if listed is not None and mapping is None and listed.lower().endswith(".toml"):
        mapping, listed = listed, ""  # `--list MAPPING`: the option took the argument for its value
    if listed is not None and as_json:
        raise UsageError("--list prints CSV and --json an object.", "Leave one of them away.")
    options = options_of(given)
    with signals_held():
        from importer.cli.printing import print_rows, print_status
        from importer.commands import status as verb

    if listed is not None:
        print_rows(verb.listed(mapping, options, wanted=listed or None))
    else:
        print_status(verb.status(mapping, options), as_json=as_json)
    return 0


@group.command(
    short_help="Read the collection and prove what the state file says.",
    epilog="Example:  importer verify mappings/products.toml --heal",
)
@click.argument("mapping", required=False)
@click.option("--heal", is_flag=True, help="Remove twins of our own: of each row's items the oldest one is kept.")
@click.option("--both", is_flag=True, help="Read the live list whole too, though Webflow's own words agree with it.")
@click.option("--strangers", is_flag=True, help="Name the items that no row holds, too.")
@click.option(
    "--list", "listed", is_flag=False, flag_value="", metavar="[VERDICT]",
    help="Print the receipts as CSV: all, or those of one verdict, such as edited, missing, twin, stranger.",
)  # fmt: skip
@destination
@state
@patient
@talking
@as_json
def verify(
    mapping: str | None,
    *,
    strangers: bool,
    listed: str | None,
    as_json: bool,
    quiet: bool,
    no_progress: bool,
    **given: Any,
) -> int:
    """Read the collection and prove what the state file says: each row's item is there, as it was sent, and live.

    Takes one request for each hundred items, and two more. Nothing is changed, but by --heal. While a run is at work
    it ends with 5. Exit status: 0 all proven; 1 something was edited, unpublished, removed or doubled; 7 something is
    not known: rows in doubt, or a listing that keeps changing.
    """
    if listed is not None and as_json:
        raise UsageError("--list prints CSV and --json an object.", "Leave one of them away.")
    if listed is not None and mapping is None and listed.lower().endswith(".toml"):
        mapping, listed = listed, ""  # `--list MAPPING`: the option took the argument for its value
    named = files_of(() if mapping is None else (mapping,))
    heal, both = given.pop("heal"), given.pop("both")
    options = options_of(given)
    with signals_held():
        from importer.cli.printing import print_proof, print_receipts
        from importer.cli.watching import Watcher
        from importer.commands import verify as verb

    wanted = verb.parse_verdict(listed) if listed else None
    with Watcher(quiet=quiet, progress=not no_progress) as watcher:
        result = verb.verify(named.mapping, options, heal=heal, both=both, observer=watcher)
    if listed is not None:
        return print_receipts(result, wanted=wanted, strangers=strangers)
    return print_proof(result, as_json=as_json, strangers=strangers)


@group.command(
    short_help="Look at token, scopes, sites and collection before a run.",
    epilog="Example:  importer doctor mappings/products.toml",
)
@click.argument("mapping", required=False)
@click.option(
    "--probe", is_flag=True,
    help="Ask what nobody knows for certain of Webflow, on a collection that is made for it and removed again.",
)  # fmt: skip
@click.option("--requests-per-minute", type=click.IntRange(min=1), metavar="N", help="A limit of your own.")
@click.option("--deadline", type=DURATION, metavar="TIME", help="With --probe: ask no longer than this.")
@destination
@state
@as_json
def doctor(mapping: str | None, *, probe: bool, as_json: bool, **given: Any) -> int:
    """Look at token, scopes, sites, rate limit and collection before a run; nothing is changed.

    With --probe it asks the Webflow itself how it behaves (are refused chunks refused whole? is a taken slug refused?),
    on a collection of its own, which it makes on the site of the mapping's collection and removes again in about 30
    requests. The answers are kept in the state file, and runs heed some of them.
    """
    options = options_of(given)
    if probe:
        return _probe(mapping, options, as_json=as_json)
    with signals_held():
        from importer.cli.printing import print_diagnosis
        from importer.commands.doctor import doctor as examined

    return print_diagnosis(examined(mapping, options), as_json=as_json)


def _probe(mapping: str | None, options: RunOptions, *, as_json: bool) -> int:
    """Ask, and print the answers."""
    with signals_held():
        from importer.cli.printing import print_probe
        from importer.cli.watching import Watcher
        from importer.commands.probe import probe as asked

    with Watcher() as watcher:
        done = asked(mapping, options, observer=watcher)
    return print_probe(done, as_json=as_json)


@group.command(
    cls=WithSwitches,
    short_help="Serve a Webflow on this machine to try things out.",
    epilog="Example:  importer sandbox mappings/.importer/sandbox.db --port 8765",
)
@click.argument("file", required=False, type=FILE)
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 takes a free one.")
@click.option("--switch", "switches", multiple=True, metavar="NAME=VALUE", help="How this Webflow behaves.")
@click.option(
    "--faults", type=FILE,
    help='Which requests go wrong, and how: JSON like [{"when": {"method": "POST", "nth": 2}, "do": "reset_after"}].',
)  # fmt: skip
def sandbox(file: Path | None, *, port: int, switches: tuple[str, ...], faults: Path | None) -> int:
    """Serve a Webflow on this machine: the API under /v2 (token: sandbox), and a page to look at."""
    with signals_held():
        from importer.commands import sandbox as verb

    def ready(at: int) -> None:
        address = f"http://127.0.0.1:{at}"
        click.echo(f"The sandbox is at {address}  (--base-url {address}/v2, token: sandbox). Ctrl-C ends it.", err=True)

    verb.sandbox(file, port=port, switches=verb.parse_switches(switches), faults=faults, on_ready=ready)
    return 0


def _later(verb: str, sentence: str, example: str) -> None:
    """Add a command of a later version, which says so whatever it is given."""

    @group.command(
        verb,
        help=f"{sentence} (Not built yet.)",
        short_help=f"Not built yet: {sentence[0].lower()}{sentence[1:]}",
        epilog=f"Example:  {example}",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    @click.argument("rest", nargs=-1, type=click.UNPROCESSED, metavar="...")
    def command(rest: tuple[str, ...]) -> int:  # noqa: ARG001 - click hands over what nobody reads
        with signals_held():
            from importer.commands.later import not_yet

        raise not_yet(verb)


_later("init", "Propose a mapping from a sheet and a collection.", "importer init products.xlsx --collection products")
_later("plan", "Show what a run would do.", "importer plan mappings/products.toml")
_later("undo", "Take back what a run did.", "importer undo mappings/products.toml")
_later("export", "Write a collection's items as a sheet.", "importer export products products.csv")
