"""Pain that is planted in made-up journeys on purpose: where, since when, what must be seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.contracts.times import DAY_US


class PainName(StrEnum):
    """What `--pain` takes."""

    APP_CHECKOUT_LEAK = "app-checkout-leak"
    PAYMENT_ERRORS = "payment-errors"
    CHECKOUT_SLOW = "checkout-slow"
    MAIL_STALL = "mail-stall"
    SUPPORT_LOOP = "support-loop"
    CAMPAIGN_BOUNCE = "campaign-bounce"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Pain:
    """One thing that goes wrong for `days` days, until now and on; before, all is as ever.

    `share` of those to whom it can happen are struck. `cell` is the filter of the query API that
    finds them, of the time from its beginning on.
    """

    days: float
    share: float
    cell: Mapping[str, str]
    shows: str


PAINS: dict[PainName, Pain] = {
    PainName.APP_CHECKOUT_LEAK: Pain(
        days=14,
        share=0.85,
        cell={"channel": "app", "event": "Checkout Started", "stage": "consideration"},
        shows="people on the app leave at checkout, and their carts are abandoned",
    ),
    PainName.PAYMENT_ERRORS: Pain(
        days=14,
        share=0.5,
        cell={"channel": "website", "event": "Payment Failed"},
        shows="Payment Failed rises on the website, and some whom it strikes leave",
    ),
    PainName.CHECKOUT_SLOW: Pain(
        days=14,
        share=0.8,
        cell={"event": "Checkout Started"},
        shows="carts are abandoned at checkout and bought long after",
    ),
    PainName.MAIL_STALL: Pain(
        days=21,
        share=0.9,
        cell={"channel": "email", "event": "Email Link Clicked"},
        shows="people who come by e-mail stay in consideration for days longer",
    ),
    PainName.SUPPORT_LOOP: Pain(
        days=21,
        share=0.6,
        cell={"event": "Support Requested"},
        shows="buyers ask for support and fall back into consideration, again and again",
    ),
    PainName.CAMPAIGN_BOUNCE: Pain(
        days=14,
        share=0.85,
        cell={"campaign": "autumn-sale"},
        shows="people of the campaign autumn-sale leave after one page",
    ),
}
# What the demo has, so that a stranger can find it on the page.
OF_THE_DEMO = (PainName.APP_CHECKOUT_LEAK, PainName.PAYMENT_ERRORS)


@dataclass(frozen=True, slots=True)
class Planted:
    """The pains of one run, whose history ends at `base_us`, microseconds since 1970."""

    names: Collection[PainName] = ()
    base_us: int = 0

    def since_us(self, name: PainName) -> int:
        """When it begins."""
        return self.base_us - int(PAINS[name].days * DAY_US)

    def strikes_at(self, name: PainName, at_us: int) -> bool:
        """Whether it is planted, and has begun by then."""
        return name in self.names and at_us >= self.since_us(name)


def chosen(given: Collection[PainName], otherwise: Collection[PainName]) -> tuple[PainName, ...]:
    """What was asked for, each once; `none` is for no pain at all."""
    asked = given or otherwise
    return tuple(name for name in PAINS if name in asked) if PainName.NONE not in asked else ()


def told(names: Collection[PainName]) -> list[str]:
    """A line for each: its name, since when, what must be seen."""
    if not names:
        return ["planted pain: none"]
    return [
        f"planted pain: {name}, the last {PAINS[name].days:g} days: {PAINS[name].shows}"
        for name in names
    ]
