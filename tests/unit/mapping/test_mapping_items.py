"""Keys, slugs, locales, drafts, hashes, and the bytes of items."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from importer.errors import MappingError
from importer.mapping import ReferenceNeed, reference_needs
from importer.model import Kind
from importer.schema.content import canonical, fingerprint, readable
from tests.unit.mapping.conftest import TODAY, collection, frame_of

if TYPE_CHECKING:
    from tests.unit.mapping.conftest import Workshop

Cells = dict[str, list[str | None]]


def test_the_slug_is_made_from_the_name_where_no_rule_gives_it(workshop: Workshop) -> None:
    """Latin, Cyrillic and Greek letters become a slug; a name that leaves nothing is named."""
    outcome = workshop.run('[fields]\nname = "A"\n', {"A": ["Crème & Straße", "Привет", "日本", None]})
    assert outcome.column("_slug") == ["creme-strasse", "privet", None, None]
    assert outcome.codes == [(4, "A", "slug", "slug_invalid"), (5, "A", "name", "required")]
    assert outcome.problems[0].value == "日本"
    assert outcome.problems[0].message.startswith('"日本" gives no slug: ')
    assert 'slug = "Slug"' in outcome.problems[0].fix  # "leave the rule of the slug out" would help nobody here


def test_a_given_slug_is_never_altered(workshop: Workshop) -> None:
    """A bad one is a problem with the slugified form in its fix; capitals and underscores stay."""
    outcome = workshop.run(
        '[fields]\nname = "A"\nslug = "B"\n', {"A": ["a", "b", "c"], "B": ["My_Slug", "größe x", None]}
    )
    assert outcome.column("_slug")[0] == "My_Slug"
    assert outcome.codes == [(3, "B", "slug", "slug_invalid"), (4, "B", "slug", "required")]
    assert "grosse-x" in outcome.problems[0].fix


def test_a_slug_as_key_is_compared_without_case(workshop: Workshop) -> None:
    """The key is the slug unless the mapping says otherwise."""
    outcome = workshop.run('[fields]\nname = "A"\nslug = "A"\n', {"A": ["My-Slug"]})
    assert outcome.column("_key") == ["my-slug"]
    assert outcome.compiled.key_field == "slug"


def test_keys_are_trimmed_nfc_text_and_whole_numbers(workshop: Workshop) -> None:
    """`5.0` and `5` are one key, `e` with an accent is one however it is written; an empty key is a problem."""
    text = 'key = { from = "ID" }\n[fields]\nname = "A"\n'
    cells: Cells = {"A": ["a", "b", "c", "d"], "ID": [" 5.0", "e\u0301", "007", None]}
    outcome = workshop.run(text, cells)
    assert outcome.column("_key") == ["5", "é", "007", None]
    assert outcome.codes == [(5, "ID", None, "key_empty")]
    assert outcome.compiled.key_field is None
    assert any("no field of the collection holds the key" in warning for warning in outcome.compiled.warnings)


def test_a_field_as_key(workshop: Workshop) -> None:
    """A number field counts by its value; a key made by the same rule as a field is held by that field."""
    assert workshop.run('key = "price"\n[fields]\nname = "A"\nprice = "A"\n', {"A": ["1,000.0"]}).column("_key") == [
        "1000"
    ]
    found = workshop.run('key = { from = "A" }\n[fields]\nname = { value = "n" }\nsku = "A"\n', {"A": ["x"]})
    assert found.compiled.key_field == "sku"
    empty = workshop.run('key = "sku"\n[fields]\nname = "A"\nsku = "B"\n', {"A": ["x"], "B": [None]})
    assert empty.codes == [(2, "B", "sku", "key_empty")]


def test_a_key_made_of_the_name_is_warned_about(workshop: Workshop) -> None:
    """Names are edited: such a key would make new items."""
    warned = workshop.compiled('[fields]\nname = "A"\n', ["A"]).warnings
    assert any("told apart by their name" in warning for warning in warned)
    assert not workshop.compiled('[fields]\nname = "A"\nslug = "B"\n', ["A", "B"]).warnings


def test_what_cannot_be_told_of_extfileref_is_one_line(workshop: Workshop) -> None:
    """Webflow documents no writing of ExtFileRef."""
    warned = workshop.compiled('[fields]\nname = "A"\nslug = "B"\npress-kit = "C"\n', ["A", "B", "C"]).warnings
    assert ["ExtFileRef" in warning for warning in warned] == [True]


def test_draft_and_archived_are_rules(workshop: Workshop) -> None:
    """Switch words, conditions and constants; `--draft` and `publish = "draft"` make drafts of all."""
    fields = '[fields]\nname = "A"\n'
    item = '[item]\ndraft = { when = [{ A = "x" }, { B = { min = "today" } }] }\narchived = "C"\n'
    cells: Cells = {
        "A": ["x", "y", "z"],
        "B": [None, (TODAY + timedelta(days=1)).isoformat(), TODAY.replace(year=2020).isoformat()],
        "C": ["yes", None, "perhaps"],
    }
    outcome = workshop.run(fields + item, cells)
    assert outcome.column("_draft") == [True, True, False]
    assert outcome.column("_archived") == [True, False, False]
    assert outcome.codes == [(4, "C", "archived", "not_a_switch")]
    assert workshop.run(fields + item, cells, draft=True).column("_draft") == [True] * 3
    assert workshop.run('publish = "draft"\n' + fields, cells).column("_draft") == [True] * 3


def test_locales_go_by_tag_language_or_id(workshop: Workshop) -> None:
    """The primary one is ""; a language that two locales share says nothing; an empty cell takes the mapping's."""
    text = 'locale = "fr"\n[fields]\nname = "A"\n[item]\nlocale = "B"\n'
    cells: Cells = {
        "A": list("abcdefgh"),
        "B": ["EN_us", "fr-FR", "FR", "pt_br", "pt", "b" * 24, None, "xx"],
    }
    outcome = workshop.run(text, cells)
    fr = "b" * 24
    assert outcome.column("_locale") == ["", fr, fr, "c" * 24, fr, fr, fr, fr]
    assert outcome.codes == [(6, "B", "locale", "locale_unknown"), (9, "B", "locale", "locale_unknown")]
    assert "fr-FR" in outcome.problems[0].message


