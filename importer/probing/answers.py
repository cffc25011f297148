"""The questions, and the answers that were seen: an answer that nobody saw is unknown, never guessed."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

UNKNOWN: Final = "unknown"
"""The answer to a question that stays open."""

NOT_ASKED: Final = "it was not asked any more"

QUESTIONS: Final[dict[str, str]] = {
    "introspect": "May the token ask about itself? (answered, refused)",
    "room": "Did the site's plan have room for the items? (yes, no)",
    "live_writes": "Does the site take items that are live at once? (accepted, refused_409, refused_404)",
    "answer_shape": "What holds the items in the answer to a create? (items: an object, list: a bare list)",
    "answer_order": "Are they in the order of the request? (sent, other)",
    "stamps": "Have the items of one request one createdOn? (equal, spread)",
    "clock": "How many seconds are createdOn and Date apart, at most?",
    "date_header": "Do answers carry a Date? (yes, no)",
    "rate_headers": "Do successes tell the rate limit? (yes, no)",
    "rate_limit": "How many requests a minute does it announce?",
    "retry_after": "Does Retry-After stand on successes? (yes, no)",
    "listing_delay": "After how many seconds is a new item listed, at most?",
    "refusal_live": "Is a refused chunk refused whole, live? (whole, ahead: what stands ahead is written, partly)",
    "refusal_staged": "Is a refused chunk refused whole, staged? (whole, ahead, partly)",
    "taken_live": "What becomes of a taken slug, live? (refused, suffixed)",
    "taken_staged": "What becomes of a taken slug, staged? (refused, suffixed)",
    "missing_slug": "What becomes of an item without slug? (made, refused)",
    "slug_case": "Are Post and post one slug? (insensitive: one, sensitive: two)",
    "own_slug": "May an update send the item's own slug again? (accepted, refused)",
    "deleted_slug": "Does a deleted item hold its slug? (free, held)",
    "slug_per_locale": "Do the locales share one set of slugs? (shared, separate)",
    "live_in_staged": "Does the staged list hold items that were made live? (yes, no, some)",
    "sort_created": "Can a listing be sorted by createdOn? (works, refused, ignored, unsteady)",
    "sort_updated": "Can a listing be sorted by lastUpdated? (works, refused, ignored, unsteady)",
    "listing_order": "In which order do listings come, as runs ask for them? (newest_first, other, unsteady)",
    "filter_slug_live": "Does the filter slug work, live? (works, refused, ignored, finds_nothing)",
    "filter_slug_staged": "Does the filter slug work, staged? (works, refused, ignored, finds_nothing)",
    "filter_name": "Does the filter name work? (works, refused, ignored, finds_nothing)",
    "filter_created": "Does the filter createdOn[gte] work? (works, refused, ignored, finds_nothing)",
    "filter_published": "Does the filter lastPublished[gte] work, live? (works, refused, ignored, finds_nothing)",
}
"""Each question with the answers that it can get, in the order in which they are told."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, and how it was seen; for an unknown one, why it stays open.

    `at_least` is the lower bound of an answer in seconds, `codes` are the error codes that it was seen with.
    """

    name: str
    answer: str
    seen: str
    at_least: float = 0.0
    codes: frozenset[str] = frozenset()

    @property
    def known(self) -> bool:
        """Whether it was seen."""
        return self.answer != UNKNOWN


class Unanswered(Exception):  # noqa: N818 - no error: a question stays open
    """A question stays open; the reason is a part of a sentence."""


@dataclass(slots=True)
class Answers:
    """The answers so far, by name; each question is answered once."""

    _told: dict[str, Answer] = field(default_factory=dict)

    def tell(
        self, name: str, answer: str, seen: str, *, at_least: float = 0.0, codes: frozenset[str] = frozenset()
    ) -> None:
        """Take down what was seen."""
        self._told[name] = Answer(name, answer, seen, at_least, codes)

    def get(self, name: str) -> str:
        """Tell the answer; UNKNOWN where there is none."""
        return self._told[name].answer if name in self._told else UNKNOWN

    @contextmanager
    def about(self, *names: str) -> Iterator[None]:
        """Ask about these questions: those that are not answered when one of them stays open do so too."""
        try:
            yield
        except Unanswered as open_:
            for name in names:
                if name not in self._told:
                    self.tell(name, UNKNOWN, str(open_))

    def all(self, reason: str = NOT_ASKED) -> tuple[Answer, ...]:
        """Give an answer to every question; those that were never asked are unknown for this reason."""
        return tuple(self._told.get(name) or Answer(name, UNKNOWN, reason) for name in QUESTIONS)
