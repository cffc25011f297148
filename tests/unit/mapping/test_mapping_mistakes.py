# ruff: noqa: E501 - a line for each mistake
"""Every mistake of a mapping is told at once, with its key path, its line and the nearest right word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.errors import MappingError, NotYet
from importer.mapping import parse_mapping
from tests.unit.mapping.conftest import collection

if TYPE_CHECKING:
    from tests.unit.mapping.conftest import Workshop

NAME = '[fields]\nname = "A"\n'

READING: list[tuple[str, str]] = [
    ('colection = "x"\n' + NAME, 'line 2: colection: there is no key "colection"; did you mean "collection"?'),
    ('collection = "x"\n', "fields: is missing"),
    ('mode = "upset"\n' + NAME, 'line 2: mode: must be "create", "upsert" or "mirror", not "upset"'),
    ('publish = "yes"\n' + NAME, 'publish: must be "live" or "draft", not "yes"'),
    ('skip_invalid_files = "no"\n' + NAME, 'skip_invalid_files: must be true or false, not "no"'),
    ('existing = "keep"\n' + NAME, 'existing: must be "reject" or "adopt", not "keep"'),
    ('key = ["A"]\n' + NAME, "key: must be the slug of a field, or a rule"),
    ('key = { value = "x" }\n' + NAME, "key: is the same in every row"),
    ("[source]\nheader = 1\n" + NAME, 'line 3: source.header: there is no key "header"; did you mean "header_row"?'),
    ("[source]\nheader_row = -1\n" + NAME, "source.header_row: must be 0 or more, not -1"),
    ('[source]\nheader_row = "1"\n' + NAME, 'source.header_row: must be a whole number, not "1"'),
    ('[source]\nencoding = "utf-9"\n' + NAME, 'there is no encoding "utf-9"'),
    ('[source]\nencoding = "rot13"\n' + NAME, 'there is no encoding "rot13"'),
    ('[source]\nencoding = "idna"\n' + NAME, 'there is no encoding "idna"'),
    ("[source]\nsheet = 1.5\n" + NAME, "line 3: source.sheet: must be the name of a sheet, or its number"),
    ('[source]\ndelimiter = ";;"\n' + NAME, "source.delimiter: must be one character"),
    ('[source]\ndelimiter = "\\n"\n' + NAME, "source.delimiter: must be one character"),
    ('[source]\nquote = "<<"\n' + NAME, "source.quote: must be one character"),
    ('[source]\ndelimiter = ";"\nquote = ";"\n' + NAME, 'source: delimiter and quote are both ";"'),
    ('site = "${WEBFLOW_TOKEN}"\n' + NAME, "site: WEBFLOW_TOKEN is a secret"),
    ('[fields]\nname = { from = "A", transform = [{ divide = 0 }] }\n', "divide must not be 0"),
    ('[fields]\nname = { from = "A", transform = [{ add = inf }] }\n', "add must be a number that a cell can hold"),
    ('[fields]\nname = { from = "A", transform = [{ add = 1' + "0" * 400 + " }] }\n", "add must be a number that a"),
    ('[source]\ndecimal = ";"\n' + NAME, 'source.decimal: must be "." or ",", not ";"'),
    ('[source]\ntimezone = "Berlin"\n' + NAME, 'there is no time zone "Berlin"'),
    ('[source]\ndates = ["%d.%m"]\n' + NAME, "source.dates: "),
    ('[source]\nbase_url = "old.example"\n' + NAME, "source.base_url: must be an address"),
    ("where = 5\n" + NAME, "where: must be a list, not 5"),
    ("[where]\n" + NAME, "where: asks nothing"),
    ("[where]\nA = {}\n" + NAME, "where.A: asks nothing"),
    ("[where]\nA = { mun = 5 }\n" + NAME, 'where.A.mun: there is no key "mun"; did you mean "min"?'),
    ('[where]\nA = { min = "soon" }\n' + NAME, 'where.A.min: must be a number, a date such as 2024-05-31, or "today"'),
    ("[where]\nA = []\n" + NAME, "where.A: is empty"),
    ('[where]\nA = { empty = "yes" }\n' + NAME, 'where.A.empty: must be true or false, not "yes"'),
    ("[lookup.size]\n" + NAME, "lookup.size: has no values"),
    ("[lookup.size]\nS = []\n" + NAME, "lookup.size.S: must be a text, a number, a date, true or false"),
    ("[fields]\nname = {}\n", "fields.name: a rule needs one of from, template, value or when"),
    ('[fields]\nname = { from = "A", template = "{A}" }\n', "fields.name: says from and template"),
    ("[fields]\nname = { from = [] }\n", "fields.name.from: is empty"),
    ("[fields]\nname = { from = 5 }\n", "fields.name.from: must be a text, not 5"),
    ('[fields]\nname = { form = "A" }\n', 'fields.name.form: there is no key "form"; did you mean "from"?'),
    ('[fields]\nname = { template = "{A" }\n', "is never closed; write {{ for the sign {"),
    ('[fields]\nname = { template = "[{A}" }\n', "is never closed; write [[ for the sign ["),
    ('[fields]\nname = { template = "[x] {A}" }\n', "has no {Column}; write [[ for the sign ["),
    ('[fields]\nname = { template = "[{A}[{B}]]" }\n', "stands inside another one"),
    ('[fields]\nname = { template = "x" }\n', "a text that is always the same is a `value`"),
    ('[fields]\nname = { template = "{}" }\n', "names no column"),
    ('[fields]\nname = { value = "" }\n', "fields.name.value: is empty"),
    ("[fields]\nname = { value = inf }\n", "is no number that a cell can hold"),
    ('[fields]\nname = { from = "A", pick = "frist" }\n', 'fields.name.pick: must be "first", "last"'),
    ('[fields]\nname = { from = "A", join = "," }\n', 'fields.name: join makes one text of several parts: say pick = "all"'),
    ('[fields]\nname = { from = "A", split = "" }\n', "fields.name.split: is empty"),
    ('[fields]\nname = { from = "A", default = "x", empty = "omit" }\n', "says default and empty"),
    ('[fields]\nname = { from = "A", empty = "drop" }\n', 'fields.name.empty: must be "omit" or "clear"'),
    ('[fields]\nname = { from = "A", else = { from = "B", picks = "all" } }\n', 'fields.name.else.picks: there is no key "picks"; did you mean "pick"?'),
    ('[fields]\nname = { when = { A = "x" }, transform = ["lower"] }\n', "there is no text to split, transform"),
    ('[fields]\nname = { from = "A", taken = "reject" }\n', "fields.name.taken: is for the slug only"),
    ('[fields]\nname = { from = "A", transform = ["slugfy"] }\n', "there is no transform 'slugfy'; did you mean 'slugify'?"),
    ('[fields]\nname = { from = "A", transform = ["truncate"] }\n', "truncate needs an argument"),
    ('[fields]\nname = { from = "A", transform = [{ truncate = "x" }] }\n', "truncate must be a whole number above 0 (and below 1,000,000,000), not 'x'"),
    ('[fields]\nname = { from = "A", transform = [{ regex = { "(" = "" } }] }\n', "is no regular expression"),
    ('[fields]\nname = { from = "A", transform = [{ lookup = "sizes" }] }\n[lookup.size]\nS = "x"\n', 'there is no [lookup.sizes] in this file; did you mean "size"?'),
    ('[fields]\nname = { from = "A", transform = [{ lookup = "size", missing = "drop" }] }\n[lookup.size]\nS = "x"\n', "lookup: missing must be 'reject' or 'keep' or 'skip'"),
    ('[fields]\nname = { from = "A", format = "%Q" }\n', 'fields.name.format: "%Q": there is no %Q'),
    ('[fields]\nname = { from = "A", alt = { from = "B", pick = "all" } }\n', "alt keeps step with from"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), READING)
def test_a_mistake_in_the_file_is_told(workshop: Workshop, text: str, sentence: str) -> None:
    """Each says what is wrong in the words of the mapping file."""
    with pytest.raises(MappingError) as caught:
        workshop.read(text)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    "line", ['delimiter = "tab"', 'delimiter = "\\t"', 'quote = ""', "sheet = 2", 'encoding = "utf-7"']
)
def test_signs_that_cannot_be_seen_have_names(workshop: Workshop, line: str) -> None:
    """What the messages about sheets advise can be written."""
    workshop.read(f"[source]\n{line}\n{NAME}")


FITTING: list[tuple[str, str]] = [
    ('[fields]\nname = "Titel"\n', 'line 3: fields.name.from: there is no column "Titel" in the sheet; did you mean "Title"?'),
    ('[fields]\nname = { template = "{Titel}" }\n', 'fields.name.template: there is no column "Titel"'),
    ('[fields]\nname = { from = "Title", when = { Stat = "x" } }\n', 'fields.name.when: there is no column "Stat" in the sheet; did you mean "Status"?'),
    ('[fields]\nname = { from = "Title", else = "Xyz" }\n', 'fields.name.else.from: there is no column "Xyz" in the sheet; the columns are "Title", "Status"'),
    ('[fields]\nname = "Title"\nprice = { from = "Title", transform = [{ add = "Tax" }] }\n', 'fields.price.transform: there is no column "Tax"'),
    ('[where]\nStats = "x"\n[fields]\nname = "Title"\n', 'line 3: where.Stats: there is no column "Stats"'),
    ('key = { from = "ID" }\n[fields]\nname = "Title"\n', 'line 2: key.from: there is no column "ID" in the sheet (a rule as key takes columns;'),
    ('[fields]\nname = "Title"\n[item]\ndraft = "Draft?"\n', 'item.draft.from: there is no column "Draft?"'),
    ('[fields]\nname = "Title"\nprices = "Status"\n', 'fields.prices: there is no field "prices" in the collection "things"; did you mean "price"?'),
    ('[fields]\nname = "Title"\n"How many" = "Status"\n', 'the field "How many" has the slug "count"'),
    ('[fields]\nname = "Title"\nowner = "Status"\n', "fields.owner: is a field of the type User, which Webflow lets nobody write"),
    ('[fields]\nprice = "Status"\n', 'fields: has no rule for "name"'),
    ('key = "Status"\n[fields]\nname = "Title"\n', 'key: there is no field "Status" in the collection "things"'),
    ('key = "Status"\n[fields]\nname = "Title"\n', 'for the column of this name write key = { from = "Status" }'),
    ('key = "sku"\n[fields]\nname = "Title"\n', 'key: is the field "sku", for which [fields] has no rule'),
    ('key = "tags"\n[fields]\nname = "Title"\ntags = "Status"\n', "of the type MultiReference, which cannot tell items apart"),
    ('[fields]\nname = { from = "Title", format = "%Y" }\n', "fields.name.format: is for dates"),
    ('[fields]\nname = { from = "Title", match = "name" }\n', "fields.name.match: is for references"),
    ('[fields]\nname = { from = "Title", missing = "skip" }\n', "fields.name.missing: is for references"),
    ('[fields]\nname = { from = "Title", alt = "Status" }\n', "fields.name.alt: is for images"),
    ('[fields]\nname = "Title"\nauthor = { from = "Title", else = { from = "Status", match = "id" } }\n', "belong to the whole rule"),
    ('[fields]\nname = "Title"\ngallery = { from = "Title", transform = ["urls"], alt = "Status" }\n', "fields.gallery.alt: cannot keep step with parts that urls finds"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), FITTING)
def test_what_does_not_fit_sheet_or_collection_is_told(workshop: Workshop, text: str, sentence: str) -> None:
    """Columns against the sheet, fields against the collection, keys against the field's type."""
    with pytest.raises(MappingError) as caught:
        workshop.compiled(text, ["Title", "Status"])
    assert sentence in str(caught.value)


