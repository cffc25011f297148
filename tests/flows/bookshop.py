"""A shop of books for several mappings at once: books name their writers and topics, reviews name books."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from importer.commands.opening import Door
from importer.commands.options import RunOptions
from importer.commands.several import run_all_through
from importer.pacing import Pacer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import httpx

    from importer.report.several import RunResults
    from tests.flows.conftest import Night


def _collection(slug: str, *fields: dict[str, Any]) -> dict[str, Any]:
    return {"displayName": slug.title(), "singularName": slug.title()[:-1], "slug": slug, "fields": list(fields)}


def _field(slug: str, kind: str = "PlainText", **validations: str) -> dict[str, Any]:
    return {"slug": slug, "displayName": slug.title(), "type": kind, "validations": validations}


SEED = {
    "collections": [
        _collection("writers", _field("born", "Number"), _field("best", "Reference", collection="books")),
        _collection("topics", _field("code"), _field("parent", "Reference", collection="topics")),
        _collection(
            "books",
            _field("writer", "Reference", collection="writers"),
            _field("topics", "MultiReference", collection="topics"),
        ),
        _collection("reviews", _field("book", "Reference", collection="books")),
    ]
}

SHEETS = {
    "writers": ("Name,Slug,Born", ["Ada Ek,ada-ek,1971", "Bo Fal,bo-fal,1980"]),
    "topics": ("Name,Slug,Code", ["Rivers,rivers,T-1", "Trains,trains,T-2", "Bread,bread,T-3"]),
    "books": (
        "Name,Slug,Writer,Topics",
        ["Slow water,slow-water,Ada Ek,Rivers", "Night line,night-line,Bo Fal,Trains; Rivers", "Crust,crust,Ada Ek,"],
    ),
    "reviews": ("Name,Slug,Book", ["Deep,deep,Slow water", "Late,late,Night line"]),
}

FIELDS = {
    "writers": {"born": '"Born"'},
    "topics": {"code": '"Code"'},
    "books": {"writer": '"Writer"', "topics": '"Topics"'},
    "reviews": {"book": '"Book"'},
}


class Sheets:
    """Four mappings with their sheets in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fields = {name: dict(fields) for name, fields in FIELDS.items()}
        self.rows = {name: list(rows) for name, (_, rows) in SHEETS.items()}
        self.heads = {name: head for name, (head, _) in SHEETS.items()}
        self.also = dict.fromkeys(SHEETS, "")

    def write(self) -> None:
        """Write mappings and sheets."""
        for name, fields in self.fields.items():
            source = [] if "source" in self.also[name] else ["[source]", f'path = "{name}.csv"']
            lines = [f'collection = "{name}"', self.also[name], *source, "[fields]"]
            lines += ['name = "Name"', 'slug = "Slug"', *(f"{slug} = {rule}" for slug, rule in fields.items())]
            self.path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")
            text = "\n".join([self.heads[name], *self.rows[name]]) + "\n"
            self.path(name).with_suffix(".csv").write_text(text, encoding="utf-8")

    def path(self, name: str) -> Path:
        """Where a mapping lies."""
        return self.folder / f"{name}.toml"

    def add_column(self, name: str, header: str, field: str, rule: str) -> None:
        """Give a sheet one more column, with empty cells, and a rule that reads it."""
        self.fields[name][field] = rule
        self.heads[name] += f",{header}"
        self.rows[name] = [f"{row}," for row in self.rows[name]]


class Shop(Sheets):
    """The same, and a Webflow whose time passes in no time."""

    def __init__(self, night: Night) -> None:
        super().__init__(night.folder)
        self.night = night
        self.said: list[str] = []

    def run(self, names: str = "reviews books topics writers", **options: Any) -> RunResults:
        """Run mappings in one command; whatever happens, each has its part, and its counts add up."""
        self.write()
        return self.again(names.split(), **options)

    def again(self, names: Sequence[str], **options: Any) -> RunResults:
        """Run them with the files as they are."""
        chosen = replace(RunOptions(sandbox=True, patience=60.0), **options)
        self.night._pacer = Pacer(own_limit=chosen.requests_per_minute)
        door = Door(open=self.night._open, wait=self.night._wait)
        results = run_all_through(door, [self.path(name) for name in names], chosen, observer=self)
        if results.refused is None:
            assert sorted(results.names) == sorted(names)
        assert results.counts.adds_up(), results.counts
        for part in results.parts:
            (run,) = part.runs
            assert run.counts.adds_up(), run.counts
        return results

    def collections(self) -> list[dict[str, Any]]:
        """The collections of the site."""

        async def ask(http: httpx.AsyncClient, site: dict[str, Any], _first: str) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = (await http.get(f"/sites/{site['id']}/collections")).json()["collections"]
            return found

        answer: list[dict[str, Any]] = self.night.outside(ask)
        return answer

    def id_of(self, collection: str) -> str:
        """The id of a collection."""
        return next(str(one["id"]) for one in self.collections() if one["slug"] == collection)

    def progress(self, progress: Any) -> None:
        """Nobody watches how far it is; each mapping's is told with its name."""
        assert progress.mapping in SHEETS

    def say(self, sentence: str) -> None:
        """Keep what is said."""
        self.said.append(sentence)

    def slugs(self, collection: str) -> list[str]:
        """The slugs of a collection's live items, sorted."""
        return sorted(item["fieldData"]["slug"] for item in self.items(collection))

    def items(self, collection: str) -> list[dict[str, Any]]:
        """A collection's live items."""
        path = f"/collections/{self.id_of(collection)}/items/live"

        async def ask(http: httpx.AsyncClient, _site: dict[str, Any], _first: str) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = (await http.get(path)).json()["items"]
            return found

        items: list[dict[str, Any]] = self.night.outside(ask)
        return items

    def names(self, collection: str, field: str) -> dict[str, list[str]]:
        """What each live item refers to, by slug: the slugs of those items."""
        every = {item["id"]: item["fieldData"]["slug"] for name in SHEETS for item in self.items(name)}
        answer = {}
        for item in self.items(collection):
            value = item["fieldData"].get(field) or []
            answer[item["fieldData"]["slug"]] = [every[one] for one in ([value] if isinstance(value, str) else value)]
        return answer

    def whole(self) -> bool:
        """Whether every sheet is live, each row once, and each reference names what the sheet says."""
        return (
            all(self.slugs(name) == sorted(row.split(",")[1] for row in rows) for name, rows in self.rows.items())
            and self.names("books", "writer")
            == {"crust": ["ada-ek"], "night-line": ["bo-fal"], "slow-water": ["ada-ek"]}
            and self.names("books", "topics")["night-line"] == ["trains", "rivers"]
            and self.names("reviews", "book") == {"deep": ["slow-water"], "late": ["night-line"]}
        )


def by_name(results: RunResults) -> dict[str, tuple[int, str | None]]:
    """How each mapping ended: exit code and what ended it."""
    return {
        name: (part.exit_code, None if part.error is None else part.error.code)
        for name, part in zip(results.names, results.parts, strict=True)
    }


@pytest.fixture
def shop(night: Callable[..., Night]) -> Callable[..., Shop]:
    """Open a shop whose Webflow has these switches."""
    return lambda **switches: Shop(night(seed=SEED, **switches))
