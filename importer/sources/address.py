"""Web addresses in the place of a file's name."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"https?:/", re.IGNORECASE)


def is_address(sheet: object) -> bool:
    """Whether a sheet is named by a web address; a `Path` made of one has lost a `/` and is none any more."""
    return isinstance(sheet, str) and _ADDRESS.match(sheet.strip()) is not None


def shown(address: str) -> str:
    """Write an address for people: without what may be a secret, a name before `@` and all behind `?` or `#`."""
    bare = re.sub(r"(?i)^(https?://)[^/?#]*@", r"\1", address.strip())
    return re.sub(r"(?s)[?#].*", "", bare)
