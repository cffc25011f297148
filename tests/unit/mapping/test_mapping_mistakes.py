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
    ('extends = "shop.toml"\n' + NAME, "line 2: extends: only a mapping in a file can extend another one"),
    ("hooks = true\n" + NAME, "line 2: hooks: must be a text, not true"),
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
    ("where = 5\n" + NAME, 'line 2: where: must be a table such as { Column = "text" }, or a list of them'),
    ("[where]\n" + NAME, "where: asks nothing"),
    ("[where]\nA = {}\n" + NAME, "where.A: asks nothing"),
    ("[where]\nA = { mun = 5 }\n" + NAME, 'where.A.mun: there is no key "mun"; did you mean "min"?'),
    ('[where]\nA = { min = "soon" }\n' + NAME, 'where.A.min: must be a number, a date such as 2024-05-31, or "today"'),
    ("[where]\nA = []\n" + NAME, "where.A: is empty"),
    ('[where]\nA = { empty = "yes" }\n' + NAME, 'where.A.empty: must be true or false, not "yes"'),
    ("[lookup.size]\n" + NAME, "lookup.size: has no values"),
    ("[lookup.size]\nS = []\n" + NAME, "lookup.size.S: must be a text, a number, a date, true or false"),
    ('[lookup.s]\nsource = "s.xlsx"\nfrom = "a"\nto = "b"\n' + NAME, 'line 3: lookup.s.source: must be a table: source = { path = "s.xlsx" }'),
    ('[lookup.s]\nsource = ["s.xlsx"]\nfrom = "a"\nto = "b"\n' + NAME, "line 3: lookup.s.source: must be a table, not a list"),
    ('[lookup.s]\nsource = { sheet = "All" }\nfrom = "a"\nto = "b"\n' + NAME, "lookup.s.source.path: is missing"),
    ('[lookup.s]\nsource = { path = "s.csv" }\nfrom = ""\n' + NAME, "line 4: lookup.s.from: is empty"),
    ('[lookup.s]\nsource = { path = "s.csv" }\nform = "a"\nto = "b"\n' + NAME, 'line 4: lookup.s.form: there is no key "form"; did you mean "from"?'),
    ('[lookup.s]\nsource = { path = "s.csv", sheat = 1 }\nfrom = "a"\nto = "b"\n' + NAME, 'lookup.s.source.sheat: there is no key "sheat"; did you mean "sheet"?'),
    ('[lookup.s]\nsource = { path = "s.csv", decimal = "," }\nfrom = "a"\nto = "b"\n' + NAME, 'lookup.s.source.decimal: there is no key "decimal"'),
    ("lookup = { s = 5 }\n" + NAME, "lookup.s: must be a table, not 5"),
    (NAME + 'slug = { from = "A", taken = "suffix" }\n', 'line 4: fields.slug.taken: "suffix" needs a key that is not the slug'),
    ('key = { from = "A" }\n' + NAME + 'slug = { from = "A", taken = "suffix" }\n', 'line 5: fields.slug.taken: "suffix" needs a key that is not the slug'),
    (NAME + 'text = { from = "A", taken = "suffix" }\n', "line 4: fields.text.taken: is for the slug only"),
    ('site = "${NOT_SET}"\n' + NAME, "line 2: site: the environment variable NOT_SET is not set"),
    ('[fields]\nname = [["A"]]\n', "fields.name.from: must be a text, not a list"),
    ('[fields]\nname = { from = "A", else = 1979-05-27T07:32:00Z, alt = 07:32:00 }\n', "fields.name.alt: must be a column, a list of columns, a constant, or a rule such as { from = ... }"),
    ("[fields]\nname = { template = 5 }\n", "fields.name.template: must be a text with {Column}"),
    ('[fields]\nname = { from = "A", transform = [5] }\n', 'fields.name.transform: must be "name" or { name = argument }, not 5'),
    ('[fields]\nname = { from = "A", transform = [{}] }\n', 'fields.name.transform: must be "name" or { name = argument }, not a table'),
    ('[fields]\nname = { from = "A", transform = [{ strip = 5 }] }\n', 'fields.name.transform: strip takes no argument: write "strip"'),
    ('[fields]\nname = { from = "A", transform = [{ prefix = "a", suffix = "b" }] }\n', "prefix and suffix stand in one table: give each a table of its own"),
    ('[fields]\nname = { from = "A", transform = [{ truncate = 5, end = "x" }] }\n', 'truncate has no option "end"; it has none'),
    ('[fields]\nname = { from = "A", transform = [{ round = 99 }] }\n', "round must be a whole number from -12 to 12, not 99"),
    ('[fields]\nname = { from = "A", transform = [{ add = true }] }\n', "add must be a number or a column, not true"),
    ('[fields]\nname = { from = "A", transform = [{ replace = "x" }] }\n', 'replace must be a table such as { "a" = "b" }, not "x"'),
    ('[fields]\nname = { from = "A", transform = [{ replace = { a = 5 } }] }\n', "replace must replace by texts, not by 5"),
    ('[fields]\nname = { from = "A", transform = [{ replace = { "" = "x" } }] }\n', 'replace cannot replace ""'),
    ('[fields]\nname = { from = "A", transform = [{ date = 5 }] }\n', 'date must be a date form such as "%d.%m.%Y", or a list of them, not 5'),
    ('[fields]\nname = { from = "A", transform = [{ date = "%d.%m.%Y", to = "%!" }] }\n', 'date: to is no date form: "%!"'),
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
    ('[fields]\nname = { from = "A", transform = ["slugfy"] }\n', 'there is no transform "slugfy"; did you mean "slugify"?'),
    ('[fields]\nname = { from = "A", transform = ["truncate"] }\n', "truncate needs an argument"),
    ('[fields]\nname = { from = "A", transform = [{ truncate = "x" }] }\n', 'truncate must be a whole number above 0 (and below 1,000,000,000), not "x"'),
    ('[fields]\nname = { from = "A", transform = [{ regex = { "(" = "" } }] }\n', "is no regular expression"),
    ("[fields]\nname = { from = 'A', transform = [{ regex = { '(a)' = '$2' } }] }\n", 'regex replaces "(a)" by "$2", and that pattern has 1 group, so there is no $2; write $$ for the sign $'),
    ('[fields]\nname = { from = "A", transform = [{ lookup = "sizes" }] }\n[lookup.size]\nS = "x"\n', 'there is no [lookup.sizes] in this file; did you mean "size"?'),
    ('[fields]\nname = { from = "A", transform = [{ lookup = "size", missing = "drop" }] }\n[lookup.size]\nS = "x"\n', 'lookup: missing must be "reject" or "keep" or "skip"'),
    ('[fields]\nname = { from = "A", format = "%Q" }\n', 'fields.name.format: "%Q": there is no %Q'),
    ('[fields]\nname = { from = "A", format = "TT.MM.JJJJ" }\n', 'fields.name.format: "TT.MM.JJJJ" names no year (%Y), so it is no date; such a form is written "%d.%m.%Y"'),
    ('[source]\ndates = ["jj/mm/aaaa"]\n' + NAME, 'source.dates: "jj/mm/aaaa" names no year (%Y), so it is no date; such a form is written "%d/%m/%Y"'),
    ('[source]\ndates = ["YYYY-MM-DD hh:mm"]\n' + NAME, 'such a form is written "%Y-%m-%d %H:%M"'),
    ("[field.price]\nfrom = 'A'\n" + NAME, 'line 2: field: there is no key "field"; did you mean "fields"?'),
    ('[source]\npath = ""\n' + NAME, "line 3: source.path: is empty"),
    ('[[source]]\npath = "a.csv"\n' + NAME, "line 2: source: must be a table, not a list: [source] stands in single brackets"),
    ('[fields]\nname = { from = "A", transform = ["xyzzy"] }\n', 'there is no transform "xyzzy"; there are strip, lower, upper, title, '),
    ('decimal = ","\n' + NAME, 'line 2: decimal: there is no key "decimal" here; it stands in [source]'),
    ('draft = "A"\n' + NAME, 'line 2: draft: there is no key "draft" here; it stands in [item]'),
    ('[source]\nmode = "create"\n' + NAME, 'line 3: source.mode: there is no key "mode" here; it stands above the first [table]'),
    ('[fields]\nname = { from = "A", alt = { from = "B", pick = "all" } }\n', "alt keeps step with from"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), READING)
