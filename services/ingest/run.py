"""Role `milepost ingest`: listens, serves until told to stop, answers everyone it accepted."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import multiprocessing
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkProcess
from pathlib import Path

import structlog
import uvicorn
import uvloop

from services.ingest.app import create_app
from services.ingest.http_protocol import IngestProtocol
from services.ingest.instance import InstanceError
from services.ingest.slow_heads import end_slow_heads
from services.ingest.spool_folder import WORKER_FOLDER, tell_of_unserved
from services.settings import IngestSettings, Settings

_log = structlog.get_logger(__name__)

BACKLOG = 2048
GC_THRESHOLD = 50_000
RESTART_SECONDS = 1.0


class ListenError(Exception):
    """The address cannot be listened on; the text says why and what to do."""


class _Server(uvicorn.Server):
    """Uvicorn that is stopped by an event: signals are the command line's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(ingest: IngestSettings) -> socket.socket:
    """A socket that listens on the configured address. Raises ListenError."""
    bound = _bind(ingest)
    bound.listen(BACKLOG)
    return bound


def _bind(ingest: IngestSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in ingest.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if ingest.workers > 1:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((ingest.host, ingest.port))
    except OSError as error:
        bound.close()
        raise ListenError(
            f"ingest cannot listen on {ingest.host}:{ingest.port} ({error.strerror});"
            " choose another MILEPOST_INGEST__PORT"
        ) from None
    return bound


async def serve(
    settings: Settings, stopping: asyncio.Event, listener: socket.socket | None = None
) -> None:
    """Serves until `stopping` is set; then every accepted request is answered and goodbye said.

    Raises ListenError or InstanceError when it cannot begin.
    """
    listener = listener or listen(settings.ingest)
    server = _Server(_config(settings))
    host, port = listener.getsockname()[:2]
    _log.info("ingest_listening", host=host, port=port)

    async def stop() -> None:
        await stopping.wait()
        server.should_exit = True

    stopper = asyncio.create_task(stop())
    ending = asyncio.create_task(
        end_slow_heads(lambda: server.server_state.connections, settings.ingest.head_seconds_max)
    )
    try:
        await server.serve(sockets=[listener])
    finally:
        stopper.cancel()
        ending.cancel()
        listener.close()
    _log.info("ingest_stopped")


def _config(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(settings),
        http=IngestProtocol,
        ws="none",
        interface="asgi3",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=settings.ingest.connections_max,
        timeout_graceful_shutdown=math.ceil(settings.ingest.drain_seconds_max),
    )


def run(settings: Settings) -> None:
    """The role in the foreground until SIGTERM or SIGINT.

    Raises ListenError or InstanceError when it cannot begin.
    """
    if settings.ingest.workers > 1:
        _run_workers(settings)
    else:
        tell_of_unserved(settings.ingest.spool_dir, 0)
        _run_one(settings)


def _run_one(settings: Settings) -> None:
    async def main() -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        # Of brokers that are away the supervisor tells once, the library at every attempt.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        # What start-up has made stays: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD)
        await serve(settings, stopping)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def _run_workers(settings: Settings) -> None:
    """One process per worker, each an instance of its own, restarted when it dies."""
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        for process in processes:
            process.terminate()

    # Bound and not listening, the parent's socket keeps the port and takes no connection.
    tell_of_unserved(settings.ingest.spool_dir, settings.ingest.workers)
    with _bind(settings.ingest) as held:
        pinned = _with_port(settings, held.getsockname()[1])
        processes = [_start(pinned, number) for number in range(settings.ingest.workers)]
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, stop)
        while any(process.is_alive() for process in processes):
            for number, process in enumerate(processes):
                process.join(RESTART_SECONDS / len(processes))
                if not process.is_alive() and not stopping:
                    _log.error("worker_died", worker=number, exit_code=process.exitcode)
                    processes[number] = _start(pinned, number)


def _start(settings: Settings, number: int) -> ForkProcess:
    process = multiprocessing.get_context("fork").Process(
        target=_run_one, args=(_of_worker(settings, number),), name=f"ingest-{number}"
    )
    process.start()
    return process


def _with_port(settings: Settings, port: int) -> Settings:
    return settings.model_copy(update={"ingest": settings.ingest.model_copy(update={"port": port})})


def _of_worker(settings: Settings, number: int) -> Settings:
    folder = settings.ingest.spool_dir
    own: Path | None = folder / f"{WORKER_FOLDER}{number}" if folder else None
    return settings.model_copy(
        update={"ingest": settings.ingest.model_copy(update={"spool_dir": own})}
    )


__all__ = ["InstanceError", "ListenError", "listen", "run", "serve"]
