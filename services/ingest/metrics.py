"""Counters of ingest as plain numbers, turned into Prometheus samples when they are asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_PREFIX = "milepost_"


class Metrics(Collector):
    """What ingest counts. Gauges are read from `gauges` at scrape time, by name."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, str, str], int] = {}
        self._buckets = [0] * (len(BUCKETS_SECONDS) + 1)
        self._seconds = 0.0
        self.counters: dict[tuple[str, str], Callable[[], int]] = {}
        self.gauges: dict[tuple[str, str], Callable[[], float]] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def count_events(self, source: str, channel: str, outcome: str, count: int) -> None:
        """`count` events of a source came to `outcome`."""
        label = (source, channel, outcome)
        self._events[label] = self._events.get(label, 0) + count

    def observe_request(self, seconds: float) -> None:
        """A request was answered after so long."""
        self._buckets[bisect_left(BUCKETS_SECONDS, seconds)] += 1
        self._seconds += seconds

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """The samples of one scrape."""
        yield self._event_counter()
        yield self._request_histogram()
        for (name, text), count in self.counters.items():
            yield CounterMetricFamily(_PREFIX + name, text, value=count())
        for (name, text), gauge in self.gauges.items():
            yield GaugeMetricFamily(_PREFIX + name, text, value=gauge())
        build = GaugeMetricFamily(f"{_PREFIX}build_info", "Version of Milepost", labels=["version"])
        build.add_metric([_version()], 1)
        yield build

    def _event_counter(self) -> Metric:
        family = CounterMetricFamily(
            f"{_PREFIX}ingest_events",
            "Events by what became of them",
            labels=["source", "channel", "outcome"],
        )
        for labels, count in self._events.items():
            family.add_metric(labels, count)
        return family

    def _request_histogram(self) -> Metric:
        total, buckets = 0, []
        for bound, count in zip((*BUCKETS_SECONDS, "+Inf"), self._buckets, strict=True):
            total += count
            buckets.append((str(bound), float(total)))
        return HistogramMetricFamily(
            f"{_PREFIX}ingest_request_seconds",
            "Time from a request's head to its answer",
            buckets=buckets,
            sum_value=self._seconds,
        )


def _version() -> str:
    try:
        return version("milepost")
    except PackageNotFoundError:
        return "unknown"
