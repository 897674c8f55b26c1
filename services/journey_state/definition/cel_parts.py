"""The parts of a CEL expression that can be asked by themselves, split by its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from services.journey_state.definition.cel_environment import VARIABLES
from services.journey_state.definition.cel_text import Token, tokens

Kind = Literal["and", "or", "not", "relation", "whole"]

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_RELATIONS = ("==", "!=", "<=", ">=", "<", ">", "in")
_ASKING = frozenset({"count", "since"})


@dataclass(frozen=True, slots=True)
class Parts:
    """How an expression is made at its top; `operands` are texts that stand for themselves.

    Of a `relation` they are both sides; a `whole` has none and is not taken apart further.
    """

    kind: Kind
    operands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Sign:
    """An operator outside of all brackets, by its offsets."""

    text: str
    start: int
    end: int


def bare(expression: str) -> str:
    """The expression without white space, comments and brackets around it."""
    found = tokens(expression)
    while len(found) > 1 and found[0].text == "(" and _closes(found) == len(found) - 1:
        found = found[1:-1]
    return expression[found[0].start : found[-1].end] if found else ""


def parts_of(expression: str) -> Parts:
    """The parts of an expression that compiles; what binds loosest comes first."""
    expression = bare(expression)
    signs = list(_signs(tokens(expression)))
    if any(sign.text == "?" for sign in signs):
        return Parts("whole")
    if any(sign.text == "||" for sign in signs):
        return Parts("or", _split(expression, signs, "||"))
    if any(sign.text == "&&" for sign in signs):
        return Parts("and", _split(expression, signs, "&&"))
    relations = [sign for sign in signs if sign.text in _RELATIONS]
    if len(relations) == 1:
        return Parts("relation", _split(expression, signs, relations[0].text))
    if relations or not expression.startswith("!"):
        return Parts("whole")
    return Parts("not", (bare(expression[1:]),))


def references(expression: str) -> list[tuple[int, int]]:
    """Where values are named, as offsets: `stage`, `properties.price`, `count("A")`."""
    found = tokens(expression)
    places: list[tuple[int, int]] = []
    for at, token in enumerate(found):
        if token.kind != "name" or (at and found[at - 1].text == "."):
            continue
        last = _last_of_call(found, at) if token.text in _ASKING else _last_of_path(found, at)
        if last is not None:
            places.append((token.start, found[last].end))
    return places


def _last_of_call(found: Sequence[Token], at: int) -> int | None:
    texts = [token.text for token in found[at + 1 : at + 4]]
    return at + 3 if len(texts) == 3 and (texts[0], texts[2]) == ("(", ")") else None


def _last_of_path(found: Sequence[Token], at: int) -> int | None:
    """A variable with the fields and literal keys that follow, but no method."""
    if found[at].text not in VARIABLES:
        return None
    last = at
    while True:
        texts = [token.text for token in found[last + 1 : last + 4]] + ["", "", ""]
        if texts[0] == "." and found[last + 2].kind == "name" and texts[2] != "(":
            last += 2
        elif texts[0] == "[" and texts[2] == "]" and found[last + 2].kind in {"string", "number"}:
            last += 3
        else:
            return last


def _closes(found: Sequence[Token]) -> int:
    """The index of the bracket that closes the first token's."""
    depth = 0
    for at, token in enumerate(found):
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth == 0:
            return at
    return -1


def _signs(found: Sequence[Token]) -> Iterator[_Sign]:
    depth, behind = 0, -1
    for at, token in enumerate(found):
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth or token.start < behind or token.kind in {"string", "number"}:
            continue
        following = found[at + 1] if at + 1 < len(found) else None
        pair = ""
        if following is not None and following.start == token.end:
            pair = token.text + following.text
        if pair in {"&&", "||", *_RELATIONS[:4]} and following is not None:
            behind = following.end
            yield _Sign(pair, token.start, behind)
        elif token.text in {"?", "<", ">"} or (token.text == "in" and token.kind == "name"):
            yield _Sign(token.text, token.start, token.end)


def _split(expression: str, signs: Sequence[_Sign], operator: str) -> tuple[str, ...]:
    operands: list[str] = []
    start = 0
    for sign in signs:
        if sign.text == operator:
            operands.append(bare(expression[start : sign.start]))
            start = sign.end
    return (*operands, bare(expression[start:]))
