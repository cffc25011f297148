"""What can be wrong with a row: a sentence for each problem code, and what an editor can do about it.

The codes are part of the interface (rejects files, `--json`): new ones may come, none changes its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SHOWN = 60
"""How many characters of a cell are shown."""


@dataclass(frozen=True, slots=True)
class ProblemText:
    """The sentences of a code: templates with `{value}`, `{field}`, `{column}`, `{where}`, `{suggest}` and facts.

    `better` is the fix where a better value is known; `facts` are what the facts read where a check knows none.
    """

    message: str
    fix: str
    better: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


PROBLEMS: dict[str, ProblemText] = {
    "required": ProblemText(
        'The field "{field}" is required, and {nothing} for it{where}.',
        'Fill the cell, or give the rule of "{field}" a default in the mapping file.',
        facts={"nothing": "this row has nothing"},
    ),
    "too_long": ProblemText(
        '{value} is longer than the {limit} characters that the field "{field}" takes.',
        "Shorten it to {limit} characters, or let the mapping file do it: transform = [{{ truncate = {limit} }}].",
        facts={"limit": "?"},
    ),
    "too_short": ProblemText(
        '{value} is shorter than the {limit} characters that the field "{field}" asks for.',
        "Write at least {limit} characters.",
        facts={"limit": "?"},
    ),
    "not_single_line": ProblemText(
        '{value} has a line break, and the field "{field}" is a single line.',
        "Remove the line breaks from the cell.",
        "Write it in one line: {suggest}.",
    ),
    "control_character": ProblemText(
        '{value} holds a sign that cannot be shown, and the field "{field}" takes only text.',
        "Remove it from the cell; such signs come from broken exports, or from a wrong encoding.",
        "Write {suggest}; such signs come from broken exports, or from a wrong encoding.",
    ),
    "not_a_number": ProblemText(
        '{value} is no number, and the field "{field}" takes only numbers.',
        "Write a number such as {example}, without letters; decimal = {decimal} in [source] says how numbers are read.",
        facts={"example": "1234.50", "decimal": '"."'},
    ),
    "not_an_integer": ProblemText(
        '{value} has decimals, and the field "{field}" takes only whole numbers.',
        "Write a whole number, or round it in the mapping file: transform = [{{ round = 0 }}].",
    ),
    "out_of_range": ProblemText(
        '{value} is out of range: the field "{field}" takes numbers that are {bound}.',
        "Write a number that is {bound}, or change the limits of the field in the Webflow Designer.",
        facts={"bound": "within its limits"},
    ),
    "too_precise": ProblemText(
        '{value} has more digits than the field "{field}" keeps ({kept}).',
        "{remedy}",
        facts={
            "kept": "its decimal places",
            "remedy": "Round the number, in the sheet or in the mapping file: transform = [{ round = 2 }].",
        },
    ),
    "not_a_date": ProblemText(
        "{value} {flaw}.",
        "{remedy}",
        'Say how dates are written: add {suggest} to the rule of "{field}" in the mapping file, or write it {example}.',
        facts={
            "flaw": "is no date that can be read",
            "remedy": "Write it like 2024-05-31 or 2024-05-31T14:30.",
            "example": "like 2024-05-31",
        },
    ),
    "not_a_switch": ProblemText(
        '{value} is neither yes nor no, and "{field}" is a switch.',
        "Write yes or no (true/false, 1/0, on/off and x count too), or leave the cell empty.",
    ),
    "option_unknown": ProblemText(
        '{value} is not among the options of "{field}": {options}.',
        "Choose one of its options, or add this one to the field in the Webflow Designer.",
        "Did you mean {suggest}? Otherwise add the option to the field in the Webflow Designer.",
        facts={"options": "see the Webflow Designer"},
    ),
    "option_ambiguous": ProblemText(
        'The field "{field}" has several options called {value}.',
        "Rename one of them in the Webflow Designer, or write the option's id in the cell.",
    ),
    "email_invalid": ProblemText(
        "{value} is no email address.",
        "Write one address such as name@example.com.",
        "Write {suggest}, if that is the address.",
    ),
    "link_invalid": ProblemText(
        '{value} is no address that the link "{field}" can hold.',
        "Write a whole address such as https://example.com/page, or one that begins with mailto:, tel: or sms:; "
        "for addresses such as /page say base_url in [source].",
        "Write {suggest}, if that is the address.",
    ),
    "phone_invalid": ProblemText(
        "{value} is no telephone number.",
        "Write digits, with + ( ) - . / and blanks between them, such as +49 30 1234567.",
        "Write {suggest}, if that is the number.",
    ),
    "color_invalid": ProblemText(
        "{value} is no color.",
        "Write it as #ff8800, rgb(255, 136, 0), hsl(32, 100%, 50%), or by its CSS name.",
        "Write {suggest}, if that is the color.",
    ),
    "video_invalid": ProblemText(
        "{value} is no address of a video.",
        "Write the address of the video's page, such as https://www.youtube.com/watch?v=aqz-KE-bpKQ.",
        "Write {suggest}, if that is the video.",
    ),
    "file_invalid": ProblemText(
        '{value} is no file that the field "{field}" can load{accepted}.',
        "Write the public address of the file, such as https://example.com/photo.jpg; for relative addresses say "
        "base_url in [source].",
        "Write {suggest}, if that is the address.",
        facts={"accepted": ""},
    ),
    "reference_unknown": ProblemText(
        'No item of the collection "{collection}" has the {match} {value}{why}.',
        'Correct the cell, or import the missing item into "{collection}" first.',
        'Did you mean {suggest}? Otherwise import the missing item into "{collection}" first.',
        facts={"collection": "referenced", "match": "name", "why": ""},
    ),
    "reference_ambiguous": ProblemText(
        'Several items of the collection "{collection}" have the {match} {value}.',
        'Rename one of them, or refer to them by something else: match = "slug" in the rule of "{field}".',
        facts={"collection": "referenced", "match": "name"},
    ),
    "reference_unmade": ProblemText(
        'This row refers to the item {value} of the collection "{collection}", which is not there and could not be'
        " made: {why}.",
        "Put that right, or make the item in Webflow yourself; then run again. Or write another name into the cell.",
        facts={"collection": "referenced", "why": "no reason given"},
    ),
    "slug_invalid": ProblemText(
        "{value} {why}.",
        "{remedy}.",
        'Write {suggest}, or add transform = ["slugify"] to the rule of the slug.',
        facts={
            "why": "is no slug: only letters from a to z, digits, - and _ may stand in it, "
            "and it must not begin with -",
            "remedy": "Change the slug, or let it be made from the name: "
            "leave the rule of the slug out of the mapping file",
        },
    ),
    "slug_duplicate": ProblemText(
        "The slug {value}{origin} is used by {first} already.",
        "Give this {thing} another {what}.{together}",
        facts={
            "together": "",
            "thing": "row",
            "first": "an earlier row of this sheet",
            "origin": "",
            "what": "slug; a slug can be used once in each collection and locale",
        },
    ),
    "slug_taken": ProblemText(
        "The slug {value} is used by {item} in Webflow already.",
        'Give this row another slug, or take the existing item over: existing = "adopt" in the mapping file.',
        facts={"item": "another item"},
    ),
    "slug_held": ProblemText(
        "Webflow holds the slug {value}, though no item that has it can be read.",
        "A deleted item may keep its slug until the site is published: publish the site and run again, or change it.",
    ),
    "key_empty": ProblemText(
        "{keyless} key{where}, so a later run could not find its item again.",
        "Fill the cell that identifies the item, or leave the row out with [where].",
        facts={"keyless": "This row has no"},
    ),
    "key_duplicate": ProblemText(
        "The key {value} is used by {first} already.",
        "Give each {thing} a key of its own, or delete the {thing} that is there twice.{together}",
        facts={"first": "an earlier row of this sheet", "thing": "row", "together": ""},
    ),
    "lookup_unknown": ProblemText(
        '{value} is not in the table [lookup.{lookup}] of the mapping file, which "{field}" needs.',
        'Correct the cell, or add a line for it to [lookup.{lookup}]; missing = "keep" takes unknown values as they '
        "are.",
        "Did you mean {suggest}? Otherwise add a line for it to [lookup.{lookup}].",
        facts={"lookup": "..."},
    ),
    "locale_unknown": ProblemText(
        "{value} is no locale of the site: {locales}.",
        "Write one of its locales, or add this one in the site's settings in Webflow.",
        "Did you mean {suggest}?",
        facts={"locales": "see the site's settings"},
    ),
    "transform_failed": ProblemText(
        'The transform "{transform}" can make nothing of {value}{operand} for the field "{field}".',
        "Correct the {guilty}, or change the transform in the mapping file.",
        facts={"transform": "...", "operand": "", "guilty": "cell"},
    ),
    "row_broken": ProblemText(
        "The row cannot be read as it stands: {reason}.",
        "Correct this line of the file; usual causes are too many separators, a missing quote, or a wrong encoding.",
        facts={"reason": ""},
    ),
    "cell_error": ProblemText(
        "The cell{where} holds {what} {value} {instead}.",
        "{remedy}",
        facts={
            "what": "the error",
            "instead": "of the spreadsheet instead of a value",
            "remedy": "Correct the formula of the cell, or empty it.",
        },
    ),
    "digits_lost": ProblemText(
        "The cell{where} holds the number {value}, whose last digits are not certain: "
        "spreadsheets keep only 15 digits of a number.",
        "Format the column as text, write the number again with all its digits, and save the sheet.",
    ),
    "asset_refused": ProblemText(
        "Webflow could not load a file of this row: {reason}.",
        "See that the address opens in a browser without a login, is an image or document, and is small enough "
        "(images 4 MB, documents 10 MB); then run `importer retry`.",
        facts={"reason": "no reason given"},
    ),
    "server_error": ProblemText(
        "Webflow answers this row with a server error: {reason}.",
        "Run `importer retry` later; if it stays, try the item by hand in the Webflow Designer.",
        facts={"reason": "no reason given"},
    ),
    "refused": ProblemText(
        "Webflow refused this row: {reason}.",
        "Correct what the answer names, then run again.",
        facts={"reason": "no reason given"},
    ),
    "item_not_live": ProblemText(
        "The item of this row was never published, so its live version cannot be changed.",
        "Publish the item in Webflow, then run again.",
    ),
    "item_in_use": ProblemText(
        "The item of this row is still used by other items, so Webflow does not remove it.",
        "Remove the references to it first, then run again.",
    ),
    "item_gone": ProblemText(
        "The item of this row is no longer in Webflow.",
        "Run `importer retry` to create it again, or delete the row.",
    ),
}
"""Every problem code with its sentences."""


def shorten(value: str, limit: int = SHOWN) -> str:
    """Show a text in one line of at most `limit` characters: line breaks and other invisible signs are escaped."""
    shown: list[str] = []
    room = limit
    for sign in value:
        part = sign if sign.isprintable() else _escaped(sign)
        room -= len(part)
        if room < 0:
            return _cut("".join(shown), limit)
        shown.append(part)
    return "".join(shown)


def describe(
    code: str,
    *,
    value: str | None = None,
    field: str | None = None,
    column: str | None = None,
    suggest: str | None = None,
    facts: Mapping[str, str | float] | None = None,
) -> tuple[str, str]:
    """Say what is wrong and what to do: (message, fix); KeyError if there is no such code."""
    text = PROBLEMS[code]
    words: dict[str, str] = {
        **text.facts,
        **({"reason": value} if value and "reason" in text.facts else {}),
        **{name: _number(fact) for name, fact in (facts or {}).items()},
        "value": "An empty cell" if value is None else _quoted(value),
        "field": field or "?",
        "column": column or "?",
        "where": "" if column is None else f' (column "{column}")',
        "suggest": "" if not suggest else suggest if " = " in suggest else _quoted(suggest),
    }
    if "reason" in words:
        words["reason"] = shorten(words["reason"].strip().rstrip("."), 300) or "no reason given"
    fix = text.better if suggest and text.better else text.fix
    return text.message.format_map(words), fix.format_map(words)


def _quoted(value: str) -> str:
    return f'"{shorten(value)}"'


def _number(fact: str | float) -> str:
    return f"{fact:.15g}" if isinstance(fact, float) else str(fact)


def _escaped(sign: str) -> str:
    """Make an invisible sign visible; the blanks that look like one stay what they look like."""
    return " " if sign.isspace() and sign > "\x9f" else sign.encode("unicode_escape").decode("ascii")


def _cut(shown: str, limit: int) -> str:
    return shown[: limit - 1] + "…"
