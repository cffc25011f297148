"""The state file: which row became which item, what was sent, and what is in doubt. One SQLite file, one `State`."""

from importer.state.records import (
    UNNAMED,
    Adopted,
    CheckedRow,
    Doubt,
    Identity,
    Published,
    Refused,
    Request,
    RunRecord,
    SeenItem,
    Sending,
    Sent,
    SentRow,
    TwinCheck,
    unnamed_key,
)
from importer.state.rows import SLUG_ALTERED
from importer.state.standing import Standing
from importer.state.store import State

__all__ = [
    "SLUG_ALTERED",
    "UNNAMED",
    "Adopted",
    "CheckedRow",
    "Doubt",
    "Identity",
    "Published",
    "Refused",
    "Request",
    "RunRecord",
    "SeenItem",
    "Sending",
    "Sent",
    "SentRow",
    "Standing",
    "State",
    "TwinCheck",
    "unnamed_key",
]
