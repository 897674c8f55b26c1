"""The signals of a transaction's customers: reviewed, told in their order, and kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from services.journey_state.customer import Customer, Refold, Standing
from services.journey_state.in_force import Journeys
from services.journey_state.publication import Outgoing, TopicCode
from services.journey_state.signal_values import (
    BACKLOG_US,
    new_value,
    read_value,
    recovery_value,
    replaced,
    signal_message,
    signal_row,
    successor,
    value_text,
)
from services.journey_state.signalling import Change, Firing, review
from services.journey_state.store import outcomes
from services.journey_state.store.outcomes import SignalRow
from services.journey_state.store.pool import Connection

DEFINITION = "definition"  # the cause of what a new definition changes

_ORDER = {"retracted": 0, "recovered": 1, "reminded": 2, "raised": 3, "kept": 4}
_RETRACTION_KINDS = {
    "refold": "late_event",
    "import": "late_event",
}  # contract 5 names it so; other kinds are the same


@dataclass(slots=True)
class Signals:
    """What becomes of signals in one transaction; `rows` are to be saved at its end."""

    journeys: Journeys
    firing: Firing
    outgoing: Outgoing
    rows: list[SignalRow] = field(default_factory=list)

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
        if known is None:
            if not state.journey.episodes and not state.signals and not state.earlier:
                return []
            retracted: dict[str, int] = {}
        else:
            state.signals = {
                row.signal_id.hex(): _standing(row) for row in known if row.state != "retracted"
            }
            retracted = {
                row.signal_id.hex(): row.revision for row in known if row.state == "retracted"
            }
        term = customer.under(self.journeys)
        return review(state, term, self.journeys, self.firing, retracted=retracted)

    def tell(
        self, customer: Customer, changes: Sequence[Change], known: Sequence[SignalRow]
    ) -> None:
        """In the order that subscribers rely on: retracted, recovered, reminded, raised."""
        at = {row.signal_id.hex(): row for row in known}
        for change in sorted(changes, key=lambda c: _ORDER[c.kind]):
            row = self._row(customer, change, at)
            if change.kind != "kept" and row.published:
                ce_type = f"milepost.abandonment.{change.kind}.v1"
                value = signal_message(read_value(row))
                term = self.journeys.by_id[row.definition_id]
                sent = self.outgoing.add(customer, TopicCode.SIGNALS, ce_type, value, term)
                row = row._replace(payload=value_text(sent.value))
            at[change.signal_id] = row
            self.rows.append(row)

    def last_of_each(self) -> list[SignalRow]:
        """One row per signal: an upsert must not meet the same key twice."""
        return list({row.signal_id: row for row in self.rows}.values())

    def _row(self, customer: Customer, change: Change, at: Mapping[str, SignalRow]) -> SignalRow:
        old = at.get(change.signal_id)
        seen = change.seen
        value = {} if old is None else read_value(old)
        if change.kind == "raised" or old is None:
            assert seen is not None
            origin = self._origin(customer, seen.episode.last_historical, seen.episode.due)
            value = new_value(customer, change, seen, origin=origin)
            before = replaced(list(at.values()), seen.episode, change.signal_id)
            value["replaces"] = None if before is None else before.signal_id.hex()
        standing = change.standing
        if seen is not None:
            recovered = seen.episode.recovered
            value["recovered"] = recovered and recovery_value(recovered, seen.episode.due)
            if change.kind == "reminded":
                value["reminder"] = {"n": change.reminder, "of": len(seen.rule.remind_us)}
        if change.kind == "retracted" and old is not None:
            standing = replace(standing, state="retracted")
            value["cause"] = _retraction_cause(customer, change)
            value["replaced_by"] = successor(customer, old)
        definition_id = customer.definition_id if seen is None else seen.term.definition_id
        return signal_row(
            customer, change.signal_id, standing, value, definition_id=definition_id, old=old
        )

    def _origin(self, customer: Customer, imported: bool, due: int) -> str:
        if imported:
            return "import"
        if customer.refold is not None and customer.refold.kind == DEFINITION:
            return DEFINITION
        late = self.outgoing.edition.published_at - due - self.firing.grace_us
        return "backlog" if late > BACKLOG_US else "live"


def _standing(row: SignalRow) -> Standing:
    return Standing(
        rule=row.rule,
        scope=row.scope,
        due=row.due_at,
        state=row.state,
        published=row.published,
        revision=row.revision,
        raised_at=row.raised_at,
        reminded=row.reminded,
    )


def _retraction_cause(customer: Customer, change: Change) -> dict[str, str | None]:
    newest = customer.fresh[0].message_id if customer.fresh else None
    cause = customer.refold or Refold("refold", newest)
    return {
        "kind": change.refused or _RETRACTION_KINDS.get(cause.kind, cause.kind),
        "message_id": cause.message_id,
    }
