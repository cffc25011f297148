"""A Webflow with a rule that only it knows, and that says more or less of who broke it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import orjson

if TYPE_CHECKING:
    from collections.abc import Container

LONGEST = 200
"""What the sandbox takes of a text; the run is not told."""

SAYINGS = ("every value", "a value", "a field", "nothing")
"""What a refusal says: each bad row's field and value, those of the first bad row, the field alone, no details."""


def texts(rows: int, guilty: Container[int]) -> list[str | None]:
    """The texts of so many rows; those of the guilty ones (from 0) are too long."""
    return [f"Text {row} {'long' * (LONGEST // 4) if row in guilty else ''}" for row in range(rows)]


class Secretive(httpx.AsyncBaseTransport):
    """A wire to it: hides how long a text may be, and says no more than `saying` of what is wrong."""

    def __init__(self, inner: httpx.AsyncBaseTransport, saying: str) -> None:
        self._inner, self._saying = inner, saying

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        body = orjson.loads(await response.aread())
        for field in body.get("fields", ()):
            (field.get("validations") or {}).pop("maxLength", None)
        if request.method == "POST" and response.status_code == httpx.codes.BAD_REQUEST:
            texts = [item["fieldData"]["text"] for item in orjson.loads(request.content)["items"]]
            self._say(body, [text for text in texts if len(text) > LONGEST])
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        return httpx.Response(response.status_code, headers=headers, content=orjson.dumps(body), request=request)

    def _say(self, body: dict[str, Any], wrong: list[str]) -> None:
        said: dict[str, list[str | None]] = {"every value": [*wrong], "a value": [*wrong[:1]], "a field": [None]}
        values = said.get(self._saying, [])
        if not values:
            body["message"] = "Validation Error: [\"Value (fieldData) should match format 'text'\"]"
        described = ["undefined" if value is None else f"'{value}'" for value in values]
        body["details"] = [{"param": "text", "description": f"Is too long: {one}"} for one in described]
