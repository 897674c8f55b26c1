"""Builders of rows as the worker writes them, for tests of what reads them."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts import touchpoint
from services.contracts.times import SECOND_US, format_time, read_time, to_datetime
from services.journey_state import tables
from services.journey_state.customer import CustomerState, OwnedIdentifier, encode_state
from services.journey_state.episodes import Episode
from services.journey_state.event import read_touchpoint
from services.journey_state.journey import Journey
from services.journey_state.keys import identifier_key

NOON = read_time("2026-11-21T12:00:00+00:00")
MINUTE = 60 * SECOND_US


def key_of(kind: str, value: str) -> UUID:
    return UUID(bytes=identifier_key(kind, value))


def episode(rule: str = "cart", *, at: int = NOON, after_minutes: int = 30, **more: Any) -> Episode:
    values: dict[str, Any] = {
        "scope": "",
        "opened_at": at,
        "due": at + after_minutes * MINUTE,
        "last_at": at,
        "last_received_at": at,
        "last_source": "web-shop",
        "last_message_id": "m1",
    }
    return Episode(rule=rule, **(values | more))


class Rows:
    """Writes rows into one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def add(self, table: Table, **values: Any) -> Any:
        """One row; gives its primary key."""
        async with self.engine.begin() as connection:
            result = await connection.execute(table.insert().values(**values))
            return result.inserted_primary_key

    async def definition(self, text: str = "journey: shop\n", version: str = "v1") -> int:
        key = await self.add(tables.definitions, version=version, journey="shop", text=text)
        definition_id: int = key[0]
        return definition_id

    async def customer(
        self,
        *identifiers: tuple[str, str],
        journey: Journey | None = None,
        definition_id: int = 1,
        merged_into: UUID | None = None,
    ) -> UUID:
        customer_id = uuid4()
        state = CustomerState(
            made=(NOON, "m1", "web-shop"),
            identifiers=[OwnedIdentifier(kind, value, NOON) for kind, value in identifiers],
            journey=journey or Journey(),
        )
        await self.add(
            tables.customers,
            customer_id=customer_id,
            definition_id=definition_id,
            state=encode_state(state),
            merged_into=merged_into,
        )
        for kind, value in identifiers:
            await self.add(
                tables.identifiers,
                identifier_key=key_of(kind, value),
                kind=kind,
                value=value,
                customer_id=customer_id,
                since=to_datetime(NOON),
            )
        return customer_id

    async def touchpoint(
        self, primary: tuple[str, str], *, minute: int, event: str = "page", message_id: str = ""
    ) -> touchpoint.Touchpoint:
        at = NOON + minute * MINUTE
        record = touchpoint.Touchpoint(
            message_id=message_id or f"m{minute}",
            source="web-shop",
            channel="website",
            type="track",
            event=event,
            occurred_at=format_time(at),
            received_at=format_time(at),
            identifiers={primary[0]: primary[1]},
        )
        body = touchpoint.encode(record)
        fact = read_touchpoint(body).fact
        # Of every other one the record itself is read, as of those from before there were facets.
        kept = {"facets": fact.facets, "campaign": fact.campaign} if at // MINUTE % 2 else {}
        await self.add(
            tables.timeline,
            identifier_key=key_of(*primary),
            occurred_at=to_datetime(at),
            message_id=record.message_id,
            source=record.source,
            received_at=to_datetime(at),
            channel=record.channel,
            event=event,
            body=body,
            **kept,
        )
        return record

    async def entered(
        self, customer_id: UUID, stage: str, *, minute: int, previous: str = "none", **more: Any
    ) -> None:
        values: dict[str, Any] = {
            "entered_at": to_datetime(NOON + minute * MINUTE),
            "direction": "first" if previous == "none" else "forward",
            "rule": f"{stage}[0]",
            "message_id": f"m{minute}",
            "event": "page",
            "channel": "website",
            "source": "web-shop",
            "cause_kind": "touchpoint",
            "definition_id": 1,
        }
        await self.add(
            tables.stage_history,
            customer_id=customer_id,
            previous=previous,
            stage=stage,
            **(values | more),
        )

    async def signal(self, customer_id: UUID, *, minute: int = 0, **more: Any) -> UUID:
        signal_id: UUID = more.pop("signal_id", None) or uuid4()
        values: dict[str, Any] = {
            "rule": "cart",
            "scope": "",
            "due_at": to_datetime(NOON + minute * MINUTE),
            "state": "raised",
            "published": True,
            "suppressed": None,
            "revision": 1,
            "raised_at": to_datetime(NOON + (minute + 1) * MINUTE),
            "definition_id": 1,
            "payload": {"value": "99.90", "currency": "EUR", "stage": "consideration"},
        }
        await self.add(
            tables.signals, signal_id=signal_id, customer_id=customer_id, **(values | more)
        )
        return signal_id

    async def timer(self, customer_id: UUID, *, minute: int) -> None:
        wake_at = to_datetime(NOON + minute * MINUTE)
        await self.add(tables.timers, customer_id=customer_id, wake_at=wake_at)

    async def watermark(self, at: int) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(tables.watermark.delete())
        await self.add(tables.watermark, id=1, at=to_datetime(at))

    async def beat(
        self, instance: str, *, partition: int = 0, low: int = NOON, **more: Any
    ) -> None:
        values: dict[str, Any] = {
            "append_time": to_datetime(low),
            "record_offset": 1,
            "spool": "none",
            "phase": "beat",
        }
        await self.add(
            tables.heartbeats,
            partition=partition,
            instance=instance,
            low_watermark=to_datetime(low),
            **(values | more),
        )
