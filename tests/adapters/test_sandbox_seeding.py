"""The sandbox's site: collections and fields that are made and removed, and what a new file is seeded with."""

from __future__ import annotations

import sqlite3
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from importer.sandbox import DEFAULT_SEED, create_app
from importer.sandbox.rules import WRITABLE_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.adapters.conftest import Desk

    Opened = Callable[..., Desk]


def test_same_lots_give_the_same_ids(tmp_path: Path) -> None:
    """Every random id comes from `draw`: a simulation that draws the same again lives in the same world."""

    def ids(name: str) -> set[str]:
        chance = Random(7)
        app = create_app(tmp_path / name, now=lambda: 0.0, draw=lambda size: chance.randbytes(size).hex())
        found = app.world.connection.execute("SELECT id FROM collections UNION ALL SELECT body FROM site").fetchall()
        app.close()
        return {row[0] for row in found}

    assert ids("one.db") == ids("two.db")


def test_collection_and_fields_can_be_made_and_removed(desk: Desk) -> None:
    """Slugs of fields are frozen and get numbers; limits cannot be made through the API."""
    target = desk.collections["tags"]
    fields = [
        {"type": "Option", "displayName": "Kind", "metadata": {"options": [{"name": "a"}, {"name": "b"}]}},
        {"type": "Reference", "displayName": "Tag", "metadata": {"collectionId": target}},
    ]
    made = desk.ask(
        "POST", f"sites/{desk.site}/collections", {"displayName": "Odd Jobs", "singularName": "Job", "fields": fields}
    )
    assert made.status_code == 200
    own = made.json()
    assert own["slug"] == "odd-jobs"
    assert [one["slug"] for one in own["fields"]] == ["name", "slug", "kind", "tag"]
    again = desk.ask("POST", f"sites/{desk.site}/collections", {"displayName": "Odd Jobs", "singularName": "x"})
    assert (again.status_code, again.json()["code"]) == (409, "duplicate_collection")

    added = desk.ask("POST", f"collections/{own['id']}/fields", {"type": "PlainText", "displayName": "Kind"}).json()
    assert (added["slug"], added["isRequired"], added["validations"]) == ("kind-2", False, None)
    place = f"collections/{own['id']}/fields/{added['id']}"
    assert desk.ask("PATCH", place, {"isRequired": True, "slug": "x"}).json()["isRequired"] is True
    desk.collections["odd-jobs"] = own["id"]
    assert [one["param"] for one in desk.create("odd-jobs", {"name": "A"}).json()["details"]] == ["kind-2"]
    assert desk.ask("DELETE", place).status_code == 204
    assert desk.ask("DELETE", place).status_code == 404
    assert desk.create("odd-jobs", {"name": "A"}).status_code == 202

    assert desk.ask("DELETE", f"collections/{target}").status_code == 409
    assert desk.ask("DELETE", f"collections/{own['id']}").status_code == 204
    assert desk.ask("GET", f"collections/{own['id']}").status_code == 404


@pytest.mark.parametrize(
    "content",
    [
        {"type": "Colour", "displayName": "x"},
        {"type": "Color"},
        {"type": "Option", "displayName": "x"},
        {"type": "Reference", "displayName": "x", "metadata": {"collectionId": "nobody"}},
        {"type": "Reference", "displayName": "x", "metadata": []},
    ],
)
def test_wrong_field_is_refused(desk: Desk, content: dict[str, Any]) -> None:
    """A field needs a type, a name, and what its type needs."""
    answer = desk.ask("POST", f"collections/{desk.collections['tags']}/fields", content)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")


def test_seed_uses_every_field_type_and_three_locales(desk: Desk) -> None:
    """The samples rely on it; Get Collection answers with the recorded shapes."""
    posts = desk.ask("GET", f"collections/{desk.collections['blog-posts']}").json()
    assert {one["type"] for one in posts["fields"]} == WRITABLE_TYPES
    assert {one["slug"] for one in DEFAULT_SEED["collections"]} == {"authors", "tags", "blog-posts", "products"}
    by_slug = {one["slug"]: one for one in posts["fields"]}
    assert by_slug["slug"]["validations"]["pattern"] == {}
    assert by_slug["author"]["validations"] == {"collectionId": desk.collections["authors"]}
    assert len(by_slug["category"]["validations"]["options"][0]["id"]) == 32
    locales = desk.ask("GET", "sites").json()["sites"][0]["locales"]
    assert [locales["primary"]["tag"], *(one["tag"] for one in locales["secondary"])] == ["en-US", "fr-FR", "de-DE"]
    token = desk.ask("GET", "token/introspect").json()["authorization"]
    assert token["scope"] == "cms:read,cms:write,sites:read,sites:write"


def test_new_sandbox_draws_new_ids_and_an_old_one_keeps_its_own(open_desk: Opened, tmp_path: Path) -> None:
    """An old state can never vouch for an empty site."""
    first, second = open_desk(), open_desk()
    assert first.site != second.site
    assert set(first.collections.values()).isdisjoint(second.collections.values())
    (item,) = first.made("tags", {"name": "A"})
    first.app.close()

    first.app = create_app(tmp_path / "sandbox-0.db", seed={"collections": []}, now=lambda: first.time)
    assert first.listed("tags")[0]["id"] == item["id"]


def test_foreign_file_is_left_alone(tmp_path: Path) -> None:
    """Neither a text nor somebody else's database becomes a sandbox."""
    text, other = tmp_path / "notes.txt", tmp_path / "other.db"
    text.write_text("not a database, but long enough to have a header\n" * 9)
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()

    with pytest.raises(ValueError, match=r"notes\.txt cannot be opened as a sandbox file"):
        create_app(text)
    with pytest.raises(ValueError, match=r"other\.db is no sandbox file\. Name another file"):
        create_app(other)


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        ({"collections": [{"slug": "x"}]}, "a collection without displayName"),
        ({"collections": [{"slug": "x", "displayName": "X", "fields": [{"slug": "f", "type": "Text"}]}]}, "the types"),
        (
            {"collections": [{"slug": "x", "displayName": "X", "fields": [{"slug": "f", "type": "Reference"}]}]},
            "must name a collection of the seed",
        ),
        ({"site": {"locales": {"secondary": []}}}, 'without a "primary" one'),
    ],
)
def test_wrong_seed_is_refused_before_there_is_a_file(tmp_path: Path, seed: dict[str, Any], words: str) -> None:
    """A half-seeded file would be taken for a sandbox later."""
    with pytest.raises(ValueError, match=words):
        create_app(tmp_path / "s.db", seed=seed)
    assert list(tmp_path.iterdir()) == []
