"""What people write without us: a script that sends a sheet in bulk, and remembers nothing.

`python -m bench.plain_import SHEET BASE_URL TOKEN` sends 100 rows a request, 4 requests in flight. It maps as
`bench.plain_check` does, without the photos, and leaves bad rows out. If it dies in the middle, nobody knows what was
sent.
"""

from __future__ import annotations

import asyncio
import csv
import sys
from pathlib import Path
from typing import Any

import httpx

from bench.plain_check import item_of, plan_of
from bench.sheets import HEADER

CHUNK, IN_FLIGHT = 100, 4


def items_in(sheet: str, sizes: dict[str, str]) -> list[dict[str, Any]]:
    """Map the good rows of a sheet."""
    plan = plan_of([column for column in HEADER if column != "Photo"])
    with Path(sheet).open(encoding="utf-8", newline="") as file:
        mapped = [item_of(row, plan, sizes) for row in csv.DictReader(file)]
    return [{"isDraft": False, "isArchived": False, "fieldData": item} for item, wrong in mapped if not wrong]


async def found(client: httpx.AsyncClient) -> tuple[str, dict[str, str]]:
    """Find the collection, and the ids of its sizes by their names."""
    site = (await client.get("/sites")).raise_for_status().json()["sites"][0]["id"]
    collections = (await client.get(f"/sites/{site}/collections")).raise_for_status().json()["collections"]
    collection = next(one["id"] for one in collections if one["slug"] == "products")
    fields = (await client.get(f"/collections/{collection}")).raise_for_status().json()["fields"]
    options = next(one for one in fields if one["slug"] == "size")["validations"]["options"]
    return collection, {one["name"].casefold(): one["id"] for one in options}


async def main(sheet: str, url: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
        collection, sizes = await found(client)
        items = items_in(sheet, sizes)
        chunks = [items[at : at + CHUNK] for at in range(0, len(items), CHUNK)]
        free = asyncio.Semaphore(IN_FLIGHT)

        async def send(chunk: list[dict[str, Any]]) -> None:
            async with free:
                answer = await client.post(f"/collections/{collection}/items/live", json={"items": chunk})
                answer.raise_for_status()

        await asyncio.gather(*map(send, chunks))
    print(len(items))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
