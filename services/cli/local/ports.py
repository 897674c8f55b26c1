"""Free loopback ports, the same ones again after a restart where possible."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import msgspec

from services.cli.local.errors import LocalStackError

if TYPE_CHECKING:
    from pathlib import Path

LOOPBACK = "127.0.0.1"


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on `port` now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # A server would set this too: a port whose old connections linger is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def require_free(port: int, host: str, setting: str) -> None:
    """`LocalStackError` when `port` is taken; 0 is always free."""
    if port and not is_free(port, host):
        raise LocalStackError(
            f"Port {port} on {host} is taken",
            f"Stop what listens there, or set {setting} to another port",
        )


def kept(file: Path, names: tuple[str, ...]) -> dict[str, int]:
    """One free port for each name: those of `file` as far as they are free, so that clients
    find a restarted server again. The file then holds the answer."""
    ports = _read(file)
    chosen = {name: ports[name] for name in names if name in ports and is_free(ports[name])}
    with _Reservation() as reservation:
        for name in names:
            chosen.setdefault(name, reservation.take())
    file.write_bytes(msgspec.json.encode(chosen))
    return chosen


def _read(file: Path) -> dict[str, int]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, int])
    except (FileNotFoundError, msgspec.DecodeError):
        return {}


class _Reservation:
    """Keeps the sockets open until all ports are chosen, so that no two are the same."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> _Reservation:
        return self

    def take(self) -> int:
        held = socket.socket()
        held.bind((LOOPBACK, 0))
        self._sockets.append(held)
        port: int = held.getsockname()[1]
        return port

    def __exit__(self, *_: object) -> None:
        for held in self._sockets:
            held.close()
