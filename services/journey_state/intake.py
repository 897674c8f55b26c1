"""A poll's batch in one transaction: fence, heartbeats, dedupe, identities, fold, outbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from services.contracts.heartbeat import Heartbeat, is_heartbeat
from services.journey_state import assignment, recompute, succession
from services.journey_state.admission import Window, admit, against_pasts
from services.journey_state.brake import FAILED, GOOD, BrakeLimits, breach, marks
from services.journey_state.conclusion import Conclusion
from services.journey_state.connected import StaleReadError
from services.journey_state.customer import UNDECIDED, Customer, Refold
from services.journey_state.event import Arrival, InvalidRecordError, Record, read, read_touchpoint
from services.journey_state.firing import Firings
from services.journey_state.in_force import Journeys, advance_earlier
from services.journey_state.intermediate import Intermediate
from services.journey_state.journey import advance, follows
from services.journey_state.owners import IdentityBounds
from services.journey_state.recompute import HistoryChange
from services.journey_state.seen import with_ids
from services.journey_state.store import dead_letters, facts, progress, releases
from services.journey_state.store.dead_letters import DeadLetter
from services.journey_state.store.pool import TRANSIENT, Connection, Store
from services.journey_state.store.progress import FenceLostError, Move, Moved
from services.journey_state.suppression import Suppression
from services.journey_state.too_late import TooLate, judge
from services.journey_state.watermark import Beat, observe


@dataclass(slots=True)
class Batch:
    """Records of some partitions, each partition's without a hole from `lo` to `hi`."""

    records: list[Record]
    moves: dict[int, tuple[int, int]]  # partition -> (first offset expected, next offset after)


@dataclass(slots=True)
class Contents:
    """A batch, read."""

    arrivals: list[Arrival] = field(default_factory=list)
    beats: list[Beat] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    log_times: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Tally:
    """What became of a batch, for metrics."""

    applied: int = 0
    duplicates: int = 0
    dead: int = 0
    erased: int = 0
    too_late: int = 0
    refolds: dict[str, int] = field(default_factory=dict)
    merges: int = 0
    splits: int = 0
    refolded_touchpoints: int = 0  # that were read for the refolds
    overflows: int = 0  # touchpoints whose connected set was too large to be computed again
    transitions: list[tuple[str, str]] = field(default_factory=list)
    signals: list[tuple[str, str]] = field(default_factory=list)
    messages: int = 0
    stopped: dict[int, str] = field(default_factory=dict)  # partitions whose brake is on now: why


@dataclass(frozen=True, slots=True)
class Spans:
    """Microseconds without heartbeats that are a gap, and that message keys are kept; the brake."""

    gap_us: int
    dedupe_us: int
    brake: BrakeLimits = field(default_factory=BrakeLimits)


