"""What subscribers know, by the records of the output topics: it is not told again (4.6)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from services.contracts.times import format_time
from services.journey_state.customer import CustomerState
from services.journey_state.publication import (
    CUSTOMER_MERGED,
    CUSTOMER_STATE,
    STAGE_CHANGED,
    TopicCode,
    id_text,
)
from services.journey_state.told import Message, Told
from services.journey_state.touchpoint import BEGINNING

A, B, C = (bytes([n] * 16) for n in (1, 2, 3))
SIGNAL = "milepost.abandonment.{}.v1"


def message(topic: TopicCode, who: bytes, ce_type: str, **value: Any) -> Message:
    return Message(topic, who, ce_type, msgspec.json.encode(value))


def snapshot(who: bytes, version: int, **said: Any) -> Message:
    said = {"stage": "cart", "identifiers": [], "signals": [], "overlays": [], **said}
    return message(TopicCode.CUSTOMERS, who, CUSTOMER_STATE, version=version, **said)


def signal(kind: str, at: int, revision: int = 1, n: int | None = None) -> Message:
    return message(
        TopicCode.SIGNALS,
        A,
        SIGNAL.format(kind),
        version=at,
        signal_id="s",
        revision=revision,
        published_at=format_time(at),
        reminder=n and {"n": n, "of": 3},
    )


def told_by(*messages: Message, lost: tuple[bytes, ...] = ()) -> Told:
    told = Told(lost=set(lost))
    for one in messages:
        told.take(one)
    return told


@pytest.mark.parametrize(
    ("kind", "revision", "reminded", "expected"),
    [
        ("raised", 1, 0, True),
        ("reminded", 1, 2, True),
        ("reminded", 1, 3, False),
        ("recovered", 1, 2, False),
        ("raised", 2, 0, False),  # it was taken back and is there again
    ],
)
def test_a_signal_is_known_as_its_newest_record_tells_it(
    kind: str, revision: int, reminded: int, expected: bool
) -> None:
    told = told_by(signal("reminded", 9, n=2), signal("raised", 5))
    assert told.tells("s", kind, revision, reminded) is expected
    assert not told.tells("another", kind, revision, reminded)


def test_a_signal_that_was_taken_back_is_not_known_as_raised() -> None:
    told = told_by(signal("raised", 5), signal("retracted", 6))
    assert not told.tells("s", "raised", 1, 0)
    assert told.tells("s", "retracted", 1, 0)


def test_a_snapshot_is_known_whatever_the_order_of_identifiers_and_if_a_window_is_over() -> None:
    said: dict[str, Any] = {
        "identifiers": [{"kind": "user_id", "value": "u"}, {"kind": "email", "value": "e@x.org"}],
        "signals": [{"signal_id": "s", "state": "raised"}],
    }
    told = told_by(snapshot(A, 2, stage="look"), snapshot(A, 3, **said), snapshot(A, 1))
    value = {"stage": "cart", "overlays": [], **said}
    value["identifiers"] = value["identifiers"][::-1]
    value["signals"] = [{"signal_id": "s", "state": "expired"}]
    assert told.shows(A, value)
    assert not told.shows(A, value | {"stage": "buy"})
    assert not told.shows(B, value)


def test_versions_go_on_from_the_greatest_that_was_told() -> None:
    stage = message(TopicCode.STAGE_CHANGES, A, STAGE_CHANGED, version=7)
    told = told_by(snapshot(A, 4), stage, stage._replace(customer_id=B), lost=(A,))
    state = CustomerState(made=BEGINNING, signal_version=5)
    told.count_on(A, state)
    assert (state.stage_version, state.signal_version, state.state_version) == (7, 5, 4)
    assert (B, TopicCode.STAGE_CHANGES) not in told.versions  # whose row says it


def test_merges_are_followed_to_their_end_and_whoever_was_erased_is_forgotten() -> None:
    def merged(start: bytes, to: bytes) -> list[Message]:
        said = {"from": id_text(start), "to": id_text(to), "version": 2}
        told = message(TopicCode.CUSTOMERS, start, CUSTOMER_MERGED, **said)
        return [told, told._replace(ce_type="tombstone", value=None)]

    erased = Message(TopicCode.CUSTOMERS, C, "tombstone", None)
    told = told_by(snapshot(C, 1), *merged(A, B), *merged(B, C), erased, snapshot(A, 1))
    assert told.now(A) == told.now(B) == C
    assert C not in told.customers


def test_what_is_no_message_of_ours_is_passed_over() -> None:
    odd = [b"", b"[]", b"not json", b'{"version": 1}', b'{"version": "x"}']
    told = told_by(*(Message(code, A, "", value) for code in TopicCode for value in odd))
    assert (told.signals, told.customers[A].digest) == ({}, b"")
