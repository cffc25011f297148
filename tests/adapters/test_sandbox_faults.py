from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from importer.sandbox import FAULTS, create_app
from importer.sandbox.faults import parse_faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.adapters.conftest import Desk

    Opened = Callable[..., Desk]

CREATES = {"method": "POST", "path": "*/items/live"}
TAG = {"name": "A", "slug": "a"}


def faulty(open_desk: Opened, do: str, **facts: Any) -> Desk:
    """Open a sandbox where the first create goes wrong."""
    return open_desk(faults=[{"when": {**CREATES, "nth": 1}, "do": do, **facts}])


@pytest.mark.parametrize(
    ("do", "error", "written"),
    [
        ("refuse", httpx.ConnectError, []),
        ("reset_before", httpx.ReadError, []),
        ("reset_after", httpx.ReadError, ["a"]),
        ("truncated", httpx.RemoteProtocolError, ["a"]),
    ],
)
def test_connection_breaks_before_or_after_the_work(
    open_desk: Opened, do: str, error: type[Exception], written: list[str]
) -> None:
    """The client sees the same error whether or not the work was done."""
    desk = faulty(open_desk, do)

    with pytest.raises(error):
        desk.create("tags", TAG)

    assert desk.slugs("tags") == written
    assert desk.app.report()["faults"][0]["fired"] == 1


def test_refused_connection_costs_no_request_of_the_limit(open_desk: Opened) -> None:
    """What never arrived is not counted."""
    desk = open_desk(faults=[{"when": {"path": "/v2/token/*"}, "do": "refuse"}])
    left = int(desk.ask("GET", "sites").headers["X-RateLimit-Remaining"])

    with pytest.raises(httpx.ConnectError):
        desk.ask("GET", "token/introspect")

    assert int(desk.ask("GET", "sites").headers["X-RateLimit-Remaining"]) == left - 1


def test_slow_work_is_done_late_and_answered(open_desk: Opened) -> None:
    """`slow` waits before the work, `slow_answer` after it."""
    for do, made_at in (("slow", "12:00:03"), ("slow_answer", "12:00:00")):
        desk = faulty(open_desk, do, seconds=3)

        (item,) = desk.made("tags", TAG)

        assert desk.slept == [3]
        assert made_at in item["createdOn"]


def test_lost_request_takes_effect_later(open_desk: Opened) -> None:
    """The answer is lost at once; the item appears when its time has come, with that time's stamp."""
    desk = faulty(open_desk, "timeout_then_commit", seconds=90, wait=5)

    with pytest.raises(httpx.ReadTimeout):
        desk.create("tags", TAG)

    assert desk.slept == [5]
    desk.time += 84
    assert desk.listed("tags") == []
    desk.time += 10
    assert [one["createdOn"] for one in desk.listed("tags")] == ["2024-05-31T12:01:30.000Z"]


def test_late_work_may_be_refused_without_a_trace(open_desk: Opened) -> None:
    """The slug went to somebody else meanwhile: nobody is told."""
    desk = faulty(open_desk, "timeout_then_commit", seconds=10)
    with pytest.raises(httpx.ReadTimeout):
        desk.create("tags", TAG)
    (other,) = desk.made("tags", {"name": "Other", "slug": "a"})

    desk.time += 60
    assert [one["id"] for one in desk.listed("tags")] == [other["id"]]


def test_garbage_is_no_answer_though_the_status_says_so(open_desk: Opened) -> None:
    """The work is done; the body cannot be read."""
    answer = faulty(open_desk, "garbage").create("tags", TAG)

    assert answer.status_code == 202
    with pytest.raises(ValueError, match="Unterminated string"):
        answer.json()


@pytest.mark.parametrize("shape", ["items", "list"])
def test_answer_leaves_out_items_that_were_made(open_desk: Opened, shape: str) -> None:
    """The work is done; every second item is not spoken of, in either shape of answer."""
    desk = open_desk(switches={"answer_shape": shape}, faults=[{"when": CREATES, "do": "left_out"}])

    shown = desk.create("tags", TAG, {"name": "B", "slug": "b"}, {"name": "C", "slug": "c"}).json()

    listed = shown["items"] if shape == "items" else shown
    assert [one["fieldData"]["slug"] for one in listed] == ["b"]
    assert sorted(desk.slugs("tags")) == ["a", "b", "c"]


