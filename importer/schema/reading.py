"""How a cell's text is read as a number, as an instant, as HTML, and as a word to compare by; pure polars expressions.

They stand on this floor because fields, transforms and conditions must all read a cell alike.
"""

from __future__ import annotations

import re
from functools import partial

import polars as pl

from importer.model import Kind
from importer.schema.evaluation import first_reading, staged

ISO = "iso"
"""A date form besides strptime ones: ISO 8601 and the JavaScript form, what is read where no form is given."""

UNIX = "unix"
"""A date form: seconds since 1970 in UTC."""

UNIX_MS = "unix_ms"
"""A date form: milliseconds since 1970 in UTC."""

UTC_INSTANT = pl.Datetime("us", "UTC")
"""What `instant_of` gives."""

BLANK = r"[ \t\u00a0\u2000-\u200a\u202f\u205f\u3000]"
"""The blanks that stand inside one line of text, NBSP and its narrow kin included."""

TAG = r"<(?:/?[a-zA-Z][a-zA-Z0-9:-]*(?:\s[^<>]*)?/?|!--[^>]*|!(?i:doctype)[^>]*)>"
"""A tag; `<ada@example.com>` and `<https://example.com>` are text, which a browser would take for tags and not show."""

_CANONICAL = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_ISO_TEXT = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)?"
    r"(?: ?(?:[Zz]|UTC|GMT|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?))?)?$"
)
_JAVASCRIPT_TEXT = (
    r"^([A-Z][a-z]{2} [A-Z][a-z]{2} [0-9]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-5][0-9]) GMT([+-][0-9]{4})(?: \(.*\))?$"
)
_UNIX_TEXT = r"^[+-]?[0-9]{1,15}(?:\.[0-9]*)?$"
_DIRECTIVE = re.compile(r"%([-_0]?(?::{0,3}|#)z|\.?[369]?f|[-_0]?[A-Za-z]|%|.|$)")
_KNOWN_DIRECTIVES = frozenset("YymbBhdeaAjHkIlMSpPTRrDFxXcztn")
_DATES_IN_ONE = "FDxc"
_CLOCKS_IN_ONE = "TRrXc"


def normalised(value: pl.Expr) -> pl.Expr:
    """Give text in the form by which names are compared: NFC, without outer blanks, in lower case (String)."""
    return value.str.normalize("NFC").str.strip_chars().str.to_lowercase()


WHOLE = r"^([+-]?[0-9]+)\.0+$"
"""A whole number that a spreadsheet wrote with decimals: as a key it is the number (`$1`)."""


def key_form(value: pl.Expr) -> pl.Expr:
    """Give text in the form by which keys are compared: NFC, without outer blanks, whole numbers without `.0`."""
    return value.str.normalize("NFC").str.strip_chars().str.replace(WHOLE, "$1")


def digits_of(value: pl.Expr, decimal: str, kind: pl.Expr | None = None) -> pl.Expr:
    """Give the number in a text as `-1234.50` (String), null where there is none.

    Thousands separators, currency signs, `%` and blanks fall away. With `decimal="."` thousands are separated by
    `,`, with `","` by `.` or a blank; a separator that does not stand before three digits is no number, for `19,99`
    must never become 1999. Cells of `kind` NUMBER are canonical already, and may have an exponent.
    """
    plain = r"^-?[0-9]+(?:,[0-9]+)?$" if decimal == "," else r"^-?[0-9]+(?:\.[0-9]+)?$"

    def as_it_is(text: pl.Expr) -> pl.Expr:
        return _with_point(pl.when(text.str.contains(plain)).then(text), decimal)

    def as_people_write(text: pl.Expr) -> pl.Expr:
        written = pl.when(text.str.strip_chars().str.contains(_number_text(decimal))).then(text)
        bare = written.str.replace_all(r"[^0-9,\-\u2212]" if decimal == "," else r"[^0-9.\-\u2212]", "")
        return _with_point(bare.str.replace("\u2212", "-", literal=True), decimal)

    readers = (as_it_is, as_people_write)
    if kind is None:
        return first_reading(value, readers, pl.String)
    canonical = (kind == Kind.NUMBER).fill_null(value=False)
    cell = pl.when(canonical & value.str.contains(_CANONICAL)).then(value)
    return pl.coalesce(cell, first_reading(pl.when(~canonical).then(value), readers, pl.String))