def test_a_required_field_without_a_rule_is_a_mistake(workshop: Workshop) -> None:
    """Every row would be refused for it."""
    with pytest.raises(MappingError, match='fields: has no rule for "text", which the collection requires'):
        workshop.compiled(NAME, ["A"], schema=collection("text"))


def test_all_mistakes_come_at_once_and_in_the_order_of_the_file(workshop: Workshop) -> None:
    """Nobody corrects a mapping one mistake at a time."""
    text = 'mode = "x"\n[source]\ndecimal = "-"\n[fields]\nname = { from = "A", pck = 1, pick = "x" }\nslug = { frm = "A" }\n'
    with pytest.raises(MappingError) as caught:
        workshop.read(text)
    lines = [mistake.split(":")[0] for mistake in caught.value.mistakes]
    assert lines == ["line 2", "line 4", "line 6", "line 6", "line 7"]
    assert str(caught.value).startswith('The mapping "things.toml" has 5 mistakes:')
    with pytest.raises(MappingError) as caught:
        workshop.compiled('key = "x"\n[where]\nX = "1"\n[fields]\nname = "Y"\nzzz = "A"\n', ["A"])
    assert len(caught.value.mistakes) == 4


LATER: list[tuple[str, str]] = [
    ('extends = "shop.toml"\n' + NAME, "extends"),
    ('hooks = "x.py"\n' + NAME, "hooks"),
    ('mode = "upsert"\n' + NAME, "mode"),
    ('mode = "mirror"\n' + NAME, "mode"),
    ('[lookup.s]\nsource = { path = "x.xlsx" }\nfrom = "a"\nto = "b"\n' + NAME, "lookup.s"),
    (NAME + 'author = { from = "A", match = "key" }\n', "fields.author.match"),
    (NAME + 'author = { from = "A", missing = "create" }\n', "fields.author.missing"),
    (NAME + 'slug = { from = "A", taken = "suffix" }\n', "fields.slug.taken"),
]


