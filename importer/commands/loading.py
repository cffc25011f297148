"""Reading mapping files, and putting together what one command works on: mapping, sheet, state file, settings."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from zoneinfo import ZoneInfo

import polars as pl

from importer.commands.files import read_files
from importer.commands.packages import packaged_names
from importer.errors import StateError, UsageError
from importer.mapping import Mapping, parse_mapping
from importer.settings import Settings, Token, environment, read_settings, state_path
from importer.sources import Source, is_address, open_source

if TYPE_CHECKING:
    from importer.commands.options import RunOptions

Sheetlike: TypeAlias = str | Path | pl.DataFrame
"""A path, a web address (a `str`), "-" for standard input, or a frame."""


@dataclass(frozen=True, slots=True)
class MappingOfFile(Mapping):
    """A mapping that knows its file: relative paths begin there, and its state file lies beside it."""

    path: Path = Path()


@dataclass(frozen=True, slots=True)
class Job:
    """One mapping with its sheet and its state file, as a command was asked for them.

    `folder` is where relative paths of the mapping begin. `state_path` need not exist yet.
    """

    mapping: Mapping
    mapping_path: Path | None
    folder: Path
    sheet: Sheetlike | None
    settings: Settings
    options: RunOptions
    state_path: Path

    @property
    def mapping_text(self) -> str:
        """What the JSON object says of the mapping: its path, or its name where it has none."""
        return self.mapping.name if self.mapping_path is None else str(self.mapping_path)

    @property
    def sheet_text(self) -> str:
        """What the JSON object and the state file say of the sheet: its absolute path, address, "-" or "<frame>".

        An address stands there as it was given, for `retry` fetches it again.
        """
        if isinstance(self.sheet, pl.DataFrame):
            return "<frame>"
        if self.sheet is None or str(self.sheet) == "-" or is_address(self.sheet):
            return str(self.sheet or "")
        return str(Path(self.sheet).resolve())

    @property
    def drafts(self) -> bool:
        """Whether every item is staged, and so may refer to staged ones."""
        return self.options.draft or self.mapping.publish == "draft"

    def sheet_folder(self) -> Path | None:
        """Say in which folder the sheet lies (absolute); None for standard input, a web address or a frame."""
        if self.sheet is None or isinstance(self.sheet, pl.DataFrame) or str(self.sheet) == "-":
            return None
        if is_address(self.sheet):
            return None
        return Path(self.sheet).absolute().parent

    def open_sheet(self) -> Source:
        """Open a sheet that is no web address; raises UsageError where none is named, SourceError for a bad one."""
        if self.sheet is None:
            raise UsageError(
                f"No sheet is named, neither on the command line nor by {self.mapping_text}.",
                "Give its path after the mapping, or write [source] path = ... into the mapping.",
            )
        return open_source(self.sheet, self.mapping.source)


def prepare(mapping: Mapping | str | Path, sheet: Sheetlike | None, options: RunOptions) -> Job:
    """Put together what a command works on; opens nothing but the mapping file and the token file.

    The sheet wins over the mapping's `[source] path`, which begins at the mapping file. Raises MappingError,
    UsageError, NotYet, TokenError, StateError where the state file's folder may not be looked into.
    """
    if sheet is not None and not isinstance(sheet, str | Path | pl.DataFrame):
        raise UsageError(
            f"A {type(sheet).__name__} is no sheet.", "Give a path, or a polars DataFrame (LazyFrame.collect())."
        )
    for path in (mapping, sheet):
        if isinstance(path, str | Path):
            _refuse_unwritable(path)
    loaded = mapping if isinstance(mapping, Mapping) else load_mapping(mapping)
    of_file = loaded.path if isinstance(loaded, MappingOfFile) else None
    options.mode_of(loaded.mode)
    folder = Path() if of_file is None else of_file.parent
    if sheet is None and loaded.source.path is not None:
        named = loaded.source.path
        sheet = named if named == "-" or is_address(named) else folder / named
    settings = read_settings(base_url=options.base_url, token_file=options.token_file, sandbox=options.sandbox)
    if options.token is not None and not options.sandbox:
        settings = Settings(settings.base_url, Token(options.token))
    if options.state is None and isinstance(sheet, pl.DataFrame):
        raise UsageError(
            "It is not said where the state file of a frame lies.",
            'Give `state`: RunOptions(state=Path("products.db")).',
        )
    state = state_path(of_file, base_url=settings.base_url, sandbox=options.sandbox, override=options.state)
    try:
        state.exists()  # of a folder that may not be looked into, nobody can tell what is in it
    except OSError as error:
        raise StateError(
            f"The state file {state} cannot be reached: {error.strerror or error}.",
            "Name a file in a folder that can be read and written to with --state PATH.",
        ) from error
    return Job(loaded, of_file, folder, sheet, settings, options, state)


def load_mapping(path: str | Path) -> MappingOfFile:
    """Read a mapping file, and those that it extends; raises MappingError with every mistake.

    Raises NotYet for what a later version will do.
    """
    path = Path(path)
    around = environment()
    own, *beneath = read_files(path, around)
    parsed = parse_mapping(
        dict(own.table),
        name=path.stem,
        text=own.text,
        environment=around,
        beneath=beneath,
        packaged=packaged_names,
    )
    return MappingOfFile(**{part.name: getattr(parsed, part.name) for part in fields(parsed)}, path=path)


def _refuse_unwritable(path: str | Path) -> None:
    """Refuse a name that is no UTF-8: the state file, which keeps it for `retry`, and JSON have no room for it."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        shown = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        raise UsageError(f"The name of the file {shown} is not written in UTF-8.", "Give it another name.") from error


def today_of(mapping: Mapping) -> date:
    """Say which day it is where the mapping's sheet comes from (its `timezone`)."""
    return datetime.now(ZoneInfo(mapping.source.timezone)).date()
