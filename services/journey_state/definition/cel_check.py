"""Checks a CEL expression and settles at load what its text alone decides (semantics 3.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from cel_expr_python import cel

from services.journey_state.definition import cel_text
from services.journey_state.definition.cel_environment import (
    COUNTS,
    FUNCTIONS,
    SINCE,
    UNHOLDABLE,
    VARIABLES,
    WRITTEN,
    constant,
)
from services.journey_state.definition.durations import duration_us
from services.journey_state.definition.problem import did_you_mean

DAYS_MAX = 3_652_059  # what Python's and CEL's durations both hold
_SETTLED = frozenset({"count", "since", "days", "duration", "timestamp", "matches"})
_MAPS = {"count": COUNTS, "since": SINCE}
_MESSAGE = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_HINTS: Final = (
    ("no matching overload", "both sides must be of one type; text stands in quotes"),
    ("Syntax error", "CEL writes && for and, || for or, ! for not, == for equal"),
    ("recursion", "split it into several rules"),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an expression; line and column within it count from 1."""

    line: int
    column: int
    message: str
    hint: str = ""


class ExpressionError(ValueError):
    """An expression that cannot be used."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("; ".join(fault.message for fault in faults))


@dataclass(slots=True)
class Checked:
    """An expression with the type it gives, as text to evaluate, and the events it asks about."""

    kind: Any
    text: str
    counted: dict[str, int] = field(default_factory=dict)  # canonical name -> offset in the source
    timed: dict[str, int] = field(default_factory=dict)


def check(text: str) -> Checked:
    """Raises ExpressionError with all faults that were found."""
    for token in cel_text.tokens(text):
        if token.kind == "name" and token.text.startswith("__"):
            raise ExpressionError(_fault(text, token.start, f"the name {token.text} is reserved"))
    try:
        kind = WRITTEN.compile(text).return_type()
    except UNHOLDABLE as error:
        raise ExpressionError(*_faults(str(error))) from None
    return _settle(text, Checked(kind, ""))


def _settle(text: str, checked: Checked) -> Checked:
    parts: list[str] = []
    faults: list[Fault] = []
    done = 0
    for call in cel_text.calls(text, _SETTLED):
        try:
            settled = _settled(call, checked)
        except ExpressionError as error:
            (fault,) = error.faults
            faults.append(_fault(text, call.start, fault.message, fault.hint))
            continue
        if settled:
            parts += [text[done : call.start], settled]
            done = call.end
    if faults:
        raise ExpressionError(*faults)
    checked.text = "".join((*parts, text[done:]))
    return checked


def _settled(call: cel_text.Call, checked: Checked) -> str:
    """What stands for the call, "" where it stays."""
    literal = call.literal
    if call.name in _MAPS:
        if literal is None:
            raise _wrong(
                f"{call.name}() takes one name in quotes", 'such as count("Order Completed")'
            )
        asked = checked.counted if call.name == "count" else checked.timed
        asked.setdefault(str(constant(literal.text).value()), call.start)
        return f"{_MAPS[call.name]}[{literal.text}]"
    if literal is None:
        return ""
    if call.name == "duration":
        return f'duration("{_seconds(literal)}")'
    if call.name == "days":
        return _days(literal.text)
    return _evaluable(call.name, literal)


def _evaluable(name: str, literal: cel_text.Token) -> str:
    form = '"".matches({})' if name == "matches" else f"{name}({{}})"
    result = constant(form.format(literal.text))
    if result.type() == cel.Type.ERROR:
        reason = str(result.value()).removeprefix("INVALID_ARGUMENT: ")
        raise _wrong(f"{name}({literal.text}) can never be evaluated: {reason}", "correct the text")
    return ""


def _seconds(literal: cel_text.Token) -> str:
    """The duration as CEL reads it, which knows no days or weeks."""
    text = str(constant(literal.text).value())
    try:
        micros = duration_us(text)
    except ValueError:
        if constant(f"duration({literal.text})").type() == cel.Type.ERROR:
            raise _wrong(f"{text!r} is not a duration", "such as 90m, 36h, 14d or 2w") from None
        return text
    return f"{micros // 1_000_000}.{micros % 1_000_000:06}s"


def _days(number: str) -> str:
    days = int(number, 0)
    if days > DAYS_MAX:
        raise _wrong(f"days({number}) is out of range", f"at most {DAYS_MAX}")
    return f'duration("{days * 86_400}s")'


def _wrong(message: str, hint: str) -> ExpressionError:
    return ExpressionError(Fault(1, 1, message, hint))


def _fault(text: str, offset: int, message: str, hint: str = "") -> Fault:
    return Fault(*cel_text.line_and_column(text, offset), message, hint or "choose another name")


def _faults(message: str) -> list[Fault]:
    found = [
        Fault(max(1, int(line)), max(1, int(column)), text, _hint(text))
        for line, column, found_text in _MESSAGE.findall(message)
        for text in (found_text.removesuffix(" [INVALID_ARGUMENT]").strip(),)
    ]
    first = message.splitlines()[0] if message else "cannot be compiled"
    return found or [Fault(1, 1, first, _hint(first))]


def _hint(message: str) -> str:
    undeclared = _UNDECLARED.search(message)
    if undeclared:
        return did_you_mean(undeclared[1], (*VARIABLES, *FUNCTIONS))
    return next((hint for sign, hint in _HINTS if sign in message), "")
