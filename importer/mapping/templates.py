"""Templates: `{City}[, {State}][ ({Country})]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from importer.mapping.rules import Part, Piece

if TYPE_CHECKING:
    from collections.abc import Callable


def read_template(text: str) -> tuple[Part, ...]:
    """Read a template: `{Column}`, optional parts in `[...]`, and `{{`, `[[` for the signs themselves.

    Raises ValueError with a sentence for the first thing that makes no sense.
    """
    parts: list[Part] = []
    pieces: list[Piece] = []
    words = ""
    optional = False
    at = 0

    def close(*, was_optional: bool) -> None:
        nonlocal words, pieces
        if words:
            pieces.append(Piece(text=words))
        if was_optional and all(piece.column is None for piece in pieces):
            raise ValueError(f"the part in [...] of {text!r} has no {{Column}}; write [[ for the sign [")
        if pieces:
            parts.append(Part(tuple(pieces), was_optional))
        words, pieces = "", []

    while at < len(text):
        sign = text[at]
        if text[at : at + 2] in {"{{", "[["}:
            words += sign
            at += 2
            continue
        if sign == "{":
            end = text.find("}", at)
            if end < 0:
                raise ValueError(f"the {{ in {text!r} is never closed; write {{{{ for the sign {{")
            column = text[at + 1 : end]
            if not column.strip():
                raise ValueError(f"{{}} in {text!r} names no column")
            if words:
                pieces.append(Piece(text=words))
            words = ""
            pieces.append(Piece(column=column))
            at = end
        elif sign == "[":
            if optional:
                raise ValueError(f"a part in [...] of {text!r} stands inside another one")
            close(was_optional=False)
            optional = True
        elif sign == "]" and optional:
            close(was_optional=True)
            optional = False
        else:
            words += sign
        at += 1
    if optional:
        raise ValueError(f"the [ in {text!r} is never closed; write [[ for the sign [")
    close(was_optional=False)
    if all(piece.column is None for part in parts for piece in part.pieces):
        raise ValueError(f"{text!r} has no {{Column}}: a text that is always the same is a `value`")
    return tuple(parts)


def template_text(parts: tuple[Part, ...], column: Callable[[str], pl.Expr]) -> pl.Expr:
    """Make the text of a template; null where a column outside of `[...]` is empty, or nothing is left."""
    texts = []
    for part in parts:
        pieces = [pl.lit(piece.text) if piece.column is None else column(piece.column) for piece in part.pieces]
        text = pl.concat_str(pieces, ignore_nulls=False)
        texts.append(text.fill_null("") if part.optional else text)
    return pl.concat_str(texts, ignore_nulls=False)
