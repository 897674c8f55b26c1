"""What every question needs: the database, the clock, the settings, and whom an id means."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

import phonenumbers
from fastapi import Depends, Path, Request
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)

from services.contracts.times import SECOND_US, read_time
from services.journey_state import progress_queries, queries
from services.journey_state.api.counting import Counting
from services.journey_state.api.definitions import Definitions
from services.journey_state.api.problems import Problem
from services.journey_state.api.remembered import Remembered
from services.journey_state.api.segments_file import SegmentsFile
from services.journey_state.api.streaming import Stream
from services.journey_state.database import Connection, Database
from services.journey_state.operator import Operator
from services.journey_state.touchpoint import Identifier
from services.settings import Settings

Clock = Callable[[], int]  # microseconds since 1970
EndOffsets = Callable[[], Awaitable[dict[int, int]]]  # next offset to be written, by partition

ID_CHARACTERS_MAX = 1024
WATERMARK_BEHIND_US = 10 * SECOND_US  # an idle ingest beats every 5 s

_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}")  # as ingest takes them
_FIRST_KINDS = ("user_id", "anonymous_id", "email", "phone")


@dataclass(frozen=True, slots=True)
class Asking:
    """What the app was made with, and what it remembers, for its routes."""

    settings: Settings
    database: Database
    clock: Clock
    touchpoint_ends: EndOffsets | None
    rejected_ends: EndOffsets | None
    operator: Operator
    segments: SegmentsFile
    stream: Stream
    counting: Counting
    definitions: Definitions = field(default_factory=Definitions)
    stage_counts: Remembered[dict[str, int]] = field(
        default_factory=lambda: Remembered(progress_queries.stage_counts)
    )
    signal_counts: Remembered[dict[str, int]] = field(
        default_factory=lambda: Remembered(progress_queries.signal_counts)
    )
    customers_by_definition: Remembered[dict[int, int]] = field(
        default_factory=lambda: Remembered(progress_queries.customers_by_definition)
    )

    @property
    def grace_us(self) -> int:
        return round(self.settings.abandonment.grace_seconds * SECOND_US)

    @property
    def recovery_us(self) -> int:
        return round(self.settings.watermark.recovery_seconds * SECOND_US)

    def page_items(self, limit: int) -> int:
        """The size of a page when `limit` items are asked for."""
        return min(limit, self.settings.api.page_items_max)


def _asking(request: Request) -> Asking:
    asking: Asking = request.app.state.asking
    return asking


Ask = Annotated[Asking, Depends(_asking)]


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("holds a control character")
    return text


Name = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_printable)]
CustomerText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=ID_CHARACTERS_MAX,
        description="a customer id, `kind:value`, or a bare value tried in the order of kinds",
    ),
    AfterValidator(_printable),
]


CustomerPath = Annotated[CustomerText, Path(alias="id")]


def _read_instant(value: object) -> int:
    """A time of a query, where an offset's + may have come as the space that it stands for."""
    text = str(value).strip()
    head, space, offset = text.rpartition(" ")
    if space and "T" in head:
        text = f"{head}+{offset}"
    try:
        return read_time(text)
    except (ValueError, OverflowError):
        raise ValueError("write a time with its offset, such as 2026-11-21T12:00:00Z") from None


# Microseconds inside, RFC 3339 text in the query.
Instant = Annotated[
    int,
    BeforeValidator(_read_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class PageQuery(BaseModel):
    """The parameters of every list."""

    model_config = ConfigDict(extra="forbid")

    after: str | None = Field(None, max_length=4096, description="`next` of the page before")
    limit: int = Field(100, ge=1, le=10_000, description="items of a page, at most")


async def find_customer(connection: Connection, text: str) -> queries.CustomerRow:
    """The customer that an id in a path or a filter means now; else a Problem (400, 404, 410)."""
    return (await find_asked(connection, text))[0]


async def find_asked(
    connection: Connection, text: str
) -> tuple[queries.CustomerRow, UUID | Identifier]:
    """The same, and the customer id, maybe a former one, or identifier that was asked for."""
    text = text.strip()
    if not text:
        raise Problem(400, "bad_id", "The customer id is empty")
    customer_id = uuid_of(text)
    found = await queries.customer(connection, customer_id) if customer_id else None
    if found is not None and customer_id is not None:
        return found, customer_id
    met = await _met(connection, text)
    found = await queries.customer(connection, met[1]) if met else None
    if found is not None and met is not None:
        return found, met[0]
    if customer_id and await queries.receipt(connection, customer_id):
        raise Problem(410, "customer_erased", "This customer was erased; nothing is held of them")
    hint = "" if stated_identifier(text) else "; try `kind:value`"
    detail = f"No customer has the id or identifier {text[:200]!r}{hint}"
    raise Problem(404, "customer_unknown", detail)


def stated_identifier(text: str) -> Identifier | None:
    """The identifier that `kind:value` names, met or not; None: it is not of that form."""
    kind, _, value = text.strip().partition(":")
    value = value.strip()
    return _normal(kind, value) if value and _KIND.fullmatch(kind) else None


def uuid_of(text: str) -> UUID | None:
    """The text as an id, if it is one."""
    try:
        return UUID(text)
    except ValueError:
        return None


async def _met(connection: Connection, text: str) -> tuple[Identifier, UUID] | None:
    """The identifier and its owner.

    As `kind:value`, then as a bare value: of the four kinds first, then of all others.
    """
    kind, colon, value = text.partition(":")
    candidates = [_normal(k, text) for k in _FIRST_KINDS]
    if colon and kind and value.strip():
        candidates.insert(0, _normal(kind.strip(), value.strip()))
    owners = await queries.owners(connection, candidates)
    if not owners:
        kinds = await queries.identifier_kinds(connection)
        candidates = [(k, text) for k in kinds if k not in _FIRST_KINDS]
        owners = await queries.owners(connection, candidates)
    return next(((one, owners[one]) for one in candidates if one in owners), None)


def _normal(kind: str, value: str) -> tuple[str, str]:
    """The identifier as ingest writes it."""
    if kind == "email":
        return kind, value.lower()
    if kind != "phone":
        return kind, value
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        return kind, value
    return kind, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
