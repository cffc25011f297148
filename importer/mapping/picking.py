"""Picking from the parts that a rule gives: the first, the last, all, the rest, or what they count up to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from importer.mapping import parts
from importer.mapping.flow import Flow, Target, kind_of
from importer.mapping.workbench import FAILED, Planned
from importer.model import Kind

if TYPE_CHECKING:
    from importer.mapping.rules import Rule
    from importer.mapping.workbench import Workbench


def picked(bench: Workbench, target: Target, rule: Rule, flow: Flow, pick: str) -> Flow:
    """Pick from parts; where alt texts keep step, by places."""
    if pick in {"min", "max", "sum", "count"}:
        return _counted(bench, target, rule, flow, pick)
    if flow.alt is None and pick in {"first", "last"}:
        kept = bench.keep(flow.value.list.drop_nulls())
        value = kept.list.first() if pick == "first" else kept.list.last()
        return Flow(value, flow.blame, kind=kind_of(Kind.NUMBER) if flow.numeric else None)
    at = bench.keep(parts.places(flow.value))
    if pick in {"first", "last"}:
        place = at.list.first() if pick == "first" else at.list.last()
        alt = None if flow.alt is None else flow.alt.list.get(place, null_on_oob=True)
        return Flow(flow.value.list.get(place, null_on_oob=True), flow.blame, alt=alt)
    if pick == "rest":
        at = bench.keep(at.list.slice(1))
    value = pl.when(at.list.len() > 0).then(flow.value.list.gather(at))
    alt = None if flow.alt is None else pl.when(at.list.len() > 0).then(flow.alt.list.gather(at, null_on_oob=True))
    return replace(flow, value=value, alt=alt)


def _counted(bench: Workbench, target: Target, rule: Rule, flow: Flow, pick: str) -> Flow:
    """Work out `min`, `max`, `sum` or `count`."""
    filled = bench.keep(flow.value.list.drop_nulls())
    if pick == "count":
        count = filled.list.len().fill_null(0).cast(pl.String)
        return Flow(count, flow.blame, kind=kind_of(Kind.NUMBER))
    source = bench.source
    formats = rule.formats or source.dates
    read = parts.reader(
        dates=target.type == "DateTime" and pick != "sum",
        decimal="." if flow.numeric else source.decimal,
        formats=(*formats, "iso") if formats else (),
        timezone=source.timezone,
    )
    wrong = bench.keep(parts.unreadable(filled, read))
    told = {"transform": f"pick = {pick}"}
    guilty = wrong.list.len().fill_null(0) > 0
    bench.plan(Planned(FAILED, target.field, flow.blame, guilty, parts.as_shown(wrong), None, told))
    sound = bench.keep(pl.when(wrong.list.len().fill_null(0) == 0).then(filled))
    if pick == "sum":
        return Flow(parts.sums(sound, read), flow.blame, kind=kind_of(Kind.NUMBER))
    value = parts.extreme(sound, read, greatest=pick == "max")
    return Flow(value, flow.blame, kind=kind_of(Kind.NUMBER) if flow.numeric else None)