@pytest.mark.parametrize(("work", "written"), [("none", []), ("done", ["a"])])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_server_error_comes_with_envelope_or_html_with_or_without_the_work(
    open_desk: Opened, status: int, work: str, written: list[str]
) -> None:
    """A gateway's page bears no rate headers, Webflow's envelope does."""
    desk = open_desk(
        faults=[
            {"when": {**CREATES, "nth": 1}, "do": "status", "status": status, "body": "html"},
            {"when": {**CREATES, "nth": 2}, "do": "status", "status": status, "work": work},
        ]
    )
    page = desk.create("tags", TAG)
    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert "X-RateLimit-Limit" not in page.headers
    assert str(status) in page.text

    own = desk.create("tags", TAG)
    assert (own.status_code, own.json()["externalReference"]) == (status, None)
    assert "X-RateLimit-Limit" in own.headers
    assert desk.slugs("tags") == written


def test_any_status_and_body_can_be_asked_for(open_desk: Opened) -> None:
    """Messages, codes, details, headers (also in the place of those that say the rate), or a body of one's own."""
    desk = faulty(open_desk, "status", status=400, message="No", code="bad_request", details=["x"], headers={"A": "b"})
    answer = desk.create("tags", TAG)
    assert answer.json() == {"message": "No", "code": "bad_request", "externalReference": None, "details": ["x"]}
    assert answer.headers["A"] == "b"
    limits = faulty(open_desk, "status", status=429, headers={"retry-after": "7"}).create("tags", TAG).headers
    assert (limits.get_list("Retry-After"), limits["X-RateLimit-Limit"]) == (["7"], "6000")

    assert faulty(open_desk, "status", status=418, body={"tea": 1}).create("tags", TAG).json() == {"tea": 1}
    assert faulty(open_desk, "status", status=200, body="tea").create("tags", TAG).text == "tea"


@pytest.mark.parametrize(
    ("do", "status", "code", "words"),
    [
        ("stray_403", 403, "forbidden", "not authorized to perform"),
        ("conflict", 409, "conflict", "The collection structure changed since the last publish"),
        ("plan_limit", 400, "validation_error", "Item limit reached"),
        ("missing_scopes", 403, "missing_scopes", "missing the following scopes - 'cms:write'"),
    ],
)
def test_refusal_of_the_whole_request_writes_nothing(
    open_desk: Opened, do: str, status: int, code: str, words: str
) -> None:
    """Each with Webflow's envelope, once."""
    desk = faulty(open_desk, do)

    answer = desk.create("tags", TAG)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert words in answer.json()["message"]
    assert desk.listed("tags") == []
    assert desk.create("tags", TAG).status_code == 202


def test_conflict_can_say_something_else(open_desk: Opened) -> None:
    """One status stands for many conflicts, told apart by words alone."""
    message = "Conflict: This item is still being used by: X"
    assert faulty(open_desk, "conflict", message=message).create("tags", TAG).json()["message"] == message


@pytest.mark.parametrize(
    ("form", "header"),
    [
        ("missing", None),
        ("0", "0"),
        (7, "7"),
        ("date", "Fri, 31 May 2024 12:00:02 GMT"),
        ("absurd", "86400"),
    ],
)
def test_throttling_comes_with_each_form_of_retry_after(open_desk: Opened, form: Any, header: str | None) -> None:
    """Nothing remains, whatever the header says; nothing is written."""
    desk = faulty(open_desk, "throttle", retry_after=form)

    answer = desk.create("tags", TAG)

    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    assert answer.headers.get("Retry-After") == header
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert desk.listed("tags") == []


def test_revoked_token_stays_revoked(open_desk: Opened) -> None:
    """401 from then on, for reads too."""
    desk = faulty(open_desk, "revoked")

    answers = [desk.create("tags", TAG), desk.ask("GET", "sites")]

    assert [one.status_code for one in answers] == [401, 401]
    assert answers[1].json()["message"] == "Request not authorized"


