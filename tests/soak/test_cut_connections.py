"""Connections that really break in the middle of a message: a whole run over such a wire loses and doubles nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.commands.options import RunOptions
from importer.commands.run import run
from tests.flows.processes import ServedHere
from tests.soak.proof import items_in, prove
from tests.soak.proxy import Proxy, Trick
from tests.soak.sheets import SITE, TOKEN, Note, Sheet

if TYPE_CHECKING:
    from pathlib import Path

NUMBER = 350
"""Rows: four requests that create, if none breaks."""


@pytest.mark.soak
@pytest.mark.parametrize("taken_slug", ["suffix", "refuse"])
def test_each_row_is_there_once_whatever_is_cut(tmp_path: Path, taken_slug: str) -> None:
    """Half of a request, half of an answer, nothing of either, a page of a listing."""
    cells = [(f"Note {n}", f"note-{n}", f"Text {n}", "", "") for n in range(NUMBER)]
    sheet = Sheet(tuple(Note(place + 2, "good", one[1], one) for place, one in enumerate(cells)), ())
    sheet.write(tmp_path)
    tricks = [
        *(Trick("cut_up", nth=1), Trick("cut_down", nth=2, reset=True), Trick("cut_down", nth=3, share=0.0)),
        *(Trick("cut_up", nth=4, share=1.0, reset=True), Trick("cut_down", method="GET", nth=6)),
    ]
    state = tmp_path / "state.db"
    with (
        ServedHere(tmp_path / "webflow.db", seed=SITE) as served,
        Proxy(int(served.address.rpartition(":")[2])) as proxy,
    ):
        served.switch({"taken_slug": taken_slug})
        proxy.plan(tricks)
        options = RunOptions(base_url=f"{proxy.address}/v2", token=TOKEN, state=state, patience=0.3, concurrency=1)
        result = run(tmp_path / "notes.toml", options=options)
    assert (result.exit_code, result.runs[0].counts.created) == (0, NUMBER), result.error
    assert proxy.took() == {"cut_up": 2, "cut_down": 3}
    proof = prove(sheet, items_in(tmp_path / "webflow.db"), state, None, [])
    assert (proof.wrong, proof.lost, proof.doubled) == ([], 0, 0)
