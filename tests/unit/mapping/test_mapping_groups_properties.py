"""What holds for items of several rows in any sheet: batches and places of rows do not matter, counts add up."""

from __future__ import annotations

from collections import defaultdict
from random import Random  # noqa: TC003 - hypothesis reads the annotations while it runs
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.mapping.grouping import Borders, Grouping
from importer.model import BROKEN, ITEM, ROW
from tests.unit.mapping.groups import Found, mapped

TEXT = """
key = { from = "Handle", else = { template = "alone {Title}" } }
[source]
group_by = ["Handle", "Code"]
fill_down = ["Size"]
[where]
State = { not = "off" }
[fields]
name = { from = "Title", default = "none" }
slug = { from = "Handle", else = { from = "Title", transform = ["slugify"] } }
text = { from = "Size", pick = "all", join = " " }
more = { from = ["Size", "Price"], when = { Price = { empty = false } }, pick = "last" }
price = { from = "Price", pick = "PICK" }
count = { from = "Image", split = ";", pick = "count" }
gallery = { from = "Image", alt = "Title" }
on-sale = { when = { Price = { max = 5 } } }
starts = "Start"
[item]
draft = { when = { State = "draft" } }
"""

NAMES = ("Handle", "Code", "Title", "Size", "Price", "Image", "Start", "State")

FREE = ("price", "count", "on-sale")

Line = tuple[str | None, ...]

IMAGES = st.sampled_from([None, None, "https://e.org/1.jpg", "https://e.org/2.jpg;https://e.org/1.jpg", "no image"])

LINES: st.SearchStrategy[list[Line]] = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", " b", "c", None]),
        st.sampled_from([None, "a", "z"]),
        st.sampled_from([None, None, "One", "Two", "Three"]),
        st.sampled_from([None, "S", "L"]),
        st.sampled_from([None, "1", "5.50", "12", "dear"]),
        IMAGES,
        st.sampled_from([None, None, None, "2024-05-31", "soon"]),
        st.sampled_from(["on", "on", "draft", "off"]),
    ),
    min_size=1,
    max_size=25,
)


def found_in(lines: list[Line], *, block: int = 1 << 20, pick: str = "min") -> Found:
    """Map lines."""
    frame = pl.DataFrame(
        {name: pl.Series([line[at] for line in lines], dtype=pl.String) for at, name in enumerate(NAMES)}
    )
    return mapped(TEXT.replace("PICK", pick), frame, block=block)


def key_of(at: int, line: Line) -> object:
    """Tell in plain Python what a row has in common with others."""
    return (line[0] or line[1] or "").strip() or at


def by_key(found: Found, lines: list[Line], places: list[int]) -> dict[object, Any]:
    """Give all that is known of each item; `places` tells where each line stood in the first order.

    Rows are told by their place within the item, so that it does not matter where in the sheet they stand.
    """
    wrong = defaultdict(list)
    owner = {row: item for item in found.items for row in item.rows}
    for one in found.problems:
        within = owner[one.row].rows.index(one.row)
        wrong[owner[one.row].rows].append((within, one.code, one.column, one.value))
    answer = {}
    for item in found.items:
        at = item.rows[0] - 2
        key = key_of(places[at], lines[at])
        assert key not in answer
        told = [one for one in wrong[item.rows] if not one[1].endswith("_duplicate")]
        answer[key] = (item.body, item.key, item.source_hash, item.draft, len(item.rows), sorted(told, key=str))
    return answer


def interleaved(lines: list[Line], chance: Random) -> list[int]:
    """Give places in another order, in which the rows of an item keep theirs."""
    waiting: dict[object, list[int]] = defaultdict(list)
    for at, line in enumerate(lines):
        waiting[key_of(at, line)].append(at)
    order = []
    while waiting:
        key = chance.choice(list(waiting))
        order.append(waiting[key].pop(0))
        if not waiting[key]:
            del waiting[key]
    return order


@settings(max_examples=7, deadline=None)
@given(LINES, st.integers(1, 400), st.randoms(use_true_random=False))
def test_items_are_the_same_whatever_the_batches_and_wherever_their_rows_stand(
    lines: list[Line], block: int, chance: Random
) -> None:
    """Bodies, keys, hashes and problems; the rows of an item keep their order."""
    whole = found_in(lines)
    cut = found_in(lines, block=block)
    assert cut.items == whole.items
    assert cut.problems == whole.problems
    order = interleaved(lines, chance)
    again = [lines[at] for at in order]
    expected = by_key(whole, lines, list(range(len(lines))))
    assert by_key(found_in(again, block=block), again, order) == expected


