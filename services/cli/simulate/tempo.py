"""How fast a life is played: a persona's own seconds to seconds of the clock."""

from __future__ import annotations

from dataclasses import dataclass

from services.cli.simulate.step import DAY, HOUR

GAP_SECONDS_MIN = 0.3


@dataclass(frozen=True, slots=True)
class Tempo:
    """`speed` shortens visits and the hours between them; `day_seconds` is how long a day lasts.
    Two events of one persona are never closer than `gap_seconds_min`: their order must be plain.
    """

    speed: float = 1.0
    day_seconds: float = DAY
    gap_seconds_min: float = GAP_SECONDS_MIN

    def seconds(self, own_seconds: float) -> float:
        """Clock seconds of a stretch inside a day."""
        return max(self.gap_seconds_min, own_seconds / self.speed)

    def days(self, days: float) -> float:
        """Clock seconds of a stretch of days."""
        return max(self.gap_seconds_min, days * self.day_seconds)


def past(speed: float) -> Tempo:
    """Back-filled lives: days are days, visits as fast as the journey's waiting times ask."""
    return Tempo(speed=speed)


def live(speed: float) -> Tempo:
    """Lives before our eyes: the next visit comes after an hour of the persona, not after days."""
    return Tempo(speed=speed, day_seconds=HOUR / speed)