def number_of(value: pl.Expr, decimal: str, kind: pl.Expr | None = None) -> pl.Expr:
    """Give the number in a text (Float64, finite, never -0.0), null where there is none; see `digits_of`."""
    return amount_of(digits_of(value, decimal, kind))


def amount_of(digits: pl.Expr) -> pl.Expr:
    """Give the number that `digits_of` found (Float64, finite, never -0.0)."""
    number = pl.col("number")
    return staged(
        {"digits": digits},
        (
            {"number": pl.col("digits").cast(pl.Float64, strict=False)},
            {"sound": pl.when(number == 0).then(0.0).when(number.is_finite()).then(number)},
        ),
        pl.Float64,
    )


def instant_of(
    value: pl.Expr, *, formats: tuple[str, ...] = (), timezone: str = "UTC", kind: pl.Expr | None = None
) -> pl.Expr:
    """Give the instant that a text names (Datetime us, UTC; years 1 to 9999), null where it names none.

    The first of `formats` that fits is taken: strptime forms, `"unix"`, `"unix_ms"`, `"iso"`; without any, ISO 8601
    and the JavaScript form of Webflow's export. Text without a zone is a time in `timezone`, a date alone its
    midnight; of a doubled time the earlier, and a time that the zone skips is none. DATE cells are always ISO.
    """
    iso = tuple(partial(reader, timezone=timezone) for reader in (_iso_day, _iso_time, _javascript))
    if not formats:
        return _within(first_reading(value, iso, UTC_INSTANT))
    readers = [
        reader
        for form in formats
        for reader in (iso if form == ISO else (partial(_formed, form=form, timezone=timezone),))
    ]
    if kind is None:
        return _within(first_reading(value, readers, UTC_INSTANT))
    date = (kind == Kind.DATE).fill_null(value=False)
    cell = first_reading(pl.when(date).then(value), iso, UTC_INSTANT)
    return _within(pl.coalesce(cell, first_reading(pl.when(~date).then(value), readers, UTC_INSTANT)))


def day_of(
    value: pl.Expr, *, formats: tuple[str, ...] = (), timezone: str = "UTC", kind: pl.Expr | None = None
) -> pl.Expr:
    """Give the day that a text names (Date), as it stands there whatever its zone; null where it names none.

    Only forms with `%z` give the day in `timezone`.
    """
    if formats:
        return instant_of(value, formats=formats, timezone=timezone, kind=kind).dt.convert_time_zone(timezone).dt.date()

    def iso(text: pl.Expr) -> pl.Expr:
        return _shaped(text, _ISO_TEXT).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)

    def javascript(text: pl.Expr) -> pl.Expr:
        return _shaped(text, _JAVASCRIPT_TEXT).str.slice(0, 15).str.to_date("%a %b %d %Y", strict=False)

    return first_reading(value, (iso, javascript), pl.Date)


def format_mistake(form: str) -> str | None:
    """Say in one sentence what is wrong with a date form; None where it can be read."""
    if form in {ISO, UNIX, UNIX_MS}:
        return None
    for one in (match.group(1) for match in _DIRECTIVE.finditer(form)):
        letter = one[-1:]
        if one == "f" and not re.search(r"\.%f", form):
            return f'"{form}": fractions of a second are ".%f", with the dot'
        if one == "Z":
            return f'"{form}": names of zones (%Z) cannot be read; %z reads offsets such as +02:00'
        if letter not in _KNOWN_DIRECTIVES and letter not in {"%", "f"}:
            return f'"{form}": there is no %{one}'
    if not _letters(form) & set("YyFDxc"):
        meant = _with_percents(form)
        remedy = f'such a form is written "{meant}"' if meant else "a year can be added with a template"
        return f'"{form}" names no year (%Y), so it is no date; {remedy}'
    return _refusal(form)


def _with_percents(form: str) -> str | None:
    """Translate a form as spreadsheets write it, in English, German or French: "TT.MM.JJJJ"; None if it is none."""
    rest = form
    for letters, directive in _OF_SPREADSHEETS:
        rest = re.sub(letters, directive, rest, count=1)
    return rest if "%Y" in rest and not re.search("(?<![%A-Za-z])[A-Za-z]", rest) else None


