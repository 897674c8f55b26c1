"""The columns of the exported files, and how rows of the database become rows of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec

from services.contracts.times import read_time

Kind = Literal["text", "time", "boolean", "whole", "json"]
Row = Sequence[Any]  # times in microseconds, JSON as bytes


class Column(NamedTuple):
    """A column; `personal`: it is left out of pseudonymous files."""

    name: str
    kind: Kind
    about: str
    personal: bool = False


class File(NamedTuple):
    """One file: its columns, and what makes a row of them of one of the database."""

    name: str
    columns: tuple[Column, ...]
    read: Callable[[Row], Row]


_CUSTOMER = Column("customer_id", "text", "whose it is now, merges heeded; null: nobody's any more")
_MESSAGE = Column("message_id", "text", "of the touchpoint, unique within its source")
_SOURCE = Column("source", "text", "the source that sent it")
_CHANNEL = Column("channel", "text", "`website app email chatbot phone offline`")
_JOURNEY = Column("journey", "text", "name of the definition that decided it")
_DEFINITION = Column("definition", "text", "version of that definition")
_HISTORICAL = Column("historical", "boolean", "imported as history")

_TIMELINE = (
    _CUSTOMER,
    Column("occurred_at", "time", "when it happened; the order of a customer's touchpoints"),
    Column("received_at", "time", "when ingest took it"),
    Column("recorded_at", "time", "when it was stored; null: before this was kept"),
    _MESSAGE,
    _SOURCE,
    _CHANNEL,
    Column("event", "text", "name of the event, or the call"),
    Column("too_late", "boolean", "came after retention had cut its time; counts nowhere"),
    Column("type", "text", "`track identify page screen group alias consent`"),
    Column("bot", "boolean", "sent by a bot; counts nowhere"),
    _HISTORICAL,
    Column("clock", "text", "what was believed of the sender's clock"),
    Column("consent", "json", "what it states of consent; null: nothing"),
    Column("properties", "json", "as sent; may say something of the person all the same"),
    Column("identifiers", "json", "value by kind", personal=True),
    Column("previous_id", "text", "of an alias", personal=True),
    Column("group_id", "text", "of a group call", personal=True),
    Column("traits", "json", "as sent", personal=True),
    Column("context", "json", "as sent: device, page, campaign, address", personal=True),
)
_TRANSITIONS = (
    _CUSTOMER,
    Column("entered_at", "time", "when the stage was entered"),
    Column("previous", "text", "the stage before; `none` before the first"),
    Column("stage", "text", "the stage entered"),
    Column("direction", "text", "`first forward backward re-entry`"),
    Column("cause", "text", "what made us look: `touchpoint refold definition ...`"),
    Column("rule", "text", "the rule of the definition that it was entered by"),
    Column("event", "text", "of the touchpoint that it was entered by"),
    _CHANNEL,
    _SOURCE,
    _MESSAGE,
    _JOURNEY,
    _DEFINITION,
    _HISTORICAL,
    Column("recorded_at", "time", "when it was stored"),
)
_SIGNALS = (
    Column("signal_id", "text", "of the signal"),
    _CUSTOMER,
    Column("rule", "text", "the abandonment rule"),
    Column("scope", "text", "what was left, such as a cart; null: a stage rule"),
    Column("state", "text", "`raised recovered retracted expired`"),
    Column("published", "boolean", "false: stored and never published"),
    Column("suppressed", "text", "why a message was kept back: `consent`, or null"),
    Column("revision", "whole", "how often it was told anew"),
    Column("due_at", "time", "when it was due"),
    Column("raised_at", "time", "the watermark at which it was raised"),
    Column("reminded", "whole", "reminders so far"),
    _JOURNEY,
    _DEFINITION,
    Column("recorded_at", "time", "when it was stored"),
    Column("updated_at", "time", "when it was last changed"),
    Column("opened_at", "time", "when what was left began"),
    Column("last_activity_at", "time", "the last activity before it was left"),
    Column("stage", "text", "the stage at `due_at`"),
    Column("value", "text", "what was left, a decimal number as text; null: not known"),
    Column("currency", "text", "of `value`"),
    Column("items", "json", "what was left, item by item"),
    Column("items_complete", "boolean", "whether all items are known"),
    Column("recovered", "json", "by what it was recovered; null: it was not"),
    Column("consent", "json", "as of `due_at`"),
    Column("identifiers", "json", "of the customer as of `due_at`", personal=True),
    Column("campaign", "json", "first and last", personal=True),
    Column("locale", "text", "of the customer", personal=True),
)


class _Body(msgspec.Struct):
    """Of a touchpoint record what stands in no column beside it; JSON stays as it came."""

    type: str
    identifiers: msgspec.Raw
    bot: bool = False
    historical: bool = False
    clock: str = "none"
    consent: msgspec.Raw = msgspec.Raw(b"null")
    properties: msgspec.Raw = msgspec.Raw(b"{}")
    previous_id: str | None = None
    group_id: str | None = None
    traits: msgspec.Raw = msgspec.Raw(b"{}")
    context: msgspec.Raw = msgspec.Raw(b"{}")


class _Payload(msgspec.Struct):
    """Of a signal's value what stands in no column beside it."""

    opened_at: str | None = None
    last_activity_at: str | None = None
    stage: str | None = None
    value: str | None = None
    currency: str | None = None
    items: msgspec.Raw = msgspec.Raw(b"[]")
    items_complete: bool | None = None
    recovered: msgspec.Raw = msgspec.Raw(b"null")
    consent: msgspec.Raw = msgspec.Raw(b"null")
    identifiers: msgspec.Raw = msgspec.Raw(b"[]")
    campaign: msgspec.Raw = msgspec.Raw(b"null")
    locale: str | None = None


