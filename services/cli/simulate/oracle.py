"""What must come out of a persona's life, from plain knowledge of the shop's journey.

Written apart from journey_state on purpose: the two must agree without sharing a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from services.cli.simulate.step import DAY, MINUTE, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SECOND_US = 1_000_000

PASSIVE = frozenset({"Email Delivered", "Email Bounced", "Push Delivered"})
_ALIASES = {"Purchase": "Order Completed", "Completed Order": "Order Completed"}
_SEEN = frozenset({"page", "screen", "Email Delivered", "Email Opened"})
_LOOKED = frozenset({"Product Viewed", "Products Searched"})
_CONSIDERED = _LOOKED | {
    "Product List Viewed",
    "Email Link Clicked",
    "Live Chat Conversation Started",
    "Live Chat Message Sent",
    "Live Chat Message Received",
}
_SHARED = frozenset({"Product Shared", "Invite Sent", "Product Reviewed"})
_BUYERS = frozenset({"purchase", "retention", "advocacy"})


@dataclass(frozen=True, slots=True)
class Timings:
    """How long each rule of a shipped journey waits and takes back, in seconds."""

    journey: str
    cart: tuple[float, float]  # after, recover_within
    payment_failed: tuple[float, float]
    consideration_cold: tuple[float, float] = (14 * DAY, 7 * DAY)
    lapsed: tuple[float, float] = (90 * DAY, 90 * DAY)
    support: float = 14 * DAY


SHOP = Timings("shop", (30 * MINUTE, 7 * DAY), (10 * MINUTE, 7 * DAY))
DEMO = Timings("demo", (60, 30 * MINUTE), (20, 30 * MINUTE))


@dataclass(frozen=True, slots=True)
class Left:
    """Something abandoned. Times are microseconds since 1970."""

    rule: str
    scope: str | None
    last_activity_us: int
    due_us: int
    recover_until_us: int
    recovered_us: int | None
    historical: bool

    @property
    def identity(self) -> tuple[str, str | None, int]:
        return (self.rule, self.scope, self.due_us)


@dataclass(frozen=True, slots=True)
class _Fact:
    """A folded step with the stages around it."""

    at_us: int
    event: str
    before: str
    after: str
    step: Step


Meaning = Literal["open", "keep", "end", "none"]


def final_stage(steps: Iterable[Step]) -> str:
    """The stage after all of these steps, in whatever order they are given."""
    facts = _facts(steps)
    return facts[-1].after if facts else "none"


def abandoned(steps: Iterable[Step], timings: Timings) -> list[Left]:
    """Everything left alone for too long, as it stands once all of these steps are known."""
    facts = _facts(steps)
    left: list[Left] = []
    for cart_id in sorted({str(f.step.properties.get("cart_id", "")) for f in facts} - {""}):
        meanings = _cart_meanings(facts, cart_id)
        left += _event_rule("cart", cart_id, meanings, timings.cart)
    payments = [(f, _payment_meaning(f)) for f in facts]
    left += _event_rule("payment_failed", "", payments, timings.payment_failed)
    cold = frozenset({"consideration"})
    left += _stage_rule("consideration_cold", facts, cold, timings.consideration_cold)
    left += _stage_rule("lapsed", facts, _BUYERS, timings.lapsed)
    return sorted(left, key=lambda one: (one.due_us, one.rule, one.scope or ""))


def support_until(steps: Iterable[Step], timings: Timings) -> int | None:
    """When the open support case ends by itself, in microseconds; None: no case is open."""
    until: int | None = None
    for fact in _facts(steps):
        if until is not None and fact.at_us >= until:
            until = None
        if fact.event == "Support Requested":
            until = fact.at_us + int(timings.support * _SECOND_US)
        elif fact.event == "Support Resolved":
            until = None
    return until


def _facts(steps: Iterable[Step]) -> list[_Fact]:
    """The steps that count, each once, in the order of their times."""
    unique = {step.message_id: step for step in steps}
    facts: list[_Fact] = []
    stage, orders, ordered_us = "none", set[str](), 0
    for step in sorted(unique.values(), key=lambda one: (one.at_us, one.message_id)):
        event = _ALIASES.get(step.event, step.event)
        if event == "Order Completed" and step.properties["order_id"] in orders:
            continue
        if event == "Order Completed":
            orders.add(step.properties["order_id"])
        recent = bool(orders) and step.at_us - ordered_us <= 3 * DAY * _SECOND_US
        after = _next_stage(stage, event, step.properties, len(orders), recent)
        if event == "Order Completed":
            ordered_us = step.at_us
        facts.append(_Fact(step.at_us, event, stage, after, step))
        stage = after
    return facts


def _next_stage(
    stage: str, event: str, properties: Any, orders: int, ordered_recently: bool
) -> str:
    if event in _SEEN and stage == "none":
        return "awareness"
    if event in _CONSIDERED and stage in ("none", "awareness"):
        return "consideration"
    if event in _LOOKED and stage in _BUYERS and not ordered_recently:
        return "consideration"
    if event == "Order Completed":
        return "purchase" if orders <= 1 else "retention"
    if event in _SHARED and properties.get("rating", 5) >= 4:
        return "advocacy"
    return stage


def _cart_meanings(facts: Sequence[_Fact], cart_id: str) -> list[tuple[_Fact, Meaning]]:
    """What each step means for one cart; an order without a cart closes every one."""
    quantities: dict[str, int] = {}
    meanings: list[tuple[_Fact, Meaning]] = []
    for fact in facts:
        scope = fact.step.properties.get("cart_id")
        if scope == cart_id or (scope is None and fact.event == "Order Completed"):
            meanings.append((fact, _cart_meaning(fact, quantities)))
    return meanings


def _cart_meaning(fact: _Fact, quantities: dict[str, int]) -> Meaning:
    properties = fact.step.properties
    if fact.event in ("Order Completed", "Cart Emptied"):
        quantities.clear()
        return "end"
    if fact.event == "Product Added":
        product = properties["product_id"]
        quantities[product] = quantities.get(product, 0) + properties["quantity"]
        return "open"
    if fact.event in ("Cart Viewed", "Checkout Started"):
        return "open"
    if fact.event == "Product Removed":
        return _removal(quantities, properties["product_id"], properties["quantity"])
    return "none"


def _removal(quantities: dict[str, int], product: str, quantity: int) -> Meaning:
    """Taking out the last known article ends the cart; that it was put in may not be known yet."""
    if product not in quantities:
        return "keep"
    quantities[product] -= quantity
    return "keep" if any(n > 0 for n in quantities.values()) else "end"


def _payment_meaning(fact: _Fact) -> Meaning:
    if fact.event == "Order Completed":
        return "end"
    return "open" if fact.event == "Payment Failed" else "none"


def _event_rule(
    rule: str,
    scope: str,
    meanings: Sequence[tuple[_Fact, Meaning]],
    after_within: tuple[float, float],
) -> list[Left]:
    orders = [fact.at_us for fact, _ in meanings if fact.event == "Order Completed"]
    after_us = int(after_within[0] * _SECOND_US)
    left: list[Left] = []
    last: _Fact | None = None
    for fact, meaning in meanings:
        if last is not None and fact.at_us > last.at_us + after_us:
            left.append(_left(rule, scope, last, after_within, orders))
            last = None
        if meaning == "open" or (meaning == "keep" and last is not None):
            last = fact
        elif meaning == "end":
            last = None
    if last is not None:
        left.append(_left(rule, scope, last, after_within, orders))
    return left


def _stage_rule(
    rule: str, facts: Sequence[_Fact], stages: frozenset[str], after_within: tuple[float, float]
) -> list[Left]:
    active = [fact.at_us for fact in facts if fact.event not in PASSIVE]
    after_us = int(after_within[0] * _SECOND_US)
    left: list[Left] = []
    last: _Fact | None = None
    for fact in facts:
        if last is not None and fact.at_us > last.at_us + after_us:
            if fact.event in PASSIVE and fact.after in stages:
                continue
            left.append(_left(rule, None, last, after_within, active))
            last = None
        if fact.after not in stages:
            last = None
        elif fact.before not in stages or fact.event not in PASSIVE:
            last = fact
    if last is not None:
        left.append(_left(rule, None, last, after_within, active))
    return left


def _left(
    rule: str,
    scope: str | None,
    last: _Fact,
    after_within: tuple[float, float],
    closings: Sequence[int],
) -> Left:
    due = last.at_us + int(after_within[0] * _SECOND_US)
    until = due + int(after_within[1] * _SECOND_US)
    recovered = next((at for at in closings if due < at <= until), None)
    return Left(rule, scope, last.at_us, due, until, recovered, last.step.historical)
