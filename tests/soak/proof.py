"""What must hold in the end, by the sandbox's own database, the state file and the rejects."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.soak.sheets import BAD

if TYPE_CHECKING:
    from tests.soak.sheets import Note, Sheet


@dataclass(slots=True)
class Proof:
    """What is wrong: rows lost, items doubled, and sentences about all there is (none: nothing is)."""

    lost: int = 0
    doubled: int = 0
    wrong: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """Find fault."""
        self.wrong.append(sentence)


def asked(file: Path, question: str) -> list[dict[str, Any]]:
    """Ask a SQLite file as it lies there, with its journal; a copy of it, for the next run is to find it untouched."""
    with tempfile.TemporaryDirectory() as folder:
        for name in (file.name, f"{file.name}-wal"):
            if file.with_name(name).exists():
                shutil.copyfile(file.with_name(name), Path(folder) / name)
        with closing(sqlite3.connect(Path(folder) / file.name)) as copy:
            copy.row_factory = sqlite3.Row
            try:
                return [dict(line) for line in copy.execute(question)]
            except sqlite3.OperationalError as error:  # its tables were not made yet
                if "no such table" not in str(error):
                    raise
                return []


def items_in(sandbox: Path) -> list[dict[str, Any]]:
    """Every item of the sandbox: id, slug, fields, whether it is live, when it was made and changed (milliseconds)."""
    question = "SELECT id, slug, data, live IS NOT NULL AS live, created_on, updated_on FROM items"
    return [line | {"data": json.loads(line["data"])} for line in asked(sandbox, question)]


def stage_of(state: Path, runs_before: int) -> str:
    """Where a run stood when it died; `runs_before`: how many the state file knew before it."""
    runs = asked(state, "SELECT run, finished_at FROM runs ORDER BY number")
    if len(runs) <= runs_before:
        return "before it began"
    if runs[-1]["finished_at"]:
        return "after its end"
    requests = asked(state, "SELECT run, outcome FROM requests")
    own = [request for request in requests if request["run"] == runs[-1]["run"]]
    if any(request["outcome"] is None for request in own):
        return "requests in flight"
    if asked(state, "SELECT 1 FROM rows WHERE status = 'in_flight'"):
        return "settling"
    return "between requests" if own else "before its first request"


def hasty_verdicts(sheet: Sheet, items: list[dict[str, Any]], state: Path) -> list[str]:
    """In the middle of it all: what the state file says that is not so (what it does not say yet is no fault)."""
    there = {item["id"]: item for item in items}
    bad = {note.number for note in sheet.bad()}
    wrong = []
    for row in asked(state, "SELECT source_row, status, item_id FROM outcome"):
        if row["status"] in {"published", "staged"} and row["item_id"] not in there:
            wrong.append(f"row {row['source_row']} is called {row['status']}, and its item is not there")
        if row["status"] == "published" and row["item_id"] in there and not there[row["item_id"]]["live"]:
            wrong.append(f"row {row['source_row']} is called published, and its item is not live")
        if row["status"] == "rejected" and row["source_row"] not in bad:
            wrong.append(f"row {row['source_row']} is good, and called rejected")
    return wrong


def prove(
    sheet: Sheet, items: list[dict[str, Any]], state: Path, rejects: Path | None, others: list[dict[str, Any]]
) -> Proof:
    """Compare the end with what must have become of each row; `others` are the items that were there before."""
    proof = Proof()
    _prove_others(proof, items, others)
    made = [item for item in items if item["id"] not in {other["id"] for other in others}]
    known = {other["data"]["slug"]: other for other in others}
    rows = {row["source_row"]: row for row in asked(state, "SELECT * FROM outcome")}
    by_name: dict[str, list[dict[str, Any]]] = {}
    for item in made:
        by_name.setdefault(item["data"]["name"], []).append(item)
    for note in sheet.good():
        found = by_name.pop(note.cells[0], [])
        if note.kind == "known":
            found = [known[note.slug], *found]
        _prove_good(proof, note, found, rows.get(note.number))
    for name, found in by_name.items():
        proof.say(f"{len(found)} items named {name!r} that no good row asked for")
    for note in sheet.bad():
        _prove_bad(proof, note, rows.get(note.number))
    if len(rows) != len(sheet.notes):
        proof.say(f"the state file knows {len(rows)} rows of {len(sheet.notes)}")
    told = _rejected_in(rejects)
    if told != Counter(note.number for note in sheet.bad()):
        proof.say(f"the rejects name the rows {sorted(told.elements())}")
    return proof


def _prove_others(proof: Proof, items: list[dict[str, Any]], others: list[dict[str, Any]]) -> None:
    """Nobody else's item was touched."""
    now = {item["id"]: item for item in items}
    for other in others:
        if now.get(other["id"]) != other:
            proof.say(f"somebody else's item {other['slug']} was touched: {other} is {now.get(other['id'])}")


def _prove_good(proof: Proof, note: Note, found: list[dict[str, Any]], row: dict[str, Any] | None) -> None:
    where = f"row {note.number}"
    if not found:
        proof.lost += 1
        proof.say(f"{where} is lost; the state file says {row}")
        return
    if len(found) > 1:
        proof.doubled += len(found) - 1
        proof.say(f"{where} is there {len(found)} times: {[item['slug'] for item in found]}; the state says {row}")
        return
    item, status = found[0], "staged" if note.is_draft else "published"
    if row is None or (row["status"], row["item_id"]) != (status, item["id"]):
        proof.say(f"{where} is item {item['id']}, {status}; the state file says {row}")
    if {name: item["data"].get(name) for name in note.fields} != note.fields or item["live"] == note.is_draft:
        proof.say(f"{where} became {item}")
    if ("photo" in item["data"]) != bool(note.cells[3]):
        proof.say(f"{where} has lost or won its photo: {item}")


def _prove_bad(proof: Proof, note: Note, row: dict[str, Any] | None) -> None:
    if row is None or (row["status"], row["error_code"]) != ("rejected", BAD[note.kind]):
        proof.say(f"row {note.number} ({note.kind}) is to be rejected as {BAD[note.kind]}; the state file says {row}")


def _rejected_in(rejects: Path | None) -> Counter[int]:
    if rejects is None:
        return Counter()
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        return Counter(int(line["_row"]) for line in csv.DictReader(file))
