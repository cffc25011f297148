"""What each of the API's errors means, by its code, its status and its words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.errors import CollectionChanged, ImporterError, Outage, ScopeError, SiteUnpublished, TokenError
from importer.errors.api import (
    API_RULES,
    REFUSALS,
    STATUS_RULES,
    Consequence,
    Detail,
    RefusalKind,
    detail_kind,
    judge,
    quoted_value,
    refusal_kind,
    rule_for,
    stopped_by,
)

ENUMERATION = [
    "bad_request",
    "collection_not_found",
    "conflict",
    "duplicate_collection",
    "duplicate_user_email",
    "ecommerce_not_enabled",
    "forbidden",
    "forms_require_republish",
    "incompatible_webhook_filter",
    "internal_error",
    "invalid_auth_version",
    "invalid_credentials",
    "invalid_domain",
    "invalid_user_email",
    "item_not_found",
    "missing_scopes",
    "no_domains",
    "not_authorized",
    "not_enterprise_plan_site",
    "not_enterprise_plan_workspace",
    "order_not_found",
    "resource_not_found",
    "service_unavailable",
    "too_many_requests",
    "unsupported_version",
    "unsupported_webhook_trigger_type",
    "user_limit_reached",
    "user_not_found",
    "users_not_enabled",
    "validation_error",
]


def test_every_code_of_the_enumeration_has_a_rule() -> None:
    """The table knows exactly the codes of the official description."""
    assert sorted(API_RULES) == ENUMERATION
    assert all(rule.code == code for code, rule in API_RULES.items())


@pytest.mark.parametrize(
    ("code", "status", "consequence", "stop", "exit_code", "problem"),
    [
        ("validation_error", 400, Consequence.REJECT, None, None, "refused"),
        ("bad_request", 400, Consequence.REJECT, None, None, "refused"),
        ("not_authorized", 401, Consequence.STOP, TokenError, 3, None),
        ("missing_scopes", 403, Consequence.STOP, ScopeError, 3, None),
        ("forbidden", 403, Consequence.SEND_AGAIN, ScopeError, 3, None),
        ("resource_not_found", 404, Consequence.REJECT, None, None, "item_gone"),
        ("collection_not_found", 404, Consequence.STOP, CollectionChanged, 4, None),
        ("conflict", 409, Consequence.STOP, SiteUnpublished, 4, None),
        ("too_many_requests", 429, Consequence.SEND_AGAIN, Outage, 5, None),
        ("internal_error", 500, Consequence.SETTLE, Outage, 5, "server_error"),
        ("service_unavailable", 503, Consequence.SETTLE, Outage, 5, "server_error"),
    ],
)
def test_codes_seen_for_the_cms_have_a_rule_of_their_own(
    code: str,
    status: int,
    consequence: Consequence,
    stop: type[ImporterError] | None,
    exit_code: int | None,
    problem: str | None,
) -> None:
    """Each has one consequence, and the exit status of the class that it stops with."""
    rule = rule_for(status, code)
    assert rule is API_RULES[code]
    assert (rule.consequence, rule.stop, rule.exit_code, rule.problem) == (consequence, stop, exit_code, problem)


@pytest.mark.parametrize(
    ("status", "code", "consequence"),
    [
        (400, None, Consequence.REJECT),
        (404, "order_not_found", Consequence.REJECT),
        (409, "ecommerce_not_enabled", Consequence.STOP),
        (409, None, Consequence.STOP),
        (418, "brewing", Consequence.REJECT),
        (501, "brewing", Consequence.SETTLE),
        (502, "validation_error", Consequence.SETTLE),
        (500, "missing_scopes", Consequence.SETTLE),
        (429, "conflict", Consequence.SEND_AGAIN),
        (401, "validation_error", Consequence.STOP),
        (408, None, Consequence.SETTLE),
    ],
)
def test_other_codes_go_by_their_status(status: int, code: str | None, consequence: Consequence) -> None:
    """An unknown code changes nothing, and a status that leaves the outcome open is never read as a refusal."""
    assert rule_for(status, code).consequence is consequence


@pytest.mark.parametrize("rule", [*API_RULES.values(), *REFUSALS.values(), *STATUS_RULES.values()], ids=str)
def test_every_rule_can_be_acted_upon(rule: object) -> None:
    """What stops has a class, what rejects has a problem, and each has a sentence and a hint for people."""
    assert isinstance(rule, type(API_RULES["conflict"]))
    assert rule.sentence.endswith(".")
    assert rule.hint.endswith(".")
    assert (rule.consequence is not Consequence.REJECT) or rule.problem
    assert (rule.consequence is Consequence.REJECT) or rule.stop


RECORDED = [
    (
        400,
        "validation_error",
        "Validation Error",
        [("slug", "Unique value is already in database: 'test'")],
        "SLUG_TAKEN",
    ),
    (400, "validation_error", "Validation Error", [("sku", "Unique value is already in database: 'x'")], "VALUE"),
    (400, "validation_error", "Validation Error", [("x", "Field not described in schema: undefined")], "UNKNOWN_FIELD"),
    (
        400,
        "validation_error",
        "Validation Error: [\"Value (fieldData) should have required property 'name'\"]",
        [],
        "SCHEMA",
    ),
    (400, "validation_error", "Validation Error", [("kind", "Expected value to be one of the options: 'x'")], "SCHEMA"),
    (400, "validation_error", "Validation Error", [("name", "Is too long: 'abc'")], "VALUE"),
    (400, "validation_error", "Validation Error", [("name", "Is too short: 'site is not published'")], "VALUE"),
    (400, "validation_error", "Validation Error", [("t", "Expected value to be a single line: 'a\\n' + 'b'")], "VALUE"),
    (400, "validation_error", "Validation Error", [("author", "Expected value to be an ItemRef: 'null'")], "REFERENCE"),
    (400, "validation_error", "Referenced item not found: 643fd856d66b6528195ee2ca", [], "REFERENCE"),
    (
        400,
        "validation_error",
        "Validation Error",
        [("i", "Remote image failed to import: File size limit reached")],
        "ASSET",
    ),
    (422, None, "Validation Error: Remote file failed to import: Unsupported file type", [], "ASSET"),
    (400, "bad_request", "Bad Request: unsupported file type text/html", [], "ASSET"),
    (
        409,
        "conflict",
        (
            "Conflict: Conflict with server data: "
            "Live PATCH updates can't be applied to items that have never been published"
        ),
        [],
        "ITEM_NOT_LIVE",
    ),
    (409, "conflict", "Conflict: This item is still being used by:", [], "ITEM_IN_USE"),
    (409, "conflict", "Conflict: The collection structure changed since the last publish", [], "COLLECTION_CHANGED"),
    (409, "conflict", "Conflict: The site is not published", [], "SITE_UNPUBLISHED"),
    (409, "conflict", "The site hasn't been published", [], "SITE_UNPUBLISHED"),
    (409, None, "'Site is published to multiple domains at different times", [], "SITE_UNPUBLISHED"),
    (409, "conflict", "Conflict", [], "OTHER"),
    (404, "resource_not_found", "Requested resource not found", [], "ITEM_GONE"),
    (404, "collection_not_found", "Collection not found", [], "OTHER"),
    (403, "missing_scopes", "OAuthForbidden: You are missing the following scopes - 'cms:read'", [], "MISSING_SCOPE"),
    (403, "forbidden", "Forbidden", [], "STRAY_403"),
    (403, None, "You are missing the following scopes - 'cms:write'", [], "MISSING_SCOPE"),
    (413, None, "Payload too large", [], "VALUE"),
    (500, "internal_error", "An Internal Error occurred", [], "OTHER"),
    (429, "too_many_requests", "Too Many Requests", [], "OTHER"),
]


@pytest.mark.parametrize(("status", "code", "message", "details", "kind"), RECORDED)
def test_recorded_bodies_are_told_apart(
    status: int, code: str | None, message: str, details: list[tuple[str, str]], kind: str
) -> None:
    """One code means several things; the fixed phrase says which."""
    assert refusal_kind(status, code, message, [Detail(*one) for one in details]) is RefusalKind[kind]


def test_404_of_a_create_is_about_the_site() -> None:
    """A create names no item that could be gone."""
    assert refusal_kind(404, "resource_not_found", "x", creating=True) is RefusalKind.SITE_UNPUBLISHED
    assert judge(404, "resource_not_found", "x", creating=True).exit_code == 4


def test_what_stops_the_run_wins_over_what_rejects_a_row() -> None:
    """Details of several fields are read all; an unknown field is about every row, a taken slug about one."""
    slug = Detail("slug", "Unique value is already in database: 'a'")
    value, unknown = Detail("name", "Is too long: 'a'"), Detail("colour", "Field not described in schema: undefined")
    assert refusal_kind(400, "validation_error", "Validation Error", [value, slug]) is RefusalKind.SLUG_TAKEN
    assert (
        refusal_kind(400, "validation_error", "Validation Error", [value, slug, unknown]) is RefusalKind.UNKNOWN_FIELD
    )
    assert [detail_kind(one).name for one in (slug, value, unknown)] == ["SLUG_TAKEN", "VALUE", "UNKNOWN_FIELD"]


@given(value=st.text(), phrase=st.sampled_from(["Is too long", "Expected value to be a color", "Odd"]))
def test_a_quoted_value_never_decides_what_a_refusal_is(value: str, phrase: str) -> None:
    """Whatever stands in the cell, only the phrase before it counts."""
    assert refusal_kind(400, "validation_error", "Validation Error", [Detail("x", f"{phrase}: '{value}'")]) == "value"


def test_exceptions_carry_the_words_and_the_hint() -> None:
    """A stopped run says what happened, in Webflow's words too, and what to do."""
    error = stopped_by(API_RULES["conflict"], "Conflict: something new")
    assert isinstance(error, SiteUnpublished)
    assert "Conflict: something new" in error.message
    assert error.hint


