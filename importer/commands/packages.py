"""Transforms that installed packages bring, by the entry points of the group `importer.transforms`."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from importer.transforms.foreign import FAILURES, foreign_transform, reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Table
    from importlib.metadata import EntryPoint

    from importer.mapping import Mistakes
    from importer.transforms import Transform

GROUP = "importer.transforms"
"""The group of entry points; the name of each is the transform's, and what it points to is a function."""


def packaged_names() -> frozenset[str]:
    """Name the transforms that installed packages bring; none of them is loaded."""
    return frozenset(point.name for point in _points())


def packaged_transforms(wanted: Table[str, str], mistakes: Mistakes) -> tuple[dict[str, Transform], list[str]]:
    """Load the transforms of packages that a mapping uses (name -> key path), and no others.

    Gives them by name, and says for people which package each comes from. Notes those that cannot be loaded, and
    names that two packages bring.
    """
    offers: defaultdict[str, dict[tuple[str, str], EntryPoint]] = defaultdict(dict)
    for point in _points():
        offers[point.name][_package(point), point.value] = point
    found: dict[str, Transform] = {}
    said: list[str] = []
    for name in (name for name in wanted if name in offers):
        points = list(offers[name].values())
        if len(points) > 1:
            packages = " and ".join(sorted(f"{_package(point)} ({point.value})" for point in points))
            mistakes.add(wanted[name], f"the transform {name} comes from {packages}; remove one of the packages")
            continue
        try:
            found[name] = _loaded(points[0])
        except ValueError as error:
            mistakes.add(wanted[name], str(error))
            continue
        said.append(f"{name} ({_package(points[0])})")
    return found, said


def _points() -> Iterator[EntryPoint]:
    from importlib.metadata import entry_points  # only where a name is not ours: starting is quicker without

    yield from entry_points(group=GROUP)


def _loaded(point: EntryPoint) -> Transform:
    try:
        function = point.load()
    except FAILURES as error:
        raise ValueError(
            f"the transform {point.name} of the package {_package(point)} cannot be loaded: {reason(error)}"
        ) from error
    if not callable(function):
        what = f"the transform {point.name} of the package {_package(point)}"
        raise ValueError(f"{what} is no function, but {type(function).__name__}")  # noqa: TRY004 - one of the sentences about a mapping
    # What it gives belongs to a row's hash: an upgrade of the package changes the rows that it gives other texts for.
    return foreign_transform(point.name, function, owner=f"the package {_package(point)}", outside=True)


def _package(point: EntryPoint) -> str:
    return "unknown" if point.dist is None else f"{point.dist.name} {point.dist.version}"
