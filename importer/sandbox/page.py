"""The page to look at: collections, and the items that are published."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import orjson

from importer.sandbox import structure
from importer.sandbox.palette import is_color
from importer.sandbox.wording import stamp

if TYPE_CHECKING:
    import sqlite3

    from importer.sandbox.structure import Collection, World

NEWEST: Final = 6
"""Items of a collection on the front page."""
PAGE: Final = 50
"""Items on a page of a collection."""

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d2330; --soft: #667085; --line: #e4e7ec; --card: #fff; --ground: #f6f7f9;
  --accent: #146ef5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaf0; --soft: #98a2b3; --line: #2b303b; --card: #1b1f27;
  --ground: #12151b; --accent: #7fb0ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0.5rem 0 0.25rem; }
h2 { font-size: 1.15rem; margin: 0; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
.lead, .soft { color: var(--soft); } .lead { margin: 0 0 1.5rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1rem 1.1rem;
  margin: 0 0 1rem; }
.head { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; align-items: baseline; justify-content: space-between; }
ul { list-style: none; margin: 0.5rem 0 0; padding: 0; }
li { display: flex; gap: 0.75rem; align-items: center; padding: 0.55rem 0; border-top: 1px solid var(--line); }
section > ul:first-child { margin-top: -0.5rem; } section > ul:first-child > li:first-child { border-top: 0; }
.swatch { flex: none; width: 1.1rem; height: 1.1rem; border-radius: 50%; border: 1px solid var(--line); }
.what { flex: 1 1 auto; min-width: 0; } .name { overflow-wrap: anywhere; text-align: left; }
.slug { color: var(--soft); font: 0.82rem/1.4 ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere; }
time { flex: none; color: var(--soft); font-size: 0.85rem; text-align: right; }
nav { display: flex; justify-content: space-between; margin-top: 1rem; }
@media (max-width: 34rem) { li { flex-wrap: wrap; row-gap: 0; } .what { flex-basis: 75%; }
  time { flex-basis: 100%; text-align: left; } .swatch ~ time { padding-left: 1.85rem; } }
"""


def front(world: World) -> str:
    """Draw the front page: every collection with its counts and its newest published items."""
    site = structure.sites(world)[0]
    sections = [_section(world, one) for one in structure.collections(world)]
    lead = "A Webflow on this machine. What is published here is seen by nobody else."
    name = site.get("displayName", "Sandbox")
    return _page(name, f'<h1>{escape(name)}</h1><p class="lead">{lead}</p>{"".join(sections)}')


def collection_page(world: World, slug: str, number: int) -> str | None:
    """Draw a page (from 1) of a collection's published items, newest first; `None` for an unknown collection."""
    own = next((one for one in structure.collections(world) if one.slug == slug), None)
    if own is None:
        return None
    counts = _counts(world, own)
    last = max(1, -(-counts["live"] // PAGE))
    number = min(max(number, 1), last)
    rows = _newest(world, own, PAGE, (number - 1) * PAGE)
    before = f'<a href="/{escape(slug)}?page={number - 1}">← newer</a>' if number > 1 else "<span></span>"
    after = f'<a href="/{escape(slug)}?page={number + 1}">older →</a>' if number < last else "<span></span>"
    paging = f'<nav>{before}<span class="soft">page {number} of {last}</span>{after}</nav>' if last > 1 else ""
    body = (
        f'<p><a href="/">← all collections</a></p><h1>{escape(own.name)}</h1>'
        f'<p class="lead">{_counted(counts)}</p><section>{_items(own, rows)}</section>{paging}'
    )
    return _page(own.name, body)


def lost() -> str:
    """Draw the page for an address that leads nowhere."""
    return _page(
        "Not found",
        '<h1>Not found</h1><p class="lead">There is no such collection. <a href="/">All collections</a></p>',
    )


def _section(world: World, own: Collection) -> str:
    counts = _counts(world, own)
    rows = _newest(world, own, NEWEST, 0)
    link = f'<a href="/{escape(own.slug)}">{escape(own.name)}</a>'
    return (
        f'<section><div class="head"><h2>{link}</h2><span class="soft">{_counted(counts)}</span></div>'
        f"{_items(own, rows)}</section>"
    )


def _counts(world: World, own: Collection) -> dict[str, int]:
    row = world.connection.execute(
        "SELECT count(*), count(live), total(archived), total(draft AND live IS NULL AND NOT archived)"
        " FROM items WHERE collection = ?",
        (own.id,),
    ).fetchone()
    return {"all": row[0], "live": row[1], "archived": int(row[2]), "drafts": int(row[3])}


def _counted(counts: dict[str, int]) -> str:
    parts = [f"{counts['live']:,} published"]
    parts += [
        f"{counts[what]:,} {word}" for what, word in (("drafts", "in draft"), ("archived", "archived")) if counts[what]
    ]
    return " · ".join(parts)


def _newest(world: World, own: Collection, limit: int, offset: int) -> list[sqlite3.Row]:
    return world.connection.execute(
        "SELECT live_name, live_slug, live, published_on FROM items WHERE collection = ? AND live IS NOT NULL"
        " ORDER BY published_on DESC, n DESC LIMIT ? OFFSET ?",
        (own.id, limit, offset),
    ).fetchall()


def _items(own: Collection, rows: list[sqlite3.Row]) -> str:
    if not rows:
        return '<p class="soft">Nothing is published yet.</p>'
    color = next((field["slug"] for field in own.fields if field["type"] == "Color"), None)
    return f"<ul>{''.join(_item(row, color) for row in rows)}</ul>"


def _item(row: sqlite3.Row, color: str | None) -> str:
    content: dict[str, Any] = orjson.loads(row["live"])
    shade = str(content.get(color, "")) if color else ""
    style = f' style="background: {escape(shade)}"' if shade and is_color(shade) else ""
    swatch = f'<span class="swatch"{style}></span>' if color else ""
    when = stamp(row["published_on"]) or ""
    return (
        f'<li>{swatch}<div class="what">'
        f'<div class="name" dir="auto">{escape(row["live_name"])}</div>'
        f'<div class="slug">/{escape(row["live_slug"])}</div></div>'
        f'<time datetime="{when}">{when[:10]} {when[11:16]} UTC</time></li>'
    )


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )
