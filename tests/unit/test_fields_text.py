"""Texts, addresses and slugs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from importer.fields import Context

if TYPE_CHECKING:
    from tests.unit.conftest import Coercion

BASE = Context(base_url="https://old.example/blog/post.html")
LINE = {"singleLine": True, "minLength": 2, "maxLength": 5}

GOOD: list[tuple[str, str, str]] = [
    ("PlainText", "  as it stands\n", "  as it stands\n"),
    ("PlainText", "N/A", "N/A"),
    ("PlainText", "👩‍👩‍👧 \u00e9", "👩‍👩‍👧 \u00e9"),
    ("RichText", "<p>As <b>it</b> stands\n</p>", "<p>As <b>it</b> stands\n</p>"),
    ("RichText", "a < b & c > d", "<p>a &lt; b &amp; c &gt; d</p>"),
    ("RichText", "One\r\nline\n \n\n Two\r", "<p>One<br>line</p><p>Two</p>"),
    ("RichText", "5 <3 you", "<p>5 &lt;3 you</p>"),
    ("RichText", "Ada <ada@example.com>", "<p>Ada &lt;ada@example.com&gt;</p>"),
    ("RichText", "<https://example.com/a>", "<p>&lt;https://example.com/a&gt;</p>"),
    ("RichText", "<o:p>A</o:p>", "<o:p>A</o:p>"),
    ("RichText", "<wf-component id='x'/>", "<wf-component id='x'/>"),
    ("RichText", "<br>", "<br>"),
    ("RichText", "A</p\n>", "A</p\n>"),
    ("RichText", "<!-- more -->", "<!-- more -->"),
    ("RichText", "Fish<br/>Chips", "Fish<br/>Chips"),
    ("Link", "https://example.com", "https://example.com"),
    (
        "Link",
        " HTTP://user:pw@sub.example.com:8080/a?b=c&d[]=e#f ",
        "HTTP://user:pw@sub.example.com:8080/a?b=c&d[]=e#f",
    ),
    ("Link", "https://example.com/a b", "https://example.com/a%20b"),
    ("Link", "https://münchen.de/straße", "https://münchen.de/straße"),
    ("Link", "http://[::1]/x", "http://[::1]/x"),
    ("Link", "http://localhost/x", "http://localhost/x"),
    ("Link", "mailto:ada@example.com?subject=Hi", "mailto:ada@example.com?subject=Hi"),
    ("Link", "tel:+49 30 123", "tel:+4930123"),
    ("Link", "sms:+4930123", "sms:+4930123"),
    ("VideoLink", "https://youtu.be/aqz-KE-bpKQ", "https://youtu.be/aqz-KE-bpKQ"),
    ("Email", " ada.l+x@mail.example.co.uk ", "ada.l+x@mail.example.co.uk"),
    ("Email", "jörg@müller.de", "jörg@müller.de"),
    ("Email", "o'hara@example.museum", "o'hara@example.museum"),
    ("Phone", "+49 (0)30 / 123-45.6", "+49 (0)30 / 123-45.6"),
    ("Phone", "030\u00a01234 ext. 5", "030\u00a01234 ext. 5"),
    ("Phone", "112", "112"),
]

BAD: list[tuple[str, str, str, str]] = [
    ("Link", "example.com/page", "link_invalid", '"https://example.com/page"'),
    ("Link", "//example.com/page", "link_invalid", '"https://example.com/page"'),
    ("Link", "ada@example.com", "link_invalid", '"mailto:ada@example.com"'),
    ("Link", "/about", "link_invalid", "base_url"),
    ("Link", "page.html", "link_invalid", "https://example.com/page"),
    ("Link", "ftp://example.com", "link_invalid", "mailto:"),
    ("Link", "javascript:alert(1)", "link_invalid", "mailto:"),
    ("Link", "https://", "link_invalid", "https://"),
    ("Link", "https:///x", "link_invalid", "https://"),
    ("Link", "https://a..b/", "link_invalid", "https://"),
    ("Link", "https://a b.de/", "link_invalid", "https://"),
    ("Link", "https://a.de/x\ny", "link_invalid", "https://"),
    ("Link", "https://a.de and https://b.de", "link_invalid", "x"),
    ("VideoLink", "youtube.com/watch?v=1", "video_invalid", '"https://youtube.com/watch?v=1"'),
    (
        "VideoLink",
        '<iframe width="1" src="https://player.example/1"></iframe>',
        "video_invalid",
        '"https://player.example/1"',
    ),
    ("VideoLink", "aqz-KE-bpKQ", "video_invalid", "youtube.com"),
    ("Email", "Ada <ada@example.com>", "email_invalid", '"ada@example.com"'),
    ("Email", "mailto:ada@example.com", "email_invalid", '"ada@example.com"'),
    ("Email", "ada@example.com, bob@example.com", "email_invalid", "one address"),
    ("Email", "ada@example", "email_invalid", "name@example.com"),
    ("Email", "a..b@example.com", "email_invalid", "name@example.com"),
    ("Email", "@example.com", "email_invalid", "name@example.com"),
    ("Email", "ada@-example.com", "email_invalid", "name@example.com"),
    ("Phone", "call me", "phone_invalid", "digits"),
    ("Phone", "tel:+4930123", "phone_invalid", '"+4930123"'),
    ("Phone", "4.9E+11", "phone_invalid", "digits"),
    ("Phone", "12", "phone_invalid", "digits"),
]


@pytest.mark.parametrize(("kind", "cell", "value"), GOOD)
def test_good_text_is_sent_in_its_form(coerced: Coercion, kind: str, cell: str, value: str) -> None:
    """A text that the type takes is its value, changed only where Webflow asks for it, and no problem is found."""
    (outcome,) = coerced(kind, [cell], required=True)
    assert (outcome.value, outcome.codes) == (value, ())


@pytest.mark.parametrize(("kind", "cell", "code", "fix"), BAD)
def test_bad_text_is_refused_with_a_better_one(coerced: Coercion, kind: str, cell: str, code: str, fix: str) -> None:
    """A text that the type does not take has no value and exactly one problem, whose fix names the right form."""
    (outcome,) = coerced(kind, [cell], required=True)
    assert (outcome.value, outcome.codes) == (None, (code,))
    if fix != "x":
        assert fix in outcome.fixes[0]


@pytest.mark.parametrize(
    ("cell", "value", "codes"),
    [
        ("ab", "ab", ()),
        ("abcde", "abcde", ()),
        ("äöüßé", "äöüßé", ()),
        ("👍👍", "👍👍", ()),
        ("a", None, ("too_short",)),
        ("abcdef", None, ("too_long",)),
        ("a\nb", None, ("not_single_line",)),
        ("a\rb", None, ("not_single_line",)),
        ("abcde\r\nf", None, ("too_long", "not_single_line")),
        (" ", None, ()),
        (None, None, ()),
    ],
)
def test_limits_of_text_count_characters(
    coerced: Coercion, cell: str | None, value: Any, codes: tuple[str, ...]
) -> None:
    """Lengths are counted in characters, and every limit that is broken is told in one pass."""
    (outcome,) = coerced("PlainText", [cell], limits=LINE)
    assert (outcome.value, outcome.codes) == (value, codes)


@pytest.mark.parametrize(
    ("kind", "sign"),
    [
        *(("PlainText", sign) for sign in ("\x00", "\x07", "\x0b", "\x1f", "\x7f", "\x85", "\x9f", "\ufffe")),
        ("RichText", "\x00"),
    ],
)
def test_signs_that_cannot_be_shown_are_no_text(coerced: Coercion, kind: str, sign: str) -> None:
    """They come from broken exports; the message shows them escaped, the fix the text without them."""
    (outcome,) = coerced(kind, [f"a{sign}b"], required=True)
    assert (outcome.value, outcome.codes) == (None, ("control_character",))
    assert outcome.messages[0].startswith('"a\\')
    assert outcome.fixes[0].startswith('Write "ab"; ')


@pytest.mark.parametrize(
    "text",
    ["a\tb\r\nc", "\u0645\u06cc\u200c\u062e", "\u202babc\u202c", "a\u00adb", "👩\u200d👧", "a\u200bb", "\ufeffa"],
)
def test_invisible_signs_that_scripts_need_are_text(coerced: Coercion, text: str) -> None:
    """Joiners, direction marks and soft hyphens change how a text looks, and are part of it."""
    (outcome,) = coerced("PlainText", [text])
    assert (outcome.value, outcome.codes) == (text, ())


def test_one_line_is_suggested(coerced: Coercion) -> None:
    """The fix for a line break is the text in one line."""
    (outcome,) = coerced("PlainText", ["Monday:\r\n  Fever\n"], limits={"singleLine": True})
    assert outcome.fixes == ('Write it in one line: "Monday: Fever".',)


def test_name_is_limited_without_a_word_of_the_schema(coerced: Coercion) -> None:
    """A name has at most 256 characters, another text as many as it likes."""
    name, other = coerced("PlainText", ["x" * 257], slug="name"), coerced("PlainText", ["x" * 257])
    assert name[0].codes == ("too_long",)
    assert "256" in name[0].fixes[0]
    assert other[0].value == "x" * 257


def test_rich_text_is_measured_without_its_tags(coerced: Coercion) -> None:
    """Tags do not count, and an entity is one character."""
    fits, exceeds = coerced(
        "RichText", ["<p class='long'>Fish &amp; C</p>", "Fish & Chips"], limits={"minLength": 8, "maxLength": 8}
    )
    assert fits.codes == ()
    assert exceeds.codes == ("too_long",)


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("Link", "/about", "https://old.example/about"),
        ("Link", "../x y", "https://old.example/x%20y"),
        ("Link", "//cdn.example/x", "https://cdn.example/x"),
        ("Link", "https://new.example/", "https://new.example/"),
        ("Link", "example.com", None),
        ("Link", "//[", None),
        ("RichText", "<a href='/x'>1</a>", "<a href='https://old.example/x'>1</a>"),
        ("RichText", '<p>\n<img alt="" src="i.jpg">', '<p>\n<img alt="" src="https://old.example/blog/i.jpg">'),
        ("RichText", '<a class="b" HREF = "../y?z#a">1</a>', '<a class="b" HREF = "https://old.example/y?z#a">1</a>'),
        ("RichText", '<a href="#top" id="/x">src="/x"</a>', '<a href="#top" id="/x">src="/x"</a>'),
        ("RichText", '<a href="mailto:a@b.de">/x</a>', '<a href="mailto:a@b.de">/x</a>'),
        ("RichText", "see /x", "<p>see /x</p>"),
    ],
)
def test_relative_addresses_begin_at_base_url(coerced: Coercion, kind: str, cell: str, value: str | None) -> None:
    """`base_url` completes relative links, and those of `src` and `href` inside HTML."""
    assert coerced(kind, [cell], context=BASE)[0].value == value


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("hello-World_1", None),
        ("_x", None),
        ("bubble---forme-u", None),
        ("x" * 256, None),
        ("x" * 257, "too_long"),
        ("-x", "slug_invalid"),
        ("a b", "slug_invalid"),
        (" a", "slug_invalid"),
        ("é", "slug_invalid"),
        ("a.b", "slug_invalid"),
        ("a\n", "slug_invalid"),
    ],
)
def test_given_slug_is_never_altered(coerced: Coercion, cell: str, code: str | None) -> None:
    """A slug is sent as it is or refused."""
    (outcome,) = coerced("PlainText", [cell], slug="slug")
    assert (outcome.value, outcome.codes) == ((None, (code,)) if code else (cell, ()))


@pytest.mark.parametrize("kind", ["PlainText", "RichText", "Link", "Email", "Phone", "VideoLink"])
def test_blank_is_empty(coerced: Coercion, kind: str) -> None:
    """Nothing, and nothing but blanks, is no value; in a required field that is the only problem."""
    for outcome in coerced(kind, [None, "", " ", "\u00a0\n"], required=True, limits={"minLength": 3}):
        assert (outcome.value, outcome.codes) == (None, ("required",))
    for outcome in coerced(kind, [None, "", " ", "\u00a0\n"], limits={"minLength": 3}):
        assert (outcome.value, outcome.codes) == (None, ())
