"""Finding the running system by its data folder."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

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


def endpoints(pid: int) -> Endpoints:
    return Endpoints(
        pid=pid,
        ingest="http://127.0.0.1:8000",
        api="http://127.0.0.1:8001",
        kafka="127.0.0.1:9092",
        database="postgresql://milepost@127.0.0.1/milepost",
        sources=(SourceKey("website", "website", "k" * 32),),
    )


def test_what_is_written_is_found_again_by_its_owner_alone(tmp_path: Path) -> None:
    write_endpoints(tmp_path, endpoints(os.getpid()))
    file = endpoints_file(tmp_path)
    assert file == tmp_path / "run" / "endpoints.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_endpoints(tmp_path) == endpoints(os.getpid())
    assert [entry.name for entry in file.parent.iterdir()] == ["endpoints.json"]


def test_nothing_is_found_before_the_start_and_after_the_stop(tmp_path: Path) -> None:
    with pytest.raises(EndpointsError, match=r"no Milepost runs over .*milepost up"):
        read_endpoints(tmp_path)
    write_endpoints(tmp_path, endpoints(os.getpid()))
    remove_endpoints(tmp_path)
    remove_endpoints(tmp_path)
    with pytest.raises(EndpointsError, match="no Milepost runs over"):
        read_endpoints(tmp_path)


def test_a_system_that_was_killed_is_not_found(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    write_endpoints(tmp_path, endpoints(ended.pid))
    with pytest.raises(EndpointsError, match="no Milepost runs over"):
        read_endpoints(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"pid": "x"}', "\xff"])
def test_a_damaged_file_is_none(tmp_path: Path, text: str) -> None:
    file = endpoints_file(tmp_path)
    file.parent.mkdir()
    file.write_text(text, "latin-1")
    with pytest.raises(EndpointsError, match="no Milepost runs over"):
        read_endpoints(tmp_path)
