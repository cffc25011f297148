"""The settings of a mapping file are what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model import SourceOptions

if TYPE_CHECKING:
    from tests.unit.mapping.conftest import Workshop


def test_every_setting_of_the_source_is_read(workshop: Workshop) -> None:
    """One alone is a list where several may stand."""
    mapping = workshop.read(
        """
[source]
path = "sheet.csv"
sheet = "All"
header_row = 3
encoding = "cp1252"
delimiter = ";"
quote = "'"
null_values = "N/A"
timezone = "Europe/Berlin"
decimal = ","
dates = "%d.%m.%Y"
base_url = "https://old.example"
[fields]
name = "A"
"""
    )
    assert mapping.source == SourceOptions(
        path="sheet.csv",
        sheet="All",
        header_row=3,
        encoding="cp1252",
        delimiter=";",
        quote="'",
        null_values=("N/A",),
        decimal=",",
        timezone="Europe/Berlin",
        dates=("%d.%m.%Y",),
        base_url="https://old.example",
    )


def test_every_setting_of_the_file_is_read(workshop: Workshop) -> None:
    """What is not said has its default."""
    text = """
collection = "things"
site = "shop"
key = "sku"
locale = "fr-FR"
publish = "draft"
skip_invalid_files = true
existing = "adopt"
hooks = "own.py"
[fields]
name = "A"
sku = { from = "B", pick = "first" }
"""
    said, silent = workshop.read(text), workshop.read('[fields]\nname = "A"\n')
    assert (said.site, said.key, said.locale, said.publish) == ("shop", "sku", "fr-FR", "draft")
    assert (said.skip_invalid_files, said.existing, said.hooks) == (True, "adopt", "own.py")
    assert said.fields["sku"].pick == "first"
    assert (silent.site, silent.key, silent.locale, silent.publish) == (None, "slug", None, "live")
    assert (silent.skip_invalid_files, silent.existing, silent.hooks) == (False, None, None)


def test_the_first_of_several_parts_is_taken(workshop: Workshop) -> None:
    """`pick = "first"` is what is done where nothing is said."""
    rule = '{ from = "A", split = ",", pick = "first" }'
    assert workshop.field("text", rule, {"A": ["a, b", ", c", None]}) == ["a", "c", None]
