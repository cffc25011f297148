"""A request that creates items: written down, then sent (rule 1)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from importer.client.endpoints import create_items
from importer.state import Sent

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.client import Reply
    from importer.model import Row
    from importer.planning import Chunk
    from importer.publishing.matching import Key
    from importer.publishing.target import Place
    from importer.state import State


class Overtaken(Exception):  # noqa: N818 - no error, and nobody but the sender hears of it
    """An item was found for one of the rows of a request while the pacer held it back."""


def holding(state: State, chunk: Chunk) -> dict[Key, Row]:
    """The rows of a chunk that hold an item."""
    return {key: row for key, row in state.rows(chunk.keys).items() if row.item_id is not None}


async def post(
    place: Place, chunk: Chunk, begun: set[asyncio.Task[None] | None], lose: Callable[[int], None]
) -> tuple[int, Reply]:
    """Send a chunk; gives the number of the request in the state file, and the reply.

    Once it is let go the task is among the `begun`; where it is cancelled after that, `lose` gets the number. Raises
    Overtaken if it is not to be sent any more: nothing is written down then.
    """
    request = 0

    def before() -> None:
        nonlocal request
        if holding(place.state, chunk):
            raise Overtaken
        request = place.state.begin(
            run=place.run,
            verb="create",
            endpoint="items/live" if chunk.live else "items",
            watermark=place.state.watermark(place.target.collection),
            at=place.server_now(),
            sent=[Sent(item, place.source) for item in chunk.items],
        )
        begun.add(asyncio.current_task())

    call = create_items(
        place.target.collection,
        [item.body for item in chunk.items],
        live=chunk.live,
        skip_invalid_files=place.target.skip_invalid_files,
    )
    try:
        reply = await place.client.send(call, before=before)
    except asyncio.CancelledError:
        if request:
            lose(request)
        raise
    return request, reply
