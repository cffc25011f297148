"""The ASGI application: the gate before the API (tokens, rate limit, faults), its remote control, and the page."""

from __future__ import annotations

import asyncio
import re
import secrets
import sqlite3
import time
from collections import Counter, deque
from dataclasses import replace
from email.utils import formatdate
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from importer.sandbox import page
from importer.sandbox.answers import Answer, envelope, gateway, missing_scope, plan_limit
from importer.sandbox.api import Api, Call
from importer.sandbox.faults import FaultPlan, FaultRule, WireFault, parse_faults
from importer.sandbox.limits import Allowance, RateWindows
from importer.sandbox.seeding import open_seeded
from importer.sandbox.structure import World
from importer.sandbox.switches import parse_switches

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from importer.sandbox.seeding import Draw

_LOG_LINES: Final = 200_000
_BEFORE_THE_WORK: Final = frozenset({"stray_403", "conflict", "throttle", "revoked", "plan_limit", "missing_scopes"})


def default_seed() -> dict[str, Any]:
    """Read the site with the four collections that the samples are made for."""
    text = resources.files("importer.sandbox").joinpath("seed.json").read_bytes()
    seed: dict[str, Any] = orjson.loads(text)
    return seed


class SandboxDamaged(Exception):  # noqa: N818 - a state of its file, not of the request
    """The sandbox's own file cannot be read or written."""


