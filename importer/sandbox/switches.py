"""The switches: what nobody knows for certain about Webflow, and what this one shall do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

NUMBER: Final = ("<number>",)
"""The allowed values of a switch that takes a number."""

SWITCHES: Final[dict[str, tuple[tuple[str, ...], str, str]]] = {
    "refusal": (
        ("atomic", "partial", "partial_ahead"),
        "atomic",
        "a request with a bad item writes nothing, all good items, or the good items ahead of the first bad one",
    ),
    "taken_slug": (("refuse", "suffix"), "refuse", "a slug that is taken is refused, or gets a suffix"),
    "slug_case": (("insensitive", "sensitive"), "insensitive", "whether Post and post are one slug"),
    "slug_per_locale": (("shared", "separate"), "shared", "whether all locales share one set of slugs"),
    "own_slug": (("accepted", "refused"), "accepted", "an update that sends the item's own slug again"),
    "missing_slug": (("made", "refused"), "made", "an item without slug gets one made from its name, or is refused"),
    "deleted_slug": (("free", "held"), "free", "deleted items hold their slug until the site is published"),
    "answer_order": (("sent", "shuffled"), "sent", "the order of the items in the answer to a write"),
    "answer_shape": (("items", "list"), "items", "the answer to many creates: in an object, or a bare list"),
    "listing_delay": (NUMBER, "0", "seconds until a new item is listed"),
    "listing_order": (
        ("as_asked", "ignored", "random"),
        "as_asked",
        "listings come sorted as asked, in an order of their own, or in a new order every time",
    ),
    "listing_sort": (("supported", "refused"), "supported", "whether sortBy=createdOn and lastUpdated are known"),
    "live_in_staged": (("yes", "no"), "yes", "whether items made live appear among the staged ones"),
    "reference_locale": (("same", "any"), "same", "whether a referenced item must exist in the item's locale"),
    "unpublished_site": (("no", "409", "404"), "no", "the site was never published; how live writes are refused"),
    "introspect": (("answered", "refused"), "answered", "whether the token may ask about itself"),
    "rate_limit": (NUMBER, "60", "requests in a window of 60 seconds"),
    "retry_after_rounding": (("ceil", "floor"), "ceil", "how the seconds of Retry-After are rounded"),
    "missing_headers": (("no", "yes"), "no", "answers come without the rate headers"),
    "date_header": (("yes", "no"), "yes", "answers carry a Date"),
    "stamps": (("equal", "spread"), "equal", "items made by one request have one createdOn, or milliseconds apart"),
    "plan_limit": (NUMBER, "0", "items that the site's plan holds; 0 is no limit"),
}
"""Each switch: its allowed values, the default, and a sentence."""


def parse_switches(given: Mapping[str, str], before: Mapping[str, str] | None = None) -> dict[str, str]:
    """Set switches on top of the defaults (or of `before`).

    Raises ValueError with a sentence for a name or a value that does not exist.
    """
    settings = dict(before) if before is not None else {name: default for name, (_, default, _) in SWITCHES.items()}
    for name, value in given.items():
        if name not in SWITCHES:
            raise ValueError(f"There is no switch {name!r}. The switches are: {', '.join(sorted(SWITCHES))}.")
        allowed = SWITCHES[name][0]
        text = str(value)
        if allowed is NUMBER:
            if not _is_number(text):
                raise ValueError(f"The switch {name} takes a number that is not negative, not {text!r}.")
        elif text not in allowed:
            raise ValueError(f"The switch {name} takes {' or '.join(allowed)}, not {text!r}.")
        settings[name] = text
    return settings


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal() and text.isascii()