def test_faults_come_when_the_plan_says(open_desk: Opened) -> None:
    """nth, every, from, until, times and words of the body are counted over the requests that match."""
    asked = {"method": "GET", "path": "/v2/collections/*/items"}
    plans: list[tuple[dict[str, int], list[int]]] = [
        ({"nth": 2}, [2]),
        ({"every": 2}, [2, 4, 6]),
        ({"from": 3, "until": 4}, [3, 4]),
        ({"from": 5}, [5, 6]),
        ({"times": 2}, [1, 2]),
        ({"every": 3, "times": 1}, [3]),
        ({}, [1, 2, 3, 4, 5, 6]),
    ]
    for when, failing in plans:
        desk = open_desk(faults={"faults": [{"when": {**asked, **when}, "do": "status", "status": 500}]})
        codes = [desk.ask("GET", desk.items("tags")).status_code for _ in range(6)]
        assert [number for number, code in enumerate(codes, 1) if code == 500] == failing, when

    desk = open_desk(faults=[{"when": {"body": '"poison"'}, "do": "status", "status": 500}])
    assert desk.create("tags", {"name": "fine"}).status_code == 202
    assert desk.create("tags", {"name": "poison"}).status_code == 500
    assert desk.create("tags", {"name": "fine again"}).status_code == 202


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ("x", "A fault plan is a list"),
        (["x"], "Fault 1 of the plan must read"),
        ([{"do": "explode"}], "asks for 'explode'. The faults are: refuse, "),
        ([{"do": "slow", "minutes": 1}], r"\(slow\) knows seconds, not minutes"),
        ([{"do": "refuse", "minutes": 1}], "knows no further keys, not minutes"),
        ([{"do": "slow", "seconds": -1}], "seconds is a number that is not negative"),
        ([{"do": "slow", "when": {"verb": "GET"}}], "knows .*path.*, not verb"),
        ([{"do": "slow", "when": {"nth": 0}}], "nth is a whole number from 1"),
        ([{"do": "slow", "when": {"path": 5}}], "path is a text"),
        ([{"do": "slow"}, {"do": "status"}], "Fault 2 of the plan needs a status"),
        ([{"do": "slow", "when": []}], "Fault 1 of the plan must read"),
        ({"do": "slow"}, "A fault plan knows faults, not do"),
        ({"faults": [], "fault": []}, "A fault plan knows faults, not fault"),
        ({}, "A fault plan is a list"),
        ("", "A fault plan is a list"),
        (False, "A fault plan is a list"),
        ([{"do": ["slow"]}], r"asks for \['slow'\]"),
        ([{"do": "slow", "seconds": True}], "seconds is a number"),
        ([{"do": "status", "status": True}], "status is a status from 200 to 599, not True"),
        ([{"do": "status", "status": 500, "work": "maybe"}], 'work is "none" or "done", not'),
        ([{"do": "status", "status": 500, "headers": ["x"]}], "headers is an object"),
        ([{"do": "status", "status": 500, "details": 3}], "details is a list"),
        ([{"do": "throttle", "retry_after": "soon"}], 'retry_after is "missing", "date", "absurd", or'),
        ([{"do": "conflict", "message": 5}], "message is a text"),
    ],
)
def test_wrong_plan_is_answered_with_what_is_wrong(tmp_path: Path, plan: Any, words: str) -> None:
    """A plan that does nothing because of a typing error would make a test say yes."""
    with pytest.raises(ValueError, match=words):
        create_app(tmp_path / "s.db", faults=plan)


def test_every_fault_has_a_sentence_and_can_be_planned() -> None:
    """The table is what the documentation is made from."""
    for do, (_, sentence) in FAULTS.items():
        assert sentence
        assert parse_faults([{"do": do, **({"status": 500} if do == "status" else {})}]).rules[0].do == do


def test_remote_control_changes_switches_and_faults_and_shows_the_log(desk: Desk) -> None:
    """`PUT /_sandbox` at run time; a wrong one changes nothing; the control itself is not counted."""
    control = "http://sandbox/_sandbox"
    desk.ask("POST", f"{control}/reset-log")
    wanted = {"switches": {"taken_slug": "suffix"}, "faults": [{"do": "slow", "seconds": 1}]}
    answer = desk.ask("PUT", control, wanted)
    assert answer.json()["switches"]["taken_slug"] == "suffix"
    assert answer.json()["faults"] == [{"when": {}, "do": "slow", "seconds": 1, "matched": 0, "fired": 0}]

    wrong = desk.ask("PUT", control, {"switches": {"taken_slug": "refuse"}, "faults": [{"do": "x"}]})
    assert wrong.status_code == 400
    assert "asks for 'x'" in wrong.json()["message"]
    assert desk.ask("PUT", control, {"nonsense": 1}).status_code == 400
    assert desk.ask("PUT", control, ["x"]).status_code == 400
    assert desk.ask("PUT", control, {"switches": ["taken_slug"]}).status_code == 400

    desk.create("tags", TAG)
    desk.listed("tags", limit=1)
    report = desk.ask("GET", control).json()
    assert (report["requests"], report["writes"]) == (2, 1)
    assert report["switches"]["taken_slug"] == "suffix"
    path = f"/v2/{desk.items('tags', 'live')}"
    assert report["routes"][f"POST {path}"] == 1
    assert [(line["method"], line["status"], line["fault"]) for line in report["log"]] == [
        ("POST", 202, "slow"),
        ("GET", 200, "slow"),
    ]
    assert report["log"][1]["query"] == {"limit": "1"}
