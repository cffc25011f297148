"""The mapping file as pydantic reads it: every key, what may stand there, and the sentences for what may not."""

from __future__ import annotations

import codecs
from collections.abc import Mapping as Table
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    WrapValidator,
    model_validator,
)
from pydantic_core.core_schema import ValidationInfo  # noqa: TC002 - pydantic reads the annotations while it runs

from importer.mapping.conditions import TODAY
from importer.mapping.mistakes import nearest
from importer.mapping.rules import Constant, Part
from importer.mapping.templates import read_template
from importer.model import Kind
from importer.schema import reading
from importer.transforms import Call, read_call

NAMED_SIGNS = frozenset({"tab", "comma", "semicolon", "pipe", "space"})
"""Delimiters that have a name, for one cannot see them, or not tell them apart."""

Pick = Literal["first", "last", "all", "rest", "min", "max", "sum", "count"]
"""What `pick` can say."""

_Scalar = str | bool | int | float | date


def constant_of(value: Any) -> Constant:
    """Read a constant: a text, number, date, true or false; raises ValueError for anything else."""
    if isinstance(value, Constant):
        return value
    if isinstance(value, bool):
        return Constant("TRUE" if value else "FALSE", Kind.BOOLEAN)
    if isinstance(value, int | float):
        if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124 - NaN is not itself
            raise ValueError(f"{value} is no number that a cell can hold")
        return Constant(f"{value}", Kind.NUMBER)
    if isinstance(value, datetime | date):
        return Constant(value.isoformat(), Kind.DATE)
    if not isinstance(value, str):
        raise ValueError("must be a text, a number, a date, true or false")  # noqa: TRY004 - pydantic gathers ValueErrors
    if not value.strip():
        raise ValueError("is empty: leave it out, or say `empty`")
    return Constant(value)


def _bound(value: Any) -> Constant:
    """A limit for `min` and `max`: a number, a day, or "today"."""
    constant = constant_of(value)
    if constant.kind in {Kind.NUMBER, Kind.DATE}:
        return constant
    text = constant.text.strip()
    if text.lower() == TODAY:
        return Constant(TODAY)
    try:
        return Constant(date.fromisoformat(text).isoformat(), Kind.DATE)
    except ValueError:
        pass  # a number then, or a mistake
    try:
        return constant_of(float(text))
    except ValueError as error:
        raise ValueError(f'must be a number, a date such as 2024-05-31, or "{TODAY}", not "{text}"') from error


def _several(value: Any) -> Any:
    """One or several: a single one is a list of one."""
    return value if isinstance(value, list) else [value]


def _as_rule(value: Any) -> Any:
    """The short forms of a rule: a column, a list of columns, a constant."""
    if isinstance(value, str | list):
        return {"from": value}
    if isinstance(value, bool | int | float | date):
        return {"value": value}
    if isinstance(value, Table):
        return value
    raise ValueError("must be a column, a list of columns, a constant, or a rule such as { from = ... }")


def _as_key(value: Any) -> Any:
    """The key: a plain text is the slug of a field (kept as `value` until it is read), else it is a rule."""
    if isinstance(value, str):
        return {"value": value}
    if not isinstance(value, Table):
        raise ValueError('must be the slug of a field, or a rule such as { from = "ID" }')  # noqa: TRY004 - pydantic takes no other
    if "value" in value:
        raise ValueError("is the same in every row: a key must tell the items apart")
    return value


def _as_test(value: Any) -> Any:
    """The short forms of a condition: a text, or a list of texts."""
    if isinstance(value, _Scalar | list):
        return {"=": _several(value)}
    return value


def _as_tables(value: Any) -> Any:
    """One table of conditions is a list of one."""
    tables = [value] if isinstance(value, Table) else value
    if isinstance(tables, list) and not all(tables):
        raise ValueError('asks nothing: write { Column = "text" } or { Column = { empty = false } }')
    return tables


def _call(value: Any, info: ValidationInfo) -> Call:
    call = read_call(value)
    lookups: Table[str, Any] = (info.context or {}).get("lookups", {})
    if call.lookup is not None and call.lookup not in lookups:
        raise ValueError(f"there is no [lookup.{call.lookup}] in this file{nearest(call.lookup, lookups)}")
    return call


