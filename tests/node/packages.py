"""The SDKs of `package.json` as npm has them, installed once into a folder of the user's cache."""

from __future__ import annotations

import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

from platformdirs import user_cache_path

from tests.missing import missing

HERE = Path(__file__).parent
INSTALL_SECONDS_MAX = 300
_FILES = ("package.json", "package-lock.json")


def installed() -> Path:
    """A folder with `node_modules`. Without Node the test is skipped; under `CI` it fails."""
    if not (shutil.which("node") and shutil.which("npm")):
        missing("the SDKs for Node need node and npm, which are not there")
    lock = b"".join((HERE / name).read_bytes() for name in _FILES)
    folder = user_cache_path("milepost-tests") / "node" / sha256(lock).hexdigest()[:16]
    if not folder.exists():
        _install(folder)
    return folder


def _install(folder: Path) -> None:
    partial = folder.with_name(f"{folder.name}.{os.getpid()}")
    partial.mkdir(parents=True)
    for name in _FILES:
        shutil.copy(HERE / name, partial)
    subprocess.run(
        ["npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=partial,
        check=True,
        timeout=INSTALL_SECONDS_MAX,
        stdout=subprocess.DEVNULL,
    )
    try:
        partial.rename(folder)
    except OSError:  # another process was first
        shutil.rmtree(partial)
