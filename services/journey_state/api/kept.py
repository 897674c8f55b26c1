"""A customer's past as far as it is kept: touchpoints, and before them a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

from services.contracts.times import format_time
from services.journey_state import checkpoint, past_queries, queries
from services.journey_state.api.problems import Problem
from services.journey_state.checkpoint import Checkpoint, combined
from services.journey_state.database import Connection
from services.journey_state.event import read_touchpoint
from services.journey_state.in_force import Term
from services.journey_state.journey import Journey, in_order
from services.journey_state.queries import CustomerRow
from services.journey_state.touchpoint import Touchpoint

TOUCHPOINTS_MAX = 50_000


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one customer's past, as it was read."""

    bodies: list[bytes]
    checkpoints: list[bytes]

    def touchpoints(self, until: int | None) -> list[Touchpoint]:
        """In the order, one copy of each, up to the instant."""
        found = in_order(read_touchpoint(body).touchpoint for body in self.bodies)
        return [one for one in found if until is None or one.occurred_at <= until]

    def start(self) -> Start:
        """What was before the first touchpoint."""
        return Start(combined([checkpoint.decode(body) for body in self.checkpoints]))


@dataclass(frozen=True, slots=True)
class Start:
    """Where folds begin, by the definition."""

    checkpoint: Checkpoint | None

    def under(self, term: Term) -> Journey | None:
        """The journey to go on from; None: there was nothing before."""
        if self.checkpoint is None:
            return None
        return self.checkpoint.journey(term.definition_id, term.definition)


async def read_kept_past(connection: Connection, found: CustomerRow, until: int | None) -> Kept:
    """What is kept of the customer's past; else a Problem (400): too much, or not up to then."""
    merged = await queries.merged_ids(connection, found.customer_id)
    owners = [found.customer_id, *merged]
    cut = await past_queries.cut_at(connection)
    refuse_before_cut(until, cut)
    bodies = await queries.timeline(
        connection,
        owners,
        after=None if cut is None else (cut, "", ""),
        limit=TOUCHPOINTS_MAX + 1,
    )
    if len(bodies) > TOUCHPOINTS_MAX:
        detail = f"This customer has over {TOUCHPOINTS_MAX} touchpoints, too many to go through"
        raise Problem(400, "timeline_too_long", f"{detail}; see the history and the timeline")
    kept = [] if cut is None else await past_queries.checkpoints_of(connection, owners, cut)
    return Kept(bodies, kept)


def refuse_before_cut(at: int | None, cut: int | None) -> None:
    """A Problem (400) if the touchpoints of that time are not kept any more."""
    if at is not None and cut is not None and at < cut:
        detail = f"Touchpoints before {format_time(cut)} are not kept any more"
        raise Problem(400, "past_not_kept", f"{detail}; the timeline's `history=all` goes further")
