"""The files that settings name: tokens and segments of the query API, the journey."""

from __future__ import annotations

import os
from pathlib import Path

from services.cli.doctor.finding import Finding, fail, ok, warn
from services.journey_state.api.access import TokensFileError, read_tokens
from services.journey_state.api.segments_file import read_segments
from services.journey_state.definition import DefinitionError, read_definition
from services.settings import Settings

TOKENS = "tokens file"
JOURNEY = "journey file"
SEGMENTS = "segments file"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
_OTHERS = 0o077


def tokens(settings: Settings) -> list[Finding]:
    """Whether the query API can use its tokens file; whether it needs one."""
    api = settings.api
    if api.tokens_file is None:
        if api.host in LOOPBACK:
            return [ok(TOKENS, "none, so only this machine is served")]
        what = f"the query API listens on {api.host} and serves this machine alone: no tokens file"
        fix = "set MILEPOST_API__TOKENS_FILE to a file with lines such as `TOKEN read`"
        return [warn(TOKENS, what, fix)]
    try:
        count = len(read_tokens(api.tokens_file))
        there = api.tokens_file.stat()
    except (TokensFileError, OSError) as error:
        fix = "let it hold lines such as `TOKEN read,pii`, readable for the user of the query API"
        return [fail(TOKENS, str(error), fix)]
    # Another user's file, as containers are given one, is read by what it grants to others.
    if there.st_mode & _OTHERS and there.st_uid == os.geteuid():
        mode = f"mode {there.st_mode & 0o777:03o}"
        what = f"others may read the tokens in {api.tokens_file} ({mode})"
        return [warn(TOKENS, what, f"`chmod 600 {api.tokens_file}`")]
    return [ok(TOKENS, f"{api.tokens_file} has {count} tokens")]


def journey(file: Path | None) -> list[Finding]:
    """Whether the journey file is valid; whether it is in force is the database's to say."""
    if file is None:
        return [ok(JOURNEY, "none, so the definition in force goes on, or the shipped one begins")]
    try:
        read = read_definition(file)
    except DefinitionError as error:
        first = str(error).partition("\n")[0]
        fix = f"`milepost journey check {file}` tells every fault"
        return [fail(JOURNEY, first, fix)]
    return [ok(JOURNEY, f"{file} is {read.journey} {read.version}")]


def segments(file: Path | None) -> list[Finding]:
    """Whether the query API can use its file of segments."""
    if file is None:
        return [ok(SEGMENTS, "none, so `segment=` names nobody")]
    try:
        count = len(read_segments(file))
    except DefinitionError as error:
        first = str(error).partition("\n")[0]
        return [fail(SEGMENTS, first, "mend it; docs/segments.md has its form")]
    return [ok(SEGMENTS, f"{file} has {count} segments")]
