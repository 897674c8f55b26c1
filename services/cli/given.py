"""What a person gave: settings from the environment, secrets also from files; times."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import typer
from pydantic import ValidationError

from services.cli.settings_table import names
from services.contracts.times import from_datetime
from services.settings import Settings

PREFIX = "MILEPOST_"
EXIT_USAGE = 2

# Secrets that may stand in a file of their own, as container platforms hand them over.
SECRETS = ("MILEPOST_DATABASE__URL", "MILEPOST_KAFKA__SASL__PASSWORD")

# Read by `milepost up` and by the tests; they are no settings of a role.
_BESIDE = ("MILEPOST_CACHE_DIR", "MILEPOST_JAR_REPOSITORY")


def load_settings(environ: MutableMapping[str, str] | None = None) -> Settings:
    """The settings; a wrong one ends the program with a clear line, an unknown one warns."""
    environ = os.environ if environ is None else environ
    for name in unknown_settings(environ):
        typer.echo(f"warning: {name} is no setting of Milepost; see docs/settings.md", err=True)
    try:
        environ.update(secrets_in_files(environ))
        return Settings()
    except OSError as error:
        refuse(f"{error.filename} cannot be read: {error.strerror}")
    except ValidationError as error:
        for fault in error.errors():
            variable = PREFIX + "__".join(str(part).upper() for part in fault["loc"])
            typer.echo(f"{variable}: {fault['msg']}; see docs/settings.md", err=True)
        sys.exit(EXIT_USAGE)


def unknown_settings(environ: Mapping[str, str]) -> list[str]:
    """Variables that look like settings and are none."""
    known = {*names(), *_BESIDE, *(f"{secret}_FILE" for secret in SECRETS)}
    return sorted(
        name
        for name in environ
        if name.startswith(PREFIX) and name.upper() not in known and "_TEST_" not in name
    )


def secrets_in_files(environ: Mapping[str, str]) -> dict[str, str]:
    """The secrets that `*_FILE` variables point to. Raises OSError."""
    return dict(_secrets(environ))


def _secrets(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for secret in SECRETS:
        file = environ.get(f"{secret}_FILE")
        if file and not environ.get(secret):
            yield secret, Path(file).read_text(encoding="utf-8").strip()


def instant_us(text: str) -> int:
    """A time as a person gives it, in microseconds; UTC where it names no offset.

    Raises ValueError, whose text says what to give.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("give a time such as 2026-11-21T12:00:00Z, or a date") from None
    return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def refuse(line: str, code: int = EXIT_USAGE) -> NoReturn:
    """Say what stands in the way, and end with the exit code, that of a wrong use unless given."""
    typer.echo(line, err=True)
    sys.exit(code)
