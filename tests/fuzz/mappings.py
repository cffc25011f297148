# ruff: noqa: E501 - lists of words
"""Mapping files as nobody would write them: whatever they say ends in items, problems or a sentence."""

from __future__ import annotations

import random
import string
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, get_args

import polars as pl

from importer.commands.hooks import bring
from importer.commands.loading import load_mapping
from importer.commands.lookups import read_lookups
from importer.errors import Bug, ImporterError
from importer.fields import key_table, reference_table
from importer.mapping import compile_mapping, items_of, problems_of, reference_needs
from importer.mapping.language import ItemPart, MappingPart, Pick, RulePart, SourcePart, TestPart
from importer.model import BROKEN, KIND_PREFIX, ROW, Kind
from importer.schema import Locale, Locales, parse_collection
from importer.transforms import TRANSFORMS
from tests.fuzz.target import Case

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.mapping import Mapping
    from importer.schema import CollectionSchema

COLUMNS = ["Title", "Price", "Tags", "When", "Title (2)", "a.b", " x "]
TYPES = {
    "text": "PlainText", "html": "RichText", "price": "Number", "starts": "DateTime", "sale": "Switch", "link": "Link",
    "mail": "Email", "phone": "Phone", "color": "Color", "video": "VideoLink", "photo": "Image", "gallery": "MultiImage",
    "file": "File", "author": "Reference", "tags": "MultiReference", "size": "Option", "owner": "User",
}  # fmt: skip
CELLS = [None, "", " ", "1", "1,5", "1.234,50", "yes", "no", "31.05.2024", "2024-05-31", "a;b", '[1, "x"]', '"', "<p>x</p>",
         "https://a.example/x.jpg", "\0", "\N{LATIN SMALL LETTER E WITH ACUTE}", "Ada", "x" * 300, "TRUE", "#N/A", "1e400", "-0"]  # fmt: skip
WORDS = ["Title", "Price", "Tags", "When", "Nope", "", "*", "today", "live", "suffix", "reject", "create", "name", "slug", "id",
         "key", "json", "csv", "lines", ";", "%d.%m.%Y", "%Q", "unix", "{Title}", "[{Title}] {Price}", "[[", "{{", "${HOME}", "${NO}",
         "s", "lookup", "1", "\0", "utf-8", "tab", "things", "other.toml", "own.py", "s.csv", "(", "$1", "a(.)", "Europe/Berlin", "-",
         "https://old.example", "fr-FR", "0" * 24]  # fmt: skip
HOOKS = [
    "",
    "def shout(text):\n    return text\n",
    "def rows(frame):\n    return frame.head(1)\n",
    "x = 1 / 0\n",
    "def f(:\n",
]


class Mappings:
    """Makes a mapping file out of a number, and does with it what `check` does; only sentences may end that."""

    def make(self, random: random.Random) -> Case:
        """Draw a number: everything else comes of it."""
        return Case(str(random.getrandbits(48)).encode(), "number.txt", "the mapping file that comes of this number")

    def attempt(self, case: Case, folder: Path) -> None:
        """Check a sheet with the mapping file; raises AssertionError where a message is no sentence of ours."""
        once(int(case.data), folder)


def once(seed: int, folder: Path) -> None:
    """Make a mapping file out of a seed, and do with it what `check` does; raises AssertionError."""
    try:
        _checked(random.Random(seed), folder)
    except Bug as error:
        raise AssertionError(str(error)) from error  # it is an ImporterError, too, which would pass as an answer
    except ImporterError as error:
        _readable(error)


def _readable(error: ImporterError) -> None:
    """A message is a sentence of ours, in which no Python and no polars shows."""
    text = str(error)
    for word in ("Traceback", "This error occurred", "<class", "object at 0x", "pydantic", "polars_"):
        assert word not in text, text
    assert error.exit_code == 2, text
    assert text.strip()


