"""How Webflow's sentences are built: a fixed phrase, ": ", and the value as Node's `util.inspect` writes it.

Fact: `webflow.md`, section 1.4 (recorded bodies).
"""

from __future__ import annotations

import json
import re

_HEADS = ("validation error", "conflict with server data", "conflict", "bad request", "oauthforbidden")
"""What Webflow puts before the reason in `message`."""

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|(.))", re.DOTALL)
_QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`"
_PART = re.compile(_QUOTED, re.DOTALL)
_STRING = re.compile(rf": ((?:{_QUOTED})(?:\s*\+\s*(?:{_QUOTED}))*)\s*$", re.DOTALL)
_NUMBER = re.compile(r": (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*$")
_ID = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-f]{32}|[0-9a-f]{24})(?![0-9A-Za-z])")


def phrase_of(text: str) -> str:
    """Take the fixed phrase of a sentence: what stands before ": ", once the heads that say nothing are taken off."""
    rest = text.strip()
    while True:
        head, colon, tail = rest.partition(": ")
        if not colon or head.casefold() not in _HEADS:
            return head
        rest = tail.strip()


def reasons_of(message: str) -> tuple[str, ...]:
    """Take the reasons out of a `message`: errors of the request's own shape are a JSON list behind its head."""
    head, colon, tail = message.partition(": ")
    if colon and head.casefold() in _HEADS and tail.startswith("["):
        try:
            listed = json.loads(tail)
        except ValueError:
            return (message,)
        if isinstance(listed, list) and all(isinstance(one, str) for one in listed):
            return tuple(listed)
    return (message,)


def quoted_value(description: str) -> str | None:
    """Read the value that a sentence quotes: a string, a number, or the one id in it; None where it quotes nothing.

    Strings are read as Node's `util.inspect` writes them: in single, double or back quotes, escaped, and in several
    parts joined by `+` where they span lines.
    """
    string = _STRING.search(description)
    if string is not None:
        return "".join(_plain(part[1:-1]) for part in _PART.findall(string[1]))
    number = _NUMBER.search(description)
    if number is not None:
        return number[1]
    ids = set(_ID.findall(description))
    return ids.pop() if len(ids) == 1 else None


def _plain(quoted: str) -> str:
    text = _ESCAPE.sub(_unescaped, quoted)
    # Node writes a character beyond the basic plane as it is, but half of a pair as \uD83D: join what stands together.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code is None:
        return _ESCAPES.get(match[4], match[4])
    point = int(code, 16)
    return chr(point) if point <= 0x10FFFF else match[0]  # noqa: PLR2004 - the last code point
