"""The spool of an ingest's folder: opened, told in metrics, and missed when nobody serves it."""

from __future__ import annotations

from pathlib import Path

import structlog

from services.contracts.times import SECOND_US
from services.ingest.disk import Folder
from services.ingest.inflight import InFlight
from services.ingest.instance import InstanceError, is_live
from services.ingest.metrics import Metrics
from services.ingest.spool import Spool
from services.ingest.spooling import SpoolingSink

_log = structlog.get_logger(__name__)

WORKER_FOLDER = "worker-"
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


def tell_of_unserved(folder: Path | None, workers: int) -> None:
    """Each folder of a worker whose number is not used any more is told, if it still counts.

    `workers` is 0 where the folder itself is the only one.
    """
    for one in unserved(folder, workers):
        _log.error(
            "spool_without_worker",
            folder=str(one),
            fix="it may hold events, and holds the watermark: start ingest once more with as many"
            " MILEPOST_INGEST__WORKERS as before, and stop it when its spool is empty",
        )


def unserved(folder: Path | None, workers: int) -> list[Path]:
    """The folders beside those of the workers that have said hello and no goodbye."""
    if folder is None or not folder.is_dir():
        return []
    served = {f"{WORKER_FOLDER}{number}" for number in range(workers)} or {folder.name}
    candidates = [folder, *sorted(folder.glob(f"{WORKER_FOLDER}*"))]
    return [one for one in candidates if one.name not in served and is_live(one)]


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
