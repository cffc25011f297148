"""What stands before the API: its envelope for what is no request, tokens with their scopes, and the rate limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from importer.sandbox import default_seed
from importer.sandbox.api import Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.conftest import Desk

    Opened = Callable[..., Desk]


def test_broken_json_is_a_bad_request(desk: Desk) -> None:
    """The specification's example body, also where `items` is missing."""
    malformed: dict[str, Any] = {
        "message": "Bad Request: Request is malformed", "code": "bad_request", "externalReference": None, "details": [],
    }  # fmt: skip
    broken = desk.app.api.answer(Call("POST", f"/{desk.items('tags')}", {}, b"{", "sandbox"))
    assert (broken.status, orjson.loads(broken.body)) == (400, malformed)
    assert desk.ask("PATCH", desk.items("tags"), {"nothing": 1}).json() == malformed


def test_unknown_token_path_and_method_are_refused_in_the_envelope(open_desk: Opened) -> None:
    """401, 403, 404, 405: never a page of the framework's."""
    seed = default_seed()
    seed["tokens"]["reader"] = ["sites:read", "cms:read"]
    desk = open_desk(seed=seed)
    assert desk.ask("PUT", desk.items("tags")).status_code == 405
    assert desk.ask("PUT", desk.items("tags")).headers["Allow"] == "GET, POST, PATCH, DELETE"
    assert desk.ask("GET", "nowhere").json()["code"] == "resource_not_found"
    desk.token = "reader"
    assert desk.listed("tags") == []
    refused = desk.create("tags", {"name": "A"})
    assert (refused.status_code, refused.json()["code"]) == (403, "missing_scopes")
    assert refused.json()["message"] == "OAuthForbidden: You are missing the following scopes - 'cms:write'"
    desk.token = "stranger"
    unknown = desk.ask("GET", "sites")
    assert unknown.status_code == 401
    assert unknown.json() == {
        "message": "Request not authorized", "code": "not_authorized", "externalReference": None, "details": [],
    }  # fmt: skip


def test_rate_limit_is_a_fixed_window_opened_by_the_first_request(open_desk: Opened) -> None:
    """Remaining falls, Retry-After counts down together; refusals count too; the next window is a new one."""
    desk = open_desk(switches={"rate_limit": "5"})  # the desk itself asks twice
    desk.time += 10.5
    third = desk.ask("GET", "nowhere").headers
    assert (third["X-RateLimit-Limit"], third["X-RateLimit-Remaining"], third["Retry-After"]) == ("5", "2", "50")
    desk.ask("GET", "sites")
    desk.ask("GET", "sites")

    refused = desk.create("tags", {"name": "A"})
    assert refused.status_code == 429
    assert refused.json() == {
        "message": "Too Many Requests", "code": "too_many_requests", "externalReference": None, "details": [],
    }  # fmt: skip
    assert (refused.headers["X-RateLimit-Remaining"], refused.headers["Retry-After"]) == ("0", "50")

    desk.time += 49.5
    again = desk.ask("GET", "sites")
    assert (again.status_code, again.headers["X-RateLimit-Remaining"], again.headers["Retry-After"]) == (200, "4", "60")


def test_tokens_have_windows_of_their_own(open_desk: Opened) -> None:
    """Keys are independent."""
    seed = default_seed()
    seed["tokens"]["other"] = ["sites:read"]
    desk = open_desk(seed=seed, switches={"rate_limit": "2"})
    assert desk.ask("GET", "sites").status_code == 429
    desk.token = "other"
    assert desk.ask("GET", "sites").status_code == 200
