"""`milepost export` over a real database: whole, as of one instant, without whoever was erased."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg
import pytest_asyncio
from typer.testing import CliRunner, Result

from services.cli.exporting import columns_table
from services.cli.exporting.columns import FILES
from services.cli.exporting.command import Order, export
from services.cli.verbs import app
from services.contracts.times import to_datetime
from services.journey_state import tables
from services.journey_state.store.rows_out import BATCH_ROWS, Span
from tests.journey_state.applying import Applying, applying
from tests.journey_state.asking import serving, writing
from tests.journey_state.rows import MINUTE, NOON, key_of
from tests.journey_state.running import a_touchpoint

HOUR = 3600
DOCS = Path(__file__).parent.parent.parent / "docs"
CART = {"cart_id": "c1", "products": [{"product_id": "p1", "price": 12.5, "quantity": 2}]}


async def run(url: str, *arguments: str) -> Result:
    return await asyncio.to_thread(
        CliRunner().invoke, app, ["export", *arguments], env={"MILEPOST_DATABASE__URL": url}
    )


@pytest_asyncio.fixture
async def worker(database_url: str) -> AsyncIterator[Applying]:
    """Ann, first unknown, left a cart; Bob looked."""
    async with applying(database_url) as worker:
        device = {"anonymous_id": "device-of-ann"}
        await worker.take(
            a_touchpoint("page", at=0, type="page", identifiers=device, message_id="m1"),
            a_touchpoint(
                "Cart Viewed", at=10, identifiers=device, properties=CART, message_id="m2"
            ),
            a_touchpoint("page", at=20, type="page", user="bob", message_id="m3"),
        )
        ann = {"user_id": "ann", "email": "ann@example.org", **device}
        await worker.take(
            a_touchpoint("identify", at=30, type="identify", identifiers=ann, message_id="m4")
        )
        await worker.reach(48 * HOUR)
        yield worker


def lines_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def texts_of(folder: Path) -> dict[str, str]:
    return {file.stem: file.read_text("utf-8") for file in folder.iterdir()}


async def test_files_hold_touchpoints_stages_and_signals(
    worker: Applying, database_url: str, tmp_path: Path
) -> None:
    out = tmp_path / "files"

    done = await run(database_url, "--out", str(out), "--format", "jsonl")

    assert done.exit_code == 0
    assert f"{out / 'timeline.jsonl'}\t4 rows" in done.stdout
    found = {file.name: lines_of(out / f"{file.name}.jsonl") for file in FILES}
    for file in FILES:
        assert all(list(row) == [one.name for one in file.columns] for row in found[file.name])
    of_ann = {row["customer_id"] for row in found["timeline"] if row["event"] == "Cart Viewed"}
    assert {r["customer_id"] for r in found["timeline"] if "email" in r["identifiers"]} == of_ann
    (signal,) = found["signals"]
    assert {signal["customer_id"]} == of_ann
    assert (signal["value"], signal["items"][0]["product_id"]) == ("25", "p1")
    assert signal["last_activity_at"].endswith("Z")
    assert {row["customer_id"] for row in found["transitions"]} >= of_ann
    assert out.stat().st_mode & 0o777 == 0o700
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in out.iterdir())


async def test_csv_says_the_same_as_lines_of_json(
    worker: Applying, database_url: str, tmp_path: Path
) -> None:
    await run(database_url, "--out", str(tmp_path), "--format", "csv")
    await run(database_url, "--out", str(tmp_path), "--format", "jsonl")

    for file in FILES:
        with (tmp_path / f"{file.name}.csv").open(newline="", encoding="utf-8") as opened:
            table = list(csv.DictReader(opened))
        rows = lines_of(tmp_path / f"{file.name}.jsonl")
        assert len(table) == len(rows)
        for cells, row in zip(table, rows, strict=True):
            for column in file.columns:
                cell, value = cells[column.name], row[column.name]
                is_text = column.kind in ("text", "time")
                assert ((cell or None) if is_text else json.loads(cell or "null")) == value


async def test_nobody_can_be_told_from_a_pseudonymous_export(
    worker: Applying, database_url: str, tmp_path: Path
) -> None:
    await run(database_url, "--out", str(tmp_path), "--format", "jsonl", "--pseudonymous")

    whole = "".join(texts_of(tmp_path).values())
    assert whole.count("\n") > 5
    assert not [one for one in ("ann@example.org", "device-of-ann", '"bob"') if one in whole]


async def test_an_erased_person_is_in_none_of_the_files(
    worker: Applying, database_url: str, tmp_path: Path
) -> None:
    async with serving(database_url) as client:
        answer = await client.delete("/v1/customers/user_id:ann")
        assert answer.is_success, answer.text

    await run(database_url, "--out", str(tmp_path))

    texts = texts_of(tmp_path)
    whole = "".join(texts.values())
    assert "bob" in texts["timeline"]
    assert not [one for one in ("ann@", "of-ann", "m2", "Cart Viewed") if one in whole]
    assert texts["signals"].count("\n") == 1


async def test_a_touchpoint_is_told_with_whose_it_is_at_its_place(
    database_url: str, tmp_path: Path
) -> None:
    """A tablet was Ann's, who is Carol since a merge, and became Bob's with the touchpoint m2."""
    async with writing(database_url) as rows:
        await rows.definition()
        carol, bob = await rows.customer(), await rows.customer()
        ann = await rows.customer(merged_into=carol)
        tablet = key_of("anonymous_id", "tablet")
        owned = {"kind": "anonymous_id", "value": "tablet", "since": to_datetime(NOON)}
        await rows.add(tables.identifiers, identifier_key=tablet, customer_id=bob, **owned)
        for who, at, message_id in ((ann, NOON, "m1"), (bob, NOON + MINUTE, "m2")):
            await rows.add(
                tables.ownership_periods,
                identifier_key=tablet,
                from_at=to_datetime(at),
                from_message_id=message_id,
                from_source="web",
                customer_id=who,
            )
        for message_id, minutes in (("m1", 0), ("m10", 1), ("m2", 1), ("m3", 2)):
            then = to_datetime(NOON + minutes * MINUTE)
            await rows.add(
                tables.timeline,
                identifier_key=tablet,
                occurred_at=then,
                message_id=message_id,
                source="web",
                received_at=then,
                channel="website",
                event="page",
                body=b'{"type": "page", "identifiers": {}}',
            )

    await run(database_url, "--out", str(tmp_path), "--format", "jsonl")

    lines = lines_of(tmp_path / "timeline.jsonl")
    found = {one["message_id"]: one["customer_id"] for one in lines}
    hers, his = str(carol), str(bob)
    assert found == {"m1": hers, "m10": hers, "m2": his, "m3": his}


async def test_a_span_cuts_and_a_bad_one_is_refused(
    worker: Applying, database_url: str, tmp_path: Path
) -> None:
    await run(database_url, "--out", str(tmp_path), "--format", "jsonl")
    at = sorted(one["occurred_at"] for one in lines_of(tmp_path / "timeline.jsonl"))

    await run(
        database_url, "--out", str(tmp_path), "--format", "jsonl", "--from", at[1], "--to", at[3]
    )
    lines = lines_of(tmp_path / "timeline.jsonl")
    wrong = await run(database_url, "--out", str(tmp_path), "--from", "yesterday")

    assert sorted(one["occurred_at"] for one in lines) == at[1:3]
    assert wrong.exit_code == 2
    assert "--from yesterday: give a time such as" in wrong.stderr


async def test_all_files_are_as_of_one_instant(
    worker: Applying, database_url: str, tmp_path: Path
) -> None:
    """What is written while the first file is read is in none of them."""
    order = Order(tmp_path, "jsonl", FILES, Span(0, 4_000_000_000_000_000))
    connection = await asyncpg.connect(database_url)
    loop = asyncio.get_running_loop()
    wiped: list[asyncio.Task[Any]] = []

    def advance(name: str, more: int) -> None:
        if not wiped:
            wiped.append(loop.create_task(connection.execute("DELETE FROM signals")))

    try:
        counts = await export(database_url, order, advance)
        await wiped[0]
        left = await connection.fetchval("SELECT count(*) FROM signals")
    finally:
        await connection.close()

    assert (counts[2], left) == (1, 0)


async def test_more_rows_than_a_batch_are_all_written(
    worker: Applying, database_url: str, tmp_path: Path
) -> None:
    many = [a_touchpoint("Viewed", at=100 + n, user=f"u{n % 7}") for n in range(BATCH_ROWS + 5)]
    await worker.take(*many)

    done = await run(database_url, "--out", str(tmp_path))

    assert f"timeline.csv\t{BATCH_ROWS + 9} rows" in done.stdout


async def test_a_folder_that_cannot_be_made_and_a_database_that_is_away_are_told(
    database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()

    blocked = await run(database_url, "--out", str(tmp_path / "file" / "out"))
    away = await run("postgresql://nobody@127.0.0.1:1/none", "--out", str(tmp_path / "out"))

    assert blocked.exit_code == 2
    assert "cannot be written: Not a directory" in blocked.stderr
    assert away.exit_code == 3
    assert "cannot be read" in away.stderr


async def test_parquet_is_written_or_its_extra_asked_for(
    worker: Applying, database_url: str, tmp_path: Path
) -> None:
    done = await run(database_url, "--out", str(tmp_path), "--format", "parquet")

    if find_spec("pyarrow") is None:
        assert done.exit_code == 2
        assert "parquet needs pyarrow: install the extra, milepost[parquet]" in done.stderr
        assert texts_of(tmp_path) == {}
        return
    from pyarrow import parquet

    await run(database_url, "--out", str(tmp_path), "--format", "jsonl")
    for file in FILES:
        rows = parquet.read_table(tmp_path / f"{file.name}.parquet").to_pylist()
        lines = lines_of(tmp_path / f"{file.name}.jsonl")
        texts = [one.name for one in file.columns if one.kind in ("text", "boolean", "whole")]
        wanted = [{name: line[name] for name in texts} for line in lines]
        assert [{name: row[name] for name in texts} for row in rows] == wanted


def test_every_column_is_documented() -> None:
    assert (DOCS / "export.md").read_text("utf-8").endswith(columns_table.tables())
