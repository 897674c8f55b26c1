"""One process of a backtest: its job comes on standard input, what it finds goes to the output."""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import BinaryIO

import msgspec

from services.journey_state.backtest_tally import Tally
from services.journey_state.backtesting import Job, do_share
from services.journey_state.store.pool import SCHEMA_MISSING, TRANSIENT

GC_THRESHOLD = 50_000
SIZE_BYTES = 4


class Word(msgspec.Struct, omit_defaults=True):
    """What a process says: how many customers it is done with, then the tally or a failure."""

    done: int = 0
    tally: Tally | None = None
    failure: str = ""


def main() -> None:
    """Do the job; ends quietly when nobody listens any more."""
    job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    # What is decoded and folded is freed by its last use: a collector finds next to nothing.
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 50)
    out = sys.stdout.buffer
    try:
        tally = asyncio.run(do_share(job, lambda done: _say(out, Word(done=done))))
        _say(out, Word(tally=tally))
    except BrokenPipeError:
        sys.exit(1)
    except (*TRANSIENT, *SCHEMA_MISSING) as error:
        _say(out, Word(failure=str(error) or type(error).__name__))


def _say(out: BinaryIO, word: Word) -> None:
    encoded = msgspec.msgpack.encode(word)
    out.write(len(encoded).to_bytes(SIZE_BYTES, "big") + encoded)
    out.flush()


if __name__ == "__main__":
    main()
