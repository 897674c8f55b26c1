"""What waits in the spool of an ingest that is gone holds the watermark of the real worker."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec

from services.contracts.times import SECOND_US, to_datetime
from services.ingest.instance import FILE_NAME
from services.journey_state.definition import read_definition
from services.settings import AbandonmentSettings, KafkaSettings, WatermarkSettings
from tests.e2e.events import now_us
from tests.e2e.stack import CART_SECONDS, GRACE_SECONDS, quick_journey
from tests.ingest.processes import Process, away
from tests.ingest.serving import Running, serving, settings_of
from tests.journey_state.running import a_worker, settings_for
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from services.cli.local.kafka import EmbeddedKafka

LEASE_SECONDS = 1
ACK_SECONDS = 0.5


class Database:
    """What the worker has written."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def rows(self, query: str, *values: object) -> list[Any]:
        connection = await asyncpg.connect(self._url)
        try:
            found: list[Any] = await connection.fetch(query, *values)
            return found
        finally:
            await connection.close()

    async def heard_beyond(self, instance: str, at_us: int) -> bool:
        """Whether the other instance has said in each partition that it is further."""
        rows = await self.rows(
            "SELECT min(low_watermark) FROM heartbeats WHERE instance <> $1", instance
        )
        return rows[0][0] is not None and rows[0][0] > to_datetime(at_us)

    async def watermark_is_beyond(self, at_us: int) -> bool:
        rows = await self.rows("SELECT at FROM watermark")
        return bool(rows) and rows[0][0] is not None and rows[0][0] > to_datetime(at_us)


async def visit(ingest: Running) -> None:
    """Without traffic the next beat comes five seconds later."""
    answer = await ingest.post("/v1/events", {"type": "page", "anonymousId": "some visitor"})
    assert answer.status_code == 200


async def test_an_order_in_the_spool_of_a_dead_ingest_keeps_its_cart_from_being_abandoned(
    kafka_settings: KafkaSettings, kafka_server: EmbeddedKafka, database_url: str, tmp_path: Path
) -> None:
    shop = read_definition(quick_journey(tmp_path / "shop"))
    worker = settings_for(
        kafka_settings,
        database_url,
        watermark=WatermarkSettings(lease_seconds=LEASE_SECONDS),
        abandonment=AbandonmentSettings(grace_seconds=GRACE_SECONDS),
    )
    folders = {name: tmp_path / name for name in ("dying", "living")}
    for folder in folders.values():
        folder.mkdir()
    settings = {
        name: settings_of(kafka_settings, folder, ack_seconds_max=ACK_SECONDS)
        for name, folder in folders.items()
    }
    dying, database = Process(settings["dying"], tmp_path), Database(database_url)
    async with a_worker(worker, shop), serving(settings["living"]) as living:
        async with dying.running(signal.SIGKILL):
            await dying.take("first", seconds_max=40)
            await living.post(
                "/v1/track",
                {"userId": "buyer", "event": "Product Added", "properties": {"cart_id": "c1"}},
            )
            with away(kafka_server):
                await dying.take("tried in Kafka first")
                ordered_after = now_us()
                await dying.take("order", type="track", event="Order Completed", userId="buyer")
        dead = msgspec.json.decode((folders["dying"] / "spool" / FILE_NAME).read_bytes())
        fires_at = now_us() + (CART_SECONDS + GRACE_SECONDS + LEASE_SECONDS) * SECOND_US

        async def others_are_beyond(at_us: int) -> bool:
            await visit(living)
            return await database.heard_beyond(dead["instance"], at_us)

        await until(lambda: others_are_beyond(fires_at), seconds_max=40)
        assert not await database.watermark_is_beyond(ordered_after)
        async with dying.running(signal.SIGTERM):

            async def watermark_goes_on() -> bool:
                await visit(living)
                return await database.watermark_is_beyond(fires_at)

            await until(watermark_goes_on, seconds_max=40)
        assert await database.rows("SELECT * FROM signals") == []
        stages = await database.rows("SELECT stage FROM stage_history")
    assert "purchase" in {row["stage"] for row in stages}
