"""Answers without personal data: which fields are masked, and how far."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from services.journey_state.api.masked_names import (
    ADDRESSES,
    IDS,
    PLACES,
    PLAIN,
    WHOLE,
    is_phone,
    letters_of,
    of_person,
)
from services.journey_state.api.masks import (
    HIDDEN,
    known_pattern,
    masked_address,
    masked_contact,
    masked_id,
    masked_identifier,
    masked_phone,
    masked_value,
    scrubbed,
)

Pattern = re.Pattern[str] | None
KNOWN_CHARACTERS_MIN = 2  # a shorter value would be found in every text

# What a condition says of traits or identifiers: `traits.plan = "pro"`.
_SAID = re.compile(
    r"(\b(?:traits|identifiers)\b[^=;,]* = )(\"(?:[^\"\\]|\\.)*\"|[^,;.\s]+(?:\.\d+)?)"
)


def masked(answer: Any, states: Mapping[str, Collection[str]]) -> Any:
    """The answer masked; `states`: what is known of each customer by `personal_values`."""
    if isinstance(answer, dict) and "customer_id" not in answer and "items" in answer:
        rest = {**answer, "items": []}
        items = [_masked_one(item, states) for item in answer["items"]]
        return {**_masked_one(rest, states), "items": items}
    return _masked_one(answer, states)


def _masked_one(answer: Any, states: Mapping[str, Collection[str]]) -> Any:
    known = {value for one in set(customers_in(answer)) for value in states.get(one, ())}
    return _Masking(known_pattern(known | set(found_in(answer)))).answer(answer)


def found_in(answer: Any) -> Iterator[str]:
    """The personal values that an answer itself names as such."""
    if isinstance(answer, list):
        for one in answer:
            yield from found_in(one)
    elif isinstance(answer, dict):
        for key, value in answer.items():
            if key == "identifiers":
                yield from _told(_identifier_values(value))
            elif key == "traits":
                yield from _told(_leaves(value))
            elif key == "values" and isinstance(value, dict):
                yield from _told(_leaves([v for k, v in value.items() if of_person(k)]))
            else:
                yield from found_in(value)


def personal_values(identifiers: Collection[str], traits: Any) -> set[str]:
    """What is known of a customer and must not be in a masked answer."""
    return {*_told(identifiers), *_told(_leaves(traits))}


def customers_in(answer: Any) -> Iterator[str]:
    """The ids of the customers whom an answer is about."""
    if isinstance(answer, list):
        for one in answer:
            yield from customers_in(one)
    elif isinstance(answer, dict):
        for key, value in answer.items():
            if key.endswith("customer_id") and isinstance(value, str):
                yield value
            elif key == "items":
                yield from customers_in(value)


def _told(values: Collection[str] | Iterator[str]) -> Iterator[str]:
    return (value for value in values if len(value) >= KNOWN_CHARACTERS_MIN)


def _identifier_values(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (one for one in value.values() if isinstance(one, str))
    elif isinstance(value, list):
        yield from (one["value"] for one in value if isinstance(one, dict) and "value" in one)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif isinstance(value, str) or (isinstance(value, int | float) and abs(value) > 9999):
        yield str(value)


class _Masking:
    """Walks an answer; `known` finds the person's own values in texts."""

    def __init__(self, known: Pattern) -> None:
        self._known = known

    def answer(self, value: Any) -> Any:
        """A part of an answer outside of what a touchpoint brought."""
        if isinstance(value, list):
            return [self.answer(one) for one in value]
        if isinstance(value, dict):
            return {k: self._field(k, v, value) for k, v in value.items()}
        return self._text(value) if isinstance(value, str) else value

    def _field(self, key: str, value: Any, beside: dict[str, Any]) -> Any:
        named = key in PLAIN and not isinstance(value, dict)
        if named or key.endswith(("_at", "_seconds")):
            return value
        if isinstance(value, str):
            return self._line(key, value, beside.get("kind"))
        masks = {
            "identifiers": _masked_identifiers,
            "traits": _whole,
            "properties": self._brought,
            "context": self._brought,
            "campaign": self._brought,
            "values": self._values,
            "sentences": self._sentences,
        }
        return masks.get(key, self.answer)(value)

    def _line(self, key: str, text: str, kind: Any) -> str:
        if key == "event":
            return scrubbed(text)
        if key == "value" and isinstance(kind, str):
            return masked_identifier(kind, text)
        if key in ("previous_id", "group_id"):
            return masked_id(text)
        if key == "text":
            return _SAID.sub(rf"\1{HIDDEN}", self._text(text))
        return self._text(text)

    def _values(self, values: Any) -> Any:
        """What conditions looked at, by their expressions."""
        if not isinstance(values, dict):
            return self._brought(values)
        return {k: _whole(v) if of_person(k) else self._told(k, v) for k, v in values.items()}

    def _sentences(self, told: Any) -> Any:
        """Those of an explanation: names of ours, but for the values that a condition found."""
        return [{**one, "values": self._named(one["values"])} for one in told]

    def _named(self, values: dict[str, Any]) -> dict[str, Any]:
        what = values.get("what", "")
        named = {name: self._field(name, value, {}) for name, value in values.items()}
        if "because" in values:
            named["because"] = self._sentences(values["because"])
        if "value" in values:
            named["value"] = HIDDEN if of_person(what) else self._told(what, values["value"])
        return named

    def _told(self, key: str, value: Any) -> Any:
        """A value of a condition by the last name in it: `properties.email`."""
        return self._brought({key.rpartition(".")[2]: value}).popitem()[1]

    def _brought(self, value: Any) -> Any:
        """A part of what a touchpoint brought, by its keys."""
        if isinstance(value, list):
            return [self._brought(one) for one in value]
        if isinstance(value, dict):
            return {self._text(k): self._one(letters_of(k), v) for k, v in value.items()}
        return self._text(value) if isinstance(value, str) else value

    def _one(self, name: str, value: Any) -> Any:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_phone(name) and (number or isinstance(value, str)):
            return masked_phone(str(value))
        if name in PLACES and number:
            return HIDDEN
        # A price of `shipping`, a number of `notes`: none of a person's.
        if (name in WHOLE or name in PLACES) and not number:
            return _whole(value)
        if name in ADDRESSES and isinstance(value, str):
            return masked_address(value)
        if name in IDS and (number or isinstance(value, str)):
            return masked_value(str(value))
        return self._brought(value)

    def _text(self, text: str) -> str:
        return scrubbed(text, self._known)


def _masked_identifiers(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: masked_identifier(k, v) if isinstance(v, str) else v for k, v in value.items()}
    if not isinstance(value, list):
        return value
    return [
        {**one, "value": masked_identifier(one["kind"], one["value"])} if "value" in one else one
        for one in value
    ]


def _whole(value: Any) -> Any:
    """Nothing but the keys, and what is true, false or missing."""
    if isinstance(value, dict):
        return {scrubbed(key): _whole(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return masked_contact(value)
    return HIDDEN
