"""Notes that name topics and writers, some of which are not there: a night with `missing = "create"`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import polars as pl
import pytest

from importer.state import State

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.flows.conftest import Night

    Ask = Callable[[httpx.AsyncClient, str], Any]


def _collection(slug: str, *fields: dict[str, Any]) -> dict[str, Any]:
    return {"displayName": slug.title(), "singularName": slug.title()[:-1], "slug": slug, "fields": list(fields)}


def _refers(slug: str, kind: str, to: str) -> dict[str, Any]:
    return {"slug": slug, "displayName": slug.title(), "type": kind, "validations": {"collection": to}}


def seed(*topic_fields: dict[str, Any]) -> dict[str, Any]:
    """A site whose notes refer to topics (which have these fields besides) and to writers."""
    notes = _collection(
        "notes",
        _refers("main", "Reference", "topics"),
        _refers("topics", "MultiReference", "topics"),
        _refers("writer", "Reference", "writers"),
    )
    return {"collections": [notes, _collection("topics", *topic_fields), _collection("writers")]}


RULES: dict[str, Any] = {
    "name": "Title",
    "slug": "Slug",
    "main": {"from": "Main", "missing": "create"},
    "topics": {"from": "Topics", "split": ",", "missing": "create"},
    "writer": {"from": "Writer", "missing": "create"},
}

COLUMNS = ("Title", "Slug", "Main", "Topics", "Writer")


class Died(BaseException):
    """The process is gone: nothing catches this."""


class Dying(httpx.AsyncBaseTransport):
    """Ends the process at its n-th request that writes: before it goes, or once Webflow has done the work."""

    def __init__(self, inner: httpx.AsyncBaseTransport, at: int, *, done: bool) -> None:
        self._inner, self._left, self._done = inner, at, done

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Hand a request on, or die."""
        self._left -= request.method != "GET"
        last = self._left == 0 and request.method != "GET"
        if last and not self._done:
            raise Died
        response = await self._inner.handle_async_request(request)
        if last:
            await response.aread()
            raise Died
        return response


