"""The spool: what was said to be durable is read back in order, whatever the disk does."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from services.ingest.disk import Folder
from services.ingest.frames import FRAME_OVERHEAD_BYTES
from services.ingest.spool import DAMAGED, Spool
from tests.ingest.simulated_disk import Fault, Inode, PowerCutError, SimulatedDisk

SEGMENT_BYTES = 300
PAYLOAD = b"%06d:"


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    """What is logged, kept and not printed."""
    with capture_logs() as entries:
        yield entries


def record(number: int, size: int = 0) -> tuple[int, bytes]:
    return number, PAYLOAD % number + b"x" * size


def number_of(payload: bytes) -> int:
    number, colon, filling = payload.partition(b":")
    assert (colon, filling.strip(b"x")) == (b":", b"")
    return int(number)


def drained(spool: Spool, chunk_bytes: int = 50) -> list[int]:
    """The numbers of everything that is left; nothing is left then."""
    found = []
    while chunk := spool.read(chunk_bytes):
        found += [number_of(one.payload) for one in chunk.frames]
        spool.advance(chunk)
    assert spool.held.records == 0
    assert spool.held.oldest is None
    return found


class Model:
    """What a spool was given, and what it owes."""

    def __init__(self, seed: int) -> None:
        self.disk = SimulatedDisk(random=Random(seed))
        self.spool = Spool(self.disk, SEGMENT_BYTES)
        self.given = 0
        self.owed: list[int] = []

    def append(self, sizes: list[int]) -> None:
        records = [record(self.given + n, size) for n, size in enumerate(sizes)]
        self.given += len(records)
        try:
            self.spool.append(records)
        except OSError:
            return
        self.owed += [number for number, _ in records]
        assert self.spool.held.oldest is not None
        assert self.spool.held.oldest <= self.owed[0]

    def drain(self, chunk_bytes: int) -> None:
        chunk = self.spool.read(chunk_bytes)
        if chunk is None:
            assert not self.owed
            return
        numbers = [number_of(one.payload) for one in chunk.frames]
        self.require(numbers)
        self.owed = [number for number in self.owed if number > numbers[-1]]
        self.spool.advance(chunk)

    def require(self, numbers: list[int]) -> None:
        """In order, nothing invented, and nothing owed left out."""
        assert numbers == sorted(set(numbers))
        assert numbers[-1] < self.given
        assert [n for n in self.owed if n <= numbers[-1]] == [n for n in numbers if n in self.owed]

    def restart(self, *, power_cut: bool) -> None:
        if power_cut:
            self.disk = self.disk.after_power_cut()
        self.spool = Spool(self.disk, SEGMENT_BYTES)

    def act(self, action: tuple[str, list[int]], fault: Fault | None) -> None:
        kind, sizes = action
        self.disk.fault = fault and Fault(fault.acts, fault.kind)
        try:
            if kind == "append":
                self.append(sizes)
            elif kind == "drain":
                self.drain(sizes[0])
            else:
                self.restart(power_cut=kind == "power")
        except PowerCutError:
            self.restart_after_cut()
        except OSError:  # of a read, which is tried again
            pass
        self.disk.fault = None

    def restart_after_cut(self) -> None:
        self.disk.fault = None
        self.restart(power_cut=True)


actions = st.tuples(
    st.sampled_from(["append", "append", "append", "drain", "kill", "power"]),
    st.lists(st.integers(0, 80), min_size=1, max_size=4),
)
faults = st.none() | st.builds(
    Fault, st.integers(0, 6), st.sampled_from(["power", "power", "ENOSPC", "EIO"])
)


@given(st.integers(0, 1 << 30), st.lists(st.tuples(actions, faults), max_size=25))
def test_what_was_durable_is_read_in_order_whatever_the_disk_does(
    seed: int, steps: list[tuple[tuple[str, list[int]], Fault | None]]
) -> None:
    model = Model(seed)
    for action, fault in steps:
        model.act(action, fault)
    model.restart(power_cut=True)
    numbers = drained(model.spool)
    if numbers:
        model.require(numbers)
    assert set(model.owed) <= set(numbers)


def two_hundred_records() -> tuple[str, bytes, list[int]]:
    """A segment's name and bytes, and where its records begin, and the end of the last."""
    disk = SimulatedDisk()
    spool = Spool(disk)
    starts = []
    for number in range(200):
        starts.append(spool.held.bytes)
        spool.append([record(number, number % 7)])
    ((name, inode),) = disk.files.items()
    return name, inode.content, [*starts, len(inode.content)]


