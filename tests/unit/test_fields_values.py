"""Numbers, dates, switches, options and colors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from importer.fields import Context
from importer.model import Kind
from importer.schema.reading import ISO, format_mistake

if TYPE_CHECKING:
    from tests.unit.conftest import Coercion

BERLIN = Context(timezone="Europe/Berlin")
OPTIONS = {
    "options": [
        {"id": "aaa1", "name": "Red"},
        {"id": "bbb2", "name": "Option 1 "},
        {"id": "ccc3", "name": "Option 1"},
        {"id": "ddd4", "name": "Café"},
        {"id": "eee5", "name": "Twice"},
        {"id": "fff6", "name": "Twice"},
    ]
}


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("5", ".", 5.0),
        ("19.99", ".", 19.99),
        ("-19.99", ".", -19.99),
        ("\u22127", ".", -7.0),
        ("+3", ".", 3.0),
        (".5", ".", 0.5),
        ("-0", ".", 0.0),
        ("1,234,567.89", ".", 1234567.89),
        ("$1,234.50", ".", 1234.5),
        ("-€ 5", ".", -5.0),
        ("€ -5", ".", -5.0),
        ("12 %", ".", 12.0),
        ("\u00a05\u00a0€ ", ".", 5.0),
        ("9007199254740991", ".", 9007199254740991.0),
        ("1.234,50", ",", 1234.5),
        ("1 234,50", ",", 1234.5),
        ("1\u202f234\u202f567,5 €", ",", 1234567.5),
        ("0,5", ",", 0.5),
        ("1.234", ",", 1234.0),
    ],
)
def test_number_is_read_as_people_write_it(coerced: Coercion, cell: str, decimal: str, value: float) -> None:
    """Thousands separators, currency signs, `%` and blanks fall away; what remains is the number that was written."""
    (outcome,) = coerced("Number", [cell], context=Context(decimal=decimal))
    assert (outcome.value, str(outcome.value), outcome.codes) == (value, str(value), ())


@pytest.mark.parametrize(
    ("cell", "decimal"),
    [
        ("19,99", "."),
        ("1,23,456", "."),
        ("1 234", "."),
        ("1.234.567", "."),
        ("19.99", ","),
        ("1.234 567", ","),
        ("1e5", "."),
        ("nan", "."),
        ("inf", "."),
        ("0x10", "."),
        ("1_000", "."),
        ("١٢", "."),
        ("5-", "."),
        ("--5", "."),
        ("5 apples", "."),
        ("1" * 400, "."),
        (".", "."),
        ("$", "."),
    ],
)
def test_what_is_not_surely_a_number_is_refused(coerced: Coercion, cell: str, decimal: str) -> None:
    """No number is guessed: `19,99` with a decimal point never becomes 1999."""
    (outcome,) = coerced("Number", [cell], context=Context(decimal=decimal))
    assert (outcome.value, outcome.codes) == (None, ("not_a_number",))
    assert f'decimal = "{decimal}"' in outcome.fixes[0]


@pytest.mark.parametrize(
    ("limits", "cell", "codes", "said"),
    [
        ({"format": "integer"}, "5.0", (), ""),
        ({"format": "integer"}, "5.5", ("not_an_integer",), "round = 0"),
        ({"format": "decimal", "precision": 2}, "19.990", (), ""),
        ({"format": "decimal", "precision": 2}, "19.994", ("too_precise",), "round = 2"),
        ({"precision": 0}, "5.1", ("too_precise",), "round = 0"),
        ({"minValue": 1.5}, "1.5", (), ""),
        ({"minValue": 1.5}, "1.4", ("out_of_range",), "at least 1.5"),
        ({"maxValue": 10}, "10.1", ("out_of_range",), "at most 10"),
        ({"allowNegative": False}, "-1", ("out_of_range",), "not negative"),
        ({"allowNegative": False, "minValue": 0}, "-1", ("out_of_range",), "at least 0"),
        ({"allowZero": False}, "0.00", ("out_of_range",), "not zero"),
        ({"format": "integer", "maxValue": 3}, "5.5", ("not_an_integer", "out_of_range"), "whole number"),
        ({}, "9007199254740993", ("too_precise",), "plain text"),
        ({}, "1152921504606846976", (), ""),
        ({}, "9007199254740994.5", ("too_precise",), "plain text"),
        ({}, "9" * 60, ("too_precise",), "plain text"),
    ],
)
def test_limits_of_numbers(
    coerced: Coercion, limits: dict[str, Any], cell: str, codes: tuple[str, ...], said: str
) -> None:
    """Every limit that a number breaks is told with its bound, and then it has no value."""
    (outcome,) = coerced("Number", [cell], limits=limits)
    assert outcome.codes == codes
    assert (outcome.value is None) == bool(codes)
    assert said in "".join(outcome.fixes)


def test_cells_of_a_workbook_are_canonical(coerced: Coercion) -> None:
    """A typed number has a point whatever `decimal` says, may have an exponent, and loses the noise of arithmetic."""
    cells = ["1234.5", "1e-05", "12345678901234567000", "19.990000000000002", "9007199254740991", "1.234,5", "nan"]
    kinds = [Kind.NUMBER] * 5 + [Kind.TEXT, Kind.NUMBER]
    outcomes = coerced("Number", cells, kinds=kinds, context=Context(decimal=","))
    assert [one.value for one in outcomes] == [
        1234.5,
        1e-05,
        1.2345678901234567e19,
        19.99,
        9007199254740991,
        1234.5,
        None,
    ]
    assert coerced("Number", cells[:4], kinds=kinds[:4], limits={"precision": 2})[3].codes == ()
    assert coerced("Number", ["TRUE"], kinds=[Kind.BOOLEAN])[0].codes == ("not_a_number",)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("2024-05-31", "2024-05-30T22:00:00.000Z"),
        (" 2024-05-31 14:30 ", "2024-05-31T12:30:00.000Z"),
        ("2024-05-31T14:30:05.1239", "2024-05-31T12:30:05.123Z"),
        ("2024-05-31T14:30:05,5", "2024-05-31T12:30:05.500Z"),
        ("2024-05-31T14:30Z", "2024-05-31T14:30:00.000Z"),
        ("2024-05-31 14:30:05 UTC", "2024-05-31T14:30:05.000Z"),
        ("2024-05-31T14:30:05+02:00", "2024-05-31T12:30:05.000Z"),
        ("2024-05-31T14:30:05.5-0530", "2024-05-31T20:00:05.500Z"),
        ("2024-05-31T14:30+02", "2024-05-31T12:30:00.000Z"),
        ("Thu Dec 25 2025 17:55:32 GMT+0000 (Coordinated Universal Time)", "2025-12-25T17:55:32.000Z"),
        ("Thu Dec 25 2025 17:55:32 GMT+0130", "2025-12-25T16:25:32.000Z"),
        ("2024-10-27T02:30", "2024-10-27T00:30:00.000Z"),
        ("0001-01-02", "0001-01-01T23:06:32.000Z"),
        ("9999-12-31", "9999-12-30T23:00:00.000Z"),
    ],
)
def test_iso_dates_need_no_format(coerced: Coercion, cell: str, value: str) -> None:
    """ISO 8601 and JavaScript's form are read; without a zone it is a time in `timezone`, a doubled one the earlier."""
    (outcome,) = coerced("DateTime", [cell], context=BERLIN)
    assert (outcome.value, outcome.codes) == (value, ())


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("31/05/2024", 'format = "%d/%m/%Y" to'),
        ("05/31/2024 14:30", 'format = "%m/%d/%Y %H:%M" to'),
        ("5/6/2024 2:30 PM", 'format = "%d/%m/%Y %I:%M %p" (or "%m/%d/%Y %I:%M %p") to'),
        ("31.05.2024 14:30:05", 'format = "%d.%m.%Y %H:%M:%S" to'),
        ("May 31, 2024", 'format = "%B %d, %Y" to'),
        ("31 May 2024", 'format = "%d %B %Y" to'),
        ("2024/05/31", 'format = "%Y/%m/%d" to'),
        ("20240531", 'format = "%Y%m%d" to'),
        ("1716000000", 'format = "unix" to'),
        ("1716000000000", 'format = "unix_ms" to'),
        ("2024-02-31", "Correct the date"),
        ("2024-05-31T25:00", "Correct the date"),
        ("2024-03-31T02:30", "Correct the date"),
        ("0000-01-01", "Correct the date"),
        ("Fri Dec 25 2025 17:55:32 GMT+0000", "Write it like 2024-05-31"),
        ("next Tuesday", "Write it like 2024-05-31"),
        ("2024-5-3", "Write it like 2024-05-31"),
    ],
)
def test_other_dates_are_refused_with_the_format_to_say(coerced: Coercion, cell: str, said: str) -> None:
    """A date in another form, or one that does not exist, is refused, and the fix says what to do."""
    (outcome,) = coerced("DateTime", [cell], context=BERLIN)
    assert (outcome.value, outcome.codes) == (None, ("not_a_date",))
    assert said in outcome.fixes[0]


