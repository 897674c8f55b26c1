"""The reference subscriber on a real Kafka: repeats, tombstones and restarts leave one effect."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from services.contracts.cloudevent import kafka_headers
from services.settings import KafkaSettings

FILE = Path(__file__).parent.parent / "docs" / "examples" / "subscriber.py"
TYPE = "milepost.stage.changed.v1"
ANN, BEN = "018f0000-0000-7000-8000-000000000001", "018f0000-0000-7000-8000-000000000002"

Message = tuple[str, int | None]  # customer, version; None: a tombstone


@pytest.fixture(scope="module")
def subscriber() -> ModuleType:
    """The example, as its reader would run it."""
    spec = importlib.util.spec_from_file_location("subscriber", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def publish(settings: KafkaSettings, messages: Sequence[Message]) -> None:
    headers = kafka_headers(ce_id=str(uuid4()), ce_type=TYPE, source="/test", time_us=0)
    async with AIOKafkaProducer(**settings.client_options()) as producer:
        for customer_id, version in messages:
            value = {"customer_id": customer_id, "version": version}
            await producer.send_and_wait(
                settings.topics.stage_changes,
                None if version is None else msgspec.json.encode(value),
                customer_id.encode(),
                headers=[] if version is None else headers,
            )


async def run(
    subscriber: ModuleType, settings: KafkaSettings, ledger: Path, records: int
) -> list[tuple[str, int]]:
    """Start the subscriber, let it see so many records, stop it; all its effects so far."""
    book = subscriber.Ledger(str(ledger))
    seen = 0
    topic = settings.topics.stage_changes
    # Another group each time, as after a group whose offsets were lost: all is delivered again.
    async with subscriber.subscription(settings.bootstrap, topic, uuid4().hex) as consumer:
        async for _ in subscriber.follow(consumer, book):
            seen += 1
            if seen == records:
                break
    effects = [(customer_id, value["version"]) for customer_id, _, value in book.effects()]
    book.close()
    return effects


async def test_repeats_and_restarts_leave_one_effect(
    subscriber: ModuleType, kafka_settings: KafkaSettings, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.sqlite"
    await publish(
        kafka_settings,
        [(ANN, 1), (ANN, 2), (ANN, 1), (ANN, 2), (ANN, 3), (BEN, 1), (BEN, None), (BEN, 1)],
    )
    first = await run(subscriber, kafka_settings, ledger, 7)
    await publish(kafka_settings, [(ANN, 3), (ANN, 5)])
    again = await run(subscriber, kafka_settings, ledger, 9)

    assert sorted(first) == [(ANN, 1), (ANN, 2), (ANN, 3), (BEN, 1)]
    assert sorted(again) == [*sorted(first)[:3], (ANN, 5), (BEN, 1)]
