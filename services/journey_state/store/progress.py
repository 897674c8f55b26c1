"""Offsets, heartbeats, gaps and the watermark: how far the worker has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from services.journey_state.store.pool import Connection
from services.journey_state.store.releases import read_released
from services.journey_state.watermark import Beat, Gap, Heard


class FenceLostError(Exception):
    """Another worker has moved a partition's offset: roll back, read again, seek."""


async def begin_offsets(connection: Connection, topic: str, partitions: Sequence[int]) -> None:
    """After this each partition has a row; a new one starts at offset 0."""
    await connection.execute(
        """
        INSERT INTO consumer_offsets (topic, partition, next_offset, erasures)
        SELECT $1, partition, 0, EXISTS (SELECT 1 FROM erasures)
        FROM unnest($2::int[]) AS partition
        ON CONFLICT DO NOTHING
        """,
        topic,
        partitions,
    )


class Stand(NamedTuple):
    """The offset that a partition goes on from, and whether its brake is on."""

    next_offset: int
    braked: bool


async def read_offsets(
    connection: Connection, topic: str, partitions: Sequence[int]
) -> dict[int, Stand]:
    """Where each partition stands."""
    rows = await connection.fetch(
        """
        SELECT partition, next_offset, braked_at IS NOT NULL FROM consumer_offsets
        WHERE topic = $1 AND partition = ANY($2::int[])
        """,
        topic,
        partitions,
    )
    return {row[0]: Stand(row[1], row[2]) for row in rows}


class Move(NamedTuple):
    """One partition's step in a batch: from `lo` to `hi`, and how its records went.

    `marks`: one per record but heartbeats (brake.GOOD or FAILED).
    """

    lo: int
    hi: int
    log_time: int
    marks: str


async def read_marks(
    connection: Connection, topic: str, partitions: Sequence[int]
) -> dict[int, str]:
    """How the recent records of each partition went, the newest last."""
    rows = await connection.fetch(
        """
        SELECT partition, coalesce(marks, '') FROM consumer_offsets
        WHERE topic = $1 AND partition = ANY($2::int[]) ORDER BY partition FOR UPDATE
        """,
        topic,
        partitions,
    )
    return {row[0]: row[1] for row in rows}


class Moved(NamedTuple):
    """What stood before the batch."""

    heard: dict[int, int | None]  # time of each partition's newest heartbeat
    watermark: int | None
    erasures: bool  # someone was erased: what comes may be forbidden
    cut: int | None  # what occurred before is too late


async def move_offsets(
    connection: Connection, topic: str, moves: Mapping[int, Move], *, window: int
) -> Moved:
    """Move each partition from `lo` to `hi`.

    Marks are kept of the newest `window` records, while one of them failed. Raises FenceLostError
    when any partition does not stand at its `lo`.
    """
    partitions = sorted(moves)
    rows = await connection.fetch(
        """
        UPDATE consumer_offsets AS o
        SET next_offset = m.hi, log_time = greatest(o.log_time, m.log_time),
          marks = CASE WHEN position('1' IN m.marks) > 0
              OR position('1' IN right(o.marks, greatest($7 - length(m.marks), 0))) > 0
            THEN right(coalesce(o.marks, '') || m.marks, $7) END
        FROM unnest($2::int[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::text[])
          AS m (partition, lo, hi, log_time, marks)
        WHERE o.topic = $1 AND o.partition = m.partition AND o.next_offset = m.lo
          AND o.stopped IS NULL
        RETURNING o.partition, o.heartbeat_at, (SELECT at FROM watermark), o.erasures,
          (SELECT declared_at FROM timeline_cut)
        """,
        topic,
        partitions,
        [moves[p].lo for p in partitions],
        [moves[p].hi for p in partitions],
        [moves[p].log_time for p in partitions],
        [moves[p].marks for p in partitions],
        window,
    )
    if len(rows) != len(partitions):
        raise FenceLostError
    heard = {row[0]: row[1] for row in rows}
    return Moved(heard, rows[0][2], any(row[3] for row in rows), rows[0][4])


