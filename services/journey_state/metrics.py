"""Every metric of the worker: name, kind, unit, meaning."""

from __future__ import annotations

import platform
from collections import Counter as Counted
from collections.abc import Iterable, Mapping
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.contracts.times import SECOND_US
from services.journey_state.definition import NONE_STAGE
from services.journey_state.intake import Tally
from services.journey_state.store.progress import Backlog
from services.journey_state.store.rollups import Standing
from services.journey_state.watermark import Hold


class WorkerMetrics:
    """The worker's metrics in a registry of their own; names as contract 7 lists them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = self._counter("worker_events", "records by what became of them", "outcome")
        self.batch_seconds = Histogram(
            "milepost_worker_batch_seconds",
            "time of one transaction",
            registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
        )
        self.lag_records = self._gauge(
            "worker_lag_records", "records not yet processed", "partition"
        )
        self.refolds = self._counter("refolds", "pasts computed again", "reason")
        self.refolded_touchpoints = self._counter(
            "refolded_touchpoints", "touchpoints read for pasts computed again"
        )
        self.watermark_lag_seconds = self._gauge("watermark_lag_seconds", "age of the watermark")
        self.fence_conflicts = self._counter("fence_conflicts", "batches another worker had moved")
        self.dedupe_hits = self._counter("dedupe_hits", "repeats of events seen before")
        self.transitions = self._counter(
            "stage_transitions", "stages entered, in order", "from", "to"
        )
        self.signals = self._counter("signals", "signals that changed state", "rule", "state")
        self.expression_errors = self._counter(
            "expression_errors", "conditions and scopes that could not be evaluated", "expression"
        )
        self._expression_errors: dict[str, int] = {}
        self.merges = self._counter("identity_merges", "customers joined into others")
        self.splits = self._counter("identity_splits", "customers that others were split from")
        self.overflows = self._counter(
            "identity_overflows", "links applied where they arrived: too many identifiers"
        )
        self.dead_letters = self._counter("dead_letters", "records set aside")
        self.deadline_lateness_seconds = self._gauge(
            "deadline_lateness_seconds", "how far the oldest due look is behind the watermark"
        )

        self.watermark_hold_seconds = self._gauge(
            "watermark_hold_seconds", "how long an instance has held the watermark", "instance"
        )
        self.outbox_pending = self._gauge("outbox_pending", "messages on their way to a topic")
        self.outbox_oldest_seconds = self._gauge("outbox_oldest_seconds", "age of the oldest one")
        self.dead_letters_open = self._gauge("dead_letters_open", "records set aside, not settled")
        self.stage_customers = self._gauge("stage_customers", "customers in a stage", "stage")
        self.map_rolled_up = self._gauge("map_rolled_up", "1: the map's roll-ups are complete")
        self.map_changes_waiting = self._gauge(
            "map_changes_waiting", "changes not yet in the map's roll-ups"
        )
        self._gauge("build_info", "what runs", "version", "python").labels(
            version("milepost"), platform.python_version()
        ).set(1)

    def show_backlog(self, backlog: Backlog) -> None:
        """What waits, as last read."""
        self.outbox_pending.set(backlog.outbox_pending)
        self.outbox_oldest_seconds.set(backlog.outbox_oldest_seconds)
        self.dead_letters_open.set(backlog.dead_letters_open)
        self.deadline_lateness_seconds.set(backlog.deadline_lateness_seconds)

    def show_rollup(self, standing: Standing) -> None:
        """How far the roll-ups of the map are, as last read."""
        self.map_rolled_up.set(standing.complete)
        self.map_changes_waiting.set(standing.changes)

    def show_stages(self, customers: Mapping[str, int]) -> None:
        """Customers per stage, as last counted; `none` is no stage."""
        for stage, number in customers.items():
            if stage != NONE_STAGE:
                self.stage_customers.labels(stage).set(number)

    def show_holds(self, holds: Iterable[Hold], now_us: int) -> None:
        """Who holds the watermark, and for how long; whoever does not any more is gone."""
        self.watermark_hold_seconds.clear()
        for hold in holds:
            if hold.reason != "current" and hold.since is not None:
                seconds = (now_us - hold.since) / SECOND_US
                self.watermark_hold_seconds.labels(_holder(hold)).set(seconds)

    def count_expression_errors(self, errors: Mapping[str, int]) -> None:
        """Add what has come since the last call; `errors` are all since the start."""
        for expression, number in errors.items():
            more = number - self._expression_errors.get(expression, 0)
            if more > 0:
                self.expression_errors.labels(expression).inc(more)
        self._expression_errors = dict(errors)

    def count(self, tally: Tally) -> None:
        """Add what became of one batch."""
        self.events.labels("applied").inc(tally.applied)
        self.events.labels("duplicate").inc(tally.duplicates)
        self.events.labels("too_late").inc(tally.too_late)
        self.events.labels("dead_letter").inc(tally.dead)
        self.events.labels("erased").inc(tally.erased)
        self.dedupe_hits.inc(tally.duplicates)
        self.merges.inc(tally.merges)
        self.splits.inc(tally.splits)
        self.overflows.inc(tally.overflows)
        self.dead_letters.inc(tally.dead)
        for reason, number in tally.refolds.items():
            self.refolds.labels(reason).inc(number)
        self.refolded_touchpoints.inc(tally.refolded_touchpoints)
        for labels, number in Counted(tally.transitions).items():
            self.transitions.labels(*labels).inc(number)
        for labels, number in Counted(tally.signals).items():
            self.signals.labels(*labels).inc(number)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"milepost_{name}", meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"milepost_{name}", meaning, labels, registry=self.registry)


def _holder(hold: Hold) -> str:
    return f"partition {hold.partition}" if hold.reason == "stopped" else hold.instance or "none"
