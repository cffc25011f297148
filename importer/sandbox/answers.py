"""Answers in Webflow's own words: the envelope of its errors, and the bodies that were recorded for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"

_CODES: dict[int, tuple[str, str]] = {
    400: ("bad_request", "Bad Request: Request is malformed"),
    401: ("not_authorized", "Request not authorized"),
    403: ("forbidden", "User is not authorized to perform this action"),
    404: ("resource_not_found", "Requested resource not found"),
    409: ("conflict", "Conflict: Conflict with server data"),
    429: ("too_many_requests", "Too Many Requests"),
    500: ("internal_error", "An Internal Error occurred"),
    503: ("service_unavailable", "Service Unavailable"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer: status, body in bytes, its content type, and headers besides the usual ones."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    bare: bool = False
    """Whether it comes from a gateway, that is without the rate headers."""


class RefusedError(Exception):
    """Ends a request with an answer of Webflow's own."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body.decode())
        self.answer = answer


def answered(status: int, content: Any) -> Answer:
    """Answer with JSON."""
    return Answer(status, orjson.dumps(content))


def envelope(status: int, message: str | None = None, code: str | None = None, details: Any = ()) -> Answer:
    """Answer with Webflow's error envelope; message and code default to the usual ones of the status."""
    usual_code, usual_message = _CODES.get(status, ("internal_error", "An Internal Error occurred"))
    return answered(
        status,
        {
            "message": message if message is not None else usual_message,
            "code": code if code is not None else usual_code,
            "externalReference": None,
            "details": list(details),
        },
    )


def gateway(status: int) -> Answer:
    """Answer as a gateway in front of Webflow does: HTML, no rate headers."""
    reason = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}.get(status, "Error")
    page = (
        f"<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body><h1>{status} {reason}</h1></body>\r\n</html>"
    )
    return Answer(status, page.encode(), HTML, bare=True)


def refused(status: int, message: str | None = None, code: str | None = None, details: Any = ()) -> RefusedError:
    """Make the exception that ends a request with this envelope."""
    return RefusedError(envelope(status, message, code, details))


def malformed(reason: str) -> RefusedError:
    """Refuse in the first stage of validation: the reason stands in the message, the details are empty."""
    quoted = orjson.dumps([reason]).decode()
    return refused(400, f"Validation Error: {quoted}", "validation_error")


def invalid(details: Mapping[str, str]) -> RefusedError:
    """Refuse in the second stage: one entry for each field, without a hint at the row."""
    listed = [{"param": param, "description": description} for param, description in details.items()]
    return refused(400, "Validation Error", "validation_error", listed)


def not_found() -> RefusedError:
    """Refuse because what is asked for is not there."""
    return refused(404)


def conflict(reason: str) -> RefusedError:
    """Refuse because the request does not fit what is there."""
    return refused(409, f"Conflict: {reason}", "conflict")


def plan_limit() -> Answer:
    """Answer that the site holds as many items as its plan allows; Webflow's own body is not known."""
    return envelope(400, "Validation Error: Item limit reached for this site's plan", "validation_error")


def missing_scope(scope: str) -> Answer:
    """Answer that the token lacks a scope."""
    message = f"OAuthForbidden: You are missing the following scopes - '{scope}'"
    return envelope(403, message, "missing_scopes")
