"""Reading ahead: the same batches, only sooner."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from importer.errors import SourceError
from importer.sources.ahead import read_ahead

if TYPE_CHECKING:
    from collections.abc import Iterator


def numbers(most: int, seen: list[int], *, then: Exception | None = None) -> Iterator[int]:
    for number in range(1, most + 1):
        seen.append(number)
        yield number
    if then is not None:
        raise then


@pytest.mark.parametrize("most", [0, 1, 2, 5])
def test_the_same_comes_in_the_same_order(most: int) -> None:
    """However many there are."""
    assert list(read_ahead(numbers(most, []))) == list(range(1, most + 1))


def test_the_next_is_fetched_while_one_is_worked_on_and_no_more() -> None:
    """Memory stays that of two batches."""
    fetched = {number: threading.Event() for number in range(6)}

    def announced() -> Iterator[int]:
        for number, event in fetched.items():
            event.set()
            yield number

    batches = read_ahead(announced())
    assert [next(batches), next(batches)] == [0, 1]
    assert fetched[2].wait(10)
    assert not fetched[3].wait(0.01)
    assert list(batches) == [2, 3, 4, 5]


def test_a_mistake_in_the_sheet_is_raised_in_its_place() -> None:
    """What was read before it is still given."""
    batches = read_ahead(numbers(2, [], then=SourceError("A quotation mark opens and is never closed.")))
    assert [next(batches), next(batches)] == [1, 2]
    with pytest.raises(SourceError, match="never closed"):
        next(batches)


def test_who_takes_the_first_only_waits_for_no_other() -> None:
    """The first batch alone tells which columns are typed."""
    seen: list[int] = []
    batches = read_ahead(numbers(9, seen))
    next(batches)
    del batches
    assert seen == [1]


def test_whoever_stops_in_the_middle_leaves_no_thread() -> None:
    """A run that is stopped ends at once."""
    batches = read_ahead(numbers(9, []))
    assert [next(batches), next(batches)] == [1, 2]
    del batches
    assert not [one for one in threading.enumerate() if one.name.startswith("read-ahead")]
