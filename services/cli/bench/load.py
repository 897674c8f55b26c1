"""A closed loop of HTTP requests in a process of its own: `python -m ...bench.load JSON`."""

from __future__ import annotations

import asyncio
import sys
import time

import msgspec
import uvloop

from services.cli.bench.bodies import Requests
from services.cli.bench.client import Client
from services.cli.bench.figures import percentile
from services.cli.bench.stack import output_of

MODULE = "services.cli.bench.load"
TEMPLATE_EVENTS = 6_400


class Load(msgspec.Struct, frozen=True):
    """What to send where."""

    host: str
    port: int
    write_key: str
    events_per_request: int
    connections: int
    customers: int
    seconds: float


class Outcome(msgspec.Struct, frozen=True):
    """What came of it. `accepted` counts events; times are in seconds."""

    accepted: int
    refused_requests: int
    seconds: float
    latency_p50: float
    latency_p99: float
    cpu_seconds: float


async def sent(load: Load) -> Outcome:
    """The outcome of a load that another process makes."""
    said = await output_of(MODULE, msgspec.json.encode(load).decode())
    return msgspec.json.decode(said, type=Outcome)


async def send(load: Load) -> Outcome:
    """Sends until the time is over and everything is answered."""
    requests = Requests(
        f"{load.host}:{load.port}",
        load.write_key,
        load.events_per_request,
        customers=load.customers,
        templates=max(1, TEMPLATE_EVENTS // load.events_per_request),
    )
    client = Client(iter(requests))
    await client.connect(load.host, load.port, load.connections)
    cpu = time.process_time()
    seconds = await client.closed_loop(load.seconds)
    cpu = time.process_time() - cpu
    client.close()
    latencies = sorted(client.latencies) or [0.0]
    return Outcome(
        accepted=len(client.latencies) * load.events_per_request,
        refused_requests=client.refused,
        seconds=seconds,
        latency_p50=percentile(latencies, 0.5),
        latency_p99=percentile(latencies, 0.99),
        cpu_seconds=cpu,
    )


def main() -> None:
    """Reads the load from the command line, prints the outcome."""
    load = msgspec.json.decode(sys.argv[1], type=Load)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        outcome = runner.run(send(load))
    sys.stdout.write(msgspec.json.encode(outcome).decode())


if __name__ == "__main__":
    main()