class Sandbox(Starlette):
    """A Webflow on this machine: `/v2` is the API, `/_sandbox` its remote control, `/` a page to look at."""

    def __init__(
        self, world: World, plan: FaultPlan, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        super().__init__(
            routes=[
                Route("/_sandbox", self._control, methods=["GET", "PUT"]),
                Route("/_sandbox/reset-log", self._reset_log, methods=["POST"]),
                Route("/", self._front_page),
                Route("/{slug}", self._collection_page),
            ]
        )
        self.world = world
        self.plan = plan
        self.api = Api(world)
        self.windows = RateWindows()
        self.log: deque[dict[str, Any]] = deque(maxlen=_LOG_LINES)
        self._revoked: set[str] = set()
        self._late: list[tuple[float, Call]] = []
        self._sleep = sleep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the API goes past Starlette's own error pages, which would answer a broken connection."""
        if scope["type"] == "http" and (scope["path"] == "/v2" or scope["path"].startswith("/v2/")):
            try:
                await self._serve_api(scope, receive, send)
            except sqlite3.DatabaseError as error:
                raise SandboxDamaged(str(error)) from error
        else:
            await super().__call__(scope, receive, send)

    def close(self) -> None:
        """Close the file; the application cannot be asked after that."""
        self.world.connection.close()

    def set(self, *, switches: Mapping[str, str] | None = None, faults: Any = None) -> None:
        """Change switches, and replace the fault plan unless it is `None`; raises ValueError and changes nothing."""
        settings = parse_switches(switches or {}, self.world.settings)
        if faults is not None:
            self.plan = parse_faults(faults)
        self.world.settings.update(settings)

    def report(self) -> dict[str, Any]:
        """Switches, faults and what was asked so far: `requests`, `writes`, `routes` with counts, and the `log`."""
        log = list(self.log)
        routes = Counter(f"{line['method']} {line['path']}" for line in log)
        return {
            "switches": dict(self.world.settings),
            "faults": [rule.shown() for rule in self.plan.rules],
            "requests": len(log),
            "writes": sum(line["method"] != "GET" for line in log),
            "routes": dict(routes),
            "late": len(self._late),
            "log": log,
        }

    # The API behind its gate

    async def _serve_api(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await Request(scope, receive).body()
        except ClientDisconnect:
            return  # the connection broke before the whole request was here: nothing is done, and nobody to tell
        path = scope["path"].removeprefix("/v2")
        query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        headers = {name: value for name, value in scope["headers"] if name == b"authorization"}
        token = headers.get(b"authorization", b"").decode("latin-1").removeprefix("Bearer ").strip()
        call = Call(scope["method"], path, query, body, token)
        line: dict[str, Any] = {
            "method": call.method,
            "path": f"/v2{path}",
            "query": query,
            "status": None,
            "fault": None,
        }
        self.log.append(line)
        try:
            answer, cut = await self._answer(call, line)
        except WireFault as fault:
            if fault.wait:
                await self._sleep(fault.wait)
            raise
        line["status"] = answer.status
        await self._send(answer, send, cut=cut)

    async def _answer(self, call: Call, line: dict[str, Any]) -> tuple[Answer, bool]:
        """Let a request through the gate; whether its body is cut while it is sent."""
        self._catch_up()
        now = self.world.now()
        limit = int(float(self.world.settings["rate_limit"]))
        if self.windows.exhausted(call.token, now, limit):
            return self._dressed(envelope(429), self.windows.count(call.token, now, limit)), False
        rule = self.plan.pick(call.method, f"/v2{call.path}", call.body)
        line["fault"] = rule.do if rule else None
        if rule and rule.do == "refuse":
            raise WireFault("refused")
        allowance = self.windows.count(call.token, now, limit)
        if call.token in self._revoked or self.api.scopes(call.token) is None:
            return self._dressed(envelope(401), allowance), False
        if rule is None:
            return self._dressed(self.api.answer(call), allowance), False
        return await self._faulty(rule, call, allowance)

    async def _faulty(self, rule: FaultRule, call: Call, allowance: Allowance) -> tuple[Answer, bool]:
        """Answer a request to which a fault happens."""
        do, facts = rule.do, rule.facts
        if do == "reset_before":
            raise WireFault("reset")
        if do == "timeout_then_commit":
            self._late.append((self.world.now() + facts.get("seconds", 1.0), call))
            raise WireFault("timeout", facts.get("wait", 0.0))
        if do in _BEFORE_THE_WORK:
            return self._refusal(rule, call, allowance), False
        if do == "slow":
            await self._sleep(facts.get("seconds", 1.0))
        if do == "status":
            if facts.get("work") == "done":
                self.api.answer(call)
            return self._dressed(_status_answer(facts), allowance), False
        answer = self._dressed(self.api.answer(call), allowance)
        if do == "slow_answer":
            await self._sleep(facts.get("seconds", 1.0))
        if do == "reset_after":
            raise WireFault("reset")
        return _spoilt(rule, answer), do == "truncated"

    def _refusal(self, rule: FaultRule, call: Call, allowance: Allowance) -> Answer:
        do, facts = rule.do, rule.facts
        if do == "revoked":
            self._revoked.add(call.token)
            return self._dressed(envelope(401), allowance)
        if do == "throttle":
            return self._throttled(facts.get("retry_after", "missing"), allowance)
        if do == "plan_limit":
            return self._dressed(plan_limit(), allowance)
        if do == "missing_scopes":
            needed = "cms:read" if call.method == "GET" else "cms:write"
            return self._dressed(missing_scope(facts.get("scope", needed)), allowance)
        if do == "conflict":
            usual = "Conflict: The collection structure changed since the last publish"
            return self._dressed(envelope(409, facts.get("message", usual)), allowance)
        return self._dressed(envelope(403), allowance)

    def _throttled(self, wanted: Any, allowance: Allowance) -> Answer:
        """Answer 429 with a form of Retry-After that clients must be ready for."""
        known = {"missing": None, "absurd": "86400", "date": formatdate(self.world.now() + 2, usegmt=True)}
        text = known.get(str(wanted), str(wanted))
        answer = envelope(429)
        counted = Allowance(granted=False, limit=allowance.limit, remaining=0, seconds=allowance.seconds)
        headers = [one for one in counted.headers("ceil") if one[0] != "Retry-After"]
        if self.world.on("missing_headers", "yes"):
            headers = []
        if text is not None:
            headers.append(("Retry-After", text))
        return Answer(429, answer.body, headers=tuple(headers), bare=True)

    def _dressed(self, answer: Answer, allowance: Allowance) -> Answer:
        """Put the rate headers on an answer of Webflow's own, but for those that it has already."""
        if answer.bare or self.world.on("missing_headers", "yes"):
            return answer
        named = {name.casefold() for name, _ in answer.headers}
        counted = allowance.headers(self.world.settings["retry_after_rounding"])
        headers = (*answer.headers, *((name, value) for name, value in counted if name.casefold() not in named))
        return Answer(answer.status, answer.body, answer.content_type, headers)

    def _catch_up(self) -> None:
        """Carry out the work that came due since the last request: outside, nobody can tell when it happened."""
        due = sorted((one for one in self._late if one[0] <= self.world.now()), key=lambda one: one[0])
        self._late = [one for one in self._late if one[0] > self.world.now()]
        now = self.world.now
        for moment, call in due:
            self.world.now = lambda moment=moment: moment  # type: ignore[misc]  # the work bears its own time
            try:
                self.api.answer(call)
            finally:
                self.world.now = now

    async def _send(self, answer: Answer, send: Send, *, cut: bool) -> None:
        headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
        if answer.status != 204:  # noqa: PLR2004 - the one without a body
            headers.append((b"content-type", answer.content_type.encode()))
            headers.append((b"content-length", str(len(answer.body)).encode()))
        if self.world.on("date_header", "yes"):
            headers.append((b"date", formatdate(self.world.now(), usegmt=True).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if cut:
            await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
            raise WireFault("truncated")
        await send({"type": "http.response.body", "body": answer.body})

    # The remote control and the page

    async def _control(self, request: Request) -> Response:
        self._catch_up()
        if request.method == "PUT":
            try:
                wanted = orjson.loads(await request.body())
                known = isinstance(wanted, dict) and wanted.keys() <= {"switches", "faults"}
                if not known or not isinstance(wanted.get("switches", {}), dict):
                    raise ValueError('Send {"switches": {...}, "faults": [...]}, or one of them.')  # noqa: TRY301 - one answer for all
                self.set(switches=wanted.get("switches"), faults=wanted.get("faults"))
            except ValueError as error:
                return JSONResponse({"message": str(error)}, 400)
        return JSONResponse(self.report())

    async def _reset_log(self, _request: Request) -> Response:
        self.log.clear()
        return Response(status_code=204)

    async def _front_page(self, _request: Request) -> Response:
        self._catch_up()
        return HTMLResponse(page.front(self.world))

    async def _collection_page(self, request: Request) -> Response:
        self._catch_up()
        asked = request.query_params.get("page", "")
        number = int(asked) if re.fullmatch("[0-9]{1,9}", asked) else 1
        text = page.collection_page(self.world, request.path_params["slug"], number)
        return HTMLResponse(text or page.lost(), 200 if text else 404)


def _spoilt(rule: FaultRule, answer: Answer) -> Answer:
    """Spoil the body of an answer: `garbage` makes it unreadable, `left_out` leaves out every second of its items."""
    body = answer.body
    if rule.do == "garbage":
        body = str(rule.facts.get("body", '{"items": [{"id": "65')).encode()
    elif rule.do == "left_out" and body:
        shown = orjson.loads(body)
        if isinstance(shown, list):
            shown = shown[1::2]
        elif "items" in shown:
            shown = {**shown, "items": shown["items"][1::2]}
        body = orjson.dumps(shown)
    return replace(answer, body=body, bare=answer.bare or rule.do == "garbage")


def _status_answer(facts: dict[str, Any]) -> Answer:
    """Make the answer of a `status` fault: Webflow's envelope, a gateway's HTML, or whatever is given."""
    status, body = facts["status"], facts.get("body", "envelope")
    extra = tuple((str(name), str(value)) for name, value in facts.get("headers", {}).items())
    if body == "html":
        answer = gateway(status)
        return Answer(status, answer.body, answer.content_type, extra, bare=True)
    if body == "envelope":
        answer = envelope(status, facts.get("message"), facts.get("code"), facts.get("details", ()))
        return Answer(status, answer.body, headers=extra)
    return Answer(status, body.encode() if isinstance(body, str) else orjson.dumps(body), headers=extra)


def create_app(  # noqa: PLR0913 - named, and all but one have a default
    path: Path,
    *,
    seed: dict[str, Any] | None = None,
    switches: Mapping[str, str] | None = None,
    faults: Any = None,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    draw: Draw = secrets.token_hex,
) -> Sandbox:
    """Open a sandbox over an SQLite file, made and seeded where it does not exist; `now` is in seconds since 1970.

    Its random ids come from `draw`: so many bytes as hex digits.

    Raises ValueError with a sentence for an unknown switch or fault, and for a file that is none of ours.
    """
    settings = parse_switches(switches or {})
    plan = parse_faults(faults)
    connection = open_seeded(Path(path), default_seed() if seed is None else seed, now(), draw)
    return Sandbox(World(connection, settings, now, draw), plan, sleep)
