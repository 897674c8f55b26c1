"""Waits until a broker does its work, not only listens."""

from __future__ import annotations

import asyncio
import socket

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.cli.local.child import Child
from services.cli.local.errors import LocalStackError
from services.cli.local.ports import LOOPBACK

POLL_SECONDS = 0.05
REQUEST_MILLISECONDS_MAX = 5000


async def answers(port: int, broker: Child, seconds_max: float) -> None:
    """The broker on `port` has answered for its cluster.

    `LocalStackError` when its process ends first, `TimeoutError` after `seconds_max`.
    """
    async with asyncio.timeout(seconds_max):
        # A refused connection is cheap; the client would log an error for each.
        while not _listens(port) or not await _leads(port):
            if broker.exit_code is not None:
                raise LocalStackError(f"Kafka ended with code {broker.exit_code}")
            await asyncio.sleep(POLL_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


async def _leads(port: int) -> bool:
    admin = AIOKafkaAdminClient(
        bootstrap_servers=f"{LOOPBACK}:{port}", request_timeout_ms=REQUEST_MILLISECONDS_MAX
    )
    try:
        await admin.start()
        cluster = await admin.describe_cluster()
    except (KafkaError, OSError):
        return False
    finally:
        await admin.close()
    return bool(cluster["brokers"]) and cluster["controller_id"] >= 0