class Mortal:
    """A connection to the state file whose process ends at its n-th commit, before or after it; nothing comes later."""

    def __init__(self, connection: sqlite3.Connection, at: int, *, done: bool) -> None:
        self._connection, self._left, self._done = connection, at, done

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Execute a statement, or die."""
        self._left -= sql == "COMMIT"
        if sql == "COMMIT" and (self._left < 0 or (self._left == 0 and not self._done)):
            raise Died
        answer = self._connection.execute(sql, *values)
        if sql == "COMMIT" and self._left == 0:
            raise Died
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class Naming:
    """A night whose sheet has Title, Slug, Main, Topics and Writer; `said` is what was told meanwhile."""

    def __init__(self, night: Night) -> None:
        self.night = night
        self.said: list[str] = []
        night.mapping = {"collection": "notes", "fields": dict(RULES)}
        night.observer = self

    def progress(self, progress: Any) -> None:
        """Nobody looks how far it is."""

    def say(self, sentence: str) -> None:
        """Keep what is said."""
        self.said.append(sentence)

    def sheet(self, *rows: Sequence[str | None]) -> None:
        """Write the sheet: title, main topic, topics, writer; the slug is the title's."""
        cells = [
            (title, str(title).lower().replace(" ", "-"), *more, *[None] * (3 - len(more))) for title, *more in rows
        ]
        self.night.sheet = pl.DataFrame(cells, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")

    def ask(self, collection: str, question: Ask) -> Any:
        """Ask Webflow about another collection, without faults."""

        async def asked(http: httpx.AsyncClient, site: dict[str, Any], _notes: str) -> Any:
            every = (await http.get(f"/sites/{site['id']}/collections")).json()["collections"]
            found = next(str(one["id"]) for one in every if one["slug"] == collection)
            return await question(http, found)

        return self.night.outside(asked)

    def items(self, collection: str, *, live: bool = True) -> dict[str, dict[str, Any]]:
        """The items of a collection, by id."""

        async def listed(http: httpx.AsyncClient, found: str) -> dict[str, dict[str, Any]]:
            items: dict[str, dict[str, Any]] = {}
            while True:
                path, at = f"/collections/{found}/items{'/live' if live else ''}", {"limit": 100, "offset": len(items)}
                page = (await http.get(path, params=at)).json()
                items |= {one["id"]: one for one in page["items"]}
                if len(items) >= page["pagination"]["total"] or not page["items"]:
                    return items

        answer: dict[str, dict[str, Any]] = self.ask(collection, listed)
        return answer

    def names(self, collection: str, *, live: bool = True) -> list[str]:
        """What the items of a collection are called, sorted."""
        return sorted(one["fieldData"]["name"] for one in self.items(collection, live=live).values())

    def make(self, collection: str, *fields: dict[str, Any], live: bool = True) -> list[str]:
        """Somebody else makes items; gives their ids."""

        async def made(http: httpx.AsyncClient, found: str) -> list[str]:
            ids = []
            for one in fields:
                body = {"items": [{"isDraft": not live, "isArchived": False, "fieldData": one}]}
                answer = await http.post(f"/collections/{found}/items{'/live' if live else ''}", json=body)
                assert answer.status_code == 202, answer.text
                ids += [str(item["id"]) for item in answer.json()["items"]]
            return ids

        answer: list[str] = self.ask(collection, made)
        return answer

    def remove(self, collection: str, item: str) -> None:
        """Somebody takes an item away."""

        async def removed(http: httpx.AsyncClient, found: str) -> None:
            body = {"items": [{"id": item}]}
            await http.request("DELETE", f"/collections/{found}/items/live", json=body)
            answer = await http.request("DELETE", f"/collections/{found}/items", json=body)
            assert answer.status_code == 204, answer.text

        self.ask(collection, removed)

    def refers(self, *, live: bool = True) -> dict[str, tuple[str | None, list[str], str | None]]:
        """What each note refers to, by title: names of topics and writers."""
        called = {
            item: one["fieldData"]["name"]
            for other in ("topics", "writers")
            for item, one in self.items(other, live=live).items()
        }
        told = {}
        for one in self.items("notes", live=live).values():
            data = one["fieldData"]
            main, writer = data.get("main"), data.get("writer")
            topics = [called[item] for item in data.get("topics") or ()]
            assert data["name"] not in told, "a note is there twice"
            told[data["name"]] = (main and called[main], topics, writer and called[writer])
        return told

    def once(self) -> bool:
        """Whether no name is there twice, in any collection, live or not."""
        every = [
            Counter(self.names(one, live=live)) for one in ("notes", "topics", "writers") for live in (True, False)
        ]
        return all(number == 1 for one in every for number in one.values())

    def dies(self, at: int, *, done: bool, **options: Any) -> bool:
        """Run until the process dies at its n-th request that writes; whether it came to that."""
        self.night.wire = lambda inner: Dying(inner, at, done=done)
        try:
            self.night.run(**options)
        except Died:
            return True
        finally:
            self.night.wire = lambda inner: inner
        return False

    def dies_writing(self, at: int, *, done: bool) -> bool:
        """Run until the process dies at its n-th commit; whether it came to that."""
        truly = State.open

        def opened(path: Path, *, read_only: bool = False) -> State:
            state = truly(path, read_only=read_only)
            if not read_only:
                file = state._file
                file.connection = Mortal(file.connection, at, done=done)  # type: ignore[assignment]  # as good as one
            return state

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(State, "open", opened)
            try:
                self.night.run()
            except Died:
                return True
        return False


@pytest.fixture
def naming(night: Callable[..., Night]) -> Callable[..., Naming]:
    """Begin such a night, with these fields of topics and these switches."""
    return lambda *fields, **switches: Naming(night(seed=seed(*fields), **switches))
