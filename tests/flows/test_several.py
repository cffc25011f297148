"""Several mappings in one command: their order, what children find, who is kept from a turn, one answer for all."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from importer.settings import parse_count_or_percent, parse_rows
from tests.flows.bookshop import SHEETS, Shop, by_name, shop
from tests.flows.notes import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

__all__ = ["shop"]

DONE, NOT_RUN = (0, None), (5, "not_run")


def collections_written(one: Shop) -> list[str]:
    """The collections in the order in which they were first written to."""
    found = [line["path"].split("/")[-3] for line in one.night.app.log if line["method"] == "POST"]
    ids = {item["id"]: item["slug"] for item in one.collections()}
    return list(dict.fromkeys(ids[one] for one in found))


def test_what_others_refer_to_goes_first_and_all_is_found(shop: Callable[..., Shop]) -> None:
    """Referenced collections go first, whatever the order of the command line; where that leaves it open, it counts."""
    one = shop()
    results = one.run("reviews books topics writers")
    assert results.names == ("topics", "writers", "books", "reviews")
    assert results.exit_code == 0
    assert one.whole()
    assert collections_written(one) == ["topics", "writers", "books", "reviews"]


def test_a_second_time_nothing_is_written(shop: Callable[..., Shop]) -> None:
    """The same command again sends nothing that writes, and calls every row unchanged."""
    one = shop()
    one.run()
    before = one.night.writes()
    results = one.run()
    assert one.night.writes() == before
    assert (results.exit_code, results.counts.unchanged, results.counts.total) == (0, 10, 10)


@pytest.mark.parametrize("delay", ["8", "3600"])
def test_what_was_just_published_is_found_though_it_is_not_listed_yet(shop: Callable[..., Shop], delay: str) -> None:
    """Items that this command has made are known from the state file, however late the listing is."""
    one = shop(listing_delay=delay)
    results = one.run()
    assert by_name(results) == dict.fromkeys(SHEETS, DONE)
    assert one.whole()


def test_what_the_last_command_published_is_found_though_it_is_not_listed_yet(shop: Callable[..., Shop]) -> None:
    """A command that follows at once upon another one finds its items too."""
    one = shop(listing_delay="30")
    assert one.run("writers topics").exit_code == 0
    assert one.run().exit_code == 0
    assert one.whole()


@pytest.mark.parametrize(
    ("rule", "cells"),
    [
        ('{ from = "Topics", match = "slug" }', ["rivers", "trains; rivers", ""]),
        ('{ from = "Topics", match = "code" }', ["T-1", "T-2;T-1", ""]),
    ],
)
def test_items_are_found_by_slug_and_by_a_field_too(shop: Callable[..., Shop], rule: str, cells: list[str]) -> None:
    """`match` says what the cell says, also of items that are too new to be listed."""
    one = shop(listing_delay="3600")
    one.fields["books"]["topics"] = rule
    one.rows["books"] = [f"{row.rsplit(',', 1)[0]},{cell}" for row, cell in zip(one.rows["books"], cells, strict=True)]
    assert one.run().exit_code == 0
    assert one.whole()


def test_a_number_is_found_as_webflow_writes_it(shop: Callable[..., Shop]) -> None:
    """A reference by a number field names the number, not the text of the cell that it was made of."""
    one = shop(listing_delay="3600")
    one.rows["writers"] = ["Ada Ek,ada-ek,1971.0", 'Bo Fal,bo-fal,"1,980"']
    one.fields["books"]["writer"] = '{ from = "Writer", match = "born" }'
    one.rows["books"] = [
        "Slow water,slow-water,1971,Rivers",
        "Night line,night-line,1980,Trains; Rivers",
        "Crust,crust,1971,",
    ]
    assert one.run().exit_code == 0
    assert one.whole()


def test_rejected_rows_stop_nobody_but_those_who_name_them(shop: Callable[..., Shop]) -> None:
    """A parent with rejects does not keep its children from their turn; rows that name a rejected row are rejected."""
    one = shop()
    one.rows["writers"][1] = "Bo Fal,bo-fal,long ago"
    results = one.run()
    assert by_name(results) == {"topics": DONE, "writers": (1, None), "books": (1, None), "reviews": (1, None)}
    assert (one.slugs("books"), one.slugs("reviews")) == (["crust", "slow-water"], ["deep"])
    one.rows["writers"][1] = "Bo Fal,bo-fal,1980"
    assert one.run().exit_code == 0
    assert one.whole()


def _no_such_column(one: Shop) -> None:
    one.fields["writers"]["born"] = '"Year of birth"'


def _no_such_collection(one: Shop) -> None:
    one.also["writers"] = 'site = "nowhere"'


def _broken_file(one: Shop) -> None:
    one.also["writers"] = "[fields"


def _standard_input(one: Shop) -> None:
    one.also["writers"] = 'source = { path = "-" }'


def _empty_sheet(one: Shop) -> None:
    one.rows["writers"] = []


FAILURES: dict[str, tuple[Callable[[Shop], None], dict[str, tuple[int, str | None]]]] = {
    "a column that is not there": (_no_such_column, {"writers": (2, "mapping")}),
    "a site that is not there": (_no_such_collection, {"writers": (2, "mapping")}),
    "no TOML": (_broken_file, {"writers": (2, "mapping")}),
    "a sheet from standard input": (_standard_input, {"writers": (2, "usage")}),
    "an empty sheet": (_empty_sheet, {"writers": (6, "source_empty")}),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_mapping_that_fails_stops_only_those_that_need_it(shop: Callable[..., Shop], failure: str) -> None:
    """Books and reviews have no turn, and it is said; topics are published all the same."""
    one = shop()
    fail, ended = FAILURES[failure]
    fail(one)
    results = one.run()
    assert by_name(results) == {"topics": DONE, "books": NOT_RUN, "reviews": NOT_RUN} | ended
    assert results.exit_code == ended["writers"][0]
    assert one.slugs("topics") == ["bread", "rivers", "trains"]
    assert one.slugs("books") == one.slugs("reviews") == one.slugs("writers") == []
    assert sum("writers cannot go on, others do" in line for line in one.said) == 1
    errors = {name: part.error for name, part in zip(results.names, results.parts, strict=True)}
    assert "writers" in str(errors["books"])
    assert "books" in str(errors["reviews"])


def test_mistakes_of_any_mapping_are_found_before_anything_is_sent(shop: Callable[..., Shop]) -> None:
    """The last mapping's guard trips before the first one's items are sent, so that it can be told at once."""
    one = shop()
    one.rows["reviews"].append("Odd,odd,No such book")
    seen: list[int] = []

    def say(sentence: str) -> None:
        seen.extend([one.night.writes()] * ("reviews cannot go on" in sentence))

    one.say = say  # type: ignore[method-assign]
    results = one.run(max_rejects=parse_count_or_percent("0"))
    assert seen == [0]
    assert by_name(results) == {"topics": DONE, "writers": DONE, "books": DONE, "reviews": (6, "guard")}
    assert results.exit_code == 6
    (run,) = results.parts[-1].runs
    assert (run.run, run.counts.total, run.counts.rejected, run.counts.not_sent) == (None, 3, 1, 2)


def test_retry_sends_what_webflow_refused_in_each(shop: Callable[..., Shop]) -> None:
    """`retry` takes each one's last sheet, and sends only what failed; one that never ran is said, and stops nobody."""
    one = shop()
    one.write()
    refused = {"do": "status", "status": 400, "code": "validation_error", "message": "no"}
    paths = [f"*{one.id_of(name)}*" for name in ("writers", "topics")]
    one.night.faults = [{"when": {"method": "POST", "path": path, "nth": 1}, **refused} for path in paths]
    one.rows["writers"], one.rows["topics"] = one.rows["writers"][:1], one.rows["topics"][:1]
    assert by_name(one.run("writers topics")) == {"writers": (1, None), "topics": (1, None)}
    one.night.faults = []
    results = one.run("reviews writers topics", only_failed=True)
    assert by_name(results) == {"reviews": (2, "usage"), "writers": DONE, "topics": DONE}
    assert (results.counts.created, results.counts.total) == (2, 2)