def _checked(chance: random.Random, folder: Path) -> None:
    for name in ("things", "other"):
        (folder / f"{name}.toml").write_text(_text(chance), encoding="utf-8", newline="")
    shared = {"fields": {"text": _rule(chance, 1, "PlainText")}, "source": {"decimal": ","}}
    (folder / "sound.toml").write_text(
        "".join(f"{key} = {_toml(one)}\n" for key, one in shared.items()), encoding="utf-8"
    )
    (folder / "own.py").write_text(chance.choice(HOOKS), encoding="utf-8")
    lines = ["Title,Price"] + [f"{chance.randint(0, 3)},{chance.randint(0, 3)}" for _ in range(chance.randint(0, 3))]
    (folder / "s.csv").write_text("\n".join(lines), encoding="utf-8")
    mapping: Mapping = load_mapping(folder / "things.toml")
    tables, _ = read_lookups(mapping, folder)
    mapping, _ = bring(replace(mapping, lookups={**mapping.lookups, **tables}), folder)
    schema = _schema()
    pairs = [("Ada", "1" * 24), ("1", "2" * 24), ("Bob", "3" * 24), ("bob", "4" * 24)]
    references = {
        need.field_slug: key_table("people", pairs, ["a"])
        if need.match == "key"
        else reference_table("p", need.match, pairs)
        for need in reference_needs(mapping, schema)
    }
    locales = Locales(
        primary=Locale(cms_locale_id="a" * 24, tag="en"), secondary=(Locale(cms_locale_id="b" * 24, tag="fr-FR"),)
    )
    kinds = chance.sample(COLUMNS, chance.randint(0, 3))
    compiled = compile_mapping(
        mapping,
        schema,
        COLUMNS,
        kinds=frozenset(kinds),
        references=references,
        locales=chance.choice([locales, None]),
        today=date(2026, 3, 10),
        ours=chance.random() < 0.2,
    )
    mapped = compiled.apply(_frame(chance, kinds))
    problems = mapped.problems
    for problem in problems_of(problems, compiled):
        assert problem.message
        assert problem.fix
    good = mapped.frame.filter(~pl.col(ROW).is_in(problems.get_column("row").implode()))
    assert len(list(items_of(good, compiled))) == good.height


def _frame(chance: random.Random, kinds: list[str]) -> pl.DataFrame:
    height = chance.randint(1, 6)
    cells = {name: pl.Series([_cell(chance) for _ in range(height)], dtype=pl.String) for name in COLUMNS}
    return pl.DataFrame(cells).with_columns(
        pl.Series(ROW, range(2, height + 2), dtype=pl.UInt32),
        pl.Series(BROKEN, [chance.choice([None, None, None, "odd"]) for _ in range(height)], dtype=pl.String),
        *(
            pl.Series(
                KIND_PREFIX + name, [int(chance.choice([Kind.TEXT, Kind.ERROR])) for _ in range(height)], dtype=pl.UInt8
            )
            for name in kinds
        ),
    )


def _cell(chance: random.Random) -> str | None:
    text = chance.choice(CELLS)
    return text if text is None or text.strip() else None


def _schema() -> CollectionSchema:
    fields: list[dict[str, Any]] = [
        {"slug": slug, "displayName": slug.title(), "type": kind}
        for slug, kind in {"name": "PlainText", "slug": "PlainText", **TYPES}.items()
    ]
    for field in fields:
        if field["type"] in {"Reference", "MultiReference"}:
            field["validations"] = {"collectionId": "e" * 24}
        if field["type"] == "Option":
            field["validations"] = {"options": [{"id": "0" * 24, "name": "S"}]}
    return parse_collection({"id": "f" * 24, "slug": "things", "displayName": "Things", "fields": fields})


# The text -----------------------------------------------------------------------------------------------------------


def _text(chance: random.Random) -> str:
    """Write a mapping: mostly one that could be right, sometimes with signs changed, sometimes anything."""
    text = "".join(f"{_key(name)} = {_toml(value)}\n" for name, value in _file(chance).items())
    if chance.random() < 0.15:
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(text) + 1)
            text = (
                text[:at]
                + chance.choice([*string.printable, "\ufeff", "[[x]]\n", '"""'])
                + text[at + chance.randint(0, 2) :]
            )
    return text


