"""The sentences of problems."""

from __future__ import annotations

import re
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.errors.problems import PROBLEMS, SHOWN, describe, shorten

CODES = """
    required too_long too_short not_single_line not_a_number not_an_integer out_of_range too_precise not_a_date
    not_a_switch option_unknown option_ambiguous email_invalid link_invalid phone_invalid color_invalid video_invalid
    file_invalid reference_unknown reference_ambiguous slug_invalid slug_duplicate slug_taken key_empty key_duplicate
    lookup_unknown locale_unknown transform_failed row_broken cell_error asset_refused server_error refused
    control_character digits_lost
"""


def test_every_code_of_the_interface_has_its_sentences() -> None:
    """The codes that mapping files and rejects files speak of are all there."""
    assert set(CODES.split()) <= set(PROBLEMS)


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_every_problem_is_two_whole_sentences(code: str) -> None:
    """Message and fix are sentences without a gap, whether much is known or nothing."""
    much = describe(code, value="a [b]", field="price", column="Price", suggest="better", facts={"limit": 5})
    for sentence in (*describe(code), *much):
        assert sentence[0].isupper() or sentence[0] == '"'
        assert sentence[-1] in ".?"
        assert "  " not in sentence
        assert not re.search(r"\{[a-z_]+\}|None", sentence)
    assert much[0] != much[1]


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_every_fact_has_a_word_for_when_it_is_not_known(code: str) -> None:
    """What a template asks for is given by `describe` itself or has a default, so no sentence can fail."""
    text = PROBLEMS[code]
    asked = {
        name for part in (text.message, text.fix, text.better) for _, name, _, _ in Formatter().parse(part) if name
    }
    assert asked <= {"value", "field", "column", "where", "suggest"} | set(text.facts)


@pytest.mark.parametrize(
    ("code", "given", "message", "fix"),
    [
        (
            "too_long",
            {"value": "x" * 80, "facts": {"limit": 40}},
            f'"{"x" * 59}…" is longer than the 40 characters that the field "title" takes.',
            "Shorten it to 40 characters, or let the mapping file do it: transform = [{ truncate = 40 }].",
        ),
        (
            "out_of_range",
            {"value": "-1", "facts": {"bound": "at least 0"}},
            '"-1" is out of range: the field "title" takes numbers that are at least 0.',
            "Write a number that is at least 0, or change the limits of the field in the Webflow Designer.",
        ),
        (
            "required",
            {"column": "Title"},
            'The field "title" is required, and this row has nothing for it (column "Title").',
            'Fill the cell, or give the rule of "title" a default in the mapping file.',
        ),
        (
            "slug_invalid",
            {"value": "Ä", "suggest": "a-b"},
            '"Ä" is no slug: only letters from a to z, digits, - and _ may stand in it, and it must not begin with -.',
            'Write "a-b", or add transform = ["slugify"] to the rule of the slug.',
        ),
        (
            "refused",
            {"facts": {"reason": "Field not described in schema."}},
            "Webflow refused this row: Field not described in schema.",
            "Correct what the answer names, then run again.",
        ),
        (
            "row_broken",
            {"value": "3 cells beyond the header"},
            "The row cannot be read as it stands: 3 cells beyond the header.",
            PROBLEMS["row_broken"].fix,
        ),
    ],
)
def test_sentences_name_value_limit_and_way_out(code: str, given: dict[str, object], message: str, fix: str) -> None:
    """What is known of a problem stands in its sentences."""
    assert describe(code, **{"field": "title", **given}) == (message, fix)  # type: ignore[arg-type] # given is a table


def test_unknown_code_is_our_mistake() -> None:
    """A code without sentences is never passed over."""
    with pytest.raises(KeyError):
        describe("no_such_code")


@given(st.text())
def test_shortened_value_is_one_printable_line(value: str) -> None:
    """Whatever a cell holds, what is shown of it is one line of at most 60 visible characters, cut only at the end."""
    shown = shorten(value)
    assert len(shown) <= SHOWN
    assert shown.isprintable()
    if value.isprintable():
        assert shown == (value if len(value) <= SHOWN else value[: SHOWN - 1] + "…")


@given(st.sampled_from(sorted(PROBLEMS)), st.text(), st.text(), st.one_of(st.none(), st.text()))
def test_describing_never_fails(code: str, value: str, column: str, suggest: str | None) -> None:
    """Braces and line breaks in cells and headers do no harm."""
    message, fix = describe(code, value=value, field="field", column=column, suggest=suggest, facts={"reason": value})
    assert message
    assert fix
