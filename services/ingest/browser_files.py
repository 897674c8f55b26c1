"""The vendored analytics.js: read once, given to browsers as it is or compressed."""

from __future__ import annotations

import gzip
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "browser" / "analytics_next"
SNIPPET = "standalone.js"


class BrowserFile(NamedTuple):
    """A script, the same compressed, and the tag that tells whether a browser has it already."""

    plain: bytes
    gzipped: bytes
    etag: bytes


@cache
def browser_file(name: str) -> BrowserFile | None:
    """The script of that name; None when none is vendored."""
    if name not in {path.name for path in FOLDER.glob("*.js")}:
        return None
    plain = (FOLDER / name).read_bytes()
    return BrowserFile(
        plain, gzip.compress(plain, mtime=0), f'"{sha256(plain).hexdigest()[:32]}"'.encode()
    )
