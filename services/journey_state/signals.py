"""The signals of a transaction's customers: reviewed, told in their order, and kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from msgspec.structs import replace

from services.journey_state.customer import Customer, CustomerState, Standing
from services.journey_state.in_force import Journeys
from services.journey_state.permission import is_withdrawn
from services.journey_state.publication import Outgoing, TopicCode
from services.journey_state.signal_values import (
    BACKLOG_US,
    Known,
    first_value,
    is_as_it_was,
    later_value,
    read_value,
    retracted_value,
    signal_message,
    signal_row,
    standing_of,
    value_text,
)
from services.journey_state.signalling import (
    Change,
    Firing,
    Seen,
    episodes_of,
    review,
    seen_order,
    telling_order,
)
from services.journey_state.store import outcomes
from services.journey_state.store.outcomes import SignalRow
from services.journey_state.store.pool import Connection

SUPPRESSED_KINDS = ("raised", "reminded")  # what a withdrawal keeps from being told
DEFINITION = "definition"  # the cause of what a new definition changes


class AlreadyTold(Protocol):
    """What subscribers know; `put_back`: signals whose lost rows were restored from that."""

    @property
    def put_back(self) -> Collection[str]: ...

    def tells(self, signal_id: str, kind: str, revision: int, reminded: int) -> bool:
        """Whether a record says of the signal what would be said now."""

    def shows(self, customer_id: bytes, value: Mapping[str, Any]) -> bool:
        """Whether the newest snapshot of the customer says the same."""


@dataclass(slots=True)
class Signals:
    """What becomes of signals in one transaction; `rows` are to be saved at its end."""

    journeys: Journeys
    firing: Firing
    outgoing: Outgoing
    rows: list[SignalRow] = field(default_factory=list)
    told: AlreadyTold | None = None  # while state is rebuilt: what is not told again

    async def known(
        self, connection: Connection, customer_ids: Sequence[bytes]
    ) -> dict[bytes, list[SignalRow]]:
        """Every signal of these customers, retracted ones too."""
        found: dict[bytes, list[SignalRow]] = defaultdict(list)
        if customer_ids:
            for row in await outcomes.read_signals(connection, customer_ids):
                found[row.customer_id].append(row)
        return found

    def review(self, customer: Customer, known: Sequence[SignalRow] | None) -> list[Change]:
        """What W and the episodes say now; `known`: all signals, if the past was folded again."""
        state = customer.state
        lost: dict[str, Standing] = {}
        if known is not None:
            if self.told is not None:
                lost = _without_row(state, known)
            state.signals = lost | {
                row.signal_id.hex(): standing_of(row) for row in known if row.state != "retracted"
            }
            state.past_signals = {}
            again = True
        elif not state.journey.episodes and not state.signals and not state.earlier:
            return []
        else:
            again = _is_amended(customer)
        term = customer.under(self.journeys)
        changes = review(
            state, term, self.journeys, self.firing, again=again, unchanged_to=customer.unchanged_to
        )
        # Of a lost row that nothing explains there is nothing to take back.
        back = () if self.told is None else self.told.put_back
        return [
            c
            for c in changes
            if c.kind != "retracted" or (c.signal_id not in lost and c.signal_id not in back)
        ]

    def tell(
        self, customer: Customer, changes: Sequence[Change], rows: Sequence[SignalRow]
    ) -> None:
        """In the order that subscribers rely on: retracted, recovered, reminded, raised."""
        if not changes:
            return
        at = {row.signal_id.hex(): row for row in rows}
        found = episodes_of(customer.state, customer.under(self.journeys), self.journeys)
        known = Known(customer, at, sorted(found, key=seen_order))
        for change in sorted(changes, key=telling_order):
            old = at.get(change.signal_id)
            row = self._row(known, change)
            if change.kind == "kept" and old is not None and is_as_it_was(row, old):
                continue
            if change.kind in SUPPRESSED_KINDS and is_withdrawn(customer.state.journey.consent):
                row = _suppressed(customer, change, row)
            elif change.kind != "kept" and row.published and not self._is_told(change, row):
                ce_type = f"milepost.abandonment.{change.kind}.v1"
                value = signal_message(read_value(row))
                term = self.journeys.by_id[row.definition_id]
                sent = self.outgoing.add(customer, TopicCode.SIGNALS, ce_type, value, term)
                row = row._replace(payload=value_text(sent.value))
            at[change.signal_id] = row
            self.rows.append(row)

    def _is_told(self, change: Change, row: SignalRow) -> bool:
        if self.told is None:
            return False
        return self.told.tells(change.signal_id, change.kind, row.revision, row.reminded)

    def last_of_each(self) -> list[SignalRow]:
        """One row per signal: an upsert must not meet the same key twice."""
        return list({row.signal_id: row for row in self.rows}.values())

    def _row(self, known: Known, change: Change) -> SignalRow:
        customer, seen = known.customer, change.seen
        old = known.rows.get(change.signal_id)
        standing = change.standing
        if seen is None:
            assert old is not None
            definition = self.journeys.by_id[old.definition_id].definition
            value = retracted_value(known, change, old, definition)
            standing = replace(standing, state="retracted")
        elif change.is_first or old is None:
            if change.is_first:
                standing.revision = 1 if old is None else old.revision + 1  # it was retracted
            value = first_value(known, change, self._origin(customer, seen))
        else:
            value = later_value(known, change, old)
        definition_id = customer.definition_id if seen is None else seen.term.definition_id
        return signal_row(
            customer, change.signal_id, standing, value, definition_id=definition_id, old=old
        )

    def _origin(self, customer: Customer, seen: Seen) -> str:
        episode = seen.episode
        if episode.last_historical:
            return "import"
        # One of the definition before had its time, whoever's turn it is meanwhile.
        is_new = seen.term.definition_id == customer.definition_id
        if is_new and customer.refold is not None and customer.refold.kind == DEFINITION:
            return DEFINITION
        in_time = max(episode.due, episode.last_received_at) + self.firing.grace_us
        late = self.outgoing.edition.published_at - in_time
        return "backlog" if late > BACKLOG_US else "live"


def _suppressed(customer: Customer, change: Change, row: SignalRow) -> SignalRow:
    """The row of a signal whose record is not sent for want of consent (semantics 8.2).

    If nothing is told of it at all, nothing that becomes of it is.
    """
    if change.kind == "raised":
        standing = replace(change.standing, published=False)
        customer.state.signals = {**customer.state.signals, change.signal_id: standing}
        row = row._replace(published=False)
    return row._replace(suppressed="consent")


def _is_amended(customer: Customer) -> bool:
    """Whether touchpoints in order came after all to what stood at the due of a signal."""
    fresh, signals = customer.fresh, customer.state.signals
    if not fresh or not signals:
        return False
    first = fresh[0].occurred_at
    return any(standing.due >= first for standing in signals.values())


def _without_row(state: CustomerState, rows: Sequence[SignalRow]) -> dict[str, Standing]:
    """Signals that the customer's state knows of and the table has lost."""
    stored = {row.signal_id.hex() for row in rows}
    known = state.past_signals | state.signals
    return {identity: one for identity, one in known.items() if identity not in stored}
