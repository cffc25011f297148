"""A Webflow on this machine: its Data API over an SQLite file, with switches for what is uncertain, and faults.

It knows nothing of the importer, and judges it as Webflow would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from importer.sandbox.app import Sandbox, SandboxDamaged, create_app, default_seed
from importer.sandbox.faults import FAULTS, WireFault
from importer.sandbox.switches import SWITCHES

if TYPE_CHECKING:
    from importer.sandbox.served import serve, serving

DEFAULT_SEED: dict[str, Any]
"""The site with the four collections of the samples: a new copy each time, to be changed and given to `create_app`."""

__all__ = [
    "DEFAULT_SEED",
    "FAULTS",
    "SWITCHES",
    "Sandbox",
    "SandboxDamaged",
    "WireFault",
    "create_app",
    "default_seed",
    "serve",
    "serving",
]


def __getattr__(name: str) -> Any:
    """Read the seed, and load the server, when they are first asked for, not on import."""
    if name == "DEFAULT_SEED":
        return default_seed()
    if name in {"serve", "serving"}:
        from importer.sandbox import served

        return getattr(served, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
