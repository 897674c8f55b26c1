"""The settings of a run on this machine: those given, and where its own parts turned out to be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from services import journey_state
from services.cli.local_sources import sources_file

if TYPE_CHECKING:
    from pydantic import BaseModel

    from services.settings import Settings

DEMO_JOURNEY = Path(journey_state.__file__).parent / "journeys" / "demo.yaml"
DEMO_SEGMENTS = Path(journey_state.__file__).parent / "segments" / "demo.yaml"
DEMO_GRACE_SECONDS = 5.0
ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  # as an address


class Placed:
    """`given` as the user has it; `settings` as the roles get it, filled in step by step."""

    def __init__(self, given: Settings, data_dir: Path, *, demo: bool) -> None:
        self.given = given
        self.settings = given
        self._demo = demo
        if given.sources_file is None:
            self._set(sources_file=sources_file(data_dir).absolute())
        if given.ingest.spool_dir is None:
            self._set_in("ingest", spool_dir=(data_dir / "spool").absolute())
        if demo and "grace_seconds" not in given.abandonment.model_fields_set:
            self._set_in("abandonment", grace_seconds=DEMO_GRACE_SECONDS)
        if demo and given.api.segments_file is None:
            self._set_in("api", segments_file=DEMO_SEGMENTS)

    def place_ports(self, free: dict[str, int]) -> None:
        """A port given as 0 is the free one of that name."""
        if self.given.ingest.port == 0:
            self._set_in("ingest", port=free["ingest"])
        if self.given.api.port == 0:
            self._set_in("api", port=free["api"])
        if self.given.worker.metrics_port == 0:
            self._set_in("worker", metrics_port=free["worker"])

    def place_database(self, url: str) -> None:
        self._set_in("database", url=url)

    def place_kafka(self, bootstrap: str) -> None:
        self._set_in("kafka", bootstrap=bootstrap)

    @property
    def begins_with_demo(self) -> bool:
        """Whether empty data begins with the demo's short waits."""
        return self._demo and self.given.journey_file is None

    def _set(self, **values: Any) -> None:
        self.settings = self.settings.model_copy(update=values)

    def _set_in(self, group: str, **values: Any) -> None:
        part: BaseModel = getattr(self.settings, group)
        self._set(**{group: part.model_copy(update=values)})


def url_of(host: str, port: int) -> str:
    """How to reach from this machine what listens at `host`."""
    reached = ANY_HOST.get(host, host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"