class Intake:
    """Applies batches of the touchpoint topic to the store."""

    def __init__(
        self,
        store: Store,
        topic: str,
        firings: Firings,
        *,
        bounds: IdentityBounds,
        spans: Spans,
        new_id: Callable[[], bytes],
    ) -> None:
        self._store = store
        self._topic = topic
        self._firings = firings
        self._bounds = bounds
        self._spans = spans
        self._brake = spans.brake
        self._new_id = new_id
        self._suppression = Suppression()
        self._cannot = UNDECIDED  # the newest definition that somebody could not be computed by

    async def process(self, batch: Batch, *, condemned: str | None = None) -> Tally:
        """Apply the batch and move its offsets, both or neither.

        A partition whose records fail too often stops behind the one that was too many; what of
        the batch comes after it is left. `condemned` sets every record aside with this message: it
        has failed before. Raises FenceLostError, StaleReadError, or what PostgreSQL says.
        """
        contents = self._read(batch.records, condemned)
        async with self._store.transaction() as connection:
            stopped: dict[int, str] = {}
            if contents.dead:
                batch, stopped = await self._before_the_brake(connection, batch, contents)
                if stopped:
                    contents = self._read(batch.records, condemned)
            before = await progress.move_offsets(
                connection,
                self._topic,
                _moves(batch, contents, self._brake),
                window=self._brake.window_records,
            )
            await self._save_beats(connection, contents, before.heard)
            erased = await self._drop_erased(connection, contents) if before.erasures else 0
            if contents.dead:
                await dead_letters.add_dead_letters(connection, contents.dead)
            tally = Tally(dead=len(contents.dead), erased=erased, stopped=stopped)
            if stopped:
                await progress.put_brake_on(connection, self._topic, stopped)
            if contents.arrivals:
                await self._apply(connection, contents.arrivals, before, tally)
        return tally

    async def _before_the_brake(
        self, connection: Connection, batch: Batch, contents: Contents
    ) -> tuple[Batch, dict[int, str]]:
        """What of the batch may be processed, and the partitions that stop behind it."""
        failing = sorted({letter.partition for letter in contents.dead})
        before = await progress.read_marks(connection, self._topic, failing)
        ends = {partition: hi for partition, (_, hi) in batch.moves.items()}
        stopped: dict[int, str] = {}
        for partition in failing:
            fresh = _marks_of(batch, contents, partition)
            found = breach(before.get(partition, ""), [mark for _, mark in fresh], self._brake)
            if found is not None:
                passed, stopped[partition] = found
                ends[partition] = fresh[passed - 1][0] + 1
        kept = [record for record in batch.records if record.offset < ends[record.partition]]
        moves = {partition: (lo, ends[partition]) for partition, (lo, _) in batch.moves.items()}
        return Batch(kept, moves), stopped

    def _read(self, records: Sequence[Record], condemned: str | None) -> Contents:
        contents = Contents()
        for record in records:
            contents.log_times[record.partition] = record.append_time
            try:
                if condemned is not None:
                    raise InvalidRecordError("failed", condemned)
                found = read(record)
            except InvalidRecordError as error:
                contents.dead.append(self._dead_letter(record, error))
                continue
            if isinstance(found, Heartbeat):
                contents.beats.append(_beat(record, found))
            else:
                contents.arrivals.append(found)
        return contents

    async def _drop_erased(self, connection: Connection, contents: Contents) -> int:
        """Take out what an erasure forbids, also if it failed; gives how many there were."""
        before = len(contents.arrivals) + len(contents.dead)
        contents.arrivals = await self._suppression.kept(connection, contents.arrivals)
        readable = {id(letter): found for letter in contents.dead if (found := _readable(letter))}
        if readable:
            kept = await self._suppression.kept(connection, list(readable.values()))
            kept_ids = {id(arrival) for arrival in kept}
            contents.dead = [
                letter
                for letter in contents.dead
                if id(letter) not in readable or id(readable[id(letter)]) in kept_ids
            ]
        return before - len(contents.arrivals) - len(contents.dead)

    def _dead_letter(self, record: Record, error: InvalidRecordError) -> DeadLetter:
        return DeadLetter(
            self._topic,
            record.partition,
            record.offset,
            record.key,
            record.value,
            error.reason,
            error.message,
            is_heartbeat(record.headers),
        )

    async def _save_beats(
        self, connection: Connection, contents: Contents, heard: dict[int, int | None]
    ) -> None:
        if not contents.beats:
            return
        newest: dict[tuple[int, str], Beat] = {}
        times: dict[int, list[int]] = {}
        hellos: dict[str, int] = {}
        for beat in contents.beats:
            newest[(beat.partition, beat.instance)] = beat
            times.setdefault(beat.partition, []).append(beat.append_time)
            if beat.phase == "hello":
                hellos[beat.instance] = max(beat.append_time, hellos.get(beat.instance, 0))
        await progress.save_beats(connection, self._topic, list(newest.values()))
        if hellos:
            await releases.end_releases(connection, hellos)
        for partition, append_times in times.items():
            before = heard[partition]
            _, gaps = observe(partition, before, append_times, gap_us=self._spans.gap_us)
            if gaps:
                await progress.add_gaps(connection, gaps)

    async def _apply(
        self, connection: Connection, arrivals: Sequence[Arrival], before: Moved, tally: Tally
    ) -> None:
        arrivals, late = judge(arrivals, before.cut)
        window = Window.at(before.watermark or 0, self._spans.dedupe_us)
        fresh, replaced = await admit(connection, arrivals, window)
        begun = await assignment.begin(connection, fresh, self._bounds, self._new_id)
        fresh, replaced = await against_pasts(connection, fresh, replaced, begun.owners_of)
        tally.too_late = sum(map(late.holds, fresh))
        tally.applied = len(fresh) - tally.too_late
        tally.duplicates = len(arrivals) - len(fresh)
        if not fresh:
            return
        assigned = await begun.assign(connection, fresh, replaced.values())
        await assignment.write(connection, assigned, self._bounds)
        await self._store_facts(connection, fresh, late)
        late.set_aside(assigned.customers.values(), replaced)
        touched = [c for c in assigned.customers.values() if c.touched]
        journeys = await self._firings.journeys_for(connection, touched)
        for customer in touched:
            _advance(customer, journeys, replaced)
        forward = self._cannot != journeys.current.definition_id
        if forward:
            forward = recompute.bring_forward(journeys, touched)
        for change in assigned.rearranged:
            recompute.keep_in_step(journeys, change.customers)
        past = [customer for customer in touched if customer.refold is not None]
        changes = await self._refold(connection, journeys, past, forward=forward)
        if assigned.rearranged:
            await succession.hand_over_signals(connection, assigned.rearranged, past)
        conclusion = await self._firings.begin(connection)
        if conclusion.cut != before.cut:
            # The cut was declared meanwhile: what is too late is to be judged again.
            raise FenceLostError
        await conclusion.conclude(connection, touched, changes)
        tally.overflows = assigned.overflows
        tally.refolded_touchpoints = sum(change.folded for change in changes.values())
        _count(tally, touched, conclusion)

    async def _refold(
        self,
        connection: Connection,
        journeys: Journeys,
        customers: Sequence[Customer],
        *,
        forward: bool,
    ) -> dict[bytes, HistoryChange]:
        """What changed in their histories; `forward`: some come under a new definition by it."""
        if not customers:
            return {}
        try:
            return await recompute.refold(connection, journeys, customers)
        except TRANSIENT:
            raise
        except Exception as error:
            if not forward:
                raise
            # No event is set aside for that: who cannot be computed by the new definition stays
            # under the one before, and the background, which passes them over, says who it is.
            self._cannot = journeys.current.definition_id
            raise StaleReadError from error

    @staticmethod
    async def _store_facts(connection: Connection, fresh: Sequence[Arrival], late: TooLate) -> None:
        if not late.places:
            await facts.add_to_timeline(connection, [arrival.fact for arrival in fresh])
            return
        for too_late in (False, True):
            kept = [arrival.fact for arrival in fresh if late.holds(arrival) is too_late]
            await facts.add_to_timeline(connection, kept, too_late=too_late)


