"""A simulated customer: name, addresses, devices, habits; all from the seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.cli.simulate.catalog import ARRIVALS, VARIATIONS, Campaign
from services.cli.simulate.names import NATIONS, Nation

if TYPE_CHECKING:
    from random import Random

    from services.contracts.touchpoint import Channel

_DESKTOPS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/19.0 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
)
_MOBILES = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
    " Gecko) Version/19.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Mobile Safari/537.36",
)
_MOBILE_SHARE = 0.4  # of the browsers
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +https://www.example.com/bot.html)"


@dataclass(frozen=True, slots=True)
class Phone:
    """What the shop's app says of the telephone that it runs on."""

    agent: str
    kind: str
    model: str
    system: str
    system_version: str

    @property
    def context(self) -> dict[str, Any]:
        """As Segment's mobile SDKs have it."""
        return {
            "userAgent": self.agent,
            "device": {"type": self.kind, "model": self.model},
            "os": {"name": self.system, "version": self.system_version},
            "app": {"name": "Shop", "version": "3.2"},
        }


_PHONES = (
    Phone("ShopApp/3.2 (iPhone; iOS 19.1)", "ios", "iPhone 17", "iOS", "19.1"),
    Phone("ShopApp/3.2 (Android 16; Pixel 9)", "android", "Pixel 9", "Android", "16"),
)
_PHONE_NUMBERS = 10**8


@dataclass(frozen=True, slots=True)
class Persona:
    """One person, or one crawler. `user_id` is what the shop calls the person once known."""

    index: int
    user_id: str
    browser_id: str
    app_id: str
    telegram: str
    first_name: str
    last_name: str
    email: str
    phone: str
    nation: Nation
    browser_agent: str
    device: Phone
    shops_on: Channel  # website or app
    chats: bool
    arrives_by: Campaign | None
    variation: str  # of the experiment

    @property
    def currency(self) -> str:
        return self.nation.currency

    @property
    def traits(self) -> dict[str, Any]:
        """What an `identify` tells of the person."""
        return {
            "email": self.email,
            "phone": self.phone,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "locale": self.nation.locale,
        }


def make_persona(rng: Random, run: str, index: int) -> Persona:
    """The person with this number in this run; no two persons share an identifier."""
    nation = rng.choice(NATIONS)
    first, first_latin = rng.choice(nation.given)
    last, last_latin = rng.choice(nation.family)
    number = (int(run, 36) * 7919 + index) % _PHONE_NUMBERS
    tag = f"{run}-{index}"
    return Persona(
        index=index,
        user_id=f"u-{tag}",
        browser_id=f"web-{tag}-{rng.getrandbits(32):08x}",
        app_id=f"app-{tag}-{rng.getrandbits(32):08x}",
        telegram=f"tg-{tag}",
        first_name=first,
        last_name=last,
        email=f"{first_latin}.{last_latin}.{tag}@example.com",
        phone=f"{nation.phone_prefix}{number:08d}",
        nation=nation,
        browser_agent=rng.choice(_MOBILES if rng.random() < _MOBILE_SHARE else _DESKTOPS),
        device=rng.choice(_PHONES),
        shops_on="app" if rng.random() < nation.app_share else "website",
        chats=rng.random() < nation.chat_share,
        arrives_by=rng.choices(list(ARRIVALS), weights=list(ARRIVALS.values()))[0],
        variation=rng.choice(list(VARIATIONS)),
    )
