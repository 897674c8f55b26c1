"""What a CEL expression may name: as its author writes it, and as it is evaluated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from cel_expr_python import cel

_MAP = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
VARIABLES: Final = {
    "event": cel.Type.STRING,
    "call": cel.Type.STRING,
    "channel": cel.Type.STRING,
    "source": cel.Type.STRING,
    "stage": cel.Type.STRING,
    "properties": _MAP,
    "context": _MAP,
    "traits": _MAP,
}
FUNCTIONS: Final = ("count", "since", "days", "duration", "has", "size", "timestamp")

# What `count("x")` and `since("x")` become: two maps prepared per moment. A call back into Python
# would need the moment from a global; a missing key of a map is an error, as `since` asks for.
COUNTS: Final = "__counts"
SINCE: Final = "__since"

# What the binding raises instead of returning an error: text it cannot encode, values and types
# it cannot hold.
UNHOLDABLE: Final = (RuntimeError, ValueError, TypeError, OverflowError)


def _function(
    name: str, takes: cel.Type, gives: cel.Type, impl: Callable[..., Any]
) -> cel.FunctionDecl:
    overload = cel.Overload(f"milepost_{name}", return_type=gives, parameters=[takes], impl=impl)
    return cel.FunctionDecl(name, [overload])


def _days(number: int) -> timedelta:
    return timedelta(days=number)


def _replaced(name: str) -> Any:
    raise LookupError(f"the call for {name} is replaced at load")


_DAYS = _function("days", cel.Type.INT, cel.Type.DURATION, _days)

WRITTEN: Final = cel.NewEnv(
    variables=VARIABLES,
    functions=[
        _function("count", cel.Type.STRING, cel.Type.INT, _replaced),
        _function("since", cel.Type.STRING, cel.Type.DURATION, _replaced),
        _DAYS,
    ],
)
EVALUATED: Final = cel.NewEnv(
    variables={
        **VARIABLES,
        COUNTS: cel.Type.Map(cel.Type.STRING, cel.Type.INT),
        SINCE: cel.Type.Map(cel.Type.STRING, cel.Type.DURATION),
    },
    functions=[_DAYS],
)


def constant(expression: str) -> Any:
    """The result of an expression without variables; its type is ERROR where it has none."""
    return EVALUATED.compile(expression).eval(data={})
