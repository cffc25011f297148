"""How a cell's text is read as a number, as an instant, and as a word to compare by; pure polars expressions.

They stand on this floor because fields, transforms and conditions must all read a cell alike.
"""

from __future__ import annotations

import re

import polars as pl

from importer.model import Kind

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

_CANONICAL = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_ISO_TEXT = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)?"
    r"(?: ?(?:[Zz]|UTC|GMT|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?))?)?$"
)
_ISO_ZONE = r"^.{16,}?( ?(?:[Zz]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))$"
_JAVASCRIPT_TEXT = (
    r"^([A-Z][a-z]{2} [A-Z][a-z]{2} [0-9]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-5][0-9]) GMT([+-][0-9]{4})(?: \(.*\))?$"
)
_DIRECTIVE = re.compile(r"%([-_0]?(?::{0,3}|#)z|\.?[369]?f|[-_0]?[A-Za-z]|%|.|$)")
_KNOWN_DIRECTIVES = frozenset("YymbBhdeaAjHkIlMSpPTRrDFxXcztn")
_DATES_IN_ONE = "FDxc"
_CLOCKS_IN_ONE = "TRrXc"


def normalised(value: pl.Expr) -> pl.Expr:
    """Give text in the form by which names are compared: NFC, without outer blanks, in lower case (String)."""
    return value.str.normalize("NFC").str.strip_chars().str.to_lowercase()


def digits_of(value: pl.Expr, decimal: str, kind: pl.Expr | None = None) -> pl.Expr:
    """Give the number in a text as `-1234.50` (String), null where there is none.

    Thousands separators, currency signs, `%` and blanks fall away. With `decimal="."` thousands are separated by
    `,`, with `","` by `.` or a blank; a separator that does not stand before three digits is no number, for `19,99`
    must never become 1999. Cells of `kind` NUMBER are canonical already, and may have an exponent.
    """
    text = value.str.strip_chars()
    written = text.str.contains(_number_text(decimal))
    bare = text.str.replace_all(r"[^0-9,\-\u2212]" if decimal == "," else r"[^0-9.\-\u2212]", "")
    bare = bare.str.replace("\u2212", "-", literal=True)
    if decimal == ",":
        bare = bare.str.replace(",", ".", literal=True)
    read = pl.when(written).then(bare)
    if kind is None:
        return read
    return pl.when(kind == Kind.NUMBER).then(pl.when(text.str.contains(_CANONICAL)).then(text)).otherwise(read)


def number_of(value: pl.Expr, decimal: str, kind: pl.Expr | None = None) -> pl.Expr:
    """Give the number in a text (Float64, finite, never -0.0), null where there is none; see `digits_of`."""
    number = digits_of(value, decimal, kind).cast(pl.Float64, strict=False)
    return pl.when(number == 0).then(0.0).when(number.is_finite()).then(number)


def instant_of(
    value: pl.Expr, *, formats: tuple[str, ...] = (), timezone: str = "UTC", kind: pl.Expr | None = None
) -> pl.Expr:
    """Give the instant that a text names (Datetime us, UTC; years 1 to 9999), null where it names none.

    The first of `formats` that fits is taken: strptime forms, `"unix"`, `"unix_ms"`, `"iso"`; without any, ISO 8601
    and the JavaScript form of Webflow's export. Text without a zone is a time in `timezone`, a date alone its
    midnight; of a doubled time the earlier, and a time that the zone skips is none. DATE cells are always ISO.
    """
    text = value.str.strip_chars()
    iso = _iso_instant(text, timezone)
    if not formats:
        return _within(iso)
    read = pl.coalesce([_formed_instant(text, form, timezone) for form in formats])
    return _within(read if kind is None else pl.when(kind == Kind.DATE).then(iso).otherwise(read))


