"""What came out, for people: a table for each measure, and the machine that it ran on."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from rich.console import Console
from rich.table import Table

from services.cli.bench.figures import Result


def machine() -> dict[str, str | int]:
    """What the figures were measured on."""
    return {
        "cpus": os.cpu_count() or 0,
        "processor": _processor(),
        "memory_gib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def show(results: list[Result], console: Console) -> None:
    """A table of all figures: the ratio or rate that is asked for comes first in each part."""
    for result in results:
        verdict = "met" if result.met else "not met"
        table = Table(title=f"{result.work}\nmust {result.must} ({verdict}), aim {result.aim}")
        for column in ("figure", "median", "least", "greatest", "unit"):
            table.add_column(column, justify="left" if column in ("figure", "unit") else "right")
        for one in result.figures:
            numbers = (one.median, one.least, one.greatest)
            table.add_row(one.name, *(_text(number) for number in numbers), one.unit)
        console.print(table)
        for note in result.notes:
            console.print(f"  {note}", highlight=False)
    said = ", ".join(f"{name} {value}" for name, value in machine().items())
    console.print(said, highlight=False, soft_wrap=True)


def _text(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
