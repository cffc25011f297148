# ruff: noqa: E501, RUF001 - a line for each case, and letters of other alphabets
"""What each transform makes of text."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.fields import SLUG_PATTERN
from importer.model import Kind
from importer.transforms import TRANSFORMS, Surroundings, compile_call, on_distinct, read_call, slugified, within_lists

AROUND = Surroundings(
    decimal=".",
    timezone="Europe/Berlin",
    dates=("%d.%m.%Y",),
    lookups={"size": {"S": "Small", "m": "Medium"}, "case": {"a": "small", "A": "capital"}},
    column=lambda name: (pl.col(name), None),
)


def run(
    written: Any, texts: list[str | None], *, kind: Kind | None = None, operand: list[str | None] | None = None
) -> list[Any]:
    """Run one transform on some cells."""
    step = compile_call(read_call(written), AROUND)
    frame = pl.DataFrame(
        {"text": pl.Series(texts, dtype=pl.String), "B": pl.Series(operand or [None] * len(texts), dtype=pl.String)}
    )
    given = None if kind is None else pl.lit(int(kind), dtype=pl.UInt8)
    return frame.select(step.run(pl.col("text"), given).alias("text")).get_column("text").to_list()


CASES: list[tuple[Any, str, Any]] = [
    ("strip", "\u00a0 a b \n", "a b"),
    ("lower", "ÄB", "äb"),
    ("upper", "straße", "STRASSE"),
    ("title", "it's o'neil’s ÉCOLE foo-bar", "It's O'neil’s École Foo-Bar"),
    ("title", "м'який знак l’été", "М'який Знак L’été"),
    ({"replace": {"a": "b", "b": "c"}}, "aab.*", "bbc.*"),
    ({"regex": {r"a(.)": "$1a"}}, "xabz", "xbaz"),
    ({"regex": {r"\s+": " ", "x": "$$"}}, "a  x", "a $"),
    ({"extract": r"(\d+)-"}, "ab12-3", "12"),
    ({"extract": r"\d+"}, "ab12-3", "12"),
    ({"extract": r"\d+"}, "none", None),
    ({"extract_all": r"(\d)x"}, "1x 2x 3", ["1", "2"]),
    ({"extract_all": r"\d"}, "1x2", ["1", "2"]),
    ("urls", "see https://a.example/c.jpg, HTTP://d.example/f?x=1. (http://g.example)", ["https://a.example/c.jpg", "HTTP://d.example/f?x=1", "http://g.example"]),
    ("urls", "see https://a.example/a_(b) (or http://g.example/c_(d)), and (http://h.example/e).", ["https://a.example/a_(b)", "http://g.example/c_(d)", "http://h.example/e"]),
    ("urls", "https://a.example/1.jpg,https://a.example/2.jpg", ["https://a.example/1.jpg", "https://a.example/2.jpg"]),
    ("urls", '<img src="https://a.example/1.jpg">', ["https://a.example/1.jpg"]),
    ({"prefix": "No. "}, "5", "No. 5"),
    ({"suffix": " cm"}, "5", "5 cm"),
    ({"truncate": 10}, "hello world again", "hello…"),
    ("round", "1234567890123456", "1234567890123456"),
    ({"round": 2}, "-9007199254740991", "-9007199254740991"),
    ({"round": -1}, "1234567890123456", "1234567890123460"),
    ({"add": 1}, "1234567890123456", "1234567890123457"),
    ({"multiply": 1}, "9007199254740991", "9007199254740991"),
    ("strip_html", "Ada <ada@example.com>, <https://example.com/a> <u>x</u><br/>y<!doctype html>", "Ada <ada@example.com>, <https://example.com/a> x y"),
    ("html_clean", "a & b < c <ada@example.com>", "a & b < c <ada@example.com>"),
    ("html_clean", "<foo>a & b</foo>", "<p>a &amp; b</p>"),
    ("html_clean", "<script>x</script>", ""),
    ({"truncate": 10}, "123456789 abc", "123456789…"),
    ({"truncate": 10}, "helloworldagain", "helloworl…"),
    ({"truncate": 10}, "  helloworldagain", "  hellowo…"),
    ({"truncate": 10}, "ten signs!", "ten signs!"),
    ({"truncate": 12}, "one two, three", "one two…"),
    ("slugify", "Crème Brûlée & Straße", "creme-brulee-strasse"),
    ("slugify", "Привет, мир! Щука й ё", "privet-mir-shchuka-y-yo"),
    ("slugify", "Ελλάδα: ού Αθήνα", "ellada-ou-athina"),
    ("slugify", "It’s  O'Neil_x", "its-oneil-x"),
    ("slugify", "ﬁne ŁÓDŹ №5", "fine-lodz-no5"),
    ("slugify", "日本", None),
    ({"slugify": "de"}, "Übergröße a\u0308", "uebergroesse-ae"),
    ({"lookup": "size"}, " s ", "Small"),
    ({"lookup": "size"}, "XL", None),
    ({"lookup": "size", "missing": "keep"}, "XL", "XL"),
    ({"lookup": "size", "missing": "skip"}, "XL", None),
    ({"lookup": "case"}, "A", "capital"),
    ({"lookup": "case"}, "a", "small"),
    ("number", "1,234.50 €", "1234.50"),
    ({"number": ","}, "1.234,50", "1234.50"),
    ("number", "abc", None),
    ("round", "2.5", "3"),
    ({"round": 2}, "2.675", "2.68"),
    ({"round": 2}, "-2.675", "-2.68"),
    ({"round": -2}, "1250", "1300"),
    ({"add": 0.1}, "0.2", "0.3"),
    ({"subtract": 5}, "1,000", "995"),
    ({"multiply": 100}, "19.99", "1999"),
    ({"divide": 3}, "1", "0.333333333333333"),
    ("date", "31.05.2024", "2024-05-30T22:00:00.000Z"),
    ({"date": ["%Y/%m/%d", "%d %B %Y"]}, "31 May 2024", "2024-05-30T22:00:00.000Z"),
    ({"date": "%d.%m.%Y", "to": "%A, %d %B %Y"}, "31.05.2024", "Friday, 31 May 2024"),
    ({"date": "%d.%m.%Y"}, "31.02.2024", None),
    ("markdown", "# Hi\n\n*x* ~~y~~", "<h1>Hi</h1>\n<p><em>x</em> <s>y</s></p>"),
    ("markdown", "|a|\n|-|\n|1|", "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n</tr>\n</tbody>\n</table>"),
    ("html_clean", '<p onclick="x()">hi <script>bad()</script><a href="https://a.example">b</a></p>', '<p>hi <a href="https://a.example">b</a></p>'),
    ("strip_html", '<p>Tom &amp; <b>J</b>erry</p><p>a < b</p><style>x</style>end<img alt="a>b"><!-- no --><br/>', "Tom & Jerry a < b end"),
    ("unescape", "&amp;lt; &eacute;&#39;", "&lt; é'"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "text", "expected"), CASES)
def test_a_transform_does_what_its_line_says(written: Any, text: str, expected: Any) -> None:
    """Each on one cell; an empty cell stays empty."""
    assert run(written, [text, None]) == [expected, None]


def test_every_transform_has_a_case() -> None:
    """A transform without an example is one that nobody has tried."""
    tried = {written if isinstance(written, str) else next(iter(written)) for written, _, _ in CASES}
    assert tried == set(TRANSFORMS)


def test_a_column_can_be_the_operand() -> None:
    """An empty operand leaves nothing; it is read as the cell is."""
    assert run({"multiply": "B"}, ["2", "2", "2"], operand=["1,000", None, "x"]) == ["2000", None, None]
    assert read_call({"multiply": "B"}).operand == "B"
    assert read_call({"multiply": 5}).operand is None
    assert read_call({"prefix": "B"}).operand is None


def test_typed_cells_are_read_as_what_they_are() -> None:
    """A number cell may have an exponent, a date cell is ISO whatever forms the sheet has."""
    assert run("number", ["1e3"], kind=Kind.NUMBER) == ["1e3"]
    assert run({"add": 1}, ["1e3"], kind=Kind.NUMBER) == ["1001"]
    assert run({"date": "%d.%m.%Y", "to": "%Y"}, ["2024-05-31"], kind=Kind.DATE) == ["2024"]


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("slugfy", 'did you mean "slugify"?'),
        ("xyzzy", 'there is no transform "xyzzy"'),
        (5, "must be"),
        ({}, "must be"),
        ("truncate", "needs an argument"),
        ({"truncate": True}, "must be a whole number above 0 (and below 1,000,000,000), not true"),
        ({"truncate": 10**20}, "must be a whole number above 0 (and below 1,000,000,000), not 100000000000000000000"),
        ({"truncate": 3, "at": 2}, 'truncate has no option "at"; it has none'),
        ({"lookup": "size", "mising": "keep"}, "it has missing"),
        ({"strip": 1}, 'strip takes no argument: write "strip"'),
        ({"strip": True, "lower": True}, "stand in one table"),
        ({"replace": {}}, "must be a table"),
        ({"replace": {"": "x"}}, 'cannot replace ""'),
        ({"replace": {"a": 5}}, "must replace by texts"),
        ({"regex": {"(": ""}}, 'is no regular expression: "(": unclosed group'),
        ({"regex": {"a(.)": "$2"}}, 'regex replaces "a(.)" by "$2", and that pattern has 1 group, so there is no $2'),
        ({"regex": {"^": "$USD "}}, "and that pattern has no groups, so there is no $USD; write $$ for the sign $"),
        ({"regex": {"(?P<a>.)(.)": "$1 ${a} $2 $0 ${b}"}}, "has 2 groups, so there is no ${b}"),
        ({"extract": "(?=a)"}, "look-around"),
        ({"prefix": 5}, "must be a text, not 5"),
        ({"round": 1.5}, "must be a whole number from -12 to 12, not 1.5"),
        ({"add": [1]}, "must be a number or a column"),
        ({"slugify": "fr"}, 'must be "de"'),
        ({"date": "%Q"}, "there is no %Q"),
        ({"date": []}, "must be a date form"),
        ({"date": "%Y-%m-%d", "to": "%Q"}, "is no date form"),
    ],
)
def test_a_wrong_call_is_told_in_a_sentence(written: Any, sentence: str) -> None:
    """What cannot be a transform is refused when the mapping is read."""
    with pytest.raises(ValueError, match=r".") as caught:
        read_call(written)
    assert sentence in str(caught.value)


def test_calls_say_what_they_are_in_digests() -> None:
    """The order of options does not matter."""
    assert read_call({"lookup": "size", "missing": "keep"}).canonical() == ["lookup", "size", {"missing": "keep"}]


TEXTS = st.lists(
    st.one_of(st.none(), st.text(max_size=40), st.from_regex(r"[-+0-9., €%]{1,12}", fullmatch=True)),
    min_size=1,
    max_size=8,
)


@settings(max_examples=8, deadline=None)
@given(TEXTS)
def test_no_transform_ever_raises_on_any_text(texts: list[str | None]) -> None:
    """A cell can hold anything; what a transform cannot read gives null."""
    for written, _, _ in CASES:
        assert len(run(written, texts)) == len(texts)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=300)), min_size=1, max_size=8))
def test_a_made_slug_is_a_slug_and_stays_one(texts: list[str | None]) -> None:
    """Whatever the text, the slug fits Webflow's pattern and length, and slugifying it again changes nothing."""
    frame = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)})
    for german in (False, True):
        once = frame.select(slugified(pl.col("text"), german=german))
        assert once.get_column("text").drop_nulls().str.contains(SLUG_PATTERN).all()
        assert once.get_column("text").drop_nulls().str.len_chars().le(256).all()
        assert once.select(slugified(pl.col("text"), german=german)).equals(once)