_body = msgspec.json.Decoder(_Body).decode
_payload = msgspec.json.Decoder(_Payload).decode


def _touchpoint(row: Row) -> Row:
    body = _body(row[9])
    return (
        _id(row[0]),
        *row[1:9],
        body.type,
        body.bot,
        body.historical,
        body.clock,
        *map(_json, (body.consent, body.properties, body.identifiers)),
        body.previous_id,
        body.group_id,
        *map(_json, (body.traits, body.context)),
    )


def _transition(row: Row) -> Row:
    return (_id(row[0]), *row[1:])


def _signal(row: Row) -> Row:
    said = _payload(row[15])
    return (
        _id(row[0]),
        _id(row[1]),
        *row[2:15],
        _time(said.opened_at),
        _time(said.last_activity_at),
        said.stage,
        said.value,
        said.currency,
        _json(said.items),
        said.items_complete,
        *map(_json, (said.recovered, said.consent, said.identifiers, said.campaign)),
        said.locale,
    )


TIMELINE = File("timeline", _TIMELINE, _touchpoint)
TRANSITIONS = File("transitions", _TRANSITIONS, _transition)
SIGNALS = File("signals", _SIGNALS, _signal)
FILES = (TIMELINE, TRANSITIONS, SIGNALS)


def without_personal(file: File) -> File:
    """The file of which nothing tells who the customer is but its id."""
    kept = [n for n, column in enumerate(file.columns) if not column.personal]

    def read(row: Row) -> Row:
        whole = file.read(row)
        return [whole[n] for n in kept]

    return File(file.name, tuple(file.columns[n] for n in kept), read)


def _id(key: bytes | None) -> str | None:
    return None if key is None else str(UUID(bytes=bytes(key)))


def _time(text: str | None) -> int | None:
    return None if text is None else read_time(text)


def _json(raw: msgspec.Raw) -> bytes | None:
    """The JSON text; null is no value at all."""
    text = bytes(raw)
    return None if text == b"null" else text
