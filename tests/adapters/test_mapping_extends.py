"""`extends`: what one mapping file says holds in another, unless it is said again."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from importer.commands.check import check
from importer.commands.loading import load_mapping, prepare
from importer.commands.options import RunOptions
from importer.errors import MappingError
from importer.mapping import compile_mapping
from tests.unit.mapping.conftest import collection, frame_of

if TYPE_CHECKING:
    from pathlib import Path

    from importer.commands.loading import MappingOfFile
    from importer.mapping import Compiled

SHOP = """
collection = "things"
locale = "fr-FR"
key = { from = "ID" }

[source]
path = "sheets/things.csv"
decimal = ","
null_values = ["N/A", "NULL"]

[where]
Status = "active"
Kind = ["a", "b"]

[lookup.size]
S = "Small"
M = "Medium"

[fields]
name = "Title"
price = { from = ["Sale", "Price"], pick = "min" }

[item]
draft = "Draft?"
"""


def write(folder: Path, **texts: str) -> Path:
    """Write mapping files (`__` is a folder's slash); gives the path of `things.toml`."""
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "things.toml"


def mistakes(path: Path) -> tuple[str, ...]:
    with pytest.raises(MappingError) as caught:
        load_mapping(path)
    return caught.value.mistakes


def test_what_the_extended_file_says_holds_unless_it_is_said_again(tmp_path: Path) -> None:
    """Tables of settings and names are merged key by key; rules, conditions and lists are replaced whole."""
    own = """
extends = "shop.toml"
locale = "de-DE"
[source]
null_values = ["-"]
[where]
Kind = { not = "c" }
[lookup.size]
M = "Middle"
L = "Large"
[fields]
price = { from = "Price" }
sku = "SKU"
[item]
archived = "Old?"
"""
    whole = """
collection = "things"
locale = "de-DE"
key = { from = "ID" }
[source]
path = "sheets/things.csv"
decimal = ","
null_values = ["-"]
[where]
Status = "active"
Kind = { not = "c" }
[lookup.size]
S = "Small"
M = "Middle"
L = "Large"
[fields]
name = "Title"
price = { from = "Price" }
sku = "SKU"
[item]
draft = "Draft?"
archived = "Old?"
"""
    path = write(tmp_path, things=own, shop=SHOP, whole=whole)
    laid, said = load_mapping(path), load_mapping(tmp_path / "whole.toml")
    for name in ("collection", "locale", "key", "source", "where", "lookups", "fields", "draft", "archived"):
        assert getattr(laid, name) == getattr(said, name), name


@pytest.mark.parametrize(
    ("own", "shop", "found"),
    [
        ('where = [{ A = "1" }]\n', '[where]\nB = "2"\n', 1),
        ('[where]\nA = "1"\n', 'where = [{ B = "2" }, { C = "3" }]\n', 1),
    ],
    ids=["list over table", "table over list"],
)
def test_a_list_of_conditions_is_replaced_whole(tmp_path: Path, own: str, shop: str, found: int) -> None:
    """Conditions of which any must hold are no table that could be merged."""
    rest = 'collection = "things"\n'
    fields = '[fields]\nname = "Title"\n'
    path = write(tmp_path, things=f'extends = "shop.toml"\n{rest}{own}{fields}', shop=shop)
    where = load_mapping(path).where
    assert len(where) == found
    assert where[0][0][0] == "A"


def test_a_lookup_of_a_sheet_is_replaced_whole(tmp_path: Path) -> None:
    """A table of values is not mixed with two columns of a sheet."""
    own = 'extends = "shop.toml"\ncollection = "things"\n[lookup.s]\nA = "1"\n[fields]\nname = "Title"\n'
    shop = '[lookup.s]\nsource = { path = "s.csv" }\nfrom = "No"\nto = "Name"\n'
    assert load_mapping(write(tmp_path, things=own, shop=shop)).lookups == {"s": {"A": "1"}}


def test_chains_are_followed_and_paths_begin_at_the_file_that_writes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nearest file wins; `${NAME}` is filled in wherever it stands, also in the name of the extended file."""
    monkeypatch.setenv("SHOP", "berlin")
    path = write(
        tmp_path,
        things='extends = "shared/${SHOP}.toml"\n[fields]\nname = "Title"\n',
        shared__berlin='extends = "deep/all.toml"\nmode = "create"\nsite = "${SHOP}-site"\n',
        shared__deep__all='collection = "things"\nsite = "other"\n[source]\npath = "../${SHOP}.csv"\n',
    )
    loaded = load_mapping(path)
    assert (loaded.collection, loaded.site) == ("things", "berlin-site")
    job = prepare(loaded, None, RunOptions(sandbox=True))
    (tmp_path / "shared" / "berlin.csv").write_text("Title\nA\n", encoding="utf-8")
    with job.open_sheet() as source:
        assert source.columns == ("Title",)


def test_a_path_that_does_not_begin_at_a_folder_is_left_alone(tmp_path: Path) -> None:
    """Standard input is the same for every file, and so is an absolute path."""
    for said in ("-", str(tmp_path / "sheet.csv"), "https://shop.example/sheet.csv"):
        shop = f'collection = "things"\n[source]\npath = "{said}"\n'
        path = write(tmp_path, things='extends = "a/shop.toml"\n[fields]\nname = "Title"\n', a__shop=shop)
        assert load_mapping(path).source.path == said


def test_circles_are_named(tmp_path: Path) -> None:
    """A file cannot extend itself, by however many steps; the message names the files and the line."""
    fields = '[fields]\nname = "Title"\n'
    path = write(
        tmp_path, things='extends = "b.toml"\n' + fields, b='\nextends = "c.toml"\n', c='extends = "./b.toml"\n'
    )
    assert mistakes(path) == ("c.toml, line 1: extends: goes round in a circle: b.toml -> c.toml -> b.toml",)
    path = write(tmp_path, things='extends = "things.toml"\n' + fields)
    assert mistakes(path) == ("line 1: extends: goes round in a circle: things.toml -> things.toml",)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('"shops.toml"', "line 1: extends: there is no file {place}/shops.toml. In that folder there are: shop.toml, "),
        ('"no/shop.toml"', "line 1: extends: there is no file {place}/no/shop.toml. Check the path."),
        ('"."', "line 1: extends: there is no file {place}. "),
        (f'"{"x" * 300}"', "line 1: extends: there is no file {place}/xxx"),
        ("5", "line 1: extends: must be the path of another mapping file, not 5"),
        ('["shop.toml"]', "line 1: extends: must be the path of another mapping file, not a list"),
        ('""', 'line 1: extends: must be the path of another mapping file, not ""'),
        ('"a\\u0000b"', "line 1: extends: must be the path of another mapping file, not "),
        ('"${NOBODY_SET_IT}.toml"', "line 1: extends: the environment variable NOBODY_SET_IT is not set"),
    ],
)
def test_a_file_that_is_not_there_is_a_mistake_with_its_line(tmp_path: Path, written: str, told: str) -> None:
    """Where the name is written, and what there is instead."""
    path = write(tmp_path, things=f'extends = {written}\n[fields]\nname = "Title"\n', shop=SHOP)
    assert mistakes(path)[0].startswith(told.format(place=tmp_path))


def test_mistakes_are_told_with_the_file_and_the_line_in_which_they_stand(tmp_path: Path) -> None:
    """All of them at once, those of the file itself first; what is said again is no mistake."""
    own = 'extends = "a/shop.toml"\nmode = "upset"\n[source]\nheader = 1\n[fields]\nname = { form = "A" }\n'
    shop = """
collection = "things"
publish = "yes"
mode = "wrong, but said again"
[source]
decimal = ";"
[fields]
name = { frm = "B" }
price = { pick = "min" }
[fields.sku]
from = "SKU"
joint = 5
"""
    path = write(tmp_path, things=own, a__shop=shop)
    assert [mistake.rpartition(": ")[0] for mistake in mistakes(path)] == [
        "line 2: mode",
        "line 4: source.header",
        "line 6: fields.name.form",
        "a/shop.toml, line 3: publish",
        "a/shop.toml, line 6: source.decimal",
        "a/shop.toml, line 9: fields.price",
        "a/shop.toml, line 12: fields.sku.joint",
    ]


def test_a_key_of_an_inline_table_is_told_with_its_file_too(tmp_path: Path) -> None:
    """Where no line of its own is known, the line of the table around it is, in the same file."""
    own = 'extends = "shop.toml"\ncollection = "things"\n[fields]\nname = "Title"\n'
    path = write(tmp_path, things=own, shop='\nfields = { price = { pick = "min" } }\n')
    assert mistakes(path) == ("shop.toml, line 2: fields.price: a rule needs one of from, template, value or when",)


def test_an_extended_file_must_be_toml_and_is_named_if_it_is_not(tmp_path: Path) -> None:
    """Its own words of the parser, with its line."""
    path = write(tmp_path, things='extends = "shop.toml"\n[fields]\nname = "Title"\n', shop="a = \n")
    with pytest.raises(MappingError, match=r"shop\.toml is no valid TOML: line 1, column 5"):
        load_mapping(path)


def test_what_does_not_fit_the_sheet_is_told_with_the_file_too(tmp_path: Path) -> None:
    """Columns are known only later; the place is still the one where the rule stands."""
    path = write(tmp_path, things='extends = "shop.toml"\n[fields]\nname = "Title"\n', shop=SHOP)
    with pytest.raises(MappingError) as caught:
        _compiled(load_mapping(path), "Title", "ID", "Sale", "Status", "Kind", "Draft?")
    assert caught.value.mistakes[-1].startswith('shop.toml, line 21: fields.price.from: there is no column "Price"')


def test_moving_a_rule_into_an_extended_file_changes_nothing(tmp_path: Path) -> None:
    """Neither the digest of the rules nor the hash of a row depends on the file, or the order, in which rules stand."""
    rest = 'collection = "things"\nkey = { from = "ID" }\n'
    path = write(
        tmp_path,
        things=f'{rest}[fields]\nname = "Title"\nsku = "SKU"\nprice = "Price"\n',
        half=f'extends = "rest.toml"\n{rest}[fields]\nsku = "SKU"\n',
        rest='[fields]\nprice = "Price"\nname = "Title"\n',
    )
    cells: dict[str, list[str | None]] = {"Title": ["A"], "ID": ["1"], "SKU": ["x"], "Price": ["2"]}
    one, two = (_compiled(load_mapping(each), *cells) for each in (path, tmp_path / "half.toml"))
    assert (one.rules, one.key_rule, one.slug_rule) == (two.rules, two.key_rule, two.slug_rule)
    hashes = [each.apply(frame_of(cells)).frame["_hash"].to_list() for each in (one, two)]
    assert hashes[0] == hashes[1]


def test_a_whole_check_goes_by_the_extended_file(tmp_path: Path) -> None:
    """The file that is extended need be no whole mapping; the command line knows no difference."""
    (tmp_path / "tags.csv").write_text("Name;Slug\nFood;food\n", encoding="utf-8")
    path = write(
        tmp_path,
        things='extends = "shop.toml"\n[fields]\nname = "Name"\nslug = "Slug"\n',
        shop='collection = "tags"\n[source]\npath = "tags.csv"\ndelimiter = ";"\n',
    )
    result = check(path, None, RunOptions(sandbox=True))
    assert result.error is None
    assert result.exit_code == 0


def _compiled(mapping: MappingOfFile, *columns: str) -> Compiled:
    return compile_mapping(mapping, collection(), columns, references={}, locales=None, today=date(2026, 3, 10))
