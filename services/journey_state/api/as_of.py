"""A customer as it was known at an earlier time: by what had been stored by then."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import structs

from services.contracts.times import format_time
from services.journey_state import checkpoint, past_queries, progress_queries
from services.journey_state.api import profile
from services.journey_state.api.asking import Ask, find_asked
from services.journey_state.api.explain_signal import hold_of
from services.journey_state.api.kept import refuse_before_cut
from services.journey_state.api.models import Customer, HistoryItem, RecordedItem, Signal
from services.journey_state.api.problems import Problem
from services.journey_state.as_known import KnownThen, Stored, known_then, watermark_then
from services.journey_state.customer import UNDECIDED, CustomerState, Standing, decode_state
from services.journey_state.customer import Customer as Person
from services.journey_state.database import Connection
from services.journey_state.definition import NONE_STAGE
from services.journey_state.episodes import Outlook, outlook, signal_id
from services.journey_state.event import read_touchpoint
from services.journey_state.in_force import FAR, Journeys, fold_under
from services.journey_state.naming import Bound
from services.journey_state.ownership import Link, Unlink
from services.journey_state.past_queries import KnownId, RecordedRow, SignalThen, StoredRow
from services.journey_state.queries import HistoryRow
from services.journey_state.signal_values import Known, recovery_value, told_by_touchpoints
from services.journey_state.signalling import Seen, episodes_of, seen_order
from services.journey_state.touchpoint import Identifier

SIGNALS_MAX = 100
HISTORY_MAX = 10_000
IDENTIFIERS_MAX = 5_000  # of one connected set
TOUCHPOINTS_MAX = 50_000  # of one connected set


class _View(NamedTuple):
    """An episode of then, and what W of then made of it."""

    seen: Seen
    outlook: Outlook


@dataclass(frozen=True, slots=True)
class _Stored:
    """What had been stored by the instant, of the whole connected set."""

    ids: list[KnownId]
    operator: list[Link | Unlink]
    rows: list[StoredRow]
    cut: int | None
    checkpoints: list[bytes]
    history: list[RecordedRow]
    signals: list[SignalThen]
    journeys: Journeys
    watermark: int


async def customer_as_of(who: str, known_at: int, ask: Ask) -> Customer:
    """The customer as known then; else a Problem (400, 404)."""
    async with ask.database.reading() as connection:
        found, asked = await find_asked(connection, who)
        stored = await _read(connection, ask, found.customer_id, known_at)
        gaps = await progress_queries.gaps(connection)
    meant = asked.bytes if isinstance(asked, UUID) else asked
    async with ask.definitions.folding:
        then = await asyncio.to_thread(_known, stored, meant)
        if then is None:
            when = format_time(known_at)
            raise Problem(404, "customer_unknown", f"This customer was not known at {when} yet")
        state = await asyncio.to_thread(_state, stored, then)
    hold = hold_of(gaps, ask.recovery_us)
    views = {
        signal_id(seen.episode): _View(
            seen,
            outlook(
                seen.rule,
                seen.episode,
                watermark=stored.watermark,
                grace_us=ask.grace_us,
                hold=hold,
            ),
        )
        for seen in sorted(
            episodes_of(state, stored.journeys.current, stored.journeys), key=seen_order
        )
    }
    return _answer(stored, then, state, views)


async def _read(connection: Connection, ask: Ask, customer_id: UUID, known_at: int) -> _Stored:
    keys = await past_queries.connected_keys(connection, customer_id, IDENTIFIERS_MAX + 1)
    ids = await past_queries.ids_of(connection, keys, IDENTIFIERS_MAX)
    owners = [one.customer_id for one in ids]
    cut = await past_queries.cut_at(connection)
    refuse_before_cut(known_at, cut)
    rows = await past_queries.touchpoints_known(
        connection, keys, since=cut, known_at=known_at, limit=TOUCHPOINTS_MAX + 1
    )
    if len(keys) > IDENTIFIERS_MAX or len(rows) > TOUCHPOINTS_MAX:
        bounds = f"over {IDENTIFIERS_MAX} identifiers or {TOUCHPOINTS_MAX} touchpoints"
        detail = f"{bounds} are connected with it"
        raise Problem(400, "timeline_too_long", f"The past of this customer is too long: {detail}")
    journeys = await ask.definitions.at(connection, ask.grace_us)
    # Until a customer has been computed under a new definition, the one before holds.
    published = min(
        await past_queries.definition_id_known(connection, known_at) or 0,
        await past_queries.definition_id_of(connection, customer_id),
    )
    watermark = await progress_queries.watermark_at(connection)
    notes = await past_queries.watermark_notes(connection, known_at)
    return _Stored(
        ids=ids,
        operator=await past_queries.operator_acts(connection, keys, known_at),
        rows=rows,
        cut=cut,
        checkpoints=[]
        if cut is None
        else await past_queries.checkpoints_under(connection, keys, cut),
        history=await past_queries.recorded_history(connection, owners, known_at, HISTORY_MAX),
        signals=await past_queries.signals_then(connection, owners, known_at, SIGNALS_MAX),
        journeys=_published_by(journeys, published),
        watermark=watermark_then(known_at, notes, watermark),
    )


def _published_by(journeys: Journeys, definition_id: int) -> Journeys:
    """The definitions up to this one, as if it were the last."""
    terms = [one for one in journeys.terms if one.definition_id <= definition_id]
    terms = terms or [journeys.terms[0]]
    terms[-1] = replace(terms[-1], end_due=FAR)
    return Journeys(tuple(terms), {one.definition_id: one for one in terms})


def _known(stored: _Stored, asked: bytes | Identifier) -> KnownThen | None:
    read = [(row, read_touchpoint(row.body).touchpoint) for row in stored.rows]
    then = Stored(
        touchpoints=[touchpoint for row, touchpoint in read if not row.too_late],
        operator=stored.operator,
        cut=stored.cut,
        checkpoints=[checkpoint.decode(body) for body in stored.checkpoints],
        too_late=[
            structs.replace(touchpoint, occurred_at=row.occurred_at)
            for row, touchpoint in read
            if row.too_late
        ],
        since={
            (one.kind, one.value): one.since
            for known in stored.ids
            for one in decode_state(known.state).identifiers
        },
    )
    return known_then(then, map(_bound, stored.ids), asked)


def _bound(known: KnownId) -> Bound:
    state = decode_state(known.state)
    owned = frozenset((one.kind, one.value) for one in state.identifiers)
    return Bound(
        customer_id=known.customer_id.bytes, made=state.made, made_by=state.made_by, owned=owned
    )


def _state(stored: _Stored, then: KnownThen) -> CustomerState:
    """The customer's state by those touchpoints."""
    past = fold_under(stored.journeys, stored.journeys.current, then.touchpoints, then.start)
    return CustomerState(
        made=(0, "", ""),
        identifiers=then.identifiers,
        journey=past.folded.journey,
        earlier=past.earlier,
    )


