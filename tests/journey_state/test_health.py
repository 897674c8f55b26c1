"""The worker tells whether it lives, reads, and what it counted."""

from __future__ import annotations

import httpx2
from prometheus_client import CollectorRegistry

from services.journey_state.health import LOOP_SECONDS_MAX, Health, serve_health
from services.settings import KafkaSettings, WorkerSettings
from tests.journey_state.listening import free_port
from tests.journey_state.running import a_touchpoint, a_worker, publish, settings_for, until


async def test_a_worker_is_ready_once_it_reads_and_counts_what_it_applied(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    port = free_port()
    async with (
        a_worker(settings_for(kafka_settings, database_url)) as worker,
        serve_health(worker.health, WorkerSettings(metrics_port=port)),
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):

        async def status_of(path: str) -> int:
            return (await client.get(path)).status_code

        await until(lambda: status_of("/readyz"), lambda status: status == 200)
        await publish(kafka_settings, [a_touchpoint("Product Viewed", at=1, user="u")])

        async def metrics() -> str:
            return (await client.get("/metrics")).text

        await until(metrics, lambda text: 'outcome="applied"} 1.0' in text)
        counted = await until(metrics, lambda text: "stage_customers{" in text)
        living, unknown = await status_of("/livez"), await status_of("/nothing")

    assert (living, unknown) == (200, 404)
    assert 'milepost_stage_transitions_total{from="none",to="consideration"} 1.0' in counted
    assert 'milepost_stage_customers{stage="consideration"} 1.0' in counted
    assert "milepost_dead_letters_open 0.0" in counted
    assert "milepost_build_info{" in counted


def test_a_loop_that_no_longer_comes_round_is_named() -> None:
    now = [1000.0]
    health = Health(CollectorRegistry(), monotonic=lambda: now[0])
    health.came_round("consumer")
    health.came_round("deadlines")
    now[0] += LOOP_SECONDS_MAX + 1
    health.came_round("deadlines")

    status, _, body = health.answer("/livez")

    assert (status, body) == (503, b"stuck: consumer\n")
