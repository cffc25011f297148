"""What each error of Webflow's API means for a run: one table by code, one by HTTP status, one by the words used.

Facts: the `code` enumeration of the official OpenAPI description, and the recorded bodies of `webflow.md`, section 1.4.
Webflow has one code for several cases, so `refusal_kind` looks at the fixed phrase before ": " as well; the value after
it is never looked at to find out what happened.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from importer.errors import CollectionChanged, ImporterError, Outage, PlanLimit, ScopeError, SiteUnpublished, TokenError
from importer.errors.phrases import phrase_of, quoted_value, reasons_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "API_RULES",
    "REFUSALS",
    "STATUS_RULES",
    "ApiRule",
    "Consequence",
    "Detail",
    "RefusalKind",
    "detail_kind",
    "judge",
    "quoted_value",
    "refusal_kind",
    "rule_for",
    "stopped_by",
]


class Consequence(StrEnum):
    """What an error does to the request that got it."""

    SEND_AGAIN = "send_again"
    REJECT = "reject"
    SETTLE = "settle"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class ApiRule:
    """One error and its consequence.

    `stop` ends the run: at once (STOP), or where the error stays (SEND_AGAIN, SETTLE). `problem` is the code of the
    problem that a guilty row is rejected with. `status` is the HTTP status that the error comes with.
    """

    code: str
    consequence: Consequence
    sentence: str
    hint: str
    stop: type[ImporterError] | None = None
    problem: str | None = None
    status: int = 0

    @property
    def exit_code(self) -> int | None:
        """The exit status of a run that it stops."""
        return self.stop.exit_code if self.stop else None


class RefusalKind(StrEnum):
    """What a refusal is about, where the code alone does not say it."""

    SLUG_TAKEN = "slug_taken"
    ASSET = "asset"
    REFERENCE = "reference"
    ITEM_NOT_LIVE = "item_not_live"
    ITEM_IN_USE = "item_in_use"
    ITEM_GONE = "item_gone"
    SITE_UNPUBLISHED = "site_unpublished"
    COLLECTION_CHANGED = "collection_changed"
    MISSING_SCOPE = "missing_scope"
    STRAY_403 = "stray_403"
    UNKNOWN_FIELD = "unknown_field"
    SCHEMA = "schema"
    VALUE = "value"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Detail:
    """One entry of an error's `details`: the field's slug where it is named, and Webflow's words."""

    param: str | None
    description: str


_NEW_TOKEN = "Make a new token (Site settings > Apps & integrations > API access) and set WEBFLOW_TOKEN."  # noqa: S105 - a hint
_GIVE_SCOPE = "Give the token the scopes cms:read and cms:write, then run the same command again."
_LATER = "Run the same command again later: it goes on where it stopped."
_MEND = "Correct the row, then run the same command again or `importer retry`."
_PUBLISH = "Publish the whole site in Webflow to all its domains, then run the same command again."
_RETRY = "`importer retry` creates it again."
_LOOK_UP = "Look up the collection's id and correct the mapping."
_ADDRESS = "Check that the address is public and the file is small enough."

_BAD_TOKEN = "Webflow does not accept the token."  # noqa: S105 - a sentence
_NO_SCOPE = "The token lacks a scope."
_FORBIDDEN = "Webflow keeps answering 403 (forbidden)."
_GONE = "Webflow no longer has the item."
_CONFLICT = "The site or the collection is not in a state that takes items."
_TOO_MANY = "Webflow keeps answering that there are too many requests."
_SERVER = "Webflow answers with an error of its own."
_VALUE = "Webflow refused a value."
_UNPUBLISHED = "The site is not published, or not as it is now."
_CHANGED = "The collection's structure is not the one that was read, or not the one that is published."
_UNKNOWN_FIELD = "Webflow does not know a field of the collection."


def _rule(  # noqa: PLR0913, PLR0917 - a row of the table has this many cells
    code: str,
    status: int,
    consequence: Consequence,
    sentence: str,
    hint: str,
    stop: type[ImporterError] | None = None,
    problem: str | None = None,
) -> ApiRule:
    return ApiRule(code, consequence, sentence, hint, stop, problem, status)


_AGAIN, _REJECT, _SETTLE, _STOP = Consequence.SEND_AGAIN, Consequence.REJECT, Consequence.SETTLE, Consequence.STOP

