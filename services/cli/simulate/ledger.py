"""Keeps what ingest has taken of each persona and writes the oracle file from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from services.cli.simulate.oracle import Left, Timings, abandoned, final_stage, support_until
from services.cli.simulate.pains import PAINS, PainName, Planted
from services.cli.simulate.persona import Persona
from services.contracts.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from services.cli.simulate.step import Step
    from services.cli.simulate.story import Story

_TRAITS = ("email", "phone")  # of an `identify`, by which a customer is known too
CUSTOMERS_MAX = 100_000  # an endless demo must not fill the memory; later ones are not told


@dataclass(slots=True)
class _Page:
    story: Story
    taken: list[Step]


class Ledger:
    """The accepted steps per persona."""

    def __init__(self, *, customers_max: int = CUSTOMERS_MAX) -> None:
        self._customers_max = customers_max
        self._pages: dict[str, _Page] = {}  # by the head that all message ids of a persona share

    def enlist(self, story: Story) -> None:
        """Keeps what will be taken of this persona."""
        if len(self._pages) < self._customers_max:
            head = story.persona.user_id[2:]
            self._pages[head] = _Page(story, [])

    def taken(self, step: Step) -> None:
        """Notes that ingest has this step for good."""
        head = step.message_id.removeprefix("m-").rpartition("-")[0]
        if page := self._pages.get(head):
            page.taken.append(step)

    def write(
        self, path: Path, *, timings: Timings, seed: int, base_us: int, planted: Planted
    ) -> int:
        """Writes the expected final state of everyone; returns how many they are."""
        customers = [
            customer(page.story.persona, page.story.script, page.taken, timings, base_us)
            for page in self._pages.values()
            if page.taken
        ]
        document = {
            "journey": timings.journey,
            "seed": seed,
            "base_time": format_time(base_us),
            "pains": [self._pain(name, planted) for name in planted.names],
            "customers": customers,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=1))
        return len(customers)

    def _pain(self, name: PainName, planted: Planted) -> dict[str, Any]:
        """A planted pain: what must be seen of it, in which cell, and whom it has struck."""
        struck = [
            _handle(page.taken)
            for page in self._pages.values()
            if page.story.struck.get(name) in {step.message_id for step in page.taken}
        ]
        return {
            "name": name,
            "since": format_time(planted.since_us(name)),
            "shows": PAINS[name].shows,
            "cell": dict(PAINS[name].cell),
            "people": struck,
        }


def customer(
    persona: Persona, script: str, taken: list[Step], timings: Timings, base_us: int
) -> dict[str, Any]:
    """One persona's entry: how to find it, and what must be found.

    `disproved` lists what looked abandoned until late events arrived.
    """
    bot = script == "crawler"
    folded = [] if bot else taken
    in_time = [step for step in folded if not step.late]
    left = abandoned(folded, timings)
    standing = {one.identity for one in left}
    disproved = [one for one in abandoned(in_time, timings) if one.identity not in standing]
    until = support_until(folded, timings)
    if until is not None and until <= base_us:  # it is over by itself
        until = None
    known = sorted({f"{kind}:{value}" for step in taken for kind, value in _known_by(step)})
    return {
        "id": _handle(taken),
        "identifiers": known,
        "script": script,
        "name": f"{persona.first_name} {persona.last_name}",
        "bot": bot,
        "events": len({step.message_id for step in taken}),
        "stage": final_stage(folded),
        "overlays": [{"name": "support", "expires_at": format_time(until)}] if until else [],
        "signals": [_signal(one, base_us) for one in left],
        "disproved": [_signal(one, base_us) for one in disproved],
    }


def _known_by(step: Step) -> Iterator[tuple[str, str]]:
    yield from step.ids.items()
    if step.call == "identify":
        yield from ((kind, str(step.traits[kind])) for kind in _TRAITS if kind in step.traits)


def _handle(taken: list[Step]) -> str:
    """The best identifier to ask for the persona by."""
    kinds = {kind: value for step in taken for kind, value in step.ids.items()}
    first = next(kind for kind in ("user_id", "anonymous_id", "email", "phone") if kind in kinds)
    return f"{first}:{kinds[first]}"


def _signal(left: Left, base_us: int) -> dict[str, Any]:
    """`published` is false where a back-filled thing was over before it was sent."""
    return {
        "rule": left.rule,
        "scope": left.scope,
        "last_activity_at": format_time(left.last_activity_us),
        "due_at": format_time(left.due_us),
        "recover_until": format_time(left.recover_until_us),
        "state": "recovered" if left.recovered_us else "raised",
        "recovered_at": format_time(left.recovered_us) if left.recovered_us else None,
        "published": not (left.historical and left.due_us < base_us),
    }
