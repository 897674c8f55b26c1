"""Fetches the vendored analytics.js from its npm package: `make vendor ANALYTICS_NEXT=1.84.3`."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import tempfile
from hashlib import sha256
from pathlib import Path

from services.ingest.browser_files import FOLDER, SNIPPET

PACKAGE = "@segment/analytics-next"
LICENCE = ("LICENSE.MD", "LICENSE.md")
ORIGIN = "origin.json"
# What the snippet itself loads while it sends: measures of links, ids in the page's address.
PARTS = ("auto-track.bundle.", "queryString.bundle.")


def vendor(version: str) -> None:
    """The folder has the package's files unchanged, its licence, and a note of their hashes."""
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(["npm", "pack", "--silent", f"{PACKAGE}@{version}"], cwd=work, check=True)
        (archive,) = Path(work).glob("*.tgz")
        with tarfile.open(archive) as packed:
            packed.extractall(work, filter="data")
        package = Path(work) / "package"
        for old in FOLDER.glob("*.*"):
            old.unlink()
        for script in (package / "dist" / "umd").glob("*.js"):
            if script.name == SNIPPET or script.name.startswith(PARTS):
                (FOLDER / script.name).write_bytes(script.read_bytes())
        (FOLDER / LICENCE[1]).write_bytes((package / LICENCE[0]).read_bytes())
    (FOLDER / ORIGIN).write_text(json.dumps(origin(version), indent=2) + "\n", "utf-8")


def origin(version: str) -> dict[str, object]:
    """Where the files come from, and the hash of each."""
    files = {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in sorted(FOLDER.iterdir())
        if path.name != ORIGIN
    }
    return {"package": PACKAGE, "version": version, "license": "MIT", "files": files}


if __name__ == "__main__":
    vendor(sys.argv[1])
