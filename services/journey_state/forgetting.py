"""What other people's rows say of a person who is being erased, taken out of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from services.journey_state import checkpoint
from services.journey_state.customer import Customer, Refold
from services.journey_state.store import erasing, mentions, outcomes, people
from services.journey_state.store.erasing import ErasedTouchpoint
from services.journey_state.store.pool import Connection
from services.journey_state.touchpoint import Identifier
from services.journey_state.traces import Trace, tells_otherwise, without_identifiers, written

ERASURE = "erasure"  # the cause of what follows for others


@dataclass(frozen=True)
class Forgetting:
    """Of one erased person: what they are known by, and whom else it may stand with.

    `others` are locked; `keys` all that was ever named together with the person's identifiers.
    """

    ids: Collection[bytes]
    gone: Collection[Identifier]
    messages: Sequence[ErasedTouchpoint]
    signals: Sequence[bytes]
    others: Mapping[bytes, Customer]
    keys: Sequence[bytes]
    cut: int | None  # where the timeline is cut

    async def forget(self, connection: Connection) -> list[Customer]:
        """Nothing of others names the person after this; gives those to be folded again."""
        if not self.others and not self.keys:
            return []
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
        for left in await mentions.checkpoints_holding(connection, self.keys, self._forms):
            before = checkpoint.decode(left.body)
            after = checkpoint.without(before, self.gone)
            await mentions.replace_checkpoint(
                connection, left._replace(body=checkpoint.encode(after))
            )
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
            traits = self.others[row.customer_id].state.journey.traits
            after = self._trace(row.customer_id, own).taken_out(before, traits)
            if after != before:
                encoded = msgspec.json.encode(after)
                await mentions.replace_queued(connection, row.outbox_id, encoded)
        if unsent:
            await erasing.remove_records(connection, unsent)

    @cached_property
    def _signals(self) -> set[str]:
        return {signal.hex() for signal in self.signals}

    @cached_property
    def _message_ids(self) -> set[str]:
        return {one.message_id for one in self.messages}

    def _trace(self, customer_id: bytes, own: Mapping[bytes, Collection[str]]) -> Trace:
        return Trace(self.gone, self._signals, self._message_ids, own.get(customer_id, ()))