def _moves(batch: Batch, contents: Contents, limits: BrakeLimits) -> dict[int, Move]:
    beats = Counter(beat.partition for beat in contents.beats)
    failing = {letter.partition for letter in contents.dead}
    moves = {}
    for partition, (lo, hi) in batch.moves.items():
        if partition in failing:
            went = "".join(mark for _, mark in _marks_of(batch, contents, partition))
        else:
            went = marks(hi - lo - beats[partition], limits)
        moves[partition] = Move(lo, hi, contents.log_times[partition], went)
    return moves


def _marks_of(batch: Batch, contents: Contents, partition: int) -> list[tuple[int, str]]:
    """(offset, mark) of a partition's records, heartbeats that could be read apart."""
    failed = {one.record_offset for one in contents.dead if one.partition == partition}
    beats = {beat.offset for beat in contents.beats if beat.partition == partition}
    return [
        (record.offset, FAILED if record.offset in failed else GOOD)
        for record in batch.records
        if record.partition == partition and record.offset not in beats
    ]


def _readable(letter: DeadLetter) -> Arrival | None:
    try:
        return None if letter.value is None else read_touchpoint(letter.value)
    except (ValueError, RecursionError):
        return None


def _advance(customer: Customer, journeys: Journeys, replaced: Collection[str]) -> None:
    """Take the fresh touchpoints in, or find that the past must be computed again."""
    if customer.refold is not None:
        return
    customer.fresh.sort(key=lambda touchpoint: touchpoint.place)
    definition = customer.under(journeys).definition
    journey, earlier = customer.state.journey, customer.state.earlier
    for touchpoint in customer.fresh:
        if touchpoint.message_id in replaced or not follows(journey, touchpoint):
            kind = "import" if touchpoint.historical else "refold"
            known = any(one.message_id in replaced for one in customer.fresh)
            late = None if known else customer.fresh[0].place
            customer.refold = Refold(kind, touchpoint.message_id, late=late)
            customer.transitions.clear()
            return
        journey, transition = advance(definition, journey, touchpoint)
        if transition is not None:
            customer.transitions.append(transition)
        if earlier:
            earlier = advance_earlier(journeys, earlier, touchpoint)
    state = customer.state
    state.journey, state.earlier = journey, earlier
    state.seen = with_ids(state.seen, [touchpoint.message_id for touchpoint in customer.fresh])
    state.since_checkpoint += len(customer.fresh)
    if state.since_checkpoint >= journeys.checkpoint_every and journey.place is not None:
        state.since_checkpoint = 0
        customer.stops.append(Intermediate(customer.definition_id, journey, list(earlier)))


def _beat(record: Record, heartbeat: Heartbeat) -> Beat:
    return Beat(
        partition=record.partition,
        instance=heartbeat.instance,
        low_watermark=heartbeat.low_watermark,
        append_time=record.append_time,
        offset=record.offset,
        spool=heartbeat.spool,
        phase=heartbeat.phase,
    )


def _count(tally: Tally, touched: Sequence[Customer], conclusion: Conclusion) -> None:
    for customer in touched:
        tally.merges += len(customer.absorbed)
        tally.splits += len(customer.splits)
        if customer.refold is not None:
            kind = customer.refold.kind
            tally.refolds[kind] = tally.refolds.get(kind, 0) + 1
        tally.transitions += [(t.previous, t.stage) for t in customer.transitions]
    tally.signals = [(row.rule, row.state) for row in conclusion.signals.rows]
    tally.messages = len(conclusion.outgoing.rows)
