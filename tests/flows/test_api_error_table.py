"""Every row of the API's error table, produced by the sandbox: the run reacts as the table says, and then completes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from importer.errors.api import API_RULES, REFUSALS, STATUS_RULES, ApiRule, Consequence, RefusalKind
from importer.planning import OUTSIDE_CAUSES
from tests.flows.faulty import CREATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night

ONE_ROW = CREATE | {"body": '"slug":"note-3"'}
"""Every create that carries the third row of the sheet (row 4 of the spreadsheet)."""

WORDS = "Webflow's very own words"

SAID: dict[RefusalKind, dict[str, Any]] = {
    RefusalKind.SLUG_TAKEN: {
        "code": "validation_error",
        "details": [{"param": "slug", "description": "Unique value is already in database: 'note-3'"}],
    },
    RefusalKind.ASSET: {
        "code": "validation_error",
        "details": [{"param": "photo", "description": "Remote file failed to import"}],
    },
    RefusalKind.REFERENCE: {
        "code": "validation_error",
        "details": [{"param": "text", "description": "Referenced item not found: '656f505bd83bd52fe7d56688'"}],
    },
    RefusalKind.ITEM_NOT_LIVE: {
        "code": "conflict",
        "message": f"Conflict: Live PATCH updates can't be applied to items that have never been published: {WORDS}",
    },
    RefusalKind.ITEM_IN_USE: {"code": "conflict", "message": f"Conflict: This item is still being used by: {WORDS}"},
    RefusalKind.ITEM_GONE: {"code": "resource_not_found"},
    RefusalKind.SITE_UNPUBLISHED: {"code": "conflict", "message": f"Conflict: The site is not published: {WORDS}"},
    RefusalKind.COLLECTION_CHANGED: {
        "code": "conflict",
        "message": f"Conflict: The collection structure changed since the last publish: {WORDS}",
    },
    RefusalKind.MISSING_SCOPE: {
        "code": "missing_scopes",
        "message": f"OAuthForbidden: You are missing the following scopes - 'cms:write': {WORDS}",
    },
    RefusalKind.STRAY_403: {"code": "forbidden"},
    RefusalKind.UNKNOWN_FIELD: {
        "code": "validation_error",
        "details": [{"param": "text", "description": "Field not described in schema: undefined"}],
    },
    RefusalKind.SCHEMA: {
        "code": "validation_error",
        "details": [{"param": "text", "description": "Field is required: undefined"}],
    },
    RefusalKind.VALUE: {
        "code": "validation_error",
        "details": [{"param": "text", "description": "Is too long: 'Text of note 3'"}],
    },
}
"""How Webflow says each kind of refusal (`webflow.md`, section 1.4)."""


def answer_of(rule: ApiRule, kind: RefusalKind | None) -> dict[str, Any]:
    said = {"code": rule.code, **(SAID[kind] if kind else {})}
    return {"do": "status", "status": rule.status, "message": WORDS} | said


TABLE = [
    *(pytest.param(rule, answer_of(rule, None), id=rule.code) for rule in API_RULES.values()),
    *(pytest.param(rule, answer_of(rule, None), id=str(rule.status)) for rule in STATUS_RULES.values()),
    *(pytest.param(rule, answer_of(rule, kind), id=f"refusal-{kind}") for kind, rule in REFUSALS.items()),
]
GONE = [one for one in TABLE if one.values[0].problem == "item_gone"]  # type: ignore[union-attr]
"""A create cannot be answered that its item is gone: these belong to the publishing of staged items."""


def chosen(*consequences: Consequence) -> list[Any]:
    return [one for one in TABLE if one not in GONE and one.values[0].consequence in consequences]  # type: ignore[union-attr]


def complete(night: Night, *, sent: int) -> None:
    """With the fault gone the same command sends what is missing; all rows are live once."""
    night.faults = []
    summary = night.run()
    assert night.exit_code == 0, summary
    assert summary.counts.created == sent
    assert night.published() == [f"note-{n}" for n in range(1, 6)]
    assert len(night.items(live=False)) == 5


def test_table_has_a_test_for_each_of_its_rows() -> None:
    """No row of the table is left out below."""
    tested = [*chosen(*Consequence), *GONE]
    assert len(tested) == len(API_RULES) + len(STATUS_RULES) + len(REFUSALS)
    assert set(SAID) == set(REFUSALS)


@pytest.mark.parametrize(("rule", "answer"), chosen(Consequence.SEND_AGAIN, Consequence.SETTLE))
def test_error_that_passes_is_sent_again_and_costs_nothing_but_time(
    night: Callable[..., Night], rule: ApiRule, answer: dict[str, Any]
) -> None:
    """An error that says nothing about the rows, once: the run goes on and completes."""
    one = night()
    one.faults = [{"when": CREATE | {"nth": 1}} | answer]
    counts = one.run().counts
    assert (counts.created, one.exit_code) == (5, 0)
    complete(one, sent=0)


def stopping() -> list[Any]:
    """All that stop a run if they stay; SCHEMA only if the schema was changed (see the tests of rule 9)."""
    return [
        one
        for one in chosen(Consequence.SEND_AGAIN, Consequence.SETTLE, Consequence.STOP)
        if one.id != "refusal-schema"
    ]


@pytest.mark.parametrize(("rule", "answer"), stopping())
def test_error_that_stays_stops_the_run_with_its_exit_code(
    night: Callable[..., Night], rule: ApiRule, answer: dict[str, Any]
) -> None:
    """An error on every create: the run stops as the table says, in bounded requests, and a later one completes."""
    one = night()
    one.faults = [{"when": CREATE} | answer]
    summary = one.run()
    assert one.result is not None
    assert rule.stop is not None
    error = one.result.error
    assert type(error) is rule.stop
    assert (one.exit_code, error.code) == (rule.exit_code, rule.stop.code)
    assert summary.counts.created == 0
    assert summary.counts.in_doubt + summary.counts.not_sent == 5
    assert error.hint
    words = answer["details"][0]["description"] if answer.get("details") else WORDS
    assert words in error.message
    assert len(one.app.log) < 200
    complete(one, sent=5)


@pytest.mark.parametrize(("rule", "answer"), chosen(Consequence.SETTLE))
def test_row_that_alone_is_always_answered_with_an_error_is_rejected(
    night: Callable[..., Night], rule: ApiRule, answer: dict[str, Any]
) -> None:
    """Only one row gets the error, and always: it is settled, then rejected; the others are published."""
    one = night()
    one.faults = [{"when": ONE_ROW} | answer]
    counts = one.run().counts
    assert (counts.created, counts.rejected, one.exit_code) == (4, 1, 1)
    assert one.outcome()[4] == ("rejected", rule.problem)
    assert WORDS in one.told(4)
    complete(one, sent=1)


def rejecting() -> list[Any]:
    schema = next(one for one in TABLE if one.id == "refusal-schema")
    return [*chosen(Consequence.REJECT), schema]


@pytest.mark.parametrize(("rule", "answer"), rejecting())
def test_refused_row_is_rejected_and_does_not_hold_back_the_others(
    night: Callable[..., Night], rule: ApiRule, answer: dict[str, Any]
) -> None:
    """Webflow refuses one row: it alone is rejected, with the problem of the table and Webflow's words."""
    one = night()
    one.faults = [{"when": ONE_ROW} | answer]
    counts = one.run().counts
    assert (counts.created, counts.rejected, one.exit_code) == (4, 1, 1)
    problem = "slug_held" if rule.problem == "slug_taken" else rule.problem  # nobody has the slug
    assert one.outcome()[4] == ("rejected", problem)
    if problem != "slug_held":
        assert WORDS in one.told(4)
        assert rule.sentence in one.told(4)
    assert one.result is not None
    rejects = one.result.runs[0].rejects
    assert rejects is not None
    assert str(problem) in rejects.read_text(encoding="utf-8-sig")
    one.faults = []
    again = one.run().counts
    if problem in OUTSIDE_CAUSES:
        assert (again.created, again.unchanged) == (1, 4)
    else:
        assert (again.rejected, again.unchanged, one.exit_code) == (1, 4, 1)
        again = one.run(only_failed=True).counts
        assert (again.created, again.skipped + again.unchanged) == (1, 4)
    complete(one, sent=0)


