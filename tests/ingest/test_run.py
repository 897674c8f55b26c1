"""The role as a process of its own: one worker or several, stopped by a signal."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx2
import pytest

from services.cli.environment import environment_of
from services.contracts import heartbeat
from services.settings import KafkaSettings
from tests.ingest.memory import KEY
from tests.ingest.processes import PROGRAM, ROOT, free_port
from tests.ingest.serving import events_in, records_of, settings_of
from tests.waiting import until


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_signal_ends_it_cleanly(
    kafka_settings: KafkaSettings, tmp_path: Path, workers: int
) -> None:
    port = free_port()
    settings = settings_of(kafka_settings, tmp_path, port=port, workers=workers)
    program = tmp_path / "ingest.py"
    program.write_text(PROGRAM)
    environment = environment_of(settings) | {"PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, program, env=os.environ | environment
    )
    try:
        taken = await until(lambda: posted(port), seconds_max=30)
        await until(lambda: hellos(kafka_settings, workers), seconds_max=30)
    finally:
        process.send_signal(signal.SIGTERM)
        code = await process.wait()
    assert code == 0
    assert taken
    found = await records_of(kafka_settings, kafka_settings.topics.touchpoints)
    assert sum(len(events_in(records)) for records in found.values()) == 1
    for records in found.values():
        beats = [heartbeat.decode(r.value) for r in records if heartbeat.is_heartbeat(r.headers)]
        for phase in ("hello", "goodbye"):
            assert len({beat.instance for beat in beats if beat.phase == phase}) == workers


async def posted(port: int) -> bool:
    """Whether an event was taken; false while nobody listens or is ready."""
    event = {"type": "page", "userId": "u"}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        try:
            answer = await client.post("/v1/events", json=event, headers={"X-Write-Key": KEY})
        except httpx2.TransportError:
            return False
    return answer.status_code == 200


async def hellos(kafka: KafkaSettings, count: int) -> bool:
    found = await records_of(kafka, kafka.topics.touchpoints)
    beats = [heartbeat.decode(r.value) for r in found[0] if heartbeat.is_heartbeat(r.headers)]
    return len({beat.instance for beat in beats}) == count
