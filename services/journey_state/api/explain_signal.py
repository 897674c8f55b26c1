"""What the explanation of a rule's signals needs to read, before and after the fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.contracts.times import read_time
from services.journey_state import past_queries, progress_queries
from services.journey_state.api.asking import Asking
from services.journey_state.api.problems import Problem
from services.journey_state.customer import CustomerState, decode_state
from services.journey_state.database import Connection
from services.journey_state.episodes import HoldForGaps, signal_id
from services.journey_state.explain.bearing import Bearing, Kept
from services.journey_state.explain.rule import RulePast, SignalReasons, Start
from services.journey_state.in_force import Journeys, Term
from services.journey_state.past_queries import KeptRow
from services.journey_state.permission import cancellation_key
from services.journey_state.queries import CustomerRow
from services.journey_state.touchpoint import Touchpoint
from services.journey_state.watermark import Gap, hold_for_gaps

SIGNALS_MAX = 1_000  # of one customer and rule, the newest; older ones count as not stored


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule, or one of its signals, and what was stored when it was asked about."""

    journeys: Journeys
    rule: str
    signal: str | None
    kept: list[Kept]
    watermark: int | None
    gaps: list[Gap]

    def fold(self, own: Term, touchpoints: Sequence[Touchpoint], start: Start) -> RulePast:
        """The rule's episodes among these touchpoints."""
        past = RulePast(self.rule, self.signal)
        causes = [one.cause_message_id for one in self.kept if one.cause_message_id is not None]
        past.fold(self.journeys, own, touchpoints, causes, start)
        return past


async def read(connection: Connection, found: CustomerRow, journeys: Journeys, text: str) -> Asked:
    """What `text`, a rule or a signal's id, means for this customer; else a Problem (404)."""
    identity = _identity(text)
    if identity is None:
        rule: str | None = text
        known = {name for term in journeys.terms for name in term.rules}
        if text not in known:
            detail = f"No abandonment rule is named {text!r}; there are {', '.join(sorted(known))}"
            raise Problem(404, "rule_unknown", detail)
    else:
        rule = await _rule_of(connection, found, identity)
    if rule is None:
        detail = "This customer has no signal and no open episode of that id"
        raise Problem(404, "signal_unknown", detail)
    rows = await past_queries.kept_signals(connection, found.customer_id, rule, SIGNALS_MAX)
    return Asked(
        journeys=journeys,
        rule=rule,
        signal=None if identity is None else identity.hex,
        kept=[_kept(row) for row in rows],
        watermark=await progress_queries.watermark_at(connection),
        gaps=await progress_queries.gaps(connection),
    )


async def judge(ask: Asking, asked: Asked, past: RulePast, until: int | None) -> SignalReasons:
    """Why there are signals or none, at W or at the past instant, if that is earlier."""
    watermark = asked.watermark
    if until is not None and watermark is not None:
        watermark = min(watermark, until)
    keys = {UUID(cancellation_key(life.episode)) for _, _, life in past.lives()}
    async with ask.database.reading() as connection:
        cancelled = await past_queries.cancelled(connection, keys) if keys else set()
    return past.reasons(
        Bearing(
            watermark=watermark,
            grace_us=ask.grace_us,
            hold=hold_of(asked.gaps, ask.recovery_us),
            gaps=asked.gaps,
            state=CustomerState(
                made=(0, "", ""),
                journey=past.journey,
                cancelled=[key.hex for key in cancelled],
            ),
            kept={
                one.signal_id: one
                for one in asked.kept
                if watermark is None or one.raised_at <= watermark
            },
        )
    )


def hold_of(gaps: Sequence[Gap], recovery_us: int) -> HoldForGaps:
    """What keeps deadlines back while clients send what they could not."""

    def hold(last_activity: int, fires_at: int) -> int:
        return hold_for_gaps(last_activity, fires_at, gaps, recovery_us)

    return hold


def _identity(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def _rule_of(connection: Connection, found: CustomerRow, identity: UUID) -> str | None:
    """The rule of a stored signal, or of the open episode that would become one."""
    stored = await past_queries.rule_of_signal(connection, found.customer_id, identity)
    if stored is not None:
        return stored
    episodes = decode_state(found.state).episodes
    return next((one.rule for one in episodes if signal_id(one) == identity.hex), None)


def _kept(row: KeptRow) -> Kept:
    payload = row.payload
    cause: dict[str, Any] = payload.get("cause") or {}
    last = payload.get("last_activity_at")
    return Kept(
        signal_id=row.signal_id.hex,
        rule=row.rule,
        scope=row.scope,
        due_at=row.due_at,
        state=row.state,
        published=row.published,
        suppressed=row.suppressed,
        raised_at=row.raised_at,
        reminded=row.reminded,
        last_activity_at=None if last is None else read_time(last),
        cause_kind=cause.get("kind"),
        cause_message_id=cause.get("message_id"),
        replaced_by=payload.get("replaced_by"),
    )
