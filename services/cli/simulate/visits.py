"""The visits that lives are made of: arriving, browsing, filling a cart, paying, asking."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from services.cli.simulate.catalog import (
    AUTUMN_SALE,
    EXPERIMENT,
    NEWSLETTER,
    PRODUCTS,
    VARIATIONS,
    Product,
)
from services.cli.simulate.diary import GaveUpError
from services.cli.simulate.pains import PainName
from services.cli.simulate.step import MINUTE

if TYPE_CHECKING:
    from services.cli.simulate.diary import Diary
    from services.cli.simulate.persona import Persona
    from services.cli.simulate.step import Step
    from services.contracts.touchpoint import Channel

_SUBJECT = {"email_subject": "New for autumn"}


@dataclass(slots=True)
class Cart:
    """A cart that a persona has filled on one device."""

    cart_id: str
    channel: Channel
    owner: Persona
    lines: list[tuple[Product, int]] = field(default_factory=list)

    @property
    def value(self) -> float:
        prices = self.owner.nation.prices
        return round(sum(product.price(prices) * n for product, n in self.lines), 2)

    def line(self, product: Product, quantity: int) -> dict[str, Any]:
        """One line of it, as an event about that line carries it."""
        return product.line(quantity, self.owner.nation.prices) | {"cart_id": self.cart_id}

    def properties(self) -> dict[str, Any]:
        """The cart as an event about the whole of it carries it."""
        prices = self.owner.nation.prices
        return {
            "cart_id": self.cart_id,
            "products": [product.line(n, prices) for product, n in self.lines],
            "value": self.value,
            "currency": self.owner.currency,
        }


def mail(diary: Diary, *, opened: bool, clicked: bool = False) -> None:
    """A newsletter arrives, and is perhaps opened and clicked."""
    diary.track("email", "Email Delivered", _SUBJECT)
    diary.wait(60, 600)
    if opened:
        diary.track("email", "Email Opened", _SUBJECT)
    if clicked:
        diary.track("email", "Email Link Clicked", {"link_url": "https://shop.example.com/new"})
        diary.campaign = NEWSLETTER
        diary.mail_click = diary.steps[-1]


def arrive(diary: Diary) -> None:
    """Comes by a newsletter, an advertisement or of one's own, and sees one page or screen."""
    channel = diary.persona.shops_on
    if diary.rng.random() < 0.16:
        mail(diary, opened=True, clicked=True)
        diary.subscribe(channel)
    else:
        diary.campaign = diary.persona.arrives_by
    diary.view("/" if channel == "website" else "/home", channel=channel)
    by_the_sale = channel == "website" and diary.campaign == AUTUMN_SALE
    if by_the_sale and diary.hurts(PainName.CAMPAIGN_BOUNCE):
        diary.mark(PainName.CAMPAIGN_BOUNCE)
        raise GaveUpError
    if diary.rng.random() < 0.7:
        diary.sleep(0.1, 2)


def browse(diary: Diary, channel: Channel, looks: int) -> Product:
    """Looks at some products; the last one looked at is what it came to."""
    diary.view("/" if channel == "website" else "/home", channel=channel)
    if diary.rng.random() < 0.5:
        diary.track(channel, "Products Searched", {"query": diary.rng.choice(PRODUCTS).category})
    product = diary.rng.choice(PRODUCTS)
    for _ in range(max(1, looks)):
        product = diary.rng.choice(PRODUCTS)
        diary.view(f"/product/{product.product_id}", channel=channel)
        diary.track(channel, "Product Viewed", product.line(1, diary.persona.nation.prices))
    _see_experiment(diary, channel)
    return product


def consider(diary: Diary) -> None:
    """Looks at products, thinks it over for a while, perhaps asks, and comes back."""
    channel = diary.persona.shops_on
    browse(diary, channel, diary.rng.randint(1, 3))
    click = diary.mail_click
    if click is not None and diary.hurts(PainName.MAIL_STALL, click):
        diary.mark(PainName.MAIL_STALL, click)
        for _ in range(3):
            diary.sleep(2, 3)
            browse(diary, channel, 1)
    elif diary.rng.random() < 0.8:
        diary.sleep(0.1, 1.5)
        browse(diary, channel, 1)
    if diary.persona.chats and diary.rng.random() < 0.4:
        chat(diary)


def chat(diary: Diary) -> None:
    """Asks the shop's chatbot something before buying."""
    conversation = {"conversation_id": diary.serial("chat"), "text_length": 48}
    diary.track("chatbot", "Live Chat Conversation Started", conversation)
    diary.track("chatbot", "Live Chat Message Sent", conversation)
    diary.track("chatbot", "Live Chat Message Received", conversation)


