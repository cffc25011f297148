"""What a command gives back; the values themselves live beside the summary that is made of them."""

from __future__ import annotations

from importer.report.summary import RunResult, RunSummary, taken_back

__all__ = ["RunResult", "RunSummary", "taken_back"]
