"""Where an erased person's identifiers stand: a word, escaped, with others."""

from __future__ import annotations

import msgspec
import pytest

from services.journey_state.suppression import keyed_hash
from services.journey_state.traces import holds_any, without_identifiers, written


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (b'{"user_id":"u1"}', True),
        (b"user_id:u1", True),
        (b'"user_id":"u12"', False),
        (b"u1@example.org", False),
        (b"bu1", False),
        (b'{"user_id":"u1', True),
        (b"", False),
    ],
)
def test_an_identifier_is_looked_for_as_a_word(text: bytes, holds: bool) -> None:
    assert holds_any(text, written({("user_id", "u1")})) is holds


@pytest.mark.parametrize("value", ['a"b', "Zoë", "a\\b", "tab\there"])
def test_an_identifier_is_found_as_json_writes_it(value: str) -> None:
    forms = written({("user_id", value)})
    assert holds_any(msgspec.json.encode({"user_id": value}), forms)
    assert holds_any(f"user_id:{value}".encode(), forms)


def test_a_record_of_another_names_the_person_no_more() -> None:
    record = {"identifiers": {"user_id": "b", "email": "a@x"}, "previous_id": "a", "event": "E"}
    gone = {("email", "a@x"), ("user_id", "a")}
    changed = without_identifiers(msgspec.json.encode(record), gone)
    assert changed is not None
    assert msgspec.json.decode(changed) == {
        "identifiers": {"user_id": "b"},
        "previous_id": None,
        "event": "E",
    }
    assert without_identifiers(changed, gone) is None


def test_a_hash_says_nothing_without_its_key() -> None:
    assert keyed_hash(b"k" * 32, b"identifier") == keyed_hash(b"k" * 32, b"identifier")
    assert keyed_hash(b"k" * 32, b"identifier") != keyed_hash(b"j" * 32, b"identifier")
