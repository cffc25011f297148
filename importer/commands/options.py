"""What a person may ask of a run beside its mapping and its sheet."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 - the library's users read these annotations

from importer.errors import NotYet, UsageError
from importer.settings import RowRanges, Share

MODES = ("create", "upsert", "mirror")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of one command, as `importer run --help` explains them; nothing here is read from the environment.

    Durations are seconds; `settings.parse_rows` and `settings.parse_count_or_percent` read rows and guards from text.
    `token` is for users of the library: on the command line a token comes from `WEBFLOW_TOKEN` or `token_file`.
    """

    base_url: str | None = None
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    sandbox: bool = False
    sandbox_file: Path | None = None
    state: Path | None = None

    mode: str | None = None
    draft: bool = False
    limit: int | None = None
    rows: RowRanges | None = None
    only_failed: bool = False
    accept_new_keys: bool = False

    requests_per_minute: int | None = None
    concurrency: int = 4
    patience: float = 300.0
    deadline: float | None = None

    max_rejects: Share | None = None
    max_change: Share | None = None
    max_delete: Share | None = None

    offline: bool = False

    def __post_init__(self) -> None:
        """Refuse what makes no sense, before anything is opened (UsageError)."""
        if self.mode is not None and self.mode not in MODES:
            raise UsageError(f"--mode {self.mode} is not known.", f"It is one of {', '.join(MODES)}.")
        if self.limit is not None and self.limit < 0:
            raise UsageError(f"--limit {self.limit} is less than nothing.", "Give a number of items, such as 10.")
        if self.concurrency < 1:
            raise UsageError(f"--concurrency {self.concurrency} would send nothing.", "Give 1 or more.")
        if self.requests_per_minute is not None and self.requests_per_minute < 1:
            raise UsageError(f"--requests-per-minute {self.requests_per_minute} would send nothing.", "Give 1 or more.")
        if self.patience < 0 or (self.deadline is not None and self.deadline < 0):
            raise UsageError("A duration is less than nothing.", "Durations read 90s, 5m, 2h.")
        if self.sandbox and self.base_url:
            raise UsageError(
                "--sandbox and --base-url name two destinations.", "Leave one of them away: the sandbox has no address."
            )
        for name in ("max_rejects", "max_change", "max_delete"):
            if not isinstance(getattr(self, name), Share | None):
                raise UsageError(
                    f"{name} is {getattr(self, name)!r}, which is no Share.",
                    'importer.settings.parse_count_or_percent("5%") gives one.',
                )
        if self.sandbox_file is not None and not self.sandbox:
            raise UsageError("--sandbox-file is given without --sandbox.", "Add --sandbox.")

    def mode_of(self, mapping_mode: str) -> str:
        """Say which mode counts: the option's, else the mapping's; raises NotYet for one that is not built."""
        mode = self.mode or mapping_mode
        if mode != "create":
            raise NotYet(
                f'Mode "{mode}" is not built yet: this version only creates items.',
                "Leave --mode and the mapping's `mode` away, or say create.",
            )
        return mode

    def typed(self, *files: str | Path) -> str:
        """Write what stands behind the verb of the next command, so that it means the same files, site and state."""
        words = [str(name) for name in files]
        named = {"--base-url": self.base_url, "--token-file": self.token_file, "--sandbox-file": self.sandbox_file,
                 "--state": self.state}  # fmt: skip
        words += ["--sandbox"] if self.sandbox else []
        words += [word for name, value in named.items() if value is not None for word in (name, str(value))]
        return shlex.join(words)
