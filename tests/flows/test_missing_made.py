"""`missing = "create"`: the items that rows refer to are made before the rows, each once (rule 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from importer.commands.options import RunOptions
from importer.commands.status import status
from importer.errors import MappingError
from importer.settings import parse_rows
from tests.flows.naming import Naming, naming
from tests.flows.verifying import verified

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["naming"]


def made(one: Naming) -> dict[str, tuple[int, tuple[str, ...]]]:
    """What the last run made of each collection: how many, and some names."""
    assert one.night.result is not None
    referenced = one.night.result.runs[0].referenced
    assert all(each.counts.adds_up() for each in referenced)
    return {each.collection_slug: (each.counts.created + each.counts.staged, each.names) for each in referenced}


def test_a_name_that_nobody_has_is_made_once_however_often_it_is_named(naming: Callable[..., Naming]) -> None:
    """In several rows, fields and spellings, alone or in a list; rows then refer to it; a second run does nothing."""
    one = naming()
    one.make("topics", {"name": "Bread", "slug": "bread"})
    one.sheet(
        ("One", "Rivers", "Trains, Bread", "Ada"),
        ("Two", " rivers ", "TRAINS,Rivers", "Bob"),
        ("Three", "bread", None, "ada"),
    )
    counts = one.night.run().counts
    assert (counts.created, one.night.exit_code) == (3, 0)
    assert made(one) == {"topics": (2, ("Rivers", "Trains")), "writers": (2, ("Ada", "Bob"))}
    assert one.names("topics") == ["Bread", "Rivers", "Trains"]
    assert one.refers() == {
        "One": ("Rivers", ["Trains", "Bread"], "Ada"),
        "Two": ("Rivers", ["Trains", "Rivers"], "Bob"),
        "Three": ("Bread", [], "Ada"),
    }
    writes = one.night.writes()
    again = one.night.run().counts
    assert (again.unchanged, made(one), one.night.writes()) == (3, {}, writes)


def test_drafts_refer_to_drafts_and_go_live_with_them(naming: Callable[..., Naming]) -> None:
    """What is made for drafts is a draft; once the rows go live, it does so first."""
    one = naming()
    one.sheet(("One", "Rivers", "Trains", "Ada"))
    assert one.night.run(draft=True).counts.staged == 1
    assert (made(one)["topics"], one.names("topics")) == ((2, ("Rivers", "Trains")), [])
    assert one.refers(live=False) == {"One": ("Rivers", ["Trains"], "Ada")}
    assert one.night.run(draft=True).counts.unchanged == 1
    assert one.night.run().counts.updated == 1
    assert one.names("topics") == ["Rivers", "Trains"]
    assert one.refers() == {"One": ("Rivers", ["Trains"], "Ada")}
    assert one.once()


def test_nothing_is_made_for_rows_that_are_not_sent(naming: Callable[..., Naming]) -> None:
    """Rejected rows, rows that were not asked for, and those that --limit leaves out."""
    one = naming()
    one.sheet(("One", "First"), ("Two", "Second"), (None, "Nobody"), ("Four", "Fourth"), ("Five", "Fifth"))
    assert one.night.run(rows=parse_rows("3-4")).counts.created == 1
    assert one.names("topics") == ["Second"]
    assert one.night.run(limit=2).counts.created == 2
    assert one.names("topics") == ["First", "Fourth", "Second"]
    assert one.night.run().counts.created == 1
    assert one.names("topics") == ["Fifth", "First", "Fourth", "Second"]


@pytest.mark.parametrize(
    ("held", "live", "cell", "said"),
    [
        ([("Rivers", "r-1"), ("rivers", "r-2")], True, "Rivers", "Several items"),
        ([("C", "c")], True, "C++", 'its slug would be "c", and that is the slug of "C", which is there already'),
        ([("C", "c")], False, "C++", 'The slug "c" belongs to an item of the collection already: "C"'),
        ([("Rivers", "rivers")], False, "Rivers", 'The slug "rivers" belongs to an item of the collection already'),
        ([], True, "+++", "so it gives no slug"),
        ([], True, "x" * 300, "is longer than the 256 characters"),
    ],
)  # fmt: skip
def test_a_name_that_cannot_be_made_rejects_its_rows_alone(
    naming: Callable[..., Naming], held: list[tuple[str, str]], live: bool, cell: str, said: str
) -> None:
    """Several items have it, its slug is another's, it gives none, or it is too long; the row says so, others go on."""
    one = naming()
    one.make("topics", *({"name": name, "slug": slug} for name, slug in held), live=live)
    before = one.names("topics", live=False)
    one.sheet(("One", None, f"Trains,{cell}"), ("Two", "Trains"))
    counts = one.night.run().counts
    assert (counts.created, counts.rejected, one.night.exit_code) == (1, 1, 1)
    assert said in one.night.told(2)
    assert one.names("topics", live=False) == sorted([*before, "Trains"])
    assert one.refers() == {"Two": ("Trains", [], None)}