def _answer(
    stored: _Stored,
    then: KnownThen,
    state: CustomerState,
    views: dict[str, _View],
) -> Customer:
    ids = [UUID(bytes=one) for one in then.ids]
    history = [row for row in stored.history if row.customer_id in ids]
    # The id that the rows are kept by was the customer's; without any, the one that takes effect.
    now = history[-1].customer_id if history else ids[0]
    mine = [
        one
        for one in stored.signals
        if one.row.signal_id.hex in views or one.row.customer_id in ids
    ]
    valued = _valued(state, views, mine)
    signals = [
        _signal(one, views.get(one.row.signal_id.hex), valued, stored.watermark).model_copy(
            update={"customer_id": str(now)}
        )
        for one in mine
    ]
    known = {UUID(one.signal_id) for one in signals}
    pending = profile.pending_episodes(state, known)
    journey = state.journey
    return Customer(
        customer_id=str(now),
        stage=history[-1].stage if history else NONE_STAGE,
        entered_at=format_time(history[-1].entered_at) if history else None,
        overlays=profile.open_overlays(journey.overlays, stored.watermark),
        identifiers=profile.identifiers(state),
        traits=journey.traits,
        consent=profile.granted(state),
        counters=dict(sorted(journey.counts.items())),
        history=history_items(history),
        episodes=[profile.episode_item(e) for e in pending if e.abandoned is None],
        signals=signals,
        first_seen_at=profile.optional_time(journey.first_seen_at),
        last_seen_at=profile.optional_time(journey.last_seen_at),
        definition=stored.journeys.current.definition.version,
        merged_ids=sorted(str(one) for one in ids if one != now),
    )


def history_items(rows: Sequence[RecordedRow]) -> list[HistoryItem]:
    """The history with its causes; each stage is left when the next is entered."""
    left = [*(row.entered_at for row in rows[1:]), None][: len(rows)]
    return [profile.history_item(row, at) for row, at in zip(rows, left, strict=True)]


def recorded_items(
    rows: Sequence[RecordedRow], present: Sequence[HistoryRow]
) -> list[RecordedItem]:
    """Every row that ever was, with when it was recorded and superseded."""
    left = {(row.entered_at, row.message_id, row.source): row.left_at for row in present}
    return [
        RecordedItem(
            **profile.history_item(
                row,
                left.get((row.entered_at, row.message_id, row.source))
                if row.superseded_at is None
                else None,
            ).model_dump(),
            customer_id=str(row.customer_id),
            recorded_at=format_time(row.recorded_at),
            superseded_at=profile.optional_time(row.superseded_at),
        )
        for row in rows
    ]


def _valued(state: CustomerState, views: dict[str, _View], stored: Sequence[SignalThen]) -> Known:
    """What signals are valued by: the customer with the signals that stood then."""
    standing = {}
    for one in stored:
        identity = one.row.signal_id.hex
        view = views.get(identity)
        if view is not None:
            standing[identity] = Standing(
                rule=one.row.rule,
                scope=one.row.scope,
                due=one.row.due_at,
                state=view.outlook.state or "raised",
                published=one.row.published,
                revision=one.row.revision,
                raised_at=view.seen.episode.due,
            )
    state.signals = standing
    customer = Person.found(b"", state, UNDECIDED)
    return Known(customer, {}, [view.seen for view in views.values()])


def _signal(then: SignalThen, view: _View | None, known: Known, watermark: int) -> Signal:
    """The signal as it was; what has changed since is told by the fold of what was known."""
    if not then.changed:
        return profile.signal(then.row)
    row = then.row
    told: dict[str, Any]
    if view is None:
        told = {} if row.state == "retracted" else {"cause": None, "replaced_by": None}
        return profile.signal(row._replace(state="retracted", payload=row.payload | told))
    told = {
        "recovered": recovery_value(view.seen.episode),
        "reminder": _reminder(row.payload.get("reminder"), view.outlook, watermark),
        "cause": None,
        "replaced_by": None,
        **told_by_touchpoints(known, view.seen),
    }
    row = row._replace(payload=row.payload | told, state=view.outlook.state or "raised")
    return profile.signal(row)


def _reminder(
    newest: dict[str, Any] | None, outlook_then: Outlook, watermark: int
) -> dict[str, Any] | None:
    """The last of those that have gone out by now whose time had come."""
    if newest is None:
        return None
    gone = [n for n, at in outlook_then.reminders if at <= watermark and n <= newest["n"]]
    return {**newest, "n": max(gone)} if gone else None
