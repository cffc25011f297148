"""`taken = "suffix"`: a slug that another item has already gets `-2`, `-3`, ... behind it, and keeps it for good.

The state file remembers which key was sent with which slug. So neither the order of rows nor rows that come and go
change the slug of an item, and no new row takes one that an item of ours holds. Only suspects are looked at: rows whose
slug stands twice in the sheet, is held by another key, or is not the one that their key was sent with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from importer.model import ROW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SEED = 20_261_123
"""Hashes are compared only inside one process; a fixed seed makes two runs do the same work."""

GIVEN = {ROW: pl.UInt32, "slug": pl.String}
"""Rows (by number) with the slug that they get instead of the one that their rule gives."""

_HELD = {"locale": pl.String, "key": pl.String, "sent": pl.String, "slug": pl.String}
_FIRST = 2
_ENDING = r"(-[0-9]+)$"


def held_frame(lines: Iterable[tuple[str, str, str | None, str | None]]) -> pl.DataFrame:
    """Make a frame of what the state remembers: locale, key, the slug that was sent, and the one that came back."""
    return pl.DataFrame(list(lines), schema=_HELD, orient="row")


def hashed(text: pl.Expr, locale: str = "_locale") -> pl.Expr:
    """Hash a key, or a slug without case, within its locale (UInt64); null stays null."""
    return pl.when(text.is_not_null()).then(pl.concat_str(pl.col(locale), text, separator="\x00").hash(SEED))


def given_slugs(
    seen: pl.DataFrame,
    bad: pl.Series,
    held: pl.DataFrame,
    look: Callable[[pl.Series], pl.DataFrame],
    *,
    longest: int,
) -> pl.DataFrame:
    """Give the rows whose slug is not the one of their rule, with that slug; all slugs of the sheet are different then.

    `seen` has every row with the hashes of key and slug; `bad` ones get none. `held` is a `held_frame`. `look` gives
    rows exactly: `_row`, `_locale`, `_key`, `_slug`. `longest` counts characters.
    """
    known = held.with_columns(
        hashed(pl.col("key"), "locale").alias("held_key"),
        hashed(pl.col("sent").str.to_lowercase(), "locale").alias("held_sent"),
        hashed(pl.col("slug").str.to_lowercase(), "locale").alias("held_slug"),
    )
    suspected = _suspects(seen.filter(~pl.col(ROW).is_in(bad.implode())), known)
    if suspected.is_empty():
        return pl.DataFrame(schema=GIVEN)
    exact = look(suspected).sort(ROW).with_columns(base=pl.col("_slug").str.to_lowercase())
    taken = pl.concat([seen.get_column("slug"), known.get_column("held_sent"), known.get_column("held_slug")])
    kept, rest = _kept(exact, known, longest)
    first, needy = _first_come(rest, kept, known)
    return pl.concat(
        [
            kept.select(ROW, slug=pl.col("kept")),
            first.select(ROW, slug=pl.col("_slug")),
            _numbered(needy, taken.drop_nulls().unique(), longest),
        ]
    ).cast(GIVEN)  # type: ignore[arg-type]  # polars types schemas wider than it takes them


def _suspects(good: pl.DataFrame, known: pl.DataFrame) -> pl.Series:
    """Find the numbers of the rows that may get another slug, or whose slug somebody else may want."""
    repeated = good.filter(pl.col("slug").is_not_null() & pl.col("slug").is_duplicated())
    sent = known.select("held_key", "held_sent").drop_nulls()
    changed = good.join(sent, left_on="key", right_on="held_key").filter(pl.col("slug") != pl.col("held_sent"))
    holders = pl.concat(
        [known.select("held_key", slug="held_sent"), known.select("held_key", slug="held_slug")]
    ).drop_nulls()
    others = good.join(holders, on="slug").filter(pl.col("key") != pl.col("held_key"))
    return pl.concat([one.get_column(ROW) for one in (repeated, changed, others)]).unique().sort()


def _kept(exact: pl.DataFrame, known: pl.DataFrame, longest: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the rows whose key was sent with their slug, or with that and a number, from the rest."""
    memory = known.select(pl.col("locale").alias("_locale"), pl.col("key").alias("_key"), "sent")
    asked = exact.join(memory, on=["_locale", "_key"], how="left", maintain_order="left")
    sent = pl.col("sent").str.to_lowercase()
    ending = sent.str.extract(_ENDING)
    with_number = (stem(pl.col("base"), ending.str.len_chars(), longest) + ending) == sent
    asked = asked.with_columns(
        kept=pl.when(sent == pl.col("base")).then(pl.col("_slug")).when(with_number).then(pl.col("sent"))
    )
    return asked.filter(pl.col("kept").is_not_null()), asked.filter(pl.col("kept").is_null()).drop("sent", "kept")


