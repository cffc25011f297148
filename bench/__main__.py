"""`make bench`: how fast the importer is, and against what. `python -m bench check --rows 10000` runs a part of it."""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from bench.of_check import chosen
from bench.sheets import SHAPES

PARTS = {
    "start": "of_start",
    "check": "of_check",
    "groups": "of_check",
    "import": "of_import",
    "pace": "of_pace",
    "isolate": "of_isolation",
}
"""The module of each part, imported when its turn comes: what this process holds counts towards what it measures."""


def main() -> None:
    reader = argparse.ArgumentParser(prog="python -m bench", description="Measure the importer beside others.")
    reader.add_argument("parts", nargs="*", metavar="PART", help=f"all, or some of: {' '.join(PARTS)}")
    reader.add_argument("--rows", type=int, help="only sheets of so many rows (check)")
    reader.add_argument("--shape", choices=[*SHAPES], help="only sheets of this shape (check)")
    reader.add_argument("--kind", choices=["csv", "xlsx"], help="only this kind of file (check)")
    asked = reader.parse_args()
    unknown = set(asked.parts) - set(PARTS)
    if unknown:
        reader.error(f"there is no part {' '.join(sorted(unknown))}; the parts are: {' '.join(PARTS)}")
    print(
        f"importer {version('webflow-importer')}, Python {platform.python_version()}, polars {version('polars')}, "
        f"{os.cpu_count()} processors. Whole processes, taken in turns; medians, and the highest peak."
    )
    with tempfile.TemporaryDirectory(prefix="importer-bench-") as folder:
        for name, module in PARTS.items():
            if asked.parts and name not in asked.parts:
                continue
            part = getattr(import_module(f"bench.{module}"), f"bench_{name}")
            if name == "check":
                part(Path(folder), chosen(asked.rows, asked.shape, asked.kind))
            else:
                part(Path(folder))


if __name__ == "__main__":
    main()
