"""Reads a mapping file: from tables to rules, with every mistake at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from importer.mapping.language import (
    OF_SHEET,
    OF_VALUES,
    LookupPart,
    MappingPart,
    RulePart,
    SourcePart,
    TestPart,
    constant_of,
    home_of,
    keys_at,
)
from importer.mapping.layers import Layer, laid_together, rebased
from importer.mapping.lines import nearest_line
from importer.mapping.mistakes import Mistakes, nearest, nearest_of
from importer.mapping.nesting import SENTENCE, deepest_path
from importer.mapping.rules import Condition, LookupSheet, Mapping, Rule, Test
from importer.model import SourceOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence
    from collections.abc import Mapping as Table

    from pydantic_core import ErrorDetails


_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

TOKEN = "WEBFLOW_TOKEN"  # noqa: S105 - the name of the variable, not what is in it
"""The variable that no mapping may ask for."""

_RULES = frozenset({"fields", "item", "where", "lookup", "key"})
"""Where `${...}` is text like any other: regular expressions have groups of that form."""


@dataclass(frozen=True, slots=True)
class _Foreign:
    """The names of transforms that may be somebody else's: with a hooks file any, until it has been read."""

    packaged: Callable[[], Container[str]]
    hooked: bool

    def __contains__(self, name: object) -> bool:
        return self.hooked or name in self.packaged()


_OF_THE_READER = frozenset({"=", OF_SHEET, OF_VALUES})
"""Steps of pydantic's that no file has."""


def parse_mapping(
    table: dict[str, Any],
    *,
    name: str,
    text: str = "",
    environment: Table[str, str] | None = None,
    beneath: Sequence[Layer] = (),
    packaged: Callable[[], Container[str]] = tuple,
) -> Mapping:
    """Read the parsed TOML of a mapping; `text` is the file itself, to tell the lines of mistakes.

    `environment` is what `"${NAME}"` stands for in the settings: everywhere but in rules, conditions and tables of
    values. `beneath` are the files that it extends, the nearest first. `packaged` names the transforms of installed
    packages; it is asked only where a name is not ours. Raises MappingError with every mistake (key path, line, nearest
    right word), and NotYet where the mapping is right but asks for something of a later version.
    """
    layers = (Layer(table, text), *beneath)
    table, lines = laid_together(layers)
    mistakes = Mistakes(name, lines)
    endless = deepest_path(table)
    if endless is not None:
        mistakes.add(endless, SENTENCE)
        mistakes.settle()
    if "extends" in table and not beneath:
        mistakes.add("extends", "only a mapping in a file can extend another one")
    table = _filled_in(table, environment or {}, mistakes)
    table = _rebased(table, layers, mistakes)
    lookups = table.get("lookup")
    context = {
        "lookups": lookups if isinstance(lookups, dict) else {},
        "foreign": _Foreign(packaged, hooked="hooks" in table),
    }
    try:
        part = MappingPart.model_validate(table, context=context)
    except ValidationError as error:
        details = error.errors()
        meant = {_meant(detail) for detail in details if detail["type"] == "extra_forbidden"}
        for detail in details:
            if detail["type"] == "missing" and detail["loc"] in meant:
                continue  # it is there, but misspelt, which is told
            for sentence in _sentences(detail):
                mistakes.add(_path(detail["loc"]), sentence)
        mistakes.settle()
        raise
    mapping = Mapping(
        name=name,
        collection=part.collection,
        site=part.site,
        hooks=part.hooks,
        key=_key(part.key),
        mode=part.mode,
        locale=part.locale,
        publish=part.publish,
        skip_invalid_files=part.skip_invalid_files,
        existing=part.existing,
        source=_source(part.source),
        where=_condition(part.where),
        lookups=_lookups(part.lookup, mistakes),
        lookup_sheets={name: _lookup_sheet(one) for name, one in part.lookup.items() if isinstance(one, LookupPart)},
        fields={slug: _rule(f"fields.{slug}", rule) for slug, rule in part.fields.items()},
        draft=_rule("item.draft", part.item.draft) if part.item.draft else None,
        archived=_rule("item.archived", part.item.archived) if part.item.archived else None,
        row_locale=_rule("item.locale", part.item.locale) if part.item.locale else None,
        lines=mistakes.lines,
    )
    _check_slug_rules(mapping, mistakes)
    _note_later(part, mistakes)
    mistakes.settle()
    return mapping