@pytest.mark.parametrize(
    ("description", "value"),
    [
        ("Unique value is already in database: 'test-blog-post'", "test-blog-post"),
        ("Expected value to be a single line: 'Monday:\\r\\n' + 'Fever\\r\\n'", "Monday:\r\nFever\r\n"),
        ("Expected value to be a single line: 'a\\n' +\n  'b'", "a\nb"),
        ('Is too long: "it\'s"', "it's"),
        ('Is too long: `it\'s "so"`', 'it\'s "so"'),
        ("Is too long: 'it\\'s `\"'", "it's `\""),
        ("Is too long: 'a: \\'b\\''", "a: 'b'"),
        ("Is too long: '\\x1B\\u00e9\\\\n'", "\x1bé\\n"),
        ("Is too long: '\\uD83D\\uDE00'", "😀"),
        ("Expected value to be an integer: 5.5", "5.5"),
        ("Referenced item not found: 643fd856d66b6528195ee2ca", "643fd856d66b6528195ee2ca"),
        ("Referenced item not found 643fd856d66b6528195ee2ca in collection", "643fd856d66b6528195ee2ca"),
        ("Field not described in schema: undefined", None),
        ("Expected value to be a file: { url: 'x' }", None),
        ("Is too long: 'abc'... 20 more characters", None),
        ("Is too long", None),
        ("", None),
    ],
)
def test_quoted_values_are_read(description: str, value: str | None) -> None:
    """Strings come as Node's `util.inspect` writes them; what is no plain value is not guessed at."""
    assert quoted_value(description) == value


