"""`make bench`: how fast the importer is, and against what. `python -m bench [check] [pace] ...` runs some parts."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from bench.of_check import bench_check, bench_groups
from bench.of_import import bench_import
from bench.of_isolation import bench_isolation
from bench.of_pace import bench_pace
from bench.of_start import bench_start

PARTS = {
    "start": bench_start,
    "check": bench_check,
    "groups": bench_groups,
    "import": bench_import,
    "pace": bench_pace,
    "isolate": bench_isolation,
}


def main(asked: list[str]) -> None:
    unknown = set(asked) - set(PARTS)
    if unknown:
        raise SystemExit(f"There is no part {' '.join(sorted(unknown))}; the parts are: {' '.join(PARTS)}")
    print(
        f"importer {version('webflow-importer')}, Python {platform.python_version()}, polars {version('polars')}, "
        f"{os.cpu_count()} processors. Whole processes, taken in turns; medians, and the highest peak."
    )
    with tempfile.TemporaryDirectory(prefix="importer-bench-") as folder:
        for name, part in PARTS.items():
            if not asked or name in asked:
                part(Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