def day_of(
    value: pl.Expr, *, formats: tuple[str, ...] = (), timezone: str = "UTC", kind: pl.Expr | None = None
) -> pl.Expr:
    """Give the day that a text names (Date), as it stands there whatever its zone; null where it names none.

    Only forms with `%z` give the day in `timezone`.
    """
    text = value.str.strip_chars()
    if formats:
        return instant_of(text, formats=formats, timezone=timezone, kind=kind).dt.convert_time_zone(timezone).dt.date()
    iso = pl.when(text.str.contains(_ISO_TEXT)).then(text.str.slice(0, 10))
    javascript = text.str.extract(_JAVASCRIPT_TEXT, 1).str.slice(0, 15)
    return pl.coalesce(iso.str.to_date("%Y-%m-%d", strict=False), javascript.str.to_date("%a %b %d %Y", strict=False))


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
        return f'"{form}" names no year (%Y), so it is no date; a year can be added with a template'
    return _refusal(form)


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


def _within(instant: pl.Expr) -> pl.Expr:
    """Keep the years that ISO 8601 writes with four digits."""
    return pl.when(instant.dt.year().is_between(1, 9999)).then(instant)


def _in_zone(naive: pl.Expr, timezone: str) -> pl.Expr:
    """Read a wall clock's time as an instant."""
    placed = naive.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
    return placed.dt.convert_time_zone("UTC")


def _iso_instant(text: pl.Expr, timezone: str) -> pl.Expr:
    """Read ISO 8601 and the JavaScript form."""
    fits = pl.when(text.str.contains(_ISO_TEXT)).then(text)
    day = fits.str.slice(0, 10).str.to_datetime("%Y-%m-%d", strict=False, time_unit="us")
    clock = _micros(fits.str.slice(11, 2), 3_600) + _micros(fits.str.slice(14, 2), 60)
    clock += _micros(fits.str.extract(r"^.{16}:([0-9]{2})", 1), 1)
    fraction = fits.str.extract(r"[.,]([0-9]{1,6})", 1).str.pad_end(6, "0").cast(pl.Int64, strict=False).fill_null(0)
    naive = day + (clock + fraction).cast(pl.Duration("us"))
    zone = fits.str.extract(_ISO_ZONE, 1)
    zoned = (naive - _offset(zone)).dt.replace_time_zone("UTC")
    javascript = text.str.extract(_JAVASCRIPT_TEXT, 1).str.to_datetime(
        "%a %b %d %Y %H:%M:%S", strict=False, time_unit="us"
    )
    javascript = (javascript - _offset(text.str.extract(_JAVASCRIPT_TEXT, 2))).dt.replace_time_zone("UTC")
    return pl.coalesce([pl.when(zone.is_null()).then(_in_zone(naive, timezone)).otherwise(zoned), javascript])


def _micros(digits: pl.Expr, seconds: int) -> pl.Expr:
    """Turn two digits of a clock into microseconds; none count nothing."""
    return digits.cast(pl.Int64, strict=False).fill_null(0) * (seconds * 1_000_000)


def _offset(zone: pl.Expr) -> pl.Expr:
    """Tell how far a zone such as `+02:00`, `+0200`, `+02` or `Z` is ahead of UTC."""
    bare = zone.str.replace_all(r"[: ]", "")
    ahead = _micros(bare.str.slice(1, 2), 3_600) + _micros(bare.str.slice(3, 2), 60)
    return (pl.when(bare.str.starts_with("-")).then(-ahead).otherwise(ahead)).cast(pl.Duration("us"))


def _formed_instant(text: pl.Expr, form: str, timezone: str) -> pl.Expr:
    """Read one form."""
    if form == ISO:
        return _iso_instant(text, timezone)
    if form in {UNIX, UNIX_MS}:
        scale = 1_000_000 if form == UNIX else 1_000
        whole = text.str.extract(r"^([+-]?[0-9]{1,15})(?:\.[0-9]*)?$", 1).cast(pl.Int64, strict=False)
        part = text.str.extract(r"\.([0-9]{1,6})", 1).str.pad_end(6, "0").cast(pl.Int64, strict=False).fill_null(0)
        part = part * scale // 1_000_000
        micros = whole * scale + pl.when(text.str.starts_with("-")).then(-part).otherwise(part)
        return pl.when(micros.abs() < 10**18).then(micros).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    shaped, additions = _completed(form)
    read = (text + additions if additions else text).str.to_datetime(shaped, strict=False, time_unit="us")
    # `%Y` also takes "24", which is no year that anybody means.
    read = pl.when(read.dt.year() >= 1000).then(read)  # noqa: PLR2004 - a year of four digits
    return read if "z" in _letters(shaped) else _in_zone(read, timezone)


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