async def note_stop(connection: Connection, topic: str, partition: int, reason: str | None) -> None:
    """Keep why a partition stands still, for people to see; None: it goes on, brake apart."""
    await connection.execute(
        """
        UPDATE consumer_offsets SET stopped = $3
        WHERE topic = $1 AND partition = $2 AND stopped IS DISTINCT FROM $3 AND braked_at IS NULL
        """,
        topic,
        partition,
        reason,
    )


async def put_brake_on(connection: Connection, topic: str, reasons: Mapping[int, str]) -> None:
    """These partitions stand still until an operator lets them go on."""
    await connection.execute(
        """
        UPDATE consumer_offsets AS o SET stopped = b.reason, braked_at = now()
        FROM unnest($2::int[], $3::text[]) AS b (partition, reason)
        WHERE o.topic = $1 AND o.partition = b.partition
        """,
        topic,
        list(reasons),
        list(reasons.values()),
    )


async def let_go_on(
    connection: Connection, topic: str, partition: int
) -> tuple[int, str | None] | None:
    """The partition goes on, its failures forgotten; gives (next offset, why it had stopped).

    None: the partition is not known.
    """
    row = await connection.fetchrow(
        """
        UPDATE consumer_offsets AS o SET stopped = NULL, braked_at = NULL, marks = NULL
        FROM (SELECT partition, stopped FROM consumer_offsets
          WHERE topic = $1 AND partition = $2 FOR UPDATE) AS before
        WHERE o.topic = $1 AND o.partition = before.partition
        RETURNING o.next_offset, before.stopped
        """,
        topic,
        partition,
    )
    return None if row is None else (row[0], row[1])


async def save_beats(connection: Connection, topic: str, beats: Sequence[Beat]) -> None:
    """Keep the newest heartbeat of each (partition, instance)."""
    await connection.execute(
        """
        INSERT INTO heartbeats AS h
          (partition, instance, low_watermark, append_time, record_offset, spool, phase)
        SELECT * FROM unnest($1::int[], $2::text[], $3::timestamptz[], $4::timestamptz[],
          $5::bigint[], $6::text[], $7::text[])
        ON CONFLICT (partition, instance) DO UPDATE
        SET low_watermark = excluded.low_watermark,
          append_time = excluded.append_time, record_offset = excluded.record_offset,
          spool = excluded.spool, phase = excluded.phase
        WHERE h.record_offset < excluded.record_offset
        """,
        [b.partition for b in beats],
        [b.instance for b in beats],
        [b.low_watermark for b in beats],
        [b.append_time for b in beats],
        [b.offset for b in beats],
        [b.spool for b in beats],
        [b.phase for b in beats],
    )
    newest: dict[int, int] = {}
    for beat in beats:
        newest[beat.partition] = max(beat.append_time, newest.get(beat.partition, 0))
    await connection.execute(
        """
        UPDATE consumer_offsets AS o SET heartbeat_at = greatest(o.heartbeat_at, n.at)
        FROM unnest($2::int[], $3::timestamptz[]) AS n (partition, at)
        WHERE o.topic = $1 AND o.partition = n.partition
        """,
        topic,
        list(newest),
        list(newest.values()),
    )


async def add_gaps(connection: Connection, gaps: Sequence[Gap]) -> None:
    """Record times without a heartbeat of any instance."""
    await connection.executemany(
        """
        INSERT INTO ingest_gaps (partition, from_at, to_at) VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING
        """,
        [(gap.partition, gap.start, gap.end) for gap in gaps],
    )


