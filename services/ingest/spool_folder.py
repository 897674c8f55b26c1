"""The spool of an ingest's folder: opened, told in metrics, and missed when nobody serves it."""

from __future__ import annotations

from pathlib import Path

from services.contracts.times import SECOND_US
from services.ingest.disk import Folder
from services.ingest.inflight import InFlight
from services.ingest.instance import InstanceError
from services.ingest.metrics import Metrics
from services.ingest.spool import Spool
from services.ingest.spooling import SpoolingSink

# A clock that is further back than this was wrong before and is right now.
CLOCK_BACK_US_MAX = 60 * SECOND_US


def open_spool(folder: Path | None) -> Spool | None:
    """The spool in the folder, which is locked already; raises InstanceError."""
    if folder is None:
        return None
    try:
        return Spool(Folder(folder))
    except OSError as error:
        raise InstanceError(f"the spool in {folder} cannot be read: {error}") from None


def stamp_floor(now: int, spool: Spool | None) -> int:
    """What no new stamp may be below: the clock may have been set back while nothing ran."""
    newest = spool.held.newest if spool is not None else None
    return newest if newest is not None and newest - now < CLOCK_BACK_US_MAX else 0


def declare_spool_metrics(metrics: Metrics, sink: SpoolingSink | None, inflight: InFlight) -> None:
    """The spool's numbers are among the metrics; without a spool they are 0."""

    def oldest_seconds() -> float:
        oldest = sink.oldest if sink else None
        return 0.0 if oldest is None else (inflight.now() - oldest) / SECOND_US

    metrics.gauges["ingest_spool_bytes", "Bytes on disk that wait for Kafka"] = lambda: (
        sink.bytes if sink else 0
    )
    metrics.gauges["ingest_spool_oldest_seconds", "Age of the oldest of them"] = oldest_seconds
    metrics.gauges["ingest_spool_damaged_segments", "Files set aside, with bytes unreadable"] = (
        lambda: sink.damaged_segments if sink else 0
    )
    metrics.counters["ingest_spool_records", "Records written into the spool"] = lambda: (
        sink.kept if sink else 0
    )
    metrics.counters["ingest_spool_failures", "Writes that the disk refused"] = lambda: (
        sink.failures if sink else 0
    )
    metrics.counters["ingest_spool_refused", "Records set aside because Kafka refuses them"] = (
        lambda: sink.refused if sink else 0
    )
