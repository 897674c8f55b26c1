"""The fold watched: what it saw before each touchpoint and what it made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from services.journey_state.definition import Definition, Moment
from services.journey_state.episodes import LastTouchpoint
from services.journey_state.journey import Folded, Journey, Transition, fold, moment_of
from services.journey_state.touchpoint import Touchpoint

Kind = Literal["folded", "repeat", "bot", "consent"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A touchpoint as explanations name it; `event` is the canonical name."""

    event: str
    channel: str
    source: str
    message_id: str
    at: int
    received_at: int
    historical: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One touchpoint of the fold. If it is not folded there is no transition.

    `moment` is what the rules looked at, or would have, had it been folded.
    """

    moment: Moment
    kind: Kind
    transition: Transition | None


class Watcher(Protocol):
    """Is told of a fold. The journey changes in place, and so do its episodes."""

    def begin(self, journey: Journey) -> None:
        """What the fold begins with."""

    def take(self, step: Step, journey: Journey) -> None:
        """One more step, and the journey just after it."""


def watched(
    definition: Definition,
    touchpoints: Sequence[Touchpoint],
    *watchers: Watcher,
    start: Journey | None = None,
) -> Folded:
    """The fold of these touchpoints from a checkpoint on, of which all watchers were told."""
    recorder = _Recorder(definition, watchers)
    folded = fold(definition, touchpoints, start, recorder)
    recorder.begin(folded.journey)  # if there was no step, it ends as it began
    return folded


class _Recorder:
    """Makes a `Step` of what a fold shows."""

    def __init__(self, definition: Definition, watchers: Sequence[Watcher]) -> None:
        self._definition = definition
        self._watchers = watchers
        self._begun = False
        self._moment: Moment | None = None
        self._last: LastTouchpoint | None = None

    def begin(self, journey: Journey) -> None:
        if not self._begun:
            self._begun = True
            for watcher in self._watchers:
                watcher.begin(journey)

    def before(self, journey: Journey, touchpoint: Touchpoint) -> None:
        self.begin(journey)
        self._moment = moment_of(self._definition, journey, touchpoint)
        self._last = journey.last_touchpoint

    def after(self, journey: Journey, transition: Transition | None) -> None:
        assert self._moment is not None
        # Every folded touchpoint becomes the last one.
        folded = journey.last_touchpoint is not self._last
        step = Step(self._moment, _kind(self._moment.touchpoint, folded=folded), transition)
        for watcher in self._watchers:
            watcher.take(step, journey)


def seen(moment: Moment) -> Seen:
    """The moment's touchpoint."""
    touchpoint = moment.touchpoint
    return Seen(
        event=moment.event,
        channel=touchpoint.channel,
        source=touchpoint.source,
        message_id=touchpoint.message_id,
        at=touchpoint.occurred_at,
        received_at=touchpoint.received_at,
        historical=touchpoint.historical,
    )


def _kind(touchpoint: Touchpoint, *, folded: bool) -> Kind:
    if folded:
        return "folded"
    if touchpoint.bot:
        return "bot"
    return "consent" if touchpoint.call == "consent" else "repeat"