def inspected(text: str) -> str:
    """Write a string as Node's `util.inspect` does, in parts where it spans lines."""
    parts = text.splitlines(keepends=True) if len(text) > 16 else [text]
    return " +\n  ".join(_inspected(part) for part in parts or [""])


def _inspected(text: str) -> str:
    quote = next((mark for mark in "'\"`" if mark not in text), "'")
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", "\v": "\\v", "\\": "\\\\"}
    out = []
    for sign in text:
        if sign in named:
            out.append(named[sign])
        elif sign == quote:
            out.append("\\" + sign)
        elif ord(sign) < 32 or 127 <= ord(sign) < 160:
            out.append(f"\\x{ord(sign):02X}")
        elif 0xD800 <= ord(sign) < 0xE000:
            out.append(f"\\u{ord(sign):04X}")
        else:
            out.append(sign)
    return quote + "".join(out) + quote


@given(st.text())
def test_every_string_that_node_quotes_is_read_back(text: str) -> None:
    """Quoting and reading give the same string, whatever is in it."""
    assert quoted_value(f"Unique value is already in database: {inspected(text)}") == text


@given(st.text())
def test_any_sentence_can_be_read(text: str) -> None:
    """No sentence of the API, however odd, stops a run."""
    quoted_value(text)
    assert refusal_kind(400, text, text, [Detail(text, text)]) in RefusalKind
