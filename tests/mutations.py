"""Breaks sentences of the semantics on purpose and sees whether tests notice (`make mutations`)."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from tests.breakages import BREAKAGES, Breakage
from tests.breakages_in_ingest import IN_INGEST
from tests.breakages_in_journey_state import IN_JOURNEY_STATE
from tests.breakages_in_rebuilding import IN_REBUILDING
from tests.breakages_of_signals import OF_WHAT_IS_TOLD

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "semantics-tests.md"
TESTS_SECONDS_MAX = 300
TESTS_FAILED = 1  # pytest's exit code
HEADING = "## Breakages"
NOT_RUN = "not run yet"
EVERY = sorted(
    (*BREAKAGES, *IN_INGEST, *IN_JOURNEY_STATE, *IN_REBUILDING, *OF_WHAT_IS_TOLD),
    key=lambda one: [int(part) for part in one.sentence.split(".")],
)

Outcome = Literal["caught", "not caught", "stale", "broken", "timed out"]


def tree(folder: Path) -> Path:
    """A copy of everything that git knows, as it stands now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    for name in listed.stdout.decode().split("\0"):
        source = ROOT / name
        if name and source.is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    return folder


def outcome_of(breakage: Breakage, folder: Path) -> Outcome:
    """What the tests say with the breakage in the copied tree, which is mended again."""
    path = folder / breakage.file
    whole = path.read_text("utf-8")
    if whole.count(breakage.text) != 1:
        return "stale"
    path.write_text(whole.replace(breakage.text, breakage.instead), "utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *breakage.tests],
            cwd=folder, check=False, capture_output=True, timeout=TESTS_SECONDS_MAX,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "timed out"
    finally:
        path.write_text(whole, "utf-8")
    if done.returncode == 0:
        return "not caught"
    return "caught" if done.returncode == TESTS_FAILED else "broken"


def last_outcomes(page: str) -> dict[tuple[str, str], str]:
    """What the page says of each (sentence, breakage)."""
    _, _, table = page.partition(HEADING)
    lines = [line.strip("| ").split(" | ") for line in table.splitlines()]
    return {(cells[0], cells[1]): cells[3] for cells in lines if len(cells) == 4}


def report(outcomes: Sequence[tuple[Breakage, Outcome]], page: str) -> str:
    """The page's table of breakages; what was not run now keeps its last outcome."""
    known = last_outcomes(page)
    known |= {(one.sentence, one.what): outcome for one, outcome in outcomes}
    every = [(one, known.get((one.sentence, one.what), NOT_RUN)) for one in EVERY]
    caught = sum(1 for _, outcome in every if outcome == "caught")
    rows = [f"| {one.sentence} | {one.what} | `{one.file}` | {outcome} |" for one, outcome in every]
    return "\n".join(
        [
            HEADING,
            "",
            "`make mutations` makes these sentences false one by one in a copy of the tree and",
            f"runs the tests that must notice. The last runs: {caught} of {len(every)} caught.",
            "",
            "| Sentence | Made false: | In | Outcome |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _is_asked(
    breakage: Breakage, options: argparse.Namespace, known: dict[tuple[str, str], str]
) -> bool:
    if options.new and known.get((breakage.sentence, breakage.what), NOT_RUN) != NOT_RUN:
        return False
    return not options.sentences or breakage.sentence in options.sentences


def main() -> int:
    """Exit code 0 when every breakage was caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sentences", nargs="*", help="such as 5.6; none: all")
    parser.add_argument(
        "--new", action="store_true", help=f"only what {PAGE.name} knows nothing of"
    )
    parser.add_argument("--write", action="store_true", help=f"put the outcome into {PAGE.name}")
    options = parser.parse_args()
    outcomes: list[tuple[Breakage, Outcome]] = []
    known = last_outcomes(PAGE.read_text("utf-8"))
    with tempfile.TemporaryDirectory(prefix="milepost-mutations-") as name:
        folder = tree(Path(name))
        for breakage in EVERY:
            if _is_asked(breakage, options, known):
                outcome = outcome_of(breakage, folder)
                outcomes.append((breakage, outcome))
                print(f"{breakage.sentence:5} {outcome:10} {breakage.what}", flush=True)
    if options.write:
        page = PAGE.read_text("utf-8")
        PAGE.write_text(page.partition(HEADING)[0] + report(outcomes, page), "utf-8")
    return 0 if all(outcome == "caught" for _, outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
