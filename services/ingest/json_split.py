"""The slow second parser: cuts a body into its events when the fast one cannot read all of it."""

from __future__ import annotations

import re

from services.ingest.errors import RequestError

TOKENS_MAX = 500_000
_STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{},]', re.DOTALL)
_MEMBER = re.compile(rb'\s*"((?:[^"\\]|\\.)*+)"\s*:\s*', re.DOTALL)


def items_of(array: bytes) -> list[bytes]:
    """The elements of a JSON array, unread. Raises RequestError when it does not close."""
    return _children(array, b"[", b"]")


def members_of(document: bytes) -> dict[bytes, bytes]:
    """The members of a JSON object by their key's bytes, values unread; the last of a key wins."""
    members = {}
    for child in _children(document, b"{", b"}"):
        match = _MEMBER.match(child)
        if match is None:
            raise malformed("an object has a member without a key")
        members[match[1]] = child[match.end() :]
    return members


def malformed(detail: str) -> RequestError:
    """The body is no JSON at all."""
    return RequestError("malformed_json", f"the body is not valid JSON: {detail}")


def _children(data: bytes, opening: bytes, closing: bytes) -> list[bytes]:
    data = data.strip()
    if data[:1] != opening or data[-1:] != closing:
        raise malformed(f"{opening.decode()} and {closing.decode()} were expected around it")
    children = []
    depth, start = 0, 1
    for count, match in enumerate(_STRUCTURE.finditer(data)):
        if count > TOKENS_MAX:
            raise malformed(f"it has over {TOKENS_MAX} tokens")
        mark = match[0]
        if mark in (b"[", b"{"):
            depth += 1
        elif mark in (b"]", b"}"):
            depth -= 1
        if (mark == b"," and depth == 1) or depth == 0:
            children.append(data[start : match.start()].strip())
            start = match.end()
        if depth == 0:
            break
    if depth or start != len(data):
        raise malformed("brackets do not match")
    return _checked(children)


def _checked(children: list[bytes]) -> list[bytes]:
    if children == [b""]:
        return []
    if b"" in children:
        raise malformed("a value is missing between two commas")
    return children
