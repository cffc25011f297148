"""The two stories that must be one: the state file's and the collection's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from importer.schema import CollectionSchema, Field
from importer.schema.content import readable
from tests.simulation.notes import picture_of
from tests.simulation.process import rows_of

if TYPE_CHECKING:
    from tests.simulation.notes import Note
    from tests.simulation.webflow import Shown
    from tests.simulation.world import World

SCHEMA = CollectionSchema(id="", fields=tuple(Field(slug=slug, type="PlainText") for slug in ("name", "text")))
"""The fields that read back as they were written."""

HOLDING = {"published", "staged"}

TAKEN = {"slug_taken", "slug_held"}


class BrokenError(AssertionError):
    """Something that must hold does not; `story` is what happened until then."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.story: list[str] = []


@dataclass(slots=True)
class Seen:
    """Both as they stand at a moment."""

    world: World
    rows: dict[str, dict[str, Any]]
    items: dict[str, Shown]

    @classmethod
    def now(cls, world: World, rows: dict[str, dict[str, Any]] | None = None) -> Seen:
        """Look at both; the rows may be read already."""
        rows = rows_of(world.process.state) if rows is None else rows
        return cls(world, rows, {item.id: item for item in world.webflow.items()})

    def ours(self) -> dict[int, list[Shown]]:
        """The items of each note: what the state holds, and what nobody else can have made."""
        held = {row["item_id"] for row in self.rows.values()}
        alike = {note.like.n: note for note in [*self.world.notes, *self.world.gone] if note.like}
        found = defaultdict(list)
        for item in self.items.values():
            n = item.n
            if n is None or item.id in self.world.others or (item.text != item.original and item.id not in held):
                continue  # an edited item that no row holds is somebody else's: nobody can tell
            if n in alike and any(f"{item.slug}-".startswith(f"{slug}-") for slug in alike[n].slugs):
                n = alike[n].n
            found[n].append(item)
        return found

    def row(self, note: Note) -> dict[str, Any]:
        """What the state has of a row; nothing where it does not know it."""
        return self.rows.get(self.world.key(note), {})

    def is_late(self, note: Note) -> bool:
        """Whether a request that carried the row had its effect beyond patience."""
        return not self.world.late.slugs.isdisjoint(note.slugs)

    def holds_changed(self, note: Note) -> bool:
        """Whether the sheet says something else than the item of a row holds, as far as the state knows."""
        row, item = self.row(note), self.items.get(self.row(note).get("item_id", ""))
        content = readable({"name": note.title, "text": note.texts[-1]}, SCHEMA)
        picture = item is not None and item.picture != picture_of(note.photo)
        moved = row["slug_sent"] != self.world.slug(note)
        return picture or moved or row["readable"] != content or (row["status"] == "staged") != note.draft
