"""Figures of a measure: all rounds, their median and spread, beside what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One quantity over all rounds."""

    name: str
    unit: str
    median: float
    least: float
    greatest: float
    rounds: list[float]


class Result(msgspec.Struct, frozen=True):
    """One row of the targets: what was asked for, what came out, what to know about it."""

    work: str
    must: str
    aim: str
    met: bool
    figures: list[Figure]
    notes: list[str] = []


def figure(name: str, unit: str, rounds: Sequence[float]) -> Figure:
    """The figure of a series, which must not be empty."""
    return Figure(name, unit, median(rounds), min(rounds), max(rounds), list(rounds))


def ratio(name: str, over: Sequence[float], under: Sequence[float]) -> Figure:
    """The ratio of the medians of two interleaved series; its spread is that of their pairs."""
    pairs = [a / b for a, b in zip(over, under, strict=True)]
    return Figure(name, "x", median(over) / median(under), min(pairs), max(pairs), pairs)


def percentile(ordered: Sequence[float], part: float) -> float:
    """The value below which `part` (0 to 1) of the sorted values lie."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
