"""What became of each episode of an abandonment rule, seen while the past is folded."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

from services.journey_state.abandonment import meaning
from services.journey_state.definition import AbandonmentRule, Moment
from services.journey_state.episodes import Episode
from services.journey_state.explain.recording import Step
from services.journey_state.journey import Journey

EPISODES_MAX = 50  # of one rule: the newest ones are explained

Ending = Literal["closed", "dropped", "emptied", "left"]


@dataclass(slots=True)
class Life:
    """An episode as the fold left it, and the touchpoints that made it so.

    `opened`, `last`: None where they are from before what the fold began with. `ended`: what
    ended it before it was due. `stopped`: the first thing after its due that it concerned.
    """

    episode: Episode
    opened: Moment | None
    last: Moment | None
    opened_at: int
    last_at: int
    activities: int = 1
    ended: Moment | None = None
    stopped: Moment | None = None

    def due(self, rule: AbandonmentRule) -> int:
        """When it was or is due by its last activity."""
        return self.last_at + rule.after_us


@dataclass(frozen=True, slots=True)
class Missed:
    """A touchpoint of an opening event that neither opened an episode nor kept one alive.

    `just_ended`: an episode of the rule was closed or dropped at its very instant.
    """

    moment: Moment
    just_ended: bool


class EpisodeWatch:
    """Told the steps of a fold, knows the lives of one rule's episodes, the newest last."""

    def __init__(self, rule: AbandonmentRule, lives_max: int | None = EPISODES_MAX) -> None:
        self.rule = rule
        self.lives: deque[Life] = deque(maxlen=lives_max)
        self.total = 0
        self.missed: Missed | None = None
        self.missed_total = 0
        self._present: dict[int, Life] = {}

    def begin(self, journey: Journey) -> None:
        """What the fold begins with."""
        for episode in journey.episodes:
            if episode.rule == self.rule.name:
                self._present[id(episode)] = self._open(episode, None)

    def take(self, step: Step, journey: Journey) -> None:
        """One more step. An episode stays the same object, however it changes."""
        rule = self.rule.name
        episodes = [one for one in journey.episodes if one.rule == rule]
        if not episodes and not self._present:
            self._miss(step, journey, met=False)
            return
        present: dict[int, Life] = {}
        met = False
        for episode in episodes:
            life = self._present.pop(id(episode), None)
            if life is None:
                life = self._open(episode, step.moment)
                met = True
            else:
                met = _note(life, step.moment) or met
            present[id(episode)] = life
        for life in self._present.values():
            if life.episode.abandoned is None:
                life.ended = step.moment
        self._present = present
        self._miss(step, journey, met=met)

    def _open(self, episode: Episode, moment: Moment | None) -> Life:
        life = Life(episode, moment, moment, episode.opened_at, episode.last_at)
        self.lives.append(life)
        self.total += 1
        return life

    def _miss(self, step: Step, journey: Journey, *, met: bool) -> None:
        opens, moment = self.rule.opens, step.moment
        if opens is None or met or moment.event not in opens.events or step.kind != "folded":
            return
        at = moment.touchpoint.occurred_at
        ended = any(instant == at for instant, _ in journey.ended.get(self.rule.name, ()))
        self.missed, self.missed_total = Missed(moment, just_ended=ended), self.missed_total + 1


def _note(life: Life, moment: Moment) -> bool:
    """Whether the touchpoint kept the episode alive."""
    episode, touchpoint = life.episode, moment.touchpoint
    if episode.stopped_at is not None and life.stopped is None:
        life.stopped = moment
    if episode.abandoned is not None:
        return False
    if (episode.last_message_id, episode.last_source) != (
        touchpoint.message_id,
        touchpoint.source,
    ):
        return False
    life.last, life.last_at = moment, episode.last_at
    life.activities += 1
    return True


def ending(rule: AbandonmentRule, moment: Moment) -> Ending:
    """How this touchpoint, which ended an episode before it was due, did so."""
    if rule.stages is not None:
        return "left"
    role = meaning(rule, moment)
    if role == "closes":
        return "closed"
    return "dropped" if role == "drops" else "emptied"
