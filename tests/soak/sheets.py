"""The sheet of a round: notes, some of them bad, and what must have become of each in the end."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import random
    from pathlib import Path

TOKEN: Final = "wfp-5d0e1b7c44aa-only-for-the-soak"
"""A token that no word of ours contains, so that it can be searched for."""

SITE: Final[dict[str, Any]] = {
    "tokens": {TOKEN: ["cms:read", "cms:write", "sites:read"]},
    "collections": [
        {
            "displayName": "Notes",
            "singularName": "Note",
            "slug": "notes",
            "fields": [
                {"slug": "text", "displayName": "Text", "type": "PlainText", "validations": {"maxLength": 200}},
                {"slug": "photo", "displayName": "Photo", "type": "Image"},
            ],
        }
    ],
}

MAPPING: Final = """\
collection = "notes"

[source]
path = "notes.csv"

[fields]
name = "Title"
slug = "Slug"
text = "Text"
photo = "Photo"

[item]
draft = "Draft?"
"""

COLUMNS: Final = ("Title", "Slug", "Text", "Photo", "Draft?")
ALIVE, DEAD = "https://example.com/photo.png", "https://dead.example.com/photo.png"

BAD: Final = {
    "nameless": "required",
    "too long": "too_long",
    "doubled": "slug_duplicate",
    "dead photo": "asset_refused",
    "taken": "slug_taken",
}
"""Kinds of bad rows, and the code that each must be rejected with: three are seen here, two only by the server."""


@dataclass(frozen=True, slots=True)
class Note:
    """A row: `kind` is `good`, `known` (Webflow has such an item already) or one of `BAD`."""

    number: int
    kind: str
    slug: str
    cells: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        return self.kind not in BAD

    @property
    def is_draft(self) -> bool:
        return self.cells[4] == "yes"

    @property
    def fields(self) -> dict[str, str]:
        """What the item holds in the end, without its photo, which is kept under another address."""
        return {"name": self.cells[0], "slug": self.slug, "text": self.cells[2]}


@dataclass(frozen=True, slots=True)
class Sheet:
    """All rows, and what other people have made before: fields of items, live."""

    notes: tuple[Note, ...]
    strangers: tuple[dict[str, str], ...]

    @classmethod
    def drawn(cls, chance: random.Random) -> Sheet:
        """Draw a sheet of 50 to 600 rows."""
        number = chance.choice([50, 80, 120, 200, 300, 450, 600])
        bad = dict.fromkeys(chance.sample(range(2, number), chance.choice([0, 1, 3, 6])))
        kinds = {place: chance.choice(list(BAD)) for place in bad}
        dead = [place for place, kind in kinds.items() if kind == "dead photo"]
        kinds |= dict.fromkeys(dead[3:], "too long")  # each costs half a dozen requests
        kinds |= {place: "known" for place in chance.sample(range(2, number), 3) if place not in kinds}
        photos, drafts = chance.choice([0, 0.05, 0.3]), chance.choice([0, 0, 0.2])
        notes = []
        for place in range(number):
            kind = kinds.get(place, "good")
            slug = f"note-{place - 1 if kind == 'doubled' else place}"
            if kind == "doubled" and kinds.get(place - 1, "good") != "good":
                kind, slug = "good", f"note-{place}"  # the first of two would be bad itself
            cells = (
                "" if kind == "nameless" else f"Note {place}",
                slug,
                "x" * 201 if kind == "too long" else f"What stands in note {place}",
                DEAD if kind == "dead photo" else ALIVE if kind == "good" and chance.random() < photos else "",
                "yes" if kind == "good" and chance.random() < drafts else "",
            )
            notes.append(Note(place + 2, kind, slug, cells))
        strangers = [one.fields for one in notes if one.kind == "known"]
        strangers += [
            {"name": f"Other {one.number}", "slug": one.slug, "text": "Somebody else's"}
            for one in notes
            if one.kind == "taken"
        ]
        return cls(tuple(notes), tuple(strangers))

    def write(self, folder: Path) -> None:
        """Write sheet and mapping."""
        (folder / "notes.toml").write_text(MAPPING, encoding="utf-8")
        with (folder / "notes.csv").open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(COLUMNS)
            lines.writerows(note.cells for note in self.notes)

    def good(self) -> list[Note]:
        """The rows that end as items."""
        return [note for note in self.notes if note.is_good]

    def bad(self) -> list[Note]:
        """The rows that end as rejects."""
        return [note for note in self.notes if not note.is_good]


def write_site(folder: Path) -> None:
    """Write what a new sandbox in this folder is seeded from."""
    (folder / "sandbox.json").write_text(json.dumps(SITE), encoding="utf-8")
