"""`milepost up` as a process; run by the tests as a script: `upping.py DATA`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from rich.console import Console

from services.cli.up import up
from services.settings import Settings

if __name__ == "__main__":
    console = Console(width=200)
    sys.exit(asyncio.run(up(Settings(), Path(sys.argv[1]), demo=None, console=console)))
