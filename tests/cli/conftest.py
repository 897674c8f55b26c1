"""Verbs run in the tests' own process leave it as they found it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def heard_kafka_client() -> Iterator[None]:
    """A verb may silence the Kafka client for its process; the next test hears it again."""
    client = logging.getLogger("aiokafka")
    before = client.level
    yield
    client.setLevel(before)