def test_of_two_names_with_one_slug_the_first_is_made(naming: Callable[..., Naming]) -> None:
    """The rows of the other one are rejected, and told whose slug it is: in this run and in the next."""
    one = naming()
    one.sheet(("One", "C"), ("Two", "C++"), ("Three", "C"), ("Four", "C#"))
    for created in (2, 0):
        counts = one.night.run().counts
        assert (counts.created, counts.rejected) == (created, 2)
        assert 'that is the slug of "C"' in one.night.told(3)
    assert one.names("topics") == ["C"]


def test_a_collection_that_asks_for_more_than_a_name_has_nothing_made(naming: Callable[..., Naming]) -> None:
    """Rows that name what is there go on; the others are told which fields it takes."""
    one = naming({"slug": "color", "displayName": "Color", "type": "PlainText", "isRequired": True})
    one.make("topics", {"name": "Bread", "slug": "bread", "color": "brown"})
    one.sheet(("One", "Rivers", None, "Ada"), ("Two", "Bread", None, "Ada"))
    counts = one.night.run().counts
    assert (counts.created, counts.rejected) == (1, 1)
    assert 'cannot be made: each item there must have "color" besides its name' in one.night.told(2)
    assert (one.names("topics"), one.names("writers")) == (["Bread"], ["Ada"])


def test_an_item_that_webflow_refuses_rejects_the_rows_that_need_it_until_it_is_sent_again(
    naming: Callable[..., Naming],
) -> None:
    """They are never sent without it; `retry`, or a second run once somebody has made the item, sends them."""
    one = naming()
    one.sheet(("One", "Rivers", None, "Ada"), ("Two", None, "Trains,Rivers"), ("Three", "Trains"))
    rivers = {"method": "POST", "body": '"Rivers"'}
    one.night.faults = [{"when": rivers, "do": "status", "status": 400, "message": "No rivers here"}]
    counts = one.night.run().counts
    assert (counts.created, counts.rejected) == (1, 2)
    assert "No rivers here" in one.night.told(3)
    assert 'This row refers to the item "Rivers" of the collection "topics"' in one.night.told(3)
    assert one.refers() == {"Three": ("Trains", [], None)}
    assert any(note.startswith("2 items of other collections") for note in verified(one.night).notes), "made, not asked"
    one.night.faults = []
    assert one.night.run().counts.rejected == 2, "what Webflow refused is left until somebody asks for it"
    assert one.night.run(only_failed=True).counts.created == 2
    assert one.refers()["Two"] == (None, ["Trains", "Rivers"], None)
    assert one.once()


def test_what_somebody_removed_is_not_made_again_but_told(naming: Callable[..., Naming]) -> None:
    """A row that is published stays as it is; a new one is rejected until the item is there, under whatever id."""
    one = naming()
    one.sheet(("One", "Rivers"))
    one.night.run()
    (item,) = one.items("topics")

    async def renamed(http: Any, found: str) -> None:
        body = {"items": [{"id": item, "fieldData": {"name": "Streams", "slug": "streams"}}]}
        assert (await http.patch(f"/collections/{found}/items/live", json=body)).status_code == 200

    one.ask("topics", renamed)
    one.sheet(("One", "Rivers"), ("Two", "rivers"))
    counts = one.night.run().counts
    assert (counts.unchanged, counts.created, one.refers()["Two"][0]) == (1, 1, "Streams"), "renamed, it is the same"
    one.night.passes(1000)
    one.sheet(("Three", "Rivers"))
    for note in one.items("notes"):
        one.remove("notes", note)
    one.remove("topics", item)
    assert one.night.run().counts.rejected == 1
    assert f"an earlier run made it (item {item}), and somebody has removed it" in str(
        one.night.ask_state("SELECT error FROM outcome WHERE key = 'three'")
    )
    one.make("topics", {"name": "Rivers", "slug": "rivers-2"})
    assert one.night.run().counts.created == 1


def test_state_counts_and_status_tell_them_from_the_rows(naming: Callable[..., Naming]) -> None:
    """They are rows of their own collection: no count of the sheet holds them, and status says what they are."""
    one = naming()
    one.sheet(("One", "Rivers", "Trains", "Ada"), ("Two", "Rivers"))
    summary = one.night.run()
    assert (summary.counts.total, summary.counts.created) == (2, 2)
    assert summary.as_json()["referenced"][0]["names"] == ["Rivers", "Trains"]
    (report,) = status(None, RunOptions(state=one.night.state))
    assert (sum(report.rows.values()), sum(report.beside.values())) == (2, 3)
    last = report.last()
    assert last is not None
    assert last.referenced == summary.referenced
    assert one.night.ask_state("SELECT source_row FROM rows WHERE key = 'rivers'") == [(2,)]
    assert one.night.ask_state("SELECT count(*) FROM outcome WHERE source = '<frame>'") == [(2,)]


def test_other_ways_of_matching_and_the_own_collection_make_nothing(naming: Callable[..., Naming]) -> None:
    """Only a name is enough to make an item of, and a collection does not wait for itself."""
    one = naming()
    one.sheet(("One", "Rivers"))
    for match in ("id", "slug", "key", "color"):
        one.night.mapping["fields"]["main"] = {"from": "Main", "match": match, "missing": "create"}
        with pytest.raises(MappingError) as caught:
            one.night.run()
        assert f'it goes with match = "name", not "{match}"' in str(caught.value) or match in {"key", "color"}
    assert one.night.writes() == 0