def test_an_outage_of_one_leaves_the_others_their_turn(shop: Callable[..., Shop]) -> None:
    """Where nothing can be written to one collection, those that do not need it are imported; then it goes on."""
    one = shop()
    one.write()
    topics = one.id_of("topics")
    one.night.faults = [{"when": {"method": "POST", "path": f"*{topics}*"}, "do": "refuse"}]
    results = one.run("topics writers books")
    assert by_name(results) == {"topics": (5, "outage"), "writers": DONE, "books": NOT_RUN}
    one.night.faults = []
    assert one.run().exit_code == 0
    assert one.whole()


@pytest.mark.parametrize(("fault", "ended"), [("refuse", (5, "outage")), ("plan_limit", (4, "plan_limit"))])
def test_the_same_trouble_twice_in_a_row_ends_the_command(
    shop: Callable[..., Shop], fault: str, ended: tuple[int, str]
) -> None:
    """Where one mapping after the other meets an outage, or a full plan, it is Webflow's: the others do not try."""
    one = shop()
    one.night.faults = [{"when": {"method": "POST"}, "do": fault}]
    results = one.run("topics writers reviews")
    assert by_name(results) == {"topics": ended, "writers": ended, "reviews": NOT_RUN}


@pytest.mark.parametrize(
    ("fault", "code", "ended"),
    [
        ({"do": "revoked"}, 3, "token"),
        ({"do": "missing_scopes", "scope": "cms:write"}, 3, "scope"),
        (
            {"do": "status", "status": 409, "message": "site is not published", "code": "conflict"},
            4,
            "site_unpublished",
        ),
    ],
)
def test_what_all_share_ends_all(shop: Callable[..., Shop], fault: dict[str, Any], code: int, ended: str) -> None:
    """A token that is refused, a scope that lacks, a site that is not published: nobody else is tried; it is said."""
    one = shop()
    one.night.faults = [{"when": {"method": "POST"}, **fault}]
    if ended == "site_unpublished":
        one.night.faults = []
        one.night.switches["unpublished_site"] = "409"
    results = one.run("topics writers books reviews")
    assert by_name(results)["topics"] == (code, ended)
    assert {name: by_name(results)[name] for name in ("writers", "books", "reviews")} == dict.fromkeys(
        ("writers", "books", "reviews"), NOT_RUN
    )
    assert (results.exit_code, results.error and results.error.code) == (code, ended)


