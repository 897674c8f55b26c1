"""The sources file: readable, ours alone, and with sources that can be sent with."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from services.cli.doctor.finding import Finding, fail, or_ok, warn
from services.cli.webhook import lacks_secret
from services.ingest.hooks.options import SecretRef
from services.ingest.hooks.registry import PROVIDERS
from services.ingest.sources_file import Source, SourcesFileError, read_sources

SOURCES = "sources file"
SIGN_URL = frozenset({"twilio", "twilio-voice", "mandrill"})
# As browsers send it: no path, no slash at the end, no capitals, no port that goes without saying.
_ORIGIN = re.compile(
    r"\*|http://[^/\sA-Z]+(?<!:80)|https://[^/\sA-Z]+(?<!:443)|(?!https?:)[a-z][a-z-]+://[^/\s]+"
)
_OTHERS = 0o077
_WRITABLE = 0o022


def look(file: Path | None, public_url: str | None = None) -> list[Finding]:
    """Whether ingest can use the sources file, and whether its sources can be sent with."""
    if file is None:
        fix = "set MILEPOST_SOURCES_FILE to the file that `milepost source add` writes"
        return [fail(SOURCES, "MILEPOST_SOURCES_FILE is not set, so ingest does not start", fix)]
    if not file.exists():
        fix = "add a source by `milepost source add NAME --channel website`"
        return [fail(SOURCES, f"{file} is not there, so no event is taken", fix)]
    try:
        there = read_sources(file)
    except SourcesFileError as error:
        fix = "mend the file, or take it back from a backup; `milepost source list` reads it again"
        return [fail(SOURCES, str(error), fix)]
    found = [*judge_sources(there, file, os.environ), *_sources_mode(file, there)]
    found += judge_urls(there, public_url)
    active = sum(not one.revoked for one in there)
    return or_ok(found, SOURCES, f"{file} has {active} sources that can be sent with")


def judge_sources(
    there: Sequence[Source], file: Path, environ: Mapping[str, str]
) -> Iterator[Finding]:
    """What is wrong with sources; secrets that stand elsewhere must be there."""
    active = [one for one in there if not one.revoked]
    if not active:
        what = f"{file} has no source that is not revoked, so no event is taken"
        yield fail(SOURCES, what, "add one by `milepost source add NAME --channel website`")
    for one in active:
        if one.channel == "website" and not one.origins and not one.server_only:
            what = f"source {one.name}: no page may send with its key, it lists no origins"
            fix = (
                f"add `origins` of your pages to it in {file}, such as https://shop.example,"
                " or `server_only: true`"
            )
            yield warn(SOURCES, what, fix)
        for origin in one.origins:
            if not _ORIGIN.fullmatch(origin):
                what = (
                    f"source {one.name}: no browser names itself {origin!r}, its events are refused"
                )
                yield warn(
                    SOURCES, what, f"write the origin in {file} such as https://shop.example"
                )
        yield from _secrets(one, environ)


def judge_urls(there: Sequence[Source], public_url: str | None) -> Iterator[Finding]:
    """Providers that sign the URL they call need it said, where a proxy hides it."""
    for one in there:
        if one.provider in SIGN_URL and not one.revoked and not public_url:
            what = f"source {one.name}: {one.provider} signs its URL, and the public one is not set"
            fix = "set MILEPOST_INGEST__PUBLIC_URL to how the world reaches ingest"
            yield warn(SOURCES, what, fix)


def _secrets(one: Source, environ: Mapping[str, str]) -> Iterator[Finding]:
    fix = f"give it by `milepost source rotate {one.name} --secret`"
    if one.provider is None:
        return
    if one.provider not in PROVIDERS:
        what = f"source {one.name}: {one.provider} is no provider that is known"
        yield fail(SOURCES, what, f"name one of {', '.join(PROVIDERS)}")
        return
    if PROVIDERS[one.provider].proof == "certificate" and not one.webhook.topic_arns:
        what = f"source {one.name}: it lists no topic of Amazon SNS, so its webhooks are refused"
        yield fail(SOURCES, what, "add it again with --topic-arn")
    if lacks_secret(one):
        what = f"source {one.name}: no secret of {one.provider} is given, its webhooks are refused"
        yield fail(SOURCES, what, fix)
    for secret in one.webhook.secrets:
        fault = _secret_fault(secret, environ)
        if fault:
            what = f"source {one.name}: its secret {fault}, so its webhooks are refused"
            yield fail(SOURCES, what, "put the secret there, readable for the user of ingest")


def _secret_fault(secret: SecretRef, environ: Mapping[str, str]) -> str | None:
    if secret.env is not None:
        return None if environ.get(secret.env) else f"is in {secret.env}, which is not set here"
    if secret.file is None:
        return None
    try:
        text = Path(secret.file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        return f"cannot be read ({error})"
    return None if text else f"is empty in {secret.file}"


def _sources_mode(file: Path, there: Sequence[Source]) -> Iterator[Finding]:
    mode = file.stat().st_mode
    if mode & _OTHERS and any(one.holds_secrets for one in there):
        what = f"{file} holds secrets and others may read it (mode {mode & 0o777:03o})"
        yield warn(SOURCES, what, f"`chmod 600 {file}`")
    elif mode & _WRITABLE:
        what = f"others may write {file}, and with it who may send (mode {mode & 0o777:03o})"
        yield warn(SOURCES, what, f"`chmod 600 {file}`")
