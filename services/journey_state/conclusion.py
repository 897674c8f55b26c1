"""The end of a transaction: signals reviewed, messages queued, everything written at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.journey_state import succession
from services.journey_state.cancellations import note_cancelled
from services.journey_state.customer import LATE_KINDS, Customer, Refold, encode_state
from services.journey_state.in_force import FAR, Journeys
from services.journey_state.journey import Transition
from services.journey_state.publication import (
    CUSTOMER_STATE,
    STAGE_CHANGED,
    Correction,
    Outgoing,
    TopicCode,
    correction,
    current_of,
    differs,
    history_row,
    open_overlays,
    snapshot,
    stage_change,
    transition_of,
)
from services.journey_state.recompute import HistoryChange
from services.journey_state.resuming import dropped, keep_stops
from services.journey_state.signalling import Firing, earliest, forget, next_look
from services.journey_state.signals import Signals
from services.journey_state.store import intermediates, outcomes, people
from services.journey_state.store.intermediates import Key
from services.journey_state.store.outcomes import HistoryRow
from services.journey_state.store.pool import Connection
from services.journey_state.withholding import withhold


@dataclass(slots=True)
class Conclusion:
    """Collects what a transaction found out about its customers, then writes it."""

    journeys: Journeys
    firing: Firing
    outgoing: Outgoing
    cut: int | None = None  # of the timeline, as of the watermark
    history: list[HistoryRow] = field(default_factory=list)
    superseded: list[int] = field(default_factory=list)
    wakes: list[tuple[bytes, int]] = field(default_factory=list)
    stopped: list[bytes] = field(default_factory=list)
    saved: list[Customer] = field(default_factory=list)
    stops: list[tuple[Key, bytes]] = field(default_factory=list)
    pasts: dict[bytes, list[Transition]] = field(default_factory=lambda: defaultdict(list))
    signals: Signals = field(init=False)

    def __post_init__(self) -> None:
        self.signals = Signals(self.journeys, self.firing, self.outgoing)

    async def conclude(
        self,
        connection: Connection,
        customers: Sequence[Customer],
        refolded: Mapping[bytes, HistoryChange],
    ) -> None:
        """After this all that follows for these customers is written, in this transaction."""
        signals = self.signals
        await note_cancelled(connection, [c for c in customers if c.customer_id in refolded])
        await withhold(connection, customers)
        known = await signals.known(connection, list(refolded))
        reviewed = {
            c.customer_id: signals.review(
                c, known[c.customer_id] if c.customer_id in refolded else None
            )
            for c in customers
        }
        missing = [i for i, changes in reviewed.items() if changes and i not in refolded]
        known.update(await signals.known(connection, missing))
        await self._read_pasts(connection, customers, refolded)
        for customer in customers:
            self.saved += succession.tell(self.outgoing, customer)
            self._tell_stages(customer, refolded.get(customer.customer_id))
            changes = reviewed[customer.customer_id]
            signals.tell(customer, changes, known.get(customer.customer_id, []))
            self._tell_state(customer)
            self._settle(customer)
            if customer.stops:
                self.stops += keep_stops(customer, self.journeys, self.firing)
            self.saved.append(customer)
        await self._write(connection)

    async def _read_pasts(
        self,
        connection: Connection,
        customers: Sequence[Customer],
        refolded: Mapping[bytes, HistoryChange],
    ) -> None:
        """The histories that imported touchpoints go on from."""
        ids = [
            c.customer_id
            for c in customers
            if not c.is_new
            and c.customer_id not in refolded
            and any(transition.historical for transition in c.transitions)
        ]
        for _, row in await outcomes.read_history(connection, ids) if ids else ():
            self.pasts[row.customer_id].append(transition_of(row))

    def _tell_stages(self, customer: Customer, change: HistoryChange | None) -> None:
        if change is not None:
            self._tell_refold(customer, change)
            return
        transitions = customer.transitions
        since = customer.before.journey.entered_at
        imported = [n for n, transition in enumerate(transitions) if transition.historical]
        for n, transition in enumerate(transitions):
            if imported and n == imported[-1]:
                is_latest = transition is transitions[-1]
                self._tell_import(customer, transitions[: n + 1], is_latest=is_latest)
            elif not transition.historical:
                value = stage_change(customer, transition, since, watermark=self.firing.watermark)
                sent = self.outgoing.add(customer, TopicCode.STAGE_CHANGES, STAGE_CHANGED, value)
                self._keep(customer, (transition,), "touchpoint", sent.ce_id)
                customer.state.published_stage = transition.stage
            since = transition.entered_at

    def _tell_import(
        self, customer: Customer, transitions: Sequence[Transition], *, is_latest: bool
    ) -> None:
        whole = (*self.pasts.get(customer.customer_id, ()), *transitions)
        past = Correction("import", None, whole, (), is_latest=is_latest)
        ce_id = self._correct(customer, past)
        self._keep(customer, [t for t in transitions if t.historical], "import", ce_id)

    def _tell_refold(self, customer: Customer, change: HistoryChange) -> None:
        if not change.changed:
            return
        if self.signals.told is not None and self._is_as_told(customer, change):
            for kind, historical in (("touchpoint", False), ("import", True)):
                rows = [t for t in change.added if t.historical is historical]
                self._keep(customer, rows, kind, None)
            return
        cause = customer.refold or Refold("refold", None)
        told = [row.ce_id for _, row in change.superseded if row.ce_id is not None]
        message_id = cause.message_id
        if cause.kind in LATE_KINDS:
            # Of several late ones the first that moved the customer.
            fresh = {touchpoint.message_id for touchpoint in customer.fresh}
            moving = (row.message_id for row in change.added if row.message_id in fresh)
            message_id = next(moving, message_id)
        ce_id = self._correct(customer, Correction(cause.kind, message_id, change.whole, told))
        self.superseded += [history_id for history_id, _ in change.superseded]
        self._keep(customer, change.added, cause.kind, ce_id)

    def _is_as_told(self, customer: Customer, change: HistoryChange) -> bool:
        """Whether rows were lost, and nothing that subscribers know was wrong."""
        state = customer.state
        return not change.superseded and state.published_stage == state.journey.stage

    def _correct(self, customer: Customer, past: Correction) -> bytes:
        value = correction(
            customer,
            past,
            previous=customer.state.published_stage,
            watermark=self.firing.watermark,
        )
        customer.state.published_stage = current_of(customer, past)
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
                definition_id=customer.under(self.journeys).definition_id,
                ce_id=ce_id,
            )
            for transition in transitions
        ]

    def _tell_state(self, customer: Customer) -> None:
        state = customer.state
        overlays = open_overlays(state, self.firing.watermark)
        changed = (
            customer.is_new
            or customer.revived
            or bool(customer.absorbed)
            or overlays != state.told_overlays
            or differs(customer.before, state, self.firing.watermark)
        )
        if changed:
            state.told_overlays = overlays
            value = snapshot(customer, watermark=self.firing.watermark)
            told = self.signals.told
            if told is None or not told.shows(customer.customer_id, value):
                self.outgoing.add(customer, TopicCode.CUSTOMERS, CUSTOMER_STATE, value)

    def _settle(self, customer: Customer) -> None:
        """Forget what is final at W, and see when to look again."""
        state = customer.state
        if customer.refold is not None and state.signals:
            forget(state, customer.under(self.journeys), self.journeys, self.firing)
        if not state.journey.episodes and not state.journey.overlays and not state.earlier:
            return
        look: int | None = earliest(state, self.firing)
        if look is not None and look <= self.firing.watermark:
            forget(state, customer.under(self.journeys), self.journeys, self.firing)
            look = next_look(state, customer.under(self.journeys), self.journeys, self.firing)
        if look is None or look == FAR:
            return
        if state.wake_at is None or look < state.wake_at:
            state.wake_at = look
            self.wakes.append((customer.customer_id, look))

    def _states(self, *, is_new: bool) -> dict[int, list[tuple[bytes, bytes]]]:
        """What is to be stored of customers, by the definition that it was computed by."""
        states: dict[int, list[tuple[bytes, bytes]]] = defaultdict(list)
        for customer in self.saved:
            if customer.is_new is is_new:
                definition_id = customer.under(self.journeys).definition_id
                states[definition_id].append((customer.customer_id, encode_state(customer.state)))
        return states

    async def _write_stops(self, connection: Connection) -> None:
        gone = dropped(self.saved)
        if gone:
            await intermediates.remove(connection, gone)
        if self.stops:
            await intermediates.leave(connection, self.stops)

    async def _write(self, connection: Connection) -> None:
        for definition_id, rows in self._states(is_new=True).items():
            await people.add_customers(connection, definition_id, rows)
        for definition_id, rows in self._states(is_new=False).items():
            await people.save_customers(connection, definition_id, rows)
        await self._write_stops(connection)
        if self.superseded:
            await outcomes.supersede_history(connection, self.superseded)
        if self.history:
            await outcomes.add_history(connection, self.history)
        if self.signals.rows:
            await outcomes.save_signals(connection, self.signals.last_of_each())
        if self.wakes:
            await outcomes.wake_earlier(connection, self.wakes)
        if self.stopped:
            await outcomes.stop_timers(connection, self.stopped)
        if self.outgoing.rows:
            await outcomes.add_to_outbox(connection, self.outgoing.rows)
