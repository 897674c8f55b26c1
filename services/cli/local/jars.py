"""The jars of Apache Kafka: fetched once, checked against `kafka.lock.toml` at every start."""

from __future__ import annotations

import os
import threading
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from services.cli.local.folder import FolderLock, require_space
from services.cli.local.jar import Jar

if TYPE_CHECKING:
    from rich.console import Console

LOCK_FILE = Path(__file__).with_name("kafka.lock.toml")
OTHER_FETCH_SECONDS_MAX = 600


@dataclass(frozen=True, slots=True)
class KafkaLock:
    """A Kafka version and every jar that it runs on."""

    kafka: str
    jars: tuple[Jar, ...]

    @classmethod
    def read(cls, file: Path = LOCK_FILE) -> KafkaLock:
        content = tomllib.loads(file.read_text("utf-8"))
        return cls(content["kafka"], tuple(Jar(**jar) for jar in content["jar"]))


def cache_dir() -> Path:
    """Where downloads are kept: `MILEPOST_CACHE_DIR`, else the user's cache folder."""
    chosen = os.environ.get("MILEPOST_CACHE_DIR")
    return Path(chosen) if chosen else platformdirs.user_cache_path("milepost")


@dataclass(frozen=True, slots=True)
class KafkaJars:
    """A folder that holds every jar of the lock, each checked."""

    folder: Path
    version: str
    names: tuple[str, ...]

    @property
    def class_path(self) -> str:
        """In the lock's order: a JVM cache is only good for the order it was made with."""
        return os.pathsep.join(str(self.folder / name) for name in self.names)


def ensure_jars(
    cache: Path,
    console: Console | None = None,
    cancelled: threading.Event | None = None,
    lock: KafkaLock | None = None,
) -> KafkaJars:
    """All jars are in `cache`. Touches no network when they already were.

    `cancelled`, once set, ends a download soon. Raises `LocalStackError`.
    """
    lock = lock or KafkaLock.read()
    folder = cache / f"kafka-{lock.kafka}"
    held = FolderLock(folder, "The Kafka download")
    held.acquire(wait_seconds_max=OTHER_FETCH_SECONDS_MAX)
    try:
        missing = [jar for jar in lock.jars if not jar.is_whole(folder / jar.name)]
        if missing:
            require_space(folder, sum(jar.bytes for jar in missing) + (64 << 20))
            # Half a second of imports that only the first start needs.
            from services.cli.local.fetch import fetch_all  # noqa: PLC0415

            fetch_all(missing, folder, console, cancelled or threading.Event())
    finally:
        held.release()
    return KafkaJars(folder, lock.kafka, tuple(jar.name for jar in lock.jars))
