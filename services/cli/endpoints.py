"""`DIR/run/endpoints.json`: how other commands find the running system (contract 1)."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import platformdirs


class EndpointsError(Exception):
    """No system runs over this data folder; the text says what to do."""


class SourceKey(msgspec.Struct, frozen=True):
    """A source and the key that its events are sent with."""

    name: str
    channel: str
    write_key: str


class Endpoints(msgspec.Struct, frozen=True):
    """The addresses of a running system."""

    pid: int
    ingest: str
    api: str
    kafka: str
    database: str
    sources: tuple[SourceKey, ...]
    environment: dict[str, str] = {}  # the settings of its roles that are no defaults


def default_data_dir() -> Path:
    """Where `milepost up` keeps its data unless told otherwise."""
    return platformdirs.user_data_path("milepost")


def endpoints_file(data_dir: Path) -> Path:
    return data_dir / "run" / "endpoints.json"


def read_endpoints(data_dir: Path | None = None) -> Endpoints:
    """Those of the system that runs over `data_dir`, or over the default folder.

    Raises `EndpointsError` when none runs there.
    """
    folder = data_dir or default_data_dir()
    try:
        found = msgspec.json.decode(endpoints_file(folder).read_bytes(), type=Endpoints)
    except (OSError, msgspec.MsgspecError):
        found = None
    if found is None or not _runs(found.pid):
        raise EndpointsError(
            f"no Milepost runs over {folder}; start one by `milepost up --data {folder}`,"
            " or name another folder by --data"
        )
    return found


def database_url(configured: str, data: Path | None) -> str:
    """The database of the system that runs over `data`, else the one that is set.

    Raises EndpointsError, whose text says what to do.
    """
    if configured and data is None:
        return configured
    try:
        return read_endpoints(data).database
    except EndpointsError as error:
        raise EndpointsError(f"{error}; or set MILEPOST_DATABASE__URL") from None


def write_endpoints(data_dir: Path, endpoints: Endpoints) -> None:
    """The file is there, whole, and for our eyes alone: it holds keys and a password."""
    file = endpoints_file(data_dir)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_private(file, msgspec.json.format(msgspec.json.encode(endpoints)))


def remove_endpoints(data_dir: Path) -> None:
    endpoints_file(data_dir).unlink(missing_ok=True)


def write_private(file: Path, content: bytes) -> None:
    """`file` holds `content` and nobody else may read it, at any moment."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
    partial.replace(file)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
