"""What an operator joins or takes apart by hand: facts of identity, computed at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from uuid_utils import uuid7

from services.journey_state import recompute, succession
from services.journey_state.connected import CONNECTED_IDENTIFIERS_MAX
from services.journey_state.customer import Customer, Refold
from services.journey_state.keys import identifier_key
from services.journey_state.operator import Act
from services.journey_state.rearrangement import OPERATOR
from services.journey_state.recomputation import pairs, recompute_for, write
from services.journey_state.store import links
from services.journey_state.store.links import OperatorLink
from services.journey_state.touchpoint import Identifier

UNLINK = "unlink"  # the cause by which a retraction says it


class TooManyLinkedError(Exception):
    """More identifiers are linked with these than are computed again."""

    def __init__(self) -> None:
        super().__init__(
            f"over {CONNECTED_IDENTIFIERS_MAX} identifiers are linked with these; unlink the one "
            "that many people share"
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whose the identifiers are now, None: nobody's yet; and which customers changed how.

    `merged` and `split` hold (from, to).
    """

    owners: list[Customer | None]
    merged: list[tuple[bytes, bytes]]
    split: list[tuple[bytes, bytes]]


async def link(act: Act, a: Identifier, b: Identifier) -> Outcome:
    """The customers of both are one from ever on, of two known ones that of `a`.

    Not if that one would own too many identifiers. Raises StaleReadError, TooManyLinkedError.
    """
    return await _act(act, [a, b], OperatorLink(_now(act), *a, *b), Refold(OPERATOR, None))


async def unlink(act: Act, identifier: Identifier) -> Outcome:
    """The identifier takes part in no link, past or to come, until it is linked again.

    Raises StaleReadError, TooManyLinkedError.
    """
    fact = OperatorLink(_now(act), *identifier, None, None)
    return await _act(act, [identifier], fact, Refold(OPERATOR, None, UNLINK))


def _now(act: Act) -> int:
    return act.conclusion.outgoing.edition.published_at


async def _act(
    act: Act, identifiers: list[Identifier], fact: OperatorLink, cause: Refold
) -> Outcome:
    connection = act.connection
    keys = [identifier_key(*identifier) for identifier in identifiers]
    named = frozenset(keys)
    await links.add_operator_link(connection, fact, keys[0], keys[1] if fact.b_kind else None)
    if len(named) > 1:
        await links.add_links(connection, pairs(named))
    change = await recompute_for(connection, named, cause, act.bounds, lambda: uuid7().bytes)
    if change is None:
        raise TooManyLinkedError
    await write(connection, change)
    touched = [customer for customer in change.customers if customer.touched]
    past = [customer for customer in touched if customer.refold is not None]
    changes = await recompute.refold(connection, act.journeys, past) if past else {}
    await succession.hand_over_signals(connection, [change], past)
    await act.conclusion.conclude(connection, touched, changes)
    return _outcome(identifiers, change.customers)


def _outcome(identifiers: Iterable[Identifier], customers: list[Customer]) -> Outcome:
    owner = {(o.kind, o.value): one for one in customers for o in one.state.identifiers}
    every = [one for customer in customers for one in (customer, *customer.absorbed)]
    return Outcome(
        owners=[owner.get(identifier) for identifier in identifiers],
        merged=[(gone.customer_id, c.customer_id) for c in customers for gone in c.absorbed],
        split=[(one.customer_id, to) for one in every for to in one.splits],
    )
