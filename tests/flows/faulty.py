"""What can go wrong with a request: each thing as a fault of the sandbox, and which requests of a run create items."""

from __future__ import annotations

from typing import Any

CREATE = {"method": "POST", "path": "*/items/live"}
"""Every request that creates live items."""

FAULTS: list[dict[str, Any]] = [
    {"do": "refuse"},
    {"do": "reset_before"},
    {"do": "reset_after"},
    {"do": "slow", "seconds": 20},
    {"do": "slow", "seconds": 220},
    {"do": "slow_answer", "seconds": 400},
    {"do": "timeout_then_commit", "seconds": 9, "wait": 1},
    {"do": "timeout_then_commit", "seconds": 50, "wait": 1},
    {"do": "truncated"},
    {"do": "garbage"},
    {"do": "garbage", "body": ""},
    {"do": "left_out"},
    {"do": "stray_403"},
    {"do": "throttle", "retry_after": "missing"},
    {"do": "throttle", "retry_after": "0"},
    {"do": "throttle", "retry_after": "7"},
    {"do": "throttle", "retry_after": "date"},
    {"do": "throttle", "retry_after": "absurd"},
    {"do": "status", "status": 500},
    {"do": "status", "status": 500, "work": "done"},
    {"do": "status", "status": 502, "body": "html"},
    {"do": "status", "status": 502, "body": "html", "work": "done"},
    {"do": "status", "status": 503},
    {"do": "status", "status": 503, "work": "done", "body": "html"},
    {"do": "status", "status": 504, "body": "html"},
    {"do": "status", "status": 504, "body": "html", "work": "done"},
]
"""Within what is assumed of Webflow, where runs have 60 s of patience."""