def test_an_unknown_locale_in_the_mapping_is_a_mistake(workshop: Workshop) -> None:
    """It ends the command, and names the locales of the site."""
    with pytest.raises(MappingError, match='no locale "fr-CA"; it has en-US, fr-FR, pt-BR'):
        workshop.compiled('locale = "fr-CA"\n[fields]\nname = "A"\n', ["A"])
    with pytest.raises(MappingError, match="are not known here"):
        workshop.compiled('locale = "fr"\n[fields]\nname = "A"\n', ["A"], locales=None)


def test_without_the_sites_locales_ids_still_go(workshop: Workshop) -> None:
    """A token without `sites:read` can name locales by their ids."""
    text = f'locale = "{"b" * 24}"\n[fields]\nname = "A"\n'
    outcome = workshop.run(text, {"A": ["a"]}, locales=None)
    assert outcome.column("_locale") == ["b" * 24]
    assert not workshop.read(text).needs_locales
    assert workshop.read('locale = "fr"\n[fields]\nname = "A"\n').needs_locales


def test_the_body_holds_what_is_there_and_nothing_else(workshop: Workshop) -> None:
    """Empty cells are omitted, whole numbers have no point, an image without alt text has none."""
    rules = {"name": "A", "count": "B", "price": "C", "photo": "D", "tags": "E", "text": "F"}
    fields = "".join(f'{slug} = "{column}"\n' for slug, column in rules.items())
    text = f'[fields]\n{fields}[item]\nlocale = "G"\n'
    cells: Cells = {"A": ["Lamp"], "B": ["5"], "C": ["19.99"], "E": ["Ada"], "F": [None], "G": ["fr-FR"]}
    cells["D"] = ["https://x.example/1.jpg"]
    (item,) = workshop.run(text, cells).items
    assert orjson.loads(item.body) == {
        "isArchived": False,
        "isDraft": False,
        "cmsLocaleId": "b" * 24,
        "fieldData": {
            "name": "Lamp",
            "slug": "lamp",
            "count": 5,
            "price": 19.99,
            "photo": {"url": "https://x.example/1.jpg"},
            "tags": ["1" * 24],
        },
    }
    assert b'"count":5,' in item.body
    assert (item.key, item.slug, item.name, item.row, item.rows, item.files) == ("lamp", "lamp", "Lamp", 2, (2,), 1)
    assert item.live


