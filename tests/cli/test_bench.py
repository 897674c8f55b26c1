"""Measures on the real servers, small; and that what they count with counts right."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from rich.console import Console

from services.cli.bench import noop
from services.cli.bench.backtest import measure_backtest
from services.cli.bench.bodies import Request, Requests, number_of
from services.cli.bench.client import Client
from services.cli.bench.cpu import cpu_of, cpu_seconds
from services.cli.bench.figures import Result, figure, percentile, ratio
from services.cli.bench.filling import Filler
from services.cli.bench.ingest import measure_batch, measure_single
from services.cli.bench.latency import measure_latency
from services.cli.bench.map import measure_map
from services.cli.bench.plan import Plan
from services.cli.bench.recomputation import measure_recomputation
from services.cli.bench.report import machine, show
from services.cli.bench.stack import Stack
from services.cli.bench.topic import counted
from services.cli.bench.traffic import first_visits, sessions, steps
from services.cli.bench.worker import Sample, measure_worker, windows
from services.cli.local.errors import LocalStackError
from services.cli.local.kafka import EmbeddedKafka
from services.cli.local.postgres import EmbeddedPostgres
from services.contracts import heartbeat
from services.contracts.heartbeat import Heartbeat
from services.contracts.touchpoint import partition_of, record_key
from services.journey_state.event import Record, read
from services.settings import KafkaSettings
from tests.cli.recorder import serving

SMALL = Plan(seconds=0.5, rounds=1, customers=100, connections=4, partitions=3)


@pytest.fixture
def stack(kafka_server: EmbeddedKafka, postgres_server: EmbeddedPostgres, tmp_path: Path) -> Stack:
    """The session's servers as a benchmark sees them."""
    return Stack(tmp_path, kafka_server, postgres_server)


def test_traffic_is_what_the_worker_reads_in_the_partitions_that_ingest_chooses() -> None:
    made = [*first_visits(50, 12), *sessions(2000, 50, 12)]
    events: Counter[str] = Counter()
    touchpoints = 0
    for wire in made:
        found = read(Record(wire.partition, 0, 0, wire.key, wire.value, wire.headers))
        if isinstance(found, Heartbeat):
            assert wire.headers == (heartbeat.HEADER,)
            continue
        touchpoints += 1
        events[found.touchpoint.event] += 1
        assert wire.key == record_key(found.touchpoint.identifiers)
        assert wire.partition == partition_of(wire.key, 12)
        assert 300 < len(wire.value) < 600
    assert touchpoints == 50 + 2000
    assert set(events) == {
        "page",
        "Product Viewed",
        "Product Added",
        "Checkout Started",
        "Order Completed",
    }


def test_traffic_is_the_same_for_the_same_seed() -> None:
    assert list(sessions(500, 20, 3)) == list(sessions(500, 20, 3))
    assert list(itertools.islice(steps(20, 1), 99)) != list(itertools.islice(steps(20, 2), 99))


def test_every_event_has_an_id_of_its_own() -> None:
    requests = Requests("h", "k" * 16, 10, customers=20, templates=3)
    made = list(itertools.islice(requests, 7))
    ids = [e["messageId"] for r in made for e in msgspec.json.decode(_body(r))["batch"]]
    assert len(set(ids)) == len(ids) == 70
    assert [number_of(one) for one in ids] == [r.number for r in made for _ in range(10)]


def _body(request: Request) -> bytes:
    head, _, body = request.payload.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    return body


async def test_the_client_counts_answers_of_both_loops() -> None:
    async with serving(noop.app) as url:
        client = await _connected(url)
        await client.closed_loop(0.1)
        in_closed_loop = len(client.latencies)
        sent = await client.open_loop(0.2, 100)
        client.close()
    assert sent == 20
    assert in_closed_loop >= 3
    assert len(client.latencies) == in_closed_loop + 20
    assert client.due_at.keys() == client.accepted_at.keys()
    assert client.refused == 0


async def test_the_client_counts_refusals_apart() -> None:
    async with serving(_refuse) as url:
        client = await _connected(url)
        await client.open_loop(0.1, 100)
        client.close()
    assert client.refused == 10
    assert client.latencies == []


async def test_a_server_that_hangs_up_is_an_error() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with server:
        client = await _connected(f"http://{host}:{port}")
        with pytest.raises(LocalStackError, match="closed a connection"):
            await client.open_loop(1, 100)
        client.close()


