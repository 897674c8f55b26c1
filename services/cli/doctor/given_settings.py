"""The settings as the roles would read them, and what is wrong with them."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from services.cli.doctor.finding import Finding, fail, ok, or_ok, warn
from services.cli.endpoints import EndpointsError, default_data_dir, read_endpoints
from services.cli.given import PREFIX, SECRETS, secrets_in_files, unknown_settings
from services.cli.settings_table import names
from services.settings import KafkaSettings, Settings

CHECK = "settings"
LEASE_SECONDS_MIN = 15.0


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
    found += judge_settings(place.settings)
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


def judge_settings(settings: Settings) -> Iterator[Finding]:
    """Settings that are each allowed and do not go together."""
    yield from _of_kafka(settings.kafka)
    age, kept = settings.time.max_age_days, settings.retention.timeline_days
    if age > kept:
        what = f"events of {age} days are believed, and touchpoints are kept for {kept}"
        fix = f"set MILEPOST_TIME__MAX_AGE_DAYS to {kept} or less: older ones count nowhere"
        yield warn(CHECK, what, fix)
    if settings.watermark.lease_seconds < LEASE_SECONDS_MIN:
        what = (
            f"a lease of {settings.watermark.lease_seconds:g} s ends between two heartbeats, which"
            " come every 5 s where nothing happens"
        )
        fix = f"set MILEPOST_WATERMARK__LEASE_SECONDS to {LEASE_SECONDS_MIN:g} or more"
        yield fail(CHECK, what, fix)


def _of_kafka(kafka: KafkaSettings) -> Iterator[Finding]:
    signs_in = kafka.security_protocol.startswith("SASL")
    if signs_in and not (kafka.sasl.username and kafka.sasl.password):
        what = f"{kafka.security_protocol} signs in, and no user or password is set"
        fix = "set MILEPOST_KAFKA__SASL__USERNAME and MILEPOST_KAFKA__SASL__PASSWORD_FILE"
        yield fail(CHECK, what, fix)
    if kafka.sasl.username and not signs_in:
        what = f"a user for Kafka is set, and {kafka.security_protocol} does not sign in"
        yield warn(CHECK, what, "set MILEPOST_KAFKA__SECURITY_PROTOCOL to SASL_SSL")
    if kafka.ca_file is None:
        return
    try:
        ssl.create_default_context(cafile=kafka.ca_file)
    except OSError as error:  # that it is no certificate is one too
        what = f"MILEPOST_KAFKA__CA_FILE {kafka.ca_file} cannot be used: {error}"
        yield fail(CHECK, what, "let it name the brokers' certificate authority, PEM, readable")


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
    theirs = _settings_of(endpoints.environment)
    place = Place(theirs, endpoints.ingest, endpoints.api)
    return place, [ok(CHECK, f"those of the system that runs over {folder}")]


def _settings_of(environment: Mapping[str, str]) -> Settings:
    """The settings that a role reads from these variables alone."""
    saved = dict(os.environ)
    try:
        for name in names():
            os.environ.pop(name, None)
        os.environ.update(environment)
        return Settings()
    finally:
        os.environ.clear()
        os.environ.update(saved)
