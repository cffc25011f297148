"""The hooks file of a mapping: Python of the user's own, read and run only where rows are mapped."""

from __future__ import annotations

import hashlib
import inspect
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from importer.commands.packages import packaged_transforms
from importer.errors import MappingError
from importer.mapping import Mistakes
from importer.mapping.foreign import Foreign, RowsHook, foreign_calls
from importer.transforms import TRANSFORMS
from importer.transforms.foreign import FAILURES, foreign_transform, place_of, reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from importer.mapping import Mapping
    from importer.transforms import Transform

_HINT = "Mend the file, and run the same command."
_ROWS = "rows"


def bring(mapping: Mapping, folder: Path) -> tuple[Mapping, list[str]]:
    """Give a mapping its functions that are not ours: those of its hooks file (from `folder`), and of packages.

    Gives it with a line for people on each kind that is used. Raises MappingError for what cannot be loaded.
    """
    mistakes = Mistakes(mapping.name, mapping.lines)
    foreign, said = Foreign(), []
    if mapping.hooks is not None:
        foreign = _hooks(folder / mapping.hooks, mistakes)
        mistakes.settle()
        used = [*foreign.transforms, *([f"{_ROWS}(frame)"] if foreign.rows is not None else [])]
        said.append(f"Hooks: {Path(mapping.hooks).name} was run; it brings {', '.join(used) or 'nothing'}")
    wanted = {call.name: path for path, call in foreign_calls(mapping) if call.name not in foreign.transforms}
    if wanted:
        packaged, names = packaged_transforms(wanted, mistakes)
        mistakes.settle()
        foreign = replace(foreign, transforms={**packaged, **foreign.transforms})
        said += [f"Transforms of packages: {', '.join(names)}"] if names else []
    return replace(mapping, foreign=foreign), said


def _hooks(path: Path, mistakes: Mistakes) -> Foreign:
    """Run a hooks file, and take the functions that are written in it."""
    try:
        code = path.read_bytes()
    except OSError as error:
        mistakes.add("hooks", f"the file {path} cannot be read: {error.strerror or error}")
        return Foreign()
    except ValueError:  # a NUL
        mistakes.add("hooks", f"{str(path)!r} is no path")
        return Foreign()
    digest = hashlib.blake2b(code, digest_size=16).hexdigest()
    module = _run(path, code, f"importer_hooks_{digest}")
    transforms: dict[str, Transform] = {}
    rows: RowsHook | None = None
    for name, function in vars(module).items():
        if name.startswith("_") or not inspect.isfunction(function) or function.__module__ != module.__name__:
            continue
        line = f"{path.name}, line {place_of(function)[1]}"
        if name == _ROWS:
            rows = RowsHook(path.name, function)
            if not _takes_one(function):
                mistakes.add("hooks", f"{line}: rows must take the frame, and nothing else")
        elif name in TRANSFORMS:
            mistakes.add("hooks", f"{line}: {name} is the name of a transform of ours; give the function another one")
        else:
            try:
                transforms[name] = foreign_transform(name, function, owner=path.name, outside=False)
            except ValueError as error:
                mistakes.add("hooks", f"{error}; where it is no transform, let its name begin with _")
    return Foreign(transforms, rows, digest)


def _run(path: Path, code: bytes, name: str) -> ModuleType:
    """Run the file as a module of its own; raises MappingError with the line where that fails."""
    module = ModuleType(name)
    module.__file__ = str(path)
    try:
        compiled = compile(code, str(path), "exec")
    except SyntaxError as error:
        raise MappingError(f"{path.name}, line {error.lineno or 1}: this is no Python: {error.msg}.", _HINT) from error
    except ValueError as error:  # bytes that no Python file may hold
        raise MappingError(f"{path.name} is no Python file: {error}.", _HINT) from error
    sys.modules[name] = module  # dataclasses and others look for the module of what they are given
    try:
        exec(compiled, module.__dict__)  # noqa: S102 - the user asked for it; docs/mapping.md says what that means
    except FAILURES as error:
        del sys.modules[name]
        frames = [one.lineno for one in traceback.extract_tb(error.__traceback__) if one.filename == str(path)]
        line = f", line {frames[-1]}" if frames else ""
        raise MappingError(f"{path.name}{line}: the file failed as it was run: {reason(error)}.", _HINT) from error
    return module


def _takes_one(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        return False
    return True
