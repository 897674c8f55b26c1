"""Hot statements find their rows by an index, on a database of realistic size."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import md5
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from services.cli.local.postgres import EmbeddedPostgres
from services.contracts.times import DAY_US, SECOND_US, read_time
from services.journey_state import (
    conflict_queries,
    past_queries,
    progress_queries,
    queries,
    rolled_queries,
    stream_queries,
)
from services.journey_state.filters import Filters
from services.journey_state.places import Snapshot
from services.journey_state.rolled_periods import Slots
from services.journey_state.rolled_queries import Wanted
from services.journey_state.store import (
    cancelled,
    cuts,
    dead_letters,
    dedupe,
    definitions,
    erasures,
    facts,
    intermediates,
    links,
    outcomes,
    people,
    progress,
    queued,
    rollups,
)
from services.journey_state.store.dead_letters import DeadLetter
from services.journey_state.store.dedupe import Trace
from services.journey_state.store.facts import Copy, Fact
from services.journey_state.store.intermediates import Key
from services.journey_state.store.outcomes import SignalRow
from services.journey_state.store.people import NewIdentifier, Period
from services.journey_state.store.progress import Move
from tests.journey_state.planned import SMALL, Planned, Scan, filled

DAYS = Slots(1_920_010, 1_920_676, 20_000, 20_007)
NEXT_DAYS = Slots(1_920_000, 1_922_880, 20_000, 20_030)
HOUR_AND_HALF = Filters(
    from_at=20_000 * DAY_US - 5400 * SECOND_US,
    to_at=20_030 * DAY_US,
    part_from_at=0,
    part_to_at=0,
)
SHOP = rollups.Definition(1, ["awareness"], "{}")
AT = read_time("2026-11-22T12:00:00+00:00")


def key(text: str) -> bytes:
    return md5(text.encode(), usedforsecurity=False).digest()


def keys(kind: str, count: int = 3) -> list[bytes]:
    return [key(f"{kind}{number}") for number in range(10, 10 + count)]


def known(kind: str = "c") -> UUID:
    return UUID(bytes=key(f"{kind}10"))


TIMELINE = "timeline_identifier_key_occurred_at_idx"  # of any partition
FACT = Fact(key("m1"), key("i1"), AT, "m1", "shop", AT, "website", "page", b"{}")
WITHIN = Key(key("c10"), (AT, "m10", "shop"))
COPY = Copy(key("m1"), AT, key("i1"), AT)
SIGNAL = SignalRow(
    key("s1"), key("c1"), "cart", "", AT, "raised", True, None, 1, AT, 0, None, 1, "{}"
)  # fmt: skip
SEEN = Snapshot(19_900, 19_990, frozenset({19_900, 19_950}))
NOW_SEEN = Snapshot(20_000, 20_010, frozenset({20_000}))


@pytest_asyncio.fixture(scope="module")
async def planned(
    postgres_server: EmbeddedPostgres, template_database: str
) -> AsyncIterator[Planned]:
    name = f"plans_{uuid4().hex[:10]}"
    admin = await asyncpg.connect(postgres_server.url)
    await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"')
    async with filled(postgres_server.url_of(name)) as planned:
        yield planned
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


def assert_by_index(scans: list[Scan], *indexes: str) -> None:
    """No large table is read whole, and each of the indexes serves."""
    assert [s for s in scans if s.node == "Seq Scan" and s.table not in SMALL] == []
    used = {scan.by for scan in scans}
    missing = [index for index in indexes if index not in used]
    assert missing == [], f"{missing} not in {sorted(map(str, used))}"


Work = Callable[[Any], Awaitable[Any]]

STORE: dict[str, tuple[Work, tuple[str, ...]]] = {
    "connected": (lambda c: links.connected(c, keys("i"), 100), ("pk_identifier_links",)),
    "customers_of": (
        lambda c: links.customers_of(c, keys("i")),
        ("pk_identifiers", "pk_ownership_periods", "ix_customers_merged_into"),
    ),
    "find_under": (lambda c: dedupe.find_under(c, keys("i"), ["m10"]), (TIMELINE,)),
    "read_identifiers": (lambda c: links.read_identifiers(c, keys("i")), ("pk_identifiers",)),
    "operator_links": (
        lambda c: links.operator_links(c, keys("i")),
        ("ix_operator_links_a_key", "ix_operator_links_b_key"),
    ),
    "remove_conflicts": (lambda c: links.remove_conflicts(c, keys("i")), ("pk_conflicts",)),
    "forget_links": (lambda c: links.forget_links(c, keys("i")), ("pk_identifier_links",)),
    "redirect_customers": (
        lambda c: links.redirect_customers(c, [(key("c10"), None)]),
        ("pk_customers",),
    ),
    "close_customers": (
        lambda c: links.close_customers(c, keys("c")),
        ("ix_stage_history_customer_id_entered_at", "pk_timers"),
    ),
    "hand_over_signals": (
        lambda c: links.hand_over_signals(c, [(key("s10"), key("c11"))]),
        ("pk_signals",),
    ),
    "find_identifiers": (
        lambda c: people.find_identifiers(c, keys("i")),
        ("pk_identifiers",),
    ),
    "lock_customers": (lambda c: people.lock_customers(c, keys("c")), ("pk_customers",)),
    "add_identifiers": (
        lambda c: people.add_identifiers(
            c, [NewIdentifier(key("new"), "email", "e", key("c1"), AT)]
        ),
        (),
    ),
    "save_customers": (
        lambda c: people.save_customers(c, 1, [(key("c1"), b"state")]),
        ("pk_customers",),
    ),
    "merge_customer": (
        lambda c: people.merge_customer(c, key("c20"), key("c30")),
        (
            "ix_identifiers_customer_id",
            "ix_ownership_periods_customer_id",
            "ix_customers_merged_into",
            "ix_stage_history_customer_id_entered_at",
            "ix_signals_customer_id",
            "pk_timers",
        ),
    ),
    "move_identifier": (
        lambda c: people.move_identifier(
            c, [Period(key("i7"), (AT, "m", "s"), key("c8"))], moves_max=20
        ),
        ("pk_identifiers",),
    ),
    "add_conflict": (
        lambda c: people.add_conflict(c, (key("i1"), key("c1"), key("c2"), "moved", AT)),
        (),
    ),
    "owned_keys": (
        lambda c: people.owned_keys(c, keys("c")),
        ("ix_identifiers_customer_id", "ix_ownership_periods_customer_id"),
    ),
    "read_periods": (
        lambda c: people.read_periods(c, keys("i")),
        ("pk_ownership_periods",),
    ),
    "admit": (lambda c: facts.admit(c, [FACT]), ()),
    "copies": (lambda c: facts.copies(c, [FACT.message_key]), ("pk_dedupe",)),
    "body_of": (
        lambda c: facts.body_of(c, COPY, FACT),
        (TIMELINE,),
    ),
    "replace_copy": (
        lambda c: facts.replace_copy(c, COPY, FACT),
        (TIMELINE, "pk_dedupe"),
    ),
    "find_in_timeline": (
        lambda c: dedupe.find_in_timeline(c, [Trace(*FACT[:2], "m1", "shop", AT)], 60),
        (TIMELINE,),
    ),
    "remember_copies": (lambda c: dedupe.remember_copies(c, [COPY]), ("pk_dedupe",)),
    "read_timeline": (
        lambda c: facts.read_timeline(c, keys("i")),
        (TIMELINE,),
    ),
    "read_checkpoints": (lambda c: cuts.read_checkpoints(c, keys("i"), AT), ("pk_checkpoints",)),
    "read_bodies": (
        lambda c: intermediates.read_bodies(c, [WITHIN]),
        ("pk_intermediate_checkpoints",),
    ),
    "remove": (lambda c: intermediates.remove(c, [WITHIN]), ("pk_intermediate_checkpoints",)),
    "leave": (lambda c: intermediates.leave(c, [(WITHIN, b"new")]), ()),
    "replace_checkpoints": (
        lambda c: cuts.replace_checkpoints(c, AT, keys("i"), [(key("i1"), b"new")]),
        ("pk_checkpoints",),
    ),
    "customers_after": (lambda c: cuts.customers_after(c, key("c1"), 100), ("pk_customers",)),
    "describe_identifiers": (
        lambda c: people.describe_identifiers(c, keys("i")),
        ("pk_identifiers",),
    ),
    "read_standing": (definitions.read_standing, ()),
    "read_history": (
        lambda c: outcomes.read_history(c, keys("c")),
        ("ix_stage_history_customer_id_entered_at",),
    ),
    "supersede_history": (
        lambda c: outcomes.supersede_history(c, [1, 2]),
        ("pk_stage_history",),
    ),
    "save_signals": (lambda c: outcomes.save_signals(c, [SIGNAL]), ()),
    "read_signals": (lambda c: outcomes.read_signals(c, keys("c")), ("ix_signals_customer_id",)),
    "wake_earlier": (lambda c: outcomes.wake_earlier(c, [(key("c1"), AT)]), ()),
    "stop_timers": (lambda c: outcomes.stop_timers(c, keys("c")), ("pk_timers",)),
    "due_customers": (
        lambda c: outcomes.due_customers(c, AT, 500),
        ("ix_timers_wake_at",),
    ),
    "read_outbox": (lambda c: outcomes.read_outbox(c, 3, 500), ("ix_outbox_shard_outbox_id",)),
    "remove_from_outbox": (lambda c: outcomes.remove_from_outbox(c, [1, 2]), ("pk_outbox",)),
    "hand_over": (lambda c: queued.hand_over(c, [1, 2]), ("pk_outbox",)),
    "lock_signals": (
        lambda c: queued.lock_signals(c, keys("c")),
        ("ix_outbox_shard_outbox_id",),
    ),
    "forbidden": (
        lambda c: erasures.forbidden(c, keys("i"), keys("m")),
        ("pk_erased_identifiers", "pk_erased_messages"),
    ),
    "known_cancelled": (
        lambda c: cancelled.known_cancelled(c, keys("c")),
        ("pk_cancelled_deadlines",),
    ),
    "claim_shard": (lambda c: outcomes.claim_shard(c, 3), ()),
    "add_dead_letters": (
        lambda c: dead_letters.add_dead_letters(
            c, [DeadLetter("t", 0, 1, None, None, "r", "m", heartbeat=False)]
        ),
        (),
    ),
    "move_offsets": (
        lambda c: progress.move_offsets(c, "t", {1: Move(0, 5, AT, "00000")}, window=9),
        (),
    ),
    "read_watermark": (progress.read_watermark, ()),
    "note_watermark": (progress.note_watermark, ("pk_watermark_history",)),
    "customers_behind": (
        lambda c: definitions.customers_behind(c, (0, bytes(16)), 20),
        ("ix_customers_definition_id_customer_id",),
    ),
    "read_gaps": (progress.read_gaps, ()),
    "take_changed": (lambda c: rollups.take_changed(c, 100), ("pk_identifiers",)),
    "roll": (
        lambda c: rollups.roll(c, keys("c"), SHOP),
        (TIMELINE, "ix_identifiers_customer_id", "ix_stage_history_customer_id_entered_at",
         "ix_signals_customer_id", "pk_map_people"),
    ),
    "forget": (lambda c: rollups.forget(c, keys("c"), keys("i")), ("pk_map_people",)),
    "next_customers": (lambda c: rollups.next_customers(c, key("c1"), 100), ("pk_customers",)),
}  # fmt: skip

API: dict[str, tuple[Work, tuple[str, ...]]] = {
    "written_since": (
        lambda c: stream_queries.written_since(c, SEEN, NOW_SEEN, limit=2000),
        ("ix_stage_history_written_by", "ix_signals_written_by"),
    ),
    "customer": (lambda c: queries.customer(c, known()), ("pk_customers",)),
    "owners": (lambda c: queries.owners(c, [("user_id", "u1")]), ("pk_identifiers",)),
    "merged_ids": (lambda c: queries.merged_ids(c, known()), ("ix_customers_merged_into",)),
    "history": (
        lambda c: queries.history(c, known()),
        ("ix_stage_history_customer_id_entered_at",),
    ),
    "change_page": (
        lambda c: queries.change_page(c, customer_id=None, after=9_000, limit=50),
        ("pk_stage_history",),
    ),
    "change_page of a customer": (
        lambda c: queries.change_page(c, customer_id=known(), after=None, limit=50),
        ("ix_stage_history_customer_id_entered_at",),
    ),
    "timeline": (
        lambda c: queries.timeline(c, [known()], after=(AT, "m", "s"), limit=50),
        (TIMELINE, "ix_identifiers_customer_id"),
    ),
    "timeline backwards": (
        lambda c: queries.timeline(c, [known()], after=(AT, "m", "s"), limit=50, newest=True),
        (TIMELINE, "ix_identifiers_customer_id"),
    ),
    "signal_page": (
        lambda c: queries.signal_page(c, limit=50, after=(AT, known("s"))),
        ("ix_signals_due_at_signal_id",),
    ),
    "signal_page of a rule": (
        lambda c: queries.signal_page(c, rule="cart", state="raised", limit=50),
        (),
    ),
    "signal_page of a customer": (
        lambda c: queries.signal_page(c, customer_id=known(), limit=50),
        ("ix_signals_customer_id",),
    ),
    "signals_known": (lambda c: queries.signals_known(c, {known("s")}), ("pk_signals",)),
    "waiting_customers": (
        lambda c: queries.waiting_customers(c, from_=(AT, known()), limit=50),
        ("ix_timers_wake_at", "pk_customers"),
    ),
    "conflict_page": (
        lambda c: conflict_queries.conflict_page(
            c, customer_id=None, after=(known("i"), known(), known(), "moved"), limit=50
        ),
        ("pk_conflicts", "pk_identifiers"),
    ),
    "conflict_page of a customer": (
        lambda c: conflict_queries.conflict_page(c, customer_id=known(), after=None, limit=50),
        ("pk_conflicts", "ix_identifiers_customer_id", "ix_ownership_periods_customer_id"),
    ),
    "watermark_at": (progress_queries.watermark_at, ()),
    "watermark_notes": (
        lambda c: past_queries.watermark_notes(c, AT),
        ("pk_watermark_history",),
    ),
    "touchpoints_stored": (progress_queries.touchpoints_stored, ()),
    "rolled": (
        lambda c: rolled_queries.rolled(c, DAYS),
        (
            "pk_map_counts",
            "pk_map_slots",
            "pk_map_returns",
            "ix_map_returns_prev_slot",
            "pk_map_dwells",
        ),
    ),
    "rolled_of": (
        lambda c: rolled_queries.rolled_of(c, DAYS, [known()]),
        ("pk_map_people",),
    ),
    "lasted": (
        lambda c: rolled_queries.lasted(
            c, DAYS, [Wanted("awareness", "7", 0)], without=[known()], beside=[]
        ),
        ("pk_map_dwells", "pk_map_people"),
    ),
    "looked_up": (
        lambda c: rolled_queries.looked_up(c, HOUR_AND_HALF, NEXT_DAYS),
        ("timeline_occurred_at_idx", "pk_identifiers", "ix_signals_due_at_signal_id"),
    ),
    "active_definition": (progress_queries.active_definition, ()),
    "customers_by_definition": (
        progress_queries.customers_by_definition,
        ("ix_customers_definition_id_customer_id",),
    ),
}


@pytest.mark.parametrize("name", STORE)
async def test_a_statement_of_the_worker_finds_its_rows_by_index(
    planned: Planned, name: str
) -> None:
    work, indexes = STORE[name]

    assert_by_index(await planned.of_store(work), *indexes)


@pytest.mark.parametrize("name", API)
async def test_a_read_of_the_api_finds_its_rows_by_index(planned: Planned, name: str) -> None:
    work, indexes = API[name]

    assert_by_index(await planned.of_api(work), *indexes)


async def test_the_dedupe_window_is_trimmed_by_stretches_of_its_file(planned: Planned) -> None:
    scans = await planned.of_store(lambda c: dedupe.trim(c, AT, 0))

    assert {scan.node for scan in scans} == {"Tid Range Scan"}


async def test_a_scan_of_a_whole_table_would_be_seen(planned: Planned) -> None:
    scans = await planned.of_store(lambda c: c.fetch("SELECT * FROM signals WHERE scope = 'x'"))

    with pytest.raises(AssertionError):
        assert_by_index(scans)


HOT = {
    "customers": "state = state || 'x' WHERE customer_id = md5($1::int::text)::uuid",
    "consumer_offsets": "next_offset = next_offset + 1 WHERE partition = $1 % 12",
    "heartbeats": "append_time = now() WHERE partition = $1 % 12",
    "watermark": "at = now() WHERE $1 > 0",
}


@pytest.mark.parametrize("table", HOT)
async def test_a_row_that_changes_often_stays_in_its_page(database_url: str, table: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        """
        INSERT INTO customers (customer_id, definition_id, state)
        SELECT md5(n::text)::uuid, 1, decode(repeat('00', 600), 'hex')
        FROM generate_series(1, 300) n;
        INSERT INTO consumer_offsets SELECT 't', n, 0 FROM generate_series(0, 11) n;
        INSERT INTO heartbeats SELECT n, 'i', now(), now(), 0, 'none', 'beat'
        FROM generate_series(0, 11) n
        """
    )
    for number in range(1, 301):
        await connection.execute(f"UPDATE {table} SET {HOT[table]}", number)
    await connection.execute("SELECT pg_stat_force_next_flush()")
    changed, in_page = await connection.fetchrow(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = $1", table
    )
    await connection.close()

    assert changed >= 300
    assert in_page >= 0.9 * changed
