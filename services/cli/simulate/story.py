"""Who lives which life, and when: all of it from the seed and the base time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from services.cli.simulate.diary import Diary
from services.cli.simulate.noise import deliveries
from services.cli.simulate.persona import Persona, make_persona
from services.cli.simulate.scripts import WEIGHTS, Script
from services.contracts.times import DAY_US, SECOND_US

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.cli.simulate.step import Step
    from services.cli.simulate.tempo import Tempo

PAST_MARGIN_US = 300 * SECOND_US  # back-filled lives end this long before now
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Story:
    """One persona's life as it is to be sent, repeats included, in the order of leaving."""

    persona: Persona
    script: str
    deliveries: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Cast:
    """Makes stories. The same seed and times give the same stories, to the last byte."""

    seed: int
    run: str  # part of every id: a later run with the same seed must not repeat this one's ids

    def past(self, customers: int, days: float, base_us: int, pace: Tempo) -> Iterator[Story]:
        """Lives begun on the days before the base time, as far as they had come by then."""
        for index in range(customers):
            rng = self._rng(index)
            start = base_us - PAST_MARGIN_US - int(rng.uniform(0.01, 1) * days * DAY_US)
            story = self._story(rng, index, _draw(rng), pace, start)
            before = [one for one in story.deliveries if one.sent_us < base_us - PAST_MARGIN_US]
            history = tuple(replace(one, historical=True) for one in before)
            yield replace(story, deliveries=history)

    def live(self, first_index: int, index: int, start_us: int, pace: Tempo) -> Story:
        """One life begun now; the first ones go through all scripts in turn."""
        rng = self._rng(index)
        nth = index - first_index
        script = list(WEIGHTS)[nth] if nth < len(WEIGHTS) else _draw(rng)
        return self._story(rng, index, script, pace, start_us)

    def _rng(self, index: int) -> Random:
        return Random(f"{self.seed}:{index}")  # noqa: S311 - a seeded play, not a secret

    def _story(self, rng: Random, index: int, script: Script, pace: Tempo, start_us: int) -> Story:
        diary = Diary(make_persona(rng, self.run, index), rng, pace, start_us)
        script(diary)
        return Story(diary.persona, script.__name__, tuple(deliveries(diary.steps, rng, pace)))


def _draw(rng: Random) -> Script:
    return rng.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))[0]


def run_name(base_us: int) -> str:
    """A short name for the run that began then: its second in base 36."""
    number, text = base_us // SECOND_US, ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text or "0"