def test_a_segment_cut_at_any_byte_gives_every_record_before_the_cut(logged: list[Any]) -> None:
    name, content, bounds = two_hundred_records()
    whole = 0
    for cut in range(len(content) + 1):
        if cut == bounds[whole + 1] if whole < 200 else False:
            whole += 1
        spool = Spool(SimulatedDisk({name: Inode(content[:cut])}))
        assert spool.held.records == whole
        if cut % 20 == 0:
            assert drained(spool, 1 << 20) == list(range(whole))
        assert spool.damaged_segments == 0
        cut_off = [entry["bytes"] for entry in logged if entry["event"] == "spool_torn_tail_cut"]
        assert cut_off == [cut - bounds[whole]] if cut > bounds[whole] else cut_off == []
        logged.clear()


def test_a_flipped_bit_anywhere_costs_the_record_that_it_is_in() -> None:
    name, content, bounds = two_hundred_records()
    for at in range(len(content)):
        hit = next(n for n in range(200) if at < bounds[n + 1])
        if hit % 5 and hit < 198:
            continue  # a fifth of them, the first and the last two tell as much
        changed = bytearray(content)
        changed[at] ^= 1 << at % 8
        disk = SimulatedDisk({name: Inode(bytes(changed))})
        spool = Spool(disk)
        assert drained(spool, 1 << 20) == [n for n in range(200) if n != hit]
        # At the very end it cannot be told from a write that the crash cut short.
        assert spool.damaged_segments == (hit != 199)
        assert list(disk.files) == ([name + DAMAGED] if hit != 199 else [])


def test_bytes_that_go_bad_while_it_runs_cost_the_record_that_they_are_in() -> None:
    disk = SimulatedDisk()
    spool = Spool(disk)
    for number in range(3):
        spool.append([record(number)])
    (inode,) = disk.files.values()
    middle = len(inode.content) // 2
    inode.content = inode.content[:middle] + b"?" + inode.content[middle + 1 :]
    assert drained(spool) == [0, 2]
    assert spool.damaged_segments == 1


def test_a_bad_end_of_a_segment_that_is_not_the_last_is_damage() -> None:
    disk = SimulatedDisk()
    spool = Spool(disk, segment_bytes_max=1)
    for number in range(3):
        spool.append([record(number)])
    first = min(disk.files)
    disk.files[first].content = disk.files[first].content[:-1]
    spool = Spool(disk)
    assert drained(spool) == [1, 2]
    assert list(disk.files) == [first + DAMAGED]


def test_a_record_in_a_record_is_not_read_as_one() -> None:
    disk = SimulatedDisk()
    Spool(disk).append([record(0)])
    (forged,) = disk.files.values()
    other = SimulatedDisk()
    Spool(other).append([(1, forged.content)])
    ((name, inode),) = other.files.items()
    spool = Spool(SimulatedDisk({name: Inode(inode.content[1:])}))
    assert spool.held.records == 0


def test_a_segment_that_cannot_be_read_is_set_aside_and_the_rest_goes_on() -> None:
    disk = SimulatedDisk()
    spool = Spool(disk, segment_bytes_max=1)
    for number in range(2):
        spool.append([record(number)])
    disk.fault = Fault(0, "EIO")
    with pytest.raises(OSError, match="EIO"):
        spool.read(1)
    spool.skip_segment()
    assert drained(spool) == [1]
    assert spool.damaged_segments == 1


def test_after_a_sync_that_failed_its_file_is_written_no_more() -> None:
    disk = SimulatedDisk()
    spool = Spool(disk)
    spool.append([record(0)])
    (before,) = disk.files
    disk.fault = Fault(1, "EIO")  # the write passes, the sync does not
    with pytest.raises(OSError, match="EIO"):
        spool.append([record(1)])
    spool.append([record(2)])
    assert len(disk.files) == 2
    assert before == min(disk.files)
    assert drained(Spool(disk.after_power_cut())) == [0, 2]


def test_a_segment_is_gone_when_it_was_read_and_its_bytes_are_free() -> None:
    disk = SimulatedDisk()
    spool = Spool(disk, segment_bytes_max=1)
    spool.append([record(5)])
    spool.append([record(6)])
    held = spool.held
    assert held.bytes == 2 * (FRAME_OVERHEAD_BYTES + 7)
    assert (held.records, held.oldest, held.newest) == (2, 5, 6)
    chunk = spool.read(1)
    assert chunk is not None
    spool.advance(chunk)
    assert (len(disk.files), spool.held.oldest) == (1, 6)
    assert drained(spool) == [6]
    assert not disk.files
    assert spool.held.bytes == 0


def test_files_are_for_the_user_alone(tmp_path: Path) -> None:
    spool = Spool(Folder(tmp_path))
    spool.append([record(1)])
    chunk = spool.read(1)
    assert chunk is not None
    spool.set_aside(chunk.frames[0])
    spool.probe()
    modes = [stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()]
    assert modes == [0o600, 0o600]
    spool.close()
    again = Spool(Folder(tmp_path))
    assert drained(again) == [1]
    again.close()
    assert [one.suffix for one in tmp_path.iterdir()] == [".refused"]
