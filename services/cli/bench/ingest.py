"""Ingest beside what it cannot be cheaper than: the bare server, and the bare producer."""

from __future__ import annotations

from statistics import median
from typing import NamedTuple

from services.cli.bench import serving
from services.cli.bench.cpu import cpu_seconds
from services.cli.bench.figures import Figure, Result, figure, ratio
from services.cli.bench.load import Load, Outcome, sent
from services.cli.bench.plan import Plan
from services.cli.bench.producer_loop import Loop, Sent, looped
from services.cli.bench.stack import Stack
from services.cli.bench.topic import TopicCount, counted
from services.cli.local.errors import LocalStackError
from services.cli.local.ports import LOOPBACK
from services.settings import Settings

BATCH_EVENTS = 100
SINGLE_RATIO_MUST = 3.0
BATCH_RATIO_MUST = 5.0
BATCH_P99_SECONDS_MUST = 0.250
WARM_SECONDS = 1.0


class Round(NamedTuple):
    """One load on one server. `cost`: CPU microseconds of the server per event."""

    outcome: Outcome
    cost: float


async def measure_single(stack: Stack, plan: Plan) -> Result:
    """One event per request, ingest and no-op by turns."""
    ours: list[Round] = []
    bare: list[Round] = []
    async with (
        stack.fresh(plan.partitions) as settings,
        serving.ingest(stack, settings, profile=plan.profile) as ingest,
        serving.noop(stack, settings) as noop,
        counted(settings.kafka) as count,
    ):
        for server in (ingest, noop):
            await _round(server, plan, 1, WARM_SECONDS)
        await count.grown()
        for _ in range(plan.rounds):
            ours.append(await _counted_round(ingest, plan, 1, count))
            bare.append(await _round(noop, plan, 1, plan.seconds))
    compared = ratio("CPU, ingest over no-op", [r.cost for r in ours], [r.cost for r in bare])
    return Result(
        work=f"1 event per request, acks=all, {plan.connections} connections",
        must=f"{SINGLE_RATIO_MUST:g}x the no-op's CPU",
        aim="2x",
        met=compared.median <= SINGLE_RATIO_MUST,
        figures=[compared, *_figures("ingest", ours), *_figures("no-op", bare)],
    )


async def measure_batch(stack: Stack, plan: Plan) -> Result:
    """A hundred events per request, and the loop of prebuilt batches, by turns."""
    ours: list[Round] = []
    bare: list[Sent] = []
    async with (
        stack.fresh(plan.partitions) as settings,
        stack.fresh(plan.partitions) as aside,
        serving.ingest(stack, settings, profile=plan.profile) as ingest,
        counted(settings.kafka) as count,
    ):
        await _round(ingest, plan, BATCH_EVENTS, WARM_SECONDS)
        await count.grown()
        for _ in range(plan.rounds):
            ours.append(await _counted_round(ingest, plan, BATCH_EVENTS, count))
            bare.append(await looped(_loop(aside, plan)))
    costs = [one.cpu_seconds * 1e6 / one.events for one in bare]
    compared = ratio("CPU, ingest over loop", [r.cost for r in ours], costs)
    ingest_figures = _figures("ingest", ours)
    p99 = [one.outcome.latency_p99 for one in ours]
    return Result(
        work=f"{BATCH_EVENTS} events per request, acks=all, {plan.connections} connections",
        must=f"{BATCH_RATIO_MUST:g}x the loop's CPU, p99 < {BATCH_P99_SECONDS_MUST * 1000:.0f} ms",
        aim="3x",
        met=compared.median <= BATCH_RATIO_MUST and median(p99) < BATCH_P99_SECONDS_MUST,
        figures=[
            compared,
            *ingest_figures,
            figure("CPU of loop", "us/event", costs),
            figure("events by loop", "1/s", [one.events / one.seconds for one in bare]),
        ],
    )


async def _counted_round(
    server: serving.Server, plan: Plan, events: int, count: TopicCount
) -> Round:
    done = await _round(server, plan, events, plan.seconds)
    await count.require(done.outcome.accepted)
    return done


async def _round(server: serving.Server, plan: Plan, events: int, seconds: float) -> Round:
    load = Load(
        host=LOOPBACK,
        port=server.port,
        write_key=server.write_key,
        events_per_request=events,
        connections=plan.connections,
        customers=plan.customers,
        seconds=seconds,
    )
    before = cpu_seconds(server.pid)
    outcome = await sent(load)
    used = cpu_seconds(server.pid) - before
    if outcome.refused_requests or not outcome.accepted:
        raise LocalStackError(f"{outcome.refused_requests} requests were not answered 200")
    return Round(outcome, used * 1e6 / outcome.accepted)


def _loop(settings: Settings, plan: Plan) -> Loop:
    return Loop(
        bootstrap=settings.kafka.bootstrap,
        topic=settings.kafka.topics.touchpoints,
        partitions=plan.partitions,
        customers=plan.customers,
        seconds=plan.seconds,
    )


def _figures(name: str, rounds: list[Round]) -> list[Figure]:
    outcomes = [one.outcome for one in rounds]
    return [
        figure(f"CPU of {name}", "us/event", [one.cost for one in rounds]),
        figure(f"events by {name}", "1/s", [one.accepted / one.seconds for one in outcomes]),
        figure(f"p50 of {name}", "ms", [one.latency_p50 * 1000 for one in outcomes]),
        figure(f"p99 of {name}", "ms", [one.latency_p99 * 1000 for one in outcomes]),
    ]