def _date_form(value: str) -> str:
    mistake = reading.format_mistake(value)
    if mistake:
        raise ValueError(mistake)
    return value


def _timezone(value: str) -> str:
    try:
        pl.select(pl.datetime(2024, 5, 31).dt.replace_time_zone(value))
    except pl.exceptions.ComputeError as error:
        raise ValueError(f'there is no time zone "{value}"; names look like "Europe/Berlin"') from error
    return value


def _encoding(value: str) -> str:
    try:
        codecs.getincrementaldecoder(value)("replace").decode(b"a")
        "a".encode(value)  # some that Python calls so make no text of bytes: rot13, hex, idna
    except (LookupError, ValueError, TypeError) as error:
        raise ValueError(f'there is no encoding "{value}"; most sheets are "utf-8" or "cp1252"') from error
    return value


def _web_address(value: str) -> str:
    if not value.lower().startswith(("https://", "http://")) or not value.partition("://")[2].strip("/"):
        raise ValueError(f'must be an address such as "https://old.example", not "{value}"')
    return value


def _delimiter(value: str) -> str:
    if value.lower() not in NAMED_SIGNS and (len(value) != 1 or value in '\r\n"\0'):
        raise ValueError(f'must be one character such as "," or ";", or "tab", not {value!r}')
    return value


def _quote(value: str) -> str:
    if len(value) > 1 or value in {"\r", "\n", "\t", " ", "\0"}:
        raise ValueError(f'must be one character, or "" where no sign encloses cells, not {value!r}')
    return value


def _sheet(value: Any, _inner: Any) -> str | int | None:
    if value is None or isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise ValueError("must be the name of a sheet, or its number (the first is 1)")


def _separator(value: str) -> str:
    if not value:
        raise ValueError('is empty; it must be a separator such as ";", or "lines", "csv" or "json"')
    return value


ConstantIn = Annotated[Any, BeforeValidator(constant_of)]
BoundIn = Annotated[Any, BeforeValidator(_bound)]
Columns = Annotated[list[Annotated[str, Field(min_length=1)]], BeforeValidator(_several), Field(min_length=1)]
Template = Annotated[Any, BeforeValidator(lambda text: text if isinstance(text, tuple) else _read_template(text))]
Calls = Annotated[list[Annotated[Any, BeforeValidator(_call)]], BeforeValidator(_several)]
Formats = Annotated[list[Annotated[str, AfterValidator(_date_form)]], BeforeValidator(_several), Field(min_length=1)]
Texts = Annotated[list[str], BeforeValidator(_several)]


def _read_template(text: Any) -> tuple[Part, ...]:
    if not isinstance(text, str):
        raise ValueError("must be a text with {Column}")  # noqa: TRY004 - pydantic gathers ValueErrors
    return read_template(text)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    inside: ClassVar[dict[str, type[_Part]]] = {}

    @classmethod
    def keys(cls) -> list[str]:
        """The keys that may stand here."""
        return [field.alias or name for name, field in cls.model_fields.items() if field.alias != "="]


class TestPart(_Part):
    """A condition on one column."""

    __test__ = False

    one_of: list[ConstantIn] | None = Field(None, alias="=", min_length=1)
    unless: Test | None = Field(None, alias="not")
    empty: StrictBool | None = None
    like: Annotated[str, Field(min_length=1)] | None = None
    at_least: BoundIn = Field(None, alias="min")
    at_most: BoundIn = Field(None, alias="max")

    @model_validator(mode="after")
    def _asks_something(self) -> TestPart:
        if not self.model_fields_set:
            raise ValueError("asks nothing: say not, empty, like, min or max")
        return self


Test = Annotated[TestPart, BeforeValidator(_as_test)]
Conditions = Annotated[list[dict[str, Test]], BeforeValidator(_as_tables), Field(min_length=1)]


