from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from importer.sandbox import SWITCHES, create_app
from importer.sandbox.switches import NUMBER, parse_switches

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.adapters.conftest import Desk

    Opened = Callable[..., Desk]

MIXED: tuple[dict[str, Any], ...] = (
    {"name": "A", "slug": "a"},
    {"name": "B", "slug": "b", "color": "no color"},
    {"name": "C", "slug": "c"},
)


@pytest.mark.parametrize(("position", "written"), [("atomic", []), ("partial", ["c", "a"]), ("partial_ahead", ["a"])])
def test_refused_chunk_writes_nothing_all_good_or_those_ahead(
    open_desk: Opened, position: str, written: list[str]
) -> None:
    """`refusal`: the answer is the same 400 in each case."""
    desk = open_desk(switches={"refusal": position})

    answer = desk.create("tags", *MIXED)

    assert answer.status_code == 400
    assert [one["param"] for one in answer.json()["details"]] == ["color"]
    assert desk.slugs("tags") == written


def test_taken_slug_is_refused(open_desk: Opened) -> None:
    """`taken_slug=refuse`: the recorded body quotes the slug."""
    desk = open_desk(switches={"taken_slug": "refuse"})
    desk.made("tags", {"name": "A", "slug": "a"})

    details = desk.create("tags", {"name": "B", "slug": "a"}).json()["details"]

    assert details == [{"param": "slug", "description": "Unique value is already in database: 'a'"}]


def test_taken_slug_gets_a_suffix(open_desk: Opened) -> None:
    """`taken_slug=suffix`: the write succeeds under another slug, also inside one chunk."""
    desk = open_desk(switches={"taken_slug": "suffix"})

    items = desk.made("tags", {"name": "A", "slug": "a"}, {"name": "B", "slug": "a"})

    slugs = [one["fieldData"]["slug"] for one in items]
    assert slugs[0] == "a"
    assert slugs[1].startswith("a-")


@pytest.mark.parametrize(("position", "status"), [("insensitive", 400), ("sensitive", 202)])
def test_slugs_differ_in_case_or_not(open_desk: Opened, position: str, status: int) -> None:
    """`slug_case`."""
    desk = open_desk(switches={"slug_case": position})
    desk.made("tags", {"name": "A", "slug": "post"})

    assert desk.create("tags", {"name": "B", "slug": "Post"}).status_code == status


@pytest.mark.parametrize(("position", "status"), [("shared", 400), ("separate", 202)])
def test_locales_share_slugs_or_not(open_desk: Opened, position: str, status: int) -> None:
    """`slug_per_locale`: the slug is free in its own locale in either case."""
    desk = open_desk(switches={"slug_per_locale": position})
    french = desk.ask("GET", f"sites/{desk.site}").json()["locales"]["secondary"][0]["cmsLocaleId"]
    desk.made("tags", {"name": "A", "slug": "a"})

    assert desk.create("tags", {"name": "A", "slug": "a"}, cmsLocaleId=french).status_code == status
    assert desk.create("tags", {"name": "A", "slug": "a"}).status_code == 400


@pytest.mark.parametrize(("position", "status"), [("accepted", 200), ("refused", 400)])
def test_own_slug_may_be_sent_again_or_not(open_desk: Opened, position: str, status: int) -> None:
    """`own_slug`: one integrator saw an unchanged slug refused."""
    desk = open_desk(switches={"own_slug": position})
    (item,) = desk.made("tags", {"name": "A", "slug": "a"})

    content = {"items": [{"id": item["id"], "fieldData": {"name": "B", "slug": "a"}}]}
    assert desk.ask("PATCH", desk.items("tags", "live"), content).status_code == status


@pytest.mark.parametrize(("position", "status"), [("made", 202), ("refused", 400)])
def test_missing_slug_is_made_or_refused(open_desk: Opened, position: str, status: int) -> None:
    """`missing_slug`: the refusal is one of the first stage, without details."""
    answer = open_desk(switches={"missing_slug": position}).create("tags", {"name": "A"})

    assert answer.status_code == status
    if status == 400:
        body = answer.json()
        reason = "Validation Error: [\"Value (fieldData) should have required property 'slug'\"]"
        assert (body["message"], body["details"]) == (reason, [])


@pytest.mark.parametrize(("position", "status"), [("free", 202), ("held", 400)])
def test_deleted_item_frees_its_slug_or_holds_it_until_the_site_is_published(
    open_desk: Opened, position: str, status: int
) -> None:
    """`deleted_slug`: no item can be shown that holds it."""
    desk = open_desk(switches={"deleted_slug": position})
    (item,) = desk.made("tags", {"name": "A", "slug": "a"})
    assert desk.ask("DELETE", desk.items("tags", item["id"])).status_code == 204

    assert desk.create("tags", {"name": "A", "slug": "a"}).status_code == status
    assert desk.slugs("tags", slug="a") == (["a"] if status == 202 else [])
    desk.ask("POST", f"sites/{desk.site}/publish", {})
    assert desk.create("tags", {"name": "A", "slug": "a"}).status_code == (400 if status == 202 else 202)