def test_what_is_compared_is_what_reads_back_as_it_was_sent(workshop: Workshop) -> None:
    """The hash that an item is found by is the one of its content as Webflow lists it, whatever its cells hold."""
    texts = [
        "plain",
        " x ",
        "a\r\nb",
        "a\tb",
        "e\u0301",
        "\u00e9",
        "\u2003",
        "\u00a0x",
        "x\n",
        "plain",
        "0",
        None,
    ]
    names = [f"Name {at}" for at in range(len(texts))]
    flags = ["yes", "no", None] * 5
    rules = '[fields]\nname = "A"\ntext = { from = "B", transform = [] }\non-sale = "C"\nprice = "D"\ntags = "E"\n'
    rules += 'starts = "F"\n'
    cells: Cells = {"A": [*names], "B": texts, "C": flags[: len(texts)]}
    cells |= {"D": ["0", "1.5", "-3", None, "-0", "9007199254740991"] * 2, "E": ["Ada", None, "Bob"] * 4}
    cells["F"] = ["2026-03-01", None, "2026-03-01T12:00:00+02:00"] * 4
    outcome = workshop.run(rules, cells)
    assert not outcome.codes
    for item in outcome.items:
        sent = orjson.loads(item.body)["fieldData"]
        assert item.readable == readable(sent, outcome.compiled.schema)
        assert item.fingerprint == fingerprint(canonical(sent))


def test_files_are_counted(workshop: Workshop) -> None:
    """Chunks that carry files are smaller, so each item says how many it has."""
    url = "https://x.example/"
    cells: Cells = {"A": ["a", "b"], "B": [f"{url}1.jpg;{url}2.jpg", None], "C": [f"{url}3.jpg", None]}
    outcome = workshop.run('[fields]\nname = "A"\ngallery = "B"\nphoto = "C"\n', cells)
    assert outcome.column("_files") == [3, 0]


def test_the_hash_tells_versions_of_a_row_apart(workshop: Workshop) -> None:
    """Any used cell, its kind, the draft that came out and what a reference means count; other columns do not."""
    text = '[fields]\nname = "A"\ntext = "B"\nauthor = "D"\n'
    cells: Cells = {"A": ["a"], "B": ["b"], "C": ["c"], "D": ["Ada"]}

    def hashed(cells: Cells, text: str = text, **options: Any) -> str:
        return str(workshop.run(text, cells, **options).column("_hash")[0])

    same = hashed(cells)
    assert len(same) == 32
    assert int(same, 16) >= 0
    assert hashed({**cells, "C": ["other"]}) == same
    changed = {
        hashed({**cells, "A": ["b"], "B": ["a"]}),
        hashed({**cells, "B": [None]}),
        hashed({**cells, "A": ["x"]}),
        hashed(cells, draft=True),
        hashed(cells, text.replace('"B"', '{ from = "B", transform = ["strip"] }')),
        hashed({**cells, "D": ["Bob"]}),
        hashed(cells, kinds={"B": [Kind.NUMBER]}),
        same,
    }
    assert len(changed) == 8


