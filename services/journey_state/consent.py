"""Consent per purpose: which statements still matter, and what holds at a time (semantics 8.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

PURPOSES_MAX = 32
STATEMENTS_MAX = 200  # per purpose; a person who changes their mind more often loses the oldest


class Statement(msgspec.Struct, frozen=True, array_like=True):
    """One consent statement that still matters."""

    occurred_at: int
    received_at: int
    granted: bool


def withdrawn(statements: Sequence[Statement], at: int) -> bool:
    """Whether a withdrawal stands at this time; the statements are in the order."""
    standing: list[Statement] = []
    for statement in statements:
        if statement.occurred_at > at:
            break
        if statement.granted:
            standing = [earlier for earlier in standing if not _lifts(statement, earlier)]
        else:
            standing.append(statement)
    return bool(standing)


def current(consent: Mapping[str, Sequence[Statement]], at: int) -> dict[str, bool]:
    """The purposes about which something was stated by then: allowed (true) or withdrawn."""
    return {
        purpose: not withdrawn(statements, at)
        for purpose, statements in consent.items()
        if statements[0].occurred_at <= at
    }


def stated(
    consent: dict[str, list[Statement]],
    said: Mapping[str, bool],
    occurred_at: int,
    received_at: int,
) -> dict[str, list[Statement]]:
    """The consent after one more touchpoint, the newest in the order; the input stays as it is."""
    changed = consent
    for purpose, granted in said.items():
        before = changed.get(purpose, [])
        if not before and len(changed) >= PURPOSES_MAX:
            continue
        after = _with(before, Statement(occurred_at, received_at, granted))
        if after is not before:
            changed = {**changed, purpose: after}
    return changed


def _with(kept: list[Statement], new: Statement) -> list[Statement]:
    """`kept` and the new one, less what can make no difference at any time any more."""
    standing: list[Statement] = []
    for earlier in kept:
        if earlier.granted:
            standing = [other for other in standing if not _lifts(earlier, other)]
        else:
            standing.append(earlier)
    if new.granted:
        matters = not kept or any(_lifts(new, earlier) for earlier in standing)
        return [*kept, new][-STATEMENTS_MAX:] if matters else kept
    if any(_makes_needless(earlier, new) for earlier in standing):
        return kept
    needless = _needless(standing, new)
    return [*(one for one in kept if one not in needless), new][-STATEMENTS_MAX:]


def _needless(standing: list[Statement], new: Statement) -> list[Statement]:
    """Standing withdrawals that the new one makes superfluous.

    The first keeps the past withdrawn from its own time on. Of the others only the one received
    last can outlast a grant, but a grant lifts nothing of its own instant: so one withdrawal of
    the newest instant is kept beside it.
    """
    if not standing:
        return []
    first = standing[0]
    if first.occurred_at == new.occurred_at:
        return [first]
    last = max(standing[1:], key=lambda one: one.received_at, default=first)
    keep_last = last.received_at > max(first.received_at, new.received_at)
    return [one for one in standing[1:] if not (keep_last and one == last)]


def _makes_needless(standing: Statement, new: Statement) -> bool:
    return standing.occurred_at == new.occurred_at and standing.received_at >= new.received_at


def _lifts(grant: Statement, withdrawal: Statement) -> bool:
    return grant.occurred_at > withdrawal.occurred_at and grant.received_at > withdrawal.received_at
