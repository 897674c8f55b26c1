"""Signals to come: the episodes of customers whose timer runs, and what holds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.contracts.times import format_time
from services.journey_state import progress_queries, queries
from services.journey_state.api import cursor, profile
from services.journey_state.api.asking import WATERMARK_BEHIND_US, Asking, find_customer
from services.journey_state.api.filtering import check_rule
from services.journey_state.api.models import Deadline, HeldBy, Page
from services.journey_state.customer import decode_state
from services.journey_state.database import Connection
from services.journey_state.episodes import Episode, signal_id
from services.journey_state.permission import refusal
from services.journey_state.queries import WaitingRow
from services.journey_state.watermark import Gap, hold_for_gaps

CUSTOMERS_PER_READ = 200
READS_MAX = 25  # a page may come out short, with a cursor, when its rule is rare

# (wake time, customer, due, id): the customer's timer and the episode within
Place = tuple[int, UUID, int, str]


@dataclass(frozen=True, slots=True)
class Holding:
    """What may keep a deadline from firing at its time."""

    watermark: int | None
    now: int
    gaps: Sequence[Gap]
    grace_us: int
    recovery_us: int

    def of(self, episode: Episode) -> tuple[int, HeldBy | None]:
        """The W at which the episode fires, and what holds it."""
        plain = max(episode.due, episode.last_received_at) + self.grace_us
        fires_at = hold_for_gaps(episode.last_at, plain, self.gaps, self.recovery_us)
        if fires_at > plain:
            return fires_at, "gap"
        if self.watermark is None or self.now - self.watermark > WATERMARK_BEHIND_US:
            return fires_at, "watermark"
        return fires_at, None


async def read_deadlines(
    ask: Asking, *, rule: str | None, customer: str | None, after: str | None, limit: int
) -> Page[Deadline]:
    """A page of deadlines."""
    start: Place | None = cursor.decode(after, tuple[cursor.Time, UUID, int, str])
    async with ask.database.reading() as connection:
        await check_rule(connection, ask, rule)
        holding = await _holding(connection, ask)
        if customer is not None:
            found = await find_customer(connection, customer)
            rows = [WaitingRow(0, found.customer_id, found.state)]
            scan = await _scan(connection, rows, rule)
            scan = [(place, e) for place, e in scan if start is None or place > start]
            rest: Place | None = None
        else:
            scan, rest = await _walk(connection, rule=rule, start=start, enough=limit + 1)
    items = [_deadline(place, episode, holding) for place, episode in scan[:limit]]
    last = scan[limit - 1][0] if len(scan) > limit else rest
    return Page(items=items, next=cursor.encode(last) if last else None)


async def _holding(connection: Connection, ask: Asking) -> Holding:
    return Holding(
        watermark=await progress_queries.watermark_at(connection),
        now=ask.clock(),
        gaps=await progress_queries.gaps(connection),
        grace_us=ask.grace_us,
        recovery_us=ask.recovery_us,
    )


async def _walk(
    connection: Connection, *, rule: str | None, start: Place | None, enough: int
) -> tuple[list[tuple[Place, Episode]], Place | None]:
    """Deadlines behind `start`, and where to go on when the walk ended before the timers did."""
    found: list[tuple[Place, Episode]] = []
    place = start
    for _ in range(READS_MAX):
        from_ = None if place is None else place[:2]
        rows = await queries.waiting_customers(connection, from_=from_, limit=CUSTOMERS_PER_READ)
        scanned = await _scan(connection, rows, rule)
        found.extend(item for item in scanned if place is None or item[0] > place)
        if len(rows) < CUSTOMERS_PER_READ:
            return found, None
        place = _behind(rows[-1])
        if len(found) >= enough:
            break
    return found, place


def _behind(row: WaitingRow) -> Place:
    """The place behind every episode of this customer."""
    return (row.wake_at, row.customer_id, 1 << 62, "")


async def _scan(
    connection: Connection, rows: Sequence[WaitingRow], rule: str | None
) -> list[tuple[Place, Episode]]:
    """The pending episodes of these customers, each customer's in the order of due."""
    states = [(row, decode_state(row.state)) for row in rows]
    ids = {UUID(signal_id(e)) for _, state in states for e in state.episodes}
    known = await queries.signals_known(connection, ids)
    return sorted(
        (
            ((row.wake_at, row.customer_id, episode.due, signal_id(episode)), episode)
            for row, state in states
            for episode in profile.pending_episodes(state, known)
            if (rule is None or episode.rule == rule) and refusal(state, episode) is None
        ),
        key=lambda item: item[0],
    )


def deadline_id(customer_id: UUID, deadline: str) -> str:
    """The id of a deadline: whose it is, and the signal that it would make."""
    return f"{customer_id}.{deadline}"


def _deadline(place: Place, episode: Episode, holding: Holding) -> Deadline:
    fires_at, held_by = holding.of(episode)
    return Deadline(
        id=deadline_id(place[1], place[3]),
        signal_id=place[3],
        rule=episode.rule,
        scope=episode.scope,
        customer_id=str(place[1]),
        last_activity_at=format_time(episode.last_at),
        due_at=format_time(episode.due),
        fires_not_before=format_time(fires_at),
        held_by=held_by,
    )
