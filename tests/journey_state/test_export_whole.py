"""An export shows whatever an erasure of the same person would remove (semantics 8.3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import msgspec
import pytest_asyncio

from services.contracts.times import SECOND_US, format_time, from_datetime
from services.journey_state.keys import message_key
from tests.journey_state.applying import Applying, applying
from tests.journey_state.asking import get, serving
from tests.journey_state.lives import AFTER, ANN, NAMED_ONLY, Life
from tests.journey_state.running import START_US

# Where the rows of a table stand in the document.
SECTIONS = {
    "cancelled_deadlines": ("cancelled_deadlines",),
    "checkpoints": ("checkpoints",),
    "conflicts": ("conflicts",),
    "customers": ("customers",),
    "dead_letters": ("dead_letters",),
    "identifier_links": ("identifier_links",),
    "identifiers": ("identifiers",),
    "operator_links": ("operator_links",),
    "outbox": ("queued_messages", "returning_dead_letters"),
    "ownership_periods": ("ownership",),
    "signals": ("signals",),
    "stage_history": ("stage_history",),
    "timers": ("timers",),
}
LEFT_OUT = {
    "cancelled_deadlines.cancellation_key": "hash of rule, scope, source and message id, shown",
    "cancelled_deadlines.message_key": "hash of source and message id, shown",
    "checkpoints.identifier_key": "hash of the first of its identifiers, shown in its past",
    "checkpoints.body": "shown as `past`, by the names of its fields",
    "conflicts.identifier_key": "hash of kind and value, shown",
    "customers.definition_id": "our number of the definition, whose version is shown",
    "customers.state": "shown by the names of its fields",
    "dead_letters.dead_letter_id": "our number",
    "dead_letters.heartbeat": "says what kind of record it was: theirs are none",
    "identifier_links.identifier_key": "hash of kind and value, shown",
    "identifier_links.linked_key": "the same, but of others' only the kind is shown",
    "identifiers.identifier_key": "hash of kind and value, shown",
    "identifiers.customer_id": "the person's id, shown",
    "operator_links.link_id": "our number",
    "operator_links.a_key": "hash of kind and value, shown",
    "operator_links.b_key": "hash of kind and value, shown",
    "outbox.outbox_id": "our number",
    "outbox.shard": "made of the customer id",
    "outbox.topic": "follows from `ce_type`",
    "ownership_periods.identifier_key": "hash of kind and value, shown",
    "signals.definition_id": "our number of the definition, whose version is shown",
    "signals.written_by": "our number of a transaction",
    "stage_history.written_by": "our number of a transaction",
    "stage_history.history_id": "our number",
    "stage_history.historical": "what its touchpoint, shown, says of itself",
    "stage_history.definition_id": "our number of the definition, whose version is shown",
}
# Tables without a primary key.
KEYS = {"timeline": ["identifier_key", "occurred_at", "message_id", "source"]}
# Of a message that goes back to its topic these say nothing.
LEFT_OUT_OF_RETURNING = {"customer_id", "version", "ce_type", "value"}


@pytest_asyncio.fixture
async def worker(database_url: str) -> AsyncIterator[Applying]:
    async with applying(database_url) as worker:
        yield worker


@pytest_asyncio.fixture
async def client(database_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    now = START_US + int((AFTER + 100) * SECOND_US)
    async with serving(database_url, clock=lambda: now) as client:
        yield client


Row = dict[str, Any]
Rows = dict[str, dict[tuple[Any, ...], Row]]

_KEYS = """
    SELECT c.relname, array_agg(a.attname::text) FROM pg_class AS c
    JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey)
    WHERE c.relnamespace = 'public'::regnamespace GROUP BY 1
"""


async def rows_of_tables(url: str) -> Rows:
    """Every row of every table by its key."""
    connection = await asyncpg.connect(url)
    try:
        keys = {**dict(await connection.fetch(_KEYS)), **KEYS}
        return {
            table: {
                tuple(row[name] for name in names): dict(row)
                for row in await connection.fetch(f'SELECT * FROM "{table}"')
            }
            for table, names in keys.items()
        }
    finally:
        await connection.close()


def shown(value: Any) -> Any:
    """The value as the document has it."""
    match value:
        case datetime():
            return format_time(from_datetime(value))
        case UUID():
            return str(value)
        case bytes():
            try:
                return msgspec.json.decode(value)
            except ValueError:
                return value.decode(errors="replace")
    return value


def is_shown(table: str, row: Row, held: dict[str, Any]) -> bool:
    """Whether an entry of the document says all that the row does."""
    wanted = {name: shown(v) for name, v in row.items() if f"{table}.{name}" not in LEFT_OUT}
    if table == "signals":
        wanted["payload"] = msgspec.json.decode(wanted["payload"])
    if table == "outbox" and wanted["ce_type"] == "record":
        wanted = {k: v for k, v in wanted.items() if k not in LEFT_OUT_OF_RETURNING}
    entries = [entry for section in SECTIONS[table] for entry in held[section]]
    return any(all(one.get(k, ...) == v for k, v in wanted.items()) for one in entries)


def touchpoints_of(held: dict[str, Any]) -> dict[tuple[str, str], Any]:
    return {(one["source"], one["message_id"]): one for one in held["touchpoints"]}


async def test_whatever_an_erasure_removes_is_shown_by_an_export(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    life = Life(worker, client)
    await life.lived()
    held = await get(client, "/v1/customers/user_id:ann-4711/export")
    before = await rows_of_tables(worker.url)
    assert (await client.delete("/v1/customers/user_id:ann-4711")).status_code == 200
    after = await rows_of_tables(worker.url)
    gone = {
        table: [row for key, row in rows.items() if key not in after[table]]
        for table, rows in before.items()
    }
    assert {table for table, rows in gone.items() if rows} == {*SECTIONS, "dedupe", "timeline"}

    theirs = {UUID(held["customer_id"]), *map(UUID, held["merged_ids"]), UUID(int=0), None}
    for table in SECTIONS:
        # What was believed of others while they were one with her is told of them.
        rows = [row for row in gone[table] if row.get("customer_id") in theirs]
        assert [row for row in rows if not is_shown(table, row, held)] == []
        assert rows

    records = touchpoints_of(held)
    for row in gone["timeline"]:
        assert records[row["source"], row["message_id"]] == msgspec.json.decode(row["body"])
    late = {(one["source"], one["message_id"]) for one in held["too_late"]}
    assert late == {(r["source"], r["message_id"]) for r in gone["timeline"] if r["too_late"]}
    keys = {UUID(bytes=message_key(*one)) for one in records}
    keys |= {UUID(one["message_key"]) for one in held["remembered_messages"]}
    remembered = {row["message_key"] for row in before["dedupe"].values()}
    assert {row["message_key"] for row in gone["dedupe"]} == keys & remembered


async def test_an_export_tells_nothing_of_others(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    """Bob's part of a shared tablet, Carl with whom she was one, Dora who was refused."""
    life = Life(worker, client)
    await life.lived()
    held = await get(client, "/v1/customers/user_id:ann-4711/export")
    messages = {one["message_id"] for one in held["touchpoints"]}
    assert messages <= {message_id for _, message_id in life.messages}
    for other in ("bob", "dora", "Dora"):
        assert f'"{other}"' not in msgspec.json.encode(held).decode()
    links = [one for one in held["operator_links"] if "carl" in one.values()]
    assert len(links) == 1  # which an operator made of hers
    named = {one["value"] for one in held["identifiers"]}
    assert named == {*ANN.values(), NAMED_ONLY, "telegram-of-ann"}
