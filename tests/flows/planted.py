"""The rows of the samples that are bad on purpose: where they stand, and what an editor would write there."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

CORRECTED: dict[tuple[str, str], Any] = {
    ("Title", "required"): "Untitled, but finished",
    ("Body", "required"): "The text has come.",
    ("Summary", "too_long"): "Eleven weeks, in short.",
    ("Summary", "not_single_line"): "Part one: the fault. Part two: the other fault.",
    ("Minutes to read", "not_a_number"): "10",
    ("Minutes to read", "out_of_range"): "24",
    ("Minutes to read", "not_an_integer"): "8",
    ("Rating", "too_precise"): "4.5",
    ("Publish date", "not_a_date"): "28 February 2023",
    ("Featured?", "not_a_switch"): "no",
    ("Section", "option_unknown"): "How-to",
    ("Contact e-mail", "email_invalid"): "letters@journal.example",
    ("Contact phone", "phone_invalid"): "(030) 5557-0142",
    ("Source", "link_invalid"): "https://archive.example/tide-clocks",
    ("Video", "video_invalid"): "https://www.youtube.com/watch?v=mend0000001",
    ("Accent colour", "color_invalid"): "#123450",
    ("Hero image", "file_invalid"): "https://images.example/journal/ferry.jpg",
    ("Author", "reference_unknown"): "Ada Whitcombe",
    ("Topics", "reference_unknown"): "Repair, Travel",
    ("Slug", "slug_invalid"): "strassenbaeume-im-maerz",
    ("Slug", "slug_duplicate"): "paper-maps-once-more",
    ("Price", "not_a_number"): 49.9,
    ("Price", "too_precise"): 12.99,
    ("Stock", "not_an_integer"): 2,
    ("Size", "option_unknown"): "XL",
    ("Available from", "not_a_date"): "2026-05-01",
    ("Colour", "lookup_unknown"): "Honey",
    ("Supplier e-mail", "email_invalid"): "orders@alder-and-ash.example",
    ("SKU", "key_duplicate"): "990001",
    ("Weight (g)", "cell_error"): 1250,
}
"""What stands in the guilty cell afterwards, by column and problem code."""


def planted(file: str) -> list[tuple[int, str, str]]:
    """Read where the bad rows of a sheet stand, sorted: row, column, code."""
    with (ROOT / "sample_data" / "expected_rejects.csv").open(encoding="utf-8", newline="") as lines:
        rows = [line for line in csv.DictReader(lines) if line["file"] == file]
    return sorted((int(row["row"]), row["column"], row["code"]) for row in rows)


def corrections(file: str) -> dict[int, tuple[str, Any]]:
    """Tell what an editor writes: row -> column and new content."""
    return {row: (column, CORRECTED[column, code]) for row, column, code in planted(file)}
