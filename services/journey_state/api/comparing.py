"""Figures with those of the period before beside them."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import TypeVar

from services.journey_state.api.map_models import Before, Change, Figure
from services.journey_state.proportions import Share, difference

CERTAIN_PEOPLE_MIN = 30  # of fewer a share says little
_SURE = NormalDist().inv_cdf(0.975)

Found = TypeVar("Found")
AnyFigure = TypeVar("AnyFigure", bound=Figure)


def with_before(
    now: Found,
    before: Found | None,
    make: Callable[[Found], AnyFigure],
    of: tuple[str, Callable[[Found], int]] | None = None,
) -> AnyFigure:
    """The figure that `make` makes of what was found now, beside it that of before, if any.

    `of` names whom it is a share of, and counts them.
    """
    figure = make(now)
    if before is None:
        return figure
    other = make(before)
    said = other.model_dump(include=set(Before.model_fields), exclude={"before", "change"})
    more: dict[str, object] = {"before": Before(**said)}
    if of is not None:
        name, count = of
        change = change_of(
            name, Share(figure.people, count(now)), Share(other.people, count(before))
        )
        more |= {"change": change} if change else {}
    return figure.model_copy(update=more)


def change_of(of: str, now: Share, before: Share) -> Change | None:
    """How much the share is more; None: it is one of nobody."""
    if not now.of or not before.of:
        return None
    low, high = difference(now, before, _SURE)
    enough = min(now.of, before.of) >= CERTAIN_PEOPLE_MIN
    return Change(
        of=of,
        difference=now.value - before.value,
        low=low,
        high=high,
        n=now.of,
        n_before=before.of,
        certain=enough and not low <= 0 <= high,
    )