def test_skipped_time_is_told_as_such(coerced: Coercion) -> None:
    """Where the zone skips a time, the message names the zone."""
    assert "Europe/Berlin" in coerced("DateTime", ["2024-03-31T02:30"], context=BERLIN)[0].messages[0]


@pytest.mark.parametrize(
    ("formats", "cell", "value"),
    [
        (("%d.%m.%Y", "%d.%m.%Y %H:%M"), "31.05.2024 14:30", "2024-05-31T14:30:00.000Z"),
        (("%d.%m.%Y", "%d.%m.%Y %H:%M"), "1.5.2024", "2024-05-01T00:00:00.000Z"),
        (("%d/%m/%Y", "%m/%d/%Y"), "05/06/2024", "2024-06-05T00:00:00.000Z"),
        (("%d/%m/%Y %I:%M %p",), "31/05/2024 02:30 pm", "2024-05-31T14:30:00.000Z"),
        (("%B %Y",), "may 2024", "2024-05-01T00:00:00.000Z"),
        (("%Y",), "2024", "2024-01-01T00:00:00.000Z"),
        (("%d.%m.%Y %H",), "31.05.2024 14", "2024-05-31T14:00:00.000Z"),
        (("%Y-%m-%d %H:%M:%S.%f",), "2024-05-31 14:30:05.5", "2024-05-31T14:30:05.500Z"),
        (("%Y-%m-%dT%H:%M:%S%z",), "2024-05-31T14:30:05+02:00", "2024-05-31T12:30:05.000Z"),
        (("%Y-%m-%dT%H:%M:%S%z",), "2024-05-31T14:30:05Z", "2024-05-31T14:30:05.000Z"),
        (("unix",), "1716000000.5", "2024-05-18T02:40:00.500Z"),
        (("unix_ms",), "-1000", "1969-12-31T23:59:59.000Z"),
        (("%d.%m.%Y", ISO), "2024-05-31", "2024-05-31T00:00:00.000Z"),
        (("%d.%m.%Y",), "2024-05-31", None),
        (("%d.%m.%Y",), "31.05.24", None),
        (("%d.%m.%Y",), "31.02.2024", None),
        (("unix",), "99999999999999999999", None),
    ],
)
def test_first_format_that_fits_is_taken(
    coerced: Coercion, formats: tuple[str, ...], cell: str, value: str | None
) -> None:
    """With formats, only they are read, in their order; a year of two digits is no `%Y`."""
    (outcome,) = coerced("DateTime", [cell], context=Context(dates=formats))
    assert (outcome.value, outcome.codes) == (value, () if value else ("not_a_date",))