@pytest.mark.parametrize(("rule", "answer"), GONE)
def test_staged_item_that_is_gone_belongs_to_its_row(
    night: Callable[..., Night], rule: ApiRule, answer: dict[str, Any]
) -> None:
    """Publishing staged items: a 404 about one of them is that row's, the others go live."""
    one = night()
    one.run(draft=True)
    staged = {item["fieldData"]["slug"]: item["id"] for item in one.items(live=False)}
    one.faults = [{"when": {"path": "*/items/publish", "body": staged["note-3"]}} | answer]
    counts = one.run().counts
    assert (counts.updated, counts.rejected, one.exit_code) == (4, 1, 1)
    assert one.outcome()[4] == ("staged", "item_gone")
    assert WORDS in one.told(4)
    one.faults = []
    assert one.run().counts.updated == 1
    complete(one, sent=0)


@pytest.mark.parametrize("answer", [one.values[1] for one in GONE], ids=[one.id for one in GONE])
def test_create_answered_404_means_a_site_that_was_never_published(
    night: Callable[..., Night], answer: dict[str, Any]
) -> None:
    """No item can be gone that is only made: the run stops, and says to publish the site."""
    one = night()
    one.faults = [{"when": CREATE} | answer]
    one.run()
    assert one.result is not None
    assert one.result.error is not None
    assert (one.exit_code, one.result.error.code) == (4, "site_unpublished")
    assert WORDS in one.result.error.message
    complete(one, sent=5)
