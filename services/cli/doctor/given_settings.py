"""The settings as the roles would read them, and what is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from services.cli.doctor.finding import Finding, fail, ok, or_ok, warn
from services.cli.endpoints import EndpointsError, default_data_dir, read_endpoints
from services.cli.given import PREFIX, SECRETS, secrets_in_files, unknown_settings
from services.cli.local_sources import sources_file
from services.cli.settings_table import names
from services.settings import Settings

CHECK = "settings"


class Place(NamedTuple):
    """The system to look at: its settings, and where its roles answer where that is known."""

    settings: Settings
    ingest: str | None = None
    api: str | None = None


class Read(NamedTuple):
    """What came of reading; `place` None: nothing else can be looked at."""

    place: Place | None
    findings: list[Finding]


def read_place(data: Path | None) -> Read:
    """The settings of the environment, with what a running `milepost up` says put in.

    A system of the default folder is looked at where the environment names no server.
    """
    found = list(judge_names(os.environ))
    settings = None
    try:
        os.environ.update(secrets_in_files(os.environ))
        settings = Settings()
    except (OSError, UnicodeDecodeError) as error:
        found.append(_unreadable(error))
    except ValidationError as error:
        found += _invalid(error)
    if settings is None:
        return Read(None, found)
    place, more = _placed(settings, data)
    return Read(place, or_ok([*found, *more], CHECK, "all are known and can be read"))


def judge_names(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Variables that look like settings and are none, and secrets that are given twice."""
    for name in unknown_settings(environ):
        near = get_close_matches(name.upper(), names(), 1)
        fix = f"rename it to {near[0]}" if near else "remove it; docs/settings.md has all settings"
        yield warn(CHECK, f"{name} is no setting of Milepost, so it does nothing", fix)
    for secret in SECRETS:
        if environ.get(secret) and environ.get(f"{secret}_FILE"):
            what = f"{secret} and {secret}_FILE are both set, and the file is not read"
            yield warn(CHECK, what, f"unset {secret} to use the file")


def _unreadable(error: OSError | UnicodeDecodeError) -> Finding:
    if isinstance(error, UnicodeDecodeError):
        what = f"a file of {' or '.join(f'{name}_FILE' for name in SECRETS)} is not UTF-8 text"
    else:
        what = f"{error.filename} cannot be read: {error.strerror}"
    return fail(CHECK, what, "let *_FILE name a file that the user of this process may read")


def _invalid(error: ValidationError) -> Iterator[Finding]:
    for fault in error.errors():
        variable = PREFIX + "__".join(str(part).upper() for part in fault["loc"])
        yield fail(CHECK, f"{variable}: {fault['msg']}", "docs/settings.md says what it may be")


def _placed(settings: Settings, data: Path | None) -> tuple[Place, list[Finding]]:
    is_named = bool(settings.database.url or settings.kafka.bootstrap)
    if data is None and is_named:
        return Place(settings), []
    folder = data or default_data_dir()
    try:
        endpoints = read_endpoints(folder)
    except EndpointsError as error:
        if data is None:
            what = "no server is named, and no `milepost up` runs on this machine"
            fix = "set MILEPOST_DATABASE__URL and MILEPOST_KAFKA__BOOTSTRAP, or start `milepost up`"
            return Place(settings), [fail(CHECK, what, fix)]
        return Place(settings), [fail(CHECK, f"--data {folder}: nothing runs there", f"{error}")]
    database = settings.database.model_copy(update={"url": endpoints.database})
    kafka = settings.kafka.model_copy(update={"bootstrap": endpoints.kafka})
    spool = settings.ingest.spool_dir or (folder / "spool").absolute()
    ingest = settings.ingest.model_copy(update={"spool_dir": spool})
    changed = {
        "database": database,
        "kafka": kafka,
        "ingest": ingest,
        "sources_file": settings.sources_file or sources_file(folder),
    }
    place = Place(settings.model_copy(update=changed), endpoints.ingest, endpoints.api)
    return place, [ok(CHECK, f"those of the system that runs over {folder}")]
