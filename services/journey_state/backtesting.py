"""A backtest over the stored timelines: what it needs of the database, and one share of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec

from services.journey_state.backtest import Backtest, Bounds
from services.journey_state.backtest_tally import Tally
from services.journey_state.customer import decode_state
from services.journey_state.definition import load
from services.journey_state.holdings import load_holdings
from services.journey_state.store import cancelled, cuts, definitions, progress, walk
from services.journey_state.store.pool import Connection, snapshot_of
from services.journey_state.stored_past import load_pasts
from services.journey_state.watermark import Gap, hold_for_gaps

RANGE_CUSTOMERS = 200  # whose touchpoints are in memory at once

Range = tuple[bytes, bytes | None]  # customer ids from the first on, before the second


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """All that a process needs to do its share. Times are microseconds."""

    url: str
    snapshot: str
    definition_id: int
    journey: str
    version: str
    current: str  # YAML, as all definitions here
    proposed: str
    since: int
    watermark: int | None  # None: nothing was judged yet
    grace_us: int
    recovery_us: int
    gaps: list[Gap]
    cancelled: list[str]
    ranges: list[Range]


class NothingInForceError(Exception):
    """The database has no definition in force, so there is nothing to compare with."""


async def prepare(
    connection: Connection,
    url: str,
    proposed: str,
    *,
    span_us: int,
    grace_us: int,
    recovery_us: int,
) -> Job:
    """The whole job, on the snapshot of this connection, which must stay open meanwhile.

    Looked at is what lies at most `span_us` before the watermark. Raises NothingInForceError.
    """
    found = await definitions.newest_definition(connection)
    if found is None:
        raise NothingInForceError
    watermark = await progress.read_watermark(connection)
    starts = await walk.range_starts(connection, RANGE_CUSTOMERS)
    return Job(
        url=url,
        snapshot=await walk.export_snapshot(connection),
        definition_id=found.definition_id,
        journey=found.journey,
        version=found.version,
        current=found.text,
        proposed=proposed,
        since=(watermark or 0) - span_us,
        watermark=watermark,
        grace_us=grace_us,
        recovery_us=recovery_us,
        gaps=await progress.read_gaps(connection),
        cancelled=[key.hex() for key in await cancelled.all_cancelled(connection)],
        ranges=list(zip(starts, [*starts[1:], None], strict=True)),
    )


async def do_share(job: Job, done: Callable[[int], None]) -> Tally:
    """The tally of the job's ranges; `done` is told how many customers each of them had.

    Raises one of `TRANSIENT`.
    """
    current = load(job.current, file="definition in force")
    work = Backtest(current, load(job.proposed, file="proposed definition"), _bounds(job))
    async with snapshot_of(job.url, job.snapshot) as connection:
        for first, end in job.ranges:
            done(await _take_range(connection, work, job.definition_id, first, end))
    return work.finish()


async def _take_range(
    connection: Connection, work: Backtest, definition_id: int, first: bytes, end: bytes | None
) -> int:
    kept = await walk.customers_between(connection, first, end)
    ids = [one.customer_id for one in kept]
    cut = await cuts.read_cut(connection)
    holdings = await load_holdings(connection, ids)
    pasts = await load_pasts(connection, holdings, ids, cut.reached_at)
    for one in kept:
        # What is still under an earlier definition is about to be computed again.
        is_current = one.definition_id == definition_id
        stored = decode_state(one.state).journey if is_current else None
        name = str(UUID(bytes=one.customer_id))
        past = pasts.pop(one.customer_id)
        work.take(name, past.touchpoints, stored, past.start)
    return len(kept)


def _bounds(job: Job) -> Bounds:
    def hold(last_activity: int, fires_at: int) -> int:
        return hold_for_gaps(last_activity, fires_at, job.gaps, job.recovery_us)

    watermark = 0 if job.watermark is None else job.watermark
    return Bounds(job.since, watermark, job.grace_us, hold, job.cancelled)


def shares_of(ranges: Sequence[Range], processes: int) -> list[list[Range]]:
    """The ranges dealt out evenly; none is empty."""
    return [list(ranges[n::processes]) for n in range(min(processes, len(ranges)))]
