"""Cursors of keyset pages: the place of the last item, opaque to whoever passes it back."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import Annotated, Any

import msgspec

from services.journey_state.api.problems import Problem

# Bounds of PostgreSQL's own types: a cursor made up by whoever asks must not become its error.
Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Time = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999_999)]  # of the year 9999
Text = Annotated[str, msgspec.Meta(pattern=r"^[^\x00]*$")]


def encode(place: tuple[Any, ...]) -> str:
    """The cursor of a place."""
    return urlsafe_b64encode(msgspec.msgpack.encode(place)).rstrip(b"=").decode()


def decode(cursor: str | None, kind: object) -> Any:
    """The place of a cursor that `encode` made of a `kind` (a tuple type), None of None.

    Anything else is a Problem (400).
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return msgspec.msgpack.decode(urlsafe_b64decode(padded), type=kind)
    except (ValueError, Base64Error, msgspec.MsgspecError) as error:
        detail = "query parameter after: not the `next` of a page of this list; leave it out"
        raise Problem(400, "bad_cursor", detail) from error