def _file(chance: random.Random) -> dict[str, Any]:
    if chance.random() < 0.6:
        return _sound(chance)
    fields = {slug: _rule(chance, 2) for slug in chance.sample(list(TYPES), chance.randint(0, 4))}
    made: dict[str, Any] = {"collection": "things", "fields": {"name": _rule(chance, 1), **fields}}
    if chance.random() < 0.4:
        made["fields"]["slug"] = _rule(chance, 1)
    more: dict[str, Callable[[], Any]] = {
        "source": lambda: {key: _value(chance, 1) for key in chance.sample(SourcePart.keys(), 2)},
        "where": lambda: _conditions(chance),
        "lookup": lambda: {"s": chance.choice([{"1": "one"}, _value(chance, 2)])},
        "item": lambda: {key: _rule(chance, 1) for key in chance.sample(ItemPart.keys(), 1)},
        "key": lambda: chance.choice(["slug", "name", _rule(chance, 1)]),
        "extends": lambda: chance.choice(["other.toml", "things.toml", _value(chance, 0)]),
        "hooks": lambda: "own.py",
        chance.choice(MappingPart.keys()): lambda: _value(chance, 2),
    }
    return made | {key: make() for key, make in more.items() if chance.random() < 0.2}


def _sound(chance: random.Random) -> dict[str, Any]:
    """Write a mapping that is right, or nearly so: then its expressions are what is tried out."""
    writable = {slug: kind for slug, kind in TYPES.items() if kind != "User"}
    chosen = chance.sample(list(writable), chance.randint(1, 4))
    fields = {slug: _rule(chance, 2, writable[slug]) for slug in chosen}
    made: dict[str, Any] = {
        "collection": "things",
        "key": chance.choice([{"from": "Tags"}, {"from": ["Tags", "Price"], "transform": ["strip"]}]),
        "fields": {"name": _rule(chance, 1, "PlainText"), "slug": {"from": "Title", "taken": "suffix"}, **fields},
        "lookup": {"s": chance.choice([{"1": "one"}, {"source": {"path": "s.csv"}, "from": "Title", "to": "Price"}])},
    }
    more: dict[str, Callable[[], Any]] = {
        "source": lambda: {"decimal": ",", "dates": ["%d.%m.%Y"], "timezone": "Europe/Berlin", "null_values": ["-"]},
        "where": lambda: {chance.choice(COLUMNS): {"not": "x"}},
        "item": lambda: {key: _rule(chance, 1, "Switch") for key in ("draft", "archived")},
        "extends": lambda: "sound.toml",
        "hooks": lambda: "own.py",
    }
    return made | {key: make() for key, make in more.items() if chance.random() < 0.2}


def _rule(chance: random.Random, depth: int, kind: str = "") -> Any:
    """Write a rule: with a kind of field one that fits it, else one of anything."""
    if chance.random() < 0.25:
        return chance.choice(
            [chance.choice(COLUMNS), [chance.choice(COLUMNS), "Title"], *([] if kind else [_value(chance, 0)])]
        )
    rule: dict[str, Any] = {}
    start = chance.choice(["from", "from", "from", "template", "value", "when"])
    starts: dict[str, Callable[[], Any]] = {
        "from": lambda: chance.choice(COLUMNS) if chance.random() < 0.6 else chance.sample(COLUMNS, 2),
        "template": lambda: chance.choice(["{Title}", "[{Title}, ]{Price}", "{When}" if kind else "x"]),
        "value": lambda: chance.choice(["Ada", 1, True]) if kind else _value(chance, 0),
        "when": lambda: _conditions(chance),
    }
    rule[start] = starts[start]()
    makers: dict[str, Callable[[], Any]] = {
        "split": lambda: chance.choice([";", "lines", "csv", "json", ">"]),
        "transform": lambda: [_call(chance, fits=bool(kind)) for _ in range(chance.randint(1, 3))],
        "else": lambda: _rule(chance, depth - 1, kind) if depth else "Price",
        "alt": lambda: "Price",
        "pick": lambda: chance.choice(get_args(Pick)),
        "join": lambda: ", ",
        "format": lambda: chance.choice(["%d.%m.%Y", "unix", ["%Y-%m-%d", "unix_ms"]]),
        "match": lambda: chance.choice(["name", "slug", "id", "key", "text"]),
        "missing": lambda: chance.choice(["reject", "skip"]),
        "taken": lambda: chance.choice(["reject", "suffix"]),
        "default": lambda: chance.choice(["Ada", 1, True]) if kind else _value(chance, 0),
        "empty": lambda: chance.choice(["omit", "clear"]),
        "when": lambda: _conditions(chance),
    }
    for key in chance.sample(list(makers), chance.choice([0, 1, 1, 2, 3])):
        rule[key] = makers[key]()
    if kind:
        _fitted(rule, kind)
    elif chance.random() < 0.1:
        rule[chance.choice(RulePart.keys())] = _value(chance, 2)
    return rule


