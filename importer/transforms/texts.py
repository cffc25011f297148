"""Transforms from text to text."""

from __future__ import annotations

import re

import polars as pl

from importer.transforms import arguments
from importer.transforms.steps import Call, Step, Surroundings, Transform, plain

_LETTERS_FOR = {"'": "\ua717", "\u2019": "\ua718"}
"""Letters without a case, which no text has, in the place of apostrophes: what follows them goes on with the word."""

_ADDRESS = r"""(?i)https?://[^\s<>"'`|\\^{}]+"""


def truncated(value: pl.Expr, length: int) -> pl.Expr:
    """Shorten text to at most `length` characters, at a word border, with `…` counted in."""
    head = value.str.slice(0, length)
    whole_words = head.str.replace(r"(\S)\s+\S*$", "$1")
    cut = pl.when(whole_words != head).then(whole_words).otherwise(value.str.slice(0, length - 1))
    short = cut.str.replace(r"[\s,;:.\-\x{2013}\x{2014}]+$", "") + "…"
    return pl.when(value.str.len_chars() > length).then(short).otherwise(value)


def addresses(value: pl.Expr) -> pl.Expr:
    """Find every web address in text (List(String))."""
    apart = value.str.replace_all(r"(?i),(https?://)", " $1")
    return apart.str.extract_all(_ADDRESS).list.eval(_without_closing(pl.element()))


def _without_closing(address: pl.Expr) -> pl.Expr:
    """Take off what belongs to the sentence; a bracket that opens inside the address belongs to that."""
    own = address.str.extract(r"^((?:[^()]|\([^()]*\))+)").str.replace(r"[.,;:!?\]]+$", "")
    bare = address.str.replace(r"[.,;:!?)\]]+$", "")
    return pl.when(address.str.contains("(", literal=True)).then(own).otherwise(bare)


def titled(value: pl.Expr) -> pl.Expr:
    """Begin each word with a capital; letters after an apostrophe stay small."""
    apart = value.str.replace_many(list(_LETTERS_FOR), list(_LETTERS_FOR.values()))
    return apart.str.to_titlecase().str.replace_many(list(_LETTERS_FOR.values()), list(_LETTERS_FOR))


def _strip(call: Call, _around: Surroundings) -> Step:
    return plain(call, lambda value: value.str.strip_chars(), keeps_kind=True)


def _lower(call: Call, _around: Surroundings) -> Step:
    return plain(call, lambda value: value.str.to_lowercase())


def _upper(call: Call, _around: Surroundings) -> Step:
    return plain(call, lambda value: value.str.to_uppercase())


def _title(call: Call, _around: Surroundings) -> Step:
    return plain(call, titled)


def _replace(call: Call, _around: Surroundings) -> Step:
    old, new = list(call.argument), list(call.argument.values())
    return plain(call, lambda value: value.str.replace_many(old, new, leftmost=True))


def _regex(call: Call, _around: Surroundings) -> Step:
    # `$1a` must mean group 1 and then "a", as everywhere else; Rust would look for a group "1a".
    pairs = [(old, re.sub(r"\$\$|\$(\d+)", _braced, new)) for old, new in call.argument.items()]

    def run(value: pl.Expr) -> pl.Expr:
        for old, new in pairs:
            value = value.str.replace_all(old, new)
        return value

    return plain(call, run)


def _braced(match: re.Match[str]) -> str:
    return f"${{{match[1]}}}" if match[1] else match[0]


def _group(pattern: str) -> int:
    """The group that stands for a match: its first, or the whole."""
    return 1 if arguments.groups(pattern) else 0


def _extract(call: Call, _around: Surroundings) -> Step:
    group = _group(call.argument)
    return plain(call, lambda value: value.str.extract(call.argument, group))


def _extract_all(call: Call, _around: Surroundings) -> Step:
    group = _group(call.argument)

    def run(value: pl.Expr, _kind: pl.Expr | None) -> pl.Expr:
        found = value.str.extract_all(call.argument)
        return found.list.eval(pl.element().str.extract(call.argument, group)) if group else found

    return Step(call.name, run, spreads=True)


def _urls(call: Call, _around: Surroundings) -> Step:
    return Step(call.name, lambda value, _kind: addresses(value), spreads=True)


def _prefix(call: Call, _around: Surroundings) -> Step:
    return plain(call, lambda value: pl.lit(call.argument) + value)


def _suffix(call: Call, _around: Surroundings) -> Step:
    return plain(call, lambda value: value + pl.lit(call.argument))


def _truncate(call: Call, _around: Surroundings) -> Step:
    return plain(call, lambda value: truncated(value, call.argument))


TEXT_TRANSFORMS = (
    Transform("strip", "drops blanks around the text", _strip),
    Transform("lower", "makes all letters small", _lower),
    Transform("upper", "makes all letters capital", _upper),
    Transform("title", "begins each word with a capital", _title),
    Transform(
        "replace",
        'replaces texts, all at once and literally: `{ replace = { "a" = "b" } }`',
        _replace,
        argument=arguments.replacements,
    ),
    Transform(
        "regex",
        "replaces the matches of regular expressions, one after the other: `{ regex = { 'a(.)' = '$1' } }`",
        _regex,
        argument=arguments.patterns,
    ),
    Transform(
        "extract",
        "keeps the first match of a regular expression (its first group, if it has one), else nothing",
        _extract,
        argument=arguments.pattern,
    ),
    Transform(
        "extract_all",
        "keeps every match of a regular expression (its first group, if it has one) as a part of its own",
        _extract_all,
        argument=arguments.pattern,
    ),
    Transform("urls", "keeps every web address in the text as a part of its own", _urls),
    Transform("prefix", "puts a text before it", _prefix, argument=arguments.text),
    Transform("suffix", "puts a text behind it", _suffix, argument=arguments.text),
    Transform(
        "truncate",
        "shortens to so many characters, at a word border, `…` included",
        _truncate,
        argument=arguments.count,
    ),
)
