"""Every setting of Milepost, read once by the command line and passed on in pieces."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.contracts.topics import Topics


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")  # unknown ones are warned of


class DatabaseSettings(_Group):
    """Where PostgreSQL is."""

    url: str = Field("", description="postgresql://user:password@host:port/name; empty: embedded")
    pool_max: int = Field(8, ge=2, description="connections of one process, at most")


class SaslSettings(_Group):
    """How to sign in to Kafka."""

    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    username: str | None = None
    password: SecretStr | None = None


class KafkaSettings(_Group):
    """Where Kafka is, and how topics are named and cut."""

    bootstrap: str = Field("", description="host:port, comma separated; empty: embedded")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    ca_file: Path | None = Field(None, description="certificate authority of the brokers, PEM")
    sasl: SaslSettings = SaslSettings()
    topic_prefix: str = "milepost"
    partitions: int = Field(12, ge=1, le=1000)
    replication_factor: int = Field(0, ge=0, description="0: 3, or 1 on a single broker")

    @property
    def topics(self) -> Topics:
        return Topics(self.topic_prefix)

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments that every aiokafka client needs to connect."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap.split(","),
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol.endswith("SSL"):
            options["ssl_context"] = ssl.create_default_context(cafile=self.ca_file)
        if self.security_protocol.startswith("SASL"):
            secret = self.sasl.password
            options["sasl_mechanism"] = self.sasl.mechanism
            options["sasl_plain_username"] = self.sasl.username
            options["sasl_plain_password"] = secret.get_secret_value() if secret else None
        return options


class IngestSettings(_Group):
    """The HTTP side: where it listens and how much it takes."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    workers: int = Field(1, ge=1, le=64)
    public_url: str | None = Field(
        None, description="how the world reaches ingest; Twilio and Mandrill sign their URL"
    )
    spool_dir: Path | None = Field(
        None, description="folder of the disk spool and the instance id; none: no spool"
    )
    spool_bytes_max: int = Field(
        1 << 30, ge=0, description="bytes of the disk spool, at most; 0: none"
    )
    body_bytes_max: int = Field(4 << 20, ge=1024, description="body after decompression")
    event_bytes_max: int = Field(32 << 10, ge=256, description="JSON bytes of one event")
    events_max: int = Field(2500, ge=1, description="events of one request")
    depth_max: int = Field(32, ge=2, description="nesting of one event, which itself is 1")
    keys_max: int = Field(256, ge=1, description="keys of one object")
    body_seconds_max: float = Field(30.0, gt=0, description="time for a body to arrive")
    ack_seconds_max: float = Field(4.0, gt=0, description="time for Kafka to acknowledge")
    source_events_per_second_max: int = Field(
        0, ge=0, description="of each source, in each process; 0: no limit"
    )
    connections_max: int = Field(4096, ge=1, description="open connections; others get a 503")
    head_seconds_max: float = Field(30.0, gt=0, description="time for a request's head to arrive")
    reading_bytes_max: int = Field(256 << 20, ge=1 << 20, description="bodies still arriving, all")
    inflight_bytes_max: int = Field(
        64 << 20, ge=1 << 20, description="bytes that wait for Kafka, or for the disk"
    )
    drain_seconds_max: float = Field(
        5.0, gt=0, description="time to answer requests, and to empty the spool, at stop"
    )


class ApiSettings(_Group):
    """The query side."""

    host: str = "127.0.0.1"
    port: int = Field(8001, ge=0, le=65535)
    tokens_file: Path | None = None
    segments_file: Path | None = Field(
        None,
        description="named filters over traits and behaviour, YAML; read again when it changes",
    )
    page_items_max: int = Field(500, ge=1)


class WorkerSettings(_Group):
    """The consumer's rhythm and bounds."""

    group: str = Field("milepost-journey-state", description="Kafka consumer group")
    session_milliseconds: int = Field(
        10_000, ge=6000, description="silence after which a worker's partitions go to others"
    )
    metrics_host: str = "127.0.0.1"
    metrics_port: int = Field(8002, ge=0, le=65535, description="0: any free port")
    poll_milliseconds: int = Field(200, ge=10)
    batch_records_max: int = Field(2000, ge=1, description="records of one transaction")
    tick_milliseconds: int = Field(250, ge=10, description="time between two looks at W")
    deadlines_batch_max: int = Field(500, ge=1, description="customers of one firing")
    relay_batch_max: int = Field(2000, ge=1, description="outbox rows of one round")
    dead_letters_share_max: float = Field(
        0.05, gt=0, le=1, description="share of failed records above which a partition stops"
    )
    dead_letters_window_records: int = Field(
        1000, ge=1, le=100_000, description="records that the share is of"
    )
    dead_letters_run_records: int = Field(
        50, ge=1, description="failed records in a row at which a partition stops"
    )
    recompute_batch_max: int = Field(
        10, ge=1, description="customers computed again in one transaction for a new definition"
    )


class RetentionSettings(_Group):
    """How long things are kept."""

    timeline_days: int = Field(
        400, ge=1, description="touchpoints, in whole months; checkpoints keep what they came to"
    )


class DedupeSettings(_Group):
    """How far back a repeat is recognised across customers."""

    days: int = Field(
        7, ge=1, description="by received_at before the watermark; older repeats: per customer"
    )


class AbandonmentSettings(_Group):
    """When a signal may be raised."""

    grace_seconds: float = Field(60, ge=0)


class TimeSettings(_Group):
    """What ingest believes of a client's clock."""

    max_age_days: int = Field(400, ge=1)
    skew_hours_max: float = Field(24, gt=0)


class WatermarkSettings(_Group):
    """How silence of an ingest instance is judged."""

    lease_seconds: float = Field(120, gt=0)
    gap_seconds: float = Field(30, gt=0)
    recovery_seconds: float = Field(600, ge=0)


class IdentitySettings(_Group):
    """Bounds of a customer's identity."""

    identifiers_max: int = Field(100, ge=2)
    moves_max: int = Field(20, ge=1, description="moves after which an identifier is shared")


class LogSettings(_Group):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


class Settings(BaseSettings):
    """All of it: `MILEPOST_` and `__` between group and name."""

    model_config = SettingsConfigDict(
        env_prefix="MILEPOST_", env_nested_delimiter="__", frozen=True, extra="ignore"
    )

    database: DatabaseSettings = DatabaseSettings()
    kafka: KafkaSettings = KafkaSettings()
    sources_file: Path | None = None
    journey_file: Path | None = None
    ingest: IngestSettings = IngestSettings()
    api: ApiSettings = ApiSettings()
    worker: WorkerSettings = WorkerSettings()
    retention: RetentionSettings = RetentionSettings()
    dedupe: DedupeSettings = DedupeSettings()
    abandonment: AbandonmentSettings = AbandonmentSettings()
    time: TimeSettings = TimeSettings()
    watermark: WatermarkSettings = WatermarkSettings()
    identity: IdentitySettings = IdentitySettings()
    log: LogSettings = LogSettings()