_ONLY = {
    "format": {"DateTime"}, "match": {"Reference", "MultiReference"}, "missing": {"Reference", "MultiReference"},
    "alt": {"Image", "MultiImage"}, "taken": {"slug"},
}  # fmt: skip


def _fitted(rule: dict[str, Any], kind: str) -> None:
    """Take out of a rule what its field's type has no use for, and what contradicts itself."""
    for key, kinds in _ONLY.items():
        if kind not in kinds:
            rule.pop(key, None)
    if not rule.keys() & {"from", "template", "value"}:
        for key in ("split", "transform", "alt"):
            rule.pop(key, None)
    if "default" in rule:
        rule.pop("empty", None)
    if rule.get("pick") in {"all", "rest"} and kind not in {"MultiReference", "MultiImage"}:
        rule["join"] = ", "
    elif "join" in rule:
        rule["pick"] = "all"
    if isinstance(rule.get("else"), dict):
        for key in ("match", "missing", "taken"):
            rule["else"].pop(key, None)


def _call(chance: random.Random, *, fits: bool) -> Any:
    name = chance.choice([*TRANSFORMS, *([] if fits else ["shout"])])
    fitting = {
        "replace": {"a": "b"}, "regex": {"a(.)": "$1"}, "extract": "(.)", "extract_all": "[0-9]", "prefix": "x", "suffix": "y",
        "truncate": 5, "lookup": "s", "round": 1, "add": chance.choice([1, "Price"]), "subtract": 2.5, "multiply": "Price",
        "divide": chance.choice([3, "Price"]), "date": "%d.%m.%Y", "number": ",", "slugify": "de",
    }  # fmt: skip
    if name in fitting and (fits or chance.random() < 0.85):
        return {name: fitting[name]}
    return name if fits or chance.random() < 0.7 else {name: _value(chance, 1)}


def _conditions(chance: random.Random) -> Any:
    table = {chance.choice(COLUMNS): _condition(chance) for _ in range(chance.randint(1, 2))}
    return [table, {"Title": "1"}] if chance.random() < 0.2 else table


def _condition(chance: random.Random) -> Any:
    tests = {
        "not": chance.choice(["1", ["a", "b"], {"empty": True}, {"like": "a*"}]),
        "empty": chance.choice([True, False]),
        "like": chance.choice(["*a*", "*", "[x]"]),
        "min": chance.choice([1, "today", "2024-05-31", _value(chance, 0)]),
        "max": chance.choice([1.5, "today", date(2024, 5, 31)]),
    }
    if chance.random() < 0.4:
        return chance.choice(["1", ["a", 1, True], _value(chance, 1)])
    return {key: tests[key] for key in chance.sample(TestPart.keys(), chance.randint(1, 2))}


def _value(chance: random.Random, depth: int) -> Any:
    simple = [
        chance.choice(WORDS), chance.choice(WORDS), "".join(chance.choices(string.printable, k=5)), chance.randint(-3, 1000), 10**chance.randint(1, 30),
        chance.random() * 10, float("inf"), float("nan"), True, False, date(2024, 5, 31), datetime(2024, 5, 31, 12, tzinfo=UTC), time(7, 32),
    ]  # fmt: skip
    if depth and chance.random() < 0.3:
        return [_value(chance, depth - 1) for _ in range(chance.randint(0, 2))]
    if depth and chance.random() < 0.4:
        return {chance.choice(WORDS): _value(chance, depth - 1) for _ in range(chance.randint(0, 2))}
    return chance.choice(simple)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return _quoted(value) if isinstance(value, str) else str(value)


def _key(name: str) -> str:
    return _quoted(name)


def _quoted(text: str) -> str:
    signs = (sign if sign >= " " and sign not in '"\\\x7f' else f"\\u{ord(sign):04x}" for sign in text)
    return f'"{"".join(signs)}"'
