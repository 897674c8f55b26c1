"""The text of a CEL expression: its tokens, and the calls that are settled at load."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_STRING = (
    r"[rR](?:\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|\"[^\"\n]*\"|'[^'\n]*')"
    r"|\"\"\"(?:\\[\s\S]|[^\\])*?\"\"\"|'''(?:\\[\s\S]|[^\\])*?'''"
    r"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
)
_TOKEN = re.compile(
    rf"(?P<space>\s+|//[^\n]*)|(?P<string>{_STRING})"
    r"|(?P<number>0[xX][0-9a-fA-F]+[uU]?|[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?[uU]?)"
    r"|(?P<name>[_a-zA-Z][_a-zA-Z0-9]*)|(?P<sign>[\s\S])"
)


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `start` and `end` are offsets in the expression."""

    kind: str  # string, number, name or sign
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a global function by name; `literal` is its only argument, if that is one."""

    name: str
    literal: Token | None
    start: int
    end: int  # behind the closing bracket where `literal` is set


def tokens(expression: str) -> list[Token]:
    """All tokens but white space and comments."""
    return [
        Token(match.lastgroup or "sign", match.group(), match.start(), match.end())
        for match in _TOKEN.finditer(expression)
        if match.lastgroup != "space"
    ]


def names(expression: str) -> frozenset[str]:
    """All names that occur, fields included."""
    return frozenset(token.text for token in tokens(expression) if token.kind == "name")


def fields(expression: str, variable: str) -> tuple[str, ...] | None:
    """The fields read from a map by their names, sorted; None where it may be read as a whole."""
    found = tokens(expression)
    read: set[str] = set()
    for at, token in enumerate(found):
        if token.text != variable or token.kind != "name" or _is_field(found[:at]):
            continue
        dot, field, after = ([each.text for each in found[at + 1 : at + 4]] + ["", "", ""])[:3]
        if dot != "." or after == "(" or found[at + 2].kind != "name":
            return None
        read.add(field)
    return tuple(sorted(read))


def _is_field(before: list[Token]) -> bool:
    """Whether a name follows `value.`; a dot with nothing before it starts a variable."""
    if len(before) < 2 or before[-1].text != ".":
        return False
    return before[-2].kind != "sign" or before[-2].text in {")", "]", "}"}


def calls(expression: str, wanted: frozenset[str]) -> Iterator[Call]:
    """The calls of the wanted functions, in the order of the text."""
    found = tokens(expression)
    for at, token in enumerate(found):
        if token.kind != "name" or token.text not in wanted:
            continue
        following = found[at + 1 : at + 4]
        if not following or following[0].text != "(":
            continue
        literal = _literal(following[1:])
        end = following[2].end if literal else token.end
        yield Call(token.text, literal, token.start, end)


def _literal(argument: list[Token]) -> Token | None:
    if len(argument) == 2 and argument[1].text == ")" and argument[0].kind in {"string", "number"}:
        return argument[0]
    return None


def line_and_column(expression: str, offset: int) -> tuple[int, int]:
    """Both from 1."""
    before = expression[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