def fill_cart(diary: Diary, channel: Channel, products: int) -> Cart:
    """Puts products into a new cart and looks at it."""
    cart = Cart(diary.serial("cart"), channel, diary.persona)
    for product in diary.rng.sample(PRODUCTS, products):
        quantity = diary.rng.choice((1, 1, 1, 2))
        cart.lines.append((product, quantity))
        line = cart.line(product, quantity)
        diary.track(channel, "Product Added", line | {"currency": diary.persona.currency})
    diary.track(channel, "Cart Viewed", cart.properties())
    return cart


def remove_one(diary: Diary, cart: Cart) -> None:
    """Takes the last line out of the cart."""
    product, quantity = cart.lines.pop()
    diary.track(cart.channel, "Product Removed", cart.line(product, quantity))


def start_checkout(diary: Diary, cart: Cart) -> None:
    """Signs in where that is still to be done and begins to pay."""
    if cart.channel not in diary.signed_in:
        diary.identify(cart.channel)
    diary.track(cart.channel, "Checkout Started", cart.properties())
    if cart.channel == "app" and diary.hurts(PainName.APP_CHECKOUT_LEAK):
        diary.mark(PainName.APP_CHECKOUT_LEAK)
        raise GaveUpError
    if diary.hurts(PainName.CHECKOUT_SLOW):
        diary.mark(PainName.CHECKOUT_SLOW)
        diary.wait(45 * MINUTE, 90 * MINUTE)


def fail_payment(diary: Diary, cart: Cart, reason: str = "declined") -> None:
    """The bank says no."""
    properties = {
        "cart_id": cart.cart_id,
        "reason": reason,
        "value": cart.value,
        "currency": diary.persona.currency,
    }
    diary.track(cart.channel, "Payment Failed", properties)


def order(
    diary: Diary, cart: Cart, channel: Channel | None = None, *, late_seconds: float = 0
) -> None:
    """Buys what is in the cart; by telephone or in the shop when the channel says so."""
    channel = channel or cart.channel
    if channel == "website" and diary.hurts(PainName.PAYMENT_ERRORS):
        fail_payment(diary, cart, "gateway_error")
        diary.mark(PainName.PAYMENT_ERRORS)
        if diary.gives_up(0.3):
            fail_payment(diary, cart, "gateway_error")
            raise GaveUpError
    name = "Purchase" if channel in ("phone", "offline") else "Order Completed"
    order_id = diary.serial("order")
    properties = cart.properties() | {"order_id": order_id, "revenue": cart.value}
    diary.track(channel, name, properties, late_seconds=late_seconds)
    if channel == "website" and diary.rng.random() < 0.3:
        # The server of the shop reports the same order once more, under a message id of its own.
        diary.track("offline", "Order Completed", properties)


def ask_support(diary: Diary, channel: Channel, *, resolved: bool) -> Step:
    """Complains, and is perhaps helped; gives the step that opens the case."""
    ticket = {"ticket_id": diary.serial("ticket"), "topic": diary.rng.choice(("delivery", "size"))}
    if channel == "phone":
        diary.track("phone", "Call Started", {"direction": "inbound"})
    diary.track(channel, "Support Requested", ticket)
    opening = diary.steps[-1]
    if resolved:
        diary.wait(300, 3600)
        diary.track(channel, "Support Resolved", ticket)
    if channel == "phone":
        diary.track("phone", "Call Ended", {"direction": "inbound", "duration": 240})
    return opening


def rate(diary: Diary, channel: Channel, *, content: bool = True) -> None:
    """Perhaps rates the order at once, and answers the mail that asks for more a day later."""
    if diary.rng.random() < 0.35:
        ratings = (3, 4, 4, 5, 5, 5) if content else (1, 1, 2, 3)
        diary.track(channel, "Rating Submitted", {"rating": diary.rng.choice(ratings)})
    if diary.rng.random() < 0.3:
        diary.sleep(0.5, 1.5)
        scores = (6, 7, 8, 9, 9, 10, 10) if content else (0, 2, 3, 5, 6)
        answer = {"survey_id": "after-order", "score": diary.rng.choice(scores)}
        diary.track("email", "NPS Submitted", answer)


def fall_back(diary: Diary) -> None:
    """Where support does not help: asks, looks for another one, exchanges it, and so on."""
    channel = diary.persona.shops_on
    if not diary.hurts(PainName.SUPPORT_LOOP):
        return
    for _ in range(4):
        diary.sleep(3.1, 3.6)
        helper: Channel = "chatbot" if diary.persona.chats else "phone"
        diary.mark(PainName.SUPPORT_LOOP, ask_support(diary, helper, resolved=False))
        browse(diary, channel, 1)
        diary.sleep(0.1, 0.4)
        cart = fill_cart(diary, channel, 1)
        order(diary, cart)


def _see_experiment(diary: Diary, channel: Channel) -> None:
    if not diary.saw_experiment:
        diary.saw_experiment = True
        key = diary.persona.variation
        varied = {"variation_id": key, "variation_name": VARIATIONS[key]}
        diary.track(channel, "Experiment Viewed", EXPERIMENT | varied)
