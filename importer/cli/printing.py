"""Results on stdout, everything for people on stderr."""

from __future__ import annotations

import csv
import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from importer.cli.streams import printing, telling

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importer.commands.doctor import Diagnosis
    from importer.commands.probe import Probe
    from importer.commands.result import RunResult
    from importer.commands.status import StateReport
    from importer.errors import ImporterError
    from importer.model import Row
    from importer.report.receipts import VerifyResult
    from importer.report.several import RunResults


def print_error(error: ImporterError, *, as_json: bool) -> int:
    """Say what broke a command; its exit status."""
    from importer.report.summary import RunResult

    try:
        if as_json:
            print_json(RunResult(error=error).as_json())
    finally:
        complain(error)
    return error.exit_code


def complain(error: ImporterError) -> None:
    """Say on stderr what went wrong, and what to do next."""
    from importer.report.sentences import error_text

    with telling():
        click.echo(f"importer: {error_text(error)}", err=True)


def print_json(answer: dict[str, Any]) -> None:
    """Print the one object of `--json`; from here on a signal comes too late to be another one."""
    context = click.get_current_context(silent=True)
    if context is not None and isinstance(context.obj, dict):
        context.obj["exit_code"] = answer["exit_code"]
    with printing(answer["exit_code"]):
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))


def print_run(result: RunResult, *, as_json: bool) -> int:
    """Print how a run ended; its exit status."""
    from importer.report.sentences import result_text

    with _complaining(result):
        if as_json:
            print_json(result.as_json())
        elif result.runs:
            with printing(result.exit_code):
                click.echo(result_text(result))
    return result.exit_code


def print_check(result: RunResult, *, as_json: bool) -> int:
    """Print the problems that a check found and what they come to; its exit status."""
    from importer.report.problems import problems_text
    from importer.report.sentences import check_text

    with _complaining(result):
        if as_json:
            print_json(result.as_json())
        elif result.runs:
            run = result.runs[0]
            with printing(result.exit_code):
                if result.problems:
                    click.echo(problems_text(result.problems, result.problem_counts, rejects=run.rejects) + "\n")
                click.echo(check_text(run))
                if run.rejects is not None:
                    click.echo(f"  rejected rows: {run.rejects}")
    return result.exit_code


def print_several(results: RunResults, *, as_json: bool) -> int:
    """Print how a command with several mappings ended, what a check found first; the exit status."""
    from importer.report.problems import problems_text
    from importer.report.several import named_errors, several_checked_text, several_text

    try:
        if as_json:
            print_json(results.as_json())
        elif results.parts:
            with printing(results.exit_code):
                for name, part in zip(results.names, results.parts, strict=True):
                    if part.problems:
                        rejects = part.runs[0].rejects
                        click.echo(f"{name}:\n{problems_text(part.problems, part.problem_counts, rejects=rejects)}\n")
                click.echo(several_checked_text(results) if results.checked else several_text(results))
    finally:
        with telling():
            for told in named_errors(results):
                click.echo(f"importer: {told}", err=True)
    return results.exit_code


@contextmanager
def _complaining(result: RunResult | VerifyResult) -> Iterator[None]:
    """Print the result here; what broke the run is said after it, also where nobody reads the result."""
    try:
        yield
    finally:
        if result.error is not None:
            complain(result.error)


def print_status(reports: tuple[StateReport, ...], *, as_json: bool) -> None:
    """Print what state files say."""
    from importer.commands.status import as_result
    from importer.report.standing import standing_text

    if as_json:
        print_json(as_result(reports).as_json())
        return
    with printing(0):
        for place, report in enumerate(reports):
            text = standing_text(report.path, report.rows, report.lines(), report.unsettled(), report.beside)
            click.echo(("\n" if place else "") + text)


def print_rows(rows: Iterable[Row]) -> None:
    """Print rows of the state as CSV."""
    with printing(0):
        lines = csv.writer(sys.stdout, lineterminator="\n")
        lines.writerow(ROW_COLUMNS)
        for row in rows:
            key = "" if row.key.startswith("\x00") else row.key
            lines.writerow([
                row.source_row, row.status.value, key, row.locale, row.slug or row.slug_sent, row.item_id,
                row.last_published, row.error_source, row.error_code, row.error, row.warning, row.source,
            ])  # fmt: skip


ROW_COLUMNS = (
    "row", "status", "key", "locale", "slug", "item_id", "last_published",
    "error_source", "error_code", "error", "warning", "source",
)  # fmt: skip
"""The header of `status --list`."""


def print_proof(result: VerifyResult, *, as_json: bool, strangers: bool) -> int:
    """Print what was proven, and each row that does not stand as it should; the exit status."""
    from importer.report.deviations import proof_text

    with _complaining(result):
        if as_json:
            print_json(result.as_json(strangers=strangers))
        elif result.proof is not None:
            with printing(result.exit_code):
                click.echo(proof_text(result, strangers=strangers))
    return result.exit_code


def print_receipts(result: VerifyResult, *, wanted: str | None, strangers: bool) -> int:
    """Print the receipts (of one verdict), then the items that no row holds, as CSV; the exit status."""
    from importer.report.deviations import COLUMNS, lines_of

    with _complaining(result), printing(result.exit_code):
        if result.proof is not None:
            lines = csv.writer(sys.stdout, lineterminator="\n")
            lines.writerow(COLUMNS)
            lines.writerows(lines_of(result.proof, wanted=wanted, strangers=strangers))
    return result.exit_code


def print_diagnosis(diagnosis: Diagnosis, *, as_json: bool) -> int:
    """Print what the doctor found; the exit status."""
    from importer.commands.doctor import as_json as findings_json
    from importer.report.summary import RunResult

    result = RunResult(error=diagnosis.error)
    if as_json:
        print_json({**result.as_json(), "findings": findings_json(diagnosis)})
        return result.exit_code
    width = max(len(finding.what) for finding in diagnosis.findings)
    with printing(result.exit_code):
        for finding in diagnosis.findings:
            click.echo(f"{finding.health.value:<5} {finding.what:<{width}}  {finding.message}")
            if finding.hint:
                click.echo(f"{'':<5} {'':<{width}}  -> {finding.hint}")
        click.echo("\nEverything is in place." if diagnosis.error is None else "\nA run would end before it began.")
    return result.exit_code


def print_probe(done: Probe, *, as_json: bool) -> int:
    """Print what a probe was answered, then what ended it early; the exit status."""
    from importer.commands.probe import as_json as probe_json
    from importer.commands.probe import lines
    from importer.report.summary import RunResult

    result = RunResult(seconds=done.seconds, error=done.error)
    with _complaining(result):
        if as_json:
            print_json({**result.as_json(), "probe": probe_json(done)})
        elif done.answers:
            with printing(result.exit_code):
                click.echo("\n".join(lines(done)))
    return result.exit_code
