"""How a web address is written in a message."""

from __future__ import annotations

import re
from pathlib import PurePath


def without_secrets(address: str) -> str:
    """Show an address without what may be a password or a key: all before the last @, all behind ? or #."""
    bare = re.sub(r"(?is)^([a-z][a-z0-9+.-]*://)?.*@", r"\1", address.strip())
    return re.sub(r"(?s)[?#].*", "", bare)


def sheet_name(source: str) -> str:
    """Call a sheet by the last part of its path; of an address without what may be a key: `pub` for `.../pub?key=x`."""
    bare = without_secrets(source) if re.match(r"\s*https?:/", source, re.IGNORECASE) else source
    return PurePath(bare).name or bare
