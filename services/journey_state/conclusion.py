"""The end of a transaction: signals reviewed, messages queued, everything written at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from services.journey_state.customer import Customer, Refold, Standing, encode_state
from services.journey_state.definition import AbandonmentRule, Definition
from services.journey_state.episodes import signal_id
from services.journey_state.journey import Transition, settle
from services.journey_state.publication import (
    CUSTOMER_MERGED,
    CUSTOMER_STATE,
    STAGE_CHANGED,
    Correction,
    Outgoing,
    TopicCode,
    correction,
    differs,
    history_row,
    id_text,
    open_overlays,
    snapshot,
    stage_change,
)
from services.journey_state.recompute import HistoryChange
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
from services.journey_state.signalling import FAR, Change, Firing, earliest, next_look, review
from services.journey_state.store import outcomes, people
from services.journey_state.store.outcomes import HistoryRow, SignalRow
from services.journey_state.store.pool import Connection

_ORDER = {"retracted": 0, "recovered": 1, "reminded": 2, "raised": 3, "kept": 4}
_RETRACTION_KINDS = {
    "refold": "late_event",
    "import": "late_event",
}  # contract 5 names it so; other kinds are the same


@dataclass(frozen=True, slots=True)
class Journeys:
    """The definition in force, as the worker uses it."""

    definition: Definition
    definition_id: int
    rules: Mapping[str, AbandonmentRule]


@dataclass(slots=True)
class Conclusion:
    """Collects what a transaction found out about its customers, then writes it."""

    journeys: Journeys
    firing: Firing
    outgoing: Outgoing
    history: list[HistoryRow] = field(default_factory=list)
    superseded: list[int] = field(default_factory=list)
    signals: list[SignalRow] = field(default_factory=list)
    wakes: list[tuple[bytes, int]] = field(default_factory=list)
    stopped: list[bytes] = field(default_factory=list)
    saved: list[Customer] = field(default_factory=list)

    async def conclude(
        self,
        connection: Connection,
        customers: Sequence[Customer],
        refolded: Mapping[bytes, HistoryChange],
    ) -> None:
        """After this all that follows for these customers is written, in this transaction."""
        known = await self._known_signals(connection, list(refolded))
        reviewed = {c.customer_id: self._review(c, known, refolded) for c in customers}
        missing = [i for i, changes in reviewed.items() if changes and i not in refolded]
        known.update(await self._known_signals(connection, missing))
        for customer in customers:
            self._tell_merges(customer)
            self._tell_stages(customer, refolded.get(customer.customer_id))
            changes = reviewed[customer.customer_id]
            self._tell_signals(customer, changes, known.get(customer.customer_id, []))
            self._tell_state(customer)
            self._settle(customer)
            self.saved.append(customer)
        await self._write(connection)

    async def _known_signals(
        self, connection: Connection, customer_ids: Sequence[bytes]
    ) -> dict[bytes, list[SignalRow]]:
        found: dict[bytes, list[SignalRow]] = defaultdict(list)
        if customer_ids:
            for row in await outcomes.read_signals(connection, customer_ids):
                found[row.customer_id].append(row)
        return found

    def _review(
        self,
        customer: Customer,
        known: Mapping[bytes, list[SignalRow]],
        refolded: Mapping[bytes, HistoryChange],
    ) -> list[Change]:
        state = customer.state
        if customer.customer_id not in refolded:
            if not state.journey.episodes and not state.signals:
                return []
            return review(state, self.journeys.rules, self.firing, retracted={})
        rows = known.get(customer.customer_id, [])
        state.signals = {
            row.signal_id.hex(): _standing(row) for row in rows if row.state != "retracted"
        }
        retracted = {row.signal_id.hex(): row.revision for row in rows if row.state == "retracted"}
        return review(state, self.journeys.rules, self.firing, retracted=retracted)

    def _tell_merges(self, customer: Customer) -> None:
        for gone in customer.absorbed:
            cause = customer.refold or Refold("merge", None)
            self.outgoing.add(
                gone,
                TopicCode.CUSTOMERS,
                CUSTOMER_MERGED,
                {
                    "from": id_text(gone.customer_id),
                    "to": id_text(customer.customer_id),
                    "cause": {"kind": cause.kind, "message_id": cause.message_id},
                },
            )
            self.outgoing.bury(gone)
            self.saved.append(gone)

    def _tell_stages(self, customer: Customer, change: HistoryChange | None) -> None:
        if change is not None:
            self._tell_refold(customer, change)
            return
        imported = tuple(t for t in customer.transitions if t.historical)
        if imported:
            self._correct(customer, Correction("import", None, imported, ()))
            self._keep(customer, imported, "import", None)
        since = customer.before.journey.entered_at
        for transition in customer.transitions:
            if not transition.historical:
                value = stage_change(customer, transition, since, watermark=self.firing.watermark)
                sent = self.outgoing.add(customer, TopicCode.STAGE_CHANGES, STAGE_CHANGED, value)
                self._keep(customer, (transition,), "touchpoint", sent.ce_id)
                customer.state.published_stage = transition.stage
            since = transition.entered_at

    def _tell_refold(self, customer: Customer, change: HistoryChange) -> None:
        if not change.changed:
            return
        cause = customer.refold or Refold("refold", None)
        told = [row.ce_id for _, row in change.superseded if row.ce_id is not None]
        ce_id = self._correct(
            customer, Correction(cause.kind, cause.message_id, change.whole, told)
        )
        self.superseded += [history_id for history_id, _ in change.superseded]
        self._keep(customer, change.added, cause.kind, ce_id)

    def _correct(self, customer: Customer, past: Correction) -> bytes:
        value = correction(
            customer,
            past,
            previous=customer.state.published_stage,
            watermark=self.firing.watermark,
        )
        customer.state.published_stage = customer.state.journey.stage
        sent = self.outgoing.add(customer, TopicCode.STAGE_CHANGES, STAGE_CHANGED, value)
        return sent.ce_id

    def _keep(
        self, customer: Customer, transitions: Sequence[Transition], kind: str, ce_id: bytes | None
    ) -> None:
        self.history += [
            history_row(
                customer.customer_id,
                transition,
                kind=kind,
                definition_id=self.journeys.definition_id,
                ce_id=ce_id,
            )
            for transition in transitions
        ]

    def _tell_signals(
        self, customer: Customer, changes: list[Change], rows: list[SignalRow]
    ) -> None:
        """In the order that subscribers rely on: retracted, recovered, reminded, raised."""
        at = {row.signal_id.hex(): row for row in rows}
        for change in sorted(changes, key=lambda c: _ORDER[c.kind]):
            row = self._signal(customer, change, at)
            if change.kind != "kept" and row.published:
                ce_type = f"milepost.abandonment.{change.kind}.v1"
                sent = self.outgoing.add(
                    customer, TopicCode.SIGNALS, ce_type, signal_message(read_value(row))
                )
                row = row._replace(payload=value_text(sent.value))
            at[change.signal_id] = row
            self.signals.append(row)

    def _signal(self, customer: Customer, change: Change, at: Mapping[str, SignalRow]) -> SignalRow:
        old = at.get(change.signal_id)
        episode = change.episode
        value = {} if old is None else read_value(old)
        if change.kind == "raised" or old is None:
            assert episode is not None
            value = new_value(
                customer,
                self.journeys.rules[episode.rule],
                change,
                episode,
                origin=self._origin(episode.last_historical, episode.due),
            )
            before = replaced(list(at.values()), episode, change.signal_id)
            value["replaces"] = None if before is None else before.signal_id.hex()
        if episode is not None:
            recovered = episode.recovered
            value["recovered"] = recovered and recovery_value(recovered, episode.due)
        standing = change.standing
        if change.kind == "reminded":
            of = len(self.journeys.rules[standing.rule].remind_us)
            value["reminder"] = {"n": change.reminder, "of": of}
        if change.kind == "retracted" and old is not None:
            standing = replace(standing, state="retracted")
            value["cause"] = _retraction_cause(customer)
            value["replaced_by"] = successor(customer, old)
        return signal_row(
            customer,
            change.signal_id,
            standing,
            value,
            definition_id=self.journeys.definition_id,
            old=old,
        )

    def _origin(self, imported: bool, due: int) -> str:
        if imported:
            return "import"
        late = self.outgoing.edition.published_at - due - self.firing.grace_us
        return "backlog" if late > BACKLOG_US else "live"

    def _tell_state(self, customer: Customer) -> None:
        state = customer.state
        overlays = open_overlays(state, self.firing.watermark)
        changed = (
            customer.is_new
            or bool(customer.absorbed)
            or overlays != state.told_overlays
            or differs(customer.before, state)
        )
        if changed:
            state.told_overlays = overlays
            value = snapshot(customer, watermark=self.firing.watermark)
            self.outgoing.add(customer, TopicCode.CUSTOMERS, CUSTOMER_STATE, value)

    def _settle(self, customer: Customer) -> None:
        """Forget what is final at W, and see when to look again."""
        state = customer.state
        if not state.journey.episodes and not state.journey.overlays:
            return
        look: int | None = earliest(state, self.firing)
        if look is not None and look <= self.firing.watermark:
            self._forget(customer)
            look = next_look(state, self.journeys.rules, self.firing)
        if look is None or look == FAR:
            return
        if state.wake_at is None or look < state.wake_at:
            state.wake_at = look
            self.wakes.append((customer.customer_id, look))

    def _forget(self, customer: Customer) -> None:
        state = customer.state
        state.journey = settle(
            self.journeys.definition,
            state.journey,
            self.firing.watermark,
            self.firing.grace_us,
            self.firing.hold,
        )
        if state.signals:
            kept = {signal_id(episode) for episode in state.journey.episodes}
            state.signals = {i: s for i, s in state.signals.items() if i in kept}

    async def _write(self, connection: Connection) -> None:
        rows = [(c.customer_id, encode_state(c.state)) for c in self.saved if c.is_new]
        if rows:
            await people.add_customers(connection, self.journeys.definition_id, rows)
        rows = [(c.customer_id, encode_state(c.state)) for c in self.saved if not c.is_new]
        if rows:
            await people.save_customers(connection, self.journeys.definition_id, rows)
        if self.superseded:
            await outcomes.supersede_history(connection, self.superseded)
        if self.history:
            await outcomes.add_history(connection, self.history)
        if self.signals:
            await outcomes.save_signals(connection, _last_of_each(self.signals))
        if self.wakes:
            await outcomes.wake_earlier(connection, self.wakes)
        if self.stopped:
            await outcomes.stop_timers(connection, self.stopped)
        if self.outgoing.rows:
            await outcomes.add_to_outbox(connection, self.outgoing.rows)


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


def _retraction_cause(customer: Customer) -> dict[str, str | None]:
    newest = customer.fresh[0].message_id if customer.fresh else None
    cause = customer.refold or Refold("refold", newest)
    return {
        "kind": _RETRACTION_KINDS.get(cause.kind, cause.kind),
        "message_id": cause.message_id,
    }


def _last_of_each(rows: Sequence[SignalRow]) -> list[SignalRow]:
    """One row per signal: an upsert must not meet the same key twice."""
    return list({row.signal_id: row for row in rows}.values())
