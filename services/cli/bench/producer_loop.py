"""The least that a batch can cost in Python: prebuilt bytes into whole batches, no HTTP."""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from typing import Any

import msgspec
import uvloop
from aiokafka import AIOKafkaProducer

from services.cli.bench.filling import BATCH_BYTES_MAX
from services.cli.bench.stack import output_of
from services.cli.bench.traffic import sessions

MODULE = "services.cli.bench.producer_loop"
RECORDS = 20_000


class Loop(msgspec.Struct, frozen=True):
    """What to send where."""

    bootstrap: str
    topic: str
    partitions: int
    customers: int
    seconds: float


class Sent(msgspec.Struct, frozen=True):
    """Acknowledged events, and the CPU and wall seconds that they took."""

    events: int
    cpu_seconds: float
    seconds: float


async def looped(loop: Loop) -> Sent:
    """What came of a loop in another process."""
    said = await output_of(MODULE, msgspec.json.encode(loop).decode())
    return msgspec.json.decode(said, type=Sent)


async def run(loop: Loop) -> Sent:
    """Sends the same records over and over, `acks=all`, one batch per partition under way."""
    records: list[list[tuple[bytes | None, bytes]]] = [[] for _ in range(loop.partitions)]
    for wire in sessions(RECORDS, loop.customers, loop.partitions):
        records[wire.partition].append((wire.key, wire.value))
    producer = AIOKafkaProducer(
        bootstrap_servers=loop.bootstrap,
        acks="all",
        enable_idempotence=True,
        max_batch_size=BATCH_BYTES_MAX,
        max_request_size=4 << 20,
    )
    await producer.start()
    cpu, start, events = time.process_time(), time.monotonic(), 0
    endless = [itertools.cycle(part) for part in records]
    waiting: list[asyncio.Future[Any]] = []
    while time.monotonic() - start < loop.seconds:
        for partition, source in enumerate(endless):
            builder = producer.create_batch()
            for key, value in source:
                if builder.append(timestamp=None, key=key, value=value) is None:
                    break
                events += 1
            waiting.append(await producer.send_batch(builder, loop.topic, partition=partition))
        await asyncio.gather(*waiting)
        waiting.clear()
    sent = Sent(events, time.process_time() - cpu, time.monotonic() - start)
    await producer.stop()
    return sent


def main() -> None:
    """Reads the loop from the command line, prints what was sent."""
    loop = msgspec.json.decode(sys.argv[1], type=Loop)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sent = runner.run(run(loop))
    sys.stdout.write(msgspec.json.encode(sent).decode())


if __name__ == "__main__":
    main()
