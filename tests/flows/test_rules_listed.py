"""Which test holds which clause of the rules, of the table "what a second run does", and of where the promise ends."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDERS = ("tests/flows", "tests/unit", "tests/adapters")

CLAUSES: dict[str, dict[str, tuple[str, ...]]] = {
    "rule 1": {
        "one transaction writes the request and its rows as sent, and marks them in flight": (
            "test_rule_1_rows_are_written_down_before_they_are_sent",
            "test_before_a_request_its_rows_are_in_flight_as_sent",
        ),
        "after pacing has let it go": ("test_rule_1_nothing_is_in_flight_while_the_pacer_holds_it_back",),
        "watermark: the greatest createdOn seen; an empty collection is one too": (
            "test_rule_1_watermark_is_the_greatest_stamp_seen_in_any_answer",
            "test_empty_collection_is_a_watermark_before_everything",
        ),
        "a row keeps the watermark of its first send": (
            "test_rule_1_watermark_of_the_first_send_is_kept",
            "test_first_request_and_watermark_of_a_row_stay_for_good",
        ),
    },
    "rule 2": {
        "one transaction records the outcome of each row": ("test_answer_is_written_whole_or_not_at_all",),
        "matched by exact slug, never by position; a row without a match is in doubt": (
            "test_rule_2_answers_are_matched_never_by_position",
        ),
        "then by name and content where only one fits": (
            "test_rule_2_without_its_slug_a_row_is_matched_by_name_and_content_where_one_fits",
        ),
        "an altered slug is published with a warning, both are kept": (
            "test_rule_2_altered_slug_is_published_with_a_warning",
            "test_rule_2_altered_slug_is_remembered_when_the_draft_is_published",
        ),
        "what rule 7 must look at is written in the same transaction": (
            "test_rule_2_what_rule_7_must_look_at_is_written_down_with_the_answer",
        ),
        "a slug is always sent": ("test_rule_2_a_slug_is_always_sent",),
    },
    "rule 3": {
        "rows of a lost request are in doubt": ("test_row_in_flight_is_settled_first",),
        "rows in flight when a run starts are in doubt": (
            "test_request_in_flight_when_a_run_starts_counts_as_lost",
            "test_killed_at_any_moment_loses_and_doubles_nothing",
        ),
        "rows of a chunk that was refused or answered 5xx, until a listing": (
            "test_rule_3_rows_of_a_chunk_that_was_refused_are_in_doubt_until_a_listing",
        ),
        "refusals are trusted once a listing has shown it": (
            "test_rule_3_refusals_are_trusted_only_after_a_listing_has_shown_it",
            "test_rule_3_refusals_that_wrote_something_are_never_trusted",
            "test_rule_3_refusal_is_not_trusted_for_a_good_row_behind_the_first_guilty_one",
        ),
        "settled before any of them is sent again, also edited or gone from the sheet": (
            "test_row_in_flight_is_never_sent_again",
            "test_row_in_flight_that_was_changed_meanwhile_is_settled_as_it_was_sent",
            "test_row_in_flight_that_left_the_sheet_is_settled_and_stands_outside_the_sum",
        ),
        "rows that are not in doubt go on": ("test_rule_3_rows_that_are_not_in_doubt_go_on_meanwhile",),
        "but one that has the slug of a row in doubt waits for that": (
            "test_rule_3_new_row_waits_while_another_one_in_doubt_was_sent_with_its_slug",
            "test_rule_3_new_row_stays_in_doubt_with_the_one_that_was_sent_with_its_slug",
        ),
    },
    "rule 4": {
        "newest first, down to the first watermark less 60 s": (
            "test_rule_4_looking_early_reads_the_newest_pages_only",
            "test_item_that_was_made_before_the_first_watermark_is_not_ours",
        ),
        "newest first counts only where the order shows": (
            "test_rule_4_an_order_that_cannot_be_believed_is_no_order",
            "test_rule_4_the_oldest_items_do_not_pass_for_the_newest",
            "test_rule_4_a_listing_that_is_out_of_order_is_read_whole_and_not_too_often",
        ),
        "a query by slug alone never suffices": ("test_rule_4_suffixed_item_is_taken_only_by_the_deciding_listing",),
        "ours: created since the first watermark": (
            "test_rule_4_item_from_before_the_first_watermark_is_not_ours",
        ),
        "ours: not seen before the first send": (
            "test_rule_4_item_that_was_seen_before_the_first_send_is_not_ours",
            "test_rule_4_look_alike_of_somebody_else_is_neither_adopted_nor_removed",
        ),
        "ours: name and readable content are equal": (
            "test_rule_4_item_of_equal_slug_and_other_content_is_not_ours",
        ),
        "ours: the slug is the sent one, or that plus a suffix": (
            "test_rule_4_item_of_equal_content_and_another_slug_is_not_ours",
        ),
        "ours: no other row holds it": (
            "test_rule_4_item_that_another_row_holds_is_not_ours",
            "test_rule_4_item_of_a_row_in_doubt_is_given_to_one_row_only",
            "test_rule_4_look_up_takes_no_item_that_was_given_away_while_it_asked",
        ),
        "ours: not under the sent slug of another unsettled row": (
            "test_rule_4_item_under_the_sent_slug_of_another_unsettled_row_is_not_ours",
            "test_rule_4_sent_slugs_are_matched_before_suffixed_ones",
            "test_rule_4_item_of_a_row_under_way_is_nobody_elses",
        ),
        "adopted at once under the sent slug; decided after lag, or patience and lag": (
            "test_rule_4_waits_no_longer_than_it_must",
            "test_rule_4_a_refused_chunk_waits_for_lag_alone",
            "test_rule_4_late_commit_within_patience_is_adopted",
        ),
        "patience counts in server time, and afresh without a Date": (
            "test_rule_4_a_loss_of_an_earlier_run_counts_in_server_time",
            "test_rule_4_a_request_in_flight_at_the_start_counts_as_lost_then",
            "test_rule_4_a_request_that_was_over_in_an_earlier_run_is_not_waited_for",
        ),
        "one listing serves all that it is read for": ("test_rule_4_losses_close_together_are_settled_by_one_listing",),
        "the deciding listing is one that is begun then": (
            "test_rule_4_a_listing_that_began_too_early_does_not_decide",
        ),
        "not found there: pending again": ("test_released_row_is_pending_and_keeps_its_first_watermark",),
    },
    "rule 5": {
        "unpublish, delete and publish are asked for by id and repeated": (
            "test_publishing_staged_items_is_asked_for_again",
            "test_rule_5_the_removal_of_a_twin_is_repeated_until_it_is_done",
        ),
    },
    "rule 6": {
        "slug taken, after a send, is settled": (
            "test_rule_6_slug_taken_after_a_resend_is_settled_not_rejected",
            "test_rule_6_slug_refused_to_a_changed_row_is_settled_by_all_that_was_sent",
            "test_rule_6_own_older_item_is_no_slug_of_others",
            "test_rule_6_item_under_a_slug_that_was_never_sent_is_not_ours",
        ),
        "held by an item that is not ours: slug_taken, and the item is named": (
            "test_rule_6_slug_taken_by_an_item_that_came_meanwhile_names_it",
            "test_rule_6_item_of_others_is_theirs_though_the_row_was_sent",
            "test_rule_6_row_of_an_earlier_run_is_looked_up_before_it_is_sent_again",
        ),
        "no item can be read: slug_held": ("test_rule_6_slug_of_a_deleted_item_is_slug_held",),
    },
    "rule 7": {
        "the newer of two is removed, the older kept": (
            "test_rule_7_suffixed_twin_is_removed_and_the_original_kept",
            "test_rule_7_the_older_of_two_is_kept_though_the_row_held_the_newer",
        ),
        "looked for again after lag": ("test_rule_7_an_altered_slug_is_looked_at_again_after_lag",),
        "a request stays open until its patience ends, and a run does not wait for that": (
            "test_rule_7_a_run_does_not_wait_for_the_patience_of_an_open_request_alone",
            "test_rule_7_open_requests_are_closed_by_a_later_run",
        ),
        "the run or the next one looks, by every content that was sent": (
            "test_twin_of_an_earlier_request_is_looked_for_though_a_later_one_left_the_row_in_doubt",
            "test_rule_7_twin_that_could_not_be_removed_is_looked_at_by_the_next_run",
        ),
        "a row that is not published adopts what is found": (
            "test_rule_7_a_row_that_is_not_published_adopts_what_is_found",
        ),
        "what cannot be proven ours is told, never removed": (
            "test_rule_7_what_cannot_be_proven_ours_is_left_and_told",
            "test_rule_7_twin_under_a_slug_that_the_row_no_longer_has_is_named",
        ),
    },
    "rule 8": {
        "looked up before the first create, in so many requests at most": (
            "test_rule_8_requests_of_a_first_run",
            "test_rule_8_requests_of_a_mix",
            "test_rule_8_requests_of_a_second_run",
            "test_rule_8_requests_of_few_rows_into_a_large_collection",
        ),
        "what was shown is kept; later runs list down to the last look-up less 60 s": (
            "test_rule_8_what_was_shown_is_kept_across_runs",
            "test_next_look_up_goes_down_to_where_this_one_began",
            "test_rule_8_holds_where_others_were_removed_meanwhile",
        ),
        "a slug that was seen held is asked for before its row is rejected": (
            "test_rule_8_a_slug_that_was_seen_held_is_asked_for_before_its_row_is_rejected",
        ),
    },
    "rule 9": {
        "a refused chunk is narrowed down": (
            "test_rule_9_quoted_value_isolates_the_guilty_at_once",
            "test_refused_row_is_rejected_and_does_not_hold_back_the_others",
        ),
        "a 409 or 404 about one item belongs to its row; others stop the run": (
            "test_staged_item_that_is_gone_belongs_to_its_row",
            "test_error_that_stays_stops_the_run_with_its_exit_code",
        ),
        "what contradicts the schema, and the plan's limit, stop the run": (
            "test_rule_9_schema_changed_in_the_middle_stops_the_run",
            "test_rule_9_plan_limit_stops_the_run",
        ),
        "so does a token that is revoked; a 403 that proves stray costs nothing": (
            "test_rule_9_token_revoked_in_the_middle_stops_the_run",
            "test_rule_9_stray_403s_cost_nothing",
        ),
        "5xx three times is narrowed, a single row rejected; where nothing succeeds it is an outage": (
            "test_rule_9_poison_row_is_rejected_and_the_others_published",
            "test_rule_9_outage_stops_within_bounded_requests",
        ),
    },
    "rule 10": {
        "changed rules of key and slug stop before sending, and say how many rows": (
            "test_rule_10_changed_rules_of_identity_stop_before_sending",
        ),
        "rows in doubt under the old rules are rows too": ("test_rule_10_new_keys_do_not_double_rows_in_doubt",),
    },
    "rule 11": {
        "referenced items are rows of the same state under their own collection": (
            "test_state_counts_and_status_tell_them_from_the_rows",
        ),
        "key = slug of the name": ("test_of_two_names_with_one_slug_the_first_is_made",),
        "sent and settled by the same rules": (
            "test_rule_11_a_fault_neither_loses_nor_doubles_an_item_that_rows_refer_to",
            "test_rule_11_a_run_that_dies_is_taken_up_where_it_ended",
            "test_rule_11_a_run_that_dies_at_a_commit_is_taken_up_where_it_ended",
            "test_rule_11_small_sheets_end_right_whatever_goes_wrong",
            "test_rule_11_twins_of_an_earlier_run_go_before_their_name_is_ambiguous",
            "test_rule_11_a_removal_that_was_begun_is_kept_for_a_run_that_makes_items_of_that_collection",
            "test_rule_11_making_items_forgets_no_publishing_of_rows_that_was_never_answered",
            "test_rule_11_what_was_published_unanswered_is_looked_up_before_its_collection_is_listed",
            "test_rule_11_a_name_never_gets_the_item_that_another_name_with_its_slug_made",
        ),
        "before any row that needs them": (
            "test_rule_11_no_row_is_sent_when_making_what_it_refers_to_was_stopped",
            "test_rule_11_a_row_in_doubt_whose_new_reference_is_refused_is_not_sent_again",
            "test_an_item_that_webflow_refuses_rejects_the_rows_that_need_it_until_it_is_sent_again",
        ),
        "an ambiguous name rejects the row": ("test_a_name_that_cannot_be_made_rejects_its_rows_alone",),
    },
    "second run": {
        "published, unchanged": ("test_published_unchanged_row_costs_no_request",),
        "staged, unchanged": ("test_staged_unchanged_row_costs_no_request",),
        "published, changed (create)": (
            "test_published_changed_row_is_left_alone_counted_and_warned_about",
        ),
        "staged, changed (create)": ("test_staged_changed_row_is_left_alone_counted_and_warned_about",),
        "staged, now meant live": ("test_staged_row_that_is_now_meant_live_is_published",),
        "staged, changed and now meant live": (
            "test_staged_changed_row_that_is_now_meant_live_is_published_as_it_was_sent",
        ),
        "rejected by our checks": ("test_row_rejected_by_our_checks_is_checked_again",),
        "rejected by Webflow, unchanged": (
            "test_row_rejected_by_webflow_and_unchanged_is_left",
            "test_row_rejected_by_webflow_for_a_cause_outside_is_sent_again_once_a_run",
            "test_row_rejected_by_webflow_for_any_cause_outside_is_sent_again",
            "test_retry_sends_any_rejected_row_and_nothing_else",
        ),
        "rejected by Webflow, changed": ("test_row_rejected_by_webflow_and_changed_is_sent",),
        "in flight, any or gone": (
            "test_row_in_flight_is_settled_first",
            "test_row_in_flight_that_was_changed_meanwhile_is_settled_as_it_was_sent",
            "test_row_in_flight_that_left_the_sheet_is_settled_and_stands_outside_the_sum",
        ),
        "two items with one key, or one slug in one locale": (
            "test_two_items_with_one_slug_the_first_counts",
            "test_two_items_with_one_key_the_first_counts",
        ),
        "order and row numbers may change": ("test_order_and_row_numbers_may_change_keys_decide",),
        "without a state file, or with an old one": (
            "test_item_with_equal_content_is_adopted_without_a_state_file",
            "test_item_with_equal_content_is_adopted_with_an_old_state_file",
            "test_item_with_unequal_content_is_slug_taken_and_named",
        ),
    },
    "promise ends": {
        "a commit later than patience on a server that renames": (
            "test_promise_ends_where_a_commit_comes_later_than_patience",
        ),
        "a listing whose order changes from request to request": (
            "test_promise_ends_where_the_order_of_a_listing_changes_with_every_request",
        ),
        "a state file deleted or set back while a lost request is young": (
            "test_promise_ends_where_the_state_file_is_lost_while_a_lost_request_is_young",
        ),
        "two state files for one collection": ("test_promise_ends_where_two_state_files_serve_one_collection",),
        "others make the same within the same minutes": (
            "test_promise_ends_where_somebody_makes_the_same_within_the_same_minutes",
        ),
    },
}  # fmt: skip
"""Rule -> clause -> the tests that hold it."""

NOT_BUILT: dict[str, str] = {
    "rule 5": "an update is read back, and nothing else is sent while a lost one is young: with --mode upsert",
    "rule 12": "mirror removes only after a complete read: with --mode mirror",
    "second run": "published, changed: updated (upsert, mirror); an emptied cell: with --mode upsert",
}
"""Rule -> what of it has no test, for it is not built yet, and with what it comes."""


@pytest.fixture(scope="module")
def written() -> set[str]:
    """The names of all tests."""
    root = Path(__file__).parents[2]
    files = [path for folder in FOLDERS for path in (root / folder).glob("test_*.py")]
    return {
        name for path in files for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
    }


@pytest.mark.parametrize("rule", CLAUSES)
def test_each_clause_has_tests(rule: str, written: set[str]) -> None:
    """A test that is renamed or removed is missed here."""
    assert not {name for names in CLAUSES[rule].values() for name in names} - written
    assert all(CLAUSES[rule].values())


def test_each_test_that_names_a_rule_is_listed_under_it(written: set[str]) -> None:
    """A test of a rule belongs to one of its clauses."""
    for name in written:
        found = re.match(r"test_rule_(\d+)_", name)
        if found:
            assert name in {one for names in CLAUSES[f"rule {found[1]}"].values() for one in names}


def test_each_rule_has_clauses_or_is_not_built_yet() -> None:
    """There are twelve; what is built is listed by clause, and of the rest it is said with what it comes."""
    rules = {f"rule {number}" for number in range(1, 13)}
    assert rules <= CLAUSES.keys() | NOT_BUILT.keys() <= rules | {"second run", "promise ends"}