@pytest.mark.parametrize("position", ["sent", "shuffled"])
def test_answer_comes_in_the_order_sent_or_shuffled(open_desk: Opened, position: str) -> None:
    """`answer_order`: never match by position."""
    desk = open_desk(switches={"answer_order": position})
    names = [f"T{number}" for number in range(30)]

    made = [one["fieldData"]["name"] for one in desk.made("tags", *({"name": name} for name in names))]

    assert sorted(made) == sorted(names)
    assert (made == names) == (position == "sent")


@pytest.mark.parametrize(("position", "kind"), [("items", dict), ("list", list)])
def test_many_are_answered_in_an_object_or_a_bare_list(open_desk: Opened, position: str, kind: type) -> None:
    """`answer_shape`: a single item stays a single item."""
    desk = open_desk(switches={"answer_shape": position})

    assert isinstance(desk.create("tags", {"name": "A"}).json(), kind)
    single = desk.ask("POST", desk.items("tags", "live"), {"fieldData": {"name": "B"}}).json()
    assert single["fieldData"]["name"] == "B"


def test_new_items_are_listed_after_the_delay(open_desk: Opened) -> None:
    """`listing_delay`: seconds from their making; filters are no way around it."""
    desk = open_desk(switches={"listing_delay": "10"})
    desk.made("tags", {"name": "A", "slug": "a"})

    desk.time += 9.9
    assert desk.slugs("tags") == desk.slugs("tags", slug="a") == desk.slugs("tags", live=True) == []
    desk.time += 0.1
    assert desk.slugs("tags") == desk.slugs("tags", slug="a") == desk.slugs("tags", live=True) == ["a"]


def listings(desk: Desk) -> list[list[str]]:
    """List thirty tags twice, newest first."""
    desk.made("tags", *({"name": f"T{number}", "slug": f"t{number:02}"} for number in range(30)))
    return [desk.slugs("tags", sortBy="createdOn", sortOrder="desc") for _ in range(2)]


def test_listing_is_as_asked(open_desk: Opened) -> None:
    """`listing_order=as_asked`: the later one first, also among equal stamps."""
    first, second = listings(open_desk(switches={"listing_order": "as_asked"}))

    assert first == second == [f"t{number:02}" for number in reversed(range(30))]


def test_listing_ignores_the_order_asked_for(open_desk: Opened) -> None:
    """`listing_order=ignored`: always the same order, which is not that of time."""
    first, second = listings(open_desk(switches={"listing_order": "ignored"}))

    assert first == second
    assert first not in (sorted(first), sorted(first, reverse=True))


def test_listing_order_is_new_every_time(open_desk: Opened) -> None:
    """`listing_order=random`: the set is the same, the order is not."""
    first, second = listings(open_desk(switches={"listing_order": "random"}))

    assert first != second
    assert Counter(first) == Counter(second)


@pytest.mark.parametrize(("position", "status"), [("supported", 200), ("refused", 400)])
def test_sorting_by_creation_is_known_or_not(open_desk: Opened, position: str, status: int) -> None:
    """`listing_sort`: older documentation knows lastPublished, name and slug alone."""
    desk = open_desk(switches={"listing_sort": position})

    assert desk.ask("GET", desk.items("tags"), sortBy="createdOn").status_code == status
    assert desk.ask("GET", desk.items("tags"), sortBy="slug").status_code == 200


@pytest.mark.parametrize(("position", "seen"), [("yes", ["a"]), ("no", [])])
def test_items_made_live_appear_among_the_staged_or_not(open_desk: Opened, position: str, seen: list[str]) -> None:
    """`live_in_staged`: an item is absent only when neither list has it, and its slug is taken all the same."""
    desk = open_desk(switches={"live_in_staged": position})
    (item,) = desk.made("tags", {"name": "A", "slug": "a"})

    assert desk.slugs("tags") == seen
    assert desk.slugs("tags", live=True) == ["a"]
    assert desk.ask("GET", desk.items("tags", item["id"])).status_code == (200 if seen else 404)
    assert desk.create("tags", {"name": "A", "slug": "a"}, live=False).status_code == 400


@pytest.mark.parametrize(("position", "status"), [("same", 400), ("any", 202)])
def test_referenced_item_must_exist_in_the_locale_or_not(open_desk: Opened, position: str, status: int) -> None:
    """`reference_locale`: one that lacks the locale is `Referenced item not found`."""
    desk = open_desk(switches={"reference_locale": position})
    german = desk.ask("GET", f"sites/{desk.site}").json()["locales"]["secondary"][1]["cmsLocaleId"]
    (author,) = desk.made("authors", {"name": "Ada"})
    fields = {"name": "Post", "body": "<p></p>", "author": author["id"]}

    assert desk.create("blog-posts", fields, cmsLocaleId=german).status_code == status
    assert desk.create("blog-posts", fields).status_code == 202


