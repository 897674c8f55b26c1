"""What other people's rows say of a person who is being erased, taken out of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from services.journey_state import checkpoint
from services.journey_state.customer import Customer, Refold, Standing, encode_state
from services.journey_state.journey import Journey
from services.journey_state.keys import message_key
from services.journey_state.store import erasing, mentions, outcomes, people
from services.journey_state.store.erasing import ErasedTouchpoint
from services.journey_state.store.pool import Connection
from services.journey_state.suppression import keyed_hash
from services.journey_state.touchpoint import Identifier, Place
from services.journey_state.traces import (
    Trace,
    tells_otherwise,
    without_identifiers,
    without_texts,
    written,
)

ERASURE = "erasure"  # the cause of what follows for others


@dataclass(frozen=True)
class Forgetting:
    """Of one erased person: what they are known by, and whom else it may stand with.

    `others` are locked, `merged` those of them that are merged away; `keys` is all that was ever
    named together with the person's identifiers.
    """

    ids: Collection[bytes]
    gone: Collection[Identifier]
    messages: Sequence[ErasedTouchpoint]
    message_keys: Collection[bytes]  # of those and of what was cut off
    secret: bytes
    signals: Sequence[bytes]
    others: Mapping[bytes, Customer]
    merged: Collection[bytes]
    keys: Sequence[bytes]
    cut: int | None  # where the timeline is cut

    async def forget(self, connection: Connection) -> list[Customer]:
        """Nothing of others names the person after this; gives those to be folded again."""
        if not self.others and not self.keys:
            return []
        await self._forget_states(connection)
        changed = await self._forget_records(connection)
        changed |= await self._forget_checkpoints(connection)
        ids = list(self.others)
        await mentions.remove_superseded(connection, ids, self.messages, self.cut)
        own: dict[bytes, set[str]] = defaultdict(set)
        for _, row in await outcomes.read_history(connection, ids):
            own[row.customer_id].add(row.message_id)
        await self._forget_signals(connection, own)
        await self._forget_queued(connection, own)
        owners = await people.owners_ever(connection, list(changed)) if changed else []
        past = [self.others[one] for one in owners if one in self.others]
        for customer in past:
            customer.refold = Refold(ERASURE, None)
        return past

    @cached_property
    def _forms(self) -> list[bytes]:
        return written(self.gone)

    async def _forget_states(self, connection: Connection) -> None:
        """Whose id was bound to, or linked by, a touchpoint of theirs knows it by a keyed hash.

        Of customers merged away only that is kept; their past is computed should they come back.
        """
        for customer_id, customer in self.others.items():
            state, before = customer.state, encode_state(customer.state)
            state.made = self._hidden(state.made)
            state.linked_to = state.linked_to and self._hidden(state.linked_to)
            state.earliest = state.earliest and self._hidden(state.earliest)
            if state.made_by in self.gone:
                state.made_by = None
            state.signals = self._without_signals(state.signals)
            state.past_signals = self._without_signals(state.past_signals)
            if customer_id in self.merged:
                owned = state.identifiers
                state.identifiers = [o for o in owned if (o.kind, o.value) not in self.gone]
                state.journey, state.earlier = Journey(), []
            after = encode_state(state)
            if after != before:
                row = (customer_id, after)
                await people.save_customers(connection, customer.definition_id, [row])

    def _without_signals(self, standing: dict[str, Standing]) -> dict[str, Standing]:
        return {i: one for i, one in standing.items() if i not in self._signals}

    def _hidden(self, place: Place) -> Place:
        key = message_key(place[2], place[1])
        if key not in self.message_keys:
            return place
        return (place[0], keyed_hash(self.secret, key).hex(), place[2])

    async def _forget_records(self, connection: Connection) -> set[bytes]:
        """Touchpoints of others; gives the identifiers whose touchpoints say something else."""
        otherwise = set()
        for body in await mentions.bodies_holding(connection, self.keys, self._forms):
            changed = without_identifiers(body.body, self.gone)
            if changed is None:
                continue
            await mentions.replace_body(connection, body._replace(body=changed))
            if tells_otherwise(body.body, changed):
                otherwise.add(body.identifier_key)
        return otherwise

    async def _forget_checkpoints(self, connection: Connection) -> set[bytes]:
        """What is left of the past of others; gives the identifiers of what is another one now."""
        otherwise = set()
        for left in await mentions.checkpoints_of(connection, self.keys):
            before = checkpoint.decode(left.body)
            after = checkpoint.without(before, self.gone, self._hidden(before.made))
            if after != before:
                body = checkpoint.encode(after)
                await mentions.replace_checkpoint(connection, left._replace(body=body))
            if after.journeys != before.journeys:
                otherwise.add(left.identifier_key)
        return otherwise

    async def _forget_signals(
        self, connection: Connection, own: Mapping[bytes, Collection[str]]
    ) -> None:
        for row in await outcomes.read_signals(connection, list(self.others)):
            before: dict[str, Any] = msgspec.json.decode(row.payload)
            after = self._trace(row.customer_id, own).taken_out(before, {})
            raised_as = None if row.raised_as in self.ids else row.raised_as
            if raised_as != row.raised_as:
                after["raised_as"] = None
            if after != before or raised_as != row.raised_as:
                text = msgspec.json.encode(after).decode()
                await mentions.replace_payload(connection, row.signal_id, text, raised_as)

    async def _forget_queued(
        self, connection: Connection, own: Mapping[bytes, Collection[str]]
    ) -> None:
        """A record of a signal of theirs that was queued while they were one is not sent."""
        theirs, unsent = self._signals, []
        for row in await mentions.queued_about(connection, list(self.others)):
            before: dict[str, Any] = msgspec.json.decode(row.value)
            if before.get("signal_id") in theirs:
                unsent.append(row.outbox_id)
                continue
            present = self._present(row.customer_id) if "signal_id" not in before else {}
            after = self._trace(row.customer_id, own).taken_out(before, present)
            if after != before:
                encoded = msgspec.json.encode(after)
                await mentions.replace_queued(connection, row.outbox_id, encoded)
        if unsent:
            await erasing.remove_records(connection, unsent)

    def _present(self, customer_id: bytes) -> dict[str, Any]:
        """What is known of another now: a message queued before may tell of the person."""
        journey = self.others[customer_id].state.journey
        return {
            "traits": without_texts(journey.traits, self.gone),
            "campaign": {"first": journey.campaign_first, "last": journey.campaign_last},
        }

    @cached_property
    def _signals(self) -> set[str]:
        return {signal.hex() for signal in self.signals}

    @cached_property
    def _sources(self) -> set[str]:
        return {one.source for one in self.messages}

    def _is_theirs(self, source: str | None, message_id: str) -> bool:
        sources = self._sources if source is None else {source}
        return any(message_key(one, message_id) in self.message_keys for one in sources)

    def _trace(self, customer_id: bytes, own: Mapping[bytes, Collection[str]]) -> Trace:
        return Trace(self.gone, self._signals, self._is_theirs, own.get(customer_id, ()))