def test_the_day_counts_only_where_a_field_asks_for_it(workshop: Workshop) -> None:
    """A rule that means something else tomorrow re-opens its rows; no other does."""
    later = date(2026, 3, 11)
    plain, asking = '[fields]\nname = "A"\n', '[fields]\nname = "A"\non-sale = { when = { A = { min = "today" } } }\n'
    assert workshop.compiled(plain, ["A"]).rules == workshop.compiled(plain, ["A"], today=later).rules
    assert workshop.compiled(asking, ["A"]).rules != workshop.compiled(asking, ["A"], today=later).rules


def test_hashes_are_the_same_in_another_process(workshop: Workshop) -> None:
    """A state file is read by later processes: equal cells and rules give equal hashes there."""
    script = (
        "from tests.unit.mapping.conftest import Workshop\n"
        "o = Workshop().run('[fields]\\nname = \"A\"\\ntext = \"B\"\\n', {'A': ['é', 'b'], 'B': [None, 'x']})\n"
        "print(o.compiled.rules, *o.column('_hash'))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    here = workshop.run('[fields]\nname = "A"\ntext = "B"\n', {"A": ["é", "b"], "B": [None, "x"]})
    assert run.stdout.split() == [here.compiled.rules, *here.column("_hash")]


def test_a_check_has_no_use_for_hashes(workshop: Workshop) -> None:
    """They are left out where nobody asks for them."""
    outcome = workshop.run('[fields]\nname = "A"\n', {"A": ["a"]})
    assert outcome.compiled.apply(frame_of({"A": ["a"]}), hashed=False).frame.get_column("_hash").to_list() == [None]


def test_rules_of_identity_are_told_as_text(workshop: Workshop) -> None:
    """They change with the rule of key or slug, and with nothing else."""
    one = workshop.compiled('[fields]\nname = "A"\nslug = "B"\n', ["A", "B"])
    same = workshop.compiled('[fields]\nname = "A"\nslug = { from = "B" }\ntext = "A"\n', ["A", "B"])
    other = workshop.compiled('[fields]\nname = "A"\n', ["A", "B"])
    assert (one.key_rule, one.slug_rule) == (same.key_rule, same.slug_rule)
    assert other.slug_rule != one.slug_rule
    assert other.key_rule != one.key_rule


def test_reference_needs(workshop: Workshop) -> None:
    """A reference by name, slug or field needs the table of its collection; by id none."""
    mapping = workshop.read(
        '[fields]\nname = "A"\nauthor = { from = "A", match = "slug" }\ntags = { from = "A", match = "id" }\n'
    )
    assert reference_needs(mapping, collection()) == (ReferenceNeed("author", "e" * 24, "slug"),)


def test_our_own_rejects_file_may_have_iso_dates(workshop: Workshop) -> None:
    """Typed cells go into rejects.csv as ISO: there, both forms are read."""
    text = '[source]\ndates = ["%d.%m.%Y"]\n[fields]\nname = "A"\nstarts = "B"\n'
    cells: Cells = {"A": ["a", "b"], "B": ["31.05.2024", "2024-05-31"]}
    assert [code for *_, code in workshop.run(text, cells).codes] == ["not_a_date"]
    assert workshop.run(text, cells, ours=True).values("starts") == ["2024-05-31T00:00:00.000Z"] * 2


def test_columns_go_by_header_without_case_and_blanks(workshop: Workshop) -> None:
    """As written first; else without case and outer blanks, if only one is meant."""
    outcome = workshop.run('[fields]\nname = " title "\ntext = "A (2)"\n', {"Title": ["x"], "A": ["1"], "A (2)": ["2"]})
    assert (outcome.values("name"), outcome.values("text")) == (["x"], ["2"])
    with pytest.raises(MappingError, match='no column "NAME"'):
        workshop.run('[fields]\nname = "NAME"\n', {"Name": ["x"], "name": ["y"]})
