"""The lives that personas lead, each a function that writes a diary."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from services.cli.simulate import visits
from services.cli.simulate.step import HOUR, MINUTE

if TYPE_CHECKING:
    from services.cli.simulate.diary import Diary
    from services.contracts.touchpoint import Channel

Script = Callable[["Diary"], None]


def visitor(diary: Diary) -> None:
    """Looks at a few pages and is never seen again."""
    diary.campaign = diary.persona.arrives_by
    for path in ("/", "/about", "/stores")[: diary.rng.randint(1, 3)]:
        diary.view(path)


def reader(diary: Diary) -> None:
    """Reads a newsletter and does no more, if it arrives at all."""
    if diary.rng.random() < 0.1:
        diary.track("email", "Email Bounced", {"reason": "mailbox full"})
    visits.mail(diary, opened=diary.rng.random() < 0.6)


def crawler(diary: Diary) -> None:
    """A search engine's robot, which must not count as anyone."""
    for path in ("/", "/product/tent-2", "/product/boots", "/product/lamp"):
        diary.crawl(path)


def window_shopper(diary: Diary) -> None:
    """Looks at products, perhaps chats, and leaves without a name."""
    visits.arrive(diary)
    visits.browse(diary, diary.persona.shops_on, diary.rng.randint(1, 4))
    if diary.persona.chats:
        visits.chat(diary)


def subscriber(diary: Diary) -> None:
    """Comes by a newsletter and leaves an address: e-mail and cookie become one."""
    visits.mail(diary, opened=True, clicked=True)
    diary.view("/new")
    diary.subscribe()
    visits.browse(diary, "website", 2)


def cart_leaver(diary: Diary) -> None:
    """Fills a cart, signs in and leaves it."""
    visits.arrive(diary)
    visits.consider(diary)
    cart = visits.fill_cart(diary, diary.persona.shops_on, diary.rng.randint(1, 3))
    if diary.rng.random() < 0.7:
        visits.start_checkout(diary, cart)


def hasty_leaver(diary: Diary) -> None:
    """Signs in on the app, fills a cart at once and leaves it."""
    diary.identify("app")
    diary.track("app", "Product Viewed", {"product_id": "lamp", "price": 29.99})
    visits.fill_cart(diary, "app", 1)


def returner(diary: Diary) -> None:
    """Leaves a cart, is reminded by mail and buys after all."""
    visits.arrive(diary)
    channel = diary.persona.shops_on
    visits.browse(diary, channel, 1)
    cart = visits.fill_cart(diary, channel, diary.rng.randint(1, 3))
    visits.start_checkout(diary, cart)
    diary.wait(50 * MINUTE, 100 * MINUTE)
    diary.track("email", "Email Link Clicked", {"link_url": "https://shop.example.com/cart"})
    diary.view("/cart", channel=channel)
    visits.order(diary, cart)
    visits.rate(diary, channel)


def late_buyer(diary: Diary) -> None:
    """Leaves a cart and buys it by telephone; the till reports only hours later."""
    visits.browse(diary, "website", 1)
    cart = visits.fill_cart(diary, "website", 2)
    visits.start_checkout(diary, cart)
    diary.wait(4 * MINUTE, 18 * MINUTE)
    channel: Channel = diary.rng.choice(("phone", "offline"))
    late = diary.rng.uniform(1.0 * HOUR, 1.5 * HOUR)
    visits.order(diary, cart, channel, late_seconds=late)


def buyer(diary: Diary) -> None:
    """Comes, sees, thinks, buys."""
    _buy(diary)
    visits.rate(diary, diary.persona.shops_on)
    visits.fall_back(diary)


def declined(diary: Diary) -> None:
    """Cannot pay, and tries again: at once, later, or never."""
    channel = diary.persona.shops_on
    visits.arrive(diary)
    visits.browse(diary, channel, 1)
    cart = visits.fill_cart(diary, channel, 2)
    visits.start_checkout(diary, cart)
    visits.fail_payment(diary, cart)
    chance = diary.rng.random()
    if chance < 0.4:
        diary.wait(30, 120)
        visits.order(diary, cart)
    elif chance < 0.7:
        diary.wait(60 * MINUTE, 120 * MINUTE)
        visits.order(diary, cart)


def mind_changer(diary: Diary) -> None:
    """Fills a cart and takes everything out again: nothing is left behind."""
    channel = diary.persona.shops_on
    visits.arrive(diary)
    visits.browse(diary, channel, 1)
    cart = visits.fill_cart(diary, channel, diary.rng.randint(1, 2))
    if diary.rng.random() < 0.5:
        diary.track(channel, "Cart Emptied", {"cart_id": cart.cart_id})
        return
    while cart.lines:
        visits.remove_one(diary, cart)


def regular(diary: Diary) -> None:
    """Buys, then again on the app: one person, often on two devices."""
    _buy(diary)
    visits.rate(diary, diary.persona.shops_on)
    _buy_again(diary)


def fan(diary: Diary) -> None:
    """A regular who tells others; a bad review is no advocacy."""
    regular(diary)
    diary.sleep(0.5, 2)
    rating = diary.rng.choice((2, 4, 5, 5))
    diary.track("app", "Product Reviewed", {"product_id": "boots", "rating": rating})
    if diary.rng.random() < 0.5:
        diary.track("app", "Invite Sent", {"invitee_email": "a.friend@example.com"})


def complainer(diary: Diary) -> None:
    """Buys and needs help, by chat or by telephone."""
    _buy(diary)
    diary.wait(HOUR, 3 * HOUR)
    resolved = diary.rng.random() < 0.5
    visits.ask_support(diary, "chatbot" if diary.persona.chats else "phone", resolved=resolved)
    visits.rate(diary, diary.persona.shops_on, content=resolved)


def traveller(diary: Diary) -> None:
    """Uses the app without a network for a while: its events come in one late batch."""
    diary.identify("app")
    for path in ("/home", "/product/map", "/product/lamp"):
        diary.view(path, channel="app")
    for product_id in ("map", "lamp", "socks"):
        late = 2 * HOUR
        diary.track("app", "Product Viewed", {"product_id": product_id}, late_seconds=late)
    diary.sleep(0.5, 1)
    spent = {"revenue": 21.9, "currency": diary.persona.currency}
    diary.track("offline", "Order Completed", {"order_id": diary.serial("order"), **spent})


def _buy(diary: Diary) -> None:
    channel = diary.persona.shops_on
    visits.arrive(diary)
    visits.consider(diary)
    cart = visits.fill_cart(diary, channel, diary.rng.randint(1, 3))
    visits.start_checkout(diary, cart)
    visits.order(diary, cart)


def _buy_again(diary: Diary) -> None:
    diary.sleep(1, 4)
    diary.view("/home", channel="app")
    if "app" not in diary.signed_in:
        diary.identify("app")
    visits.browse(diary, "app", 2)
    cart = visits.fill_cart(diary, "app", 2)
    visits.remove_one(diary, cart)
    visits.order(diary, cart)


# In the order of the first live personas: the first signal must not be long in coming.
WEIGHTS: dict[Script, int] = {
    hasty_leaver: 4,
    late_buyer: 6,
    returner: 8,
    cart_leaver: 9,
    buyer: 14,
    declined: 6,
    regular: 10,
    window_shopper: 12,
    visitor: 8,
    fan: 7,
    complainer: 5,
    subscriber: 6,
    traveller: 4,
    mind_changer: 4,
    reader: 5,
    crawler: 2,
}
