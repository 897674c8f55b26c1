"""Compiled CEL expressions, asked about a moment: conditions, and the text of scopes and keys."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from operator import attrgetter
from typing import Any, Final, TypeVar

from cel_expr_python import cel

from services.journey_state.definition import cel_since, cel_text
from services.journey_state.definition.cel_check import (
    Checked,
    ExpressionError,
    Fault,
    check,
)
from services.journey_state.definition.cel_environment import (
    COUNTS,
    EVALUATED,
    SINCE,
    UNHOLDABLE,
)
from services.journey_state.definition.rules import Moment

_Source = Callable[[Moment], Any]

_ERROR: Final = cel.Type.ERROR
_TEXT_TYPES: Final = (cel.Type.STRING, cel.Type.INT, cel.Type.UINT, cel.Type.DOUBLE)
_PROPERTY: Final = re.compile(r"\s*properties\.([A-Za-z_][A-Za-z_0-9]*)\s*", re.ASCII)

ANSWERS_MAX = 1_024  # of one condition that are kept
SINCE_US_MAX = 100 * 366 * 86_400 * 1_000_000  # far less than CEL can hold
ANSWER_TEXT_LENGTH_MAX = 100  # characters; of longer text no answer is kept


class Expression:
    """One compiled expression. `errors` counts the evaluations that ended in an error."""

    __slots__ = ("_key", "_needs", "_program", "_sources", "counted", "errors", "text", "timed")

    def __init__(self, text: str, checked: Checked) -> None:
        self.text = text
        self.counted = frozenset(checked.counted)
        self.timed = frozenset(checked.timed)
        self.errors = 0
        self._program = EVALUATED.compile(checked.text)
        needs = {name: _needed(name, checked) for name in cel_text.names(checked.text) & _KNOWN}
        self._needs = needs
        self._sources = tuple((name, _source(name, parts)) for name, parts in needs.items())
        # Expressions that need the same values of one touchpoint share them under this key.
        self._key = repr(sorted(needs.items()))

    def _evaluate(self, moment: Moment) -> Any:
        """The result with its type, or None where CEL cannot hold the values."""
        prepared = moment.prepared
        if prepared is None:
            prepared = moment.prepared = {}
        try:
            activation = prepared.get(self._key)
            if activation is None:
                activation = EVALUATED.Activation({name: of(moment) for name, of in self._sources})
                prepared[self._key] = activation
            return self._program.eval(activation)
        except UNHOLDABLE:
            return None


class ConditionExpression(Expression):
    """A `when`: true where the expression is; an error or a value of another type is not.

    The same values give the same answer, and CEL is slow: answers to short values are kept.
    """

    __slots__ = ("_answers", "_reads")

    def __init__(self, text: str, checked: Checked) -> None:
        super().__init__(text, checked)
        self._reads = _reads(checked.text, self._needs)
        self._answers: dict[tuple[Any, ...], bool | None] = {}

    def __call__(self, moment: Moment) -> bool:
        answer = self._answer(moment) if self._reads is None else self._kept(self._reads, moment)
        if answer is None:
            self.errors += 1
            return False
        return answer

    def _kept(self, reads: tuple[_Source, ...], moment: Moment) -> bool | None:
        values = tuple([read(moment) for read in reads])
        for value in values:
            kind = value.__class__
            if kind is str:
                if len(value) > ANSWER_TEXT_LENGTH_MAX:
                    return self._answer(moment)
            elif kind is not int and value is not None:  # True == 1 == 1.0, and lists are no keys
                return self._answer(moment)
        try:
            return self._answers[values]
        except KeyError:
            if len(self._answers) >= ANSWERS_MAX:
                self._answers.clear()
            answer = self._answers[values] = self._answer(moment)
            return answer

    def _answer(self, moment: Moment) -> bool | None:
        """None: an error, or neither true nor false."""
        result = self._evaluate(moment)
        value = None if result is None else result.value()
        return value if value is True or value is False else None


class TextExpression(Expression):
    """A `scope` or `once` key: text as it is, numbers in decimal form, "" for all else."""

    __slots__ = ("_property",)

    def __init__(self, text: str, checked: Checked) -> None:
        super().__init__(text, checked)
        found = _PROPERTY.fullmatch(checked.text)
        self._property = None if found is None else found[1]

    def __call__(self, moment: Moment) -> str:
        if self._property is not None:
            # Most keys are one property that is text; CEL would take its time to say the same.
            stated = moment.touchpoint.properties.get(self._property)
            if stated.__class__ is str and stated.isascii():
                return stated
            if stated is None:
                self.errors += 1
                return ""
        result = self._evaluate(moment)
        # The value of an error is a text, told from others by its type alone.
        if result is None or result.type() == _ERROR:
            self.errors += 1
            return ""
        return key_text(result.value())


@dataclass(frozen=True, slots=True)
class Failure:
    """An evaluation that ended in an error, in CEL's words."""

    message: str


class ValueExpression(Expression):
    """Any expression, asked for its value as plain Python, or for why it has none."""

    __slots__ = ()

    def __call__(self, moment: Moment) -> Any:
        result = self._evaluate(moment)
        if result is None:
            return Failure("a value is too large or of a kind that CEL does not have")
        if result.type() == _ERROR:
            return Failure(str(result.value()).partition(": ")[2] or str(result.value()))
        return result.plain_value()


