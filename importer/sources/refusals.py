"""What is said of workbooks that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

_SAVE_AGAIN = "Open it in a spreadsheet program and save it again as .xlsx, or as .csv."


def damaged(name: str, why: str) -> SourceError:
    """Say that a file is broken, or something else than a workbook."""
    return SourceError(f"{name} cannot be read as a workbook: it is damaged, or it is none ({why}).", _SAVE_AGAIN)


def cut_off(name: str) -> SourceError:
    """Say that the end of a file is missing."""
    return SourceError(
        f"{name} cannot be read as a workbook: its end is missing.",
        "It was cut off on its way here: copy or download it again.",
    )


def something_else(name: str, what: str) -> SourceError:
    """Say that an archive holds what a program of another kind wrote."""
    return SourceError(f"{name} cannot be read as a workbook: it is {what}.", "Export the sheet as .xlsx or .csv.")


def protected(name: str) -> SourceError:
    """Say that a file wants a password."""
    return SourceError(f"{name} is protected by a password.", "Save a copy without one, and read that.")


def swollen(name: str, part: str, size: int) -> SourceError:
    """Say that a part of an archive would unpack to far more than any sheet holds."""
    return SourceError(
        f"{name} is not read: its part {part} would unpack to {size / 1e9:,.1f} GB, which no sheet needs.",
        "If you trust the file, open it in a spreadsheet program and save the sheet as .csv.",
    )


def crowded(name: str, count: int) -> SourceError:
    """Say that an archive has more parts than any workbook."""
    return SourceError(
        f"{name} is not read: it consists of {count:,} parts, and workbooks have some dozens.",
        "If you trust the file, open it in a spreadsheet program and save the sheet as .csv.",
    )


def booby_trapped(name: str, part: str) -> SourceError:
    """Say that a part declares entities, by which a small file can make a reader run out of memory."""
    return SourceError(
        f"{name} is not read: its part {part} declares a document type, which no spreadsheet program writes"
        " and which can be a trap.",
        "If you trust the file, open it in a spreadsheet program and save it again.",
    )


def sprawling(name: str, sheet: str, corner: str, cells: int) -> SourceError:
    """Say that a stray cell far away makes a sheet larger than can be held."""
    return SourceError(
        f"{name} (sheet {sheet!r}): the table would reach to cell {corner}, with {cells:,} of its cells filled.",
        "There is a stray cell far below or beside the table: delete the rows and columns beyond it and save the"
        " file (Ctrl+End goes there), or save the sheet as .csv.",
    )


def old_one(name: str) -> SourceError:
    """Say that a file has the ending of a newer format."""
    return SourceError(f"{name} is called a new workbook, but it is an old one of Excel.", "Give it the ending .xls.")


def gave_up(name: str, error: BaseException) -> SourceError:
    """Say that the reader itself failed over a cell."""
    return SourceError(
        f"{name} cannot be read as a workbook: the reader gave up over one of its cells ({error}).",
        "Look for numbers shown as ####, or save the sheet as .csv and read that.",
    )


def no_such_sheet(name: str, sheet: str | int | None, names: Sequence[str]) -> SourceError:
    """Say that there is no sheet of that name or number."""
    listed = ", ".join(repr(each) for each in names)
    if isinstance(sheet, int):
        return SourceError(
            f"{name} has {len(names)} {'sheet' if len(names) == 1 else 'sheets'}, so there is no number {sheet}.",
            f"They count from 1: {listed}.",
        )
    return SourceError(f"{name} has no sheet {sheet!r}.", f"Its sheets are: {listed}.")
