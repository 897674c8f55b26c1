"""What the simulated shop sells, and the campaigns that bring people there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Product:
    """One article; the price is in pence, and dearer by a factor in other currencies."""

    product_id: str
    name: str
    category: str
    price_cents: int

    def price(self, prices: float) -> float:
        """What it costs where things cost `prices` times as much."""
        return round(self.price_cents * prices) / 100

    def line(self, quantity: int, prices: float) -> dict[str, Any]:
        """The article as a line of an order or a cart."""
        return {
            "product_id": self.product_id,
            "name": self.name,
            "category": self.category,
            "price": self.price(prices),
            "quantity": quantity,
        }


PRODUCTS = (
    Product("tent-2", "Two-person tent", "Camping", 18900),
    Product("stove", "Gas stove", "Camping", 4550),
    Product("lamp", "Head lamp", "Camping", 2999),
    Product("boots", "Hiking boots", "Shoes", 13900),
    Product("socks", "Wool socks", "Shoes", 1290),
    Product("jacket", "Rain jacket", "Clothes", 11950),
    Product("fleece", "Fleece", "Clothes", 5900),
    Product("pack-40", "Backpack 40 l", "Packs", 9990),
    Product("bottle", "Steel bottle", "Packs", 2450),
    Product("map", "Trail map", "Books", 1495),
)


@dataclass(frozen=True, slots=True)
class Campaign:
    """What the address of a landing page says of how somebody came there."""

    name: str
    source: str
    medium: str

    @property
    def context(self) -> dict[str, str]:
        """As Segment's `context.campaign`."""
        return {"name": self.name, "source": self.source, "medium": self.medium}

    @property
    def query(self) -> str:
        """The UTM parameters of the landing page."""
        return f"?utm_campaign={self.name}&utm_source={self.source}&utm_medium={self.medium}"


NEWSLETTER = Campaign("weekend-letter", "newsletter", "email")
AUTUMN_SALE = Campaign("autumn-sale", "google", "cpc")
# What brings people to the website, and how often; None: by themselves.
ARRIVALS: dict[Campaign | None, int] = {
    None: 45,
    AUTUMN_SALE: 25,
    Campaign("trail-stories", "instagram", "paid_social"): 18,
    Campaign("partner-club", "hiking-club", "referral"): 12,
}

EXPERIMENT = {"experiment_id": "exp-product-page", "experiment_name": "Product page"}
VARIATIONS = {"a": "Photos first", "b": "Reviews first"}
