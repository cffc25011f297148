"""A rule as a pipeline: a source, then steps, each an expression on what came before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from importer.fields.terms import nearest
from importer.mapping import parts
from importer.mapping.flow import Flow, Target, kind_of
from importer.mapping.picking import picked
from importer.mapping.templates import template_text
from importer.mapping.workbench import FAILED, Blame, Planned, Workbench, blank_as_null, first_filled
from importer.model import Kind
from importer.transforms import TRANSFORMS, compile_call, within_lists

if TYPE_CHECKING:
    from importer.mapping.rules import Constant, Rule
    from importer.transforms import Call, Step

_ALL_PICKS = frozenset({"last", "all", "rest", "min", "max", "sum", "count"})
_SINGLE = frozenset({"first", "last"})


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Compiles the rules for one target, on the bench of rows; they end on the bench of items."""

    bench: Workbench
    target: Target

    def run(self, rule: Rule) -> Flow:
        """Compile a whole rule: what reaches the field, kept as columns."""
        flow = self._begin(rule, None)
        above = replace(self, bench=self.bench.of_items)
        return above._kept(above._end(rule, self._folded(rule, flow), outer=True))  # noqa: SLF001 - its own class

    def of_row(self, rule: Rule) -> Flow:
        """Compile a rule that looks at one row even where an item has several."""
        return self._kept(self._end(rule, self._begin(rule, None), outer=True))

    def _folded(self, rule: Rule, flow: Flow) -> Flow:
        """Lead from rows to items of several: the value of one row, or all parts, as the rule picks."""
        folding = self.bench.folding
        if folding is None:
            return flow
        pick = self._pick(rule)
        if pick in _SINGLE:
            if flow.many:
                flow = picked(self.bench, self.target, rule, replace(flow, value=self.bench.keep(flow.value)), pick)
            answer = rule.answers and rule.pick is None
            return folding.flow(flow, last=pick == "last", answer=answer)
        if not flow.many:
            numeric = flow.kind is not None and flow.kind.meta.eq(kind_of(Kind.NUMBER))
            text = self.bench.keep(flow.value if numeric else self._localised(rule, flow.value, flow.kind))
            alt = None if flow.alt is None else pl.concat_list(flow.alt)
            flow = Flow(pl.concat_list(text), flow.blame, many=True, numeric=numeric, alt=alt)
        return folding.parts(flow)

    def _pick(self, rule: Rule) -> str:
        return rule.pick or ("all" if self.target.many else "first")

    def _kept(self, flow: Flow) -> Flow:
        """Make columns of what reaches the field."""
        if self.target.many and not flow.many:
            flow = replace(flow, value=pl.concat_list(flow.value), many=True, kind=None)
            flow = replace(flow, alt=pl.concat_list(flow.alt) if flow.alt is not None else None)
            flow = replace(flow, value=pl.when(flow.value.list.first().is_not_null()).then(flow.value))
        return replace(
            flow,
            value=self.bench.keep(flow.value),
            kind=None if flow.kind is None else self.bench.keep(flow.kind),
            alt=None if flow.alt is None else self.bench.keep(flow.alt),
        )

    def _begin(self, rule: Rule, only: pl.Expr | None) -> Flow:
        """Everything up to `else`; `only` says in which rows the rule is asked at all."""
        flow = self._source(rule, only)
        for at, call in enumerate(rule.transforms):
            if call.operand is not None and flow.many:
                self.bench.mistakes.add(
                    f"{rule.path}.transform",
                    f'{call.name} = "{call.operand}" calculates with a column, which needs one value and not several '
                    "parts; use a number, or a rule without split",
                )
                continue
            step = self._step(rule, call)
            if step is None:
                continue
            flow = self._listed(flow, step) if flow.many else self._scalar(flow, step)
            if step.spreads and rule.alt is not None:
                if rule.alt.sources:
                    self.bench.mistakes.add(f"{rule.path}.alt", f"cannot keep step with parts that {call.name} finds")
                flow = self._beside(rule, flow)
            if step.outside:
                given = self.bench.keep(flow.value)
                whole = given.list.join("\0", ignore_nulls=True) if flow.many else given
                self.bench.resolved.append((f"{rule.path}.{at}", whole))
        if rule.otherwise is not None:
            flow = self._otherwise(flow, rule.otherwise)
        return flow

    def _step(self, rule: Rule, call: Call) -> Step | None:
        """Make the step of a call; None, and a mistake, where it is somebody else's and there is none, or it fails."""
        if call.name not in TRANSFORMS and call.name not in self.bench.around.foreign:
            return None  # `foreign.check_calls` has told it
        try:
            return compile_call(call, self.bench.around)
        except ValueError as error:
            self.bench.mistakes.add(f"{rule.path}.transform", str(error))
            return None

    def _source(self, rule: Rule, only: pl.Expr | None) -> Flow:
        """Take the text: from columns, a template, a constant or the answer of a condition."""
        holds = self.bench.asked.holds(rule.when) if rule.when is not None else None
        if holds is not None and only is not None:
            holds = self.bench.keep(holds)
        asked = _both(only, holds)
        if rule.sources:
            return self._cells(rule, asked)
        if rule.template is not None:
            names = tuple(piece.column for part in rule.template for piece in part.pieces if piece.column is not None)
            text = blank_as_null(
                self.bench.keep(template_text(rule.template, lambda name: self.bench.columns.cell(name)[0]))
            )
            flow = Flow(_where(asked, text), Blame(names, pl.lit(0, dtype=pl.UInt8)))
            return self._beside(rule, self._cut(rule, flow))
        columns: tuple[str | None, ...] = tuple(name for table in rule.when or () for name, _ in table) or (None,)
        blame = Blame(columns[:1], pl.lit(0, dtype=pl.UInt8))
        if rule.value is not None:
            flow = Flow(_where(asked, pl.lit(rule.value.text)), blame, kind=kind_of(rule.value.kind))
            return self._beside(rule, self._cut(rule, flow))
        answer = pl.when(pl.lit(value=True) if holds is None else holds).then(pl.lit("TRUE")).otherwise(pl.lit("FALSE"))
        return Flow(_where(only, answer), blame, kind=kind_of(Kind.BOOLEAN))

    def _cells(self, rule: Rule, asked: pl.Expr | None) -> Flow:
        """Take text from one column, the first filled of several, or all of them."""
        found = [self.bench.columns.cell(name) for name in rule.sources]
        cells = [text for text, _ in found]
        names: tuple[str | None, ...] = tuple(self.bench.columns.find(name) or name for name in rule.sources)
        blame = first_filled(names, cells)
        several = len(cells) > 1 and (
            rule.pick in _ALL_PICKS or (self.target.many and rule.pick is None) or rule.alt is not None
        )
        if not several:
            value = _where(asked, cells[0] if len(cells) == 1 else pl.coalesce(cells))
            flow = Flow(value, blame, kind=_coalesced_kind(found))
            if rule.alt is None:
                return self._cut(rule, flow)
            if not self._cuts(rule):
                return self._beside(rule, flow)
        lists = [
            self._parts_of(rule, _where(asked, self._localised(rule, text, kind)), name)
            for (text, kind), name in zip(found, names, strict=True)
        ]
        value = self.bench.keep(lists[0] if len(lists) == 1 else pl.concat_list(lists))
        alt = None if rule.alt is None else self._alts(rule, rule.alt, lists)
        return Flow(value, blame, many=True, alt=alt)

    def _cuts(self, rule: Rule) -> bool:
        """Whether a cell is cut into parts: where the rule says so, or the field holds many.

        Nothing is cut before a transform that looks for the parts itself.
        """
        if rule.split is not None:
            return True
        return self.target.many and not any(call.name in {"urls", "extract_all"} for call in rule.transforms)

    def _cut(self, rule: Rule, flow: Flow) -> Flow:
        """Cut one text into parts, if it is to be; constants stay whole unless the rule says split."""
        if not self._cuts(rule) or (rule.split is None and rule.value is not None):
            return flow
        text = self._localised(rule, self.bench.keep(flow.value), flow.kind)
        return Flow(self._pieces(rule, text, flow.blame), flow.blame, many=True)

    def _pieces(self, rule: Rule, text: pl.Expr, blame: Blame) -> pl.Expr:
        """Cut text; a cell that is no JSON (or no CSV) where it should be is a problem."""
        whole = self.bench.keep(text)
        cut = self.bench.keep(parts.cut(whole, rule.split))
        if parts.can_fail(rule.split):
            guilty = whole.is_not_null() & cut.is_null()
            told = {"transform": f"split = {rule.split}"}
            self.bench.plan(Planned(FAILED, self.target.field, blame, guilty, whole, None, told))
        return cut

    def _parts_of(self, rule: Rule, text: pl.Expr, column: str | None) -> pl.Expr:
        """Cut one of several columns; an empty cell is one empty part, so that the others keep their places."""
        if not self._cuts(rule):
            return pl.concat_list(self.bench.keep(text))
        blame = Blame((column,), pl.lit(0, dtype=pl.UInt8))
        return self.bench.keep(self._pieces(rule, text, blame).fill_null(_nothing_listed()))

    def _beside(self, rule: Rule, flow: Flow) -> Flow:
        """Put the alt text beside one image, or beside each part."""
        if rule.alt is None:
            return flow
        if flow.many:
            value = self.bench.keep(flow.value)
            return replace(flow, value=value, alt=self._alts(rule, rule.alt, [value]))
        beside = Pipeline(self.bench, Target(self.target.field, "PlainText")).of_row(rule.alt)
        return replace(flow, alt=beside.value)

    def _alts(self, rule: Rule, alt: Rule, lists: list[pl.Expr]) -> pl.Expr:
        """Give each part its alt text: column by column, part by part; one that is no column goes to every part."""
        inner = Pipeline(self.bench, Target(self.target.field, "PlainText"))
        if not alt.sources:
            text = inner.of_row(alt).value
            whole = self.bench.keep(pl.concat_list(lists))
            return self.bench.keep(pl.concat_list(text).list.gather(_zeros(whole), null_on_oob=True))
        padded = []
        for at, listed in enumerate(lists):
            if at >= len(alt.sources):
                texts = _nothing_listed()
            else:
                single = replace(alt, sources=alt.sources[at : at + 1], split=None, pick=None)
                text = self.bench.keep(inner.of_row(single).value)
                split = alt.split or rule.split
                cut = parts.cut(text, split) if self._cuts(rule) or alt.split else pl.concat_list(text)
                # One image has one alt text, whatever signs that is made of.
                texts = pl.when(listed.list.len() == 1).then(pl.concat_list(text)).otherwise(cut)
                texts = texts.fill_null(_nothing_listed())
            kept = self.bench.keep(texts)
            padded.append(self.bench.keep(kept.list.gather(pl.int_ranges(listed.list.len()), null_on_oob=True)))
        return self.bench.keep(pl.concat_list(padded))

    def _localised(self, rule: Rule, text: pl.Expr, kind: pl.Expr | None) -> pl.Expr:
        """Write a workbook's canonical number as this sheet writes numbers, for a list has no room for kinds."""
        numbers = self.target.type == "Number" or rule.pick in {"min", "max", "sum"} or bool(rule.transforms)
        if kind is None or self.bench.source.decimal != "," or not numbers:
            return text
        return pl.when(kind == Kind.NUMBER).then(text.str.replace(".", ",", literal=True)).otherwise(text)

    def _scalar(self, flow: Flow, step: Step) -> Flow:
        """Run a step on one text."""
        before = self.bench.keep(flow.value)
        kind = None if flow.kind is None else self.bench.keep(flow.kind)
        after = self.bench.keep(step.run(before, kind))
        if step.spreads:
            value = after.list.eval(blank_as_null(pl.element()))
            return Flow(self.bench.keep(value), flow.blame, many=True)
        if step.code is not None:
            guilty = before.is_not_null() & after.is_null()
            if step.excused is not None:
                guilty &= ~step.excused
            better = nearest(before, step.known) if step.known else None
            plan = Planned(step.code, self.target.field, flow.blame, guilty, before, better, step.facts)
            self.bench.plan(plan)
        if step.gives is not None:
            return replace(flow, value=after, kind=kind_of(step.gives))
        return replace(flow, value=self.bench.keep(blank_as_null(after)), kind=flow.kind if step.keeps_kind else None)

    def _listed(self, flow: Flow, step: Step) -> Flow:
        """Run a step on each part; empty parts stay in their places."""
        before = self.bench.keep(flow.value)
        # A literal would be one value where the readers of numbers want one for each part.
        kind = pl.repeat(int(Kind.NUMBER), pl.len(), dtype=pl.UInt8) if flow.numeric else None
        if step.python:
            after = within_lists(before, lambda part: step.run(part, kind))
        elif step.spreads:
            after = before.list.eval(step.run(pl.element(), kind).explode())
        else:
            after = before.list.eval(step.run(pl.element(), kind))
        after = self.bench.keep(after)
        if step.code is not None:
            guilty = before.list.drop_nulls().list.len() > after.list.drop_nulls().list.len()
            wrong = parts.unreadable(before, lambda part: step.run(part, kind))
            shown = parts.as_shown(wrong)
            self.bench.plan(Planned(step.code, self.target.field, flow.blame, guilty, shown, None, step.facts))
        numeric = step.gives is Kind.NUMBER or (flow.numeric and step.keeps_kind)
        if step.gives is None:
            after = self.bench.keep(after.list.eval(blank_as_null(pl.element())))
        return replace(flow, value=after, numeric=numeric)

    def _otherwise(self, flow: Flow, rule: Rule) -> Flow:
        """Take another rule's value in the rows where this one gave nothing."""
        value = self.bench.keep(flow.value)
        present = parts.filled(value).is_not_null() if flow.many else value.is_not_null()
        given = self.bench.keep(present.fill_null(value=False))
        other = self._begin(rule, ~given)
        if rule.pick is not None or rule.join is not None or rule.default is not None:
            other = self._end(rule, other, outer=False, only=~given)
        many = flow.many or other.many
        one, two = (self._as_list(flow), self._as_list(other)) if many else (flow, other)
        index = pl.when(given).then(flow.blame.index).otherwise(other.blame.index + len(flow.blame.columns))
        kind = None
        if not many and (flow.kind is not None or other.kind is not None):
            kind = pl.when(given).then(_kind(flow)).otherwise(_kind(other))
        alt = None
        if flow.alt is not None or other.alt is not None:
            nothing = _nothing_listed() if many else pl.lit(None, dtype=pl.String)
            alt = (
                pl.when(given)
                .then(nothing if one.alt is None else one.alt)
                .otherwise(nothing if two.alt is None else two.alt)
            )
        return Flow(
            self.bench.keep(pl.when(given).then(one.value).otherwise(two.value)),
            Blame(flow.blame.columns + other.blame.columns, index.cast(pl.UInt8)),
            many=many,
            kind=kind,
            numeric=flow.numeric and other.numeric,
            alt=None if alt is None else self.bench.keep(alt),
        )

    def _as_list(self, flow: Flow) -> Flow:
        """Make a list of one part; a canonical number is written as the sheet writes numbers."""
        if flow.many:
            return flow
        text = flow.value
        if flow.kind is not None and self.bench.source.decimal == ",":
            text = self.bench.keep(text)
            text = pl.when(flow.kind == Kind.NUMBER).then(text.str.replace(".", ",", literal=True)).otherwise(text)
        alt = None if flow.alt is None else pl.concat_list(flow.alt)
        return Flow(pl.concat_list(text), flow.blame, many=True, alt=alt)

    def _end(self, rule: Rule, flow: Flow, *, outer: bool, only: pl.Expr | None = None) -> Flow:
        """Pick, join, and put the default where nothing is left."""
        pick = self._pick(rule)
        if not flow.many and pick in {"rest", "min", "max", "sum", "count"}:
            flow = self._as_list(flow)
        if flow.many:
            kept = replace(flow, value=self.bench.keep(flow.value))
            flow = picked(self.bench, self.target, rule, kept, pick)
        if flow.many and rule.join is not None:
            flow = Flow(parts.joined(self.bench.keep(flow.value), rule.join), flow.blame.whole())
        if flow.many and outer and not self.target.many:
            self.bench.mistakes.add(
                f"{rule.path}.pick", f'"{pick}" gives several values, and this needs one: say join = ", " with it'
            )
        if rule.default is not None:
            flow = self._default(flow, rule.default, only)
        return flow

    def _default(self, flow: Flow, constant: Constant, only: pl.Expr | None) -> Flow:
        """Put a constant where nothing is left."""
        value = self.bench.keep(flow.value)
        empty = value.is_null() if only is None else value.is_null() & only
        if flow.many:
            return replace(flow, value=pl.when(empty).then(pl.concat_list(pl.lit(constant.text))).otherwise(value))
        kind = flow.kind
        if kind is not None or constant.kind is not Kind.TEXT:
            kind = pl.when(empty).then(kind_of(constant.kind)).otherwise(_kind(flow))
        return replace(flow, value=pl.when(empty).then(pl.lit(constant.text)).otherwise(value), kind=kind)


def _both(one: pl.Expr | None, other: pl.Expr | None) -> pl.Expr | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _where(asked: pl.Expr | None, value: pl.Expr) -> pl.Expr:
    return value if asked is None else pl.when(asked).then(value)


def _kind(flow: Flow) -> pl.Expr:
    return kind_of(Kind.TEXT) if flow.kind is None else flow.kind


def _coalesced_kind(found: list[tuple[pl.Expr, pl.Expr | None]]) -> pl.Expr | None:
    """The kind of the first cell that is not empty."""
    if all(kind is None for _, kind in found):
        return None
    if len(found) == 1:
        return found[0][1]
    kinds = [pl.when(text.is_not_null()).then(kind_of(Kind.TEXT) if kind is None else kind) for text, kind in found]
    return pl.coalesce([*kinds, kind_of(Kind.TEXT)])


def _nothing_listed() -> pl.Expr:
    """A list of one empty part."""
    return pl.lit([None], dtype=pl.List(pl.String))


def _zeros(parts_of: pl.Expr) -> pl.Expr:
    """The place 0 as often as there are parts."""
    return pl.int_ranges(parts_of.list.len()).list.eval(pl.element() * 0)
