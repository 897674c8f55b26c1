"""A backtest's processes: started, heard, and none left at the end."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence

import msgspec

from services.cli.backtest.share import SIZE_BYTES, Word
from services.journey_state.backtest_tally import Tally
from services.journey_state.backtesting import Job, Range

_COMMAND = (sys.executable, "-m", "services.cli.backtest.share")
_decode = msgspec.msgpack.Decoder(Word).decode


class ShareError(Exception):
    """A process could not do its share; the text says why."""


async def run_shares(job: Job, shares: Sequence[list[Range]], done: Callable[[int], None]) -> Tally:
    """The tally of all shares, each done by a process; `done` is told of customers.

    Raises ShareError. When it is cancelled or fails, no process goes on.
    """
    processes: list[Process] = []
    tally = Tally()
    try:
        for ranges in shares:
            process = await _start(msgspec.structs.replace(job, ranges=ranges))
            processes.append(process)
        for part in await asyncio.gather(*(_follow(process, done) for process in processes)):
            tally.merge(part)
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
        await asyncio.gather(*(process.wait() for process in processes))
    return tally


async def _start(job: Job) -> Process:
    # In a session of its own: Ctrl-C comes to us, and we end the others.
    process = await asyncio.create_subprocess_exec(
        *_COMMAND, stdin=PIPE, stdout=PIPE, start_new_session=True
    )
    assert process.stdin is not None
    process.stdin.write(msgspec.msgpack.encode(job))
    process.stdin.close()
    return process


async def _follow(process: Process, done: Callable[[int], None]) -> Tally:
    assert process.stdout is not None
    while True:
        try:
            size = int.from_bytes(await process.stdout.readexactly(SIZE_BYTES), "big")
            word = _decode(await process.stdout.readexactly(size))
        except asyncio.IncompleteReadError:
            code = await process.wait()
            raise ShareError(f"a process of the backtest ended with code {code}") from None
        if word.failure:
            raise ShareError(word.failure)
        if word.tally is not None:
            return word.tally
        done(word.done)
