"""Text that somebody read in a wrong encoding, before us or by our guess: told by what it looks like then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import polars as pl

from importer.model import BROKEN
from importer.sources.encoding import NOT_A_CHARACTER, is_strict_utf8, utf8_pieces
from importer.sources.shape import PLACE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from importer.sources.encoding import Encoding
    from importer.sources.stored import Stored

_OVERLAP = 16
"""Bytes of a piece that are looked at with the next one too: longer than all that is looked for."""

_LOOK = 4

_SHOWN = 30

_CLOSING = "”’“‘…–—»"
"""Signs that may well follow a letter: those that begin like UTF-8 count before another letter only."""

_LETTERS = "€‚ƒ„†‡ˆ‰Š‹ŒŽ•˜™š›œžŸ\u0080-\u00ba\u00bc-\u00bf"
"""Signs of Windows-1252 for the bytes 80 to BF, which go on a sign of UTF-8, but for the closing ones."""

_ANY = _CLOSING + _LETTERS

_UTF8_AS_WINDOWS = "|".join(
    (
        rf"[ÂÃ][{_LETTERS}]|[ÂÃ][{_CLOSING}]\p{{L}}",  # é, ü, ß, no-break space
        rf"[ÄÅ][€‚ƒ„†‡ˆ‰Š‹ŒŽ•˜™š›œžŸ\u0080-\u00af\u00b4-\u00ba\u00bc-\u00bf]|[ÄÅ][{_CLOSING}]\p{{L}}",  # ł, č, ş
        rf"â(?:€[{_ANY}]?|[†ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ‚„…\u0080-\u009f][{_ANY}])",  # quotes, dashes, the euro
        r"ðŸ|ï¿½|ï»¿",  # emoji, the sign for what was lost, the byte order mark
        rf"(?:[ÐÑ][{_ANY}]){{2}}|(?:[ÎÏ][{_ANY}]){{2}}|(?:[ØÙ×][{_ANY}]){{2}}",  # Cyrillic, Greek, Arabic, Hebrew
        rf"(?:[à-é][{_ANY}]{{2}}){{2}}",  # Chinese, Japanese, Korean, Hindi, Thai
    )
)
_UTF8_AS_MAC = r"‚Ä[ôúùìî¶¢]|√[ºß©®§∂†¢±´]\p{L}|\p{L}√[ºß©®§∂†¢±´]"


@dataclass(frozen=True, slots=True)
class Sign:
    """Something to look for: a pattern, or a `plain` sign; what it is to a reader, and what to do."""

    pattern: str
    says: str
    remedy: str
    plain: bool = False


GARBLED = Sign(
    f"{_UTF8_AS_WINDOWS}|{_UTF8_AS_MAC}",
    "garbled text (UTF-8 that was read as something else)",
    "It stands so in the file: export it again from where it is still right, and choose UTF-8.",
)
LOST = Sign(
    "\ufffd",
    "\ufffd, which programs put where they could not read a sign",
    "What stood there is lost in this file: export it again from where it is still right, and choose UTF-8.",
    plain=True,
)
_IS_UTF8 = "Take `encoding` out of [source]: the whole file is UTF-8."
_MIXED = "Parts of the file are UTF-8 and parts are not: export it again, and choose UTF-8."

_SOME = "¤¦§©«¬®°±µ¶·"
"""Signs that are no letters in the code pages of Cyrillic, Greek and Central Europe either."""

EAST_ASIAN = Sign(
    rf"[À-ÖØ-öø-ÿ][\u00a1-\u00ff]{{1,3}}[{_SOME}][\u00a1-\u00ff]{{0,3}}[À-ÖØ-öø-ÿ]",
    "what looks like Chinese, Japanese or Korean (the file is not UTF-8, and was read as Windows-1252)",
    'Say how it is written: encoding = "gb18030" in [source] if it is Chinese ("big5" if in traditional signs), "cp932"'
    ' or "euc_jp" if Japanese, "cp949" if Korean.',
)
"""Two bytes for each sign: letters and other signs of Windows-1252 in one long word."""

FOREIGN = (
    EAST_ASIAN,
    Sign(
        "[À-ÖØ-öø-ÿ]{5}",
        "what looks like another alphabet (the file is not UTF-8, and was read as Windows-1252)",
        'Say how it is written: encoding = "windows-1251" in [source] if it is Cyrillic, "windows-1253" if Greek.',
    ),
    Sign(
        r"\p{L}[ŠŽŸ§†‡]\p{Ll}",
        "what looks like text of an old Macintosh (the file is not UTF-8, and was read as Windows-1252)",
        'Try encoding = "macroman" in [source].',
    ),
    Sign(
        r"\p{L}[„‚]\p{Ll}",
        "what looks like text of DOS (the file is not UTF-8, and was read as Windows-1252)",
        'Try encoding = "cp850" in [source].',
    ),
    Sign(
        r"\p{L}[¹³¿]\p{Ll}",
        "what looks Central European (the file is not UTF-8, and was read as Windows-1252)",
        'Try encoding = "windows-1250" in [source].',
    ),
)
"""What a file shows that is neither UTF-8 nor Windows-1252, where that was the guess."""


_UNKNOWN = (
    "some of its bytes are no signs of Windows-1252, as which it was read, for it is not UTF-8. Say how it is written:"
    ' encoding = "cp932" in [source] if it is Japanese, "gb18030" if Chinese, "cp949" if Korean, "macroman" if it comes'
    " from an old Macintosh. Or export it again, and choose UTF-8."
)
"""What is said where nothing better can be: Japanese, for one, looks like nothing in particular then."""

_STRANGE = 20
"""Bytes that are no signs, from which on they are no slip in some row, which is told as broken."""


def notes_on(
    file: Stored, encoding: Encoding, frames: Callable[[], Iterator[pl.DataFrame]], header: tuple[int, Sequence[str]]
) -> tuple[str, ...]:
    """Say, in a sentence for each kind, how many cells look wrong, where the first is, and what to do.

    `header` is the number of its row (0: it is none that could be wrong) and the names of the columns. Only the
    beginning is looked at where looking costs much; if anything is found there, all cells are counted.
    """
    utf8 = encoding.codec == "utf-8"
    signs = (GARBLED, LOST) if not encoding.guessed else (GARBLED, LOST, *FOREIGN)
    pieces = utf8_pieces(file, encoding)
    looked_at = pieces if utf8 and not file.packed else list(islice(pieces, _LOOK))
    found = _look_for(signs, looked_at)
    if EAST_ASIAN in found:
        found = (EAST_ASIAN,)  # among its bytes are some of all else
    if not found:
        wrong = encoding.guessed and (
            any("\ufffd" in name for name in header[1])
            or sum(piece.count(NOT_A_CHARACTER) for piece in looked_at) >= _STRANGE
        )
        return (f"{file.name}: {_UNKNOWN}",) if wrong else ()
    if not utf8 and not encoding.guessed and is_strict_utf8(file):
        found = tuple(replace(sign, remedy=_IS_UTF8) if sign is GARBLED else sign for sign in found)
    elif not utf8:
        found = tuple(replace(sign, remedy=_MIXED) if sign is GARBLED else sign for sign in found)
    return _tell(file.name, found, frames(), header)


def _look_for(signs: Sequence[Sign], pieces: Iterable[bytes]) -> tuple[Sign, ...]:
    """Look through UTF-8 for what may be one of the signs.

    Single signs are found wherever they stand. Patterns cost far more: they are looked for in the first `_LOOK` pieces
    that are not ASCII, for text that was read wrong is wrong everywhere.
    """
    found: set[Sign] = set()
    looked, rest = 0, b""
    for piece in pieces:
        data = rest + piece
        rest = piece[-_OVERLAP:]
        if data.isascii() and b"\0" not in data:
            continue
        found.update(sign for sign in signs if sign.plain and _holds(data, sign.pattern.encode()))
        if looked < _LOOK:
            looked += 1
            text = pl.Series([data.decode("utf-8", "ignore")])
            found.update(sign for sign in signs if not sign.plain and text.str.contains(sign.pattern).item())
    return tuple(sign for sign in signs if sign in found)


def _holds(data: bytes, sign: bytes) -> bool:
    """Look for a sign; for its first byte alone, which hardly any text has, takes a tenth of the time."""
    return sign[:1] in data and sign in data


def _tell(
    name: str, signs: Sequence[Sign], frames: Iterator[pl.DataFrame], header: tuple[int, Sequence[str]]
) -> tuple[str, ...]:
    """Count the cells that show each of the signs, and name the first; rows that are broken are told anyway."""
    at, names = header
    counts = dict.fromkeys(signs, 0)
    first: dict[Sign, str] = {}
    for sign in signs:
        wrong = list(pl.Series(names, dtype=pl.String).str.contains(sign.pattern).arg_true()) if at else []
        counts[sign] += len(wrong)
        if wrong:
            first[sign] = f"row {at}, the header {_cut(names[wrong[0]])}"
    for frame in frames:
        sound = frame.filter(pl.col(BROKEN).is_null())
        for sign in signs:
            cells = [sound.get_column(each).alias("cell") for each in names]  # `^a$` would be a pattern to polars
            hits = [texts.str.contains(sign.pattern).fill_null(value=False) for texts in cells]
            counts[sign] += sum(int(hit.sum()) for hit in hits)
            places = [(hit.arg_max() or 0, position) for position, hit in enumerate(hits) if hit.any()]
            if places and sign not in first:
                place, position = min(places)
                row, text = sound.get_column(PLACE)[place], cells[position][place]
                first[sign] = f"row {row}, column {names[position]}: {_cut(text)}"
    return tuple(
        f"{name}: {counts[sign]:,} {'cell holds' if counts[sign] == 1 else 'cells hold'} {sign.says};"
        f" the first is {first[sign]}. {sign.remedy}"
        for sign in signs
        if counts[sign]
    )


def _cut(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…")
