"""What networks do to events: repeats at once and later, and stragglers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from services.cli.simulate.step import Step
    from services.cli.simulate.tempo import Tempo

REPEAT_SHARE = 0.05
STRAGGLER_SHARE = 0.08


def deliveries(steps: Iterable[Step], rng: Random, pace: Tempo) -> list[Step]:
    """The steps in the order of their leaving, some of them twice, some after their successors.

    Only deeds on a device that is already linked straggle: a stage may come late, but who the
    customer is is told in order.
    """
    sent: list[Step] = []
    for step in steps:
        chance = rng.random()
        if chance < REPEAT_SHARE:
            delay = rng.choice((0.0, pace.seconds(rng.uniform(60, 600))))
            sent += [step, _later(step, delay)]
        elif chance < REPEAT_SHARE + STRAGGLER_SHARE and _may_straggle(step):
            sent.append(_later(step, pace.seconds(rng.uniform(45, 120))))
        else:
            sent.append(step)
    return sorted(sent, key=lambda one: (one.sent_us, one.message_id))


def _may_straggle(step: Step) -> bool:
    return step.call == "track" and step.channel in ("website", "app")


def _later(step: Step, seconds: float) -> Step:
    return replace(step, sent_us=step.sent_us + int(seconds * 1_000_000))
