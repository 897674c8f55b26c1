"""What the query API says of the whole: watermark, lag, outbox, dead letters."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2

from services.cli.doctor.examine import in_thread
from services.cli.doctor.finding import Finding, fail, ok, or_ok, skips, warn
from services.cli.doctor.serving import Role, get

WATERMARK = "watermark"
PARTITIONS = "partitions"
LAG = "lag"
OUTBOX = "outbox"
LETTERS = "dead letters"
STATUS_CHECKS = (WATERMARK, PARTITIONS, LAG, OUTBOX, LETTERS)
LAG_RECORDS_MAX = 50_000
LAG_RECORDS_MIN = 1_000  # fewer may be on their way
LAG_SECONDS = 2.0
OUTBOX_SECONDS_MAX = 30.0
WATERMARK_SECONDS_MAX = 300.0


async def look(role: Role, token_file: Path | None) -> list[Finding]:
    """What the query API says of the watermark, lag, outbox and dead letters."""
    try:
        token = await in_thread(lambda: token_file.read_text("utf-8")) if token_file else ""
        words = token.split(maxsplit=1)
        headers = {"Authorization": f"Bearer {words[0]}"} if words else {}
        first, later = await _status(role, headers), None
        if isinstance(first, dict) and waiting(first["lag"]) > LAG_RECORDS_MIN:
            await asyncio.sleep(LAG_SECONDS)
            later = await _status(role, headers)
    except OSError as error:
        return skips(STATUS_CHECKS, f"--token-file cannot be read: {error}")
    except (httpx2.HTTPError, ValueError):
        return skips(STATUS_CHECKS, f"needs the query API at {role.url}")
    if isinstance(first, str):
        return skips(STATUS_CHECKS, first)
    return judge_status(first, later if isinstance(later, dict) else None)


async def _status(role: Role, headers: dict[str, str]) -> dict[str, Any] | str:
    """What the query API answers, or why it does not."""
    answer = await get(f"{role.url}/v1/status", headers)
    found = answer.json()
    if answer.status_code in (401, 403):
        return "the query API asks for a token: --token-file FILE"
    if not answer.is_success or not isinstance(found, dict):
        why = str(found.get("detail", answer.status_code)) if isinstance(found, dict) else "?"
        return f"the query API cannot tell: {why}"
    return found


def waiting(lag: dict[str, int] | None) -> int:
    """Records of all partitions that no worker has read."""
    return sum((lag or {}).values())


def judge_status(found: dict[str, Any], later: dict[str, Any] | None = None) -> list[Finding]:
    """The findings of `/v1/status`; of lag also by what it says a moment later."""
    return [
        *_watermark(found["watermark"]),
        *or_ok(list(_stopped(found["stopped"])), PARTITIONS, "none has stopped"),
        _lag(found["lag"], later and later["lag"]),
        _outbox(found["outbox"]),
        _letters(found["dead_letters"]),
    ]


def _watermark(said: dict[str, Any]) -> Iterator[Finding]:
    if said["at"] is None:
        what = "there is none yet, so no signal is raised"
        yield warn(WATERMARK, what, "start ingest and a worker, and let both reach Kafka")
        return
    age = f"{said['age_seconds']:.1f} s old"
    for hold in said["holds"]:
        whose = f"partition {hold['partition']}"
        if hold["instance"]:
            whose = f"instance {hold['instance']} in {whose}"
        level = fail if said["age_seconds"] > WATERMARK_SECONDS_MAX else warn
        yield level(WATERMARK, f"{age}, held by {whose} ({hold['reason']})", hold["advice"])
    if not said["holds"]:
        yield ok(WATERMARK, age)


def _stopped(stopped: dict[str, str]) -> Iterator[Finding]:
    for partition, why in stopped.items():
        what = f"partition {partition} stopped: {why}"
        fix = f"mend what failed, then `milepost dead-letters resume {partition}`"
        yield fail(PARTITIONS, what, fix)


def _lag(lag: dict[str, int] | None, later: dict[str, int] | None) -> Finding:
    if lag is None:
        fix = "let the query API reach MILEPOST_KAFKA__BOOTSTRAP"
        return warn(LAG, "the query API does not reach Kafka, so it is not known", fix)
    total = waiting(lag)
    if later is not None and waiting(later) >= total:
        what = f"{waiting(later)} records wait for a worker, and they become no fewer"
        fix = "start `milepost worker`, or more of them; `worker` and `partitions` here may say why"
        return warn(LAG, what, fix)
    if total > LAG_RECORDS_MAX:
        what = f"{total} records wait for a worker"
        return warn(LAG, what, "let a worker run; start more of them where it does not catch up")
    return ok(LAG, f"{total} records wait for a worker")


def _outbox(outbox: dict[str, Any]) -> Finding:
    oldest = outbox["oldest_seconds"] or 0.0
    what = f"{outbox['pending']} messages wait for their topics, the oldest for {oldest:.1f} s"
    if oldest > OUTBOX_SECONDS_MAX:
        return fail(OUTBOX, what, "let a worker run, whose relay sends them, and reach Kafka")
    return ok(OUTBOX, what)


def _letters(count: int) -> Finding:
    if count:
        fix = "`milepost dead-letters list` shows why; mend it, then replay or drop them"
        return warn(LETTERS, f"{count} records could not be processed", fix)
    return ok(LETTERS, "none is open")
