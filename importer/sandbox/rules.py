"""What a field takes: Webflow's checks for all 17 types, and the form in which a value is kept and read back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from importer.sandbox.palette import is_color
from importer.sandbox.wording import inspect, moment, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

NOTHING: Final = object()
"""The value of a field that is to be left out."""

CLEARED = "Required field cannot be cleared"
SLUG = re.compile(r"[_a-zA-Z0-9][-_a-zA-Z0-9]*", re.ASCII)

_EMAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;.]+(\.[^\s@<>,;.]+)+")
_LINK = re.compile(r"(?:https?://[^\s/]\S*|mailto:\S+|tel:\S+|sms:\S+|[/#]\S*)", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s/]\S*", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d))?", re.ASCII)


class FieldRefusedError(Exception):
    """A value that a field does not take; `description` is Webflow's."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a check needs to know besides the value."""

    skip_invalid_files: bool
    holds: Callable[[str, str], bool]
    """Whether the collection (id) has the item (id), in the right locale, and live where it must be."""
    draw: Callable[[int], str]
    """Draws so many bytes by lot, as hex digits."""


def checked(field: dict[str, Any], value: Any, about: Circumstances) -> Any:
    """Check one value and give it the form in which it is kept; `NOTHING` clears or omits the field.

    Raises FieldRefusedError.
    """
    kind = field["type"]
    if value is None and kind == "Reference":
        raise FieldRefusedError("Expected value to be an ItemRef: 'null'")
    if value is None or value == "" or (value == [] and kind != "MultiReference"):
        if field["isRequired"]:
            raise FieldRefusedError(CLEARED)
        return NOTHING
    check = _CHECKS.get(kind)
    if check is None:
        raise FieldRefusedError(f"Field not described in schema: {inspect(value)}")
    return check(value, field.get("validations") or {}, about)


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise FieldRefusedError(f"Expected value to be a string: {inspect(value)}")
    return value


def _text(value: Any, limits: dict[str, Any], _about: Circumstances) -> str:
    text = _string(value)
    if limits.get("singleLine") and ("\n" in text or "\r" in text):
        raise FieldRefusedError(f"Expected value to be a single line: {inspect(text)}")
    if len(text) < (limits.get("minLength") or 0):
        raise FieldRefusedError(f"Is too short: {inspect(text)}")
    longest = limits.get("maxLength")
    if longest is not None and len(text) > longest:
        raise FieldRefusedError(f"Is too long: {inspect(text)}")
    return text


def _matching(fits: Callable[[str], Any], what: str) -> Callable[[Any, dict[str, Any], Circumstances], str]:
    def check(value: Any, _limits: dict[str, Any], _about: Circumstances) -> str:
        text = _string(value)
        if not fits(text):
            raise FieldRefusedError(f"Expected value to be {what}: {inspect(text)}")
        return text

    return check


def _has_digit(text: str) -> bool:
    return "\n" not in text and any(char.isdigit() for char in text)


def _video(value: Any, _limits: dict[str, Any], _about: Circumstances) -> dict[str, Any]:
    """Written as an address, read as an object: the two never compare equal."""
    address = value.get("url") if isinstance(value, dict) else value
    if not (isinstance(address, str) and _URL.fullmatch(address)):
        raise FieldRefusedError(f"Expected value to be a video link: {inspect(value)}")
    metadata = {"width": 940, "height": 528, "html": "", "title": "", "provider_name": "", "thumbnail_url": ""}
    return {"url": address, "metadata": metadata}


def _number(value: Any, limits: dict[str, Any], _about: Circumstances) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FieldRefusedError(f"Expected value to be a number: {inspect(value)}")
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if limits.get("format") == "integer" and not isinstance(number, int):
        raise FieldRefusedError(f"Expected value to be an integer: {inspect(number)}")
    precision = limits.get("precision")
    if precision is not None and _decimals(number) > precision:
        raise FieldRefusedError(f"Expected value to have at most {precision} decimals: {inspect(number)}")
    if number < 0 and limits.get("allowNegative") is False:
        raise FieldRefusedError(f"Expected value not to be negative: {inspect(number)}")
    if number == 0 and limits.get("allowZero") is False:
        raise FieldRefusedError(f"Expected value not to be zero: {inspect(number)}")
    least, most = limits.get("minValue"), limits.get("maxValue")
    if least is not None and number < least:
        raise FieldRefusedError(f"Is less than the minimum {inspect(least)}: {inspect(number)}")
    if most is not None and number > most:
        raise FieldRefusedError(f"Is more than the maximum {inspect(most)}: {inspect(number)}")
    return number


