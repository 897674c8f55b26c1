"""Shares of people and how sure they are: Wilson's score interval and Newcombe's difference."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

_NORMAL = NormalDist()
_Z_MAX = 40.0
_Z_STEP = 0.001


class Interval(NamedTuple):
    """From, to."""

    low: float
    high: float


class Share(NamedTuple):
    """`people` of `of`."""

    people: int
    of: int

    @property
    def value(self) -> float:
        """Between 0 and 1; 0 of nobody."""
        return self.people / self.of if self.of else 0.0


def one_sided(chance: float) -> float:
    """The z that a normal variable exceeds with this chance."""
    return -_NORMAL.inv_cdf(chance)


def wilson(share: Share, z: float) -> Interval:
    """Wilson's score interval; all from 0 to 1 of nobody."""
    if not share.of:
        return Interval(0.0, 1.0)
    n, p, zz = share.of, share.value, z * z
    middle = (p + zz / (2 * n)) / (1 + zz / n)
    half = z / (1 + zz / n) * sqrt(p * (1 - p) / n + zz / (4 * n * n))
    # At the ends the bound is the share itself, but for rounding.
    low = 0.0 if share.people == 0 else max(0.0, middle - half)
    return Interval(low, 1.0 if share.people == n else min(1.0, middle + half))


def difference(share: Share, other: Share, z: float) -> Interval:
    """Newcombe's interval of `share` less `other`, made of Wilson's intervals of both."""
    mine, its = wilson(share, z), wilson(other, z)
    p, q = share.value, other.value
    below = sqrt((p - mine.low) ** 2 + (its.high - q) ** 2)
    above = sqrt((mine.high - p) ** 2 + (q - its.low) ** 2)
    return Interval(p - q - below, p - q + above)


def score(share: Share, other: Share) -> float:
    """The difference in standard errors, were both shares the same; 0 of nobody."""
    if not share.of or not other.of:
        return 0.0
    same = (share.people + other.people) / (share.of + other.of)
    error = sqrt(same * (1 - same) * (1 / share.of + 1 / other.of))
    return (share.value - other.value) / error if error else 0.0


def certainty(share: Share, other: Share) -> float:
    """The z up to which Newcombe's interval of the difference lies above 0; 0: at none."""
    low, high = 0.0, _Z_MAX
    if difference(share, other, _Z_STEP).low <= 0:
        return 0.0
    while high - low > _Z_STEP:
        middle = (low + high) / 2
        if difference(share, other, middle).low > 0:
            low = middle
        else:
            high = middle
    return low
