"""The rows of the sheet, and what each of them was before: the simulated user edits them between two runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

LONGEST = 200
"""Characters that a text may have."""

GOOD, BETTER = "https://example.com/ok.png", "https://example.com/better.png"
"""Pictures that Webflow can fetch."""

DEAD = "https://example.com/dead.png"
"""A picture that Webflow cannot fetch: only Webflow can know that the row is bad."""

OTHER_RULE = "the-"
"""What the other rule of the slug puts before each."""


TOO_LONG = " and so on" * 30
"""What makes any text too long."""


@dataclass(slots=True)
class Note:
    """A row of the sheet; `texts` are all contents that it ever had, the last one is what the sheet says.

    `titles` and `moves` are what it was called, and where it stood, since somebody changed that; `photos` are the
    pictures that it had before.
    """

    n: int
    texts: list[str]
    photo: str | None = None
    draft: bool = False
    like: Note | None = None
    """The row whose name and text it has."""
    titles: list[str] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)
    photos: list[str | None] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.named[-1]

    @property
    def named(self) -> list[str]:
        """All titles that it ever had."""
        return [f"Note {self.like.n if self.like else self.n}", *self.titles]

    @property
    def slug(self) -> str:
        return self.moves[-1] if self.moves else self._first_slug

    @property
    def _first_slug(self) -> str:
        return f"{self.like.slug}-b" if self.like else f"note-{self.n}"

    @property
    def slugs(self) -> list[str]:
        """All slugs that it can have been sent with, by either rule of the slug."""
        own = [self._first_slug, *self.moves]
        return [*own, *(OTHER_RULE + slug for slug in own)]

    @property
    def pictures(self) -> set[str | None]:
        """The names of all pictures that it ever had."""
        return {picture_of(photo) for photo in (*self.photos, self.photo)}

    @property
    def bad(self) -> bool:
        """Whether our own checks must reject it."""
        return len(self.texts[-1]) > LONGEST

    def edited(self, chance: random.Random, long_texts: float) -> None:
        """Somebody writes another text."""
        text = f"Note {self.n}, version {len(self.texts)}, {chance.randrange(1000)}"
        self.texts.append(text + TOO_LONG * (chance.random() < long_texts))

    def spoiled(self) -> None:
        """Somebody makes its text too long."""
        self.texts.append(self.texts[-1] + TOO_LONG)

    def corrected(self) -> None:
        """Somebody shortens its text again."""
        self.texts.append(self.texts[-1].removesuffix(TOO_LONG))

    def renamed(self) -> None:
        """Somebody gives it another title."""
        self.titles.append(f"Note {self.n}, title {len(self.named)}")

    def moved(self) -> None:
        """Somebody gives it another slug."""
        self.moves.append(f"memo{len(self.moves)}-{self.n}")

    def pictured(self, photo: str | None) -> None:
        """Somebody gives it another picture, or takes it away."""
        self.photos.append(self.photo)
        self.photo = photo


def picture_of(photo: str | None) -> str | None:
    """What a picture is called, wherever it lies."""
    return None if photo is None else photo.rpartition("/")[2].rpartition("_")[2]