_OF_SPREADSHEETS = (
    ("[Yy]{4}|[Jj]{4}|[Aa]{4}", "%Y"),
    (r"(?<![%A-Za-z])(?:[Dd]{1,2}|[Tt]{1,2}|[Jj]{1,2})(?![A-Za-z])", "%d"),
    (r"(?<![%A-Za-z])[Mm]{1,2}(?![A-Za-z])", "%m"),
    (r"(?<![%A-Za-z])[Hh]{1,2}(?![A-Za-z])", "%H"),
    (r"(?<![%A-Za-z])[Mm]{1,2}(?![A-Za-z])", "%M"),
    (r"(?<![%A-Za-z])[Ss]{1,2}(?![A-Za-z])", "%S"),
)
"""Letters of dates in spreadsheets, in the order in which they are looked for; the second M stands for minutes."""


def _refusal(form: str) -> str | None:
    """Say what polars has against a form."""
    try:
        pl.Series([""]).str.to_datetime(_completed(form)[0], strict=False)
    except pl.exceptions.ComputeError as error:
        return f'"{form}": {str(error).splitlines()[0]}'
    return None


def _number_text(decimal: str) -> str:
    """Give the pattern of a number as people write it."""
    groups = rf"(?:(?:\.[0-9]{{3}})+|(?:{BLANK}[0-9]{{3}})+)" if decimal == "," else r"(?:,[0-9]{3})+"
    point = "," if decimal == "," else r"\."
    amount = rf"(?:(?:[0-9]{{1,3}}{groups}|[0-9]+)(?:{point}[0-9]*)?|{point}[0-9]+)"
    sign = rf"(?:[+\-\u2212]{BLANK}*)"
    return rf"^(?:{sign}?(?:\p{{Sc}}{BLANK}*)?|\p{{Sc}}{BLANK}*{sign}){amount}{BLANK}*(?:\p{{Sc}}|%)?$"


def _with_point(number: pl.Expr, decimal: str) -> pl.Expr:
    """Write the decimal sign as a point."""
    return number.str.replace(",", ".", literal=True) if decimal == "," else number


def _shaped(text: pl.Expr, pattern: str) -> pl.Expr:
    """Keep trimmed texts that look so."""
    bare = text.str.strip_chars()
    return pl.when(bare.str.contains(pattern)).then(bare)


def _within(instant: pl.Expr) -> pl.Expr:
    """Keep the years that ISO 8601 writes with four digits."""
    found = pl.col("instant")
    kept = pl.when(found.dt.year().is_between(1, 9999)).then(found)
    return staged({"instant": instant}, ({"kept": kept},), UTC_INSTANT)


def _in_zone(naive: pl.Expr, timezone: str) -> pl.Expr:
    """Read a wall clock's time as an instant."""
    if timezone == "UTC":
        return naive.dt.replace_time_zone("UTC")
    placed = naive.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
    return placed.dt.convert_time_zone("UTC")


