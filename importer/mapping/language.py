"""The mapping file as pydantic reads it: every key, what may stand there, and the sentences for what may not."""

from __future__ import annotations

from collections.abc import Mapping as Table
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictInt,
    Tag,
    WrapValidator,
    model_validator,
)
from pydantic_core.core_schema import ValidationInfo  # noqa: TC002 - pydantic reads the annotations while it runs

from importer.mapping import values
from importer.mapping.conditions import TODAY
from importer.mapping.mistakes import nearest
from importer.mapping.rules import Constant, Part
from importer.mapping.templates import read_template
from importer.model import Kind
from importer.transforms import Call, read_call

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
    if not isinstance(tables, list):
        raise ValueError('must be a table such as { Column = "text" }, or a list of them')  # noqa: TRY004 - pydantic gathers ValueErrors
    if not all(tables):
        raise ValueError('asks nothing: write { Column = "text" } or { Column = { empty = false } }')
    return tables


def _call(value: Any, info: ValidationInfo) -> Call:
    context: Table[str, Any] = info.context or {}
    call = read_call(value, context.get("foreign", ()))
    lookups: Table[str, Any] = context.get("lookups", {})
    if call.lookup is not None and call.lookup not in lookups:
        raise ValueError(f"there is no [lookup.{call.lookup}] in this file{nearest(call.lookup, lookups)}")
    return call


ConstantIn = Annotated[Any, BeforeValidator(constant_of)]
BoundIn = Annotated[Any, BeforeValidator(_bound)]
Columns = Annotated[list[Annotated[str, Field(min_length=1)]], BeforeValidator(_several), Field(min_length=1)]
Template = Annotated[Any, BeforeValidator(lambda text: text if isinstance(text, tuple) else _read_template(text))]
Calls = Annotated[list[Annotated[Any, BeforeValidator(_call)]], BeforeValidator(_several)]
Formats = Annotated[
    list[Annotated[str, AfterValidator(values.date_form)]], BeforeValidator(_several), Field(min_length=1)
]
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
    split: Annotated[str, AfterValidator(values.separator)] | None = None
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


def _source_table(value: Any) -> Any:
    """Say how a sheet is named, where only its path is given."""
    if isinstance(value, str):
        raise ValueError(f'must be a table: source = {{ path = "{value}" }}')  # noqa: TRY004 - pydantic gathers ValueErrors
    return value


class SourcePart(_Part):
    """`[source]`."""

    path: Annotated[str, Field(min_length=1)] | None = None
    sheet: Annotated[str | StrictInt | None, WrapValidator(values.sheet)] = None
    header_row: Annotated[StrictInt, Field(ge=0)] | None = None
    encoding: Annotated[str, AfterValidator(values.encoding)] | None = None
    delimiter: Annotated[str, AfterValidator(values.delimiter)] | None = None
    quote: Annotated[str, AfterValidator(values.quote)] | None = None
    null_values: Texts = Field(default=[])
    timezone: Annotated[str, AfterValidator(values.timezone)] = "UTC"
    decimal: Literal[".", ","] = "."
    dates: Formats | None = None
    base_url: Annotated[str, AfterValidator(values.web_address)] | None = None
    fill_down: Columns | None = None
    group_by: Columns | None = None

    @model_validator(mode="after")
    def _signs_differ(self) -> SourcePart:
        if self.delimiter and self.delimiter == self.quote:
            raise ValueError(f'delimiter and quote are both "{self.quote}": one parts cells, the other encloses them')
        return self


class LookupSourcePart(_Part):
    """`source` of a lookup: what `[source]` says, as far as it is about reading two columns."""

    path: Annotated[str, Field(min_length=1)]
    sheet: Annotated[str | StrictInt | None, WrapValidator(values.sheet)] = None
    header_row: Annotated[StrictInt, Field(ge=0)] | None = None
    encoding: Annotated[str, AfterValidator(values.encoding)] | None = None
    delimiter: Annotated[str, AfterValidator(values.delimiter)] | None = None
    quote: Annotated[str, AfterValidator(values.quote)] | None = None
    null_values: Texts = Field(default=[])


class LookupPart(_Part):
    """A lookup that stands in two columns of another sheet."""

    source: Annotated[LookupSourcePart, BeforeValidator(_source_table)]
    asked: Annotated[str, Field(alias="from", min_length=1)]
    given: Annotated[str, Field(alias="to", min_length=1)]


def _lookup_kind(value: Any) -> str:
    """Tell the two kinds of lookups apart: only one in a sheet has a table, or a list, as its `source`."""
    if isinstance(value, Table):
        source = value.get("source")
        in_a_sheet = isinstance(source, Table | list) or (
            isinstance(source, str) and {*value} == {"source", "from", "to"}
        )
        return OF_SHEET if in_a_sheet else OF_VALUES
    return OF_SHEET if isinstance(value, LookupPart) else OF_VALUES


OF_SHEET, OF_VALUES = "=sheet", "=values"
"""How pydantic tells the two kinds of lookups apart; no part of a key path."""

LookupIn = Annotated[
    Annotated[LookupPart, Tag(OF_SHEET)] | Annotated[dict[str, Any], Tag(OF_VALUES)], Discriminator(_lookup_kind)
]


class ItemPart(_Part):
    """`[item]`."""

    draft: RuleIn | None = None
    archived: RuleIn | None = None
    locale: RuleIn | None = None


class MappingPart(_Part):
    """The whole file."""

    extends: str | None = None
    hooks: Annotated[str, Field(min_length=1)] | None = None
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
    lookup: dict[str, LookupIn] = Field(default={})
    fields: dict[str, RuleIn]
    item: ItemPart = Field(default_factory=ItemPart)


def home_of(key: str) -> str | None:
    """Say where a key stands that was found elsewhere: a setting of the file, of `[source]` or `[item]`."""
    if key in set(MappingPart.keys()):
        return f"as [{key}]" if key in {"source", "where", "lookup", "fields", "item"} else "above the first [table]"
    return next((f"in [{name}]" for name, part in _TABLES if key in set(part.keys())), None)


_TABLES: tuple[tuple[str, type[_Part]], ...] = (("source", SourcePart), ("item", ItemPart))
"""Tables of settings, whose keys stand nowhere else."""


def keys_at(location: tuple[int | str, ...]) -> list[str]:
    """Name the keys that may stand beside the one at a location of pydantic's."""
    part: type[_Part] = MappingPart
    within: dict[type[_Part], dict[str, type[_Part]]] = {
        MappingPart: {
            "source": SourcePart,
            "fields": RulePart,
            "item": ItemPart,
            "key": RulePart,
            "where": TestPart,
            OF_SHEET: LookupPart,
        },
        LookupPart: {"source": LookupSourcePart},
        RulePart: {"when": TestPart, "else": RulePart, "alt": RulePart},
        ItemPart: {"draft": RulePart, "archived": RulePart, "locale": RulePart},
        TestPart: {"not": TestPart},
    }
    for step in location[:-1]:
        part = within.get(part, {}).get(str(step), part)
    return part.keys()