def test_date_cells_are_iso_whatever_the_formats_say(coerced: Coercion) -> None:
    """A typed date of a workbook is read though the mapping names another form."""
    outcomes = coerced(
        "DateTime",
        ["2024-05-31", "31.05.2024", "2024-05-31"],
        kinds=[Kind.DATE, Kind.TEXT, Kind.TEXT],
        context=Context(dates=("%d.%m.%Y",)),
    )
    assert [one.codes for one in outcomes] == [(), (), ("not_a_date",)]
    assert "31.05.2024" in outcomes[2].fixes[0]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("%d.%m.%Y %H:%M", None),
        ("%Y-%m-%dT%H:%M:%S.%f%z", None),
        ("unix", None),
        ("iso", None),
        ("%Q %Y", "%Q"),
        ("%Y%", "%"),
        ("%d.%m.", "year"),
        ("%Y %Z", "%Z"),
        ("%Y %f", ".%f"),
        ("%Y %I", "12-hour"),
        ("%Y-%m-%d %M", "hour"),
    ],
)
def test_wrong_format_is_told(form: str, said: str | None) -> None:
    """A form that cannot be read is refused with the reason, before any row is looked at."""
    mistake = format_mistake(form)
    assert mistake is None if said is None else said in (mistake or "")


@pytest.mark.parametrize(
    ("word", "value"),
    [
        *[(word, True) for word in ("true", "YES", "y", "1", "On", "x", "checked", "ja", "Wahr", "oui", "VRAI", "sí")],
        *[(word, False) for word in ("false", "No", "n", "0", "off", "nein", "falsch", "non", "faux")],
        ("SI\u0301", True),
        (" TRUE ", True),
        ("2", None),
        ("N/A", None),
        ("yes!", None),
    ],
)
def test_switch_knows_its_words(coerced: Coercion, word: str, value: bool | None) -> None:
    """The words for yes and no of five languages are read without case; no other is."""
    (outcome,) = coerced("Switch", [word])
    assert (outcome.value, outcome.codes) == (value, ("not_a_switch",) if value is None else ())