def _iso_day(text: pl.Expr, timezone: str) -> pl.Expr:
    """Read an ISO 8601 date as its midnight."""
    day = pl.when(text.str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")).then(text)
    return _in_zone(day.str.to_datetime("%Y-%m-%d", strict=False, time_unit="us"), timezone)


def _iso_time(text: pl.Expr, timezone: str) -> pl.Expr:
    """Read an ISO 8601 date-time, with a zone or without."""
    written, tail, zone = pl.col("text"), pl.col("tail"), pl.col("zone")
    fraction = pl.when(tail.str.slice(3, 1).is_in([".", ","])).then(tail.str.slice(4)).str.strip_suffix(zone)
    micros = fraction.str.slice(0, 6).str.pad_end(6, "0").cast(pl.Int64, strict=False).fill_null(0)
    seconds = pl.when(tail.str.starts_with(":")).then(tail.str.slice(1, 2))
    clock = _micros(written.str.slice(11, 2), 3_600) + _micros(written.str.slice(14, 2), 60) + _micros(seconds, 1)
    stages = (
        {
            "day": written.str.slice(0, 10).str.to_datetime("%Y-%m-%d", strict=False, time_unit="us"),
            "tail": written.str.slice(16),
            "zone": written.str.slice(16).str.strip_chars_start("0123456789:.,"),
        },
        {"naive": pl.col("day") + (clock + micros).cast(pl.Duration("us"))},
        {
            "instant": pl.when(zone == "")
            .then(_in_zone(pl.col("naive"), timezone))
            .otherwise((pl.col("naive") - _offset(zone)).dt.replace_time_zone("UTC"))
        },
    )
    return staged({"text": _shaped(text, _ISO_TEXT)}, stages, UTC_INSTANT)


def _javascript(text: pl.Expr, timezone: str) -> pl.Expr:  # noqa: ARG001 - it always has a zone
    """Read a date as JavaScript writes it, the form of Webflow's own export."""
    written = pl.col("text")
    naive = written.str.extract(_JAVASCRIPT_TEXT, 1).str.to_datetime(
        "%a %b %d %Y %H:%M:%S", strict=False, time_unit="us"
    )
    zone = written.str.extract(_JAVASCRIPT_TEXT, 2)
    instant = (naive - _offset(zone)).dt.replace_time_zone("UTC")
    return staged({"text": _shaped(text, _JAVASCRIPT_TEXT)}, ({"instant": instant},), UTC_INSTANT)


def _micros(digits: pl.Expr, seconds: int) -> pl.Expr:
    """Turn two digits of a clock into microseconds; none count nothing."""
    return digits.cast(pl.Int64, strict=False).fill_null(0) * (seconds * 1_000_000)


def _offset(zone: pl.Expr) -> pl.Expr:
    """Tell how far a zone such as `+02:00`, `+0200`, `+02` or `Z` is ahead of UTC."""
    bare = zone.str.strip_chars(" ").str.replace(":", "", literal=True)
    ahead = _micros(bare.str.slice(1, 2), 3_600) + _micros(bare.str.slice(3, 2), 60)
    return pl.when(bare.str.starts_with("-")).then(-ahead).otherwise(ahead).cast(pl.Duration("us"))


def _formed(text: pl.Expr, form: str, timezone: str) -> pl.Expr:
    """Read one form."""
    if form in {UNIX, UNIX_MS}:
        return staged({"text": _shaped(text, _UNIX_TEXT)}, _unix_stages(form), UTC_INSTANT)
    shaped, additions = _completed(form)
    whole = text.str.strip_chars() + additions
    read = pl.col("read")
    # `%Y` also takes "24", which is no year that anybody means.
    kept = pl.when(read.dt.year() >= 1000).then(read)  # noqa: PLR2004 - a year of four digits
    stages = (
        {"read": pl.col("text").str.to_datetime(shaped, strict=False, time_unit="us")},
        {"kept": kept if "z" in _letters(shaped) else _in_zone(kept, timezone)},
    )
    return staged({"text": whole}, stages, UTC_INSTANT)


def _unix_stages(form: str) -> tuple[dict[str, pl.Expr], ...]:
    """Read seconds or milliseconds since 1970."""
    scale = 1_000_000 if form == UNIX else 1_000
    text, part, micros = pl.col("text"), pl.col("part"), pl.col("micros")
    digits = text.str.extract(r"\.([0-9]{1,6})", 1).str.pad_end(6, "0").cast(pl.Int64, strict=False).fill_null(0)
    sign = pl.when(text.str.starts_with("-")).then(-1).otherwise(1)
    whole = text.str.extract(r"^([+-]?[0-9]+)", 1).cast(pl.Int64, strict=False)
    instant = pl.when(micros.abs() < 10**18).then(micros).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return ({"part": digits * scale // 1_000_000}, {"micros": whole * scale + sign * part}, {"instant": instant})


def _completed(form: str) -> tuple[str, str]:
    """Add the parts that a form leaves out (a day to a month, minutes to an hour); give form and text to add."""
    shaped = re.sub(r"%:*z", "%#z", form.replace(".%f", "%.f"))
    letters = _letters(shaped)
    more, text = "", ""
    if not letters & set(_DATES_IN_ONE):
        if not letters & set("dej"):
            more, text = more + " %d", text + " 1"
        if not letters & set("mbBhj"):
            more, text = more + " %m", text + " 1"
    if letters & set("HkIl") and not letters & set("M" + _CLOCKS_IN_ONE):
        more, text = more + " %M", text + " 0"
    return shaped + more, text


def _letters(form: str) -> set[str]:
    """Find the letters of the directives of a form."""
    return {match.group(1)[-1:] for match in _DIRECTIVE.finditer(form)}
