"""Simulated lives, of several seeds, end in the real system as their oracles say."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.contracts.times import read_time
from tests.e2e.stack import Stack

if TYPE_CHECKING:
    from pathlib import Path

PLAYS = {
    "2": ("--customers", "50"),
    "3": ("--customers", "30"),
    # Most of it in the week in which the pain strikes.
    "4": ("--customers", "60", "--days", "8", "--pain", "app-checkout-leak", "--pain",
          "payment-errors"),
}  # fmt: skip


async def test_simulated_lives_end_as_their_oracle_says(stack: Stack, tmp_path: Path) -> None:
    oracles = await asyncio.gather(*(play(stack, tmp_path, seed) for seed in PLAYS))
    await stack.settled()

    ends = []
    for oracle in oracles:
        before = oracle["base_time"]
        found = [await final_state(stack, one, before) for one in oracle["customers"]]
        ends += found
        assert found == [expected_state(one, before) for one in oracle["customers"]]
    assert len(ends) >= 90
    assert {one.stage for one in ends} >= {"none", "consideration", "purchase", "retention"}
    assert any(one.signals for one in ends)
    assert [bool(oracle["pains"]) for oracle in oracles] == [False, False, True]
    for pain in oracles[-1]["pains"]:
        assert pain["people"]
        listed = await people(stack, pain["cell"], pain["since"])
        assert {await id_of(stack, one) for one in pain["people"]} <= listed


async def play(stack: Stack, folder: Path, seed: str) -> dict[str, Any]:
    """The oracle of a play that all of ingest's clients can take part in."""
    file = folder / f"oracle-{seed}.json"
    arguments = ("--seed", seed, *PLAYS[seed], "--duration", "7", "--speed", "1000")
    said = await stack.milepost("simulate", *arguments, "--oracle", str(file))
    assert re.search(r"[1-9]\d* events accepted", said)
    assert "rejected" not in said
    assert "checkout" not in said
    found: dict[str, Any] = json.loads(file.read_text())
    return found


async def people(stack: Stack, cell: dict[str, str], since: str) -> set[str]:
    """Whom the query API lists for a filter."""
    found: set[str] = set()
    after = None
    while True:
        asked = cell | {"from": since, "limit": "200"} | ({"after": after} if after else {})
        page = await stack.ask("/v1/customers", **asked)
        found |= {one["customer_id"] for one in page["items"]}
        after = page["next"]
        if after is None:
            return found


async def id_of(stack: Stack, identifier: str) -> str:
    customer = await stack.customer(identifier)
    assert customer is not None
    return str(customer["customer_id"])


@dataclass(frozen=True)
class FinalState:
    """What became of a simulated person; the signals are (rule, due, recovered, published)."""

    who: str
    stage: str
    identifiers: frozenset[str]
    events: int
    overlays: tuple[str, ...]
    signals: tuple[tuple[str, str, bool, bool], ...]


def expected_state(one: dict[str, Any], before: str) -> FinalState:
    return FinalState(
        who=f"{one['id']} {one['script']}",
        stage=one["stage"],
        identifiers=frozenset(() if one["bot"] else one["identifiers"]),
        events=0 if one["bot"] else one["events"],
        overlays=tuple(overlay["name"] for overlay in one["overlays"]),
        signals=told_of(one["signals"], before),
    )


async def final_state(stack: Stack, one: dict[str, Any], before: str) -> FinalState:
    who = f"{one['id']} {one['script']}"
    customer = await stack.customer(one["id"])
    assert (customer is None) == one["bot"], who
    if customer is None:
        return FinalState(who, "none", frozenset(), 0, (), ())
    return FinalState(
        who=who,
        stage=customer["stage"],
        identifiers=frozenset(f"{its['kind']}:{its['value']}" for its in customer["identifiers"]),
        events=len(await stack.timeline(one["id"])),
        overlays=tuple(overlay["name"] for overlay in customer["overlays"]),
        signals=told_of(customer["signals"], before),
    )


def told_of(signals: list[dict[str, Any]], before: str) -> tuple[tuple[str, str, bool, bool], ...]:
    """Those due before the run began, but for carts: here they are abandoned sooner than the
    oracle knows."""
    return tuple(
        sorted(
            (one["rule"], one["due_at"], one["state"] == "recovered", one["published"])
            for one in signals
            if one["rule"] != "cart" and read_time(one["due_at"]) < read_time(before)
        )
    )
