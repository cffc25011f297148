"""Reading ahead: the next batch is made ready while the one before is worked on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")


def read_ahead(batches: Iterator[T]) -> Iterator[T]:
    """Give the same, but fetch the next one in a thread meanwhile; who takes only the first one waits for no other.

    Polars works outside of Python's lock, so that reading and checking go on side by side. What `batches` raises is
    raised here, in its place.
    """
    first = next(batches, None)
    if first is None:
        return
    yield first
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-ahead") as reader:
        upcoming = reader.submit(next, batches, None)
        while (batch := upcoming.result()) is not None:
            upcoming = reader.submit(next, batches, None)
            yield batch