@settings(max_examples=8, deadline=None)
@given(LINES, st.randoms(use_true_random=False), st.sampled_from(["min", "max", "sum", "count"]))
def test_where_no_order_is_asked_for_none_matters(lines: list[Line], chance: Random, pick: str) -> None:
    """A sheet that was shuffled altogether gives the same least, greatest, sums, numbers and answers."""
    lines = [(*line[:3], None, *line[4:]) for line in lines]  # what fills down goes by the order
    order = list(range(len(lines)))
    chance.shuffle(order)
    again = [lines[at] for at in order]

    def free(found: Found, told: list[Line]) -> list[str]:
        asked = [(item, found.fields[item.rows]) for item in found.items]
        return sorted(
            str([sorted(map(str, (told[row - 2] for row in item.rows))), item.draft, *map(fields.get, FREE)])
            for item, fields in asked
        )

    assert free(found_in(again, pick=pick), again) == free(found_in(lines, pick=pick), lines)


@settings(max_examples=12, deadline=None)
@given(LINES, st.integers(1, 400))
def test_counts_add_up_and_items_are_what_plain_python_makes_of_the_rows(lines: list[Line], block: int) -> None:
    """Every row that counts is in one item, which has each of its rows; first, all, last, and any are as they read."""
    found = found_in(lines, block=block)
    groups: dict[object, list[int]] = defaultdict(list)
    sizes: dict[object, str | None] = {}
    filled: dict[int, str | None] = {}
    for at, line in enumerate(lines):
        key = key_of(at, line)
        sizes[key] = filled[at] = line[3] or sizes.get(key)
        if line[7] != "off":
            groups[key].append(at)
    sheet = found.sheet
    assert (sheet.read, sheet.left_out, sheet.total) == (
        len(lines), sum(line[7] == "off" for line in lines), len(groups),
    )  # fmt: skip
    assert sheet.good + sheet.bad.len() == sheet.total
    assert sorted(found.fields) == sorted(tuple(at + 2 for at in group) for group in groups.values())
    guilty = {row for item in found.items if item.row in set(sheet.bad) for row in item.rows}
    assert {one.row for one in found.problems} <= guilty
    assert {item.row for item in found.items if any(one.row in item.rows for one in found.problems)} == set(sheet.bad)
    for group in groups.values():
        fields = found.fields[tuple(at + 2 for at in group)]
        titles = [lines[at][2] for at in group if lines[at][2]]
        assert fields["name"] == (titles[0] if titles else "none")
        assert fields.get("text", "") == " ".join(dict.fromkeys(filter(None, (filled[at] for at in group))))
        assert fields["on-sale"] == any(lines[at][4] == "1" for at in group)
        asked = [lines[at][4] for at in group if lines[at][4] is not None]
        assert fields.get("more") == (asked[-1] if asked else None)


KEYS = st.lists(st.sampled_from(["a", "b", "c", "d", None]), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(KEYS, st.integers(1, 7), st.integers(1, 3))
def test_two_keys_of_one_hash_stay_two_items(keys: list[str | None], size: int, hashes: int) -> None:
    """Keys are compared by their hashes first; where two have the same, they are parted by the keys themselves."""
    frame = pl.DataFrame({"K": pl.Series(keys, dtype=pl.String)}).with_columns(
        pl.int_range(2, len(keys) + 2, dtype=pl.UInt32, eager=True).alias(ROW), pl.lit(None, pl.String).alias(BROKEN)
    )
    grouping = Grouping(("K",), (), (), frozenset())
    hashed = [None if key is None else ord(key) % hashes for key in keys]
    last = [
        at if one is None else max(n for n, other in enumerate(hashed) if other == one) for at, one in enumerate(hashed)
    ]
    borders = Borders(pl.Series(last, dtype=pl.UInt32), None)
    truly = grouping.borders(frame.iter_slices(size))
    assert truly is not None

    def items(known: Borders) -> dict[int, int]:
        batches = grouping.gathered(
            frame.iter_slices(size), known, lambda rows: pl.repeat(value=True, n=rows.height, eager=True)
        )
        return {row: item for batch in batches for row, item in batch.select(ROW, ITEM).iter_rows()}

    first = {key: keys.index(key) + 2 for key in keys}
    expected = {at + 2: at + 2 if key is None else first[key] for at, key in enumerate(keys)}
    assert items(truly) == expected
    assert items(borders) == expected


@settings(max_examples=40, deadline=None)
@given(KEYS, st.integers(1, 7))
def test_no_row_waits_longer_than_for_the_last_one_of_its_item(keys: list[str | None], size: int) -> None:
    """An item is given out with the batch in which its last row stands: what is held are rows of open items."""
    frame = pl.DataFrame({"K": pl.Series(keys, dtype=pl.String)}).with_columns(
        pl.int_range(0, len(keys), dtype=pl.UInt32, eager=True).alias(ROW), pl.lit(None, pl.String).alias(BROKEN)
    )
    grouping = Grouping(("K",), (), (), frozenset())
    read: list[int] = []

    def reading() -> Any:
        for batch in frame.iter_slices(size):
            read.append(batch.height)
            yield batch

    for batch in grouping.gathered(
        reading(),
        grouping.borders(frame.iter_slices(size)),
        lambda rows: pl.repeat(value=True, n=rows.height, eager=True),
    ):
        passed = sum(read)
        for row in batch.get_column(ROW):
            last = row if keys[row] is None else len(keys) - 1 - keys[::-1].index(keys[row])
            assert passed - read[-1] <= last < passed
