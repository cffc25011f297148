"""Mistakes that the importer could have made, and the worlds in which each is noticed: the simulator can fail.

`python -m tests.simulation.bugs` plants each of them and tells how many seeds it takes, and what broke.
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # many small sheets: threads only get in each other's way

import argparse
import tempfile
from contextlib import nullcontext
from dataclasses import dataclass, fields, replace
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.simulation import misjudgements as judged
from tests.simulation import mistakes as sent
from tests.simulation import oversights as over
from tests.simulation import scenes
from tests.simulation.mix import SWITCHES, Mix
from tests.simulation.nights import play
from tests.simulation.seen import BrokenError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    Scene = Callable[[Path, int], object]

SHOWN = 160
"""Characters of what broke that the table shows."""


@dataclass(frozen=True, slots=True)
class Bug:
    """A mistake: how it is planted, the worlds in which it bites, and the number of seeds within which it is noticed.

    The worlds are drawn from a mix, or told by a scene.
    """

    planted: Callable[[], AbstractContextManager[None]]
    world: Mix | Scene
    within: int = 10

    @property
    def sentence(self) -> str:
        """What the mistake is."""
        return (self.planted.__doc__ or "").strip()


def lived(bug: Bug, seed: int, *, planted: bool = True) -> str:
    """Live through a world with the mistake (or without it); gives what broke, or "" for nothing."""
    with tempfile.TemporaryDirectory() as folder, bug.planted() if planted else nullcontext():
        try:
            if isinstance(bug.world, Mix):
                play(seed, Path(folder), bug.world)
            else:
                bug.world(Path(folder), seed)
        except BrokenError as error:
            return str(error) or type(error).__name__
    return ""


def noticed(bug: Bug, within: int) -> tuple[int, str] | None:
    """Tell the first seed in whose world the mistake is noticed, and what broke; None if it is not."""
    for seed in range(within):
        broken = lived(bug, seed)
        if broken:
            return seed, broken
    return None


# Worlds ----------------------------------------------------------------------------------------------------------

NOTHING: dict[str, Any] = {one.name: 0.0 for one in fields(Mix) if one.type == "float"}

CALM = replace(
    Mix(),
    **NOTHING
    | {
        "rows": (2, 3),
        "dead_files": (0,),
        "page": (100,),
        "chunk": (100,),
        "slowness": (0.0,),
        "nights": (1,),
        "faults_a_night": (0,),
        "somebody": (0,),
        "concurrency": (1, 2),
        "limit": (None,),
        "pause": (0,),
        "edits": (0,),
        "own_rate": (None,),
    },
)
"""Worlds in which nothing happens: each mistake says what must."""

FIRST, SECOND = {"nth": 1}, {"nth": 2}


def odd(**switches: str) -> dict[str, tuple[str, ...]]:
    """Give the switches of a world, some of them set."""
    return {**SWITCHES, **{name: (value,) for name, value in switches.items()}}


SUFFIX, REFUSE = odd(taken_slug="suffix"), odd(taken_slug="refuse")


def at(do: str, when: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """Give a fault that happens to these requests, among those that create."""
    return {"do": do, "when": {"method": "POST", "path": "*/items*"} | when, **facts}


def plan(*faults: dict[str, Any], **facts: Any) -> Mix:
    """Give calm worlds in which these faults happen (of several perhaps only some)."""
    number = 1 if len(faults) == 1 else 3 * len(faults)
    return replace(CALM, **{"faults": faults, "faults_a_night": (number,)} | facts)


def lying(when: dict[str, Any]) -> dict[str, Any]:
    """Give a fault in which Webflow says that it did not carry out what it did."""
    return at("status", when, status=429, work="done", headers={"Retry-After": "0"})


STOP = at("revoked", SECOND)
THROTTLED = at("throttle", FIRST, retry_after="7")
DONE_AND_LOST = plan(at("reset_after", FIRST))
DONE_AND_REFUSED = at("status", FIRST, status=500, work="done")
LATE = plan(at("timeout_then_commit", FIRST, seconds=50, wait=1), switches=SUFFIX)
AT_THE_LAST_MOMENT = plan(
    at("timeout_then_commit", FIRST, seconds=60.5, wait=1), switches=odd(taken_slug="suffix", listing_delay="9")
)
AGAIN_AFTER_SECONDS = plan(
    at("status", FIRST, status=429, work="done", headers={"Retry-After": "7"}), switches=odd(taken_slug="suffix")
)
ONE, ITS_LIKE = {"nth": 1, "body": '"slug":"note-0"'}, {"nth": 1, "body": '"slug":"note-0-b"'}
ALIKE: dict[str, Any] = {"rows": (2,), "alike": 1.0, "drafts": 0.5, "concurrency": (2,)}
BAD = replace(CALM, dead_files=(1,), photos=1.0, switches=odd(refusal="partial", taken_slug="suffix"))
SQUAT: dict[str, Any] = {"somebody": (3,), "somebody_does": ("makes",), "somebody_after": (6.0,), "rows": (1, 2)}
SLOW: dict[str, Any] = {"slowness": (5.0,), "concurrency": (1,), "nights": (4,), "pause": (100,)}
SPOILED: dict[str, Any] = {
    "rows": (12,),
    "chunk": (1,),
    **dict.fromkeys(("dies", "shuffles", "spoils", "corrects"), 1.0),
}
PAGES = plan(
    at("reset_after", FIRST),
    rows=(6, 8),
    page=(2,),
    nights=(3,),
    limit=(2, 3, 4),
    pause=(100,),
    switches=odd(taken_slug="refuse", listing_order="ignored"),
)

# The mistakes ----------------------------------------------------------------------------------------------------

# "An update sent while a lost one is open" and "a lost update counted as done" wait for updates; what there is of
# their kind is publishing a draft: `lost_publish_is_done`.
BUGS: dict[str, Bug] = {
    bug.planted.__name__: bug
    for bug in (
        # Requests and their answers
        Bug(sent.retries_after_5xx, plan(DONE_AND_REFUSED, switches=SUFFIX)),
        Bug(sent.retries_after_a_loss, replace(DONE_AND_LOST, switches=SUFFIX)),
        Bug(sent.records_after_sending, plan(at("slow", FIRST, seconds=170), dies=1.0), within=60),
        Bug(sent.never_records_the_answer, CALM),
        Bug(sent.done_before_the_answer, replace(LATE, dies=1.0), within=20),
        Bug(sent.lost_create_is_done, DONE_AND_LOST),
        Bug(
            sent.lost_publish_is_done,
            plan({"do": "reset_before", "when": {"path": "*/publish"}}, drafts=1.0, undrafts=1.0, nights=(2,)),
        ),
        Bug(sent.throttled_is_done, plan(THROTTLED)),
        Bug(
            sent.heeds_no_limit,
            replace(CALM, rows=(6,), nights=(3,), limit=(1,), switches=odd(rate_limit="5", missing_headers="no")),
        ),
        Bug(sent.ignores_the_returned_slug, plan(THROTTLED, switches=SUFFIX, **SQUAT)),
        Bug(sent.matches_by_position, replace(CALM, switches=odd(answer_order="shuffled"))),
        Bug(sent.matches_by_name, replace(CALM, alike=1.0, switches=odd(answer_order="shuffled"))),
        Bug(sent.unshown_is_not_made, plan(at("left_out", FIRST), STOP)),
        Bug(sent.trusts_every_refusal, replace(BAD, rows=(3, 5), faults_a_night=(1,), faults=(STOP,))),
        Bug(
            sent.trusts_after_one_guilty,
            replace(
                BAD,
                rows=(12,),
                chunk=(2,),
                dead_files=(6,),
                slowness=(5.0,),
                concurrency=(1,),
                faults_a_night=(1,),
                faults=({"do": "revoked"},),
                about=({"method": "POST"},),
                nth=(4, 5, 6, 7),
                every=(4, 5, 6, 7),
            ),
            within=60,
        ),
        Bug(sent.rejects_the_chunk, BAD),
        Bug(sent.slug_taken_is_a_rejection, plan(lying(FIRST), rows=(1,), switches=REFUSE)),
        Bug(
            sent.rejects_without_settling,
            plan(
                at("reset_before", {"from": 1, "until": 4, "body": "note-0"}),
                at("reset_after", {"nth": 5, "body": "note-0"}),
                rows=(3,),
                drafts=0.5,
            ),
            within=20,
        ),
        # Settling
        Bug(judged.settles_nothing, LATE),
        Bug(
            judged.decides_before_lag,
            plan(DONE_AND_REFUSED, rows=(1,), switches=odd(listing_delay="9", taken_slug="refuse")),
        ),
        Bug(judged.has_no_patience, LATE),
        Bug(judged.trusts_the_dead, scenes.UNDER_WAY, within=1),
        Bug(judged.asks_by_slug_only, plan(THROTTLED, at("reset_after", SECOND), switches=SUFFIX, **SQUAT)),
        Bug(judged.believes_the_first_page, replace(PAGES, nights=(1,), limit=(None,))),
        Bug(judged.believes_any_order, PAGES),
        Bug(judged.believes_equal_stamps, scenes.many_equal_stamps),
        Bug(judged.forgets_the_disorder, PAGES, within=100),
        Bug(
            judged.reads_only_staged,
            plan(at("reset_after", {"until": 2}), switches=odd(live_in_staged="no", taken_slug="suffix")),
        ),
        Bug(judged.reads_only_live, plan(at("reset_after", {"until": 2}), drafts=1.0, switches=SUFFIX)),
        Bug(
            judged.compares_no_content,
            replace(LATE, somebody=(3,), somebody_does=("makes",), somebody_after=(30.0,)),
        ),
        Bug(judged.takes_old_items, scenes.an_old_imitation),
        Bug(judged.takes_seen_items, plan(at("reset_before", FIRST), nights=(2,), limit=(0, None), imitates=1.0)),
        Bug(judged.takes_held_items, plan(at("reset_before", ONE), **ALIKE)),
        Bug(judged.gives_one_item_to_two, plan(at("reset_before", ONE), **ALIKE)),
        Bug(
            judged.takes_what_another_row_asked_for,
            plan(
                at("reset_before", ONE),
                at("timeout_then_commit", ITS_LIKE, seconds=50, wait=0),
                **ALIKE,
                switches=odd(listing_delay="9"),
            ),
            within=30,
        ),
        Bug(
            judged.takes_what_is_under_way,
            plan(at("reset_before", ONE), at("slow_answer", ITS_LIKE, seconds=400), **ALIKE),
            within=20,
        ),
        Bug(judged.takes_suffixed_at_once, scenes.an_early_imitation),
        Bug(judged.own_clock_tells_patience, scenes.HEARD_OF, within=1),
        Bug(judged.own_clock_tells_the_window, DONE_AND_LOST),
        Bug(
            judged.keeps_the_last_watermark,
            plan(
                at("status", ONE, status=429, work="done"),
                at("throttle", {"from": 2, "until": 6, "body": "note-0"}, retry_after="missing"),
                at("reset_before", {"nth": 1, "body": "note-1"}),
                drafts=0.5,
                switches=SUFFIX,
            ),
            within=30,
        ),
        Bug(
            judged.allows_no_skew,
            plan(
                at("reset_after", SECOND),
                rows=(5,),
                drafts=0.5,
                concurrency=(1,),
                switches=odd(stamps="spread", taken_slug="suffix"),
            ),
        ),
        # Runs, look-ups and twins
        Bug(
            judged.forgets_what_left_the_sheet,
            plan(at("reset_after", FIRST), STOP, drafts=0.5, removes=1.0, slowness=(5.0,), concurrency=(2,)),
            within=30,
        ),
        Bug(judged.sends_before_settling, replace(LATE, dies=1.0, nights=(2,)), within=20),
        Bug(judged.asks_no_rule_of_identity, replace(CALM, nights=(2,), rekeys=1.0, switches=SUFFIX)),
        Bug(judged.frees_the_lock_by_age, scenes.a_sleeping_holder),
        Bug(judged.looks_nothing_up, replace(CALM, forgets=1.0, switches=SUFFIX)),
        Bug(judged.takes_any_holder, replace(CALM, **SQUAT | {"nights": (2,), "somebody_after": (0.0,)}), within=30),
        Bug(
            judged.believes_old_sightings,
            replace(
                CALM,
                rows=(1,),
                nights=(4,),
                limit=(0, None),
                somebody=(1,),
                somebody_does=("makes", "deletes"),
                somebody_after=(0.0,),
                switches=odd(deleted_slug="free", listing_delay="0"),
            ),
            within=60,
        ),
        Bug(judged.never_knows_its_own, plan(lying(FIRST), STOP, rows=(1,), edits=(5,))),
        Bug(judged.forgets_to_look_for_twins, plan(lying(FIRST), switches=SUFFIX)),
        Bug(judged.never_looks_for_late_twins, plan(lying(FIRST), at("reset_after", SECOND), switches=SUFFIX)),
        Bug(
            judged.looks_for_twins_at_once,
            plan(lying(FIRST), switches=odd(taken_slug="suffix", listing_delay="5", missing_headers="no")),
        ),
        Bug(judged.removes_whatever_holds_the_slug, plan(THROTTLED, switches=SUFFIX, **SQUAT)),
        Bug(
            judged.removes_without_a_note,
            plan(lying(FIRST), {"do": "reset_before", "when": {"method": "DELETE"}}, switches=SUFFIX),
        ),
        Bug(
            judged.believes_denials,
            plan(
                lying(FIRST),
                lying(SECOND),
                at("revoked", {"nth": 3}),
                rows=(1,),
                nights=(2,),
                switches=odd(taken_slug="suffix", date_header="yes"),
            ),
            within=20,
        ),
        # Moments, twins and words
        Bug(over.counts_what_was_refused_in_doubt, plan(at("reset_before", ONE), **SPOILED | SLOW), within=60),
        Bug(over.gives_up_patience_early, AT_THE_LAST_MOMENT),
        Bug(over.allows_no_lag_after_a_loss, AT_THE_LAST_MOMENT),
        Bug(
            over.decides_by_the_end_of_a_listing,
            plan(
                at("reset_before", {"nth": 1, "body": "note-0"}),
                at("timeout_then_commit", {"nth": 1, "body": "note-1"}, seconds=62.9, wait=3),
                rows=(2,),
                chunk=(1,),
                concurrency=(2,),
                slowness=(5.0,),
                switches=odd(
                    taken_slug="suffix",
                    listing_delay="9",
                    live_in_staged="no",
                    listing_order="as_asked",
                    rate_limit="600",
                ),
            ),
            within=40,
        ),
        Bug(over.takes_the_dead_for_lost_when_sent, scenes.UNDER_WAY, within=1),
        Bug(over.believes_the_last_sighting, scenes.a_late_row_seen_again, within=1),
        Bug(
            over.gives_a_row_up_after_one_error,
            plan(at("status", {"until": 2, "body": "note-0"}, status=500), rows=(3,), chunk=(1,)),
        ),
        Bug(over.closes_what_is_not_proven, scenes.a_twin_while_nothing_stands_still, within=1),
        Bug(over.keeps_the_newest_twin, AGAIN_AFTER_SECONDS),
        Bug(over.adopts_after_the_removal, AGAIN_AFTER_SECONDS),
        Bug(over.calls_everything_refused, BAD),
        Bug(over.counts_what_was_found_as_skipped, DONE_AND_LOST),
        Bug(over.counts_the_rejected_as_skipped, scenes.a_row_that_only_webflow_rejects, within=1),
        Bug(over.warns_of_no_altered_slug, plan(THROTTLED, switches=SUFFIX, **SQUAT)),
    )
}


def main() -> int:
    """Plant each mistake and print how many seeds it took until it was noticed, and what broke."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="name")
    parser.add_argument("--within", type=int, help="seeds to try, instead of those that each mistake is given")
    given = parser.parse_args()
    names = given.names or list(BUGS)
    missed = 0
    with Pool(2) as pool:
        for name, found in zip(names, pool.imap(partial(_noticed, within=given.within), names), strict=True):
            seeds, what = ("none", "not noticed") if found is None else (str(found[0] + 1), found[1][:SHOWN])
            missed += found is None
            print(f"{name:34}  {seeds:>5}  {what}", flush=True)
    print(f"{len(names) - missed} of {len(names)} mistakes were noticed; the numbers are the seeds that it took")
    return 1 if missed else 0


def _noticed(name: str, within: int | None) -> tuple[int, str] | None:
    return noticed(BUGS[name], within or BUGS[name].within)


if __name__ == "__main__":
    raise SystemExit(main())
