"""`milepost topics`: creates the topics and checks them against what the services need."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from services.cli.kafka_said import said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.contracts.topics import TopicSpec
    from services.settings import KafkaSettings

REQUEST_MILLISECONDS_MAX = 15_000
LEADERS_SECONDS_MAX = 30
POLL_SECONDS = 0.05
REPLICAS = 3
# Where an entry of a topic's configuration was set (Kafka's DescribeConfigs).
SET_ON_TOPIC = 1


class TopicsError(Exception):
    """The topics are not as the services need them, or Kafka did not let us make them so."""


class KafkaRefusedError(TopicsError):
    """Kafka does not answer, or does not let us do what we must."""


async def ensure_topics(
    kafka: KafkaSettings, *, timeline_days: int = 400, output_days: int = 30
) -> list[str]:
    """Every topic exists with the right settings and a leader for each partition.

    Returns a line for each thing done; nothing to do gives no line. Raises `TopicsError`, above
    all on a topic with another number of partitions: customers would move between partitions, so
    that is never changed here.
    """
    specs = kafka.topics.specs(
        partitions=kafka.partitions, timeline_days=timeline_days, output_days=output_days
    )
    async with admin_of(kafka) as admin:
        cluster = await admin.describe_cluster()
        replicas = kafka.replication_factor or min(REPLICAS, len(cluster["brokers"]))
        specs = tuple(_safe(spec, replicas) for spec in specs)
        created = await _create_missing(admin, specs, replicas)
        await _require_partitions(admin, specs)
        changed = [line for spec in specs for line in await _fix_settings(admin, spec)]
    return created + changed


@contextlib.asynccontextmanager
async def admin_of(
    kafka: KafkaSettings, *, request_milliseconds_max: int = REQUEST_MILLISECONDS_MAX
) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected client, closed at the end; what Kafka refuses comes as `KafkaRefusedError`."""
    admin = AIOKafkaAdminClient(
        **kafka.client_options(), request_timeout_ms=request_milliseconds_max
    )
    try:
        await admin.start()
        yield admin
    except (KafkaError, OSError) as error:
        raise KafkaRefusedError(f"Kafka at {kafka.bootstrap}: {said(error)}") from error
    finally:
        await admin.close()


def _safe(spec: TopicSpec, replicas: int) -> TopicSpec:
    """With enough copies, an acknowledged record survives the loss of any one broker."""
    if replicas < REPLICAS:
        return spec
    configs = {**spec.configs, "min.insync.replicas": str(replicas - 1)}
    return type(spec)(spec.name, spec.partitions, configs)


async def _create_missing(
    admin: AIOKafkaAdminClient, specs: tuple[TopicSpec, ...], replicas: int
) -> list[str]:
    existing = set(await admin.list_topics())
    missing = [spec for spec in specs if spec.name not in existing]
    if not missing:
        return []
    response = await admin.create_topics(
        [
            NewTopic(spec.name, spec.partitions, replicas, topic_configs=spec.configs)
            for spec in missing
        ]
    )
    for name, code, *detail in response.topic_errors:
        # Another process may have been faster; what it made is checked next.
        if code not in (0, TopicAlreadyExistsError.errno):
            reason = detail[0] if detail and detail[0] else for_code(code).__name__
            raise TopicsError(f"Topic {name} cannot be created: {reason}")
    return [f"created {spec.name} ({spec.partitions} partitions)" for spec in missing]


async def _require_partitions(admin: AIOKafkaAdminClient, specs: tuple[TopicSpec, ...]) -> None:
    """All partitions are there and led; a topic just made takes a moment."""
    found: dict[str, list[dict[str, Any]]] = {}
    try:
        async with asyncio.timeout(LEADERS_SECONDS_MAX):
            while not _all_led(found, specs):
                await asyncio.sleep(POLL_SECONDS if found else 0)
                topics = await admin.describe_topics([spec.name for spec in specs])
                found = {topic["topic"]: topic["partitions"] for topic in topics}
    except TimeoutError:
        raise TopicsError(
            f"After {LEADERS_SECONDS_MAX} s some partitions have no leader. Check the brokers"
        ) from None
    for spec in specs:
        if len(found[spec.name]) != spec.partitions:
            raise TopicsError(
                f"Topic {spec.name} has {len(found[spec.name])} partitions, and"
                f" {spec.partitions} are asked for. Set MILEPOST_KAFKA__PARTITIONS to what is"
                " there, or choose another MILEPOST_KAFKA__TOPIC_PREFIX"
            )


def _all_led(found: dict[str, list[dict[str, Any]]], specs: tuple[TopicSpec, ...]) -> bool:
    return all(
        found.get(spec.name) and all(part["leader"] >= 0 for part in found[spec.name])
        for spec in specs
    )


async def _fix_settings(admin: AIOKafkaAdminClient, spec: TopicSpec) -> list[str]:
    effective, own = await settings_of(admin, spec.name)
    wrong = {name: value for name, value in spec.configs.items() if effective.get(name) != value}
    if not wrong:
        return []
    # This request replaces all that is set on the topic, so what others set goes along.
    resource = ConfigResource(ConfigResourceType.TOPIC, spec.name, {**own, **wrong})
    for response in await admin.alter_configs([resource]):
        for code, message, *_ in response.resources:
            if code:
                raise TopicsError(f"Topic {spec.name} cannot be changed: {message}")
    return [
        f"set {name} of {spec.name} to {value} (was {effective.get(name)})"
        for name, value in wrong.items()
    ]


async def settings_of(
    admin: AIOKafkaAdminClient, topic: str
) -> tuple[dict[str, str], dict[str, str]]:
    """All settings in force, and those of them that were set on the topic itself."""
    effective: dict[str, str] = {}
    own: dict[str, str] = {}
    resource = ConfigResource(ConfigResourceType.TOPIC, topic)
    for response in await admin.describe_configs([resource]):
        for code, message, _, _, entries in response.resources:
            if code:
                raise TopicsError(f"Topic {topic} cannot be read: {message}")
            for name, value, _, source, *_ in entries:
                effective[name] = value
                if source == SET_ON_TOPIC:
                    own[name] = value
    return effective, own