def _filled_in(table: dict[str, Any], environment: Table[str, str], mistakes: Mistakes) -> dict[str, Any]:
    """Put the environment's values in the place of `${NAME}`."""

    def filled(path: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(f"{path}.{key}", one) for key, one in value.items()}
        if isinstance(value, list):
            return [filled(path, one) for one in value]
        if not isinstance(value, str):
            return value
        for variable in _VARIABLE.findall(value):
            if variable == TOKEN:
                mistakes.add(path, f"{TOKEN} is a secret, and is not put into a mapping")
            elif variable not in environment:
                mistakes.add(path, f"the environment variable {variable} is not set")
        return _VARIABLE.sub(lambda match: environment.get(match[1], match[0]), value)

    done = {key: value if key in _RULES else filled(key, value) for key, value in table.items()}
    lookups = done.get("lookup")
    if isinstance(lookups, dict):
        done["lookup"] = {
            name: {
                key: filled(f"lookup.{name}.{key}", value) if key == "source" and isinstance(value, dict) else value
                for key, value in one.items()
            }
            if isinstance(one, dict)
            else one
            for name, one in lookups.items()
        }
    return done


def extended_by(layer: Layer, depth: int, *, name: str, environment: Table[str, str]) -> str | None:
    """Name the file that a mapping file extends, as it writes it; None where there is none.

    `depth` counts the steps down the chain. Raises MappingError where that is no text, or names an unset variable.
    """
    if "extends" not in layer.table:
        return None
    mistakes = Mistakes(name, layer.lines(depth))
    wanted = _filled_in({"extends": layer.table["extends"]}, environment, mistakes)["extends"]
    if not isinstance(wanted, str) or not wanted.strip() or not wanted.isprintable():
        mistakes.add("extends", f"must be the path of another mapping file, not {_shown(wanted)}")
    mistakes.settle()
    return str(wanted)


def _rebased(table: dict[str, Any], layers: Sequence[Layer], mistakes: Mistakes) -> dict[str, Any]:
    """Let relative paths of an extended file begin at its own folder."""

    def moved(path: str, inside: dict[str, Any], *steps: str) -> dict[str, Any]:
        step, *further = steps
        value = inside.get(step)
        here = f"{path}.{step}" if path else step
        if further:
            return {**inside, step: moved(here, value, *further)} if isinstance(value, dict) else inside
        line = nearest_line(here, mistakes.lines)
        if not isinstance(value, str) or line is None:
            return inside
        return {**inside, step: rebased(layers[line.depth].folder, value)}

    lookups = table.get("lookup")
    for steps in (
        ("source", "path"),
        ("hooks",),
        *(("lookup", name, "source", "path") for name in (lookups if isinstance(lookups, dict) else ())),
    ):
        table = moved("", table, *steps)
    return table


def _source(part: SourcePart) -> SourceOptions:
    return SourceOptions(
        path=part.path,
        sheet=part.sheet,
        header_row=part.header_row,
        encoding=part.encoding,
        delimiter=part.delimiter,
        quote=part.quote,
        null_values=tuple(part.null_values),
        decimal=part.decimal,
        timezone=part.timezone,
        dates=tuple(part.dates or ()),
        base_url=part.base_url,
        fill_down=tuple(part.fill_down or ()),
        group_by=tuple(part.group_by or ()),
    )


def _key(part: RulePart) -> str | Rule:
    """Read the key: a plain text is the slug of a field, everywhere else it is a column."""
    return part.value.text if part.value is not None else _rule("key", part)


def _rule(path: str, part: RulePart) -> Rule:
    return Rule(
        path=path,
        sources=tuple(part.sources or ()),
        template=part.template,
        value=part.value,
        when=_condition(part.when) if part.when else None,
        split=part.split,
        transforms=tuple(part.transform),
        otherwise=_rule(f"{path}.else", part.otherwise) if part.otherwise else None,
        pick=part.pick,
        join=part.join,
        default=part.default,
        empty=part.empty,
        formats=tuple(part.format or ()),
        alt=_rule(f"{path}.alt", part.alt) if part.alt else None,
        match=part.match,
        missing=part.missing,
        taken=part.taken,
    )


def _condition(tables: list[dict[str, TestPart]] | None) -> Condition:
    return tuple(tuple((column, _test(test)) for column, test in table.items()) for table in tables or ())


