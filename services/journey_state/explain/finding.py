"""Why an expression was true of a touchpoint, or which of its conditions was not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from services.contracts.times import format_time, from_datetime
from services.journey_state.definition import Condition, Moment
from services.journey_state.definition.cel_parts import bare, parts_of, references
from services.journey_state.definition.expressions import (
    ConditionExpression,
    Failure,
    ValueExpression,
    compiled_value,
)
from services.journey_state.explain.telling import Sentence, Told, joined, tell
from services.journey_state.explain.words import duration_text, quoted

Result = Literal["true", "false", "error"]

VALUE_CHARACTERS_MAX = 200  # of one value in an answer; longer ones are cut
VALUES_MAX = 20  # of one condition
EXPRESSIONS_CACHED_MAX = 1_024


@dataclass(frozen=True, slots=True)
class Finding:
    """What one condition came to. `values` are those it looked at, null where there was none.

    `condition` is as written in the definition; None where a rule has no such condition, or one
    that was not written as an expression. `text` is a clause of a sentence, `sentences` say it
    each for itself.
    """

    result: Result
    condition: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    sentences: tuple[Sentence, ...] = ()

    @property
    def told(self) -> Told:
        """The clause, and its sentences."""
        return Told(self.text, self.sentences)


def find(when: Condition | None, moment: Moment) -> Finding:
    """Why this `when` is true of the moment, or the first of its conditions that is not."""
    if when is None:
        return Finding("true")
    if not isinstance(when, ConditionExpression):
        holds = when(moment)
        told = (
            tell("own_condition_true", "its condition is true")
            if holds
            else tell("own_condition_false", "its condition is false")
        )
        return Finding("true" if holds else "false", None, {}, told.text, told.sentences)
    whole = bare(when.text)
    if _result(whole, moment) == "true":
        return _described(whole, "true", moment)
    return _first_failing(whole, moment)


def _first_failing(text: str, moment: Moment) -> Finding:
    """An untrue expression: of several that must be true, the first that is false, else fails."""
    parts = parts_of(text)
    results = [(part, _result(part, moment)) for part in parts.operands]
    if parts.kind == "and":
        false = [part for part, result in results if result == "false"]
        failing = [part for part, result in results if result != "true"]
        if failing:
            return _first_failing((false or failing)[0], moment)
    if parts.kind == "or" and all(result != "true" for _, result in results):
        return _none_of(text, [_first_failing(part, moment) for part, _ in results], moment)
    return _described(text, _result(text, moment), moment)


def _none_of(text: str, findings: list[Finding], moment: Moment) -> Finding:
    values = {name: value for each in findings for name, value in each.values.items()}
    told = joined([each.told for each in findings], "; and ")
    kept = dict(list(values.items())[:VALUES_MAX])
    return Finding(_result(text, moment), text, kept, told.text, told.sentences)


def _result(text: str, moment: Moment) -> Result:
    value = _compiled(text)(moment)
    if value is True:
        return "true"
    return "false" if value is False else "error"


def _described(text: str, result: Result, moment: Moment) -> Finding:
    seen = _values(text, moment)
    values = {name: None if isinstance(v, Failure) else _plain(v) for name, v in seen.items()}
    told = _judged(result, " ".join(text.split()), _because(text, result, seen, moment))
    return Finding(result, text, values, told.text, told.sentences)


_CONDITION: dict[Result, str] = {
    "true": "condition_true",
    "false": "condition_false",
    "error": "condition_error",
}
_CONDITION_AS: dict[Result, str] = {
    "true": "condition_true_as",
    "false": "condition_false_as",
    "error": "condition_error_as",
}


def _judged(result: Result, condition: str, how: Told) -> Told:
    was = "could not be evaluated" if result == "error" else f"was {result}"
    text = f"{quoted(condition)} {was}"
    if not how.text:
        return tell(_CONDITION[result], text, condition=condition)
    because = how.sentences
    text = f"{text}: {how.text}"
    return tell(_CONDITION_AS[result], text, condition=condition, because=because)


def _because(text: str, result: Result, seen: dict[str, Any], moment: Moment) -> Told:
    """The values that decided, as far as they say more than the condition itself."""
    missing = [name for name, value in seen.items() if isinstance(value, Failure)]
    if result == "error":
        told = joined([_missing(name) for name in missing], "; ")
        return told if missing else _failure(text, moment)
    parts = parts_of(text)
    sides = parts.operands if parts.kind == "relation" else ()
    computed = [clause for side in sides if (clause := _computed(side, seen, moment))]
    summed = [name for side in sides if _is_sum(side, seen, moment) for name in _names(side)]
    plain = [
        _missing(name) if name in missing else _equal(name, value)
        for name, value in seen.items()
        if name not in summed
    ]
    return joined([*computed, *plain], ", ")


def _equal(what: str, value: Any) -> Told:
    return tell("equal", f"{what} = {shown(value)}", what=what, value=shown(value))


def _computed(side: str, seen: dict[str, Any], moment: Moment) -> Told | None:
    """One side of a comparison worked out: `1 - 0 = 1`, or `size(properties.products) = 0`."""
    names = _names(side)
    if not names or side in names:
        return None
    value = _compiled(side)(moment)
    if isinstance(value, Failure):
        return None
    return _equal(_filled(side, seen) if _is_sum(side, seen, moment) else side, value)


def _is_sum(side: str, seen: dict[str, Any], moment: Moment) -> bool:
    """Whether the values can stand in the text: plain ones, joined by arithmetic alone.

    A person's own stand behind their names, by which answers without personal data find them.
    """
    names = _names(side)
    if not names or side in names or any(isinstance(seen.get(n), Failure) for n in names):
        return False
    if any(name.startswith("traits") for name in names):
        return False
    numbers = all(type(seen.get(name)) in {int, float, timedelta} for name in names)
    return numbers and not isinstance(_compiled(side)(moment), Failure)


def _filled(side: str, seen: dict[str, Any]) -> str:
    filled, behind = "", 0
    for start, end in references(side):
        filled += side[behind:start] + shown(seen[side[start:end]])
        behind = end
    return filled + side[behind:]


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(text[start:end] for start, end in references(text)))


def _values(text: str, moment: Moment) -> dict[str, Any]:
    return {name: _compiled(name)(moment) for name in _names(text)[:VALUES_MAX]}


def _missing(name: str) -> Told:
    if name.startswith("since"):
        event = name.partition("(")[2].rstrip(")").strip()
        return tell("no_earlier", f"no earlier {event} came", event=event.strip("\"'"))
    return tell("missing", f"{name} is missing", what=name)


def _failure(text: str, moment: Moment) -> Told:
    value = _compiled(text)(moment)
    if isinstance(value, Failure):
        return tell("failure", value.message, fault=value.message)
    told = shown(value)
    return tell("not_boolean", f"it gives {told}, which is neither true nor false", value=told)


def shown(value: Any) -> str:
    """A value as sentences show it."""
    if isinstance(value, timedelta):
        return duration_text(value // timedelta(microseconds=1))
    plain = _plain(value)
    return (
        plain
        if isinstance(plain, str) and plain != value
        else json.dumps(plain, ensure_ascii=False)
    )


def _plain(value: Any) -> Any:
    """A value as JSON has it; long ones are cut, and then text."""
    if isinstance(value, timedelta):
        return duration_text(value // timedelta(microseconds=1))
    if isinstance(value, datetime):
        return format_time(from_datetime(value))
    if isinstance(value, bytes | bytearray):
        value = value.hex()
    text = json.dumps(value, ensure_ascii=False, default=str)
    if len(text) <= VALUE_CHARACTERS_MAX:
        return json.loads(text)
    return (value if isinstance(value, str) else text)[:VALUE_CHARACTERS_MAX] + "…"


@lru_cache(EXPRESSIONS_CACHED_MAX)
def _compiled(text: str) -> ValueExpression:
    return compiled_value(text)
