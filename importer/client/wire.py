"""What goes over the wire and what comes back: calls, replies, and Webflow's error envelope."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from importer.errors.api import (
    ApiRule,
    Detail,
    RefusalKind,
    judge,
    quoted_value,
    refusal_kind,
    stopped_by,
)

if TYPE_CHECKING:
    from datetime import datetime

    from importer.errors import ImporterError

READ_TIMEOUT = 60.0
"""Seconds that an answer to a read may take."""

WRITE_TIMEOUT = 180.0
"""Seconds that an answer to a chunk may take: Webflow fetches its files meanwhile (`webflow.md`, section 2)."""

UNREADABLE = object()
"""What `read_json` gives for bytes that are no JSON."""

_SIGNS = ("code", "details", "externalReference")
"""A gateway answers `{"message": ...}` too; Webflow's own envelope has at least one of these beside it."""


class ReplyKind(StrEnum):
    """How a request ended: only `LOST` leaves its effect unknown."""

    OK = "ok"
    REFUSED = "refused"
    NOT_CARRIED_OUT = "not_carried_out"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Call:
    """One request: `path` begins with "/" and stands below the base address; `timeout` in seconds."""

    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    timeout: float = READ_TIMEOUT

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class ApiError:
    """Webflow's own error, read from its envelope; `code` may be missing."""

    status: int
    code: str | None
    message: str
    details: tuple[Detail, ...] = ()

    def kind(self, *, creating: bool = False) -> RefusalKind:
        """Tell what it is about (see `errors.api.refusal_kind`)."""
        return refusal_kind(self.status, self.code, self.message, self.details, creating=creating)

    def rule(self, *, creating: bool = False) -> ApiRule:
        """Its consequence (see `errors.api.judge`)."""
        return judge(self.status, self.code, self.message, self.details, creating=creating)

    @property
    def anonymous(self) -> bool:
        """Whether it names no field and quotes no value."""
        return not any(one.param or quoted_value(one.description) for one in self.details)

    @property
    def said(self) -> str:
        """Webflow's own words, for people."""
        details = "; ".join(f"{one.param}: {one.description}" if one.param else one.description for one in self.details)
        return " - ".join(part for part in (self.message, details) if part)

    def exception(self, *, creating: bool = False) -> ImporterError:
        """Make the exception that ends a run because of it."""
        return stopped_by(self.rule(creating=creating), self.said)


@dataclass(frozen=True, slots=True)
class Reply:
    """How one request ended.

    `body` is the parsed JSON of a success (None for 204), `error` Webflow's own error, `server_time` the answer's
    `Date`, `reason` a part of a sentence for people ("the connection broke before the answer"). `rate` is what a
    success says of the limit, as it stands there: X-RateLimit-Limit, X-RateLimit-Remaining, Retry-After.
    """

    kind: ReplyKind
    status: int | None = None
    body: Any = None
    error: ApiError | None = None
    server_time: datetime | None = None
    reason: str = ""
    rate: tuple[str | None, str | None, str | None] = (None, None, None)


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="ignore")

    message: str
    code: str | None = None
    details: list[Any] | None = None


def read_json(content: bytes) -> Any:
    """Parse a body; `UNREADABLE` if it is no JSON."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return UNREADABLE


def read_error(status: int, body: Any) -> ApiError | None:
    """Read Webflow's error envelope; None if `body` is none (then nobody knows who answered)."""
    if not isinstance(body, dict) or not any(sign in body for sign in _SIGNS):
        return None
    try:
        envelope = _Envelope.model_validate(body)
    except ValidationError:
        return None
    return ApiError(status, envelope.code, envelope.message, tuple(_detail(one) for one in envelope.details or ()))


def _detail(entry: Any) -> Detail:
    """Read `{param, description}` (what Webflow sends), `{field, message}` (what the description says) or a string."""
    if not isinstance(entry, dict):
        return Detail(None, entry if isinstance(entry, str) else orjson.dumps(entry).decode())
    param = next((entry[name] for name in ("param", "field") if isinstance(entry.get(name), str)), None)
    words = next((entry[name] for name in ("description", "message") if isinstance(entry.get(name), str)), None)
    return Detail(param, orjson.dumps(entry).decode() if words is None else words)
