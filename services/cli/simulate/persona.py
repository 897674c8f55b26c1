"""A simulated customer: name, addresses, devices; all from the seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.cli.simulate.names import NATIONS

if TYPE_CHECKING:
    from random import Random

_LAPTOPS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_1) AppleWebKit/605.1.15 Version/19.0 Safari/605.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
)
_PHONES = ("ShopApp/3.2 (iPhone; iOS 19.1)", "ShopApp/3.2 (Android 16; Pixel 9)")
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +https://www.example.com/bot.html)"

_PHONE_NUMBERS = 10**8


@dataclass(frozen=True, slots=True)
class Persona:
    """One person, or one crawler. `user_id` is what the shop calls the person once known."""

    index: int
    user_id: str
    laptop_id: str
    app_id: str
    telegram: str
    first_name: str
    last_name: str
    email: str
    phone: str
    locale: str
    currency: str
    laptop_agent: str
    app_agent: str

    @property
    def traits(self) -> dict[str, Any]:
        """What an `identify` tells of the person."""
        return {
            "email": self.email,
            "phone": self.phone,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "locale": self.locale,
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
        laptop_id=f"web-{tag}-{rng.getrandbits(32):08x}",
        app_id=f"app-{tag}-{rng.getrandbits(32):08x}",
        telegram=f"tg-{tag}",
        first_name=first,
        last_name=last,
        email=f"{first_latin}.{last_latin}.{tag}@example.com",
        phone=f"{nation.phone_prefix}{number:08d}",
        locale=nation.locale,
        currency=nation.currency,
        laptop_agent=rng.choice(_LAPTOPS),
        app_agent=rng.choice(_PHONES),
    )