def test_a_mistake_in_the_file_is_told(workshop: Workshop, text: str, sentence: str) -> None:
    """Each says what is wrong in the words of the mapping file."""
    with pytest.raises(MappingError) as caught:
        workshop.read(text)
    assert sentence in str(caught.value)


def test_a_misspelt_table_is_one_mistake() -> None:
    """What it was meant to be is not missing besides."""
    with pytest.raises(MappingError) as caught:
        parse_mapping({"colection": "x", "Fields": {"name": "A"}, "site": 5}, name="m")
    told = str(caught.value).splitlines()
    assert told[0] == 'The mapping "m" has 3 mistakes:'
    assert [line for line in told if "is missing" in line] == []


@pytest.mark.parametrize(
    "line", ['delimiter = "tab"', 'delimiter = "\\t"', 'quote = ""', "sheet = 2", 'encoding = "utf-7"']
)
def test_signs_that_cannot_be_seen_have_names(workshop: Workshop, line: str) -> None:
    """What the messages about sheets advise can be written."""
    workshop.read(f"[source]\n{line}\n{NAME}")


FITTING: list[tuple[str, str]] = [
    ('locale = "xx"\n[fields]\nname = "Title"\n', 'line 2: locale: the site has no locale "xx"; it has en-US, fr-FR, pt-BR, pt-PT'),
    ('[fields]\nname = { from = ["Title", "Status"], pick = "all" }\n', 'fields.name.pick: "all" gives several values, and this needs one: say join = ", " with it'),
    ('[fields]\nname = { from = "Title", split = ",", transform = [{ prefix = "a" }, { add = "Status" }] }\n', 'fields.name.transform: add = "Status" calculates with a column, which needs one value and not several parts'),
    ('hooks = "own.py"\n[fields]\nname = { from = "Title", transform = ["slugfy"] }\n', 'line 4: fields.name.transform: there is no transform "slugfy", neither of ours nor in own.py; did you mean "slugify"?'),
    ('[fields]\nname = "Title"\nprice = { value = "abc" }\n', 'line 4: fields.price: "abc" is no number, and the field "price" takes only numbers'),
    ('[fields]\nname = "Titel"\n', 'line 3: fields.name.from: there is no column "Titel" in the sheet; did you mean "Title"?'),
    ('[fields]\nname = { template = "{Titel}" }\n', 'fields.name.template: there is no column "Titel"'),
    ('[fields]\nname = { from = "Title", when = { Stat = "x" } }\n', 'fields.name.when: there is no column "Stat" in the sheet; did you mean "Status"?'),
    ('[fields]\nname = { from = "Title", else = "Xyz" }\n', 'fields.name.else.from: there is no column "Xyz" in the sheet; the columns are "Title", "Status"'),
    ('[fields]\nname = "Title"\nprice = { from = "Title", transform = [{ add = "Tax" }] }\n', 'fields.price.transform: there is no column "Tax"'),
    ('[source]\ngroup_by = "_row"\n[fields]\nname = "Title"\n', 'source.group_by: takes columns of the sheet; "_row" is the number of a row'),
    ('[source]\nfill_down = ["Titel"]\n[fields]\nname = "Title"\n', 'source.fill_down: there is no column "Titel" in the sheet; did you mean "Title"?'),
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
    ('[fields]\nname = { from = "Title", missing = "create" }\n', "fields.name.missing: is for references"),
    ('[fields]\nname = "Title"\nauthor = { from = "Title", match = "id", missing = "create" }\n', 'fields.author.missing: "create" makes items of what cells call them by name: it goes with match = "name", not "id"'),
    ('[fields]\nname = "Title"\nauthor = { from = "Title", else = { from = "Status", match = "id" } }\n', "belong to the whole rule"),
    ('[where]\nStatus = "x"\nmode = "create"\n[fields]\nname = "Title"\n', 'line 4: where.mode: there is no column "mode" in the sheet (the setting of this name stands above the first [table])'),
    ('[fields]\nname = "Title"\non-sale = "yes"\n', 'line 4: fields.on-sale.from: there is no column "yes" in the sheet; the columns are "Title", "Status"; for this text in every row write { value = "yes" }'),
    ('[fields]\nname = "Title"\nkey = "sku"\n', 'line 4: fields.key: there is no field "key" in the collection "things" (the setting of this name stands above the first [table])'),
    ('locale = "fr-BE"\n[fields]\nname = "Title"\n', 'line 2: locale: the site has no locale "fr-BE"; it has en-US, fr-FR, pt-BR, pt-PT'),
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
    ('mode = "upsert"\n' + NAME, "mode"),
    ('mode = "mirror"\n' + NAME, "mode"),
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
