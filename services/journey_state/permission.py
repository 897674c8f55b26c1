"""Whether an episode may become a signal: consent as of its `due`, and what operators cancelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Literal

import msgspec

from services.journey_state.consent import Statement, withdrawn
from services.journey_state.customer import CustomerState
from services.journey_state.episodes import Episode

# Signals are made for marketing, out of analytics: both must be allowed.
PURPOSES = ("analytics", "marketing")
KEY_BYTES = 16
_FAR = 1 << 62  # later than any statement

Refusal = Literal["consent", "operator"]


def refusal(state: CustomerState, episode: Episode) -> Refusal | None:
    """Why the episode makes no signal; None: it may (semantics 5.12, 8.2)."""
    if state.cancelled and cancellation_key(episode) in state.cancelled:
        return "operator"
    demanded = episode.last_consent_required
    consent = state.journey.consent
    if not consent and not demanded:
        return None
    for purpose in PURPOSES:
        if _forbids(consent.get(purpose, ()), episode.due, demanded=demanded):
            return "consent"
    return None


def is_withdrawn(consent: Mapping[str, Sequence[Statement]]) -> bool:
    """Whether marketing or analytics stands withdrawn by all that was ever said."""
    return any(withdrawn(consent.get(purpose, ()), _FAR) for purpose in PURPOSES)


def cancellation_key(episode: Episode) -> str:
    """What a cancelled deadline is known by: rule, scope and last activity, in hex."""
    return cancellation_key_of(
        episode.rule, episode.scope, episode.last_source, episode.last_message_id
    )


def cancellation_key_of(rule: str, scope: str | None, source: str, message_id: str) -> str:
    """The same of its parts."""
    parts = (rule, scope, source, message_id)
    return blake2b(msgspec.json.encode(parts), digest_size=KEY_BYTES).hexdigest()


def _forbids(statements: Sequence[Statement], due: int, *, demanded: bool) -> bool:
    stated = bool(statements) and statements[0].occurred_at <= due
    return withdrawn(statements, due) if stated else demanded