def _first_come(rest: pl.DataFrame, kept: pl.DataFrame, known: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the rows that get their slug as it is, the first of each where no other key has it, from the rest."""
    holders = pl.concat(
        [known.select("locale", "key", base=pl.col(name).str.to_lowercase()).drop_nulls() for name in ("sent", "slug")]
        + [kept.select(locale="_locale", key="_key", base=pl.col("kept").str.to_lowercase())]
    ).unique()
    asked = rest.join(
        holders, left_on=["_locale", "base"], right_on=["locale", "base"], how="left", maintain_order="left"
    )
    others = asked.filter(pl.col("key").is_not_null() & (pl.col("key") != pl.col("_key"))).get_column(ROW)
    free = rest.filter(~pl.col(ROW).is_in(others.implode()))
    first = free.unique(["_locale", "base"], keep="first", maintain_order=True)
    return first, rest.filter(~pl.col(ROW).is_in(first.get_column(ROW).implode()))


def _numbered(needy: pl.DataFrame, taken: pl.Series, longest: int) -> pl.DataFrame:
    """Give each row the next free number behind its slug, in the order of the sheet; blocks of numbers at a time."""
    place = pl.int_range(pl.len(), dtype=pl.Int64).over("_locale", "base")
    wanted = needy.select(ROW, "_locale", "base", "_slug", place=place)
    families = wanted.group_by("_locale", "base", maintain_order=True).agg(
        need=pl.len().cast(pl.Int64), had=pl.lit(0, dtype=pl.Int64), start=pl.lit(_FIRST, dtype=pl.Int64)
    )
    found: list[pl.DataFrame] = []
    spare = 4
    while not families.is_empty():
        until = pl.col("start") + pl.col("need") + spare
        offers = families.with_columns(number=pl.int_ranges("start", until)).explode("number")
        ending = pl.lit("-") + pl.col("number").cast(pl.String)
        offers = offers.with_columns(made=stem(pl.col("base"), ending.str.len_chars(), longest) + ending)
        offers = offers.with_columns(ending=ending, hash=hashed(pl.col("made"))).filter(
            ~pl.col("hash").is_in(taken.implode())
        )
        offers = offers.unique("hash", keep="first", maintain_order=True)
        offers = offers.with_columns(place=place).filter(pl.col("place") < pl.col("need"))
        offers = offers.with_columns(pl.col("place") + pl.col("had"))
        found.append(offers.select("_locale", "base", "place", "ending"))
        taken = pl.concat([taken, offers.get_column("hash")])
        got = offers.group_by("_locale", "base").agg(got=pl.len().cast(pl.Int64))
        families = families.join(got, on=["_locale", "base"], how="left", maintain_order="left")
        got_now = pl.col("got").fill_null(0)
        families = families.select(
            "_locale", "base", need=pl.col("need") - got_now, had=pl.col("had") + got_now, start=until
        ).filter(pl.col("need") > 0)
        spare *= 4
    numbers = pl.concat([pl.DataFrame(schema=_NUMBERS), *found])
    named = wanted.join(numbers, on=["_locale", "base", "place"], how="left", maintain_order="left")
    ending = pl.col("ending")
    return named.select(ROW, slug=stem(pl.col("_slug"), ending.str.len_chars(), longest) + ending)


_NUMBERS = {"_locale": pl.String, "base": pl.String, "place": pl.Int64, "ending": pl.String}


def stem(slug: pl.Expr, behind: pl.Expr, longest: int) -> pl.Expr:
    """Shorten a slug so that so many characters fit behind it."""
    room = longest - behind.cast(pl.Int64)
    short = slug.str.slice(0, room).str.strip_chars_end("-")
    return pl.when(slug.str.len_chars().cast(pl.Int64) <= room).then(slug).otherwise(short)
