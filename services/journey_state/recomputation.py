"""Identity computed again for the connected sets of what came late (semantics 2.5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from services.journey_state.connected import (
    Groups,
    StaleReadError,
    mentioned_keys,
    reach,
    read_sets,
)
from services.journey_state.customer import Customer, Refold
from services.journey_state.early_conflicts import counted_early, with_early
from services.journey_state.identity import fact_of
from services.journey_state.owners import IdentityBounds
from services.journey_state.rearrangement import Rearrangement, rearrange
from services.journey_state.store import links
from services.journey_state.store.links import ConflictRow, CountedConflict
from services.journey_state.store.pool import Connection
from services.journey_state.touchpoint import Touchpoint

TOUCHPOINT = "touchpoint"  # why a set is computed again, unless an operator wants it


class Named(NamedTuple):
    """A touchpoint of the batch and the keys of all that it names; or one that counts no more."""

    touchpoint: Touchpoint
    keys: frozenset[bytes]
    counts: bool


def named(touchpoint: Touchpoint, *, counts: bool = True) -> Named:
    """What the touchpoint links, or might."""
    return Named(touchpoint, mentioned_keys(fact_of(touchpoint)), counts)


def pairs(keys: frozenset[bytes]) -> set[tuple[bytes, bytes]]:
    """The links that connect all of these keys, both ways."""
    if len(keys) < 2:
        return set()
    middle = min(keys)
    return {pair for key in keys - {middle} for pair in ((middle, key), (key, middle))}


async def recompute(
    connection: Connection,
    batch: Sequence[Named],
    triggers: Sequence[Named],
    held: dict[bytes, Customer],
    bounds: IdentityBounds,
    new_id: Callable[[], bytes],
) -> list[Rearrangement] | None:
    """The sets of the triggers, with all of the batch that belongs to them.

    None: they hold more identifiers than are computed again. Raises StaleReadError.
    """
    seeds = frozenset[bytes]().union(*(trigger.keys for trigger in triggers))
    together = [one.keys for one in batch]
    groups = await reach(connection, seeds, together)
    if groups is None:
        return None
    sets = await read_sets(connection, groups, held)
    await confirm(connection, groups, seeds, together)
    found = []
    for stored in sets:
        fresh = [one.touchpoint for one in batch if not one.keys.isdisjoint(stored.keys)]
        asking = [t for t in triggers if not t.keys.isdisjoint(stored.keys)]
        stored.removed = [fact_of(t.touchpoint) for t in asking if not t.counts]
        cause = Refold(TOUCHPOINT, asking[0].touchpoint.message_id)
        found.append(rearrange(stored, fresh, cause, bounds, new_id))
    return found


async def recompute_for(
    connection: Connection,
    keys: frozenset[bytes],
    cause: Refold,
    bounds: IdentityBounds,
    new_id: Callable[[], bytes],
) -> Rearrangement | None:
    """The set of these keys after an operator linked or unlinked; None: it holds too many."""
    groups = await reach(connection, keys, [keys])
    if groups is None:
        return None
    (stored,) = await read_sets(connection, groups, {})
    await confirm(connection, groups, keys, [keys])
    return rearrange(stored, [], cause, bounds, new_id)


async def confirm(
    connection: Connection,
    groups: Groups,
    seeds: frozenset[bytes],
    together: Sequence[frozenset[bytes]],
) -> None:
    """With the locks held nothing more has been linked; raises StaleReadError."""
    again = await reach(connection, seeds, together)
    if again is None or again.all() != groups.all():
        raise StaleReadError


def conflicts_of(change: Rearrangement, counted: Sequence[CountedConflict]) -> list[ConflictRow]:
    """The conflicts after the change; `counted`: as they were stored before."""
    kept = [one for one in counted if one.row.identifier_key not in change.forgotten]
    if not any(one.early for one in kept):
        return change.conflicts
    early = counted_early(kept, change.known_conflicts(), change.merged)
    return with_early(change.conflicts, early, change.now)


async def write(connection: Connection, change: Rearrangement) -> None:
    """Store who owns what; the customers themselves are saved with the rest of the batch.

    Raises StaleReadError when another worker met an identifier first.
    """
    if change.identifiers:
        new = await links.save_identifiers(connection, change.identifiers)
        if new != change.new_identifiers:
            raise StaleReadError
    if change.forgotten:
        await links.remove_identifiers(connection, change.forgotten)
    if change.periods is not None:
        await links.replace_periods(connection, change.keys, change.periods)
    counted = await links.remove_conflicts(connection, change.keys)
    await links.add_conflicts(connection, conflicts_of(change, counted))
    if change.redirects:
        await links.redirect_customers(connection, change.redirects)
    if change.gone:
        await links.close_customers(connection, change.gone)
