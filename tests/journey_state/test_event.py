"""Records and rows of the timeline, read: one touchpoint, whichever way it comes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from services.contracts.touchpoint import encode
from services.journey_state.event import read_kept, read_touchpoint
from services.journey_state.store.facts import TimelineRow
from tests.journey_state.running import a_touchpoint

EVERYTHING: dict[str, Any] = {
    "traits": msgspec.Raw(b'{"plan":null,"vip":true}'),
    "context": msgspec.Raw(b'{"locale":"pl","page":{"path":"/"}}'),
    "properties": {"price": 1.5, "products": [{"sku": "a"}]},
    "consent": {"marketing": False},
    "previous_id": "a1",
    "bot": True,
    "historical": True,
    "received": 7.000001,
    "type": "identify",
}


@pytest.mark.parametrize("fields", [{}, EVERYTHING])
def test_a_row_of_the_timeline_is_the_touchpoint_that_came(fields: dict[str, Any]) -> None:
    touchpoint, fact = read_touchpoint(encode(a_touchpoint("Order", at=3, user="u", **fields)))
    row = TimelineRow(
        fact.identifier_key,
        fact.occurred_at,
        fact.message_id,
        fact.source,
        fact.received_at,
        fact.body,
        too_late=False,
    )
    assert read_kept(row) == touchpoint
