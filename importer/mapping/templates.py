"""Templates: `{City}[, {State}][ ({Country})]`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from importer.mapping.rules import Part, Piece

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKEN = re.compile(r"(?P<escaped>\{\{|\[\[)|\{(?P<column>[^}]*)\}|(?P<stray>\{)|(?P<open>\[)|(?P<close>\])|[^{\[\]]+")


def read_template(text: str) -> tuple[Part, ...]:
    """Read a template: `{Column}`, optional parts in `[...]`, and `{{`, `[[` for the signs themselves.

    Raises ValueError with a sentence for the first thing that makes no sense.
    """
    parts: list[Part] = []
    pieces: list[Piece] = []
    optional = False
    for token in _TOKEN.finditer(text):
        if token["open"] and optional:
            raise ValueError(f"a part in [...] of {text!r} stands inside another one")
        if token["open"] or (token["close"] and optional):
            parts += _closed(pieces, text, optional=optional)
            pieces = []
            optional = not optional
        else:
            pieces.append(_piece(token, text))
    if optional:
        raise ValueError(f"the [ in {text!r} is never closed; write [[ for the sign [")
    parts += _closed(pieces, text, optional=False)
    if all(piece.column is None for part in parts for piece in part.pieces):
        raise ValueError(f"{text!r} has no {{Column}}: a text that is always the same is a `value`")
    return tuple(parts)


def _piece(token: re.Match[str], text: str) -> Piece:
    """Read one sign, word or column."""
    if token["stray"]:
        raise ValueError(f"the {{ in {text!r} is never closed; write {{{{ for the sign {{")
    if token["column"] is None:
        return Piece(text=token["escaped"][0] if token["escaped"] else token[0])
    if not token["column"].strip():
        raise ValueError(f"{{}} in {text!r} names no column")
    return Piece(column=token["column"])


def _closed(pieces: list[Piece], text: str, *, optional: bool) -> list[Part]:
    """Make a part of the pieces so far, with texts that follow each other as one."""
    if optional and all(piece.column is None for piece in pieces):
        raise ValueError(f"the part in [...] of {text!r} has no {{Column}}; write [[ for the sign [")
    joined: list[Piece] = []
    for piece in pieces:
        if piece.column is None and joined and joined[-1].column is None:
            joined[-1] = Piece(text=joined[-1].text + piece.text)
        else:
            joined.append(piece)
    return [Part(tuple(joined), optional)] if joined else []


def template_text(parts: tuple[Part, ...], column: Callable[[str], pl.Expr]) -> pl.Expr:
    """Make the text of a template; null where a column outside of `[...]` is empty, or nothing is left."""
    texts = []
    for part in parts:
        pieces = [pl.lit(piece.text) if piece.column is None else column(piece.column) for piece in part.pieces]
        text = pl.concat_str(pieces, ignore_nulls=False)
        texts.append(text.fill_null("") if part.optional else text)
    return pl.concat_str(texts, ignore_nulls=False)