def test_the_deadline_is_one_for_all(shop: Callable[..., Shop]) -> None:
    """The time that the command may take is over for all of them; what had no turn says so."""
    one = shop()
    results = one.run(deadline=0.0)
    assert results.exit_code == 5
    assert {code for code, _ in by_name(results).values()} == {5}
    assert {ended for _, ended in by_name(results).values()} == {"deadline", "not_run"}
    assert one.run().exit_code == 0
    assert one.whole()


def test_ctrl_c_ends_all_of_them(shop: Callable[..., Shop]) -> None:
    """One signal stops the mapping that is at work, and none begins after it; the same command again completes."""
    one = shop()

    def tell(request: httpx.Request) -> None:
        if request.method == "POST":
            os.kill(os.getpid(), signal.SIGINT)

    one.night.wire = lambda inner: Wire(inner, before=tell)
    results = one.run("topics writers books reviews")
    assert by_name(results)["topics"][0] in {0, 130}
    assert results.exit_code == 130
    assert [by_name(results)[name] for name in ("books", "reviews")] == [NOT_RUN, NOT_RUN]
    one.night.wire = lambda inner: inner
    one.night.passes(100)
    assert one.run().exit_code == 0
    assert one.whole()


def test_one_pace_is_kept_by_all(shop: Callable[..., Shop]) -> None:
    """`--requests-per-minute` is that of the command: the mappings do not have one each."""
    one = shop()
    one.run(requests_per_minute=10)
    sent = len(one.night.app.log)
    assert sent > 20
    assert one.night.hours.now >= 60 * (sent // 10 - 1)


@pytest.mark.parametrize(
    ("added", "names", "way"),
    [
        (
            {"writers": ("Best", "best", '"Best"')},
            "writers topics books",
            'writers (field "best") -> books (field "writer") -> writers',
        ),
        ({"topics": ("Above", "parent", '"Above"')}, "writers topics", 'topics (field "parent") -> topics'),
        (
            {"topics": ("Above", "parent", '{ from = "Above", match = "slug" }')},
            "books topics",
            'topics (field "parent") -> topics',
        ),
    ],
)
def test_references_in_a_circle_are_refused(
    shop: Callable[..., Shop], added: dict[str, tuple[str, str, str]], names: str, way: str
) -> None:
    """A circle is named with its fields, and nothing is sent: not even what stands outside it."""
    one = shop()
    for name, (header, field, rule) in added.items():
        one.add_column(name, header, field, rule)
    results = one.run(names)
    assert results.parts == ()
    assert (results.exit_code, results.error and results.error.code) == (2, "not_yet")
    assert way in str(results.error)
    assert one.night.writes() == 0


def test_references_by_id_make_no_circle(shop: Callable[..., Shop]) -> None:
    """An id names an item that is there already, so nobody has to go first for it."""
    one = shop()
    one.add_column("topics", "Above", "parent", '{ from = "Above", match = "id" }')
    assert one.run().exit_code == 0


def test_two_mappings_for_one_collection_are_refused(shop: Callable[..., Shop]) -> None:
    """Two state files for one collection are two importers that do not know each other: nothing is sent."""
    one = shop()
    one.write()
    other = one.folder / "more-topics.toml"
    other.write_text(
        one.path("topics").read_text(encoding="utf-8").replace('"topics"', '"Topics"', 1), encoding="utf-8"
    )
    results = one.again(["topics", "more-topics"])
    assert (results.exit_code, results.error and results.error.code) == (2, "usage")
    assert 'topics and more-topics both fill the collection "Topics"' in str(results.error)
    assert one.night.writes() == 0


@pytest.mark.parametrize(
    ("names", "options", "said"),
    [
        ("topics topics", {}, "is named 2 times"),
        ("topics writers", {"rows": parse_rows("2-3")}, "--rows names rows of one sheet"),
        ("topics writers", {"state": "x.db"}, "--state names one state file"),
    ],
)
def test_what_makes_no_sense_with_several_is_refused(
    shop: Callable[..., Shop], names: str, options: dict[str, Any], said: str
) -> None:
    """The same mapping twice, one state file or the rows of one sheet for several: usage, before anything is asked."""
    one = shop()
    results = one.run(names, **options)
    assert (results.exit_code, results.error and results.error.code) == (2, "usage")
    assert said in str(results.error)
    assert not one.night.app.log


def test_each_line_begins_with_its_mapping(shop: Callable[..., Shop]) -> None:
    """What is said while several mappings are at work says of which, and says it once."""
    one = shop()
    one.run()
    assert all(line.split(":")[0] in SHEETS for line in one.said)
    assert len(one.said) == len(set(one.said))


def test_the_object_has_a_run_for_each_and_the_counts_add_up(shop: Callable[..., Shop]) -> None:
    """`runs` has each mapping with verdict, exit code and error of its own; the whole has the gravest."""
    one = shop()
    one.fields["writers"]["born"] = '"Year of birth"'
    one.rows["topics"].append("Rivers,rivers,T-9")
    answer = one.run().as_json()
    assert (answer["exit_code"], answer["verdict"], answer["error"]["code"]) == (2, "invalid", "mapping")
    told = {run["mapping"].rsplit("/", 1)[-1]: run for run in answer["runs"]}
    assert {name: (run["verdict"], run["exit_code"]) for name, run in told.items()} == {
        "topics.toml": ("rejects", 1),
        "writers.toml": ("invalid", 2),
        "books.toml": ("stopped", 5),
        "reviews.toml": ("stopped", 5),
    }
    assert told["books.toml"]["error"]["code"] == "not_run"
    assert told["writers.toml"]["run"] is told["books.toml"]["run"] is None
    for run in answer["runs"]:
        items = run["items"]
        assert items["total"] == sum(items.values()) - items["total"] - items["removed"]


def test_listings_that_several_need_are_read_once(shop: Callable[..., Shop]) -> None:
    """A collection that two mappings refer to is listed once, and not again before the items are sent."""
    one = shop()
    one.run("topics writers")
    one.night.app.log.clear()
    one.add_column("writers", "Best", "best", '{ from = "Best", missing = "skip" }')
    one.run("writers reviews")
    books = one.id_of("books")
    assert sum(f"{books}/items" in line["path"] for line in one.night.app.log) == 1


def test_what_one_mapping_makes_of_a_name_is_no_second_time_made_by_another(shop: Callable[..., Shop]) -> None:
    """Both name the same book, which is not there; what the first one has made is not listed when the second begins."""
    one = shop(listing_delay="9", taken_slug="suffix")
    one.fields["reviews"] = {"book": '{ from = "Book", missing = "create" }'}
    one.add_column("writers", "Best", "best", '{ from = "Best", missing = "create" }')
    one.rows["writers"] = ["Ada Ek,ada-ek,1971,Slow water", "Bo Fal,bo-fal,1980,Slow water"]
    for _ in range(2):
        assert by_name(one.run("reviews writers")) == {"reviews": DONE, "writers": DONE}
        assert one.slugs("books") == ["night-line", "slow-water"]
        one.night.passes(1_000)
    assert one.names("writers", "best") == {"ada-ek": ["slow-water"], "bo-fal": ["slow-water"]}
