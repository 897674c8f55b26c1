"""The roles that run: do they answer, and can they work; the ports that they are set to."""

from __future__ import annotations

import errno
import socket
from pathlib import Path
from typing import NamedTuple

import httpx2

from services.cli.doctor.finding import Finding, fail, ok, or_ok, skips, warn
from services.cli.local_settings import url_of
from services.ingest.instance import is_held
from services.settings import Settings

INGEST = "ingest"
WORKER = "worker"
API = "api"
PORTS = "ports"
ANSWER_SECONDS_MAX = 10.0


class Role(NamedTuple):
    """Where a role answers; `group` is that of its settings, `port` how its port is set."""

    name: str
    url: str
    port: str
    host: str
    number: int
    spool: Path | None = None  # of ingest


def role_of(name: str, settings: Settings, url: str | None = None) -> Role:
    """The role as the settings place it, or where it is known to be."""
    if name == WORKER:
        host, number = settings.worker.metrics_host, settings.worker.metrics_port
        return Role(
            name, url or url_of(host, number), "MILEPOST_WORKER__METRICS_PORT", host, number
        )
    group = getattr(settings, name)
    port = f"MILEPOST_{name.upper()}__PORT"
    spool = settings.ingest.spool_dir if name == INGEST else None
    return Role(name, url or url_of(group.host, group.port), port, group.host, group.port, spool)


def judge_ports(roles: list[Role]) -> list[Finding]:
    """Two roles of one machine cannot listen at one port."""
    found = []
    for n, one in enumerate(roles):
        for other in roles[n + 1 :]:
            if one.number and (one.url == other.url):
                what = f"{one.name} and {other.name} are both set to listen at {one.url}"
                found.append(fail(PORTS, what, f"set {other.port} to another number"))
    return or_ok(found, PORTS, ", ".join(f"{one.name} {one.number}" for one in roles))


async def ready(role: Role) -> list[Finding]:
    """Whether a role answers, and says that it can work."""
    if role.url.endswith(":0"):
        return skips([role.name], f"{role.port} is 0, so its port is not known here")
    try:
        answer = await get(f"{role.url}/readyz")
    except httpx2.ConnectError:
        return [_absent(role)]
    except httpx2.HTTPError as error:
        what = f"what listens at {role.url} does not answer as {role.name} does: {error!r}"
        return [fail(role.name, what, f"free the port, or set {role.port} to another one")]
    return [judge_ready(role, answer.status_code, answer.text.strip())]


def judge_ready(role: Role, status: int, text: str) -> Finding:
    """What a role says of itself, if it is that role."""
    if status == 200:
        return ok(role.name, f"is ready at {role.url}")
    if status == 503:
        fix = {
            INGEST: "see what `kafka`, `spool folder` and `ingest clock` say here, and its log",
            WORKER: "see what `kafka` and `database` say here, and its log; it may be a spare one",
        }.get(role.name, "see what `database` says here, and its log")
        status_of = warn if role.name == WORKER else fail
        return status_of(role.name, f"at {role.url} says that it is not ready: {text[:200]}", fix)
    what = f"something else listens at {role.url}: it answers {status} to /readyz"
    return fail(role.name, what, f"free the port, or set {role.port} to another one")


def _absent(role: Role) -> Finding:
    """Nothing listens; whether it could."""
    fix = f"start `milepost {role.name}`, or run this where it runs"
    if role.spool is not None and is_held(role.spool):
        what = f"nothing listens at {role.url}, and another process holds {role.spool}"
        return fail(
            role.name, what, "end that process, or give each its own MILEPOST_INGEST__SPOOL_DIR"
        )
    try:
        with socket.socket(socket.AF_INET6 if ":" in role.host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((role.host, role.number))
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EADDRNOTAVAIL):
            what = f"nothing listens at {role.url}, and nothing can: {error.strerror}"
            return fail(
                role.name, what, f"set {role.port} and its host to an address of this machine"
            )
    return warn(role.name, f"nothing listens at {role.url}", fix)


async def get(url: str, headers: dict[str, str] | None = None) -> httpx2.Response:
    async with httpx2.AsyncClient(timeout=ANSWER_SECONDS_MAX, trust_env=False) as client:
        return await client.get(url, headers=headers)
