"""The simulated Webflow, watched: which faults really happened, which requests came too many, what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from importer.sandbox.api import Api, Call
from importer.sandbox.faults import FaultPlan, FaultRule
from importer.sandbox.limits import Allowance, RateWindows
from tests.simulation.notes import picture_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from importer.sandbox import Sandbox
    from importer.sandbox.answers import Answer
    from importer.sandbox.structure import World

REFUSED = 400

EDITED = "Edited: "
"""What people put before a text that they edit."""


def described(fault: dict[str, Any]) -> str:
    """Name a fault as the statistics do: what it does, with its parameters."""
    facts = [f"{name}={value}" for name, value in fault.items() if name not in {"when", "do"}]
    return " ".join(["fault:", fault["do"], *facts])


class Firing(FaultPlan):
    """A fault plan that says which of its faults happened."""

    def __init__(self, rules: Iterable[FaultRule], told: Callable[[FaultRule, bytes], None]) -> None:
        super().__init__(list(rules))
        self._told = told

    def pick(self, method: str, path: str, body: bytes) -> FaultRule | None:
        rule = super().pick(method, path, body)
        if rule is not None:
            self._told(rule, body)
        return rule


class Windows(RateWindows):
    """The rate windows, which tell of each request that came too many."""

    def __init__(self, told: Callable[[], None]) -> None:
        super().__init__()
        self._told = told

    def count(self, token: str, now: float, limit: int) -> Allowance:
        allowance = super().count(token, now, limit)
        if not allowance.granted:
            self._told()
        return allowance


class Doing(Api):
    """The API, which tells what it did where its answer does not say so, and which items it removed."""

    def __init__(self, world: World, told: Callable[[str], None], removed: Callable[[Shown], None]) -> None:
        super().__init__(world)
        self._told, self._removed = told, removed

    def answer(self, call: Call) -> Answer:
        if call.method == "DELETE":
            items = {row["id"]: row for row in self._lines()}
            answer = super().answer(call)
            for item_id in items.keys() - {row["id"] for row in self._lines()}:
                self._removed(_shown(items[item_id]))
            return answer
        if call.method != "POST":
            return super().answer(call)
        before = self._number()
        answer = super().answer(call)
        if answer.status == REFUSED and self._number() > before:
            self._told("circumstance: a chunk partly accepted")
        if b"limit reached" in answer.body:
            self._told("circumstance: the plan's limit reached")
        return answer

    def _number(self) -> int:
        return int(self.world.connection.execute("SELECT count(*) FROM items").fetchone()[0])

    def _lines(self) -> list[Any]:
        return self.world.connection.execute("SELECT * FROM items").fetchall()


@dataclass(frozen=True, slots=True)
class Shown:
    """An item, as the server's own file has it; `whole` is everything that can be read of it.

    `picture` is the name of its picture.
    """

    id: str
    slug: str
    name: str
    text: str
    live: bool
    picture: str | None
    created_on: int
    whole: tuple[Any, ...]

    @property
    def original(self) -> str:
        """Its text before anybody edited it."""
        return self.text.replace(EDITED, "")

    @property
    def n(self) -> int | None:
        """The number of the note that this is an item of, as far as its text tells; None for other people's."""
        return int(self.original[5:].partition(",")[0]) if self.original.startswith("Note ") else None


def _shown(row: Any) -> Shown:
    data = orjson.loads(row["data"])
    photo = data.get("photo") or {}
    return Shown(
        row["id"],
        row["slug"],
        row["name"],
        data.get("text", ""),
        row["live"] is not None,
        picture_of(photo.get("url")),
        row["created_on"],
        tuple(row),
    )


class Webflow:
    """What other people do in Webflow, and what stands there: past all faults, limits and delays."""

    def __init__(self, app: Sandbox) -> None:
        self.app = app
        self.collection: str = app.world.connection.execute("SELECT id FROM collections").fetchone()[0]

    def items(self) -> list[Shown]:
        """All items that there are."""
        self.app._catch_up()
        found = self.app.world.connection.execute("SELECT * FROM items WHERE collection = ?", [self.collection])
        return [_shown(row) for row in found]

    def number(self) -> int:
        """Count the items that there are."""
        self.app._catch_up()
        found = self.app.world.connection.execute("SELECT count(*) FROM items WHERE collection = ?", [self.collection])
        return int(found.fetchone()[0])

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Let somebody else do something in the collection, at once: status and body of the answer."""
        self.app._catch_up()
        call = Call(method, f"/collections/{self.collection}{path}", {}, orjson.dumps(body) if body else b"", "sandbox")
        answer = self.app.api.answer(call)
        return answer.status, orjson.loads(answer.body) if answer.body else None

    def held(self, slug: str) -> bool:
        """Whether a slug is kept by an item that was deleted."""
        question = "SELECT 1 FROM held_slugs WHERE collection = ? AND folded = ?"
        return self.app.world.connection.execute(question, [self.collection, slug.casefold()]).fetchone() is not None

    def eat(self, requests: int) -> None:
        """Let other clients use up some of the rate limit."""
        world = self.app.world
        limit = int(float(world.settings["rate_limit"]))
        for _ in range(min(requests, limit)):
            if not self.app.windows.exhausted("sandbox", world.now(), limit):
                self.app.windows.count("sandbox", world.now(), limit)
