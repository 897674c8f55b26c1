"""What a segment asks of its people, and whether traits and consent meet it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Value = str | int | bool


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Touchpoints of any of `events`: so many, within so long before the period's end.

    `channels` is empty: any; `within_us` None: whatever is kept.
    """

    events: tuple[str, ...]  # by their canonical names
    at_least: int = 1
    within_us: int | None = None
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A named filter: all its conditions hold. Empty ones ask nothing."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    traits: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)  # any of the values
    consent: tuple[str, ...] = ()  # every purpose is granted
    stages: tuple[str, ...] = ()  # is in any of them now
    channels: tuple[str, ...] = ()  # has a touchpoint of the period on any of them
    did: tuple[Behaviour, ...] = ()
    not_did: tuple[Behaviour, ...] = ()

    @property
    def of_state(self) -> bool:
        """Whether a customer's traits or consent decide."""
        return bool(self.traits or self.consent)

    def fits(self, traits: Mapping[str, Any], granted: Mapping[str, bool]) -> bool:
        """Whether somebody with these traits and this consent is meant, as far as they decide."""
        return all(
            name in traits and _holds(traits[name], values) for name, values in self.traits.items()
        ) and all(granted.get(purpose, False) for purpose in self.consent)


def _holds(trait: Any, values: Sequence[Value]) -> bool:
    """Whether the trait, or of a list one of its entries, is one of the values."""
    held = trait if isinstance(trait, list) else [trait]
    return any(_same(one, value) for one in held for value in values)


def _same(one: Any, value: Value) -> bool:
    # To Python True is 1.
    return one == value and isinstance(one, bool) == isinstance(value, bool)