def _decimals(number: float) -> int:
    exponent = Decimal(repr(number)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _date(value: Any, _limits: dict[str, Any], _about: Circumstances) -> str:
    """Read a date alone as midnight UTC; refuse a time without a zone (reported by one integrator)."""
    try:
        if not (isinstance(value, str) and _DATE.fullmatch(value)):
            raise ValueError(value)  # noqa: TRY301 - both mistakes are answered in the same words
        return stamp(moment(value)) or ""
    except ValueError as error:
        raise FieldRefusedError(f"Expected value to be an ISO 8601 date: {inspect(value)}") from error


def _switch(value: Any, _limits: dict[str, Any], _about: Circumstances) -> bool:
    if not isinstance(value, bool):
        raise FieldRefusedError(f"Expected value to be a boolean: {inspect(value)}")
    return value


def _option(value: Any, limits: dict[str, Any], _about: Circumstances) -> str:
    if not any(option["id"] == value for option in limits.get("options", [])):
        raise FieldRefusedError(f"Expected value to be one of the options: {inspect(value)}")
    return str(value)


def _reference(value: Any, limits: dict[str, Any], about: Circumstances) -> str:
    if not isinstance(value, str):
        raise FieldRefusedError(f"Expected value to be an ItemRef: {inspect(value)}")
    if not about.holds(limits.get("collectionId", ""), value):
        raise FieldRefusedError(f"Referenced item not found: {inspect(value)}")
    return value


def _references(value: Any, limits: dict[str, Any], about: Circumstances) -> list[str]:
    if not isinstance(value, list):
        raise FieldRefusedError(f"Expected value to be an array of ItemRefs: {inspect(value)}")
    return [_reference(part, limits, about) for part in value]


def _image(value: Any, limits: dict[str, Any], about: Circumstances) -> Any:
    return _asset("image", value, limits, about)


def _file(value: Any, limits: dict[str, Any], about: Circumstances) -> Any:
    return _asset("file", value, limits, about)


def _images(value: Any, limits: dict[str, Any], about: Circumstances) -> Any:
    if not isinstance(value, list):
        raise FieldRefusedError(f"Expected value to be an array: {inspect(value)}")
    kept = [asset for part in value if (asset := _asset("image", part, limits, about)) is not NOTHING]
    return kept or NOTHING


def _external(value: Any, _limits: dict[str, Any], _about: Circumstances) -> Any:
    """No page says how an ExtFileRef is written; an address or `{url, alt}` is taken and kept as it came."""
    address = value.get("url") if isinstance(value, dict) else value
    if not (isinstance(address, str) and _URL.fullmatch(address)):
        raise FieldRefusedError(f"Expected value to be a file: {inspect(value)}")
    return {"url": address, **({"alt": value["alt"]} if isinstance(value, dict) and value.get("alt") else {})}


def _asset(kind: str, value: Any, limits: dict[str, Any], about: Circumstances) -> Any:
    """Take a file by its address; nothing is fetched, words in the address decide (see `_fetch`)."""
    given = {"url": value} if isinstance(value, str) else value
    if not isinstance(given, dict) or not (given.get("fileId") or given.get("url")):
        raise FieldRefusedError(f"Expected value to be {'an image' if kind == 'image' else 'a file'}: {inspect(value)}")
    alt = given.get("alt")
    if given.get("fileId"):
        return {"fileId": given["fileId"], "url": given.get("url"), "alt": alt}
    address = given["url"]
    if not (isinstance(address, str) and _URL.fullmatch(address)):
        raise FieldRefusedError(f"Expected value to be {'an image' if kind == 'image' else 'a file'}: {inspect(value)}")
    failure = _fetch(kind, address, limits.get("acceptedExtensions") or ())
    if failure and about.skip_invalid_files:
        return NOTHING
    if failure:
        raise FieldRefusedError(failure)
    number = about.draw(12)
    name = urlsplit(address).path.rpartition("/")[2] or kind
    return {"fileId": number, "url": f"https://cdn.sandbox.example/{number}_{name}", "alt": alt}


def _fetch(kind: str, address: str, extensions: tuple[str, ...] | list[str]) -> str:
    """Pretend to fetch: `dead` or `missing` in host or path fails, as do `too-large` and pages (`.html`)."""
    parts = urlsplit(address)
    place = f"{parts.netloc}{parts.path}".casefold()
    if "dead" in place or "missing" in place:
        return "Remote file failed to import"
    if "too-large" in place:
        return f"Remote {kind} failed to import: File size limit reached"
    extension = parts.path.casefold().rpartition(".")[2]
    if extension in {"html", "htm"} or (extensions and extension not in {one.lstrip(".") for one in extensions}):
        return f"Remote {kind} failed to import: Unsupported file type"
    return ""


_CHECKS: Final[dict[str, Callable[[Any, dict[str, Any], Circumstances], Any]]] = {
    "PlainText": _text,
    "RichText": _text,
    "Image": _image,
    "MultiImage": _images,
    "VideoLink": _video,
    "Link": _matching(_LINK.fullmatch, "a link"),
    "Email": _matching(_EMAIL.fullmatch, "an email"),
    "Phone": _matching(_has_digit, "a phone number"),
    "Number": _number,
    "DateTime": _date,
    "Switch": _switch,
    "Color": _matching(is_color, "a color"),
    "ExtFileRef": _external,
    "File": _file,
    "Option": _option,
    "Reference": _reference,
    "MultiReference": _references,
}
WRITABLE_TYPES: Final = frozenset(_CHECKS)
"""The field types that can be made and written."""