class RulePart(_Part):
    """A rule."""

    sources: Columns | None = Field(None, alias="from")
    template: Template = None
    value: ConstantIn = None
    when: Conditions | None = None
    split: Annotated[str, AfterValidator(_separator)] | None = None
    transform: Calls = Field(default=[])
    otherwise: RuleIn | None = Field(None, alias="else")
    pick: Pick | None = None
    join: str | None = None
    default: ConstantIn = None
    empty: Literal["omit", "clear"] | None = None
    format: Formats | None = None
    alt: RuleIn | None = None
    match: Annotated[str, Field(min_length=1)] | None = None
    missing: Literal["reject", "skip", "create"] | None = None
    taken: Literal["reject", "suffix"] | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> RulePart:
        told = [
            key for key, value in (("from", self.sources), ("template", self.template), ("value", self.value)) if value
        ]
        mistakes = []
        if not told and not self.when:
            mistakes.append("a rule needs one of from, template, value or when")
        if len(told) > 1:
            mistakes.append(f"says {' and '.join(told)}; a rule takes its value from one of them")
        if not told and (self.split or self.transform or self.alt):
            mistakes.append("there is no text to split, transform or pair with alt: `when` alone answers yes or no")
        if self.join is not None and self.pick not in {"all", "rest"}:
            mistakes.append('join makes one text of several parts: say pick = "all" (or "rest") with it')
        if self.default is not None and self.empty is not None:
            mistakes.append("says default and empty; they answer the same question")
        if self.alt is not None and (self.alt.pick or self.alt.join is not None):
            mistakes.append("alt keeps step with from: it has no pick and no join of its own")
        if mistakes:
            raise ValueError("\n".join(mistakes))
        return self


RuleIn = Annotated[RulePart, BeforeValidator(_as_rule)]


class SourcePart(_Part):
    """`[source]`."""

    path: str | None = None
    sheet: Annotated[str | StrictInt | None, WrapValidator(_sheet)] = None
    header_row: Annotated[StrictInt, Field(ge=0)] | None = None
    encoding: Annotated[str, AfterValidator(_encoding)] | None = None
    delimiter: Annotated[str, AfterValidator(_delimiter)] | None = None
    quote: Annotated[str, AfterValidator(_quote)] | None = None
    null_values: Texts = Field(default=[])
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    decimal: Literal[".", ","] = "."
    dates: Formats | None = None
    base_url: Annotated[str, AfterValidator(_web_address)] | None = None
    fill_down: Columns | None = None
    group_by: Columns | None = None

    @model_validator(mode="after")
    def _signs_differ(self) -> SourcePart:
        if self.delimiter and self.delimiter == self.quote:
            raise ValueError(f'delimiter and quote are both "{self.quote}": one parts cells, the other encloses them')
        return self


class ItemPart(_Part):
    """`[item]`."""

    draft: RuleIn | None = None
    archived: RuleIn | None = None
    locale: RuleIn | None = None


class MappingPart(_Part):
    """The whole file."""

    extends: Any = None
    hooks: Any = None
    collection: Annotated[str, Field(min_length=1)]
    site: str | None = None
    key: Annotated[RulePart, BeforeValidator(_as_key)] = Field(default=RulePart(value=Constant("slug")))
    mode: Literal["create", "upsert", "mirror"] = "create"
    locale: Annotated[str, Field(min_length=1)] | None = None
    publish: Literal["live", "draft"] = "live"
    skip_invalid_files: StrictBool = False
    existing: Literal["reject", "adopt"] | None = None
    source: SourcePart = Field(default_factory=SourcePart)
    where: Conditions | None = None
    lookup: dict[str, dict[str, Any]] = Field(default={})
    fields: dict[str, RuleIn]
    item: ItemPart = Field(default_factory=ItemPart)


def keys_at(location: tuple[int | str, ...]) -> list[str]:
    """Name the keys that may stand beside the one at a location of pydantic's."""
    part: type[_Part] = MappingPart
    within: dict[type[_Part], dict[str, type[_Part]]] = {
        MappingPart: {"source": SourcePart, "fields": RulePart, "item": ItemPart, "key": RulePart, "where": TestPart},
        RulePart: {"when": TestPart, "else": RulePart, "alt": RulePart},
        ItemPart: {"draft": RulePart, "archived": RulePart, "locale": RulePart},
        TestPart: {"not": TestPart},
    }
    for step in location[:-1]:
        part = within.get(part, {}).get(str(step), part)
    return part.keys()
