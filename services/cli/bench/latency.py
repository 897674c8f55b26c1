"""From the request to the stage-changes topic, at half of what the whole stack can take."""

from __future__ import annotations

from services.cli.bench.client import Client
from services.cli.bench.figures import Result, figure, percentile
from services.cli.bench.open_loop import LOAD_SHARE, living, sorted_waits
from services.cli.bench.plan import Plan
from services.cli.bench.stack import Stack

P99_SECONDS_MUST = 1.0


async def measure_latency(stack: Stack, plan: Plan) -> Result:
    """Capacity first: a burst by all connections until the last event is processed. Then rounds
    of requests at half of that rate, each timed from when it was due."""
    async with (
        stack.fresh(plan.partitions) as settings,
        living(stack, settings, plan) as (lives, _, seen),
    ):
        rounds = []
        for _ in range(plan.rounds):
            rounds.append(await lives.round())
            await lives.drained()
    return _result(plan, lives.rate, rounds, seen.at)


def _result(plan: Plan, rate: float, rounds: list[Client], seen: dict[int, float]) -> Result:
    from_due = [sorted_waits(client.due_at, seen) for client in rounds]
    from_accepted = [sorted_waits(client.accepted_at, seen) for client in rounds]
    p99 = figure("p99, due -> topic", "ms", [percentile(w, 0.99) * 1000 for w in from_due])
    return Result(
        work="accepted -> on the stage-changes topic, half load",
        must=f"p99 < {P99_SECONDS_MUST:g} s",
        aim="p99 < 250 ms",
        met=p99.median < P99_SECONDS_MUST * 1000,
        figures=[
            p99,
            figure("p50, due -> topic", "ms", [percentile(w, 0.5) * 1000 for w in from_due]),
            figure(
                "p99, accepted -> topic", "ms", [percentile(w, 0.99) * 1000 for w in from_accepted]
            ),
            figure(
                "p50, accepted -> topic", "ms", [percentile(w, 0.5) * 1000 for w in from_accepted]
            ),
        ],
        notes=[
            f"capacity of the whole stack {rate / LOAD_SHARE:.0f} events/s;"
            f" sent {rate:.0f} a second, one per request",
            f"{sum(map(len, from_due))} stage changes timed in {plan.rounds} rounds",
        ],
    )
