"""Whoever computes beside the workers does it by their settings."""

from __future__ import annotations

import asyncpg

from services.journey_state.computed_by import as_the_workers, tell
from services.journey_state.store.pool import Store
from services.settings import AbandonmentSettings, IdentitySettings, KafkaSettings, Settings
from tests.journey_state.running import a_worker_role, settings_for, until

WORKERS = Settings(
    abandonment=AbandonmentSettings(grace_seconds=5), identity=IdentitySettings(identifiers_max=7)
)


async def found_beside(store: Store, given: Settings) -> Settings:
    async with store.connection() as connection:
        return await as_the_workers(connection, given)


async def test_what_the_worker_that_started_last_computes_by_holds(database_url: str) -> None:
    store = await Store.connect(database_url)
    given = Settings(abandonment=AbandonmentSettings(grace_seconds=99))
    before = await found_beside(store, given)
    await tell(store, Settings())
    await tell(store, WORKERS)
    found = await found_beside(store, given)
    await store.close()

    assert before == given
    assert found.abandonment == WORKERS.abandonment
    assert found.identity == WORKERS.identity
    assert found.kafka == given.kafka


async def test_a_setting_that_this_version_does_not_know_is_left_out(database_url: str) -> None:
    store = await Store.connect(database_url)
    await tell(store, WORKERS)
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        """UPDATE worker_settings SET groups = groups || '{"abandonment": {"of_later": 1}}'"""
    )
    await connection.close()
    found = await found_beside(store, Settings())
    await store.close()

    assert found.abandonment == Settings().abandonment
    assert found.identity == WORKERS.identity


async def test_a_worker_tells_its_settings_at_its_start(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    settings = settings_for(kafka_settings, database_url, abandonment=WORKERS.abandonment)
    store = await Store.connect(database_url)
    async with a_worker_role(settings):
        found = await until(
            lambda: found_beside(store, Settings()),
            lambda told: told.abandonment == WORKERS.abandonment,
        )
    await store.close()

    assert found.watermark == settings.watermark
