"""How Webflow words things: values as Node's `util.inspect` shows them, slugs made from names, stamps."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import Any

_PLAIN_KEY = re.compile(r"^[A-Za-z_$][\w$]*$", re.ASCII)
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", "\v": "\\v", "\\": "\\\\"}


def inspect(value: Any) -> str:  # noqa: PLR0911 - one way out for each type
    """Show a value as Node does: `'text'`, `{ url: 'x' }`, lines of a text joined by ` + `."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        lines = re.split(r"(?<=\n)", value)
        return " + ".join(_quoted(line) for line in lines if line) or "''"
    if isinstance(value, list):
        return f"[ {', '.join(inspect(part) for part in value)} ]" if value else "[]"
    if isinstance(value, dict):
        parts = (f"{key if _PLAIN_KEY.match(key) else _quoted(key)}: {inspect(part)}" for key, part in value.items())
        return f"{{ {', '.join(parts)} }}" if value else "{}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _quoted(text: str) -> str:
    quote = "'"
    if "'" in text:
        quote = next((other for other in '"`' if other not in text), "'")
    return f"{quote}{''.join(_escaped(char, quote) for char in text)}{quote}"


def _escaped(char: str, quote: str) -> str:
    if char == quote:
        return f"\\{char}"
    if char in _ESCAPES:
        return _ESCAPES[char]
    return f"\\x{ord(char):02X}" if unicodedata.category(char) == "Cc" else char


def slugified(name: str) -> str:
    """Make a slug from a name; one without a single Latin letter or digit gives `item`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-")[:250] or "item"


def stamp(milliseconds: int | None) -> str | None:
    """Write a moment as Webflow does: `2023-12-05T16:31:23.936Z`."""
    if milliseconds is None:
        return None
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}.{rest:03d}Z"


def moment(text: str) -> int:
    """Read an ISO date as milliseconds since 1970, with or without a time; without a zone it is UTC.

    Raises ValueError if it is none.
    """
    parsed = datetime.fromisoformat(text)
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return round((aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
