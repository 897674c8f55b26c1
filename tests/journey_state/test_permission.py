"""Whether an episode may become a signal: consent as of its due time (semantics 8.2)."""

from __future__ import annotations

from typing import Any

import pytest

from services.journey_state.consent import Statement
from services.journey_state.customer import CustomerState
from services.journey_state.journey import Journey
from services.journey_state.permission import cancellation_key, refusal
from tests.journey_state.rows import episode

AT = 1_000
GRANT, WITHDRAWAL = True, False


def state(**said: list[tuple[int, int, bool]]) -> CustomerState:
    consent = {purpose: [Statement(*one) for one in said[purpose]] for purpose in said}
    return CustomerState(made=(0, "m", "s"), journey=Journey(consent=consent))


def an_episode(**fields: Any) -> Any:
    return episode(at=AT, after_minutes=0, **fields)


@pytest.mark.parametrize(
    ("said", "demanded", "allowed"),
    [
        ({}, False, True),
        ({}, True, False),
        ({"marketing": [(1, 1, GRANT)], "analytics": [(1, 1, GRANT)]}, True, True),
        ({"analytics": [(1, 1, GRANT)]}, True, False),
        ({"analytics": [(1, 1, GRANT)]}, False, True),
        ({"marketing": [(AT, 1, WITHDRAWAL)]}, False, False),
        ({"marketing": [(AT + 1, 1, WITHDRAWAL)]}, False, True),
        ({"analytics": [(AT, 1, WITHDRAWAL)]}, False, False),
        ({"marketing": [(1, 1, WITHDRAWAL), (2, 2, GRANT)]}, False, True),
        ({"marketing": [(1, 9, WITHDRAWAL), (2, 2, GRANT)]}, False, False),
        ({"marketing": [(1, 1, WITHDRAWAL), (AT + 1, 2, GRANT)]}, False, False),
        ({"marketing": [(AT + 1, 1, GRANT)], "analytics": [(1, 1, GRANT)]}, True, False),
    ],
)
def test_consent_as_of_due_decides(
    said: dict[str, list[tuple[int, int, bool]]], demanded: bool, allowed: bool
) -> None:
    found = refusal(state(**said), an_episode(last_consent_required=demanded))
    assert found == (None if allowed else "consent")


def test_a_cancelled_deadline_is_known_by_rule_scope_and_last_activity() -> None:
    one = state()
    one.cancelled = [cancellation_key(an_episode())]
    assert refusal(one, an_episode()) == "operator"
    assert refusal(one, an_episode(opened_at=0)) == "operator"
    for other in ({"scope": "c"}, {"last_message_id": "m2"}, {"last_source": "app"}):
        assert refusal(one, an_episode(**other)) is None
    assert refusal(one, an_episode(rule="lapsed")) is None