async def read_heard(connection: Connection, topic: str) -> Heard:
    """What W is computed from, as of the offsets committed when this was called, or later.

    The order of the statements matters while others commit: log times first, so that a beat never
    looks older than it is, and releases last, so that whoever said hello again is not left out.
    """
    marks = await connection.fetch(
        "SELECT partition, log_time, stopped IS NOT NULL FROM consumer_offsets WHERE topic = $1",
        topic,
    )
    beats = await connection.fetch(
        """
        SELECT partition, instance, low_watermark, append_time, record_offset AS "offset",
          spool, phase
        FROM heartbeats
        """
    )
    return Heard(
        beats=[Beat(**row) for row in beats],
        log_times={row[0]: row[1] for row in marks if row[1] is not None},
        released=await read_released(connection),
        stopped={row[0] for row in marks if row[2]},
    )


async def read_gaps(connection: Connection) -> list[Gap]:
    """Every recorded gap."""
    rows = await connection.fetch(
        "SELECT partition, from_at, to_at FROM ingest_gaps ORDER BY from_at"
    )
    return [Gap(*row) for row in rows]


async def forget_instances(connection: Connection, topic: str) -> None:
    """Heartbeats of instances that count no more are gone after a day.

    Those are the ones that said goodbye, and the ones without a spool that fell silent.
    """
    await connection.execute(
        """
        DELETE FROM heartbeats AS h USING consumer_offsets AS o
        WHERE o.topic = $1 AND o.partition = h.partition
          AND (h.phase = 'goodbye' OR h.spool = 'none')
          AND h.append_time < o.log_time - interval '1 day'
        """,
        topic,
    )


async def read_watermark(connection: Connection) -> int | None:
    """W, in microseconds; None before the first."""
    at: int | None = await connection.fetchval("SELECT at FROM watermark")
    return at


async def raise_watermark(connection: Connection, at: int) -> None:
    """W is at least `at` after this; it never decreases."""
    await connection.execute(
        "UPDATE watermark SET at = greatest(at, $1) WHERE at IS NULL OR at < $1", at
    )


async def note_watermark(connection: Connection) -> None:
    """What W is now is known later on, until the timeline is cut behind it.

    Once a minute is enough: within it more notes change nothing.
    """
    await connection.execute(
        """
        INSERT INTO watermark_history (recorded_at, at)
        SELECT now(), at FROM watermark WHERE at IS NOT NULL AND NOT EXISTS (
          SELECT 1 FROM watermark_history WHERE recorded_at > now() - interval '55 seconds')
        ON CONFLICT DO NOTHING
        """
    )
    await connection.execute(
        "DELETE FROM watermark_history "
        "WHERE recorded_at < (SELECT reached_at FROM timeline_cut WHERE id = 1)"
    )


class Backlog(NamedTuple):
    """What waits: messages, records set aside, and the oldest of what is due. Ages in seconds."""

    outbox_pending: int
    outbox_oldest_seconds: float
    dead_letters_open: int
    deadline_lateness_seconds: float


async def read_backlog(connection: Connection) -> Backlog:
    """What waits now. The outbox is short while the relay keeps up, and counting it cheap."""
    row = await connection.fetchrow(
        """
        SELECT o.pending, coalesce(extract(epoch FROM now() - o.oldest), 0)::float8, d.open,
          coalesce(extract(epoch FROM w.at - t.wake_at), 0)::float8
        FROM (SELECT count(*) AS pending, min(created_at) AS oldest FROM outbox) o,
          (SELECT count(*) AS open FROM dead_letters WHERE status = 'open') d,
          watermark w LEFT JOIN LATERAL
            (SELECT min(wake_at) AS wake_at FROM timers WHERE wake_at <= w.at) t ON true
        """
    )
    return Backlog(*row)


async def count_stages(connection: Connection) -> dict[str, int]:
    """Customers per stage: those who entered it less those who left it, in one pass."""
    rows = await connection.fetch(
        """
        SELECT stage, sum(n)::bigint FROM (
          SELECT stage, count(*) AS n FROM stage_history WHERE superseded_at IS NULL GROUP BY 1
          UNION ALL
          SELECT previous, -count(*) FROM stage_history WHERE superseded_at IS NULL GROUP BY 1
        ) moves GROUP BY 1
        """
    )
    return {row[0]: row[1] for row in rows}
