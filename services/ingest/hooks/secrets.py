"""Providers' secrets: from the sources file, from files of their own, from the environment."""

from __future__ import annotations

import os
from pathlib import Path

import structlog

from services.ingest.errors import UnavailableError
from services.ingest.hooks.options import SecretRef
from services.ingest.sources_file import Source

SECRET_BYTES_MAX = 64 << 10
_log = structlog.get_logger(__name__)


class SecretStore:
    """Reads a secret's file again when it changes, so that a rotated one needs no restart."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[int, int, bytes]] = {}

    def of(self, source: Source) -> tuple[bytes, ...]:
        """The source's secrets, the newest first. Raises UnavailableError when one is not there.

        The provider then tries again, and whoever runs this reads why in the log.
        """
        try:
            return tuple(self._value(ref) for ref in source.webhook.secrets)
        except (OSError, LookupError) as error:
            _log.error("webhook_secret_missing", source=source.name, detail=str(error))
            raise UnavailableError("the webhook's secret cannot be read here") from None

    def _value(self, ref: SecretRef) -> bytes:
        if ref.file is not None:
            return self._of_file(ref.file)
        text = os.environ.get(ref.env) if ref.env is not None else ref.value
        if not text:
            raise LookupError(f"the environment variable {ref.env} is not set")
        return text.strip().encode()

    def _of_file(self, name: str) -> bytes:
        path = Path(name)
        state = path.stat()
        known = self._read.get(name)
        if known is not None and known[:2] == (state.st_mtime_ns, state.st_size):
            return known[2]
        with path.open("rb") as file:
            secret = file.read(SECRET_BYTES_MAX).strip()
        if not secret:
            raise LookupError(f"{name} is empty")
        self._read[name] = (state.st_mtime_ns, state.st_size, secret)
        return secret
