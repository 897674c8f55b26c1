"""Where more people than usual are struck: cells of a period against their baseline, or silence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from services.journey_state.proportions import Share, certainty, one_sided, score

Kind = Literal["leak", "stall", "loop", "error", "abandonment"]
Dimension = Literal["all", "channel", "device", "campaign"]
Against = Literal["previous", "others"]

# By the part of those struck: what it is, and the part of those who could have been.
STRUCK: dict[str, tuple[Kind, str]] = {
    "leaked": ("leak", "arrived"),
    "stalled": ("stall", "finished"),
    "looped": ("loop", "came"),
    "repeated": ("loop", "active"),
    "erred": ("error", "active"),
    "abandoned": ("abandonment", "active"),
}
DIMENSIONS: tuple[Dimension, ...] = ("all", "channel", "device", "campaign")

CHANCE = 0.05  # that any cell is reported where all are as ever
PEOPLE_MIN = 30  # of a cell and of its baseline: fewer tell nothing
LOST_MIN = 5  # people beyond the usual: fewer are not worth a row
# Shares beyond the usual: a difference can be certain and still not matter. Cells of one stage
# differ for reasons of their own, so more is asked where they are what is compared with.
EXCESS_MIN: dict[Against, float] = {"previous": 0.03, "others": 0.08}


class Cell(NamedTuple):
    """People of a stage; `value` of the dimension is "" for all, `cause` an event or rule."""

    part: str
    stage: str
    cause: str | None
    dimension: Dimension
    value: str

    @property
    def denominator(self) -> Cell:
        """Of whom the cell's people are."""
        return self._replace(part=STRUCK[self.part][1], cause=None)


Tally = Mapping[Cell, int]  # people; what is missing is nobody


@dataclass(frozen=True, slots=True)
class Compared:
    """A cell beside its baseline."""

    cell: Cell
    share: Share
    against: Against
    baseline: Share
    is_latest: bool = False  # of the period's last weeks, beside as many before them

    @property
    def excess(self) -> float:
        """By how much the share is above the baseline's."""
        return self.share.value - self.baseline.value

    @property
    def lost(self) -> float:
        """People struck beyond the usual."""
        return self.excess * self.share.of


@dataclass(frozen=True, slots=True)
class Pain:
    """What stands out, where it does so most clearly; `also` are other cells of the same."""

    found: Compared
    also: Sequence[Compared]


@dataclass(frozen=True, slots=True)
class Findings:
    """Most people lost first; `z` is that of every interval, one-sided, for so many cells."""

    checked: int
    z: float
    pains: Sequence[Pain]


class Sides(NamedTuple):
    """A period and the one before; `unknown`: parts with causes whose past is too short."""

    now: Tally
    before: Tally
    unknown: Collection[tuple[str, str | None]] = ()

    def compared(self) -> list[Compared]:
        """Every cell that can be."""
        found = comparisons(self.now, self.before)
        return [one for one in found if (one.cell.part, one.cell.cause) not in self.unknown]


def look(whole: Sides, latest: Sides | None = None) -> Findings:
    """What stands out in a period against the one before, or else against the stage's others.

    And in its last weeks against those before them: what began then is little of the whole.
    Benjamini and Hochberg's correction for how many cells were looked at, of both together.
    """
    compared = whole.compared()
    compared += [
        replace(one, is_latest=True)
        for one in (latest.compared() if latest else ())
        if one.against == "previous"
    ]
    evidence = [_evidence(one) for one in compared]
    z = threshold(evidence)
    groups: dict[Cell, list[Compared]] = defaultdict(list)
    for one, certain in zip(compared, evidence, strict=True):
        if certain > z:
            groups[one.cell._replace(dimension="all", value="")].append(one)
    pains = [_clearest(group) for group in groups.values()]
    return Findings(len(compared), z, sorted(pains, key=lambda pain: _rank(pain.found)))


def threshold(evidence: Sequence[float]) -> float:
    """The z beyond which evidence counts, for so many cells: Benjamini and Hochberg's step up.

    Where all are as ever the chance that any counts is `CHANCE`; where some are not, that is the
    share of those reported that are as ever.
    """
    count = max(1, len(evidence))
    for number, z in reversed(list(enumerate(sorted(evidence, reverse=True), 1))):
        level = one_sided(CHANCE * number / count)
        if z > level:
            return level
    return one_sided(CHANCE / count)


def comparisons(now: Tally, before: Tally) -> Iterator[Compared]:
    """Every cell that has enough people, and a baseline that has."""
    causes: dict[tuple[str, str], set[str | None]] = defaultdict(set)
    for cell in [*now, *before]:
        causes[cell.part, cell.stage].add(cell.cause)
    siblings: dict[Cell, list[Cell]] = defaultdict(list)
    for cell in now:
        siblings[cell._replace(value="")].append(cell)
    for whole in sorted((cell for cell in now if now[cell] >= PEOPLE_MIN), key=_order):
        for part, (_, denominator) in STRUCK.items():
            if whole.part == denominator:
                others = siblings[whole._replace(value="")]
                for cause in sorted(causes[part, whole.stage], key=str):
                    cell = whole._replace(part=part, cause=cause)
                    found = _compare(cell, now, before, others)
                    if found is not None:
                        yield found


def _compare(cell: Cell, now: Tally, before: Tally, wholes: Iterable[Cell]) -> Compared | None:
    earlier = share_of(cell, before)
    if earlier.of >= PEOPLE_MIN:
        return Compared(cell, share_of(cell, now), "previous", earlier)
    if share_of(cell._replace(dimension="all", value=""), before).of >= PEOPLE_MIN:
        return None  # new, in a stage that has a past: others differ for reasons of their own
    named = [share_of(cell._replace(value=w.value), now) for w in wholes if w.value != cell.value]
    rest = Share(sum(one.people for one in named), sum(one.of for one in named))
    if rest.of >= PEOPLE_MIN:
        return Compared(cell, share_of(cell, now), "others", rest)
    return None


def share_of(cell: Cell, tally: Tally) -> Share:
    """The cell's people of those who could be in it."""
    return Share(tally.get(cell, 0), tally.get(cell.denominator, 0))


def _evidence(one: Compared) -> float:
    """At which z it is still beyond chance; 0 where it does not matter.

    By the interval of the difference and by its score: each alone is too sure of small shares.
    """
    if one.excess < EXCESS_MIN[one.against] or one.lost < LOST_MIN:
        return 0.0
    return min(score(one.share, one.baseline), certainty(one.share, one.baseline))


def _clearest(group: Sequence[Compared]) -> Pain:
    """Where all people of one way are struck, that way stands out more clearly than all people."""
    found = max(
        group, key=lambda one: (score(one.share, one.baseline), -one.share.of, _order(one.cell))
    )
    same = [one for one in group if one.is_latest == found.is_latest]
    also = sorted((one for one in same if one is not found), key=_rank)
    return Pain(found, also)


def _rank(one: Compared) -> tuple[object, ...]:
    """Most people lost first; of as many, what is struck in the order of `STRUCK`."""
    kind = list(STRUCK).index(one.cell.part)
    return (-round(one.lost), kind, -one.share.people, *_order(one.cell))


def _order(cell: Cell) -> tuple[str, ...]:
    return (cell.part, cell.stage, cell.cause or "", cell.dimension, cell.value)
