"""Touchpoint records as a shop's customers leave them, made fast and the same for each seed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from services.contracts.heartbeat import HEADER, Heartbeat
from services.contracts.heartbeat import encode as encode_heartbeat
from services.contracts.times import DAY_US, SECOND_US, format_time
from services.contracts.touchpoint import partition_of

START_US = 1_780_000_000 * SECOND_US
# Time between two events: 20 events a second, so that carts of 30 minutes come due on the way.
STEP_US = 50_000
EVENTS_PER_BEAT = 5_000
ACTIVE_MAX = 2_000
STRANGERS_PER_HUNDRED = 5
REPEATS_PER_HUNDRED = 1
PAST_TOUCHPOINTS = (10, 20)  # of one customer, from and to
PAST_DAYS_BETWEEN = 15  # two visits, on average

Headers = tuple[tuple[str, bytes], ...]


class Wire(NamedTuple):
    """A record as it goes to Kafka."""

    partition: int
    key: bytes | None
    value: bytes
    headers: Headers = ()


class Step(NamedTuple):
    """One thing that somebody did; `properties` and `identifiers` are JSON."""

    event: str
    properties: bytes
    identifiers: bytes

    @property
    def call(self) -> str:
        return "page" if self.event == "page" else "track"


def first_visits(customers: int, partitions: int) -> Iterator[Wire]:
    """One page view of each customer, with its heartbeats: after them everybody is known."""
    yield from _beats(partitions, 0, "hello")
    for number in range(customers):
        at_us = START_US + number * 1000
        step = Step("page", _PAGE, _known(number))
        yield _record(f"w{number}", step, at_us, partitions)
    yield from _beats(partitions, 1, "beat", START_US + customers * 1000)


def sessions(events: int, customers: int, partitions: int, seed: int = 1) -> Iterator[Wire]:
    """`events` records of interleaved sessions, some of them twice, with heartbeats in between
    that raise the watermark past the due times of the carts left alone."""
    chosen = random.Random(-seed)  # noqa: S311 - repeatable on purpose
    start_us = START_US + customers * 1000 + SECOND_US
    made = 0
    for number, step in enumerate(steps(customers, seed)):
        at_us = start_us + number * STEP_US
        if number % EVENTS_PER_BEAT == 0:
            yield from _beats(partitions, 2 + number, "beat", at_us - SECOND_US)
        record = _record(f"{seed}-{number}", step, at_us, partitions)
        for _ in range(2 if chosen.randrange(100) < REPEATS_PER_HUNDRED else 1):
            yield record
            made += 1
            if made == events:
                return


def steps(customers: int, seed: int = 1) -> Iterator[Step]:
    """Without end: sessions of these customers, and of a few strangers, mixed with one another."""
    chosen = random.Random(seed)  # noqa: S311 - repeatable on purpose
    began = itertools.count()
    active = [
        _session(chosen, customers, f"{seed}-{next(began)}")
        for _ in range(min(ACTIVE_MAX, customers))
    ]
    while True:
        position = chosen.randrange(len(active))
        step = next(active[position], None)
        if step is None:
            active[position] = _session(chosen, customers, f"{seed}-{next(began)}")
        else:
            yield step


def pasts(customers: int, seed: int = 1) -> Iterator[list[bytes]]:
    """The record values of each known customer, 10 to 20 of them: visits over three months."""
    chosen = random.Random(seed)  # noqa: S311 - repeatable on purpose
    for number in range(customers):
        at_us = START_US + chosen.randrange(10 * DAY_US)
        visits = 0
        values: list[bytes] = []
        wanted = chosen.randint(*PAST_TOUCHPOINTS)
        while len(values) < wanted:
            visits += 1
            for step in _visit(chosen, _known(number), f"{number}-{visits}"):
                at_us += chosen.randrange(5 * SECOND_US, 120 * SECOND_US)
                values.append(_record(f"{number}-{len(values)}", step, at_us, 1).value)
            at_us += int(chosen.expovariate(1 / PAST_DAYS_BETWEEN) * DAY_US)
        yield values[:wanted]


def _session(chosen: random.Random, customers: int, cart: str) -> Iterator[Step]:
    """Looks at pages and products, fills a cart and orders, or does not."""
    if chosen.randrange(100) < STRANGERS_PER_HUNDRED:
        identifiers = b'{"anonymous_id":"stranger-%s"}' % cart.encode()
    else:
        identifiers = _known(chosen.randrange(customers))
    yield from _visit(chosen, identifiers, cart)


def _visit(chosen: random.Random, identifiers: bytes, cart: str) -> Iterator[Step]:
    sku = chosen.randrange(5000)
    yield Step("page", _PAGE, identifiers)
    for n in range(chosen.randint(1, 3)):
        yield Step("Product Viewed", _product(sku + n), identifiers)
    if chosen.random() < 0.5:
        return
    yield Step("Product Added", _added(sku, cart), identifiers)
    if chosen.random() < 0.6:
        yield Step("Checkout Started", _CART % cart.encode(), identifiers)
        yield Step("Order Completed", _order(sku, cart), identifiers)


def _known(number: int) -> bytes:
    return b'{"user_id":"customer-%d","anonymous_id":"5f0c1c3e-7d1b-4c55-9a51-%012d"}' % (
        number,
        number,
    )


_PAGE = b'{"name":"Home","path":"/","url":"https://shop.example/","title":"Shop"}'
_CART = b'{"cart_id":"%s","step":1}'


def _product(sku: int) -> bytes:
    return b'{"product_id":"sku-%d","name":"Product number %d","price":19.9}' % (sku, sku)


def _added(sku: int, cart: str) -> bytes:
    return (
        b'{"cart_id":"%s","product_id":"sku-%d","name":"Product number %d","quantity":1,'
        b'"price":19.9,"currency":"EUR"}' % (cart.encode(), sku, sku)
    )


def _order(sku: int, cart: str) -> bytes:
    return (
        b'{"order_id":"o-%s","cart_id":"%s","total":19.9,"currency":"EUR",'
        b'"products":[{"product_id":"sku-%d","quantity":1,"price":19.9}]}'
        % (cart.encode(), cart.encode(), sku)
    )


def _record(message_id: str, step: Step, at_us: int, partitions: int) -> Wire:
    kind, _, rest = step.identifiers[2:].partition(b'":"')
    key = kind + b":" + rest.partition(b'"')[0]
    when = format_time(at_us).encode()
    value = (
        b'{"schema":1,"message_id":"%s","source":"web-shop","channel":"website","type":"%s",'
        b'"event":"%s","occurred_at":"%s","received_at":"%s","clock":"ok","identifiers":%s,'
        b'"properties":%s,"context":{"locale":"pl-PL"}}'
        % (
            message_id.encode(),
            step.call.encode(),
            step.event.encode(),
            when,
            when,
            step.identifiers,
            step.properties,
        )
    )
    return Wire(partition_of(key, partitions), key, value)


def _beats(
    partitions: int, number: int, phase: str, at_us: int = START_US - SECOND_US
) -> Iterator[Wire]:
    said = msgspec.convert(
        {"instance": "bench", "seq": number, "low_watermark": at_us, "phase": phase}, Heartbeat
    )
    for partition in range(partitions):
        yield Wire(partition, None, encode_heartbeat(said), (HEADER,))
