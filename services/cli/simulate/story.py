"""Who lives which life, and when: all of it from the seed and the base time."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING

from services.cli.simulate.diary import Diary, GaveUpError
from services.cli.simulate.noise import deliveries
from services.cli.simulate.pains import PainName, Planted
from services.cli.simulate.persona import Persona, make_persona
from services.cli.simulate.scripts import WEIGHTS, Script, buyer, cart_leaver
from services.contracts.times import DAY_US, SECOND_US

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from services.cli.simulate.step import Step
    from services.cli.simulate.tempo import Tempo

PAST_MARGIN_US = 300 * SECOND_US  # back-filled lives end this long before now
HOUR_US = 3600 * SECOND_US
# How busy the shop is by the hour of its visitors' clocks, from midnight on.
BUSY = (2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 10, 10, 12, 11, 9, 9, 10, 12, 14, 16, 18, 16, 10, 5)
# Of cart leavers whom the experiment shows its second variation, so many buy after all.
PERSUADED_SHARE = 0.35
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Story:
    """One persona's life as it is to be sent, repeats included, in the order of leaving.

    `struck` has the planted pains of this life, each with the message in which it can be seen.
    """

    persona: Persona
    script: str
    deliveries: tuple[Step, ...]
    struck: Mapping[PainName, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cast:
    """Makes stories. The same seed and times give the same stories, to the last byte."""

    seed: int
    run: str  # part of every id: a later run with the same seed must not repeat this one's ids
    planted: Planted = field(default_factory=Planted)

    def past(self, customers: int, days: float, base_us: int, pace: Tempo) -> Iterator[Story]:
        """Lives begun on the days before the base time, as far as they had come by then."""
        end_us = base_us - PAST_MARGIN_US
        for index in range(customers):
            rng = self._rng(index)
            ago = int(rng.uniform(0.01, 1) * days * DAY_US)
            script, persona = _draw(rng), make_persona(rng, self.run, index)
            start = _at_a_busy_hour(rng, end_us - ago, persona.nation.utc_hours)
            start = max(start if start < end_us else start - DAY_US, end_us - int(days * DAY_US))
            diary = Diary(persona, rng, pace, start, self.planted)
            story = _told(diary, _persuaded(script, persona, rng), pace)
            before = [one for one in story.deliveries if one.sent_us < end_us]
            history = tuple(replace(one, historical=True) for one in before)
            yield replace(story, deliveries=history)

    def live(self, first_index: int, index: int, start_us: int, pace: Tempo) -> Story:
        """One life begun now; the first ones go through all scripts in turn."""
        rng = self._rng(index)
        nth = index - first_index
        in_turn = list(WEIGHTS)[nth] if nth < len(WEIGHTS) else None
        persona = make_persona(rng, self.run, index)
        script = in_turn or _persuaded(_draw(rng), persona, rng)
        return _told(Diary(persona, rng, pace, start_us, self.planted), script, pace)

    def _rng(self, index: int) -> Random:
        return Random(f"{self.seed}:{index}")  # noqa: S311 - a seeded play, not a secret


def run_name(base_us: int, seed: int = 0) -> str:
    """A short name for the run of this seed that began then: letters and digits."""
    return _base36(base_us // SECOND_US) + _base36(abs(seed))


def _told(diary: Diary, script: Script, pace: Tempo) -> Story:
    # Of their own: what a network does to a step does not hang on what the person does later.
    networks = Random(diary.rng.getrandbits(64))  # noqa: S311 - a play, not a secret
    with suppress(GaveUpError):  # then what stands in the diary by now is the whole life
        script(diary)
    sent = tuple(deliveries(diary.steps, networks, pace))
    return Story(diary.persona, script.__name__, sent, diary.struck)


def _draw(rng: Random) -> Script:
    return rng.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))[0]


def _persuaded(script: Script, persona: Persona, rng: Random) -> Script:
    chance = rng.random()
    if script is cart_leaver and persona.variation == "b" and chance < PERSUADED_SHARE:
        return buyer
    return script


def _at_a_busy_hour(rng: Random, at_us: int, utc_hours: int) -> int:
    """Some time of the same day, by the clock of a zone this much ahead of UTC."""
    ahead_us = utc_hours * HOUR_US
    midnight_us = (at_us + ahead_us) // DAY_US * DAY_US - ahead_us
    hour = rng.choices(range(24), weights=BUSY)[0]
    return midnight_us + int((hour + rng.random()) * HOUR_US)


def _base36(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text or "0"
