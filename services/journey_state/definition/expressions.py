"""Compiled CEL expressions, asked about a moment: conditions, and the text of scopes and keys."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

from cel_expr_python import cel

from services.journey_state.definition import cel_text
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

_ERROR: Final = cel.Type.ERROR
_TEXT_TYPES: Final = (cel.Type.STRING, cel.Type.INT, cel.Type.UINT, cel.Type.DOUBLE)


class Expression:
    """One compiled expression. `errors` counts the evaluations that ended in an error."""

    __slots__ = ("_key", "_needs", "_program", "counted", "errors", "text", "timed")

    def __init__(self, text: str, checked: Checked) -> None:
        self.text = text
        self.counted = frozenset(checked.counted)
        self.timed = frozenset(checked.timed)
        self.errors = 0
        self._program = EVALUATED.compile(checked.text)
        words = cel_text.names(checked.text)
        self._needs = tuple(name for name in _SOURCES if name in words)
        # Rules of one touchpoint that need the same values share them under this key.
        self._key = repr((self._needs, sorted(self.counted), sorted(self.timed)))

    def evaluate(self, moment: Moment) -> Any:
        """The result with its type, or None after an error (counted)."""
        prepared = moment.prepared
        try:
            activation = None if prepared is None else prepared.get(self._key)
            if activation is None:
                activation = self._prepare(moment)
            result = self._program.eval(activation)
        except UNHOLDABLE:
            result = None
        # An error is a text, told from others by its type alone.
        if result is None or result.type() == _ERROR:
            self.errors += 1
            return None
        return result

    def _prepare(self, moment: Moment) -> Any:
        data = {name: _SOURCES[name](moment, self) for name in self._needs}
        activation = EVALUATED.Activation(data)
        if moment.prepared is None:
            moment.prepared = {}
        moment.prepared[self._key] = activation
        return activation


class ConditionExpression(Expression):
    """A `when`: true where the expression is; an error or a value of another type is not."""

    __slots__ = ()

    def __call__(self, moment: Moment) -> bool:
        result = self.evaluate(moment)
        if result is None:
            return False
        value = result.value()
        if value is True or value is False:
            return bool(value)
        self.errors += 1
        return False


class TextExpression(Expression):
    """A `scope` or `once` key: text as it is, numbers in decimal form, "" for all else."""

    __slots__ = ()

    def __call__(self, moment: Moment) -> str:
        result = self.evaluate(moment)
        return "" if result is None else key_text(result.value())


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


def _compiled(form: type[_E], text: str, checked: Checked) -> _E:
    try:
        return form(text, checked)
    except UNHOLDABLE as error:
        raise ExpressionError(Fault(1, 1, f"cannot be compiled: {error}", "simplify it")) from None


def _useless(checked: Checked, wanted: str, hint: str) -> ExpressionError:
    kind = str(checked.kind.name()).lower()
    return ExpressionError(Fault(1, 1, f"gives {kind} where {wanted} is needed", hint))


def _present(value: Any) -> Any:
    """The value without nulls in maps, however deep: null is missing (semantics 3.1)."""
    if isinstance(value, Mapping):
        return {
            key: _present(item) if isinstance(item, dict | list) else item
            for key, item in value.items()
            if item is not None
        }
    return [_present(item) if isinstance(item, dict | list) else item for item in value]


def _counts(moment: Moment, expression: Expression) -> dict[str, int]:
    return {name: moment.counts.get(name, 0) for name in expression.counted}


def _since(moment: Moment, expression: Expression) -> dict[str, timedelta]:
    now, last_at = moment.touchpoint.occurred_at, moment.last_at
    return {
        name: timedelta(microseconds=now - last_at[name])
        for name in expression.timed
        if name in last_at
    }


_SOURCES: Final[Mapping[str, Callable[[Moment, Expression], Any]]] = {
    "event": lambda moment, _: moment.event,
    "call": lambda moment, _: moment.touchpoint.call,
    "channel": lambda moment, _: moment.touchpoint.channel,
    "source": lambda moment, _: moment.touchpoint.source,
    "stage": lambda moment, _: moment.stage,
    "properties": lambda moment, _: _present(moment.touchpoint.properties),
    "context": lambda moment, _: _present(moment.touchpoint.context),
    "traits": lambda moment, _: _present(moment.traits),
    COUNTS: _counts,
    SINCE: _since,
}
