"""The output topics and the outbox, read for what subscribers know."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from services.contracts.times import read_time
from services.journey_state.event import Record
from services.journey_state.publication import TopicCode
from services.journey_state.store import lost, outcomes
from services.journey_state.store.lost import SignalOf
from services.journey_state.store.pool import Store
from services.journey_state.told import Message, Told
from services.journey_state.topic_reading import stretch_of
from services.settings import KafkaSettings

Report = Callable[[str, int, int], None]  # what is done, how much of it, of how much

BATCH_MAX = 1_000
_decode = msgspec.json.Decoder().decode


class TellingTopics:
    """Fills `told`. Of customers whose rows are lost more is kept than of others."""

    def __init__(self, kafka: KafkaSettings, store: Store, told: Told, report: Report) -> None:
        self._options = kafka.client_options()
        self._names = {
            TopicCode.CUSTOMERS: kafka.topics.customers,
            TopicCode.SIGNALS: kafka.topics.signals,
            TopicCode.STAGE_CHANGES: kafka.topics.stage_changes,
        }
        self._store = store
        self._told = told
        self._report = report

    async def read(self) -> None:
        """After this `told` is all that subscribers know. Raises TopicMissingError."""
        told = self._told
        async with self._store.connection() as connection:
            told.lost.update(await lost.named_without_row(connection))
        await self._take(TopicCode.CUSTOMERS)
        only_told = set(await self._without_row(sorted(told.customers))) - told.lost
        if only_told:
            told.lost |= only_told
            told.customers.clear()
            await self._take(TopicCode.CUSTOMERS)
        await self._take(TopicCode.SIGNALS)
        if told.lost:
            await self._take(TopicCode.STAGE_CHANGES)

    async def read_missing_signals(
        self, take: Callable[[Sequence[SignalOf]], Awaitable[None]]
    ) -> None:
        """Hand over the newest record of each signal without a row."""
        ids = [bytes.fromhex(one) for one in self._told.signals]
        missing: set[bytes] = set()
        async with self._store.connection() as connection:
            for start in range(0, len(ids), BATCH_MAX):
                some = ids[start : start + BATCH_MAX]
                missing.update(await lost.signals_without_row(connection, some))
        if not missing:
            return
        async for messages in self._messages(TopicCode.SIGNALS):
            found = [one for message in messages if (one := self._newest(message)) is not None]
            wanted = [one for one in found if one.signal_id in missing]
            if wanted:
                await take(wanted)

    def _newest(self, message: Message) -> SignalOf | None:
        with contextlib.suppress(msgspec.DecodeError, KeyError, TypeError, ValueError):
            value: dict[str, Any] = _decode(message.value or b"")
            known = self._told.signals.get(value["signal_id"])
            if known is not None and known.published_at == read_time(value["published_at"]):
                return _signal_of(message, value, known.state, known.reminded)
        return None

    async def _without_row(self, ids: Sequence[bytes]) -> list[bytes]:
        found: list[bytes] = []
        async with self._store.connection() as connection:
            for start in range(0, len(ids), BATCH_MAX):
                found += await lost.without_row(connection, ids[start : start + BATCH_MAX])
        return found

    async def _take(self, code: TopicCode) -> None:
        async for messages in self._messages(code):
            for message in messages:
                self._told.take(message)

    async def _messages(self, code: TopicCode) -> AsyncIterator[list[Message]]:
        """What is in the outbox first: it may be on the topic when that is read."""
        async for messages in self._outbox(code):
            yield messages
        what = {TopicCode.SIGNALS: "signals", TopicCode.CUSTOMERS: "snapshots"}.get(code, "stages")
        async with stretch_of(self._options, self._names[code], None) as stretch:
            done = 0
            async for records in stretch.read():
                yield [one for r in records if (one := _message(code, r)) is not None]
                done += len(records)
                self._report(what, done, stretch.records)

    async def _outbox(self, code: TopicCode) -> AsyncIterator[list[Message]]:
        after = 0
        while True:
            async with self._store.connection() as connection:
                rows = await outcomes.next_in_outbox(connection, after, BATCH_MAX)
            if not rows:
                return
            yield [
                Message(code, row.customer_id, row.ce_type, row.value)
                for _, row in rows
                if row.topic == code
            ]
            after = rows[-1][0]


def _message(code: TopicCode, record: Record) -> Message | None:
    try:
        customer_id = UUID((record.key or b"").decode()).bytes
    except ValueError:
        return None
    ce_type = next((value for name, value in record.headers if name == "ce_type"), b"")
    return Message(code, customer_id, ce_type.decode(errors="replace"), record.value)


def _signal_of(message: Message, value: dict[str, Any], state: str, reminded: int) -> SignalOf:
    raised_as = value.get("raised_as")
    return SignalOf(
        signal_id=bytes.fromhex(value["signal_id"]),
        customer_id=message.customer_id,
        rule=value["rule"],
        scope=value["scope"],
        due_at=read_time(value["due_at"]),
        state=state,
        revision=int(value["revision"]),
        raised_at=read_time(value["raised_at"]),
        reminded=reminded,
        raised_as=UUID(raised_as).bytes if raised_as else None,
        version=value["definition"],
        payload=(message.value or b"").decode(),
        recover_until=read_time(value["recover_until"]),
    )
