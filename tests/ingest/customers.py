"""Customers who send numbered events one after the other, and what became of them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

from services.contracts import touchpoint
from tests.ingest.serving import Running, events_in


class Customer:
    """Sends numbered events one after the other, each until it is taken."""

    def __init__(self, ingest: Running, name: str) -> None:
        self._ingest = ingest
        self.name = name
        self.acknowledged: list[int] = []
        self.refusals = 0

    async def run(self, stop: asyncio.Event) -> None:
        number = 0
        while not stop.is_set():
            event = {"userId": self.name, "event": "n", "messageId": f"{self.name}-{number}"}
            answer = await self._ingest.post(
                "/v1/track", event | {"properties": {"number": number}}
            )
            if answer.status_code == 200:
                self.acknowledged.append(number)
                number += 1
            else:
                assert answer.status_code == 503
                self.refusals += 1
                await asyncio.sleep(0.05)


def require_all_in_order(customers: list[Customer], found: dict[int, list[Any]]) -> None:
    """Everything that was answered 200 is there, each customer's in order, repeats left out."""
    numbers = numbers_by_customer(found)
    for customer in customers:
        of_customer = numbers[customer.name]
        assert set(customer.acknowledged) <= set(of_customer)
        assert without_repeats(of_customer) == sorted(set(of_customer))
        assert without_repeats(of_customer[::-1]) == sorted(set(of_customer), reverse=True)


def numbers_by_customer(found: dict[int, list[Any]]) -> dict[str, list[int]]:
    numbers = defaultdict(list)
    for records in found.values():
        for record in events_in(records):
            name, _, number = touchpoint.decode(record.value).message_id.rpartition("-")
            numbers[name].append(int(number))
    return numbers


def without_repeats(numbers: list[int]) -> list[int]:
    return list(dict.fromkeys(numbers))
