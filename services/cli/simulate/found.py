"""The system that is played against: its ingest, its keys, the journey in force."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import httpx2

from services.cli.endpoints import EndpointsError, read_endpoints
from services.cli.simulate.target import Target, TargetError, parse_keys, target

ASK_SECONDS_MAX = 5.0


class NotFoundError(Exception):
    """No system runs there; the text says what to do."""


class Found(NamedTuple):
    """`journey`: the name of that in force, None where nobody tells it."""

    target: Target
    journey: str | None


def found_by_url(ingest: str, keys: Sequence[str]) -> Found:
    """An ingest by its address. Raises TargetError."""
    return Found(target(ingest, parse_keys(keys)), None)


def found_by_data(data: Path | None, keys: Sequence[str]) -> Found:
    """The system that runs over the folder. Raises TargetError, NotFoundError."""
    if keys:
        raise TargetError("--key goes with --ingest; the running system's keys are known")
    try:
        found = read_endpoints(data)
    except EndpointsError as error:
        raise NotFoundError(str(error)) from None
    pairs = [(one.channel, one.write_key) for one in found.sources]
    return Found(target(found.ingest, pairs), _journey_at(found.api))


def _journey_at(api: str) -> str | None:
    try:
        answer = httpx2.get(f"{api}/v1/journey", timeout=ASK_SECONDS_MAX, trust_env=False)
        return str(answer.json()["journey"]) if answer.status_code == 200 else None
    except (httpx2.HTTPError, ValueError, KeyError, TypeError):
        return None
