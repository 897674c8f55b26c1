"""A process that starts a server and then waits to be killed; run by the tests as a script."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from services.cli.local.kafka import EmbeddedKafka
from services.cli.local.postgres import EmbeddedPostgres

KINDS = {"kafka": EmbeddedKafka, "postgres": EmbeddedPostgres}


async def main(kind: str, data_dir: str, dies_with_parent: str) -> None:
    server = KINDS[kind](Path(data_dir), dies_with_parent=dies_with_parent == "dies")
    await server.start()
    print(server.pid, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
