"""Fetches pinned jars by `jgo`, several at a time, each try from a clean folder."""

from __future__ import annotations

import contextlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from jgo.maven import MavenContext, PythonResolver

from services.cli.local.errors import LocalStackError
from services.cli.local.progress import Progress, shown

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rich.console import Console

    from services.cli.local.jar import Jar

TRIES_MAX = 3
DOWNLOADS_MAX = 4
TROUBLE_CHARACTERS_MAX = 200
HINT = (
    "Check the network or the proxy and start again: what was fetched is kept."
    " Or set MILEPOST_KAFKA__BOOTSTRAP to a Kafka of yours"
)


def fetch_all(
    jars: list[Jar], folder: Path, console: Console | None, cancelled: threading.Event
) -> None:
    """Each jar is in `folder`, checked. `LocalStackError` on the first that cannot be had."""
    size = sum(jar.bytes for jar in jars)
    title = f"Fetching Apache Kafka ({size / 1e6:.0f} MB, once)"
    with shown(console, title, size) as progress, ThreadPoolExecutor(DOWNLOADS_MAX) as pool:
        fetches = [pool.submit(_fetch, jar, folder, progress, cancelled) for jar in jars]
        try:
            for fetch in fetches:
                fetch.result()
        except BaseException:
            cancelled.set()
            raise
    shutil.rmtree(folder / "partial", ignore_errors=True)


def _fetch(jar: Jar, folder: Path, progress: Progress, cancelled: threading.Event) -> None:
    trouble = ""
    for _ in range(TRIES_MAX):
        # A new folder each time: what an interrupted try left must not be taken for whole.
        partial = folder / "partial" / os.urandom(6).hex()
        try:
            fetched = _download(jar, partial, _counter(progress, cancelled))
            if jar.is_whole(fetched):
                fetched.replace(folder / jar.name)
                return
            trouble = "what came is not what is pinned (sha256 differs)"
        except (OSError, RuntimeError) as error:
            trouble = _in_short(error)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        if cancelled.is_set():
            break
    raise LocalStackError(f"Could not fetch {jar.name} of Apache Kafka: {trouble}", HINT)


def _in_short(error: Exception) -> str:
    """A client's chain of causes tells the same thing five times."""
    said = str(error).partition("\n")[0].partition(" (Caused by")[0]
    return f"{type(error).__name__}: {said[:TROUBLE_CHARACTERS_MAX]}"


def _download(jar: Jar, cache: Path, counter: Counter) -> Path:
    chosen = os.environ.get("MILEPOST_JAR_REPOSITORY")
    context = MavenContext(
        resolver=PythonResolver(progress_callback=counter),
        repo_cache=cache,
        remote_repos={"chosen": chosen} if chosen else None,
    )
    group, artifact, version = jar.parts
    pinned = context.project(group, artifact).at_version(version).artifact()
    fetched: Path = pinned.resolve()
    return fetched


if TYPE_CHECKING:
    Counter = Callable[[str, int], contextlib.AbstractContextManager[Callable[[int], None]]]


def _counter(progress: Progress, cancelled: threading.Event) -> Counter:
    """Counts bytes, takes them back when the try fails, and ends it when `cancelled`."""

    @contextlib.contextmanager
    def counting(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
        counted = 0

        def count(fetched_bytes: int) -> None:
            nonlocal counted
            if cancelled.is_set():
                raise RuntimeError("stopped")
            counted += fetched_bytes
            progress.advance(fetched_bytes)

        try:
            yield count
        except BaseException:
            progress.advance(-counted)
            raise

    return counting
