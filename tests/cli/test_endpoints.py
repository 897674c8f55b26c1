"""Other commands find a running system, and only a running one."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from services.cli.endpoints import (
    Endpoints,
    EndpointsError,
    SourceKey,
    endpoints_file,
    read_endpoints,
    remove_endpoints,
    write_endpoints,
)

if TYPE_CHECKING:
    from pathlib import Path


def endpoints(pid: int) -> Endpoints:
    return Endpoints(
        pid=pid,
        ingest="http://127.0.0.1:8000",
        api="http://127.0.0.1:8001",
        kafka="127.0.0.1:9092",
        database="postgresql://milepost:secret@127.0.0.1:5432/milepost",
        sources=(SourceKey("website", "website", "k" * 32),),
    )


def test_what_is_written_is_read_and_private(tmp_path: Path) -> None:
    write_endpoints(tmp_path, endpoints(os.getpid()))

    assert read_endpoints(tmp_path) == endpoints(os.getpid())
    assert stat.S_IMODE(endpoints_file(tmp_path).stat().st_mode) == 0o600
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["endpoints.json"]


def test_nothing_is_found_after_the_stop(tmp_path: Path) -> None:
    write_endpoints(tmp_path, endpoints(os.getpid()))
    remove_endpoints(tmp_path)

    with pytest.raises(EndpointsError, match="milepost up --data"):
        read_endpoints(tmp_path)


def test_a_killed_run_is_not_found(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    write_endpoints(tmp_path, endpoints(dead.pid))

    with pytest.raises(EndpointsError, match="no Milepost runs"):
        read_endpoints(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b'{"pid": "x"}'])
def test_a_damaged_file_is_no_system(tmp_path: Path, content: bytes) -> None:
    endpoints_file(tmp_path).parent.mkdir()
    endpoints_file(tmp_path).write_bytes(content)

    with pytest.raises(EndpointsError):
        read_endpoints(tmp_path)
