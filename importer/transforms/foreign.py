"""Transforms that are not ours: functions from expression to expression, of a hooks file or an installed package."""

from __future__ import annotations

import inspect
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from importer.errors import MappingError
from importer.transforms.steps import Call, Step, Surroundings, Transform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FAILURES = (Exception, SystemExit)
"""What code that is not ours may raise: anything at all, and it must end in a sentence."""

REMEDY = "Mend the function (it was not written by us), and run the same command."
"""What is to be done where a function fails on the cells of a sheet."""

_MOST = 2
"""The text, and an argument."""


def foreign_transform(name: str, function: Callable[..., Any], *, owner: str, outside: bool) -> Transform:
    """Make a transform of a function: it takes the text as an expression, and perhaps an argument.

    `owner` says whose it is ("products.py"). `outside`: what it gives tells one version of a row from another, as
    nothing else does. Raises ValueError for a function that takes something else.
    """
    required, takes = _positions(function)
    if required is None:
        raise ValueError(_told(owner, function, f"{name} takes something else than the text and one argument at most"))

    def make(call: Call, _around: Surroundings) -> Step:
        given = [] if call.argument is None else [call.argument]
        expression = _expression(owner, name, function, given)
        return Step(name, _runner(expression, owner, name, function), python=True, outside=outside)

    return Transform(name, "", make, argument=(lambda value: value) if takes == _MOST else None, bare=required == 1)


def _positions(function: Callable[..., Any]) -> tuple[int | None, int]:
    """Count the arguments that a function must have, and those that it can take; None where that cannot be."""
    try:
        given = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # a builtin may tell nobody
        return None, 0
    by_place = [one for one in given if one.kind in {one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD}]
    by_name = [one for one in given if one.kind is one.KEYWORD_ONLY and one.default is one.empty]
    required = sum(one.default is one.empty for one in by_place)
    sound = bool(by_place) and required <= _MOST and not by_name
    return (max(1, required) if sound else None), min(len(by_place), _MOST)


def _expression(owner: str, name: str, function: Callable[..., Any], given: list[Any]) -> pl.Expr:
    """Ask for the expression, once; raises ValueError where none comes, or one that gives no text."""
    try:
        made = function(pl.col("text"), *given)
    except FAILURES as error:
        raise ValueError(failure(owner, name, function, error)) from error
    if not isinstance(made, pl.Expr):
        raise ValueError(  # noqa: TRY004 - one of the sentences about a call
            _told(owner, function, f"{name} must give a polars expression, not {type(made).__name__}")
        )
    try:
        gives = pl.DataFrame(schema={"text": pl.String}).select(made).to_series().dtype
    except FAILURES as error:
        raise ValueError(failure(owner, name, function, error)) from error
    if gives not in {pl.String(), pl.Null()}:
        raise ValueError(
            _told(owner, function, f"{name} must give text, and gives {gives}: end it with .cast(pl.String)")
        )
    return made


def _runner(
    expression: pl.Expr, owner: str, name: str, function: Callable[..., Any]
) -> Callable[[pl.Expr, pl.Expr | None], pl.Expr]:
    def apply(texts: pl.Series) -> pl.Series:
        try:
            made = texts.rename("text").to_frame().select(expression).to_series()
        except FAILURES as error:
            raise MappingError(failure(owner, name, function, error)) from error
        if len(made) != len(texts):
            wrong = f"{name} must give a text for each row, and gave {len(made)} for {len(texts)} rows"
            raise MappingError(_told(owner, function, wrong))
        if made.dtype not in {pl.String(), pl.Null()}:
            raise MappingError(_told(owner, function, f"{name} must give text, and gave {made.dtype}"))
        return made.cast(pl.String).rename(texts.name)

    return lambda value, _kind: value.map_batches(apply, return_dtype=pl.String, is_elementwise=True)


def evaluated(frame: pl.DataFrame, stage: Iterable[pl.Expr]) -> pl.DataFrame:
    """Add columns to a frame; raises MappingError where a function that is not ours fails at it, in one sentence."""
    try:
        return frame.with_columns(stage)
    except MappingError as error:  # polars has put words about its own plans behind ours, and lost the rest
        raise MappingError(error.message.partition("\n")[0] + ".", REMEDY) from error


def failure(owner: str, name: str, function: Callable[..., Any], error: BaseException) -> str:
    """Say in which line of whose file a function failed, and why."""
    file, line = place_of(function)
    frames = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f"{_where(owner, file, frames[-1] if frames else line)}: {name} failed: {reason(error)}"


def reason(error: BaseException) -> str:
    """Give the kind of an error and the first line of what it says; polars adds others, about its own plans."""
    told = error.args[0] if len(error.args) == 1 and isinstance(error.args[0], str) else str(error)
    said = next((line.strip() for line in told.splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {said}".rstrip(": ")


def place_of(function: Callable[..., Any]) -> tuple[str, int | None]:
    """Tell in which file and line a function begins; None where that cannot be told."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return ("", None) if code is None else (code.co_filename, code.co_firstlineno)


def _told(owner: str, function: Callable[..., Any], sentence: str) -> str:
    return f"{_where(owner, *place_of(function))}: {sentence}"


def _where(owner: str, file: str, line: int | None) -> str:
    name = Path(file).name
    return ", ".join(filter(None, (owner, name if name != owner else "", f"line {line}" if line else "")))
