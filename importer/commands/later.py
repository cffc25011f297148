"""Commands that are planned and not built yet: each says so, and what serves in the meantime."""

from __future__ import annotations

from importer.errors import NotYet

INSTEAD = {
    "init": "Write the mapping by hand, after those in mappings/; `importer check` names every mistake in one go.",
    "plan": "`importer check MAPPING` says which rows would be sent and which rejected; nothing is sent by it.",
    "undo": "`importer status MAPPING --list published` lists the items of the runs, with their ids.",
    "export": "Webflow's own export (collection settings) gives a CSV; a mapping can read it.",
}
"""What a person can do until the command is there."""


def not_yet(verb: str) -> NotYet:
    """Give the answer to a command of a later version."""
    return NotYet(f"`importer {verb}` is not built yet.", INSTEAD[verb])
