"""One pinned jar: where it comes from and how it is known to be whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned file."""

    coordinate: str
    sha256: str
    bytes: int

    @property
    def parts(self) -> tuple[str, str, str]:
        group, artifact, version = self.coordinate.split(":")
        return group, artifact, version

    @property
    def name(self) -> str:
        _, artifact, version = self.parts
        return f"{artifact}-{version}.jar"

    def is_whole(self, file: Path) -> bool:
        """Whether `file` is this jar, to the last byte."""
        if not file.exists() or file.stat().st_size != self.bytes:
            return False
        return sha256_of(file) == self.sha256


def sha256_of(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
