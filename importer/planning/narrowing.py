"""Which rows to send together once a request was refused: guilty ones found among many with few requests.

Group testing: each request asks whether all of its rows are good, and publishes them if they are. Where half of a
suspected group is good, the other half is known to hold a guilty row and is not asked as a whole; where half of it is
refused, nothing is known of the other half, and it goes with any other rows (Hwang's generalised binary splitting).
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

Row = TypeVar("Row", bound=Hashable)

FEW = 5
"""So many rows that are pointed at are sent each alone; more of them (a common value) are searched like any others."""

EVEN = 1 / 2
"""How likely a test should find a guilty row: then its answer says most."""

WARY = 1 / 4
"""The same where each refusal must be settled by a listing, which takes many requests."""


@dataclass(slots=True)
class Rate:
    """How many rows are bad, of those that were sent lately; only rows that must be searched for count.

    It forgets with each bad row, not with time: so it follows a stretch of bad rows, and grows out of it.
    """

    good: float = 40.0
    bad: float = 0.2

    KEEP = 0.8
    MOST = 2_000.0

    def passed(self, rows: int) -> None:
        """So many rows were good."""
        self.good = min(self.good + rows, self.MOST)

    def failed(self) -> None:
        """There is a bad row."""
        self.good *= self.KEEP
        self.bad = self.bad * self.KEEP + 1

    def size(self) -> int:
        """How many rows to send together, so that every other request holds a guilty one."""
        return max(1, int(log(1 - EVEN) / log(self._goodness)))

    def part(self, rows: int, share: float) -> int:
        """How many of so many rows, one of them guilty, to test, so that with this likelihood it is among them."""
        fails = 1 - self._goodness**rows
        return min(max(1, round(log(1 - share * fails) / log(self._goodness))), max(1, rows // 2))

    @property
    def _goodness(self) -> float:
        """How likely a row is good; never none, never all."""
        return max(self.good, 1e-9) / (max(self.good, 1e-9) + self.bad)


@dataclass(slots=True, eq=False)
class _Suspicion(Generic[Row]):
    """Rows under test, and the `rest` of those among which a guilty one hides.

    `sure` says that one does, `counted` that the rate knows of it.
    """

    tested: set[Row]
    rest: list[Row]
    sure: bool
    counted: bool


class Narrowing(Generic[Row]):
    """Told what became of rows, it says which to send as a group, and which with any others (`take`).

    No row is given twice before it was told of again. `costly` says that a refusal must be settled by a listing.
    """

    def __init__(self) -> None:
        self.rate = Rate()
        self.costly = False
        self._in_part = False
        self._beside: set[Row] = set()
        self._sample: Row | None = None
        self._named = 0
        self._groups: list[tuple[Row, ...]] = []
        self._freed: list[Row] = []
        self._of: dict[Row, _Suspicion[Row]] = {}

    def learn(self, rows: Sequence[Row], named: int) -> None:
        """These rows were refused, and so many of them named: fewer are sent at a time, unless that saves nothing.

        A row that is named costs one request in a chunk of any size, but for the listings where one must settle each
        refusal; nor does the size matter where the good rows are written. What is under suspicion already was counted.
        """
        if named and not self.costly:
            self.rate = Rate()
        elif not (self._in_part or any(row in self._of for row in rows)) and (
            not named or self._beside.intersection(rows)
        ):
            self.rate.failed()
        if named:
            self._beside.update(rows)
            self._named += 1

    def refused(
        self,
        rows: Sequence[Row],
        left: Collection[Row],
        *,
        accused: Collection[Row] = (),
        written: Collection[Row] = (),
    ) -> None:
        """These rows were refused, in this order: the `written` ones are there all the same, `left` are to be sent.

        The answer points at the `accused`. Where one that is not there stands ahead of one that is, all that are not
        there are suspected, for the request went on behind them; else the first is, for the request ended there. Once
        costly refusals repeat, a first row is sent alone: if it is good, they are known to write nothing (rule 3).
        """
        missing = [row for row in rows if row not in written]
        suspects = {row for row in missing if row in accused}
        if written:
            self._in_part, self.rate = True, Rate()
            if missing and set(rows[rows.index(missing[0]) :]) & set(written):
                suspects.update(missing)
        suspected = [row for row in rows if row in left and row in suspects]
        others = [row for row in rows if row in left and row not in suspects]
        self._let_go(left)
        if not suspects:
            self._suspect(others, sure=True, counted=True, number=1 if self._in_part else None)
            return
        repeated = self.costly and self._named > 1 and not self._in_part
        if repeated and self._sample is None and others[:1] == [rows[0]]:
            self._sample = others.pop(0)
            self._alone(self._sample)
        self._freed += others
        if len(suspected) <= FEW or written:
            for row in suspected:
                self._alone(row)
        else:
            self._suspect(suspected, sure=True, counted=True)

    def failed(self, rows: Sequence[Row]) -> None:
        """A request with these rows failed again and again, for one of them or for no reason of theirs.

        Only once it fails while a part of it went well is it sure that a guilty row is in it.
        """
        sure = all(row in self._of and self._of[row].sure for row in rows)
        self._let_go(rows)
        self._suspect(list(rows), sure=sure, counted=False)

    def passed(self, rows: Collection[Row]) -> None:
        """All of these rows were good."""
        self.rate.passed(len(rows))
        for row in rows:
            self.gone(row)

    def gone(self, row: Row, *, guilty: bool = False) -> None:
        """A row was published, or is out of our hands; a `guilty` one was refused for its own sake.

        Once a guilty row is found, nothing is known any more of those that were suspected with it.
        """
        self._beside.discard(row)
        self._sample = None if row == self._sample else self._sample
        suspicion = self._of.pop(row, None)
        if suspicion is None:
            return
        suspicion.tested.discard(row)
        if guilty:
            if not suspicion.counted:
                self.rate.failed()
            self._free(suspicion)
        elif not suspicion.tested and suspicion.rest:
            number = self._part(suspicion.rest) if suspicion.sure else len(suspicion.rest)
            suspicion.sure = True
            self._go_on(suspicion, number)

    @property
    def searching(self) -> bool:
        """Whether rows are under suspicion."""
        return bool(self._of)

    def take(self) -> tuple[list[tuple[Row, ...]], list[Row]]:
        """Take what is to be sent: groups as they are, and rows that go with any others."""
        taken = self._groups, self._freed
        self._groups, self._freed = [], []
        return taken

    def _suspect(self, rows: list[Row], *, sure: bool, counted: bool, number: int | None = None) -> None:
        """Search these rows, one of which is guilty: so many of them first."""
        if rows:
            self._go_on(_Suspicion(set(), rows, sure=sure, counted=counted), number or self._part(rows))

    def _go_on(self, suspicion: _Suspicion[Row], number: int) -> None:
        """Test so many of what is left of the suspected rows."""
        group, suspicion.rest = tuple(suspicion.rest[:number]), suspicion.rest[number:]
        self._test(suspicion, group)

    def _part(self, rows: list[Row]) -> int:
        return self.rate.part(len(rows), WARY if self.costly else EVEN)

    def _alone(self, row: Row) -> None:
        self._test(_Suspicion({row}, [], sure=True, counted=True), (row,))

    def _test(self, suspicion: _Suspicion[Row], group: tuple[Row, ...]) -> None:
        suspicion.tested = set(group)
        self._of.update(dict.fromkeys(suspicion.tested | set(suspicion.rest), suspicion))
        self._groups.append(group)

    def _let_go(self, rows: Collection[Row]) -> None:
        """Forget what is suspected of these rows; what was suspected with them is free."""
        for row in rows:
            suspicion = self._of.pop(row, None)
            if suspicion is not None:
                suspicion.tested.discard(row)
                self._free(suspicion)

    def _free(self, suspicion: _Suspicion[Row]) -> None:
        for row in suspicion.rest:
            self._of.pop(row, None)
        self._freed += suspicion.rest
        suspicion.rest = []
