"""Given and family names in English, Russian and Polish, with the Latin form for addresses."""

from __future__ import annotations

from dataclasses import dataclass

Name = tuple[str, str]  # (as written, Latin letters of an e-mail address)


@dataclass(frozen=True, slots=True)
class Nation:
    """Names, locale and telephone prefix of customers of one language."""

    locale: str
    currency: str
    phone_prefix: str  # eight digits follow
    given: tuple[Name, ...]
    family: tuple[Name, ...]


def _same(*names: str) -> tuple[Name, ...]:
    return tuple((name, name.lower()) for name in names)


ENGLISH = Nation(
    locale="en-GB",
    currency="GBP",
    phone_prefix="+4475",
    given=_same("Alice", "Oliver", "Grace", "Harry", "Emily", "George", "Lucy", "Thomas", "Ruth"),
    family=_same("Smith", "Taylor", "Walker", "Baker", "Cooper", "Hughes", "Morgan", "Bennett"),
)

RUSSIAN = Nation(
    locale="ru-RU",
    currency="RUB",
    phone_prefix="+791",
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
    phone_prefix="+485",
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
