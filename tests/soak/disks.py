"""Where the state file lies: a folder, or a small disk of its own; both can be full, and closed to writing."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

SIZE: Final = 8 << 20
"""Bytes of a small disk."""


def _mount(*words: str) -> bool:
    """Ask for a mount; whether that was allowed."""
    try:
        return subprocess.run(["mount", *words], capture_output=True, timeout=20, check=False).returncode == 0
    except FileNotFoundError:
        return False


@dataclass(slots=True)
class Disk:
    """A folder for the state file; `is_own`: a file system of its own, in memory."""

    folder: Path
    is_own: bool = False

    @classmethod
    def at(cls, folder: Path, *, own: bool) -> Disk:
        """Make the folder, and mount a small disk there if asked and possible."""
        folder.mkdir(parents=True)
        return cls(folder, own and _mount("-t", "tmpfs", "-o", f"size={SIZE}", "soak", str(folder)))

    def remove(self) -> None:
        """Take the disk away again."""
        if self.is_own:
            subprocess.run(["umount", "-l", str(self.folder)], capture_output=True, timeout=20, check=True)
            self.is_own = False

    def fill(self, free: int) -> None:
        """Leave so many bytes free; only for a disk of its own."""
        assert self.is_own
        ballast = os.open(self.folder / "ballast", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        try:
            while (room := self._room()) > free:
                os.write(ballast, bytes(min(room - free, 1 << 16)))
        except OSError as error:  # the run was quicker to take the rest
            if error.errno != errno.ENOSPC:
                raise
        finally:
            os.close(ballast)

    def empty(self) -> None:
        """Take the ballast away."""
        (self.folder / "ballast").unlink(missing_ok=True)

    def close(self) -> None:
        """Let nobody write; only where `can_be_closed`."""
        if self.is_own:
            assert _mount("-o", "remount,ro", str(self.folder))
        else:
            self._allow(folders=0o555, files=0o444)

    def open(self) -> None:
        """Let everybody write again."""
        if self.is_own:
            assert _mount("-o", "remount,rw", str(self.folder))
        else:
            self._allow(folders=0o755, files=0o644)

    def _allow(self, *, folders: int, files: int) -> None:
        for path in [self.folder, *self.folder.rglob("*")]:
            path.chmod(folders if path.is_dir() else files)

    def _room(self) -> int:
        facts = os.statvfs(self.folder)
        return facts.f_bavail * facts.f_frsize


def can_mount(folder: Path) -> bool:
    """Whether small disks can be mounted here: that takes rights that most people do not have."""
    disk = Disk.at(folder / "may-i-mount", own=True)
    may = disk.is_own
    disk.remove()
    disk.folder.rmdir()
    return may


def can_be_closed(folder: Path) -> bool:
    """Whether a folder can be closed to writing: as a disk, or by its rights, which mean nothing to root."""
    if can_mount(folder):
        return True
    closed = folder / "may-i-close"
    closed.mkdir(mode=0o555)
    try:
        (closed / "file").touch()
    except PermissionError:
        return True
    finally:
        shutil.rmtree(closed)
    return False


def limit_files(process: int, size: int) -> bool:
    """Let a process write no file beyond a size, as a full disk or a quota would; whether that can be done here."""
    if not hasattr(resource, "prlimit"):  # Linux has it
        return False
    with suppress(ProcessLookupError):
        resource.prlimit(process, resource.RLIMIT_FSIZE, (size, size))
    return True


def limit_memory(process: int, size: int) -> None:
    """Let a process take no more memory than that."""
    if hasattr(resource, "prlimit"):
        with suppress(ProcessLookupError):
            resource.prlimit(process, resource.RLIMIT_AS, (size, size))
