"""Values of settings, checked: each reader gives the value, or raises ValueError with what it must be."""

from __future__ import annotations

import codecs
from typing import Any

import polars as pl

from importer.schema import reading

NAMED_SIGNS = frozenset({"tab", "comma", "semicolon", "pipe", "space"})
"""Delimiters that have a name, for one cannot see them, or not tell them apart."""


def date_form(value: str) -> str:
    """Read the form of a date."""
    mistake = reading.format_mistake(value)
    if mistake:
        raise ValueError(mistake)
    return value


def timezone(value: str) -> str:
    """Read the name of a time zone."""
    try:
        pl.select(pl.datetime(2024, 5, 31).dt.replace_time_zone(value))
    except pl.exceptions.ComputeError as error:
        raise ValueError(f'there is no time zone "{value}"; names look like "Europe/Berlin"') from error
    return value


def encoding(value: str) -> str:
    """Read the name of an encoding that makes text of bytes."""
    try:
        codecs.getincrementaldecoder(value)("replace").decode(b"a")
        "a".encode(value)  # some that Python calls so make no text of bytes: rot13, hex, idna
    except (LookupError, ValueError, TypeError) as error:
        raise ValueError(f'there is no encoding "{value}"; most sheets are "utf-8" or "cp1252"') from error
    return value


def web_address(value: str) -> str:
    """Read an address that other addresses can begin with."""
    if not value.lower().startswith(("https://", "http://")) or not value.partition("://")[2].strip("/"):
        raise ValueError(f'must be an address such as "https://old.example", not "{value}"')
    return value


def delimiter(value: str) -> str:
    """Read the sign between cells: one, or the name of one."""
    if value.lower() not in NAMED_SIGNS and (len(value) != 1 or value in '\r\n"\0'):
        raise ValueError(f'must be one character such as "," or ";", or "tab", not {value!r}')
    return value


def quote(value: str) -> str:
    """Read the sign around cells, "" where there is none."""
    if len(value) > 1 or value in {"\r", "\n", "\t", " ", "\0"}:
        raise ValueError(f'must be one character, or "" where no sign encloses cells, not {value!r}')
    return value


def sheet(value: Any, _inner: Any) -> str | int | None:
    """Read the name or the number of a sheet."""
    if value is None or isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise ValueError("must be the name of a sheet, or its number (the first is 1)")


def separator(value: str) -> str:
    """Read what parts are cut at."""
    if not value:
        raise ValueError('is empty; it must be a separator such as ";", or "lines", "csv" or "json"')
    return value
