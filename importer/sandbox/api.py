"""The Data API itself: from method, path, query and body to an answer, in one transaction."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from importer.sandbox import changes, structure
from importer.sandbox.answers import Answer, RefusedError, answered, envelope, missing_scope, not_found, refused
from importer.sandbox.bodies import Entry, read_entries, read_object, read_targets
from importer.sandbox.items import Creation, shown
from importer.sandbox.listing import listed, visible
from importer.sandbox.structure import World, locale_ids
from importer.sandbox.wording import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from importer.sandbox.items import Stored


@dataclass(frozen=True, slots=True)
class Call:
    """A request to the API: `path` is what follows `/v2`."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes
    token: str


@dataclass(slots=True)
class Api:
    """All endpoints over one world."""

    world: World
    turn: int = 0
    site_published: float | None = None
    _routes: list[tuple[str, re.Pattern[str], str, Callable[..., Answer]]] = field(init=False)

    def __post_init__(self) -> None:
        self._routes = [
            (method, re.compile(_PART.sub(r"(?P<\1>[^/]+)", path) + "$"), scope, getattr(self, f"_{name}"))
            for method, path, scope, name in _ENDPOINTS
        ]

    def scopes(self, token: str) -> list[str] | None:
        """Look up the scopes of a token, `None` if it is not known."""
        row = self.world.connection.execute("SELECT scopes FROM tokens WHERE token = ?", (token,)).fetchone()
        return row["scopes"].split() if row else None

    def answer(self, call: Call) -> Answer:
        """Do what is asked for, in one transaction; a refusal is an answer too."""
        self.turn += 1
        try:
            endpoint, scope, named = self._route(call)
            if scope and scope not in (self.scopes(call.token) or []):
                return missing_scope(scope)
            if call.method == "GET":
                return endpoint(call, **named)
            return self._write(endpoint, call, named)
        except RefusedError as refusal:
            return refusal.answer

    def _write(self, endpoint: Callable[..., Answer], call: Call, named: dict[str, str]) -> Answer:
        connection = self.world.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            answer = endpoint(call, **named)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        return answer

    def _route(self, call: Call) -> tuple[Callable[..., Answer], str, dict[str, str]]:
        allowed = []
        for method, pattern, scope, endpoint in self._routes:
            match = pattern.match(call.path.rstrip("/"))
            if match and method == call.method:
                return endpoint, scope, match.groupdict()
            if match:
                allowed.append(method)
        if allowed:
            answer = envelope(405, "Method not allowed", "bad_request")
            raise RefusedError(Answer(405, answer.body, headers=(("Allow", ", ".join(allowed)),)))
        raise not_found()

    # The token and the site

    def _introspect(self, call: Call) -> Answer:
        if self.world.on("introspect", "refused"):
            return missing_scope("authorized_user:read")
        own = structure.sites(self.world)[0]
        authorization = {
            "id": own["workspaceId"],
            "createdOn": own["createdOn"],
            "lastUsed": stamp(self.world.stamp()),
            "grantType": "authorization_code",
            "rateLimit": int(float(self.world.settings["rate_limit"])),
            "scope": ",".join(self.scopes(call.token) or []),
            "authorizedTo": {"siteIds": [own["id"]], "workspaceIds": [own["workspaceId"]], "userIds": []},
        }
        application = {"id": own["workspaceId"], "description": "", "homepage": "", "displayName": "Sandbox"}
        return answered(200, {"authorization": authorization, "application": application})

    def _authorized_by(self, _call: Call) -> Answer:
        own = structure.sites(self.world)[0]
        person = {"id": own["workspaceId"], "email": "editor@sandbox.example", "firstName": "Sandy", "lastName": "Box"}
        return answered(200, person)

    def _sites(self, _call: Call) -> Answer:
        return answered(200, {"sites": structure.sites(self.world)})

    def _site(self, _call: Call, s: str) -> Answer:
        return answered(200, structure.site(self.world, s))

    def _publish_site(self, _call: Call, s: str) -> Answer:
        structure.site(self.world, s)
        changes.publish_site(self.world, self.site_published)
        self.site_published = self.world.now()
        self.world.settings["unpublished_site"] = "no"
        return answered(202, {"customDomains": [], "publishToWebflowSubdomain": True})

    # Collections

    def _collections(self, _call: Call, s: str) -> Answer:
        structure.site(self.world, s)
        return answered(200, {"collections": [one.summary() for one in structure.collections(self.world)]})

    def _create_collection(self, call: Call, s: str) -> Answer:
        return answered(200, structure.create_collection(self.world, s, read_object(call.body)).shown())

    def _collection(self, _call: Call, c: str) -> Answer:
        return answered(200, structure.collection(self.world, c).shown())

    def _delete_collection(self, _call: Call, c: str) -> Answer:
        structure.delete_collection(self.world, c)
        return Answer(204)

    def _add_field(self, call: Call, c: str) -> Answer:
        return answered(200, structure.add_field(self.world, c, read_object(call.body)))

    def _change_field(self, call: Call, c: str, f: str) -> Answer:
        return answered(200, structure.change_field(self.world, c, f, read_object(call.body)))

    def _delete_field(self, _call: Call, c: str, f: str) -> Answer:
        structure.delete_field(self.world, c, f)
        return Answer(204)

    # Reading items.

    def _list(self, call: Call, c: str, *, live: bool = False) -> Answer:
        own = structure.collection(self.world, c)
        return answered(200, listed(self.world, own, call.query, live=live, turn=self.turn))

    def _list_live(self, call: Call, c: str) -> Answer:
        return self._list(call, c, live=True)

    def _get(self, call: Call, c: str, i: str, *, live: bool = False) -> Answer:
        own = structure.collection(self.world, c)
        locale = call.query.get("cmsLocaleId") or locale_ids(self.world)[0]
        row = self.world.connection.execute(
            f"SELECT * FROM items WHERE id = ? AND locale = ? AND collection = ? AND {visible(self.world, live=live)}",  # noqa: S608 - fixed words
            (i, locale, own.id),
        ).fetchone()
        if row is None:
            raise not_found()
        return answered(200, shown(row, live=live))

    def _get_live(self, call: Call, c: str, i: str) -> Answer:
        return self._get(call, c, i, live=True)

    # Making items.

    def _create(self, call: Call, c: str, *, live: bool = False) -> Answer:
        content = read_object(call.body)
        entries, alone = read_entries(content, making=True)
        return self._created(call, c, entries, alone=alone, live=live)

    def _create_live(self, call: Call, c: str) -> Answer:
        return self._create(call, c, live=True)

    def _created(self, call: Call, c: str, entries: list[Entry], *, alone: bool, live: bool) -> Answer:
        own = structure.collection(self.world, c)
        if live:
            self._published_site()
        creation = Creation(self.world, own, live, _skips(call))
        rows, refusal = creation.create(entries)
        if refusal is not None:
            return refusal.answer
        return self._items(rows, 202, alone=alone, bare=self.world.on("answer_shape", "list"), live=live)

    def _items(
        self, rows: Sequence[Stored], status: int, *, alone: bool, bare: bool = False, live: bool = False
    ) -> Answer:
        items = [shown(row, live=live and row["live"] is not None) for row in rows]
        if alone:
            return answered(status, items[0])
        if self.world.on("answer_order", "shuffled"):
            random.Random(self.turn).shuffle(items)  # noqa: S311 - no secret, and must be the same every time
        if bare:
            return answered(status, items)
        paging = {"pagination": {"limit": 100, "offset": 0, "total": len(items)}} if status == 200 else {}  # noqa: PLR2004 - updates answer 200 with paging
        return answered(status, {"items": items, **paging})

    def _published_site(self) -> None:
        if self.world.on("unpublished_site", "409"):
            raise refused(409, "Conflict: The site is not published", "conflict")
        if self.world.on("unpublished_site", "404"):
            raise not_found()

    # Changing items.

    def _update(self, call: Call, c: str, *, live: bool = False) -> Answer:
        own = structure.collection(self.world, c)
        if live:
            self._published_site()
        content = read_object(call.body)
        if "items" not in content:
            raise refused(400)
        entries, _ = read_entries(content, making=False)
        rows = changes.update(self.world, own, entries, live=live, skip_invalid_files=_skips(call))
        return self._items(rows, 200, alone=False, live=live)

    def _update_live(self, call: Call, c: str) -> Answer:
        return self._update(call, c, live=True)

    def _update_one(self, call: Call, c: str, i: str, *, live: bool = False) -> Answer:
        own = structure.collection(self.world, c)
        if live:
            self._published_site()
        entries, _ = read_entries({**read_object(call.body), "id": i}, making=False)
        rows = changes.update(self.world, own, entries, live=live, skip_invalid_files=_skips(call))
        return self._items(rows, 200, alone=True, live=live)

    def _update_one_live(self, call: Call, c: str, i: str) -> Answer:
        return self._update_one(call, c, i, live=True)

    def _publish(self, call: Call, c: str) -> Answer:
        own = structure.collection(self.world, c)
        self._published_site()
        return answered(202, changes.publish(self.world, own, read_targets(read_object(call.body))))

    def _unpublish(self, call: Call, c: str) -> Answer:
        own = structure.collection(self.world, c)
        changes.unpublish(self.world, own, read_targets(read_object(call.body)))
        return Answer(204)

    def _unpublish_one(self, call: Call, c: str, i: str) -> Answer:
        changes.unpublish(self.world, structure.collection(self.world, c), [(i, _locales(call))])
        return Answer(204)

    def _delete(self, call: Call, c: str) -> Answer:
        own = structure.collection(self.world, c)
        changes.delete(self.world, own, read_targets(read_object(call.body)))
        return Answer(204)

    def _delete_one(self, call: Call, c: str, i: str) -> Answer:
        changes.delete(self.world, structure.collection(self.world, c), [(i, _locales(call))])
        return Answer(204)