def _test(part: TestPart) -> Test:
    return Test(
        one_of=tuple(part.one_of) if part.one_of is not None else None,
        unless=_test(part.unless) if part.unless else None,
        empty=part.empty,
        like=part.like,
        at_least=part.at_least,
        at_most=part.at_most,
    )


def _lookups(tables: Table[str, LookupPart | dict[str, Any]], mistakes: Mistakes) -> dict[str, dict[str, str]]:
    """Read the tables of values; those in sheets are read when the sheets are."""
    read: dict[str, dict[str, str]] = {}
    for name, table in tables.items():
        if isinstance(table, LookupPart):
            continue
        read[name] = {}
        for key, value in table.items():
            try:
                read[name][key] = constant_of(value).text if value != "" else ""
            except ValueError as error:
                mistakes.add(f"lookup.{name}.{key}", str(error))
        if not table:
            mistakes.add(f"lookup.{name}", "has no values")
    return read


def _lookup_sheet(part: LookupPart) -> LookupSheet:
    read = part.source
    options = SourceOptions(
        path=read.path,
        sheet=read.sheet,
        header_row=read.header_row,
        encoding=read.encoding,
        delimiter=read.delimiter,
        quote=read.quote,
        null_values=tuple(read.null_values),
    )
    return LookupSheet(options, part.asked, part.given)


def _check_slug_rules(mapping: Mapping, mistakes: Mistakes) -> None:
    for slug, rule in mapping.fields.items():
        if rule.taken is not None and slug != "slug":
            mistakes.add(f"{rule.path}.taken", "is for the slug only")
        elif rule.taken == "suffix" and _is_key(mapping, rule):
            mistakes.add(
                f"{rule.path}.taken",
                '"suffix" needs a key that is not the slug, which would tell no two rows apart: key = { from = "ID" }',
            )


def _is_key(mapping: Mapping, rule: Rule) -> bool:
    """Whether the rule of the slug is what tells items apart."""
    key = mapping.key
    return key == "slug" or (isinstance(key, Rule) and key.canonical() == replace(rule, taken=None).canonical())


def _note_later(part: MappingPart, mistakes: Mistakes) -> None:
    """Note everything that the language has, but this version has not."""
    if part.mode != "create":
        mistakes.not_yet("mode", f'"{part.mode}" is not built yet; "create" is')


def _meant(detail: ErrorDetails) -> tuple[int | str, ...]:
    """Where the key would stand that a misspelt one was meant to be."""
    *outer, key = detail["loc"]
    near = nearest_of(str(key), keys_at(detail["loc"]))
    return (*outer, near or key)


def _path(location: tuple[int | str, ...]) -> str:
    """The key path of a mistake, as one would write it in TOML."""
    return ".".join(step for step in location if not isinstance(step, int) and step not in _OF_THE_READER)


def _sentences(detail: ErrorDetails) -> list[str]:
    """What pydantic found, as sentences; the types are pydantic's own."""
    kind, given = detail["type"], detail["input"]
    context = detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"]).split("\n")
    if kind == "extra_forbidden":
        key = str(detail["loc"][-1])
        known = keys_at(detail["loc"])
        home = home_of(key)
        if home and not nearest_of(key, known):
            return [f'there is no key "{key}" here; it stands {home}']
        return [f'there is no key "{key}"' + (nearest(key, known) or f"; there are {', '.join(known)}")]
    if kind == "literal_error":
        expected = str(context["expected"]).replace("'", '"')
        return [f"must be {expected}, not {_shown(given)}"]
    if kind == "model_type" and isinstance(given, list):
        return [f"must be a table, not a list: [{_path(detail['loc'])}] stands in single brackets"]
    sentences = {
        "missing": "is missing",
        "string_type": f"must be a text, not {_shown(given)}",
        "bool_type": f"must be true or false, not {_shown(given)}",
        "int_type": f"must be a whole number, not {_shown(given)}",
        "list_type": f"must be a list, not {_shown(given)}",
        "dict_type": f"must be a table, not {_shown(given)}",
        "model_type": f"must be a table, not {_shown(given)}",
        "greater_than_equal": f"must be 0 or more, not {_shown(given)}",
        "too_short": "is empty",
        "string_too_short": "is empty",
    }
    return [sentences.get(kind, detail["msg"])]


def _shown(value: Any) -> str:
    """A value as TOML writes it, roughly."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return f'"{value}"' if isinstance(value, str) else str(value)
