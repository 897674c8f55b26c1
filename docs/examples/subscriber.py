"""A subscriber of an output topic that does everything once: copy it and change `Ledger.apply`.

    python docs/examples/subscriber.py 127.0.0.1:9092 milepost.stage-changes.v1 ledger.sqlite

Milepost delivers at least once, in order per customer, and numbers what it sends: `version` grows
for each customer and topic. So a record whose version is not greater than the last one is a repeat.
The effect and the version are kept in one transaction; a crash between them cannot part them.
"""

# ruff: noqa: INP001, T201 - a script to copy, which prints

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer

_TABLES = """
CREATE TABLE IF NOT EXISTS versions (
  topic TEXT, customer_id TEXT, version INTEGER NOT NULL, PRIMARY KEY (topic, customer_id));
CREATE TABLE IF NOT EXISTS effects (topic TEXT, customer_id TEXT, ce_type TEXT, value TEXT);
"""


class Ledger:
    """What this subscriber knows and has done."""

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path)
        self._database.executescript(_TABLES)

    def take(self, topic: str, customer_id: str, ce_type: str, value: dict[str, Any]) -> bool:
        """Apply a record unless it is a repeat; whether it was applied."""
        with self._database:  # one transaction
            if value["version"] <= self._version(topic, customer_id):
                return False
            self.apply(topic, customer_id, ce_type, value)
            self._database.execute(
                "INSERT OR REPLACE INTO versions VALUES (?, ?, ?)",
                (topic, customer_id, value["version"]),
            )
            return True

    def apply(self, topic: str, customer_id: str, ce_type: str, value: dict[str, Any]) -> None:
        """The effect: your own work goes here, in this transaction."""
        self._database.execute(
            "INSERT INTO effects VALUES (?, ?, ?, ?)",
            (topic, customer_id, ce_type, json.dumps(value)),
        )

    def effects(self) -> list[tuple[str, str, dict[str, Any]]]:
        """What was done, in order: customer, type, value."""
        rows = self._database.execute("SELECT customer_id, ce_type, value FROM effects")
        return [(customer_id, ce_type, json.loads(value)) for customer_id, ce_type, value in rows]

    def close(self) -> None:
        self._database.close()

    def _version(self, topic: str, customer_id: str) -> int:
        row = self._database.execute(
            "SELECT version FROM versions WHERE topic = ? AND customer_id = ?", (topic, customer_id)
        ).fetchone()
        return 0 if row is None else int(row[0])


@asynccontextmanager
async def subscription(bootstrap: str, topic: str, group: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that starts with all that the topic holds and never commits by itself."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def follow(consumer: AIOKafkaConsumer, ledger: Ledger) -> AsyncIterator[bool]:
    """Takes record after record; of each, whether it was new. Ends never."""
    while True:
        for records in (await consumer.getmany(timeout_ms=500)).values():
            for record in records:
                if record.value is None:  # the customer is erased or merged away
                    continue
                headers = {name: value.decode() for name, value in record.headers}
                value = json.loads(record.value)
                customer_id = record.key.decode()
                yield ledger.take(record.topic, customer_id, headers["ce_type"], value)
        await consumer.commit()  # after the effect: a crash before this only repeats


async def main(bootstrap: str, topic: str, path: str) -> None:
    ledger = Ledger(path)
    async with subscription(bootstrap, topic, "milepost-example") as consumer:
        async for is_new in follow(consumer, ledger):
            print("applied" if is_new else "repeat")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
