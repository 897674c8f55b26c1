"""What the embedded PostgreSQL is told: durable, and sized for a share of one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.cli.local.ports import LOOPBACK

if TYPE_CHECKING:
    from pathlib import Path

    from services.cli.local.postgres_programs import PostgresPrograms

OWNER = "milepost"
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "wal_compression": "on",
    "checkpoint_timeout": "15min",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    # Our statements are short: planning to compile them costs more than it saves.
    "jit": "off",
    # Workers would need more shared memory than a container gives.
    "max_parallel_workers_per_gather": "0",
    "autovacuum_naptime": "20s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_min_messages": "warning",
}


def server_command(programs: PostgresPrograms, cluster: Path, port: int) -> tuple[str, ...]:
    """The command line of a server over `cluster`."""
    settings = {**SETTINGS, "port": str(port)}
    given = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return (str(programs.server), "-D", str(cluster), *given)


def initdb_command(programs: PostgresPrograms, cluster: Path, password_file: Path) -> list[str]:
    """Makes a cluster whose owner signs in by the password of `password_file`."""
    return [
        str(programs.initdb),
        f"--pgdata={cluster}",
        f"--username={OWNER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        # The same order of text on every machine.
        "--locale=C",
    ]
