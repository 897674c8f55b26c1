"""What the store holds of customers' pasts: touchpoints, from the checkpoint at the cut on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from services.journey_state import checkpoint
from services.journey_state.checkpoint import Checkpoint, combined
from services.journey_state.event import read_kept
from services.journey_state.holdings import Holdings
from services.journey_state.store import cuts, facts
from services.journey_state.store.pool import Connection
from services.journey_state.touchpoint import Place, Touchpoint


@dataclass(frozen=True, slots=True)
class StoredPast:
    """One customer's touchpoints, in no order; `start`: what was before the first of them."""

    start: Checkpoint | None
    touchpoints: list[Touchpoint]


async def load_pasts(
    connection: Connection,
    holdings: Holdings,
    customer_ids: Sequence[bytes],
    cut_at: int | None,
    *,
    before: int | None = None,
    after: Place | None = None,
) -> dict[bytes, StoredPast]:
    """The past of each customer, by the ownership of what it is stored under.

    `cut_at`: the cut that every customer has a checkpoint of; None: there was none yet. `before`:
    touchpoints from there on are left out. `after`: those up to that place are; then `cut_at` is
    None.
    """
    starts: dict[bytes, list[Checkpoint]] = defaultdict(list)
    if cut_at is not None:
        at_cut = (cut_at, "", "")
        for key, body in await cuts.read_checkpoints(connection, holdings.keys, cut_at):
            owner = holdings.owner_at(key, at_cut)
            if owner is not None:
                starts[owner].append(checkpoint.decode(body))
    found = {i: StoredPast(combined(starts[i]), []) for i in customer_ids}
    since = cut_at if after is None else after[0]
    for row in await facts.read_timeline(connection, holdings.keys, since=since, before=before):
        place = (row.occurred_at, row.message_id, row.source)
        owner = holdings.owner_at(row.identifier_key, place)
        if owner in found and not row.too_late and (after is None or place > after):
            found[owner].touchpoints.append(read_kept(row))
    return found