@pytest.mark.parametrize(("text", "path"), LATER)
def test_what_comes_later_is_answered_clearly(workshop: Workshop, text: str, path: str) -> None:
    """The language has it, this version has not: no mistake, and no silence."""
    with pytest.raises(NotYet) as caught:
        workshop.read(text)
    assert f": {path}: " in str(caught.value)
    assert caught.value.exit_code == 2


def test_lines_inside_texts_are_no_keys(workshop: Workshop) -> None:
    """A text over several lines may hold what looks like keys."""
    text = 'site = """\n[fields]\nname = 5\n"""\n[fields]\nname = { frm = "A" }\n'
    with pytest.raises(MappingError, match=r"line 7: fields\.name\.frm"):
        workshop.read(text)


def test_a_mapping_names_its_collection() -> None:
    """Without one nothing can be read from Webflow; without the text of the file no lines are told."""
    with pytest.raises(MappingError) as caught:
        parse_mapping({"fields": {"name": "A"}, "lookup": 5}, name="things.toml")
    assert caught.value.mistakes == ("collection: is missing", "lookup: must be a table, not 5")


def test_the_environment_fills_settings_and_no_rules() -> None:
    """`${NAME}` is a variable in settings; in a regular expression it is a group. One that is not set is a mistake."""
    table = {
        "collection": "${SHOP}-x",
        "source": {"path": "${SHOP}.csv", "null_values": ["${SHOP}"]},
        "fields": {"name": {"from": "A", "transform": [{"regex": {"(?<SHOP>a)": "${SHOP}"}}]}},
    }
    read = parse_mapping(table, name="things.toml", environment={"SHOP": "berlin"})
    assert (read.collection, read.source.path, read.source.null_values) == ("berlin-x", "berlin.csv", ("berlin",))
    assert read.fields["name"].transforms[0].argument == {"(?<SHOP>a)": "${SHOP}"}
    with pytest.raises(MappingError) as caught:
        parse_mapping(table, name="things.toml")
    assert caught.value.mistakes[0] == "collection: the environment variable SHOP is not set"
    assert {mistake.split(":")[0] for mistake in caught.value.mistakes} == {
        "collection",
        "source.path",
        "source.null_values",
    }
