"""Who may send: write keys, channels, origins, read from the sources file and kept up to date."""

from __future__ import annotations

import re
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from services.ingest.sources_file import Source, SourcesFileError, read_sources

if TYPE_CHECKING:
    from collections.abc import Iterable

_log = structlog.get_logger(__name__)

KEY_PATTERN = re.compile(rb"[A-Za-z0-9_-]{16,64}")
KNOWN_KEYS_MAX = 10_000
LOOK_AGAIN_SECONDS = 0.05

FileState = tuple[int, int, int] | None


class Sources:
    """The sources of one file. A key that is unknown makes it look whether the file changed."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._state: FileState = None
        self._looked_at = 0.0
        self._by_hash: dict[str, Source] = {}
        self._by_key: dict[bytes, Source] = {}
        self._by_name: dict[str, Source] = {}
        self._origins: frozenset[str] = frozenset()
        self.is_broken = False
        self.refresh()

    def find(self, key: bytes) -> Source | None:
        """The source with this write key; None when it is unknown or revoked."""
        return self._by_key.get(key) or self._look_up(key)

    def named(self, name: str) -> Source | None:
        """The source of this name; None when there is none, or it is revoked."""
        if name not in self._by_name:
            self.refresh_if_due()
        return self._by_name.get(name)

    def any_lists(self, origin: str) -> bool:
        """Whether some source takes browsers from this origin."""
        return "*" in self._origins or origin in self._origins

    def refresh(self) -> None:
        """The sources are as the file says now; a broken file leaves them as they were."""
        self._looked_at = time.monotonic()
        state = _state_of(self._path)
        if state == self._state or self._path is None:
            return
        self._state = state
        try:
            sources = read_sources(self._path)
        except SourcesFileError as error:
            self.is_broken = True
            _log.error("sources_file_broken", detail=str(error), kept=len(self._by_hash))
        else:
            self._use(sources)

    def refresh_if_due(self) -> None:
        """As `refresh`, unless that was done a moment ago."""
        if time.monotonic() - self._looked_at > LOOK_AGAIN_SECONDS:
            self.refresh()

    def look_again(self) -> None:
        """The next unknown key makes it look at the file, however lately it did."""
        self._looked_at = -LOOK_AGAIN_SECONDS

    def _use(self, sources: Iterable[Source]) -> None:
        live = [source for source in sources if not source.revoked]
        if self._is_open_to_others() and any(source.holds_secrets for source in live):
            _log.warning("sources_file_open", detail=f"chmod 600 {self._path}: it holds secrets")
        self._by_hash = {one: source for source in live for one in source.key_hashes}
        self._by_name = {source.name: source for source in live}
        self._by_key = {}
        self._origins = frozenset(origin for source in live for origin in source.origins)
        self.is_broken = False
        _log.info("sources_loaded", sources=len(live))

    def _is_open_to_others(self) -> bool:
        try:
            return self._path is not None and bool(self._path.stat().st_mode & 0o077)
        except OSError:
            return False

    def _look_up(self, key: bytes) -> Source | None:
        if not KEY_PATTERN.fullmatch(key):
            return None
        digest = sha256(key).hexdigest()
        if digest not in self._by_hash:
            self.refresh_if_due()
        source = self._by_hash.get(digest)
        if source is not None and len(self._by_key) < KNOWN_KEYS_MAX:
            self._by_key[key] = source
        return source


def _state_of(path: Path | None) -> FileState:
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
