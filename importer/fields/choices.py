"""Switch, Option and Color: types that know all or most of what a cell may say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from importer.fields.terms import Coerced, Context, Facts, nearest, recognised, wrong_text
from importer.model import Cell, Check
from importer.schema.reading import normalised

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.schema import Field, Option

YES = ("true", "yes", "y", "1", "on", "x", "checked", "ja", "wahr", "oui", "vrai", "sí")
"""What turns a switch on, in the form of `normalised`."""

NO = ("false", "no", "n", "0", "off", "nein", "falsch", "non", "faux")
"""What turns a switch off."""

_AMBIGUOUS = ""
_LISTED = 12
"""How many options a message names."""

_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_PERCENT = r"(?:100(?:\.0+)?|[0-9]{1,2}(?:\.[0-9]+)?|\.[0-9]+)%"
_ALPHA = rf"(?:{_PERCENT}|1(?:\.0+)?|0?\.[0-9]+|0(?:\.0*)?)"
_HUE = r"[+-]?[0-9]+(?:\.[0-9]+)?(?:deg)?"
_COLOR = (
    r"^(?i:#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})"
    + "".join(
        rf"|{name}a?\(\s*{first}(?:\s*,\s*{rest}){{2}}(?:\s*,\s*{_ALPHA})?\s*\)"
        rf"|{name}a?\(\s*{first}(?:\s+{rest}){{2}}(?:\s*/\s*{_ALPHA})?\s*\)"
        for name, first, rest in (("rgb", _BYTE, _BYTE), ("rgb", _PERCENT, _PERCENT), ("hsl", _HUE, _PERCENT))
    )
    + r")$"
)

COLOR_NAMES = frozenset(
    """
    aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet brown burlywood
    cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan darkblue darkcyan darkgoldenrod darkgray
    darkgreen darkgrey darkkhaki darkmagenta darkolivegreen darkorange darkorchid darkred darksalmon darkseagreen
    darkslateblue darkslategray darkslategrey darkturquoise darkviolet deeppink deepskyblue dimgray dimgrey dodgerblue
    firebrick floralwhite forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray green greenyellow grey honeydew
    hotpink indianred indigo ivory khaki lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral lightcyan
    lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon lightseagreen lightskyblue lightslategray
    lightslategrey lightsteelblue lightyellow lime limegreen linen magenta maroon mediumaquamarine mediumblue
    mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen mediumturquoise mediumvioletred
    midnightblue mintcream mistyrose moccasin navajowhite navy oldlace olive olivedrab orange orangered orchid
    palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru pink plum powderblue purple
    rebeccapurple red rosybrown royalblue saddlebrown salmon sandybrown seagreen seashell sienna silver skyblue
    slateblue slategray slategrey snow springgreen steelblue tan teal thistle tomato transparent turquoise violet
    wheat white whitesmoke yellow yellowgreen
    """.split()  # noqa: SIM905 - words read better as a text than as a column of quotes
)
"""The color names of CSS (Color Module Level 4), and `transparent`."""


def coerce_switch(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:  # noqa: ARG001 - one form for all types
    """Read yes or no (Boolean)."""
    answers = [True] * len(YES) + [False] * len(NO)
    value = normalised(cell.value).replace_strict([*YES, *NO], answers, default=None, return_dtype=pl.Boolean)
    return recognised("not_a_switch", cell, out, value)


def coerce_option(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:  # noqa: ARG001 - one form for all types
    """Find an option by its name or its id; the id is sent (String).

    A name that fits exactly wins over those that only differ in case and outer blanks.
    """
    options = field.limits.options
    found = _option_by(options, cell.value)
    text = wrong_text(cell, out)
    wrong = _option_by(options, text)
    names = list(dict.fromkeys(option.name.strip() for option in options))
    listed = ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
    facts: Facts = {"options": listed or "it has none"}
    checks = (
        Check("option_unknown", text.is_not_null() & wrong.is_null(), text, nearest(text, names), facts),
        Check("option_ambiguous", wrong == _AMBIGUOUS, text),
    )
    return Coerced(pl.when(found != _AMBIGUOUS).then(found), checks)


def coerce_color(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:  # noqa: ARG001 - one form for all types
    """Take a color in one of the forms of CSS that Webflow documents (String, as written)."""
    text = cell.value.str.strip_chars()
    known = text.str.contains(_COLOR) | text.str.to_lowercase().is_in(sorted(COLOR_NAMES))
    return recognised("color_invalid", cell, out, pl.when(known).then(text), _with_hash)


def _with_hash(wrong: pl.Expr) -> pl.Expr:
    bare = wrong.str.contains(r"^(?i:[0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})$")
    return pl.when(bare).then(pl.lit("#") + wrong)


def _option_by(options: tuple[Option, ...], text: pl.Expr) -> pl.Expr:
    """Give the id of the option that a text names, `_AMBIGUOUS` for several, null for none."""
    folded = _ids_by(normalised, options)
    stages = [(normalised(text), {**{option.id.lower(): option.id for option in options}, **folded})]
    if _AMBIGUOUS in folded.values():
        stages = [(text, _ids_by(_as_written, options)), (_clean(text), _ids_by(_clean, options)), *stages]
    return pl.coalesce(
        [
            asked.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.String)
            for asked, known in stages
        ]
    )


def _as_written(text: pl.Expr) -> pl.Expr:
    return text


def _clean(text: pl.Expr) -> pl.Expr:
    return text.str.normalize("NFC").str.strip_chars()


def _ids_by(form: Callable[[pl.Expr], pl.Expr], options: tuple[Option, ...]) -> dict[str, str]:
    """Index options by a form of their name."""
    names = pl.DataFrame({"name": [option.name for option in options]}, schema={"name": pl.String})
    found: dict[str, str] = {}
    for name, option in zip(names.select(form(pl.col("name"))).to_series(), options, strict=True):
        found[name] = _AMBIGUOUS if name in found and found[name] != option.id else option.id
    return found
