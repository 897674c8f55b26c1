"""Writes the served snippet from its source: `python -m tests.snippet_build`, or `make snippet`."""

from __future__ import annotations

from pathlib import Path

import minify

from services.ingest.snippet import route

FOLDER = Path(route.__file__).parent


def built() -> str:
    """The source without what only readers need; the same for the same source and minifier."""
    text: str = minify.string("text/javascript", (FOLDER / route.SOURCE).read_text("utf-8"))
    return text + "\n"


if __name__ == "__main__":
    (FOLDER / route.FILE).write_text(built(), "utf-8")
