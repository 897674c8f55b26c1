"""Names, in Latin letters too, money and habits of English, Russian and Polish customers."""

from __future__ import annotations

from dataclasses import dataclass

Name = tuple[str, str]  # (as written, Latin letters of an e-mail address)


@dataclass(frozen=True, slots=True)
class Nation:
    """Names, money, telephone prefix and habits of customers of one language."""

    locale: str
    currency: str
    prices: float  # how many of the currency for one of the catalogue's
    timezone: str
    utc_hours: int  # ahead of UTC, summer time left out
    phone_prefix: str  # eight digits follow
    app_share: float  # of them, who shop on the app
    chat_share: float  # who ask in a chat before they choose; others call where they ask at all
    given: tuple[Name, ...]
    family: tuple[Name, ...]


def _same(*names: str) -> tuple[Name, ...]:
    return tuple((name, name.lower()) for name in names)


ENGLISH = Nation(
    locale="en-GB",
    currency="GBP",
    prices=1,
    timezone="Europe/London",
    utc_hours=0,
    phone_prefix="+4475",
    app_share=0.4,
    chat_share=0.3,
    given=_same("Alice", "Oliver", "Grace", "Harry", "Emily", "George", "Lucy", "Thomas", "Ruth"),
    family=_same("Smith", "Taylor", "Walker", "Baker", "Cooper", "Hughes", "Morgan", "Bennett"),
)

RUSSIAN = Nation(
    locale="ru-RU",
    currency="RUB",
    prices=100,
    timezone="Europe/Moscow",
    utc_hours=3,
    phone_prefix="+791",
    app_share=0.5,
    chat_share=0.6,
    given=(
        ("Анна", "anna"),
        ("Иван", "ivan"),
        ("Мария", "maria"),
        ("Пётр", "petr"),
        ("Ольга", "olga"),
        ("Дмитрий", "dmitry"),
        ("Елена", "elena"),
        ("Никита", "nikita"),
    ),
    family=(
        ("Шевченко", "shevchenko"),
        ("Мельник", "melnik"),
        ("Коваль", "koval"),
        ("Бондарь", "bondar"),
        ("Мороз", "moroz"),
        ("Савчук", "savchuk"),
    ),
)

POLISH = Nation(
    locale="pl-PL",
    currency="PLN",
    prices=5,
    timezone="Europe/Warsaw",
    utc_hours=1,
    phone_prefix="+485",
    app_share=0.35,
    chat_share=0.25,
    given=(
        ("Łucja", "lucja"),
        ("Paweł", "pawel"),
        ("Zofia", "zofia"),
        ("Michał", "michal"),
        ("Agnieszka", "agnieszka"),
        ("Wojciech", "wojciech"),
        ("Małgorzata", "malgorzata"),
    ),
    family=(
        ("Wiśnia", "wisnia"),
        ("Wójcik", "wojcik"),
        ("Dąbek", "dabek"),
        ("Kamień", "kamien"),
        ("Żuraw", "zuraw"),
        ("Mazur", "mazur"),
    ),
)

NATIONS = (ENGLISH, RUSSIAN, POLISH)
