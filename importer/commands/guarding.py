"""What stops a run before anything is sent: guards, and changed rules of identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.errors import GuardTripped, IdentityChanged
from importer.planning import Decision

if TYPE_CHECKING:
    from collections import Counter

    from importer.commands.checking import Sheet
    from importer.commands.options import RunOptions
    from importer.mapping import Compiled
    from importer.state import State


def require_allowed(sheet: Sheet, foreseen: Counter[tuple[Decision, str]], options: RunOptions) -> None:
    """Raise GuardTripped if more rows would be rejected or changed than `--max-rejects`, `--max-change` allow.

    `--max-delete` allows any number here: mode create removes nothing.
    """
    changes = sum(
        number for (decision, _), number in foreseen.items() if decision in {Decision.CREATE, Decision.PUBLISH}
    )
    for name, what, allowed, count in (
        ("--max-rejects", "would be rejected", options.max_rejects, sheet.bad.len()),
        ("--max-change", "would be created or published", options.max_change, changes),
        ("--max-delete", "would be removed", options.max_delete, 0),
    ):
        if allowed is not None and allowed.exceeded(count, sheet.total):
            raise GuardTripped(
                f"{count} of {sheet.total} items {what}; {name} allows {allowed}. Nothing was sent.",
                f"Check the sheet (`importer check` lists the problems), or allow more with {name}.",
            )


def bound_by_rules(state: State) -> bool:
    """Whether rows were published under the rules of key and slug that the state keeps, or may be: those in doubt."""
    return bool(state.has_published() or state.doubts())


def require_same_identity(
    state: State, compiled: Compiled, foreseen: Counter[tuple[Decision, str]], options: RunOptions
) -> None:
    """Raise IdentityChanged if rows were published, or may be, under other rules of key or slug (rule 10)."""
    if options.accept_new_keys or not bound_by_rules(state):
        return
    changed = [
        noun
        for noun, fact, rule in (
            ("key", "key_rule", compiled.key_rule),
            ("slug", "slug_rule", compiled.slug_rule),
        )
        if (kept := state.fact(fact)) is not None and kept != rule
    ]
    new = sum(number for (decision, _), number in foreseen.items() if decision is Decision.CREATE)
    if changed and new:
        raise IdentityChanged(
            f"The rule of the {' and of the '.join(changed)} is not the one that earlier rows were sent with:"
            f" {new} rows would become new items. Nothing was sent.",
            "Take the mapping's change back; or, if new items are meant, run again with --accept-new-keys.",
        )


def keep_identity(state: State, compiled: Compiled, *, renew: bool) -> None:
    """Keep the rules of key and slug: before the first row is made by them, and once rows were made by new ones."""
    for name, rule in (("key_rule", compiled.key_rule), ("slug_rule", compiled.slug_rule)):
        if renew or state.fact(name) is None:
            state.set_fact(name, rule)
