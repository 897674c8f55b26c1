"""What an explanation says: in English, and as codes with values for every other language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.contracts.times import SECOND_US, format_time
from services.journey_state.definition import Moment


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence by its code, under which the page has it in each language, and its values.

    Values named `at` or `.._at` are times as JSON has them, `.._seconds` durations; `because` has
    sentences of its own, which are said one after another within this one.
    """

    code: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """One or several clauses or sentences in English, and the sentences that say the same."""

    text: str
    sentences: tuple[Sentence, ...] = ()

    def within(self, text: str) -> Told:
        """The same sentences, where English has them in this text."""
        return Told(text, self.sentences)


NOTHING = Told("")


def tell(code: str, text: str, **values: Any) -> Told:
    """One sentence. Times are given in microseconds of the epoch, as `at` or `.._at`."""
    said = {
        name: format_time(value) if name == "at" or name.endswith("_at") else value
        for name, value in values.items()
    }
    return Told(text, (Sentence(code, said),))


def joined(told: Sequence[Told], between: str = " ") -> Told:
    """All of it, one after another; what says nothing is left out."""
    texts = [one.text for one in told if one.text]
    return Told(between.join(texts), tuple(each for one in told for each in one.sentences))


def seconds(time_us: int) -> float:
    """A duration as sentences have it."""
    return time_us / SECOND_US


def named(moment: Moment) -> dict[str, Any]:
    """The values by which a sentence names a touchpoint."""
    touchpoint = moment.touchpoint
    return {"event": moment.event, "channel": touchpoint.channel, "at": touchpoint.occurred_at}
