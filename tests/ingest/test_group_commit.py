"""One sync for all that wait, an honest answer when the disk fails, and no more than fits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.ingest.errors import UnavailableError
from services.ingest.group_commit import GroupCommit
from services.ingest.spool import Spool
from tests.ingest.simulated_disk import Fault, OpenFile, SimulatedDisk
from tests.waiting import until


class CountingDisk(SimulatedDisk):
    """Counts how often a file was synced."""

    syncs = 0

    def create(self, name: str) -> OpenFile:
        disk = self

        class CountedFile(OpenFile):
            def sync(self) -> None:
                disk.syncs += 1
                super().sync()

        made = super().create(name)
        return CountedFile(made.disk, made.inode)


@asynccontextmanager
async def writing(
    disk: SimulatedDisk, *, bytes_max: int = 1 << 20, waiting_bytes_max: int = 1 << 20
) -> AsyncIterator[tuple[GroupCommit, Spool]]:
    spool = Spool(disk)
    writer = GroupCommit(spool, bytes_max=bytes_max, waiting_bytes_max=waiting_bytes_max)
    writer.start()
    try:
        yield writer, spool
    finally:
        await writer.stop()


def takes(writer: GroupCommit) -> bool:
    return writer.takes


async def test_requests_that_wait_share_a_sync() -> None:
    disk = CountingDisk()
    async with writing(disk) as (writer, spool):
        await asyncio.gather(*(writer.append([(n, b"x")]) for n in range(100)))
        assert disk.syncs <= 2
        assert (spool.held.records, writer.records) == (100, 100)
        assert writer.is_idle
    assert Spool(disk.after_power_cut()).held.records == 100


async def test_a_sync_that_fails_is_told_to_all_and_the_next_file_is_used() -> None:
    disk = SimulatedDisk()
    async with writing(disk) as (writer, spool):
        await writer.append([(1, b"kept")])
        disk.fault = Fault(1, "EIO")
        answers = await asyncio.gather(
            *(writer.append([(2, b"refused")]) for _ in range(5)), return_exceptions=True
        )
        assert {type(answer) for answer in answers} == {UnavailableError}
        assert not takes(writer)
        with pytest.raises(UnavailableError, match="cannot be written"):
            await writer.append([(3, b"refused")])

        async def works_again() -> bool:
            return takes(writer)

        await until(works_again)
        await writer.append([(4, b"kept")])
        assert (writer.failures, spool.held.records) == (1, 2)
    assert Spool(disk.after_power_cut()).held.records == 2


async def test_a_request_that_is_cancelled_stops_no_write() -> None:
    disk = SimulatedDisk()
    async with writing(disk) as (writer, spool):
        gone = asyncio.create_task(writer.append([(1, b"of a client that is gone")]))
        stays = asyncio.create_task(writer.append([(2, b"of another")]))
        await asyncio.sleep(0)
        gone.cancel()
        await stays
        assert spool.held.records == 2


async def test_what_waits_for_the_disk_is_bounded() -> None:
    async with writing(SimulatedDisk(), waiting_bytes_max=100) as (writer, _):
        first = asyncio.create_task(writer.append([(1, bytes(50))]))
        await asyncio.sleep(0)
        with pytest.raises(UnavailableError, match="too much is waiting"):
            await writer.append([(2, bytes(50))])
        await first


async def test_a_full_spool_takes_again_when_something_was_removed() -> None:
    async with writing(SimulatedDisk(), bytes_max=100) as (writer, spool):
        await writer.append([(1, bytes(50))])
        with pytest.raises(UnavailableError, match="full"):
            await writer.append([(2, bytes(50))])
        assert not takes(writer)
        chunk = spool.read(1)
        assert chunk is not None
        spool.advance(chunk)
        assert takes(writer)
        await writer.append([(2, bytes(50))])


async def test_what_waits_for_the_disk_is_the_oldest() -> None:
    async with writing(SimulatedDisk()) as (writer, spool):
        first = asyncio.create_task(writer.append([(7, b"x"), (7, b"y")]))
        second = asyncio.create_task(writer.append([(9, b"z")]))
        await asyncio.sleep(0)
        assert (writer.oldest, writer.is_idle) == (7, False)
        await asyncio.gather(first, second)
        assert (writer.oldest, spool.held.oldest) == (None, 7)
