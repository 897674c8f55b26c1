"""The visits that lives are made of: browsing, filling a cart, paying, asking for help."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from services.cli.simulate.catalog import PRODUCTS, Product

if TYPE_CHECKING:
    from services.cli.simulate.diary import Diary
    from services.contracts.touchpoint import Channel


@dataclass(slots=True)
class Cart:
    """A cart that a persona has filled on one device."""

    cart_id: str
    channel: Channel
    lines: list[tuple[Product, int]] = field(default_factory=list)

    @property
    def value(self) -> float:
        return sum(product.price_cents * n for product, n in self.lines) / 100

    def properties(self, currency: str) -> dict[str, Any]:
        """The cart as an event about the whole of it carries it."""
        return {
            "cart_id": self.cart_id,
            "products": [product.line(n) for product, n in self.lines],
            "value": self.value,
            "currency": currency,
        }


def mail(diary: Diary, *, opened: bool, clicked: bool = False) -> None:
    """A newsletter arrives, and is perhaps opened and clicked."""
    diary.track("email", "Email Delivered", {"email_subject": "New for autumn"})
    diary.wait(60, 600)
    if opened:
        diary.track("email", "Email Opened", {"email_subject": "New for autumn"})
    if clicked:
        diary.track("email", "Email Link Clicked", {"link_url": "https://shop.example.com/new"})


def browse(diary: Diary, channel: Channel, looks: int) -> Product:
    """Looks at some products; the last one looked at is what it came to."""
    diary.view("/" if channel == "website" else "/home", channel=channel)
    if diary.rng.random() < 0.5:
        diary.track(channel, "Products Searched", {"query": diary.rng.choice(PRODUCTS).category})
    product = diary.rng.choice(PRODUCTS)
    for _ in range(max(1, looks)):
        product = diary.rng.choice(PRODUCTS)
        diary.view(f"/product/{product.product_id}", channel=channel)
        diary.track(channel, "Product Viewed", product.line(1))
    return product


def fill_cart(diary: Diary, channel: Channel, products: int) -> Cart:
    """Puts products into a new cart and looks at it."""
    cart = Cart(diary.serial("cart"), channel)
    for product in diary.rng.sample(PRODUCTS, products):
        quantity = diary.rng.choice((1, 1, 1, 2))
        cart.lines.append((product, quantity))
        line = product.line(quantity) | {"cart_id": cart.cart_id}
        diary.track(channel, "Product Added", line | {"currency": diary.persona.currency})
    diary.track(channel, "Cart Viewed", cart.properties(diary.persona.currency))
    return cart


def remove_one(diary: Diary, cart: Cart) -> None:
    """Takes the last line out of the cart."""
    product, quantity = cart.lines.pop()
    line = product.line(quantity) | {"cart_id": cart.cart_id}
    diary.track(cart.channel, "Product Removed", line)


def start_checkout(diary: Diary, cart: Cart) -> None:
    """Signs in where that is still to be done and begins to pay."""
    if cart.channel not in diary.signed_in:
        diary.identify(cart.channel)
    diary.track(cart.channel, "Checkout Started", cart.properties(diary.persona.currency))


def fail_payment(diary: Diary, cart: Cart) -> None:
    """The bank says no."""
    properties = {
        "cart_id": cart.cart_id,
        "reason": "declined",
        "value": cart.value,
        "currency": diary.persona.currency,
    }
    diary.track(cart.channel, "Payment Failed", properties)


def order(
    diary: Diary, cart: Cart, channel: Channel | None = None, *, late_seconds: float = 0
) -> None:
    """Buys what is in the cart; by telephone or in the shop when the channel says so."""
    channel = channel or cart.channel
    name = "Purchase" if channel in ("phone", "offline") else "Order Completed"
    order_id = diary.serial("order")
    details = cart.properties(diary.persona.currency)
    properties = details | {"order_id": order_id, "revenue": cart.value}
    diary.track(channel, name, properties, late_seconds=late_seconds)
    if channel == "website" and diary.rng.random() < 0.3:
        # The server of the shop reports the same order once more, under a message id of its own.
        diary.track("offline", "Order Completed", properties)


def ask_support(diary: Diary, channel: Channel, *, resolved: bool) -> None:
    """Complains, and is perhaps helped."""
    ticket = {"ticket_id": diary.serial("ticket"), "topic": diary.rng.choice(("delivery", "size"))}
    diary.track(channel, "Support Requested", ticket)
    if resolved:
        diary.wait(300, 3600)
        diary.track(channel, "Support Resolved", ticket)