STATUS_RULES: dict[int, ApiRule] = {
    rule.status: rule
    for rule in (
        _rule("", 400, _REJECT, "Webflow refused the item.", _MEND, None, "refused"),
        _rule("", 401, _STOP, _BAD_TOKEN, _NEW_TOKEN, TokenError),
        _rule("", 402, _STOP, "The site's plan does not allow this.", "Look at the site's plan.", PlanLimit),
        _rule("", 403, _AGAIN, _FORBIDDEN, _GIVE_SCOPE, ScopeError),
        _rule("", 404, _REJECT, _GONE, _RETRY, None, "item_gone"),
        _rule("", 408, _SETTLE, "Webflow gave up waiting for the request.", _LATER, Outage, "server_error"),
        _rule("", 409, _STOP, _CONFLICT, _PUBLISH, SiteUnpublished),
        _rule("", 413, _REJECT, "The item is larger than Webflow takes.", _MEND, None, "refused"),
        _rule("", 429, _AGAIN, _TOO_MANY, _LATER, Outage),
        _rule("", 500, _SETTLE, _SERVER, _LATER, Outage, "server_error"),
    )
}
"""What an error means by its HTTP status alone; statuses not listed go by the first of their hundred."""

_OWN: tuple[ApiRule, ...] = (
    _rule("validation_error", 400, _REJECT, _VALUE, _MEND, None, "refused"),
    _rule("bad_request", 400, _REJECT, "Webflow could not read the item.", _MEND, None, "refused"),
    _rule("not_authorized", 401, _STOP, _BAD_TOKEN, _NEW_TOKEN, TokenError),
    _rule("missing_scopes", 403, _STOP, _NO_SCOPE, _GIVE_SCOPE, ScopeError),
    _rule("forbidden", 403, _AGAIN, _FORBIDDEN, _GIVE_SCOPE, ScopeError),
    _rule("resource_not_found", 404, _REJECT, _GONE, _RETRY, None, "item_gone"),
    _rule("collection_not_found", 404, _STOP, "Webflow no longer has the collection.", _LOOK_UP, CollectionChanged),
    _rule("conflict", 409, _STOP, _CONFLICT, _PUBLISH, SiteUnpublished),
    _rule("too_many_requests", 429, _AGAIN, _TOO_MANY, _LATER, Outage),
    _rule("internal_error", 500, _SETTLE, _SERVER, _LATER, Outage, "server_error"),
    _rule("service_unavailable", 503, _SETTLE, "Webflow is not available.", _LATER, Outage, "server_error"),
)

_BY_STATUS: dict[str, int] = {
    "duplicate_collection": 409,
    "duplicate_user_email": 409,
    "ecommerce_not_enabled": 409,
    "forms_require_republish": 409,
    "incompatible_webhook_filter": 400,
    "invalid_auth_version": 401,
    "invalid_credentials": 401,
    "invalid_domain": 400,
    "invalid_user_email": 400,
    "item_not_found": 404,
    "no_domains": 409,
    "not_enterprise_plan_site": 403,
    "not_enterprise_plan_workspace": 403,
    "order_not_found": 404,
    "unsupported_version": 400,
    "unsupported_webhook_trigger_type": 400,
    "user_limit_reached": 409,
    "user_not_found": 404,
    "users_not_enabled": 409,
}
"""Codes that were never seen for the CMS: they go by the status that they come with."""

API_RULES: dict[str, ApiRule] = {rule.code: rule for rule in _OWN} | {
    code: replace(STATUS_RULES[status], code=code) for code, status in _BY_STATUS.items()
}
"""Every code of the API's enumeration (the official OpenAPI description), with its consequence."""

_OWN_CODES = frozenset(rule.code for rule in _OWN)

REFUSALS: dict[RefusalKind, ApiRule] = {
    RefusalKind(rule.code): rule
    for rule in (
        _rule("slug_taken", 400, _REJECT, "Another item already has this slug.", _MEND, None, "slug_taken"),
        _rule("asset", 400, _REJECT, "Webflow could not fetch a file.", _ADDRESS, None, "asset_refused"),
        _rule("reference", 400, _REJECT, "Webflow lacks an item referred to.", _MEND, None, "reference_unknown"),
        _rule(
            "item_not_live", 409, _REJECT, "The item was never published.", "Publish it first.", None, "item_not_live"
        ),
        _rule("item_in_use", 409, _REJECT, "Other items refer to it.", "Remove those references.", None, "item_in_use"),
        _rule("item_gone", 404, _REJECT, _GONE, _RETRY, None, "item_gone"),
        _rule("site_unpublished", 409, _STOP, _UNPUBLISHED, _PUBLISH, SiteUnpublished),
        _rule("collection_changed", 409, _STOP, _CHANGED, _PUBLISH, CollectionChanged),
        _rule("missing_scope", 403, _STOP, _NO_SCOPE, _GIVE_SCOPE, ScopeError),
        _rule("stray_403", 403, _AGAIN, _FORBIDDEN, _GIVE_SCOPE, ScopeError),
        _rule("unknown_field", 400, _STOP, _UNKNOWN_FIELD, _PUBLISH, CollectionChanged),
        _rule("schema", 400, _STOP, _CHANGED, _PUBLISH, CollectionChanged, "refused"),
        _rule("value", 400, _REJECT, _VALUE, _MEND, None, "refused"),
    )
}
"""The consequence of each kind of refusal but OTHER, which goes by `rule_for`.

SCHEMA stops only if the schema, read again, differs from the one in use; else its row is refused as with VALUE.
"""

