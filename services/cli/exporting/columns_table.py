"""The tables of columns for the documentation, drawn from the columns themselves."""

from __future__ import annotations

import sys
from pathlib import Path

from services.cli.exporting.columns import FILES, File

MARK = "<!-- columns -->\n"


def tables() -> str:
    """A section for each file, as Markdown."""
    return "\n".join(map(_section, FILES))


def _section(file: File) -> str:
    rows = "".join(
        f"| `{one.name}` | {one.kind} | {one.about}{' (*personal*)' * one.personal} |\n"
        for one in file.columns
    )
    return f"## `{file.name}`\n\n| Column | Type | Meaning |\n|---|---|---|\n{rows}"


if __name__ == "__main__":
    page = Path(sys.argv[1])
    head = page.read_text(encoding="utf-8").partition(MARK)[0]
    page.write_text(f"{head}{MARK}\n{tables()}", encoding="utf-8")