async def _refuse(_scope: Any, receive: Any, send: Any) -> None:
    await receive()
    headers = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _connected(url: str) -> Client:
    host, _, port = url.removeprefix("http://").partition(":")
    requests = Requests(f"{host}:{port}", "k" * 16, 1, customers=20, templates=5)
    client = Client(iter(requests))
    await client.connect(host, int(port), 3)
    return client


def test_cpu_counts_children_that_have_ended() -> None:
    me = psutil.Process().pid
    before = cpu_seconds(me)
    busy = "import time\nwhile time.process_time() < 0.2: pass"
    subprocess.run([sys.executable, "-c", busy], check=True)
    # The system counts in ticks of a hundredth of a second.
    assert cpu_of({"me": me})["me"] - before > 0.15


def test_ratios_are_those_of_medians() -> None:
    found = ratio("r", [2, 4, 100], [1, 2, 4])
    assert (found.median, found.least, found.greatest) == (2, 2, 25)
    assert percentile([1, 2, 3, 4], 0.5) == 3
    assert percentile([1], 0.99) == 1


def test_windows_cut_the_samples_evenly() -> None:
    samples = [Sample(float(n), n, 0, 0, {}) for n in range(11)]
    assert [(a.events, b.events) for a, b in windows(samples, 5)] == [
        (0, 2),
        (2, 4),
        (4, 6),
        (6, 8),
        (8, 10),
    ]
    assert len(windows(samples[:3], 5)) == 2


async def test_events_that_are_not_on_the_topic_are_noticed(kafka_settings: KafkaSettings) -> None:
    partitions = kafka_settings.partitions
    async with counted(kafka_settings) as count:
        await Filler(kafka_settings).fill(sessions(500, 20, partitions))
        await count.require(500)
        with pytest.raises(LocalStackError, match="500 events were accepted and 0 records"):
            await count.require(500)


def roles_and_loads() -> set[psutil.Process]:
    """Our Python processes. PostgreSQL's own come and go, and Java may be making its cache."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.name().startswith("python"):
                found.add(process)
    return found


@pytest.mark.parametrize("measure", [measure_single, measure_batch, measure_worker])
async def test_a_measure_gives_its_figures_and_leaves_nothing_running(
    stack: Stack, measure: Callable[[Stack, Plan], Awaitable[Result]]
) -> None:
    before = roles_and_loads()
    result = await measure(stack, SMALL)
    assert all(one.median > 0 for one in result.figures)
    assert roles_and_loads() <= before


async def test_latency_is_that_of_stage_changes_on_the_topic(stack: Stack) -> None:
    result = await measure_latency(stack, SMALL)
    assert all(one.median > 0 for one in result.figures)
    assert "stage changes timed in 1 rounds" in result.notes[1]


async def test_a_recomputation_goes_on_while_events_are_timed(stack: Stack) -> None:
    result = await measure_recomputation(stack, replace(SMALL, customers=2000))
    assert all(one.median > 0 for one in result.figures)
    assert "customers computed again in 1 rounds" in result.notes[0]


async def test_the_map_is_asked_for_once_everybody_is_rolled_up(stack: Stack) -> None:
    result = await measure_map(stack, SMALL)
    assert result.work == "GET /v1/map, 30 days, 1000 touchpoints, 100 customers"
    assert all(one.median > 0 for one in result.figures)


async def test_ctrl_c_leaves_nothing_behind(data_dir: Path) -> None:
    verb = "import typer; from services.cli.bench.command import bench; typer.run(bench)"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", verb, "latency", "--customers", "100"),
        env={**os.environ, "TMPDIR": str(data_dir)},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    assert await process.stderr.readline() == b"measuring latency\n"
    started = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    said = await process.stderr.read()
    assert await process.wait() == 130
    assert b"nothing is left running" in said
    assert _left_in(data_dir) == []
    assert len(started) >= 2
    assert not any(child.is_running() for child in started)


def _left_in(folder: Path) -> list[Path]:
    return list(folder.glob("milepost-bench-*"))


def test_results_are_shown_with_what_was_asked_for() -> None:
    console = Console(record=True, width=120)
    result = Result(
        "a work", "3x", "2x", met=False, figures=[figure("CPU", "us", [1.5, 2500])], notes=["n1"]
    )
    show([result], console)
    said = console.export_text()
    for text in ("a work", "must 3x (not met)", "aim 2x", "1,251", "1.5", "2,500", "n1", "cpus"):
        assert text in said
    assert machine()["cpus"]


async def test_a_backtest_of_stored_pasts_finds_them_as_they_were_computed(stack: Stack) -> None:
    result = await measure_backtest(stack, SMALL)
    assert result.figures[0].median > 0
    assert "signals would be due later" in result.notes[0]
