"""Every table that can be rebuilt, damaged in turn: all is put back, and nobody is told (4.6)."""

from __future__ import annotations

from typing import Any

import asyncpg

from services.journey_state.customer import CustomerState, decode_state, encode_state
from services.journey_state.journey import Journey
from services.settings import KafkaSettings
from tests.journey_state.rebuilt import a_rich_system, everything
from tests.journey_state.running import a_touchpoint, a_worker, publish
from tests.journey_state.test_replay import built_again, quiet, rows_of, run, told

# Nothing but its row tells of a signal that was never published, and whose touchpoints were cut.
KNOWN = "(published OR due_at >= (SELECT reached_at FROM timeline_cut))"

# What is done to the tables; each is put back whole before the next.
DAMAGES: dict[str, list[str]] = {
    "customers": ["DELETE FROM customers WHERE merged_into IS NULL"],
    "some customers and all that is computed of them": [
        "DELETE FROM timers WHERE customer_id IN (SELECT customer_id FROM customers"
        " WHERE left(customer_id::text, 36) ~ '[0-7]$')",
        "DELETE FROM customers WHERE customer_id::text ~ '[0-7]$'",
        f"DELETE FROM signals WHERE customer_id::text ~ '[0-7]$' AND {KNOWN}",
        "DELETE FROM stage_history WHERE customer_id::text ~ '[0-7]$'",
    ],
    "who was merged": [
        "DELETE FROM customers WHERE merged_into IS NOT NULL AND customer_id::text ~ '[0-7]$'",
        "UPDATE customers SET merged_into = NULL WHERE merged_into IS NOT NULL",
    ],
    "customers and identifiers": ["DELETE FROM customers", "DELETE FROM identifiers"],
    "owners": [
        "UPDATE identifiers SET customer_id = (SELECT min(customer_id::text)::uuid FROM customers"
        " WHERE merged_into IS NULL), moves = 0, shared = true, unlinked = false",
    ],
    "periods": ["DELETE FROM ownership_periods"],
    "links and conflicts": [
        "DELETE FROM identifier_links",
        "UPDATE conflicts SET last_at = last_at + interval '1 s', count = count + 1"
        " WHERE first_at >= (SELECT reached_at FROM timeline_cut)",
        "DELETE FROM conflicts WHERE first_at >= (SELECT reached_at FROM timeline_cut)"
        " AND ctid IN (SELECT min(ctid) FROM conflicts GROUP BY reason)",
    ],
    "identity": [
        "DELETE FROM ownership_periods",
        "DELETE FROM identifiers WHERE moves > 0",
        "DELETE FROM identifier_links",
        "DELETE FROM timers",
    ],
    "what was published": [f"DELETE FROM signals WHERE {KNOWN}", "DELETE FROM stage_history"],
    "facts": ["DELETE FROM timeline WHERE NOT too_late", "DELETE FROM dedupe"],
}


def emptied(state: CustomerState) -> None:
    state.journey, state.identifiers, state.signals = Journey(), [], {}
    state.past_signals, state.earlier, state.lost = {}, [], 0


async def empty_states(url: str) -> None:
    """Customers are left with ids and publication facts."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "SELECT customer_id, state FROM customers WHERE merged_into IS NULL"
    )
    for customer_id, encoded in rows:
        state = decode_state(encoded)
        emptied(state)
        await connection.execute(
            "UPDATE customers SET state = $2 WHERE customer_id = $1",
            customer_id,
            encode_state(state),
        )
    await connection.close()


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What is not as it was, by table, of customers by what is said of them: (was, is)."""
    found: dict[str, Any] = {}
    for name, rows in after.items():
        if name == "states":
            for customer_id, state in rows.items():
                was = before[name].get(customer_id, {})
                said = {k: (was.get(k), v) for k, v in state.items() if was.get(k) != v}
                if said:
                    found[str(customer_id)] = said
        elif rows != before[name]:
            gone = [row for row in before[name] if row not in rows]
            found[name] = (gone, [row for row in rows if row not in before[name]])
    if before["states"].keys() - after["states"].keys():
        found["states"] = before["states"].keys() - after["states"].keys()
    return found


async def test_whatever_table_is_damaged_a_replay_puts_all_back_and_tells_nothing(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    settings = await a_rich_system(kafka_settings, database_url)
    before, topics = await everything(database_url), await told(kafka_settings)
    assert_rich(before)

    await built_again(settings)
    assert difference(before, await everything(database_url)) == {}
    for name, statements in DAMAGES.items():
        await run(database_url, *statements)
        assert await everything(database_url) != before, name
        done = await built_again(settings)
        assert (name, difference(before, await everything(database_url))) == (name, {})
        assert done.failed == []
    await empty_states(database_url)
    await built_again(settings)
    assert difference(before, await everything(database_url)) == {}

    # Whoever was put back goes on.
    more = [a_touchpoint("Order Completed", at=43 * 86_400, user=f"u{n}") for n in range(8)]
    async with a_worker(settings):
        offsets = await rows_of(database_url, "SELECT sum(next_offset)::int FROM consumer_offsets")
        assert await told(kafka_settings) == topics
        await publish(kafka_settings, more)
        await quiet(settings, offsets[0][0] + len(more))
    letters = await rows_of(database_url, "SELECT reason, message FROM dead_letters")
    stages, _, snapshots = await told(kafka_settings)
    assert letters == []
    assert len(stages) > len(topics[0])
    assert len(snapshots) > len(topics[2])


def assert_rich(before: dict[str, Any]) -> None:
    """There is something of everything that is to be put back."""
    assert any(row[2] for row in before["customers"])  # merged away
    for column in (4, 6, 7):  # moved, unlinked, named by an alias
        assert any(row[column] for row in before["identifiers"])
    assert {row[5] for row in before["signals"]} >= {"raised", "recovered", "expired"}
    assert len({row[11] for row in before["signals"]}) > 1  # of two definitions
    assert any(row[6] for row in before["timeline"])  # too late
    assert len(before["conflicts"]) > 2
    assert len(before["operator_links"]) == 3
    assert any(state["overlays"] for state in before["states"].values())
    assert any(state["identity"][0] for state in before["states"].values())