_PHRASES: tuple[tuple[RefusalKind, tuple[str, ...]], ...] = (
    (RefusalKind.UNKNOWN_FIELD, ("field not described in schema", "additional properties")),
    (RefusalKind.SLUG_TAKEN, ("unique value is already in database",)),
    (RefusalKind.REFERENCE, ("referenced item not found", "itemref")),
    (
        RefusalKind.ASSET,
        ("remote image", "remote file", "failed to import", "unsupported file type", "file size limit reached"),
    ),
    (RefusalKind.SCHEMA, ("should have required property", "field is required", "is not a valid option", "option")),
    (RefusalKind.ITEM_IN_USE, ("still being used by",)),
    (
        RefusalKind.SITE_UNPUBLISHED,
        (
            "site is not published",
            "site hasn't been published",
            "site has not been published",
            "site has never been published",
            "site is published to",
        ),
    ),
    (RefusalKind.ITEM_NOT_LIVE, ("never been published",)),
    (RefusalKind.COLLECTION_CHANGED, ("collection structure changed", "changed since the last publish")),
)
"""Fixed phrases (lower case) by what they mean; in the order in which they are looked for, and win over each other."""


def rule_for(status: int, code: str | None) -> ApiRule:
    """Find the rule of an error: by its code if that was seen for the CMS, else by its HTTP status.

    A 401, a 429 and every 5xx go by the status whatever the code says: the status decides what may have happened.
    """
    if code in _OWN_CODES and (API_RULES[code].status == status or not _decides(status)):
        return API_RULES[code]
    nearest = status if status in STATUS_RULES else status // 100 * 100
    return replace(STATUS_RULES.get(nearest, STATUS_RULES[400]), code=code or "", status=status)


def _decides(status: int) -> bool:
    return status in {401, 408, 429} or status >= 500  # noqa: PLR2004 - server errors


def refusal_kind(
    status: int, code: str | None, message: str, details: Sequence[Detail] = (), *, creating: bool = False
) -> RefusalKind:
    """Tell what an error is about, by its status, its code and the fixed phrases in `message` and `details`.

    With `creating`, a 404 cannot be about an item that is gone: then the site was never published, or the collection
    is gone (`webflow.md` 1.4). Where several details say different things, the one that stops the run wins, then a
    taken slug, a reference, an asset.
    """
    if status == 403:  # noqa: PLR2004 - forbidden
        missing = code == "missing_scopes" or "missing the following scopes" in message.casefold()
        return RefusalKind.MISSING_SCOPE if missing else RefusalKind.STRAY_403
    if _decides(status):
        return RefusalKind.OTHER
    reasons = [
        *((detail.param, detail.description) for detail in details),
        *((None, one) for one in reasons_of(message)),
    ]
    kinds = {kind for param, text in reasons if (kind := _kind_of(param, text)) is not None}
    known = next((kind for kind, _ in _PHRASES if kind in kinds), None)
    if known is not None:
        return known
    if status in {404, 410} and code != "collection_not_found":
        return RefusalKind.SITE_UNPUBLISHED if creating else RefusalKind.ITEM_GONE
    return RefusalKind.VALUE if status in {400, 413, 422} else RefusalKind.OTHER


def detail_kind(detail: Detail) -> RefusalKind:
    """Tell what one entry of `details` is about (VALUE where its phrase is not known)."""
    return _kind_of(detail.param, detail.description) or RefusalKind.VALUE


def _kind_of(param: str | None, text: str) -> RefusalKind | None:
    phrase = phrase_of(text).casefold()
    found = next((kind for kind, phrases in _PHRASES if any(one in phrase for one in phrases)), None)
    if found is RefusalKind.SLUG_TAKEN and param is not None and not param.casefold().endswith("slug"):
        return RefusalKind.VALUE
    return found


def judge(
    status: int, code: str | None, message: str, details: Sequence[Detail] = (), *, creating: bool = False
) -> ApiRule:
    """Find the rule of an error, by its words where they say more than its code."""
    kind = refusal_kind(status, code, message, details, creating=creating)
    rule = REFUSALS.get(kind)
    if rule is None or (kind is RefusalKind.VALUE and not details):  # the code and the status say more
        return rule_for(status, code)
    return replace(rule, status=status)


def stopped_by(rule: ApiRule, said: str = "") -> ImporterError:
    """Make the exception that ends a run for `rule`; `said` are Webflow's own words."""
    kind = rule.stop or Outage
    return kind(f"{rule.sentence} Webflow says: {said}" if said else rule.sentence, rule.hint)