@pytest.mark.parametrize(("position", "status"), [("no", 202), ("409", 409), ("404", 404)])
def test_live_writes_to_an_unpublished_site_are_refused(open_desk: Opened, position: str, status: int) -> None:
    """`unpublished_site`: staged writes go on, and publishing the site ends it."""
    desk = open_desk(switches={"unpublished_site": position})

    answer = desk.create("tags", {"name": "A"})
    assert answer.status_code == status
    if status == 409:
        assert answer.json()["message"] == "Conflict: The site is not published"
    assert desk.create("tags", {"name": "B"}, live=False).status_code == 202
    desk.ask("POST", f"sites/{desk.site}/publish", {})
    assert desk.create("tags", {"name": "C"}).status_code == 202


@pytest.mark.parametrize(("position", "status"), [("answered", 200), ("refused", 403)])
def test_token_may_ask_about_itself_or_not(open_desk: Opened, position: str, status: int) -> None:
    """`introspect`: tokens of a site may not, says the specification."""
    assert open_desk(switches={"introspect": position}).ask("GET", "token/introspect").status_code == status


@pytest.mark.parametrize("position", ["no", "yes"])
def test_rate_headers_stand_on_every_answer_or_on_none(open_desk: Opened, position: str) -> None:
    """`missing_headers`: without them 60 requests in 60 seconds must be assumed."""
    desk = open_desk(switches={"missing_headers": position})

    for answer in (desk.ask("GET", "sites"), desk.ask("GET", "nowhere"), desk.create("tags", {})):
        present = {"x-ratelimit-limit", "x-ratelimit-remaining", "retry-after"} & set(answer.headers)
        assert len(present) == (3 if position == "no" else 0)


@pytest.mark.parametrize(("position", "seconds"), [("ceil", "60"), ("floor", "59")])
def test_seconds_until_the_window_ends_are_rounded(open_desk: Opened, position: str, seconds: str) -> None:
    """`retry_after_rounding`."""
    desk = open_desk(switches={"retry_after_rounding": position})
    desk.time += 0.5

    assert desk.ask("GET", "sites").headers["Retry-After"] == seconds


@pytest.mark.parametrize("position", ["yes", "no"])
def test_answers_carry_the_servers_time_or_not(open_desk: Opened, position: str) -> None:
    """`date_header`."""
    headers = open_desk(switches={"date_header": position}).ask("GET", "sites").headers

    assert headers.get("Date") == ("Fri, 31 May 2024 12:00:00 GMT" if position == "yes" else None)


@pytest.mark.parametrize(("position", "stamps"), [("equal", 1), ("spread", 3)])
def test_items_of_one_request_have_one_stamp_or_many(open_desk: Opened, position: str, stamps: int) -> None:
    """`stamps`."""
    desk = open_desk(switches={"stamps": position})

    items = desk.made("tags", *({"name": name} for name in "abc"))

    assert len({one["createdOn"] for one in items}) == stamps


def test_plan_holds_so_many_items_and_no_more(open_desk: Opened) -> None:
    """`plan_limit`: the refusal names no field and no value, and nothing of the chunk is written."""
    desk = open_desk(switches={"plan_limit": "3"})
    desk.made("tags", {"name": "A"}, {"name": "B"})

    answer = desk.create("tags", {"name": "C"}, {"name": "D"})

    assert (answer.status_code, answer.json()["details"]) == (400, [])
    assert desk.create("tags", {"name": "C"}).status_code == 202


def test_rate_limit_is_a_switch(open_desk: Opened) -> None:
    """`rate_limit`."""
    assert open_desk(switches={"rate_limit": "120"}).ask("GET", "sites").headers["X-RateLimit-Limit"] == "120"


def test_every_switch_has_a_default_among_its_values_and_a_sentence() -> None:
    """The table is what the documentation is made from."""
    for name, (allowed, default, sentence) in SWITCHES.items():
        assert allowed is NUMBER or default in allowed, name
        assert sentence
    assert parse_switches({}) == {name: default for name, (_, default, _) in SWITCHES.items()}


def test_unknown_switch_is_answered_with_all_there_are(tmp_path: Path) -> None:
    """A typing error must not run with the defaults, nor leave a file."""
    with pytest.raises(ValueError, match=r"no switch 'refuse'\. The switches are: answer_order, "):
        create_app(tmp_path / "s.db", switches={"refuse": "atomic"})
    with pytest.raises(ValueError, match="refusal takes atomic or partial or partial_ahead, not 'x'"):
        create_app(tmp_path / "s.db", switches={"refusal": "x"})
    with pytest.raises(ValueError, match="listing_delay takes a number that is not negative, not '-1'"):
        create_app(tmp_path / "s.db", switches={"listing_delay": "-1"})
    assert list(tmp_path.iterdir()) == []