@pytest.mark.parametrize(
    ("cell", "value", "code"),
    [
        ("red", "aaa1", None),
        (" RED ", "aaa1", None),
        ("Option 1", "ccc3", None),
        ("Option 1 ", "bbb2", None),
        ("option 1", None, "option_ambiguous"),
        ("cafe\u0301", "ddd4", None),
        ("Twice", None, "option_ambiguous"),
        ("eee5", "eee5", None),
        ("AAA1", "aaa1", None),
        ("Rad", None, "option_unknown"),
        ("violet", None, "option_unknown"),
    ],
)
def test_option_is_found_by_name_or_id(coerced: Coercion, cell: str, value: str | None, code: str | None) -> None:
    """An exact name wins over those that differ in case or blanks; a name that several have is ambiguous."""
    (outcome,) = coerced("Option", [cell], limits=OPTIONS)
    assert (outcome.value, outcome.codes) == (value, (code,) if code else ())


def test_nearest_option_is_suggested(coerced: Coercion) -> None:
    """A misspelt option is answered with the nearest one, another with the list of all."""
    near, far = coerced("Option", ["Cafe", "violet"], limits=OPTIONS)
    assert near.fixes[0].startswith('Did you mean "Café"?')
    assert far.messages[0].endswith("Red, Option 1, Café, Twice.")
    assert coerced("Option", ["x"], limits={"options": []})[0].codes == ("option_unknown",)


@pytest.mark.parametrize(
    "color",
    [
        "#abc", "#ABCD", "#aabbcc", "#aabbccdd", "rgb(0,128,255)", "rgb( 0% , 50.5% , 100% )", "RGBA(1, 2, 3, 0.5)",
        "rgba(1,2,3,.5)", "rgb(1 2 3 / 50%)", "hsl(120, 50%, 50%)", "hsl(-30deg 10% 10%)", "hsla(0,0%,0%,1)", "Tomato",
        "transparent", "rebeccapurple",
    ],
)  # fmt: skip
def test_documented_colors_are_taken_as_written(coerced: Coercion, color: str) -> None:
    """Every documented form of a color is sent as it stands, without outer blanks."""
    (outcome,) = coerced("Color", [f" {color} "])
    assert (outcome.value, outcome.codes) == (color, ())


@pytest.mark.parametrize(
    "color",
    [
        "#ab", "#abcde", "#ggg", "rgb(256,0,0)", "rgb(1,2)", "rgb(1,2,3,4,5)", "rgba(1,2,3,1.5)", "hsl(0,50,50)",
        "hsl(0,101%,0%)", "reddish", "rgb(1 2,3)", "ff8800",
    ],
)  # fmt: skip
def test_other_colors_are_refused(coerced: Coercion, color: str) -> None:
    """Numbers out of range, mixed forms and unknown names are no colors."""
    assert coerced("Color", [color])[0].codes == ("color_invalid",)


def test_missing_hash_is_suggested(coerced: Coercion) -> None:
    """The fix for a bare hex number is the same with its sign."""
    assert '"#ff8800"' in coerced("Color", ["ff8800"])[0].fixes[0]
