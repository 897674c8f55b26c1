"""How much is measured: seconds, rounds, customers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """The size of a run. `seconds` is one round of one side; `connections` are of HTTP."""

    seconds: float = 4.0
    rounds: int = 5
    customers: int = 100_000
    connections: int = 32
    partitions: int = 12
    profile: bool = False
