"""What the simulated shop sells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Product:
    """One article; the price is in hundredths of the buyer's currency."""

    product_id: str
    name: str
    category: str
    price_cents: int

    @property
    def price(self) -> float:
        return self.price_cents / 100

    def line(self, quantity: int) -> dict[str, Any]:
        """The article as a line of an order or a cart."""
        return {
            "product_id": self.product_id,
            "name": self.name,
            "category": self.category,
            "price": self.price,
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