def key_text(value: Any) -> str:
    """Semantics 5.2: text as it is, the shortest decimal form of a number, else ""."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return ""
    if value == int(value):
        return str(int(value))
    return format(Decimal(repr(value)), "f")


_E = TypeVar("_E", bound=Expression)


def condition(text: str, checked: Checked) -> ConditionExpression:
    """A `when`; raises ExpressionError unless it can be true."""
    if checked.kind not in (cel.Type.BOOL, cel.Type.DYN):
        raise _useless(checked, "true or false", "compare it with something, such as == 'x'")
    return _compiled(ConditionExpression, text, checked)


def text_of(text: str, checked: Checked) -> TextExpression:
    """A `scope` or `once` key; raises ExpressionError unless it can give text or a number."""
    if checked.kind not in (*_TEXT_TYPES, cel.Type.DYN):
        raise _useless(checked, "text or a number", "name a property, such as properties.order_id")
    return _compiled(TextExpression, text, checked)


def compiled_condition(text: str) -> ConditionExpression:
    """Checks and compiles in one step."""
    return condition(text, check(text))


def compiled_text(text: str) -> TextExpression:
    """Checks and compiles in one step."""
    return text_of(text, check(text))


def compiled_value(text: str) -> ValueExpression:
    """Checks and compiles in one step."""
    return _compiled(ValueExpression, text, check(text))


def _compiled(form: type[_E], text: str, checked: Checked) -> _E:
    try:
        return form(text, checked)
    except UNHOLDABLE as error:
        raise ExpressionError(Fault(1, 1, f"cannot be compiled: {error}", "simplify it")) from None


def _useless(checked: Checked, wanted: str, hint: str) -> ExpressionError:
    kind = str(checked.kind.name()).lower()
    return ExpressionError(Fault(1, 1, f"gives {kind} where {wanted} is needed", hint))


def _needed(name: str, checked: Checked) -> tuple[str, ...] | None:
    """Which keys of a map the expression may read; None: all. A plain variable has none."""
    if name == COUNTS:
        return tuple(sorted(checked.counted))
    if name == SINCE:
        return tuple(sorted(checked.timed))
    return cel_text.fields(checked.text, name) if name in _MAPS else ()


def _reads(text: str, needs: Mapping[str, tuple[str, ...] | None]) -> tuple[_Source, ...] | None:
    """What gives each single value that an expression looks at; None where they are not known.

    Of a time since an event: on which side of the bounds it lies that it is compared with.
    """
    reads: list[_Source] = []
    for name, parts in needs.items():
        if parts is None:
            return None
        if name == SINCE:
            bounds = cel_since.bounds(text)
            if bounds is None:
                return None
            reads += [_side(event, times) for event, times in bounds.items()]
        elif name in _TEXTS:
            reads.append(_TEXTS[name])
        else:
            reads += [
                _count(part) if name == COUNTS else _field(_MAPS[name], part) for part in parts
            ]
    return tuple(reads)


def _side(event: str, bounds: list[int]) -> _Source:
    """Between which bounds the time since the event lies, or at which; None: there was none."""

    def read(moment: Moment) -> Any:
        last = moment.last_at.get(event)
        if last is None:
            return None
        since = moment.touchpoint.occurred_at - last
        if not 0 <= since <= SINCE_US_MAX:
            return math.nan  # no answer is kept for it
        return bisect_left(bounds, since) + bisect_right(bounds, since)

    return read


def _field(whole: _Source, name: str) -> _Source:
    return lambda moment: whole(moment).get(name)


def _count(name: str) -> _Source:
    return lambda moment: moment.counts.get(name, 0)


def _source(name: str, parts: tuple[str, ...] | None) -> _Source:
    if name == COUNTS:
        return partial(_counts, parts or ())
    if name == SINCE:
        return partial(_since, parts or ())
    return partial(_map, _MAPS[name], parts) if name in _MAPS else _TEXTS[name]


def _map(of: _Source, parts: tuple[str, ...] | None, moment: Moment) -> dict[str, Any]:
    """What of a map is present: null is missing, however deep (semantics 3.1)."""
    whole = of(moment)
    present: dict[str, Any] = {}
    for key in whole if parts is None else parts:
        value = whole.get(key)
        if value is not None:
            present[key] = _present(value) if isinstance(value, dict | list) else value
    return present


def _present(value: dict[str, Any] | list[Any]) -> Any:
    if isinstance(value, list):
        return [_present(item) if isinstance(item, dict | list) else item for item in value]
    return {
        key: _present(item) if isinstance(item, dict | list) else item
        for key, item in value.items()
        if item is not None
    }


def _counts(names: tuple[str, ...], moment: Moment) -> dict[str, int]:
    counts = moment.counts
    return {name: counts.get(name, 0) for name in names}


def _since(names: tuple[str, ...], moment: Moment) -> dict[str, timedelta]:
    now, last_at = moment.touchpoint.occurred_at, moment.last_at
    return {name: timedelta(microseconds=now - last_at[name]) for name in names if name in last_at}


_MAPS: Final[Mapping[str, _Source]] = {
    "properties": attrgetter("touchpoint.properties"),
    "context": attrgetter("touchpoint.context"),
    "traits": attrgetter("traits"),
}
_TEXTS: Final[Mapping[str, _Source]] = {
    "event": attrgetter("event"),
    "call": attrgetter("touchpoint.call"),
    "channel": attrgetter("touchpoint.channel"),
    "source": attrgetter("touchpoint.source"),
    "stage": attrgetter("stage"),
}
_KNOWN: Final = frozenset({*_MAPS, *_TEXTS, COUNTS, SINCE})
