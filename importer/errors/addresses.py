"""How a web address is written in a message."""

from __future__ import annotations

import re


def without_secrets(address: str) -> str:
    """Show an address without what may be a password or a key: all before the last @, all behind ? or #."""
    bare = re.sub(r"(?is)^([a-z][a-z0-9+.-]*://)?.*@", r"\1", address.strip())
    return re.sub(r"(?s)[?#].*", "", bare)
