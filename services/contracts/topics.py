"""The topics: names, partitions, retention and compaction (contract 4 and 5)."""

from __future__ import annotations

from dataclasses import dataclass, field

DAY_MS = 86_400_000
OUTPUT_DAYS = 30
COMPACTION_DAYS = 7  # by then a snapshot that a tombstone follows is gone from the log


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as `milepost topics` creates and checks it."""

    name: str
    partitions: int
    configs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Topics:
    """Topic names under one prefix."""

    prefix: str = "milepost"

    @property
    def touchpoints(self) -> str:
        return f"{self.prefix}.touchpoints.v1"

    @property
    def stage_changes(self) -> str:
        return f"{self.prefix}.stage-changes.v1"

    @property
    def signals(self) -> str:
        return f"{self.prefix}.abandonment-signals.v1"

    @property
    def customers(self) -> str:
        return f"{self.prefix}.customers.v1"

    @property
    def rejected(self) -> str:
        return f"{self.prefix}.rejected.v1"

    def specs(
        self, *, partitions: int, timeline_days: int, output_days: int = OUTPUT_DAYS
    ) -> tuple[TopicSpec, ...]:
        """What must exist.

        Touchpoints are kept as long as the timeline, whatever their size, so that state can be
        rebuilt from Kafka.
        `LogAppendTime` everywhere: a back-filled event must not expire by its own age.
        """
        log_time = {"message.timestamp.type": "LogAppendTime"}
        kept = {**log_time, "retention.ms": str(output_days * DAY_MS)}
        return (
            TopicSpec(
                self.touchpoints,
                partitions,
                {
                    **log_time,
                    "retention.ms": str(timeline_days * DAY_MS),
                    "retention.bytes": "-1",
                },
            ),
            TopicSpec(self.stage_changes, partitions, kept),
            TopicSpec(self.signals, partitions, kept),
            TopicSpec(
                self.customers,
                partitions,
                {
                    **log_time,
                    "cleanup.policy": "compact",
                    "max.compaction.lag.ms": str(COMPACTION_DAYS * DAY_MS),
                },
            ),
            TopicSpec(self.rejected, 1, kept),
        )
