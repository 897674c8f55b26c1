"""Jars are fetched once, whole, and without a network once they are there."""

from __future__ import annotations

import hashlib
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from services.cli.local.errors import LocalStackError
from services.cli.local.jar import Jar
from services.cli.local.jars import KafkaLock, cache_dir, ensure_jars

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOWHERE = "http://127.0.0.1:9"
CONTENT = {"first": b"one" * 50_000, "second": b"two" * 50_000}


class Repository(ThreadingHTTPServer):
    """Serves a folder laid out as a repository, and remembers what was asked for."""

    asked: list[str]


class Handler(SimpleHTTPRequestHandler):
    """Keeps quiet."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        assert isinstance(self.server, Repository)
        self.server.asked.append(self.path)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    for name, content in CONTENT.items():
        file = tmp_path / "repository" / "org" / "example" / name / "1" / f"{name}-1.jar"
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
    server = Repository(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path / "repository")))
    server.asked = []
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    monkeypatch.setenv("MILEPOST_JAR_REPOSITORY", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture
def lock() -> KafkaLock:
    jars = [
        Jar(f"org.example:{name}:1", hashlib.sha256(content).hexdigest(), len(content))
        for name, content in CONTENT.items()
    ]
    return KafkaLock("4.0.0", tuple(jars))


def test_a_first_start_fetches_and_a_second_needs_no_network(
    repository: Repository, lock: KafkaLock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ensure_jars(tmp_path, lock=lock)
    monkeypatch.setenv("MILEPOST_JAR_REPOSITORY", NOWHERE)

    second = ensure_jars(tmp_path, lock=lock)

    assert first == second
    assert [file.rsplit("/", 1)[1] for file in second.class_path.split(":")] == [
        "first-1.jar",
        "second-1.jar",
    ]
    assert not (first.folder / "partial").exists()


def test_a_damaged_jar_is_fetched_again(
    repository: Repository, lock: KafkaLock, tmp_path: Path
) -> None:
    jars = ensure_jars(tmp_path, lock=lock)
    damaged = jars.folder / "first-1.jar"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    (jars.folder / "second-1.jar").write_bytes(b"cut off")

    ensure_jars(tmp_path, lock=lock)

    assert damaged.read_bytes() == CONTENT["first"]
    assert (jars.folder / "second-1.jar").read_bytes() == CONTENT["second"]


def test_a_jar_that_is_not_the_pinned_one_is_refused(
    repository: Repository, lock: KafkaLock, tmp_path: Path
) -> None:
    other = KafkaLock(lock.kafka, (Jar("org.example:first:1", "0" * 64, len(CONTENT["first"])),))

    with pytest.raises(LocalStackError, match=r"first-1\.jar.*not what is pinned"):
        ensure_jars(tmp_path, lock=other)

    assert not list(tmp_path.glob("kafka*/*.jar"))


def test_a_repository_that_is_away_is_one_clear_line(
    lock: KafkaLock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILEPOST_JAR_REPOSITORY", NOWHERE)

    with pytest.raises(LocalStackError, match=r"Could not fetch .*start again") as raised:
        ensure_jars(tmp_path, lock=lock)

    assert "\n" not in str(raised.value)


def test_starts_at_the_same_time_fetch_once(
    repository: Repository, lock: KafkaLock, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(ensure_jars, tmp_path, lock=lock) for _ in range(4)]
        folders = {run.result().folder for run in runs}

    asked = [path for path in repository.asked if path.endswith('-1.jar"') or "jar" in path]
    assert len(folders) == 1
    assert sum(path.endswith("first-1.jar") for path in asked) == 1


def test_a_cancelled_fetch_ends(repository: Repository, lock: KafkaLock, tmp_path: Path) -> None:
    cancelled = threading.Event()
    cancelled.set()

    with pytest.raises(LocalStackError, match="stopped"):
        ensure_jars(tmp_path, cancelled=cancelled, lock=lock)


def test_progress_is_told_in_lines_where_there_is_no_terminal(
    repository: Repository, lock: KafkaLock, tmp_path: Path
) -> None:
    told = io.StringIO()

    ensure_jars(tmp_path, Console(file=told, width=120), lock=lock)

    lines = told.getvalue().splitlines()
    assert lines[0].endswith(": 0 %")
    assert lines[-1].endswith(": 100 %")


def test_the_lock_pins_every_jar_and_names_no_host() -> None:
    lock = KafkaLock.read()

    assert lock.kafka.startswith("4.")
    assert all(len(jar.sha256) == 64 and jar.bytes > 0 for jar in lock.jars)
    assert len({jar.name for jar in lock.jars}) == len(lock.jars)


def test_the_cache_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MILEPOST_CACHE_DIR", str(tmp_path))

    assert cache_dir() == tmp_path
