from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.adapters.conftest import Desk

EVIL = "<script>alert('x')</script>"


def look(desk: Desk, path: str, status: int = 200) -> str:
    """Open a page as a browser does, without a token."""
    desk.token = ""
    answer = desk.ask("GET", f"http://sandbox{path}")
    desk.token = "sandbox"
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    return answer.text


def test_front_page_shows_collections_with_counts_and_newest_items(desk: Desk) -> None:
    """Published items with name, slug, time and colour; drafts are only counted."""
    desk.made("tags", {"name": "Ant", "slug": "ant", "color": "#ff8800"}, {"name": "Bee", "slug": "bee"})
    desk.made("tags", {"name": "Hidden", "slug": "hidden"}, live=False, isDraft=True)
    page = look(desk, "/")

    for text in ("Sandbox Gazette", "Blog posts", "Authors", "2 published · 1 in draft", "Ant", "/bee"):
        assert text in page
    assert 'style="background: #ff8800"' in page
    assert "2024-05-31 12:00 UTC" in page
    assert "Hidden" not in page
    assert "Nothing is published yet." in page


def test_everything_foreign_is_escaped(desk: Desk) -> None:
    """Names of items come from anybody's spreadsheet."""
    desk.made("tags", {"name": EVIL})

    for page in (look(desk, "/"), look(desk, "/tags")):
        assert "<script" not in page
        assert "&lt;script&gt;" in page


def test_page_needs_nothing_from_elsewhere(desk: Desk) -> None:
    """No address of another host, no script, readable on a phone."""
    page = look(desk, "/")
    assert "http" not in page
    assert 'name="viewport"' in page


def test_collection_is_paged(desk: Desk) -> None:
    """Fifty items on a page; a page beyond the last one is the last one."""
    desk.made("tags", *({"name": f"T{number:03}", "slug": f"t{number:03}"} for number in range(70)))
    first, second = look(desk, "/tags"), look(desk, "/tags?page=2")

    assert (first.count("<li>"), second.count("<li>")) == (50, 20)
    assert "T069" in first
    assert "T000" in second
    assert "page 1 of 2" in first
    assert 'href="/tags?page=2"' in first
    assert look(desk, "/tags?page=99") == second
    assert look(desk, "/tags?page=x") == first
    assert look(desk, f"/tags?page={'9' * 5000}") == first


def test_unknown_page_leads_back(desk: Desk) -> None:
    """404 with a link."""
    assert 'href="/"' in look(desk, "/nothing", 404)
