"""What an event itself says of consent, in the shapes in use (semantics 8.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from services.ingest.sources_file import Policy

# Ours, Segment's usual categories, and those of OneTrust and Cookiebot behind RudderStack.
_PURPOSES = {
    "analytics": "analytics",
    "performance": "analytics",
    "statistics": "analytics",
    "c0002": "analytics",
    "marketing": "marketing",
    "advertising": "marketing",
    "ads": "marketing",
    "targeting": "marketing",
    "c0004": "marketing",
}


class _Statements(msgspec.Struct):
    """Where consent stands in a context: ours and Segment's, and RudderStack's."""

    consent: Any = None
    consent_management: Any = msgspec.field(name="consentManagement", default=None)


_decode = msgspec.json.Decoder(_Statements).decode


def stated_consent(context: bytes) -> dict[str, bool] | None:
    """Purpose to answer; None when the event says nothing. `context` is a valid JSON object.

    Of several categories that mean one purpose a denial counts; of several shapes our own does.
    """
    if b"onsent" not in context:
        return None
    statements = _decode(context)
    said = _managed(statements.consent_management)
    if isinstance(statements.consent, dict):
        said |= _answers(statements.consent.get("categoryPreferences"))
        said |= _answers(statements.consent)
    return said or None


class Signals(NamedTuple):
    """What a browser says of all its requests, as far as the source heeds it."""

    opts_out: bool  # Global Privacy Control
    is_not_to_be_tracked: bool  # Do Not Track


NO_SIGNALS = Signals(opts_out=False, is_not_to_be_tracked=False)


def browser_signals(headers: Mapping[bytes, bytes], policy: Policy) -> Signals:
    """The signals of a request's headers that the source's policy says to honor."""
    if not (policy.honor_gpc or policy.honor_dnt):
        return NO_SIGNALS
    return Signals(
        opts_out=policy.honor_gpc and headers.get(b"sec-gpc", b"").strip() == b"1",
        is_not_to_be_tracked=policy.honor_dnt and headers.get(b"dnt", b"").strip() == b"1",
    )


def with_signals(said: dict[str, bool] | None, signals: Signals) -> dict[str, bool] | None:
    """The event's statement with the browser's: an opt-out there is a withdrawal in each event."""
    if signals.is_not_to_be_tracked:
        return (said or {}) | {"analytics": False, "marketing": False}
    return (said or {}) | {"marketing": False} if signals.opts_out else said


def _answers(answers: object) -> dict[str, bool]:
    found: dict[str, bool] = {}
    if isinstance(answers, dict):
        for name, answer in answers.items():
            purpose = _PURPOSES.get(name.strip().lower())
            if purpose and isinstance(answer, bool):
                found[purpose] = answer and found.get(purpose, True)
    return found


def _managed(management: object) -> dict[str, bool]:
    if not isinstance(management, dict):
        return {}
    found: dict[str, bool] = {}
    for field, answer in (("allowedConsentIds", True), ("deniedConsentIds", False)):
        names = management.get(field)
        if isinstance(names, list):
            found |= _answers({name: answer for name in names if isinstance(name, str)})
    return found
