"""What the demo's live table knows: the query API's answers, asked for together."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2

REQUEST_SECONDS_MAX = 3.0
ROWS_MAX = 8
SIGNALS_READ = 120  # more than are shown: recoveries stand behind the newest that were raised
RATE_SECONDS = 10.0  # the database's count of touchpoints moves in steps of a second


@dataclass(frozen=True, slots=True)
class Picture:
    """What the query API said last. `problem`: why there is nothing newer."""

    stages: dict[str, int] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    signals: list[dict[str, Any]] = field(default_factory=list)
    watermark_age_seconds: float | None = None
    lag_records: int | None = None
    samples: tuple[tuple[float, int], ...] = ()  # (seconds, touchpoints stored), the newest last
    problem: str = ""

    @property
    def events_per_second(self) -> float | None:
        """Over the last ten seconds; None before the second look."""
        if len(self.samples) < 2:
            return None
        (began, first), (ended, last) = self.samples[0], self.samples[-1]
        return max(0, last - first) / max(ended - began, 0.001)


async def look(client: httpx2.AsyncClient, before: Picture) -> Picture:
    """The newest picture; the one before, with the problem named, when the api cannot say."""
    try:
        status, journey, changes, signals = await asyncio.gather(
            _get(client, "/v1/status"),
            _get(client, "/v1/journey?customers=true"),
            _get(client, f"/v1/stage-changes?limit={ROWS_MAX}"),
            _get(client, f"/v1/signals?limit={SIGNALS_READ}"),
        )
    except (httpx2.HTTPError, ValueError) as error:
        return replace(before, problem=f"the api does not answer ({type(error).__name__})")
    lag = status.get("lag")
    return Picture(
        stages=stage_counts(journey),
        changes=changes.get("items", []),
        # What was imported or lacks consent is stored and told to nobody.
        signals=[s for s in signals.get("items", []) if s.get("published")],
        watermark_age_seconds=(status.get("watermark") or {}).get("age_seconds"),
        lag_records=None if lag is None else sum(lag.values()),
        samples=_sampled(before.samples, status.get("touchpoints")),
    )


async def _get(client: httpx2.AsyncClient, path: str) -> dict[str, Any]:
    """The answer's object; an empty one where there is nothing yet."""
    answer = await client.get(path)
    if answer.status_code == 404:
        return {}
    answer.raise_for_status()
    body = answer.json()
    return body if isinstance(body, dict) else {}


def stage_counts(journey: dict[str, Any]) -> dict[str, int]:
    """Customers per stage in the order of the definition, stages it lacks last."""
    counts: dict[str, int] = journey.get("customers") or {}
    named = [stage["name"] for stage in (journey.get("definition") or {}).get("stages", [])]
    rest = [name for name in counts if name not in named]
    return {name: counts.get(name, 0) for name in [*named, *rest]}


def _sampled(
    before: tuple[tuple[float, int], ...], touchpoints: int | None
) -> tuple[tuple[float, int], ...]:
    if touchpoints is None:
        return before
    now = time.monotonic()
    # At least the look before: where one is taken every ten seconds, none is as young as that.
    recent = [sample for sample in before if now - sample[0] <= RATE_SECONDS] or before[-1:]
    return (*recent, (now, touchpoints))
