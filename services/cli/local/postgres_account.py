"""Who runs PostgreSQL: ourselves, or, as it refuses root, an account that may do nothing else."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.cli.local.errors import LocalStackError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = "milepost"
USERADD_SECONDS_MAX = 30
ALL_READ = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
ALL_PASS = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group to run as; None to stay who we are."""

    ids: tuple[int, int] | None

    def own(self, path: Path) -> None:
        """`path` belongs to the account, which can reach it."""
        if self.ids is not None:
            os.chown(path, *self.ids)
            open_way_to(path)

    def run(self, argv: list[str], folder: Path, seconds_max: float) -> str:
        """What a program said; `CalledProcessError` or `TimeoutExpired` when it failed."""
        user, group = self.ids or (None, None)
        done = subprocess.run(
            argv,
            cwd=folder,
            env=plain_environment(),
            user=user,
            group=group,
            extra_groups=None if self.ids is None else [],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds_max,
            check=True,
        )
        return done.stdout


def account_for_postgres() -> Account:
    """Makes the account when root asks for the first time."""
    if os.geteuid() != 0:
        return Account(None)
    entry = _entry(NAME) or _added() or _entry("nobody")
    if entry is None:
        raise LocalStackError(
            "PostgreSQL does not run as root, and no other account can be made",
            f"Make a user named {NAME}, or start Milepost as an ordinary user",
        )
    return Account((entry.pw_uid, entry.pw_gid))


def open_way_to(path: Path) -> None:
    """Others may pass through, not list, the folders above `path`."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def open_programs(installed: Path) -> None:
    """Others may read and run what is under `installed`: a strict umask may have shut it."""
    open_way_to(installed)
    for path in (installed, *installed.rglob("*")):
        mode = path.lstat().st_mode
        wanted = mode | ALL_READ
        if stat.S_ISDIR(mode) or mode & stat.S_IXUSR:
            wanted |= ALL_PASS
        if wanted != mode and not stat.S_ISLNK(mode):
            path.chmod(wanted)


def plain_environment() -> Mapping[str, str]:
    """Ours without PG variables, which would lead the programs to another server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _added() -> pwd.struct_passwd | None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        return None
    argv = [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME]
    # It fails where another run was faster, or where the system is read-only.
    subprocess.run(argv, capture_output=True, timeout=USERADD_SECONDS_MAX, check=False)
    return _entry(NAME)
