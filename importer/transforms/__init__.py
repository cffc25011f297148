"""Cell functions: what `transform` in a mapping can name.

To add one: write it in the module of its kind (`Transform(name, says, make, ...)`) and list it there; the mapping
language, the documentation's test and the nearest-word hints know it then.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from importer.transforms.arguments import shown
from importer.transforms.arithmetic import ARITHMETIC_TRANSFORMS
from importer.transforms.dates import DATE_TRANSFORMS
from importer.transforms.distinct import on_distinct, within_lists
from importer.transforms.lookups import LOOKUP_TRANSFORMS
from importer.transforms.markup import MARKUP_TRANSFORMS
from importer.transforms.slugs import SLUG_TRANSFORMS, slugified
from importer.transforms.steps import Call, Step, Surroundings, Transform
from importer.transforms.texts import TEXT_TRANSFORMS

__all__ = [
    "TRANSFORMS",
    "Call",
    "Step",
    "Surroundings",
    "Transform",
    "compile_call",
    "on_distinct",
    "read_call",
    "slugified",
    "within_lists",
]

TRANSFORMS: Mapping[str, Transform] = {
    transform.name: transform
    for family in (
        TEXT_TRANSFORMS,
        SLUG_TRANSFORMS,
        LOOKUP_TRANSFORMS,
        ARITHMETIC_TRANSFORMS,
        DATE_TRANSFORMS,
        MARKUP_TRANSFORMS,
    )
    for transform in family
}
"""Every transform by its name."""


def read_call(written: Any, foreign: Container[str] = ()) -> Call:
    """Read one element of `transform`: `"name"`, `{ name = argument }` or `{ name = argument, option = ... }`.

    A name in `foreign` is somebody else's: what it takes is found out later. Raises ValueError with one sentence a line
    for everything that is wrong with it.
    """
    if isinstance(written, str):
        if written not in TRANSFORMS and written in foreign:
            return Call(written)
        transform = _known(written)
        if transform.argument is not None and not transform.bare:
            raise ValueError(f"{written} needs an argument: {{ {written} = ... }}")
        return Call(written)
    if not isinstance(written, Mapping) or not written:
        raise ValueError(f'must be "name" or {{ name = argument }}, not {shown(written)}')
    named = [key for key in written if key in TRANSFORMS]
    if not named and len(written) == 1 and (name := next(iter(written))) in foreign:
        return Call(name, written[name])
    transform = _known(named[0] if named else next(iter(written)))
    mistakes: list[str] = []
    argument = _argument(transform, written[transform.name], mistakes)
    options = {key: _option(transform, key, value, mistakes) for key, value in written.items() if key != transform.name}
    if mistakes:
        raise ValueError("\n".join(mistakes))
    return Call(transform.name, argument, options)


def compile_call(call: Call, around: Surroundings) -> Step:
    """Make the step of a call; raises ValueError for one of somebody else's that fails."""
    transform = TRANSFORMS.get(call.name) or around.foreign[call.name]
    return transform.make(call, around)


def _known(name: str) -> Transform:
    if name in TRANSFORMS:
        return TRANSFORMS[name]
    from rapidfuzz import process  # only when something is wrong: starting is quicker without
    from rapidfuzz.distance import OSA

    near = process.extractOne(str(name), TRANSFORMS.keys(), scorer=OSA.normalized_similarity, score_cutoff=0.55)
    known = f'; did you mean "{near[0]}"?' if near else f"; there are {', '.join(TRANSFORMS)}"
    raise ValueError(f'there is no transform "{name}"{known}')


def _argument(transform: Transform, value: Any, mistakes: list[str]) -> Any:
    if transform.argument is not None:
        return _read(transform.name, transform.argument, value, mistakes)
    if value is not True:
        mistakes.append(f'{transform.name} takes no argument: write "{transform.name}"')
    return None


def _option(transform: Transform, key: str, value: Any, mistakes: list[str]) -> Any:
    if key in transform.options:
        return _read(f"{transform.name}: {key}", transform.options[key], value, mistakes)
    if key in TRANSFORMS:
        mistakes.append(f"{transform.name} and {key} stand in one table: give each a table of its own")
    else:
        known = " or ".join(transform.options) or "none"
        mistakes.append(f'{transform.name} has no option "{key}"; it has {known}')
    return None


def _read(name: str, reader: Any, value: Any, mistakes: list[str]) -> Any:
    try:
        return reader(value)
    except ValueError as error:
        mistakes.append(f"{name} {error}")
        return None