@settings(max_examples=40, deadline=None)
@given(st.decimals(min_value=-(10**9), max_value=10**9, places=3), st.integers(min_value=0, max_value=3))
def test_rounding_is_what_people_do_on_paper(number: Decimal, places: int) -> None:
    """Half away from zero, on the number as it is written."""
    expected = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    assert Decimal(run({"round": places}, [f"{number:f}"])[0]) == expected


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200), st.integers(min_value=1, max_value=40))
def test_truncated_text_is_never_too_long(text: str, length: int) -> None:
    """The `…` counts too; what is short enough stays as it is."""
    short = run({"truncate": length}, [text])[0]
    assert len(short) <= length
    assert short == text if len(text) <= length else short.endswith("…")


def test_python_runs_once_for_each_distinct_value() -> None:
    """Markdown of a thousand equal cells is rendered once; null stays null."""
    seen: list[str] = []

    def note(text: str) -> str:
        seen.append(text)
        return text.upper()

    frame = pl.DataFrame({"text": ["a", None, "b", "a"]})
    assert frame.select(on_distinct(pl.col("text"), note, pl.String)).get_column("text").to_list() == [
        "A",
        None,
        "B",
        "A",
    ]
    assert sorted(seen) == ["a", "b"]


def test_parts_keep_their_places_within_lists() -> None:
    """Empty parts, empty lists and no lists stay what and where they are."""
    frame = pl.DataFrame({"parts": [["a", None, "b"], [], None, ["c"], [None]]}, schema={"parts": pl.List(pl.String)})
    done = frame.select(within_lists(pl.col("parts"), lambda part: part.str.to_uppercase()))
    assert done.get_column("parts").to_list() == [["A", None, "B"], None, None, ["C"], [None]]
