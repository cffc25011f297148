# ruff: noqa: RUF001 - letters of other alphabets are what this is about
"""Slugs: what Webflow allows in an address, made from any text in Latin, Cyrillic or Greek letters."""

from __future__ import annotations

from functools import cache

import polars as pl

from importer.transforms import arguments
from importer.transforms.steps import Call, Step, Surroundings, Transform

SLUG_LENGTH = 256
"""The longest slug that Webflow takes (characters)."""

_APOSTROPHES = "'\u2018\u2019\u201a\u201b\u02bc\u02b9\u02bb\u2032\u00b4`\u044c\u044a"
_UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue"}
_LATIN = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i", "ħ": "h",
    "ŧ": "t", "ŋ": "ng", "ĸ": "k", "ƒ": "f", "ə": "e", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ȷ": "j", "ŀ": "l",
}  # fmt: skip
_CYRILLIC = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "yo", "ж": "zh", "з": "z", "и": "i",
    "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t",
    "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ы": "y", "э": "e",
    "ю": "yu", "я": "ya", "ґ": "g", "є": "ye", "і": "i", "ї": "yi", "ў": "u", "ђ": "dj", "ј": "j", "љ": "lj",
    "њ": "nj", "ћ": "c", "џ": "dz", "ѓ": "g", "ќ": "k", "ѕ": "dz", "ѐ": "e", "ѝ": "i", "ѣ": "e", "ѳ": "f",
    "ѵ": "i", "қ": "q", "ғ": "g", "ң": "ng", "ө": "o", "ұ": "u", "ү": "u", "һ": "h", "ә": "a", "җ": "zh",
}  # fmt: skip
_GREEK = {
    "αυ": "av", "ευ": "ev", "ου": "ou", "γγ": "ng", "γξ": "nx", "γχ": "nch", "αύ": "av", "εύ": "ev", "ού": "ou",
    "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k",
    "λ": "l", "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t",
    "υ": "y", "φ": "f", "χ": "ch", "ψ": "ps", "ω": "o",
}  # fmt: skip


@cache
def _letters(german: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:  # noqa: FBT001 - one of two tables
    """What is replaced before accents fall away, longest first."""
    table = dict.fromkeys(_APOSTROPHES, "") | (_UMLAUTS if german else {}) | _LATIN | _CYRILLIC | _GREEK
    ordered = sorted(table, key=len, reverse=True)
    return tuple(ordered), tuple(table[one] for one in ordered)


def slugified(value: pl.Expr, *, german: bool = False) -> pl.Expr:
    """Make a slug of text: lower case, letters transliterated, other signs as single hyphens; null if nothing is left.

    Accents fall away and `ß` becomes `ss`; with `german`, `ä ö ü` become `ae oe ue`. At most 256 characters.
    """
    old, new = _letters(german)
    text = value.str.normalize("NFC").str.to_lowercase().str.replace_many(old, new, leftmost=True)
    text = text.str.normalize("NFKD").str.replace_all(r"\p{M}+", "").str.to_lowercase()
    # Accented Greek and full-width letters are plain ones only now.
    text = text.str.replace_many(old, new, leftmost=True).str.replace_all(r"[^a-z0-9]+", "-")
    text = text.str.strip_chars("-").str.slice(0, SLUG_LENGTH).str.strip_chars_end("-")
    return pl.when(text != "").then(text)


def _slugify(call: Call, _around: Surroundings) -> Step:
    german = call.argument == "de"
    return Step(
        call.name,
        lambda value, _kind: slugified(value, german=german),
        code="transform_failed",
        facts={"transform": call.name},
    )


SLUG_TRANSFORMS = (
    Transform(
        "slugify",
        "makes a slug: lower case, Latin, Cyrillic and Greek letters transliterated, accents dropped (`ß` is `ss`), "
        'apostrophes dropped, every other sign a hyphen; `{ slugify = "de" }` makes `ae oe ue` of `ä ö ü`',
        _slugify,
        argument=arguments.one_of("de"),
        bare=True,
    ),
)