def _skips(call: Call) -> bool:
    """`skipInvalidFiles` is true where nobody says otherwise (the specification's default)."""
    return call.query.get("skipInvalidFiles", "true").casefold() != "false"


def _locales(call: Call) -> list[str] | None:
    locale = call.query.get("cmsLocaleId")
    return [locale] if locale else None


_PART: Final = re.compile("{(.)}")
_ENDPOINTS: Final = (
    ("GET", "/token/introspect", "", "introspect"),
    ("GET", "/token/authorized_by", "", "authorized_by"),
    ("GET", "/sites", "sites:read", "sites"),
    ("GET", "/sites/{s}", "sites:read", "site"),
    ("POST", "/sites/{s}/publish", "sites:write", "publish_site"),
    ("GET", "/sites/{s}/collections", "cms:read", "collections"),
    ("POST", "/sites/{s}/collections", "cms:write", "create_collection"),
    ("GET", "/collections/{c}", "cms:read", "collection"),
    ("DELETE", "/collections/{c}", "cms:write", "delete_collection"),
    ("POST", "/collections/{c}/fields", "cms:write", "add_field"),
    ("PATCH", "/collections/{c}/fields/{f}", "cms:write", "change_field"),
    ("DELETE", "/collections/{c}/fields/{f}", "cms:write", "delete_field"),
    ("GET", "/collections/{c}/items", "cms:read", "list"),
    ("POST", "/collections/{c}/items", "cms:write", "create"),
    ("PATCH", "/collections/{c}/items", "cms:write", "update"),
    ("DELETE", "/collections/{c}/items", "cms:write", "delete"),
    ("GET", "/collections/{c}/items/live", "cms:read", "list_live"),
    ("POST", "/collections/{c}/items/live", "cms:write", "create_live"),
    ("PATCH", "/collections/{c}/items/live", "cms:write", "update_live"),
    ("DELETE", "/collections/{c}/items/live", "cms:write", "unpublish"),
    ("POST", "/collections/{c}/items/publish", "cms:write", "publish"),
    ("GET", "/collections/{c}/items/{i}", "cms:read", "get"),
    ("PATCH", "/collections/{c}/items/{i}", "cms:write", "update_one"),
    ("DELETE", "/collections/{c}/items/{i}", "cms:write", "delete_one"),
    ("GET", "/collections/{c}/items/{i}/live", "cms:read", "get_live"),
    ("PATCH", "/collections/{c}/items/{i}/live", "cms:write", "update_one_live"),
    ("DELETE", "/collections/{c}/items/{i}/live", "cms:write", "unpublish_one"),
)
"""Method, path below `/v2`, the scope that is needed, and the method of `Api`; the order decides."""
