"""What is wrong with a journey definition: where, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

PROBLEMS_MAX = 100


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault of one file; line and column count from 1."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return " ".join(f"{self.file}:{self.line}:{self.column}: {self.message}{hint}".split())


class DefinitionError(ValueError):
    """A journey definition that cannot be used; `problems` holds every fault found, in file order.

    At most `PROBLEMS_MAX` of them are kept.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))[:PROBLEMS_MAX]
        super().__init__("\n".join(map(str, self.problems)))


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A hint: the known name that `name` resembles, else all of them."""
    close = get_close_matches(name, known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"known: {', '.join(known)}" if known else ""
